import { afterAll, expect, it } from '@jest/globals';
import cassandra from 'cassandra-driver';
import { join } from 'node:path';
import { newClient, simpleKeyspace, startNode, type CqlNode } from './cql/cql-node.ts';
import { removeFolder, temporaryFolder, until } from './system.ts';

const folder = temporaryFolder('cql-builds');
const data = join(folder, 'data');
const rowCount = 50_000;
const partitionCount = 500;
/** Values of the indexed column: each of so many rows. */
const valueCount = 250;
const killsMax = 4;
let node: CqlNode | undefined;
afterAll(async () => {
  await node?.system.kill();
  removeFolder(folder);
});

const valueOf = (i: number): number => (i * 7) % valueCount;
const start = (): Promise<CqlNode> => startNode(data, 0, '--memtable-max-bytes', '2097152');
async function connected(port: number): Promise<cassandra.Client> {
  const client = newClient(port);
  await client.connect();
  return client;
}

/** Kills the node while it builds, until a start builds to the end. @returns how often it was killed in the middle. */
async function killWhileBuilding(isBuilt: (client: cassandra.Client) => Promise<boolean>): Promise<number> {
  for (let kills = 0; ; kills++) {
    const client = await connected(node?.port ?? 0);
    const done = await isBuilt(client);
    if (done || kills === killsMax) {
      await until('it is built', async () => await isBuilt(client));
      await client.shutdown();
      return kills;
    }
    await node?.system.kill();
    await client.shutdown();
    node = await start();
  }
}
const has = async (client: cassandra.Client, query: string, name: string): Promise<boolean> =>
  (await client.execute(query)).rows.some((row) => row.get(0) === name);

it('an index and a view are whole after kill -9 in the middle of their building', async () => {
  node = await start();
  let client = await connected(node.port);
  await client.execute(simpleKeyspace('builds'));
  await client.execute('CREATE TABLE builds.t (p int, c int, v int, w text, PRIMARY KEY (p, c))');
  await cassandra.concurrent.executeConcurrent(
    client,
    'INSERT INTO builds.t (p, c, v, w) VALUES (?, ?, ?, ?)',
    Array.from({ length: rowCount }, (_, i) => [i % partitionCount, i, valueOf(i), `row ${i}`]),
    { executionProfile: undefined, concurrencyLevel: 256 } as cassandra.concurrent.Options,
  );
  await client.execute('CREATE INDEX by_v ON builds.t (v)');
  await client.shutdown();
  expect(await killWhileBuilding((to) => has(to, 'SELECT index_name FROM system."IndexInfo"', 'by_v'))).toBeGreaterThan(
    0,
  );
  client = await connected(node.port);
  await client.execute(
    'CREATE MATERIALIZED VIEW builds.mv AS SELECT * FROM builds.t WHERE v IS NOT NULL AND p IS NOT NULL AND c IS NOT NULL PRIMARY KEY (v, p, c)',
  );
  await client.shutdown();
  expect(await killWhileBuilding((to) => has(to, 'SELECT view_name FROM system.built_views', 'mv'))).toBeGreaterThan(0);

  client = await connected(node.port);
  const everyRow = Array.from({ length: rowCount }, (_, i) => i);
  for (const value of [0, 1, 7, 249]) {
    const expected = everyRow.filter((i) => valueOf(i) === value);
    for (const from of ['builds.t', 'builds.mv']) {
      const { rows } = await client.execute(`SELECT c, w FROM ${from} WHERE v = ?`, [value], { prepare: true });
      const found = rows.map((row) => row.get('c') as number).toSorted((a, b) => a - b);
      expect({ from, value, found }).toEqual({ from, value, found: expected });
      expect(rows.every((row) => row.get('w') === `row ${row.get('c') as number}`)).toBe(true);
    }
  }
  const counted = await client.execute('SELECT count(*) FROM builds.mv');
  expect(Number(counted.rows[0]?.get(0))).toBe(rowCount);
  await client.execute('UPDATE builds.t SET v = 1000 WHERE p = 0 AND c = 0');
  for (const from of ['builds.t', 'builds.mv'])
    expect((await client.execute(`SELECT c FROM ${from} WHERE v = 1000`)).rows).toHaveLength(1);
  await client.shutdown();
  await node.system.stop();
}, 240_000);
