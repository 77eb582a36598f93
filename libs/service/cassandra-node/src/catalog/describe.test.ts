/** DESCRIBE: what it prints, to the letter, and that it is the whole schema. */
import { describe as group, expect, test } from '@jest/globals';
import type { DescribeTarget, PropertyValue } from '@skerry/protocol-cql';
import { describe, type DescribeContext } from './describe.ts';
import type { DdlStatement } from './execute.ts';
import { add, drop, index, keyspace, name, run, sample, table, texts, udt, view } from './fixture.ts';
import { describeContext, remade, schemaTexts, statementsOf, type Parse } from './round-trip-fixture.ts';
import type { Snapshot } from './state.ts';
import { defaultOptions } from './table-options.ts';

const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const rowsOf = (snapshot: Snapshot, target: DescribeTarget, more: Partial<DescribeContext> = {}) => {
  const result = describe(snapshot, target, { ...describeContext, withInternals: false, ...more });
  if (!result.ok) throw new Error(result.error.message);
  return result.value.rows.map((row) => row.map(decode));
};

/** As the table of Cassandra's own test has them, with its defaults. */
const optionLines = (isView: boolean, changed: Readonly<Record<string, string>> = {}): string =>
  Object.entries({
    additional_write_policy: "'99p'",
    allow_auto_snapshot: 'true',
    bloom_filter_fp_chance: '0.01',
    caching: "{'keys': 'ALL', 'rows_per_partition': 'NONE'}",
    cdc: 'false',
    comment: "''",
    compaction:
      "{'class': 'org.apache.cassandra.db.compaction.SizeTieredCompactionStrategy', 'max_threshold': '32', 'min_threshold': '4'}",
    compression: "{'chunk_length_in_kb': '16', 'class': 'org.apache.cassandra.io.compress.LZ4Compressor'}",
    memtable: "'default'",
    crc_check_chance: '1.0',
    ...(isView ? {} : { default_time_to_live: '0' }),
    extensions: '{}',
    gc_grace_seconds: '864000',
    incremental_backups: 'true',
    max_index_interval: '2048',
    memtable_flush_period_in_ms: '0',
    min_index_interval: '128',
    read_repair: "'BLOCKING'",
    speculative_retry: "'99p'",
    ...changed,
  })
    .map(([option, value]) => `${option} = ${value}`)
    .join('\n    AND ');

/** What the parser makes of the option lines. */
const written: Readonly<Record<string, PropertyValue>> = {
  ...Object.fromEntries(defaultOptions.options),
  gc_grace_seconds: 864_000,
};
const tableWritten = { ...written, default_time_to_live: 0 };
const simple = texts({ class: 'SimpleStrategy', replication_factor: '1' });

/** A text, and the tree that it is. */
const golden: readonly (readonly [string, DdlStatement])[] = [
  [
    "CREATE KEYSPACE test WITH replication = {'class': 'SimpleStrategy', 'replication_factor': '1'}  AND durable_writes = true;",
    keyspace('test', simple, { durable: true }),
  ],
  ['CREATE TYPE test.inner (\n    "A" int,\n    "select" text\n);', udt('test.inner', 'A int, select text')],
  ['CREATE TYPE test.a_outer (\n    i frozen<inner>\n);', udt('test.a_outer', 'i frozen<inner>')],
  [
    'CREATE TABLE test.has_types (\n    k int PRIMARY KEY,\n    d frozen<a_outer>,\n    v text,\n    z varint,\n' +
      `    m map<text, int>\n) WITH ${optionLines(false, { comment: "'it''s'", bloom_filter_fp_chance: '1.1E-4' })};`,
    table('test.has_types', 'k int PRIMARY KEY, d frozen<a_outer>, v text, z varint, m map<text, int>', {
      ...tableWritten,
      comment: "it's",
      bloom_filter_fp_chance: 0.000_11,
    }),
  ],
  [
    'CREATE TABLE test."Test" (\n    id int,\n    "Col" int,\n    s text static,\n    val text,\n    PRIMARY KEY (id, "Col")\n' +
      `) WITH CLUSTERING ORDER BY ("Col" DESC)\n    AND ${optionLines(false)};`,
    table('test.Test', 'id int, Col int, s text static, val text, PRIMARY KEY (id, Col)', tableWritten, {
      order: 'Col DESC',
    }),
  ],
  ['CREATE INDEX "Test_val_idx" ON test."Test" (val);', index('test.Test', 'val', { name: 'Test_val_idx' })],
  [
    `CREATE TABLE test.users (\n    userid text PRIMARY KEY,\n    age int,\n    tags set<text>\n) WITH ${optionLines(false)};`,
    table('test.users', 'userid text PRIMARY KEY, age int, tags set<text>', tableWritten),
  ],
  ['CREATE INDEX mytags ON test.users (values(tags));', index('test.users', 'values(tags)', { name: 'mytags' })],
  [
    "CREATE CUSTOM INDEX mysai ON test.users (values(tags)) USING 'sai' WITH OPTIONS = {'ascii': 'true'};",
    index('test.users', 'values(tags)', { name: 'mysai', className: 'sai', options: { ascii: 'true' } }),
  ],
  [
    'CREATE MATERIALIZED VIEW test.users_by_age AS\n    SELECT age, userid\n    FROM test.users\n' +
      '    WHERE age IS NOT NULL AND userid IS NOT NULL\n    PRIMARY KEY (age, userid)\n' +
      ` WITH CLUSTERING ORDER BY (userid ASC)\n    AND ${optionLines(true)};`,
    view('test.users_by_age', 'test.users', 'age, userid', {
      columns: ['age', 'userid'],
      order: 'userid ASC',
      options: written,
    }),
  ],
];
const parse: Parse = (text) => {
  const found = golden.find(([of]) => of === text);
  return found === undefined ? { ok: false, error: 'no such text' } : { ok: true, value: found[1] };
};

group('what is printed', () => {
  // The names' order without case: has_types, Test, users. Of types, what is inside another first. Indexes by name.
  const order = [0, 1, 2, 3, 4, 5, 6, 8, 7, 9];
  const { snapshot } = run(golden.map(([, tree]) => tree));

  test('a schema, to the letter', () => {
    expect(schemaTexts(snapshot, false)).toEqual(order.map((at) => golden[at]![0]));
  });
  test('parsed and executed again it is the same schema', () => {
    expect(schemaTexts(remade(snapshot, false, parse), false)).toEqual(schemaTexts(snapshot, false));
  });
  test('with internals a table has its id, its dropped columns, and what was done with them', () => {
    const changed = run(
      [drop('test.users', ['tags'], 77), add('test.users', 'tags set<text>')],
      run([
        keyspace('test'),
        table('test.users', 'userid text PRIMARY KEY, age int, tags set<text>', {
          id: '5a1c395e-b41f-11e5-9f22-ba0be0483c18',
        }),
        drop('test.users', ['age'], 1_589_286_942_065_000),
      ]).snapshot,
    ).snapshot;
    const text = schemaTexts(changed, true)[1]!;
    expect(text).toBe(
      'CREATE TABLE test.users (\n    userid text PRIMARY KEY,\n    age int,\n    tags set<text>\n' +
        `) WITH ID = 5a1c395e-b41f-11e5-9f22-ba0be0483c18\n    AND ${optionLines(false)};\n` +
        'ALTER TABLE test.users DROP age USING TIMESTAMP 1589286942065000;\n' +
        'ALTER TABLE test.users DROP tags USING TIMESTAMP 77;\n' +
        'ALTER TABLE test.users ADD tags set<text>;',
    );
    const trees: Readonly<Record<string, DdlStatement>> = {
      [statementsOf(text)[0]!]: table('test.users', 'userid text PRIMARY KEY, age int, tags set<text>', {
        ...tableWritten,
        id: '5a1c395e-b41f-11e5-9f22-ba0be0483c18',
      }),
      'ALTER TABLE test.users DROP age USING TIMESTAMP 1589286942065000;': drop(
        'test.users',
        ['age'],
        1_589_286_942_065_000,
      ),
      'ALTER TABLE test.users DROP tags USING TIMESTAMP 77;': drop('test.users', ['tags'], 77),
      'ALTER TABLE test.users ADD tags set<text>;': add('test.users', 'tags set<text>'),
      [golden[0]![0]]: golden[0]![1],
    };
    const again = remade(changed, true, (of) => {
      const value = trees[of];
      return value === undefined ? { ok: false, error: 'no such text' } : { ok: true, value };
    });
    expect(schemaTexts(again, true)).toEqual(schemaTexts(changed, true));
  });
  test('a virtual table is shown in a comment', () => {
    const rows = rowsOf(snapshot, { kind: 'table', name: name('system_views.settings') });
    expect(rows).toEqual([
      [
        'system_views',
        'table',
        'settings',
        '/*\nWarning: Table system_views.settings is a virtual table and cannot be recreated with CQL.\n' +
          'Structure, for reference:\nVIRTUAL TABLE system_views.settings (\n    name text PRIMARY KEY,\n    value text\n' +
          ") WITH comment = 'current settings';\n*/",
      ],
    ]);
  });
});

group('who is found', () => {
  const { snapshot } = run(sample);
  const first = (target: DescribeTarget, more: Partial<DescribeContext> = {}): readonly (readonly string[])[] =>
    rowsOf(snapshot, target, more).map((row) => row.slice(0, 3));
  const inKs = { keyspace: 'ks' };

  test('keyspaces', () => {
    expect(first({ kind: 'keyspaces' }).map((row) => row[2])).toEqual([
      'ks',
      'system',
      'system_auth',
      'system_distributed',
      'system_schema',
      'system_traces',
      'system_views',
      'system_virtual_schema',
    ]);
  });
  test('tables and types of the session’s keyspace, or of all', () => {
    expect(first({ kind: 'tables' }, inKs)).toEqual([
      ['ks', 'table', 'hits'],
      ['ks', 'table', 'plain'],
      ['ks', 'table', 'users'],
    ]);
    expect(first({ kind: 'types' }, inKs)).toEqual([
      ['ks', 'type', 'address'],
      ['ks', 'type', 'person'],
    ]);
    expect(first({ kind: 'functions' }, inKs)).toEqual([]);
    expect(first({ kind: 'tables' }).length).toBeGreaterThan(50);
    expect(first({ kind: 'tables' })).toContainEqual(['system', 'table', '"IndexInfo"']);
  });
  test('a table with its indexes and views', () => {
    expect(first({ kind: 'table', name: name('plain') }, inKs)).toEqual([
      ['ks', 'table', 'plain'],
      ['ks', 'index', 'by_key'],
      ['ks', 'index', 'plain_v_idx'],
      ['ks', 'materialized_view', 'by_v'],
    ]);
  });
  test.each<readonly [string, string, string]>([
    ['ks', 'keyspace', 'ks'],
    ['ks.plain', 'table', 'plain'],
    ['ks.by_key', 'index', 'by_key'],
    ['ks.by_v', 'materialized_view', 'by_v'],
  ])('DESCRIBE %s finds a %s', (of, kind, found) => {
    expect(first({ kind: 'any', name: name(of) })[0]).toEqual(['ks', kind, found]);
  });
  test('one thing by its kind', () => {
    expect(first({ kind: 'index', name: name('by_key') }, inKs)).toHaveLength(1);
    expect(first({ kind: 'view', name: name('by_v') }, inKs)).toHaveLength(1);
    expect(first({ kind: 'type', name: name('ks.person') })).toHaveLength(1);
    expect(first({ kind: 'keyspace', name: undefined, only: true }, inKs)).toHaveLength(1);
    expect(first({ kind: 'keyspace', name: 'ks', only: false })).toHaveLength(10);
    expect(first({ kind: 'schema', full: true }).length).toBeGreaterThan(60);
  });
  test.each<readonly [string, DescribeTarget, string, string | undefined]>([
    ['a keyspace', { kind: 'keyspace', name: 'no', only: false }, "'no' not found in keyspaces", undefined],
    [
      'no keyspace at all',
      { kind: 'keyspace', name: undefined, only: false },
      'No keyspace specified and no current keyspace',
      undefined,
    ],
    ['a table', { kind: 'table', name: name('ks.no') }, "Table 'no' not found in keyspace 'ks'", undefined],
    ['an index', { kind: 'index', name: name('ks.no') }, "Table for existing index 'no' not found in 'ks'", undefined],
    ['a view', { kind: 'view', name: name('ks.no') }, "Materialized view 'no' not found in 'ks'", undefined],
    ['a type', { kind: 'type', name: name('ks.no') }, "User defined type 'no' not found in 'ks'", undefined],
    [
      'a function',
      { kind: 'function', name: name('ks.no') },
      "User defined function 'no' not found in 'ks'",
      undefined,
    ],
    [
      'an aggregate',
      { kind: 'aggregate', name: name('ks.no') },
      "User defined aggregate 'no' not found in 'ks'",
      undefined,
    ],
    ['anything', { kind: 'any', name: name('no') }, "'no' not found in keyspaces", undefined],
    ['anything in a keyspace', { kind: 'any', name: name('no') }, "'no' not found in keyspace 'ks'", 'ks'],
  ])('%s that is not there', (_, target, message, keyspace_) => {
    const result = describe(snapshot, target, { ...describeContext, keyspace: keyspace_ });
    expect(result).toEqual({ ok: false, error: { kind: 'invalid', message } });
  });
  test('the cluster, and in a user’s keyspace who has which range', () => {
    const plain = describe(snapshot, { kind: 'cluster' }, describeContext);
    expect(plain.ok && plain.value.rows[0]!.map(decode)).toEqual([
      'Test Cluster',
      'Murmur3Partitioner',
      'SimpleSnitch',
    ]);
    const rangeOwnership = () => new Map([['-5', ['127.0.0.1:7000']]]);
    const owned = describe(snapshot, { kind: 'cluster' }, { ...describeContext, keyspace: 'ks', rangeOwnership });
    if (!owned.ok) throw new Error(owned.error.message);
    expect(owned.value.columns[3]).toEqual({
      name: 'range_ownership',
      type: {
        kind: 'map',
        key: { kind: 'text' },
        value: { kind: 'list', element: { kind: 'text' }, frozen: true },
        frozen: true,
      },
    });
    const address = [...new TextEncoder().encode('127.0.0.1:7000')];
    expect([...owned.value.rows[0]![3]!]).toEqual([
      0,
      0,
      0,
      1,
      0,
      0,
      0,
      2,
      0x2d,
      0x35,
      0,
      0,
      0,
      22,
      0,
      0,
      0,
      1,
      0,
      0,
      0,
      14,
      ...address,
    ]);
  });
});
