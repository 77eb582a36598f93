/** SELECTs that read much, beside other requests. */
import { expect, jest, test } from '@jest/globals';
import { eventually } from '@skerry/testing';
import cassandra from 'cassandra-driver';
import { connectClient } from '../driver.fixture.ts';
import { openNode, type TestNode } from '../node.fixture.ts';

jest.setTimeout(120_000);
const rowsOfBatch = 1_000;
/** So that nothing fails where the machine is busy with other things. */
const patient = { cqlRangeTimeoutMs: 100_000, cqlReadTimeoutMs: 100_000 };
const count = 'SELECT count(*) FROM k.t';
const options = { retry: new cassandra.policies.retry.FallthroughRetryPolicy(), readTimeout: 60_000 };

async function filled(node: TestNode, rows: number): Promise<cassandra.Client> {
  const client = await connectClient(node.port);
  await client.execute("CREATE KEYSPACE k WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}");
  await client.execute('CREATE TABLE k.t (p int, c int, v text, PRIMARY KEY (p, c))');
  const batches = Array.from({ length: rows / rowsOfBatch }, (_, p) => p);
  await Promise.all(
    Array.from({ length: 4 }, async () => {
      for (let p = batches.pop(); p !== undefined; p = batches.pop()) {
        const queries = Array.from({ length: rowsOfBatch }, (_, c) => ({
          query: 'INSERT INTO k.t (p, c, v) VALUES (?, ?, ?)',
          params: [p, c, `value ${c}`],
        }));
        await client.batch(queries, { prepare: true, logged: false });
      }
    }),
  );
  return client;
}
const longReads = ({ service }: TestNode): { active: number; waiting: number } =>
  service.status()['longReads'] as { active: number; waiting: number };
const isQuiet = (node: TestNode) => (): boolean => longReads(node).active + longReads(node).waiting === 0;
const counted = ({ rows }: cassandra.types.ResultSet): number => Number(rows[0]?.['count']);

test('while rows by the hundred thousand are counted others are answered, of the same connection too', async () => {
  const rows = 200_000;
  const node = await openNode(patient);
  const one = await filled(node, rows);
  const other = await connectClient(node.port);
  const read = 'SELECT v FROM k.t WHERE p = ? AND c = ?';
  for (const client of [one, other]) await client.execute(read, [1, 1], { prepare: true });
  let isOver = false;
  const answer = one.execute(count, [], options).finally(() => (isOver = true));
  let answered = 0;
  let longestMs = 0;
  const begunMs = performance.now();
  while (!isOver) {
    const startedMs = performance.now();
    await (answered % 2 === 0 ? one : other).execute(read, [1, 1], { prepare: true });
    longestMs = Math.max(longestMs, performance.now() - startedMs);
    answered += 1;
  }
  expect(counted(await answer)).toBe(rows);
  // In one turn none would be answered before it.
  expect(answered).toBeGreaterThan(10);
  // The share: on a machine that is busy all of it takes longer.
  expect(longestMs).toBeLessThan(Math.max(100, (performance.now() - begunMs) / 3));
});
test('many at once are all answered, a few of them are under way', async () => {
  const node = await openNode(patient);
  const client = await filled(node, 20_000);
  const reads = Array.from({ length: 30 }, (_, i) =>
    i % 2 === 0
      ? client.execute(count, [], options).then(counted)
      : client.execute('SELECT v FROM k.t', [], { ...options, fetchSize: 20_000 }).then(({ rows }) => rows?.length),
  );
  let most = 0;
  let isOver = false;
  const all = Promise.all(reads).finally(() => (isOver = true));
  await eventually(() => {
    most = Math.max(most, longReads(node).active);
    return isOver;
  });
  expect(await all).toEqual(reads.map(() => 20_000));
  expect(most).toBeLessThanOrEqual(4);
  expect(isQuiet(node)()).toBe(true);
});
test('rows, pages, JSON and warnings of a long answer are whole', async () => {
  const node = await openNode(patient);
  const client = await filled(node, 20_000);
  const whole = await client.execute('SELECT p, c, v FROM k.t', [], { ...options, fetchSize: 20_000 });
  expect(whole.rows).toHaveLength(20_000);
  expect(new Set(whole.rows.map((row) => `${row['p']} ${row['c']}`)).size).toBe(20_000);
  for (const row of whole.rows) if (row['v'] !== `value ${row['c']}`) expect(row).toBeUndefined();
  let paged = 0;
  const page = { ...options, fetchSize: 7_000 };
  for (let state: string | undefined, isFirst = true; isFirst || state !== undefined; isFirst = false) {
    const answer = await client.execute('SELECT JSON c, v FROM k.t', [], {
      ...page,
      ...(state && { pageState: state }),
    });
    paged += answer.rows.length;
    expect(JSON.parse(String(answer.rows[0]?.['[json]']))).toHaveProperty('v');
    state = answer.pageState ?? undefined;
  }
  expect(paged).toBe(20_000);
  const answer = await client.execute(count, [], options);
  expect(answer.info.warnings).toEqual(['Aggregation query used without partition key']);
});
test('what takes too long is a ReadTimeout, and nothing of it goes on', async () => {
  const node = await openNode({ cqlRangeTimeoutMs: 10, cqlReadTimeoutMs: 20 });
  const client = await filled(node, 50_000);
  const nothing = "SELECT v FROM k.t WHERE v = 'nothing' ALLOW FILTERING";
  const asked = Array.from({ length: 4 }, () => client.execute(nothing, [], options));
  const ends = await Promise.allSettled(asked);
  const failures = ends.flatMap((end) => (end.status === 'rejected' ? [end.reason as { code: number }] : []));
  expect(failures.length).toBeGreaterThan(0);
  for (const { code } of failures) expect(code).toBe(cassandra.types.responseErrorCodes.readTimeout);
  expect(isQuiet(node)()).toBe(true);
  // What is aggregated has a time for each page of it, not for all.
  expect(counted(await client.execute(count, [], options))).toBe(50_000);
  // Of the same connection.
  expect((await client.execute('SELECT v FROM k.t WHERE p = 1 AND c = 1')).rows).toHaveLength(1);
});
test('what nobody waits for any more ends', async () => {
  const node = await openNode(patient);
  await filled(node, 50_000);
  const leaver = await connectClient(node.port);
  const asked = Promise.allSettled(Array.from({ length: 200 }, () => leaver.execute(count, [], options)));
  await eventually(() => longReads(node).waiting > 0);
  const startedMs = performance.now();
  await leaver.shutdown();
  await eventually(isQuiet(node));
  // Counted to their end they take ten seconds.
  expect(performance.now() - startedMs).toBeLessThan(5_000);
  await asked;
});
test('a node that stops answers those under way', async () => {
  const node = await openNode(patient);
  const client = await filled(node, 50_000);
  const asked = Promise.all(Array.from({ length: 6 }, () => client.execute(count, [], options).then(counted)));
  await eventually(() => longReads(node).active > 0);
  await node.stop(20_000);
  expect(await asked).toEqual(Array.from({ length: 6 }, () => 50_000));
});
test('a node that cannot wait for them ends all the same', async () => {
  const node = await openNode(patient);
  const client = await filled(node, 50_000);
  const asked = Promise.allSettled(Array.from({ length: 20 }, () => client.execute(count, [], options)));
  await eventually(() => longReads(node).active > 0);
  await node.stop(0);
  expect((await asked).some(({ status }) => status === 'rejected')).toBe(true);
});
