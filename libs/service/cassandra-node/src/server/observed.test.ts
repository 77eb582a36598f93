/** What of requests can be seen from outside: figures, the slow-query log, traces, warnings. */
import { expect, test } from '@jest/globals';
import { eventually } from '@skerry/testing';
import cassandra from 'cassandra-driver';
import { connectClient, python } from '../driver.fixture.ts';
import { openNode } from '../node.fixture.ts';

const schema = [
  "CREATE KEYSPACE k WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}",
  'CREATE TABLE k.t (id int PRIMARY KEY, v text)',
];

async function figure(node: Awaited<ReturnType<typeof openNode>>, name: string, labels = ''): Promise<number> {
  const text = await node.telemetry.metricsText();
  const line = text.split('\n').find((each) => each.startsWith(`skerry_${name}{`) && each.includes(labels));
  return Number(line?.split(' ').at(-1) ?? NaN);
}

test('requests are counted and timed by kind', async () => {
  const node = await openNode();
  const client = await connectClient(node.port);
  for (const text of schema) await client.execute(text);
  const before = await figure(node, 'cql_requests_total', 'kind="execute"');
  for (let id = 0; id < 10; id++)
    await client.execute('INSERT INTO k.t (id, v) VALUES (?, ?)', [id, 'v'], { prepare: true });
  expect((await figure(node, 'cql_requests_total', 'kind="execute"')) - before).toBe(10);
  expect(await figure(node, 'cql_requests_total', 'kind="prepare"')).toBe(1);
  expect(await figure(node, 'cql_request_seconds_count', 'kind="execute"')).toBe(before + 10);
  expect(await figure(node, 'cql_request_seconds_bucket', 'le="+Inf",kind="execute"')).toBe(before + 10);
  expect(await figure(node, 'cql_request_seconds_sum', 'kind="execute"')).toBeGreaterThan(0);
  const errors = await figure(node, 'cql_errors_total');
  await expect(client.execute('SELECT nothing FROM k.t')).rejects.toThrow();
  expect(await figure(node, 'cql_errors_total')).toBe(errors + 1);
});

test('the slow-query log has the text, and neither values nor passwords', async () => {
  const node = await openNode({ slowQueryMs: 1, cqlAuthenticator: 'password' });
  const client = await connectClient(node.port, {
    authProvider: new cassandra.auth.PlainTextAuthProvider('cassandra', 'cassandra'),
  });
  for (const text of schema) await client.execute(text);
  await client.execute("CREATE ROLE ada WITH PASSWORD = 'hunter2' AND LOGIN = true");
  const slow = (): readonly Readonly<Record<string, unknown>>[] =>
    node.events.filter(({ event }) => event === 'cql_slow_request');
  await eventually(() => slow().some(({ statement }) => String(statement).startsWith('CREATE ROLE ada')));
  expect(slow().find(({ statement }) => String(statement).startsWith('CREATE ROLE'))).toMatchObject({
    kind: 'query',
    statement: "CREATE ROLE ada WITH PASSWORD = '*******' AND LOGIN = true",
    role: 'cassandra',
    ms: expect.any(Number),
  });
  const big = 'secret-value'.repeat(50_000);
  await client.execute('INSERT INTO k.t (id, v) VALUES (?, ?)', [1, big], { prepare: true });
  expect(JSON.stringify(node.events)).not.toMatch(/hunter2|secret-value/);
  expect(await figure(node, 'cql_slow_requests_total')).toBe(slow().length);
});
test('slow-query-ms 0: no log', async () => {
  const node = await openNode({ slowQueryMs: 0 });
  const client = await connectClient(node.port);
  for (const text of schema) await client.execute(text);
  expect(node.events.filter(({ event }) => event === 'cql_slow_request')).toEqual([]);
});

test('a traced request: an id in the answer, and rows that say what was done', async () => {
  const node = await openNode();
  const client = await connectClient(node.port);
  for (const text of schema) await client.execute(text);
  const traced = { traceQuery: true, prepare: true };
  const { info } = await client.execute('INSERT INTO k.t (id, v) VALUES (?, ?)', [1, 'never shown'], traced);
  const trace = await new Promise<Awaited<ReturnType<typeof client.metadata.getTrace>>>((resolve, reject) => {
    client.metadata.getTrace(info.traceId, (error: Error | undefined, found) =>
      error ? reject(error) : resolve(found),
    );
  });
  expect(trace.requestType).toBe('Execute CQL3 prepared query');
  expect(trace.parameters).toMatchObject({
    query: 'INSERT INTO k.t (id, v) VALUES (?, ?)',
    consistency_level: 'LOCAL_ONE',
    serial_consistency_level: 'SERIAL',
  });
  expect(trace.events.map(({ activity }) => activity)).toContain('Executing modification statement');
  expect(JSON.stringify(trace)).not.toContain('never shown');
  const failed = client.execute('SELECT v FROM k.nothing', [], { traceQuery: true });
  await expect(failed).rejects.toThrow('does not exist');
  const rows = (await eventually(async () => {
    const { rows: found } = await client.execute('SELECT session_id, parameters, duration FROM system_traces.sessions');
    return found.length >= 2 && found;
  })) as cassandra.types.Row[];
  expect(rows.map((row) => (row.get('parameters') as Record<string, string>)['query'])).toContain(
    'SELECT v FROM k.nothing',
  );
  expect((await client.execute('SELECT ttl(request) FROM system_traces.sessions')).first().values()[0]).toBeGreaterThan(
    86_000,
  );
});
test("Python's driver reads traces and warnings", async () => {
  const node = await openNode();
  const client = await connectClient(node.port);
  for (const text of schema) await client.execute(text);
  const program = `
import sys
from cassandra.cluster import Cluster
from cassandra.query import BatchStatement, BatchType, SimpleStatement
cluster = Cluster(['127.0.0.1'], port=int(sys.argv[1]))
session = cluster.connect('k')
result = session.execute("SELECT * FROM t", trace=True)
trace = result.get_query_trace()
print(trace.request_type, len(trace.events) > 0, trace.duration is not None)
batch = BatchStatement(BatchType.UNLOGGED)
for i in range(20): batch.add(SimpleStatement("INSERT INTO t (id) VALUES (%d)" % i))
future = session.execute_async(batch)
future.result()
print(future.warnings[0].split(' ')[0:2])
cluster.shutdown()`;
  expect(await python(program, String(node.port))).toBe("Execute CQL3 query True True\n['Unlogged', 'batch']\n");
});
