import { describe, expect, test } from '@jest/globals';
import { connectClient } from '../driver.fixture.ts';
import { openNode } from '../node.fixture.ts';

const rounds = 12;
const rows = 150;

describe('TRUNCATE beside writes', () => {
  test('leaves a view and an index that show what their table has', async () => {
    const node = await openNode();
    const client = await connectClient(node.port, { queryOptions: { prepare: true } });
    await client.execute(`CREATE KEYSPACE ks WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}`);
    await client.execute('CREATE TABLE ks.t (k int, c int, v int, w int, PRIMARY KEY (k, c))');
    await client.execute('CREATE INDEX ON ks.t (w)');
    await client.execute(
      'CREATE MATERIALIZED VIEW ks.mv AS SELECT * FROM ks.t WHERE k IS NOT NULL AND c IS NOT NULL AND v IS NOT NULL PRIMARY KEY (v, k, c)',
    );
    const told = async (text: string): Promise<readonly string[]> =>
      (await client.execute(text)).rows.map(({ k, c, v, w }) => [k, c, v, w].join()).toSorted();
    for (let round = 0; round < rounds; round++) {
      for (let c = 0; c < rows; c++)
        await client.execute('INSERT INTO ks.t (k, c, v, w) VALUES (1, ?, 7, 1)', [c], { prepare: true });
      // Rows in runs go at another moment than those in memory, if they can.
      if (round % 2 === 0) await node.operator.flush({});
      const truncated = client.execute('TRUNCATE ks.t');
      const writes: Promise<unknown>[] = [];
      for (let c = 0; c < rows; c++) {
        writes.push(client.execute('UPDATE ks.t SET w = 2 WHERE k = 1 AND c = ?', [c], { prepare: true }));
        if (c % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
      await Promise.all([truncated, ...writes]);
      const base = await told('SELECT * FROM ks.t');
      expect(await told('SELECT * FROM ks.mv')).toEqual(base.filter((row) => !row.includes(',,')));
      expect(await told('SELECT * FROM ks.t WHERE w = 2')).toEqual(base.filter((row) => row.endsWith(',2')));
      await client.execute('TRUNCATE ks.t');
    }
  }, 60_000);
});
