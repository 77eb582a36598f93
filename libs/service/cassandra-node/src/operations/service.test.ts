import { expect, test } from '@jest/globals';
import { eventually } from '@skerry/testing';
import { temporaryDirectory } from '@skerry/testing/node';
import { cpSync, existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { connectClient } from '../driver.fixture.ts';
import { openNode } from '../node.fixture.ts';

const schema = [
  "CREATE KEYSPACE k WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}",
  'CREATE TABLE k.t (id int PRIMARY KEY, v text)',
];
const insert = 'INSERT INTO k.t (id, v) VALUES (?, ?)';
const prepare = { prepare: true };

test('what the node tells of itself', async () => {
  const node = await openNode({ clusterName: 'Reef', cqlTls: 'optional' });
  const client = await connectClient(node.port);
  for (const text of schema) await client.execute(text);
  const told = await node.operator.getNode({});
  const local = (await client.execute('SELECT host_id, schema_version, tokens FROM system.local')).first();
  expect(told).toMatchObject({
    clusterName: 'Reef',
    hostId: String(local.get('host_id')),
    schemaVersion: String(local.get('schema_version')),
    tokens: local.get('tokens'),
    port: node.port,
    tls: 'optional',
    authenticator: 'allow-all',
  });
  expect(told.connections).toBeGreaterThan(0);
  expect(told.requests['query']).toBeGreaterThan(2);
});

test('flush, then the table has blocks', async () => {
  const node = await openNode();
  const client = await connectClient(node.port);
  for (const text of schema) await client.execute(text);
  const request = { keyspace: 'k', table: 't' };
  const empty = await node.operator.getTableStats(request);
  expect(empty.tables).toMatchObject([{ keyspace: 'k', table: 't', blocks: 0, storedBytes: 0, view: false }]);
  for (let id = 0; id < 20; id++) await client.execute(insert, [id, 'v'.repeat(100)], prepare);
  await node.operator.flush({});
  const { tables } = await node.operator.getTableStats(request);
  expect(tables[0]?.storedBytes).toBeGreaterThan(2_000);
  expect((await node.operator.getNode({})).memoryBytes).toBeLessThan(1_000_000);
  await expect(node.operator.getTableStats({ keyspace: 'k', table: 'no' })).rejects.toMatchObject({
    reason: 'no_such_entry',
  });
  await expect(node.operator.getTableStats({ keyspace: 'no', table: '' })).rejects.toMatchObject({
    reason: 'no_such_entry',
  });
});

test('what is merged is told', async () => {
  const node = await openNode();
  const client = await connectClient(node.port);
  for (const text of schema) await client.execute(text);
  for (let round = 0; round < 4; round++) {
    for (let id = 0; id < 20; id++) await client.execute(insert, [id, `${round}`], prepare);
    await node.operator.flush({});
  }
  const told = (): Promise<{ running: readonly unknown[]; pending: number; completed: number }> =>
    node.operator.getCompactionStats({});
  await eventually(async () => (await told()).completed >= 1 && (await told()).pending === 0);
  expect(await told()).toMatchObject({ running: [], failure: '', diskFull: '' });
  const { tables } = await node.operator.getTableStats({ keyspace: 'k', table: 't' });
  expect(tables).toMatchObject([{ blocks: 1, runs: 1 }]);
  expect((await client.execute('SELECT v FROM k.t WHERE id = 7')).first().get('v')).toBe('3');
});

test('a snapshot is what was there when it was taken, and a node restored from it goes on', async () => {
  const node = await openNode();
  const client = await connectClient(node.port);
  for (const text of schema) await client.execute(text);
  for (let id = 0; id < 10; id++) await client.execute(insert, [id, 'before'], prepare);
  const { path, bytes } = await node.operator.takeSnapshot({ name: 'monday' });
  expect(path).toBe(join(node.folder, 'snapshots', 'monday'));
  expect(bytes).toBeGreaterThan(0);
  expect(readdirSync(join(node.folder, 'snapshots'))).toEqual(['monday']);
  await client.execute(insert, [0, 'after'], prepare);
  await client.execute('DROP TABLE k.t');
  await expect(node.operator.takeSnapshot({ name: 'monday' })).rejects.toMatchObject({ reason: 'entry_exists' });
  for (const name of ['', '../out', 'a/b', 'x'.repeat(65)])
    await expect(node.operator.takeSnapshot({ name })).rejects.toMatchObject({ reason: 'malformed' });
  await client.shutdown();
  await node.stop();

  const folder = temporaryDirectory();
  cpSync(path, folder, { recursive: true });
  const restored = await openNode({}, folder);
  const again = await connectClient(restored.port);
  const values = async (from: typeof again): Promise<unknown[]> =>
    (await from.execute('SELECT v FROM k.t')).rows.map((row) => row.get('v'));
  expect(await values(again)).toEqual(Array.from({ length: 10 }, () => 'before'));
  // The new commit log counts on from where the snapshot's store stands: what is written now is there after a restart.
  await again.execute(insert, [99, 'later'], prepare);
  await again.shutdown();
  await restored.stop();
  expect(existsSync(join(folder, 'commitlog'))).toBe(true);
  const third = await connectClient((await openNode({}, folder)).port);
  expect(await values(third)).toContain('later');
});
