/** `skerry cqlsh` and `skerry cassandra`, as a person and a script use them; and the end of a node that is at work. */
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { once } from 'node:events';
import { cpSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import cassandra from 'cassandra-driver';
import { removeFolder, skerry, System, temporaryFolder, until, type Run } from './system.ts';

jest.setTimeout(60_000);
const folder = temporaryFolder('cql-command');
const start = (data: string, env: NodeJS.ProcessEnv = {}, ...more: readonly string[]): Promise<System> =>
  System.start(
    ['up', '--only', 'cql', '--cql-port', '0', '--grpc-port', '0', '--metrics-port', '0', ...more],
    data,
    env,
  );
const portOf = (system: System): string => (system.ready.endpoints['cql'] ?? '').split(':').at(-1) ?? '';
let system: System;
beforeAll(async () => {
  system = await start(join(folder, 'data'));
}, 60_000);
afterAll(async () => {
  await system.stop();
  removeFolder(folder);
}, 60_000);

const cqlsh = (script: string, ...more: readonly string[]): Promise<Run> =>
  skerry(['cqlsh', '127.0.0.1', portOf(system), ...more], { input: script });
const keyspace = (name: string): string =>
  `CREATE KEYSPACE ${name} WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}; USE ${name};`;

describe('skerry cqlsh', () => {
  it('shows rows as cqlsh does', async () => {
    const { code, stdout, stderr } = await cqlsh(`${keyspace('tables')}
      CREATE TABLE t (id int, c text, v double, m map<text, int>, b blob, PRIMARY KEY (id, c));
      INSERT INTO t (id, c, v, m, b) VALUES (1, 'one', 0.1, {'a': 1}, 0xff);
      INSERT INTO t (id, c) VALUES (1, 'it''s
two');
      SELECT * FROM t; SELECT id FROM t WHERE id = 9;`);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toBe(
      [
        '',
        ' id | c         | b    | m        | v',
        '----+-----------+------+----------+------',
        String.raw`  1 | it's\ntwo | null |     null | null`,
        "  1 |       one | 0xff | {'a': 1} |  0.1",
        '',
        '(2 rows)',
        '',
        ' id',
        '----',
        '',
        '',
        '(0 rows)',
        '',
      ].join('\n'),
    );
  });
  it('EXPAND, PAGING, CONSISTENCY, TRACING, SHOW', async () => {
    const { code, stdout } = await cqlsh(`${keyspace('modes')} CREATE TABLE t (id int PRIMARY KEY);
INSERT INTO t (id) VALUES (1); INSERT INTO t (id) VALUES (2); INSERT INTO t (id) VALUES (3);
CONSISTENCY local_quorum
SERIAL CONSISTENCY LOCAL_SERIAL;
CONSISTENCY
PAGING 2
EXPAND ON
SELECT * FROM t;
EXPAND OFF
TRACING ON
SELECT * FROM t WHERE id = 1;
TRACING OFF
SHOW VERSION
SHOW HOST
EXIT
SELECT * FROM nothing;`);
    expect(code).toBe(0);
    expect(stdout).toContain('Consistency level set to LOCAL_QUORUM.\n');
    expect(stdout).toContain('Serial consistency level set to LOCAL_SERIAL.\n');
    expect(stdout).toContain('Current consistency level is LOCAL_QUORUM.\n');
    expect(stdout).toContain('@ Row 1\n----+---\n id | 1\n');
    expect(stdout).toMatch(/@ Row 3\n[\s\S]*\(3 rows\)/);
    expect(stdout).toMatch(/Tracing session: [0-9a-f-]{36}\n[\s\S]*Execute CQL3 query[\s\S]*Request complete/);
    expect(stdout).toMatch(/\[skerry cqlsh .* \| Cassandra 5\..* \| CQL spec 3\.4\.7 \| Native protocol v\d\]/);
    expect(stdout).toContain('Connected to Skerry at 127.0.0.1:');
  });
  it('DESCRIBE, answered by the server', async () => {
    const { stdout } = await cqlsh(`${keyspace('told')} CREATE TABLE t (id int PRIMARY KEY);
      DESCRIBE TABLES; DESCRIBE KEYSPACE told; DESC CLUSTER;`);
    expect(stdout).toContain('Keyspace told\n-------------\nt\n');
    expect(stdout).toContain('CREATE TABLE told.t (\n    id int PRIMARY KEY\n)');
    expect(stdout).toContain('Cluster: Skerry\nPartitioner: ');
  });
  it('an error is one line on stderr, the rest is run, the exit code is 2', async () => {
    const { code, stdout, stderr } = await cqlsh(
      'SELECT\n nothing FROM\n system.local;\nSELEC;\nSELECT key FROM system.local;\nCOPY x;\n',
    );
    expect(code).toBe(2);
    expect(stderr.split('\n')).toEqual([
      expect.stringMatching(
        /^<stdin>:1:InvalidRequest: Error from server: code=2200 \[Invalid query\] message="Undefined column name nothing/,
      ),
      expect.stringMatching(
        /^<stdin>:4:SyntaxException: Error from server: code=2000 .* message="line 1:0 no viable alternative/,
      ),
      expect.stringMatching(/^<stdin>:6:Improper COPY command: /),
      '',
    ]);
    expect(stdout).toContain(' local\n');
  });
  it('-e, -f and SOURCE', async () => {
    const file = join(folder, 'script.cql');
    writeFileSync(file, 'SELECT key FROM system.local;\n-- a comment\nSELECT cluster_name FROM system.local');
    const outputs = await Promise.all([cqlsh('', '-f', file), cqlsh('', '-e', `SOURCE '${file}'`)]);
    for (const { code, stdout } of outputs) {
      expect(code).toBe(0);
      expect(stdout).toMatch(/ key\n[\s\S]* cluster_name\n[\s\S]* Skerry\n/);
    }
    const missing = await cqlsh('', '-f', join(folder, 'no.cql'));
    expect(missing).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^skerry: Cannot open ".*no\.cql": .*\n$/),
    });
  });
  it('COPY there and back, all kinds of values', async () => {
    const file = join(folder, 'rows.csv');
    const columns =
      'id int PRIMARY KEY, a text, b blob, c map<text, int>, d timestamp, e float, f list<text>, g inet, h boolean, i uuid';
    const { code, stderr, stdout } = await cqlsh(`${keyspace('copies')}
      CREATE TABLE t (${columns}); CREATE TABLE u (${columns});
      INSERT INTO t (id, a, b, c, d, e, f, g, h, i) VALUES (1, 'a,"b"
\\c''', 0x00ff, {'x''y': 1}, '2024-02-29 12:00:00Z', 0.1, ['p', 'q, r'], '127.0.0.1', true, 11111111-1111-1111-1111-111111111111);
      INSERT INTO t (id, a) VALUES (2, '漢字');
COPY t TO '${file}' WITH HEADER = true AND DELIMITER = ';';
COPY u FROM '${file}' WITH HEADER = true AND DELIMITER = ';';`);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/2 rows exported to 1 files in [\d.]+ seconds\.\n[\s\S]*2 rows imported from 1 files/);
    expect(readFileSync(file, 'utf8')).toMatch(/^id;a;b;/);
    const rows = async (table: string): Promise<string> => (await cqlsh(`SELECT JSON * FROM copies.${table};`)).stdout;
    expect(await rows('u')).toBe(await rows('t'));
    const out = await cqlsh('COPY copies.t (id, a) TO STDOUT WITH MAXROWS = 1;');
    expect(out.stdout).toMatch(/^(1,"a,\\"b\\"\n|2,漢字)/);
  });
  it('COPY FROM: what is no value is refused, and its neighbours are taken', async () => {
    const file = join(folder, 'bad.csv');
    writeFileSync(file, '1,one\n2) USING TTL 1 --,two\nthree,3\n4\n5,five\n');
    const { code, stdout, stderr } = await cqlsh(`${keyspace('bad')} CREATE TABLE t (id int PRIMARY KEY, v text);
COPY t FROM '${file}';
SELECT id FROM t;`);
    expect(code).toBe(2);
    expect(stderr.trim().split('\n')).toHaveLength(3);
    expect(stdout).toContain('2 rows imported from 1 files');
    expect(stdout).toContain('(3 failed)');
    expect(stdout).toMatch(/(1\n {2}5|5\n {2}1)\n\n\(2 rows\)/);
  });
  it('nobody there: exit 1 and one line', async () => {
    const { code, stderr } = await skerry(['cqlsh', '127.0.0.1', '1']);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^skerry: Connection error: cannot connect to 127\.0\.0\.1:1: .*\n$/);
  });
  it('with TLS and a password', async () => {
    const flags = ['--cql-authenticator', 'password', '--cql-authorizer', 'permissions'];
    const secured = await start(join(folder, 'secured'), { SKERRY_CQL_TLS: 'required' }, ...flags);
    try {
      const words = ['cqlsh', '127.0.0.1', portOf(secured), '-e', 'SELECT key FROM system.local', '-u', 'cassandra'];
      const cafile = ['--ssl', '--cafile', join(folder, 'secured', 'cassandra_1', 'cql-tls.pem')];
      const good = await skerry([...words, ...cafile, '-p', 'cassandra']);
      expect(good).toMatchObject({ code: 0, stdout: expect.stringContaining('(1 rows)'), stderr: '' });
      const wrong = await skerry([...words, ...cafile, '-p', 'wrong']);
      expect(wrong).toMatchObject({ code: 1, stderr: expect.stringMatching(/username.*incorrect.*\n$/) });
      const unchecked = await skerry([...words, '--ssl', '-p', 'cassandra']);
      expect(unchecked).toMatchObject({ code: 1, stderr: expect.stringMatching(/self.signed certificate.*\n$/i) });
    } finally {
      await secured.stop();
    }
  });
});

describe('skerry cassandra', () => {
  const ask = (...words: readonly string[]): Promise<Run> => skerry(['cassandra', ...words, '--data', system.data]);
  it.each([
    ['status', /^ {4}address .*\nUN {2}127\.0\.0\.1:\d+ /],
    ['info', /^node +\S+\ncluster +Skerry\n[\s\S]*authentication +allow-all, allow-all\n$/],
    ['ring', /^address .*token\n127\.0\.0\.1:\d+ .* -?\d+\n$/],
    ['flush', /: flushed in \d+ ms\n$/],
    ['tablestats', /\n\S+ +system_auth\.roles +table /],
    ['compactionstats', /^\S+: \d+ pending, \d+ completed, .* merged\n/],
  ])('%s, for people and as JSON', async (word, shown) => {
    const [people, json] = await Promise.all([ask(word), ask(word, '--json')]);
    expect(people).toMatchObject({ code: 0, stderr: '', stdout: expect.stringMatching(shown) });
    expect(json).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(json.stdout)).toEqual([expect.objectContaining({ node: expect.any(String) })]);
  });
  it('a snapshot is restored as its help says', async () => {
    const data = join(folder, 'restored');
    const first = await start(data);
    const run = (from: System, script: string): Promise<Run> =>
      skerry(['cqlsh', '127.0.0.1', portOf(from), '-e', script]);
    await run(first, `${keyspace('kept')} CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t (id) VALUES (1);`);
    const taken = await skerry(['cassandra', 'snapshot', 'monday', '--data', data]);
    expect(taken).toMatchObject({ code: 0, stdout: expect.stringMatching(/snapshots\/monday \(.*\)\n$/) });
    expect(await skerry(['cassandra', 'snapshot', 'monday', '--data', data])).toMatchObject({ code: 1 });
    await run(first, 'DROP KEYSPACE kept');
    await first.stop();
    const node = join(data, 'cassandra_1');
    for (const each of ['tables', 'schema', 'commitlog']) rmSync(join(node, each), { recursive: true });
    cpSync(join(node, 'snapshots/monday'), node, { recursive: true });
    const again = await start(data);
    const { stdout } = await run(again, 'SELECT id FROM kept.t');
    await again.stop();
    expect(stdout).toContain('(1 rows)');
  });
  it('a node of its own, asked at its own door', async () => {
    const data = join(folder, 'alone');
    const words = [
      'node',
      'cassandra',
      '--id',
      'cassandra_9',
      '--host',
      '127.0.0.1',
      '--port',
      '0',
      '--metrics-port',
      '0',
    ];
    const alone = await System.start([...words, '--cql-port', '0'], data);
    try {
      const { code, stdout, stderr } = await skerry([
        'cassandra',
        'status',
        '--data',
        data,
        '--node',
        alone.ready.endpoints['grpc'] ?? '',
      ]);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(stdout).toContain(`127.0.0.1:${portOf(alone)}`);
    } finally {
      await alone.stop();
    }
  });
});

describe('SIGTERM', () => {
  it('what is under way is answered, new connections are refused, the process ends with 0, and nothing acknowledged is lost', async () => {
    const data = join(folder, 'drained');
    const drained = await start(data, { SKERRY_COMMITLOG_SYNC: 'batch' });
    const port = portOf(drained);
    const client = new cassandra.Client({
      contactPoints: [`127.0.0.1:${port}`],
      localDataCenter: 'datacenter1',
      // None is sent again: each failure is seen.
      policies: { retry: new cassandra.policies.retry.FallthroughRetryPolicy() },
    });
    await client.connect();
    for (const text of keyspace('k').split(';').filter(Boolean)) await client.execute(text);
    await client.execute('CREATE TABLE k.t (id int PRIMARY KEY)');
    const acknowledged = new Set<number>();
    let [next, isOver] = [0, false];
    const failures: unknown[] = [];
    const write = async (): Promise<void> => {
      while (!isOver) {
        const id = next++;
        try {
          await client.execute('INSERT INTO k.t (id) VALUES (?)', [id], { prepare: true });
          acknowledged.add(id);
        } catch (thrown) {
          failures.push(thrown);
          isOver = true;
        }
      }
    };
    const writers = Array.from({ length: 32 }, write);
    await until('writes are under way', () => acknowledged.size > 500);
    const exited = once(drained.child, 'exit');
    drained.child.kill('SIGTERM');
    const [code] = (await exited) as [number | null];
    isOver = true;
    await Promise.all(writers);
    await client.shutdown();
    expect(code).toBe(0);
    const refused = await new Promise((resolve) => {
      connect(Number(port), '127.0.0.1')
        .once('error', (error: NodeJS.ErrnoException) => resolve(error.code))
        .once('connect', () => resolve('connected'));
    });
    expect(refused).toBe('ECONNREFUSED');
    expect(failures.length).toBeLessThanOrEqual(32);
    expect(existsSync(join(data, 'cassandra_1', 'commitlog'))).toBe(true);
    const again = await start(data);
    const { stdout } = await skerry([
      'cqlsh',
      '127.0.0.1',
      portOf(again),
      '-e',
      'PAGING OFF\nSELECT count(*) FROM k.t',
    ]);
    await again.stop();
    expect(Number(/\n +(\d+)\n/.exec(stdout)?.[1])).toBeGreaterThanOrEqual(acknowledged.size);
  });
});
