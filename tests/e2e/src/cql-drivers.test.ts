/** The stock drivers of Node (npm) and Python (Debian) against a node in a process of its own. */
import { afterAll, beforeAll, describe, expect, it, test } from '@jest/globals';
import { join } from 'node:path';
import cassandra from 'cassandra-driver';
import { newClient, simpleKeyspace, startNode, type CqlNode } from './cql/cql-node.ts';
import { removeFolder, run, temporaryFolder, until } from './system.ts';

const { types } = cassandra;
/** As many as drivers.py has: one that ends early must not look like success. */
const pythonChecks = 16;
const folder = temporaryFolder('cql');
afterAll(() => removeFolder(folder));

const replies = async (act: Promise<unknown>): Promise<{ code: number | undefined; message: string }> => {
  try {
    await act;
  } catch (thrown) {
    if (thrown instanceof cassandra.errors.ResponseError) return { code: thrown.code, message: thrown.message };
    if (thrown instanceof cassandra.errors.NoHostAvailableError) {
      const [inner] = Object.values(thrown.innerErrors as Record<string, Error>);
      return { code: undefined, message: inner?.message ?? thrown.message };
    }
    return { code: undefined, message: String(thrown) };
  }
  return { code: undefined, message: 'no fault' };
};

describe('a node open to all', () => {
  let node: CqlNode;
  let client: cassandra.Client;
  beforeAll(async () => {
    node = await startNode(join(folder, 'open'));
    client = newClient(node.port);
    await client.connect();
    await client.execute(simpleKeyspace('nd'));
    await client.execute('USE nd');
  }, 60_000);
  afterAll(async () => {
    await client.shutdown();
    expect(await node.system.stop()).toBe(0);
  }, 60_000);

  // What the driver of Debian can: every version of the protocol, and both ways to compress that it has.
  const pythonRuns = [
    ['5', 'lz4'],
    ['4', 'none'],
    ['3', 'lz4'],
    ['3', 'none'],
  ] as const;
  for (const [version, compression] of pythonRuns)
    test(`Python's driver, protocol v${version}, compression ${compression}`, async () => {
      const { code, stdout, stderr } = await run(
        '/usr/bin/python3',
        [join(import.meta.dirname, 'cql/drivers.py'), String(node.port), version, compression],
        { timeoutMs: 100_000 },
      );
      const checks = stdout
        .split('\n')
        .filter((line) => line.startsWith('{'))
        .map((line) => JSON.parse(line) as { check: string; fault: string | null });
      expect(checks.filter(({ fault }) => fault !== null)).toEqual([]);
      expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
      expect(checks).toHaveLength(pythonChecks);
    }, 110_000);

  describe("Node's driver, protocol v3", () => {
    let old: cassandra.Client;
    beforeAll(async () => {
      old = newClient(node.port, { protocolOptions: { maxVersion: types.protocolVersion.v3 }, keyspace: 'nd' });
      await old.connect();
    }, 30_000);
    afterAll(() => old.shutdown());
    const rowsOf = async (text: string, values: readonly unknown[] = [], fetchSize = 5_000): Promise<unknown[][]> => {
      const found: unknown[][] = [];
      const options = { prepare: true, fetchSize, autoPage: true };
      await new Promise<void>((resolve, reject) =>
        old.eachRow(
          text,
          values as unknown[],
          options,
          (_, row) => found.push(row.values()),
          (error) => (error instanceof Error ? reject(error) : resolve()),
        ),
      );
      return found;
    };

    it('speaks it', () => {
      const told = (old as unknown as { controlConnection: { protocolVersion: number } }).controlConnection;
      expect(told.protocolVersion).toBe(types.protocolVersion.v3);
    });
    it('reads what it wrote: collections, user types, tuples, paging', async () => {
      await old.execute('CREATE TYPE nd.place3 (x int, y text)');
      await old.execute(
        'CREATE TABLE nd.v3 (k int, c int, l list<int>, m map<text, bigint>, s set<text>, p frozen<place3>, t tuple<int, text>, u uuid, ts timestamp, d decimal, b blob, PRIMARY KEY (k, c))',
      );
      const u = types.Uuid.random();
      const ts = new Date(1_700_000_000_123);
      const values = [
        [1, 2],
        { a: types.Long.fromNumber(5) },
        ['x', 'y'],
        { x: 1, y: 'one' },
        new types.Tuple(7, 'seven'),
        u,
        ts,
        types.BigDecimal.fromString('1.50'),
        Buffer.from([1, 2]),
      ];
      for (let c = 0; c < 25; c++)
        await old.execute(
          'INSERT INTO nd.v3 (k, c, l, m, s, p, t, u, ts, d, b) VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
          [c, ...values],
          { prepare: true },
        );
      const found = await rowsOf('SELECT c, l, m, s, p, t, u, ts, d, b FROM nd.v3 WHERE k = ?', [1], 10);
      expect(found.map(([c]) => c)).toEqual(Array.from({ length: 25 }, (_, c) => c));
      expect(JSON.stringify(found[24]?.slice(1))).toBe(JSON.stringify(values));
    });
    it('batches, conditions and counters', async () => {
      await old.execute('CREATE TABLE nd.v3b (k int PRIMARY KEY, v text)');
      await old.execute('CREATE TABLE nd.v3c (k int PRIMARY KEY, n counter)');
      const insert = 'INSERT INTO nd.v3b (k, v) VALUES (?, ?)';
      await old.batch(
        [
          { query: insert, params: [1, 'a'] },
          { query: insert, params: [2, 'b'] },
        ],
        { prepare: true },
      );
      expect((await rowsOf('SELECT k, v FROM nd.v3b')).toSorted()).toEqual([
        [1, 'a'],
        [2, 'b'],
      ]);
      const refused = await old.execute(`${insert} IF NOT EXISTS`, [1, 'c'], { prepare: true });
      expect(refused.first().values()).toEqual([false, 1, 'a']);
      const taken = await old.execute('UPDATE nd.v3b SET v = ? WHERE k = 1 IF v = ?', ['d', 'a'], { prepare: true });
      expect(taken.wasApplied()).toBe(true);
      await old.batch(
        Array.from({ length: 3 }, () => ({ query: 'UPDATE nd.v3c SET n = n + 2 WHERE k = 1', params: [] })),
        { counter: true },
      );
      expect(String((await rowsOf('SELECT n FROM nd.v3c'))[0]?.[0])).toBe('6');
      expect(await replies(old.execute('SELECT * FROM nd.nothing'))).toEqual({
        code: types.responseErrorCodes.invalid,
        message: 'table nothing does not exist',
      });
    });
    it('hears of schema changes', async () => {
      await client.execute('CREATE TABLE nd.v3later (k int PRIMARY KEY, v int)');
      await until('the table is known', async () => (await old.metadata.getTable('nd', 'v3later')) !== null);
      await client.execute('ALTER TABLE nd.v3later ADD w int');
      // Known already: only an event makes the driver look again.
      await until(
        'the column is known',
        async () => (await old.metadata.getTable('nd', 'v3later')).columnsByName['w'] !== undefined,
      );
    });
  });

  describe("Node's driver", () => {
    const rowsOf = async (text: string, values: readonly unknown[] = []): Promise<unknown[][]> => {
      const { rows } = await client.execute(text, values as unknown[], { prepare: values.length > 0 });
      return rows.map((row) => row.values());
    };

    it('knows the node and its schema', async () => {
      const [host] = client.hosts.values();
      expect({ dc: host?.datacenter, up: host?.isUp(), version: host?.cassandraVersion }).toEqual({
        dc: 'datacenter1',
        up: true,
        version: expect.stringMatching(/^5\.0\./),
      });
      await client.execute('CREATE TYPE nd.place (x int, y text)');
      await client.execute('CREATE TABLE nd.known (a int, b text, p place, s int static, PRIMARY KEY (a, b))');
      const table = await client.metadata.getTable('nd', 'known');
      expect(table.partitionKeys.map(({ name }) => name)).toEqual(['a']);
      expect(table.clusteringKeys.map(({ name }) => name)).toEqual(['b']);
      expect(table.columns.map(({ name }) => name).toSorted()).toEqual(['a', 'b', 'p', 's']);
      const udt = await client.metadata.getUdt('nd', 'place');
      expect(udt?.fields.map(({ name }) => name)).toEqual(['x', 'y']);
    });

    const values: readonly (readonly [type: string, value: unknown])[] = [
      ['ascii', 'asc'],
      ['bigint', types.Long.fromString('-9223372036854775808')],
      ['blob', Buffer.from([0, 1, 255])],
      ['boolean', false],
      ['date', types.LocalDate.fromString('1969-12-31')],
      ['decimal', types.BigDecimal.fromString('-12.3450')],
      ['double', -1.5e300],
      ['duration', types.Duration.fromString('1y2mo3d4h5m6s7ns')],
      ['float', 0.5],
      ['inet', types.InetAddress.fromString('2001:db8::1')],
      ['int', -2147483648],
      ['smallint', -32768],
      ['text', 'héllo 世界'],
      ['time', types.LocalTime.fromString('23:59:59.999999999')],
      ['timestamp', new Date(-1)],
      ['timeuuid', types.TimeUuid.fromString('50554d6e-29bb-11e5-b345-feff819cdc9f')],
      ['tinyint', -128],
      ['uuid', types.Uuid.fromString('00000000-0000-4000-8000-000000000001')],
      ['varchar', ''],
      ['varint', types.Integer.fromString('-123456789012345678901234567890')],
      ['list<int>', [3, 1, 3]],
      ['set<text>', ['a', 'b']],
      ['map<text, frozen<list<int>>>', { x: [1, 2], y: [3] }],
      ['tuple<int, text>', new types.Tuple(1, 'x')],
      ['frozen<place>', { x: 1, y: 'here' }],
      ['place', { x: 2, y: 'there' }],
      ['list<frozen<place>>', [{ x: 1, y: 'q' }]],
      ['vector<float, 3>', new Float32Array([1, 2.5, -3])],
    ];
    const shown = (value: unknown): string =>
      String(JSON.stringify(value instanceof Float32Array || value instanceof types.Vector ? [...value] : value));
    it.each(values)('%s comes back as it went', async (type, value) => {
      const table = `v_${type.replaceAll(/\W+/g, '_')}`;
      await client.execute(`CREATE TABLE nd.${table} (id int PRIMARY KEY, v ${type})`);
      const write = `INSERT INTO nd.${table} (id, v) VALUES (?, ?)`;
      for (const [id, each] of [value, null].entries()) {
        await client.execute(write, [id, each], { prepare: true });
        const { rows } = await client.execute(`SELECT v FROM nd.${table} WHERE id = ?`, [id], { prepare: true });
        const found: unknown = rows[0]?.get('v');
        expect(shown(found)).toBe(shown(each));
      }
      await client.execute(`INSERT INTO nd.${table} (id, v) VALUES (?, ?)`, [0, types.unset], { prepare: true });
      const { rows } = await client.execute(`SELECT v FROM nd.${table} WHERE id = 0`);
      expect(shown(rows[0]?.get('v'))).toBe(shown(value));
    });

    it('names values, or gives them in order', async () => {
      await client.execute('CREATE TABLE nd.named (a int, b int, c text, PRIMARY KEY (a, b))');
      const text = 'INSERT INTO nd.named (a, b, c) VALUES (:a, :b, :c)';
      await client.execute(text, { c: 'by name', a: 1, b: 1 }, { prepare: true });
      await client.execute('INSERT INTO nd.named (a, b, c) VALUES (?, ?, ?)', [1, 2, 'in order'], { prepare: true });
      expect(await rowsOf('SELECT c FROM nd.named WHERE a = ?', [1])).toEqual([['by name'], ['in order']]);
    });

    it('pages, and a page follows another when the node was killed between them', async () => {
      await client.execute('CREATE TABLE nd.pages (a int, b int, c text, PRIMARY KEY (a, b))');
      const wanted: string[] = [];
      for (let a = 0; a < 10; a++) {
        const queries = Array.from({ length: 50 }, (_, b) => ({
          query: 'INSERT INTO nd.pages (a, b, c) VALUES (?, ?, ?)',
          params: [a, b, `${a}.${b}`],
        }));
        await client.batch(queries, { prepare: true, logged: false });
        wanted.push(...queries.map(({ params }) => String(params[2])));
      }
      const found: string[] = [];
      let state: string | undefined;
      let pages = 0;
      do {
        const page: cassandra.types.ResultSet = await client.execute('SELECT c FROM nd.pages', [], {
          prepare: true,
          fetchSize: 77,
          ...(state === undefined ? {} : { pageState: state }),
        });
        found.push(...page.rows.map((row) => String(row.get('c'))));
        state = (page.pageState as string | null) ?? undefined;
        pages += 1;
        if (pages !== 3) continue;
        await node.system.kill();
        node = await startNode(join(folder, 'open'), node.port);
        await until('the driver has found the node', async () => {
          const answer = await client.execute('SELECT key FROM system.local').catch(() => undefined);
          return answer !== undefined;
        });
      } while (state !== undefined);
      expect(found.toSorted()).toEqual(wanted.toSorted());
      expect(pages).toBe(7);
    }, 60_000);

    it('is refused a paging state that is not its own', async () => {
      const page = await client.execute('SELECT c FROM nd.pages', [], { prepare: true, fetchSize: 10 });
      const state = String(page.pageState);
      const tampered = `${state.startsWith('0') ? '1' : '0'}${state.slice(1)}`;
      for (const pageState of [tampered, 'ff', '00'.repeat(100)])
        expect(
          await replies(client.execute('SELECT c FROM nd.pages', [], { prepare: true, fetchSize: 10, pageState })),
        ).toEqual({ code: types.responseErrorCodes.protocolError, message: 'Invalid value for the paging state' });
    });

    it('writes batches, counters and conditions', async () => {
      await client.execute('CREATE TABLE nd.counts (a int PRIMARY KEY, n counter)');
      const add = 'UPDATE nd.counts SET n = n + ? WHERE a = ?';
      await Promise.all(
        Array.from({ length: 50 }, () => client.execute(add, [types.Long.fromNumber(3), 1], { prepare: true })),
      );
      await client.batch([{ query: add, params: [types.Long.fromNumber(-50), 1] }], { prepare: true, counter: true });
      expect(String((await rowsOf('SELECT n FROM nd.counts'))[0]?.[0])).toBe('100');
      const insert = 'INSERT INTO nd.named (a, b, c) VALUES (?, ?, ?) IF NOT EXISTS';
      const first = await client.execute(insert, [5, 1, 'x'], { prepare: true });
      const second = await client.execute(insert, [5, 1, 'y'], { prepare: true });
      expect([first.wasApplied(), second.wasApplied(), second.first().get('c')]).toEqual([true, false, 'x']);
      const batch = await client.batch(
        [
          { query: 'UPDATE nd.named SET c = ? WHERE a = ? AND b = ? IF c = ?', params: ['z', 5, 1, 'nothing'] },
          { query: 'INSERT INTO nd.named (a, b, c) VALUES (?, ?, ?)', params: [5, 2, 'w'] },
        ],
        { prepare: true },
      );
      expect(batch.wasApplied()).toBe(false);
      expect(await rowsOf('SELECT b, c FROM nd.named WHERE a = ?', [5])).toEqual([[1, 'x']]);
    });

    it('races for one row: exactly one wins', async () => {
      const insert = 'INSERT INTO nd.named (a, b, c) VALUES (?, ?, ?) IF NOT EXISTS';
      const tries = await Promise.all(
        Array.from({ length: 40 }, (_, i) => client.execute(insert, [77, 1, `try ${i}`], { prepare: true })),
      );
      expect(tries.filter((result) => result.wasApplied())).toHaveLength(1);
    });

    it('prepares anew what the node no longer knows', async () => {
      const text = 'SELECT c FROM nd.named WHERE a = ? AND b = ?';
      expect(await rowsOf(text, [5, 1])).toEqual([['x']]);
      await client.execute('ALTER TABLE nd.named ADD d int');
      expect(await rowsOf(text, [5, 1])).toEqual([['x']]);
      // A restarted node knows none: the driver is told "unprepared", and recovers.
      await node.system.kill();
      node = await startNode(join(folder, 'open'), node.port);
      await until('the driver has found the node', async () => {
        const answer = await client.execute('SELECT key FROM system.local').catch(() => undefined);
        return answer !== undefined;
      });
      expect(await rowsOf(text, [5, 1])).toEqual([['x']]);
    }, 60_000);

    it('hears of changes of the schema', async () => {
      const other = newClient(node.port);
      await other.connect();
      try {
        await client.execute('CREATE TABLE nd.heard (a int PRIMARY KEY)');
        expect((await other.metadata.getTable('nd', 'heard')).columns).toHaveLength(1);
        await client.execute('ALTER TABLE nd.heard ADD b int');
        // Its copy is thrown away when the event comes.
        await until(
          'the other client sees the column',
          async () => (await other.metadata.getTable('nd', 'heard')).columns.length === 2,
        );
      } finally {
        await other.shutdown();
      }
    });

    const faults: readonly (readonly [text: string, code: number, message: RegExp])[] = [
      ['SELECT * FROM nowhere.t', types.responseErrorCodes.invalid, /^keyspace nowhere does not exist$/],
      ['SELECT * FROM nd.nothing', types.responseErrorCodes.invalid, /^table nothing does not exist$/],
      [
        'SELEC * FROM nd.named',
        types.responseErrorCodes.syntaxError,
        /^line 1:0 no viable alternative at input 'SELEC'/,
      ],
      [
        'SELECT * FROM nd.named WHERE c = 1',
        types.responseErrorCodes.invalid,
        /^Invalid INTEGER constant \(1\) for "c" of type text$/,
      ],
      ['SELECT * FROM nd.named WHERE b = 1', types.responseErrorCodes.invalid, /ALLOW FILTERING$/],
      [
        'INSERT INTO nd.named (a) VALUES (1)',
        types.responseErrorCodes.invalid,
        /^Some clustering keys are missing: b$/,
      ],
      [
        'CREATE TABLE nd.named (a int PRIMARY KEY)',
        types.responseErrorCodes.alreadyExists,
        /^Cannot add already existing table "named" to keyspace "nd"$/,
      ],
    ];
    it.each(faults)('%s is refused', async (text, code, message) => {
      expect(await replies(client.execute(text))).toEqual({ code, message: expect.stringMatching(message) });
    });

    it('has a thousand requests under way on one connection', async () => {
      await client.execute('CREATE TABLE nd.many (a int PRIMARY KEY, b text)');
      const ids = Array.from({ length: 2_000 }, (_, i) => i);
      await Promise.all(
        ids.map((id) => client.execute('INSERT INTO nd.many (a, b) VALUES (?, ?)', [id, `v${id}`], { prepare: true })),
      );
      const found = await Promise.all(
        ids.map((id) => client.execute('SELECT b FROM nd.many WHERE a = ?', [id], { prepare: true })),
      );
      expect(found.map((result) => result.first().get('b') as string)).toEqual(ids.map((id) => `v${id}`));
    }, 60_000);
  });
});

describe('a node with passwords', () => {
  let node: CqlNode;
  beforeAll(async () => {
    node = await startNode(
      join(folder, 'closed'),
      0,
      '--cql-authenticator',
      'password',
      '--cql-authorizer',
      'permissions',
    );
  }, 60_000);
  afterAll(async () => {
    expect(await node.system.stop()).toBe(0);
  }, 60_000);
  const as = async <T>(
    username: string,
    password: string,
    act: (client: cassandra.Client) => Promise<T>,
  ): Promise<T> => {
    const client = newClient(node.port, {
      authProvider: new cassandra.auth.PlainTextAuthProvider(username, password),
    });
    try {
      await client.connect();
      return await act(client);
    } finally {
      await client.shutdown();
    }
  };

  it('takes the first role, and no wrong password, no unknown role and nobody without a name', async () => {
    await as('cassandra', 'cassandra', async (client) => client.execute(simpleKeyspace('guarded')));
    const refused = {
      code: undefined,
      message: expect.stringMatching(/Provided username .* and\/or password are incorrect/),
    };
    expect(await replies(as('cassandra', 'wrong', (client) => client.execute('SELECT * FROM system.local')))).toEqual(
      refused,
    );
    expect(await replies(as('nobody', 'cassandra', (client) => client.execute('SELECT * FROM system.local')))).toEqual(
      refused,
    );
    const client = newClient(node.port);
    expect((await replies(client.connect())).message).toMatch(/authentication/i);
    await client.shutdown();
  }, 60_000);

  it('lets roles do what they were granted', async () => {
    await as('cassandra', 'cassandra', async (client) => {
      await client.execute('CREATE TABLE guarded.t (a int PRIMARY KEY, b int)');
      await client.execute(`CREATE ROLE reader WITH PASSWORD = 'secret' AND LOGIN = true`);
      await client.execute(`CREATE ROLE sleeper WITH PASSWORD = 'secret' AND LOGIN = false`);
      await client.execute('GRANT SELECT ON KEYSPACE guarded TO reader');
      const { rows } = await client.execute('LIST ROLES');
      expect(rows.map((row) => row.get('role') as string).toSorted()).toEqual(['cassandra', 'reader', 'sleeper']);
    });
    await as('reader', 'secret', async (client) => {
      expect((await client.execute('SELECT * FROM guarded.t')).rows).toEqual([]);
      expect(await replies(client.execute('INSERT INTO guarded.t (a, b) VALUES (1, 1)'))).toEqual({
        code: types.responseErrorCodes.unauthorized,
        message: 'User reader has no MODIFY permission on <table guarded.t> or any of its parents',
      });
      expect((await replies(client.execute('DROP TABLE guarded.t'))).code).toBe(types.responseErrorCodes.unauthorized);
    });
    expect(
      (await replies(as('sleeper', 'secret', (client) => client.execute('SELECT * FROM system.local')))).message,
    ).toMatch(/sleeper is not permitted to log in/);
    await as('cassandra', 'cassandra', (client) => client.execute('GRANT MODIFY ON guarded.t TO reader'));
    await as('reader', 'secret', (client) => client.execute('INSERT INTO guarded.t (a, b) VALUES (1, 1)'));
    await as('cassandra', 'cassandra', (client) => client.execute(`ALTER ROLE reader WITH PASSWORD = 'other'`));
    expect(
      (await replies(as('reader', 'secret', (client) => client.execute('SELECT * FROM guarded.t')))).message,
    ).toMatch(/incorrect/);
    await as('reader', 'other', (client) => client.execute('SELECT * FROM guarded.t'));
  }, 60_000);
});
