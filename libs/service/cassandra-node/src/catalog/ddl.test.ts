/** Every statement of the schema: what it makes, and what it refuses in Cassandra's words. */
import { describe, expect, test } from '@jest/globals';
import type { Term } from '@skerry/protocol-cql';
import { findTable } from './catalog.ts';
import { allColumns } from './columns.ts';
import type { SchemaChange } from './context.ts';
import type { DdlStatement } from './execute.ts';
import type { Fault } from './fault.ts';
import {
  add,
  addField,
  alter,
  alterUdt,
  contextOf,
  drop,
  index,
  keyspace,
  name,
  props,
  remove,
  removeKeyspace,
  rename,
  run,
  sample,
  table,
  texts,
  type,
  udt,
  view,
  withOptions,
} from './fixture.ts';
import { typeName } from './type-names.ts';

type Kind = Fault['kind'];
type Refused = readonly [
  rule: string,
  statement: DdlStatement,
  kind: Kind,
  message: string,
  before?: readonly DdlStatement[],
];

const base = run(sample).snapshot;
const refuses = (rows: readonly Refused[]): void => {
  test.each(rows)('%s', (_, statement, kind, message, before = []) => {
    const { result } = run([...before, statement], base);
    expect(result).toMatchObject({ ok: false, error: { kind, message } });
  });
};
const network = (options: Readonly<Record<string, string>>): ReadonlyMap<string, string> =>
  texts({ class: 'NetworkTopologyStrategy', ...options });
const ks = (given: Readonly<Record<string, string>>): DdlStatement => keyspace('new', texts(given));

describe('keyspaces', () => {
  refuses([
    ['one that exists', keyspace('ks'), 'alreadyExists', 'Cannot add existing keyspace "ks"'],
    [
      'no replication',
      { kind: 'createKeyspace', name: 'new', ifNotExists: false, properties: props() },
      'invalid',
      "Missing mandatory option 'replication'",
    ],
    [
      'an unknown property',
      { kind: 'createKeyspace', name: 'new', ifNotExists: false, properties: props({ colour: 'red' }) },
      'syntax',
      "Unknown property 'colour'",
    ],
    [
      'replication that is no map',
      { kind: 'createKeyspace', name: 'new', ifNotExists: false, properties: props({ replication: 'x' }) },
      'syntax',
      "Invalid value for property 'replication'. It should be a map.",
    ],
    ['no class', ks({ replication_factor: '1' }), 'configuration', 'Missing replication strategy class'],
    [
      'an unknown class',
      ks({ class: 'Foo' }),
      'configuration',
      "Unable to find replication strategy class 'org.apache.cassandra.locator.Foo'",
    ],
    [
      'the local class',
      ks({ class: 'LocalStrategy' }),
      'invalid',
      'Unable to use given strategy class: LocalStrategy is reserved for internal use.',
    ],
    [
      'an unknown option',
      ks({ class: 'SimpleStrategy', replication_factor: '1', dc1: '2' }),
      'configuration',
      'Unrecognized strategy option {dc1} passed to SimpleStrategy for keyspace new',
    ],
    [
      'a factor that is no number',
      ks({ class: 'SimpleStrategy', replication_factor: 'x' }),
      'configuration',
      'For input string: "x"',
    ],
    [
      'a negative factor',
      ks({ class: 'SimpleStrategy', replication_factor: '-1' }),
      'configuration',
      'Replication factor must be non-negative, found -1',
    ],
    [
      'an unknown data center',
      keyspace('new', network({ dc9: '1' })),
      'configuration',
      'Unrecognized strategy option {dc9} passed to NetworkTopologyStrategy for keyspace new',
    ],
    [
      'no data center',
      keyspace('new', network({ datacenter1: '0' })),
      'configuration',
      'Configuration for at least one datacenter must be present',
    ],
    [
      'a long name',
      keyspace('a'.repeat(49)),
      'invalid',
      `Keyspace name must not be more than 48 characters long (got 49 characters for "${'a'.repeat(49)}")`,
    ],
    ['a system keyspace made', keyspace('system'), 'invalid', "System keyspace 'system' is not user-modifiable"],
    [
      'a system keyspace altered',
      { kind: 'alterKeyspace', name: 'system', ifExists: false, properties: props() },
      'unauthorized',
      'system keyspace is not user-modifiable.',
    ],
    [
      'a replicated system keyspace dropped',
      removeKeyspace('system_auth'),
      'unauthorized',
      'Cannot DROP <keyspace system_auth>',
    ],
    [
      'none to alter',
      { kind: 'alterKeyspace', name: 'no', ifExists: false, properties: props() },
      'invalid',
      "Keyspace 'no' doesn't exist",
    ],
    ['none to drop', removeKeyspace('no'), 'invalid', "Keyspace 'no' doesn't exist"],
  ]);
  test('one factor stands for every data center that has none', () => {
    const { snapshot } = run([keyspace('new', network({ replication_factor: '2' }))]);
    expect([...snapshot.keyspaces.get('new')!.replication.options]).toEqual([['datacenter1', '2']]);
  });
  test.each<readonly [string, readonly DdlStatement[], readonly (readonly [string, string])[]]>([
    ['SimpleStrategy', [ks({ class: 'SimpleStrategy' })], [['replication_factor', '1']]],
    ['NetworkTopologyStrategy', [keyspace('new', network({}))], [['datacenter1', '1']]],
    [
      'NetworkTopologyStrategy after SimpleStrategy',
      [
        ks({ class: 'SimpleStrategy', replication_factor: '3' }),
        { kind: 'alterKeyspace', name: 'new', ifExists: false, properties: props({ replication: network({}) }) },
      ],
      [['datacenter1', '3']],
    ],
  ])('%s without a factor has a default', (_, statements, options) => {
    expect([...run(statements).snapshot.keyspaces.get('new')!.replication.options]).toEqual(options);
  });
  test('more replicas than nodes is a warning', () => {
    const { result } = run([keyspace('new', texts({ class: 'SimpleStrategy', replication_factor: '3' }))]);
    expect(result.ok && result.value.warnings).toEqual([
      'Your replication factor 3 for keyspace new is higher than the number of nodes 1',
    ]);
  });
  test('the replication of system_auth may be altered', () => {
    const { result, snapshot } = run([
      {
        kind: 'alterKeyspace',
        name: 'system_auth',
        ifExists: false,
        properties: props({ replication: network({ datacenter1: '3' }) }),
      },
    ]);
    expect(result.ok && result.value.change).toEqual({
      change: 'UPDATED',
      target: 'KEYSPACE',
      keyspace: 'system_auth',
      name: undefined,
    });
    expect(snapshot.keyspaces.get('system_auth')!.replication.strategy).toBe('NetworkTopologyStrategy');
  });
  test('dropping one drops the rows of all its tables, views and indexes', () => {
    const { result } = run([removeKeyspace('ks')], base);
    expect(result.ok && result.value.dropped).toHaveLength(7);
  });
});

const t = (columns: string, options = {}, more = {}): DdlStatement => table('new', columns, options, more);
const configuration = (rule: string, options: Readonly<Record<string, unknown>>, message: string): Refused => [
  rule,
  t('k int PRIMARY KEY', options),
  'configuration',
  message,
];

describe('CREATE TABLE', () => {
  refuses([
    [
      'one that exists',
      table('plain', 'k int PRIMARY KEY'),
      'alreadyExists',
      'Cannot add already existing table "plain" to keyspace "ks"',
    ],
    [
      'the name of a view',
      table('by_v', 'k int PRIMARY KEY'),
      'alreadyExists',
      'Cannot add already existing table "by_v" to keyspace "ks"',
    ],
    ['no such keyspace', table('no.t', 'k int PRIMARY KEY'), 'invalid', "Keyspace 'no' doesn't exist"],
    [
      'a system keyspace',
      table('system.t', 'k int PRIMARY KEY'),
      'unauthorized',
      'system keyspace is not user-modifiable.',
    ],
    [
      'system_auth',
      table('system_auth.t', 'k int PRIMARY KEY'),
      'unauthorized',
      'Cannot CREATE <all tables in system_auth>',
    ],
    ['no key', t('k int'), 'invalid', "No PRIMARY KEY specifed for table 'new' (exactly one required)"],
    [
      'two keys',
      table('ks.new', 'k int PRIMARY KEY, PRIMARY KEY (k)'),
      'invalid',
      "Multiple PRIMARY KEY specified for table 'ks.new' (exactly one required)",
    ],
    [
      'a column twice',
      t('k int PRIMARY KEY, v int, v text'),
      'invalid',
      "Duplicate column 'v' declaration for table 'new'",
    ],
    [
      'an unknown key column',
      t('k int, PRIMARY KEY (k, c)'),
      'invalid',
      "Unknown column 'c' referenced in PRIMARY KEY for table 'new'",
    ],
    [
      'a key column twice',
      t('k int, PRIMARY KEY (k, k)'),
      'invalid',
      "Duplicate column 'k' in PRIMARY KEY clause for table 'new'",
    ],
    [
      'a collection as key',
      t('k set<int> PRIMARY KEY'),
      'invalid',
      "Invalid non-frozen collection type set<int> for PRIMARY KEY column 'k'",
    ],
    [
      'a user type as key',
      t('k address PRIMARY KEY'),
      'invalid',
      'Invalid non-frozen user-defined type "ks.address" for PRIMARY KEY column \'k\'',
    ],
    [
      'a counter as key',
      t('k counter PRIMARY KEY'),
      'invalid',
      "counter type is not supported for PRIMARY KEY column 'k'",
    ],
    [
      'a duration as key',
      t('k frozen<list<duration>> PRIMARY KEY'),
      'invalid',
      "duration type is not supported for PRIMARY KEY column 'k'",
    ],
    [
      'a static key',
      t('k int, c int static, PRIMARY KEY (k, c)'),
      'invalid',
      "Static column 'c' cannot be part of the PRIMARY KEY",
    ],
    [
      'a static without clustering',
      t('k int PRIMARY KEY, s int static'),
      'invalid',
      'Static columns are only useful (and thus allowed) if the table has at least one clustering column',
    ],
    [
      'an order of no clustering column',
      t('k int PRIMARY KEY', {}, { order: 'k DESC' }),
      'invalid',
      'Only clustering key columns can be defined in CLUSTERING ORDER directive: [k] are not clustering columns',
    ],
    [
      'the wrong order',
      t('k int, a int, b int, PRIMARY KEY (k, a, b)', {}, { order: 'b DESC, a ASC' }),
      'invalid',
      'The order of columns in the CLUSTERING ORDER directive must match that of the clustering columns (a must appear before b)',
    ],
    [
      'an order with a gap',
      t('k int, a int, b int, PRIMARY KEY (k, a, b)', {}, { order: 'b DESC' }),
      'invalid',
      'Missing CLUSTERING ORDER for column a',
    ],
    [
      'an order twice',
      t('k int, a int, PRIMARY KEY (k, a)', {}, { order: 'a DESC, a ASC' }),
      'invalid',
      "Duplicate column 'a' in CLUSTERING ORDER BY clause for table 'new'",
    ],
    [
      'counters beside others',
      t('k int PRIMARY KEY, n counter, v int'),
      'invalid',
      'Cannot mix counter and non counter columns in the same table',
    ],
    [
      'counters that end',
      t('k int PRIMARY KEY, n counter', { default_time_to_live: 5 }),
      'invalid',
      'Cannot set default_time_to_live on a table with counters',
    ],
    [
      'compact storage',
      t('k int PRIMARY KEY, v int', {}, { compact: true }),
      'invalid',
      'Guardrail compact_tables violated: Creation of new COMPACT STORAGE tables is not allowed',
    ],
    [
      'a name with a hyphen',
      table('a-b', 'k int PRIMARY KEY'),
      'configuration',
      'ks.a-b: Table name must not be empty or not contain non-alphanumeric-underscore characters (got "a-b")',
    ],
    ['an id that is none', t('k int PRIMARY KEY', { id: 'x' }), 'configuration', 'Invalid table id'],
  ]);
  test('without keyspace and without USE', () => {
    expect(run([t('k int PRIMARY KEY')], base, contextOf(undefined)).result).toMatchObject({ ok: true });
  });
});

describe('types', () => {
  const nope = (rule: string, of: string, message: string, kind: Kind = 'invalid'): Refused => [
    rule,
    t(`k int PRIMARY KEY, v ${of}`),
    kind,
    message,
  ];
  refuses([
    nope('unknown', 'foo', 'Unknown type ks.foo'),
    nope(
      'of another keyspace',
      'other.address',
      'Statement on keyspace ks cannot refer to a user type in keyspace other; user types can only be used in the keyspace they are defined in',
    ),
    nope(
      'a list in a list',
      'list<list<int>>',
      'Non-frozen collections are not allowed inside collections: list<list<int>>',
    ),
    nope(
      'a list as a value of a map',
      'map<int, list<int>>',
      'Non-frozen collections are not allowed inside collections: map<int, list<int>>',
    ),
    nope('a user type in a set', 'set<address>', 'Non-frozen UDTs are not allowed inside collections: set<address>'),
    nope('a counter in a list', 'list<counter>', 'Counters are not allowed inside collections: list<counter>'),
    nope('a counter in a tuple', 'tuple<int, counter>', 'Counters are not allowed inside tuples'),
    nope('a duration in a set', 'set<duration>', 'Durations are not allowed inside sets: set<duration>'),
    nope(
      'a duration as a key of a map',
      'map<duration, int>',
      'Durations are not allowed as map keys: map<duration, int>',
    ),
    nope(
      'frozen of a native',
      'frozen<int>',
      'frozen<> is only allowed on collections, tuples, and user-defined types (got int)',
    ),
    nope('a vector of nothing', 'vector<float, 0>', 'vectors may only have positive dimensions; given 0'),
  ]);
  test.each([
    ['varchar', 'text'],
    ['map<int, text>', 'map<int, text>'],
    ['frozen<list<list<int>>>', 'frozen<list<frozen<list<int>>>>'],
    ['list<frozen<address>>', 'list<frozen<address>>'],
    ['tuple<int, list<text>>', 'frozen<tuple<int, frozen<list<text>>>>'],
    ['vector<float, 3>', 'vector<float, 3>'],
    ['address', 'address'],
  ])('%s is %s', (written, shown) => {
    const { snapshot } = run([t(`k int PRIMARY KEY, v ${written}`)], base);
    expect(typeName(findTable(snapshot, 'ks', 'new')!.regulars[0]!.type)).toBe(shown);
  });
  test('a class of Java is the native type', () => {
    const statement = t('k int PRIMARY KEY');
    if (statement.kind !== 'createTable') throw new Error('no table');
    const class_ = { kind: 'class', className: 'org.apache.cassandra.db.marshal.UTF8Type' } as const;
    const columns = [...statement.columns, { ...statement.columns[0]!, name: 'v', type: class_, isPrimaryKey: false }];
    const { snapshot } = run([{ ...statement, columns }], base);
    expect(findTable(snapshot, 'ks', 'new')!.regulars[0]!.type).toEqual({ kind: 'text' });
  });
});

describe('options of a table', () => {
  refuses([
    ['unknown', t('k int PRIMARY KEY', { colour: 1 }), 'syntax', "Unknown property 'colour'"],
    [
      'an integer that is none',
      t('k int PRIMARY KEY', { gc_grace_seconds: 'x' }),
      'syntax',
      "Invalid integer value x for 'gc_grace_seconds'",
    ],
    [
      'a double that is none',
      t('k int PRIMARY KEY', { crc_check_chance: 'x' }),
      'syntax',
      "Invalid double value x for 'crc_check_chance'",
    ],
    [
      'a boolean that is none',
      t('k int PRIMARY KEY', { cdc: 'x' }),
      'syntax',
      "Invalid boolean value x for 'cdc'. Positive values can be '1', 'true' or 'yes'. Negative values can be '0', 'false' or 'no'.",
    ],
    configuration(
      'bloom filter',
      { bloom_filter_fp_chance: 0 },
      'bloom_filter_fp_chance must be larger than 6.71E-5 and less than or equal to 1.0 (got 0.0)',
    ),
    configuration(
      'crc',
      { crc_check_chance: 2 },
      'crc_check_chance must be larger than or equal to 0 and smaller than or equal to 1.0 (got 2.0)',
    ),
    configuration(
      'a negative TTL',
      { default_time_to_live: -1 },
      'default_time_to_live must be greater than or equal to 0 (got -1)',
    ),
    configuration(
      'too long a TTL',
      { default_time_to_live: 630_720_001 },
      'default_time_to_live must be less than or equal to 630720000 (got 630720001)',
    ),
    configuration('grace', { gc_grace_seconds: -1 }, 'gc_grace_seconds must be greater than or equal to 0 (got -1)'),
    configuration(
      'index intervals',
      { max_index_interval: 1 },
      'max_index_interval must be greater than or equal to min_index_interval (128) (got 1)',
    ),
    configuration('memtable', { memtable: 'no' }, 'Memtable configuration "no" not found.'),
    configuration(
      'caching',
      { caching: texts({ x: 'y' }) },
      "Invalid caching sub-options [x]: only 'keys' and 'rows_per_partition' are allowed",
    ),
    configuration(
      'caching of keys',
      { caching: texts({ keys: 'y' }) },
      "Invalid value 'y' for caching sub-option 'keys': only 'ALL' and 'NONE' are allowed",
    ),
    configuration(
      'compaction without class',
      { compaction: texts({ x: 'y' }) },
      "Missing sub-option 'class' for the 'compaction' option",
    ),
    configuration(
      'compaction of no class',
      { compaction: texts({ class: 'Foo' }) },
      "Unable to find compaction strategy class 'org.apache.cassandra.db.compaction.Foo'",
    ),
    configuration(
      'compaction with more',
      { compaction: texts({ class: 'SizeTieredCompactionStrategy', x: 'y' }) },
      'Properties specified [x] are not understood by SizeTieredCompactionStrategy',
    ),
    configuration(
      'thresholds',
      { compaction: texts({ class: 'SizeTieredCompactionStrategy', min_threshold: '1' }) },
      'Min compaction threshold cannot be less than 2 (got 1)',
    ),
    configuration(
      'compression without class',
      { compression: texts({ chunk_length_in_kb: '16' }) },
      "Missing sub-option 'class' for the 'compression' option.",
    ),
    configuration(
      'compression of no class',
      { compression: texts({ class: 'Foo' }) },
      'Could not create Compression for type org.apache.cassandra.io.compress.Foo',
    ),
    configuration(
      'chunks',
      { compression: texts({ class: 'LZ4Compressor', chunk_length_in_kb: '31' }) },
      'chunk_length_in_kb must be a power of 2',
    ),
    configuration(
      'speculation of one kind',
      { speculative_retry: 'min(99p,90p)' },
      "Invalid value min(99p,90p) for option 'speculative_retry': MIN()/MAX() arguments should be of different types, but both are of type PERCENTILE",
    ),
    configuration(
      'speculation',
      { speculative_retry: '100p' },
      "Invalid value 100p for PERCENTILE option 'speculative_retry': must be between (0.0 and 100.0)",
    ),
  ]);
  test.each([
    ['compression', texts({ enabled: 'false' }), texts({ enabled: 'false' })],
    ['compression', texts({}), texts({ enabled: 'false' })],
    ['speculative_retry', '50MS', '50ms'],
    ['speculative_retry', 'none', 'NEVER'],
    ['speculative_retry', '99PERCENTILE', '99p'],
    ['speculative_retry', 'min(99p,50ms)', 'MIN(99p,50ms)'],
    ['speculative_retry', 'MAX(50ms, 99.5p)', 'MAX(99.5p,50ms)'],
    ['cdc', 'yes', true],
    ['caching', texts({ keys: 'none', rows_per_partition: '10' }), texts({ keys: 'NONE', rows_per_partition: '10' })],
    [
      'compaction',
      texts({ class: 'LeveledCompactionStrategy' }),
      texts({
        class: 'org.apache.cassandra.db.compaction.LeveledCompactionStrategy',
        max_threshold: '32',
        min_threshold: '4',
      }),
    ],
  ])('%s %s is kept as %s', (option, given, kept) => {
    const { snapshot } = run([t('k int PRIMARY KEY', { [option]: given })], base);
    expect(findTable(snapshot, 'ks', 'new')!.options.get(option)).toEqual(kept);
  });
  test('a leveled table has a looser Bloom filter', () => {
    const { snapshot } = run(
      [t('k int PRIMARY KEY', { compaction: texts({ class: 'LeveledCompactionStrategy' }) })],
      base,
    );
    expect(findTable(snapshot, 'ks', 'new')!.options.get('bloom_filter_fp_chance')).toBe(0.1);
  });
});

describe('ALTER TABLE', () => {
  const timestamp: Term = { kind: 'string', text: 'x' };
  refuses([
    ['none', add('no', 'v int'), 'invalid', "Table 'ks.no' doesn't exist"],
    [
      'a view',
      add('by_v', 'x int'),
      'invalid',
      'Cannot use ALTER TABLE on a materialized view; use ALTER MATERIALIZED VIEW instead',
    ],
    ['a system table', add('system_auth.roles', 'x int'), 'unauthorized', 'Cannot ALTER <table system_auth.roles>'],
    ['a column that is there', add('plain', 'v int'), 'invalid', "Column with name 'v' already exists"],
    [
      'a static without clustering',
      add('plain', 's int static'),
      'invalid',
      'Static columns are only useful (and thus allowed) if the table has at least one clustering column',
    ],
    [
      'a counter beside others',
      add('plain', 'n counter'),
      'configuration',
      'ks.plain: Cannot have a counter column ("n") in a non counter table',
    ],
    [
      'another beside counters',
      add('hits', 'v int'),
      'configuration',
      'ks.hits: Cannot have a non counter column ("v") in a counter table',
    ],
    [
      'another type',
      alter('plain', { kind: 'retype', column: 'v', type: type('blob') }),
      'invalid',
      'Altering column types is no longer supported',
    ],
    ['no column to drop', drop('hits', ['no']), 'invalid', "Column no was not found in table 'ks.hits'"],
    ['a key dropped', drop('hits', ['k']), 'invalid', 'Cannot drop PRIMARY KEY column k'],
    [
      'an indexed one dropped',
      drop('plain', ['v']),
      'invalid',
      'Cannot drop column v because it has dependent secondary indexes (plain_v_idx)',
    ],
    [
      'under a view',
      drop('plain', ['f']),
      'invalid',
      'Cannot drop column f on base table plain with materialized views',
    ],
    [
      'an open user type dropped',
      drop('users', ['home']),
      'invalid',
      'Cannot drop non-frozen column home of user type address',
    ],
    [
      'back as another type',
      add('users', 's int static'),
      'invalid',
      "Cannot add a column 's' of type int, incompatible with previously dropped column 's' of type text",
      [drop('users', ['s'])],
    ],
    [
      'back as another kind',
      add('users', 's text'),
      'invalid',
      "Cannot re-add previously dropped column 's' of kind REGULAR, incompatible with previous kind STATIC",
      [drop('users', ['s'])],
    ],
    [
      'a counter that comes back',
      add('hits', 'n counter'),
      'invalid',
      'Cannot re-add previously dropped counter column n',
      [drop('hits', ['n'])],
    ],
    [
      'a time that is none',
      alter('users', { kind: 'drop', ifExists: false, columns: ['s'], using: { timestamp, ttl: undefined } }),
      'invalid',
      'Cannot drop with this timestamp: must be a whole number of microseconds below 2^53',
    ],
    ['no column to rename', rename('plain', 'no', 'x'), 'invalid', 'Undefined column name no in table ks.plain'],
    ['a regular column renamed', rename('plain', 'f', 'x'), 'invalid', 'Cannot rename non PRIMARY KEY column f'],
    [
      'renamed to one that is there',
      rename('plain', 'k', 'v'),
      'invalid',
      "Cannot rename column k to v in table 'ks.plain'; another column with that name already exists",
    ],
    [
      'an id',
      withOptions('plain', { id: '5a1c395e-b41f-11e5-9f22-ba0be0483c18' }),
      'configuration',
      'Cannot alter table id.',
    ],
    [
      'no grace under a view',
      withOptions('plain', { gc_grace_seconds: 0 }),
      'invalid',
      'Cannot alter gc_grace_seconds of the base table of a materialized view to 0, since this value is used to TTL undelivered updates. Setting gc_grace_seconds too low might cause undelivered updates to expire before being replayed.',
    ],
    [
      'a TTL for counters',
      withOptions('hits', { default_time_to_live: 1 }),
      'invalid',
      'Cannot set default_time_to_live on a table with counters',
    ],
    [
      'compact storage',
      alter('plain', { kind: 'dropCompactStorage' }),
      'invalid',
      'DROP COMPACT STORAGE is disabled. Enable in cassandra.yaml to use.',
    ],
    [
      'a mask',
      alter('plain', { kind: 'mask', ifExists: false, column: 'v', mask: { function: undefined, args: [] } }),
      'invalid',
      'Cannot mask columns because dynamic data masking is not enabled. You can enable it with the dynamic_data_masking_enabled property on cassandra.yaml',
    ],
    ['none to drop', remove('dropTable', 'no'), 'invalid', "Table 'ks.no' doesn't exist"],
    [
      'a view dropped as a table',
      remove('dropTable', 'by_v'),
      'invalid',
      'Cannot use DROP TABLE on a materialized view. Please use DROP MATERIALIZED VIEW instead.',
    ],
    [
      'a table under a view',
      remove('dropTable', 'plain'),
      'invalid',
      'Cannot drop a table when materialized views still depend on it (ks)',
    ],
  ]);
  test('a column that is added gets a number that none had', () => {
    const before = findTable(base, 'ks', 'users')!;
    const { snapshot } = run([drop('users', ['n']), add('users', 'x int')], base);
    const after = findTable(snapshot, 'ks', 'users')!;
    const x = after.regulars.find((column) => column.name === 'x')!;
    expect(allColumns(before).map(({ id }) => id)).not.toContain(x.id);
    expect(after.version).toBe(before.version + 2);
    expect(after.dropped).toEqual([expect.objectContaining({ name: 'n', droppedAtMicros: 1_700_000_000_000_000 })]);
  });
  test('a column that comes back as it was has its number back, and its drop is remembered', () => {
    const { id } = findTable(base, 'ks', 'users')!.regulars.find((column) => column.name === 'n')!;
    const { snapshot } = run([drop('users', ['n'], 77), add('users', 'n set<int>')], base);
    const after = findTable(snapshot, 'ks', 'users')!;
    expect(after.regulars.find((column) => column.name === 'n')!.id).toBe(id);
    expect(after.dropped).toEqual([expect.objectContaining({ id, droppedAtMicros: 77 })]);
  });
  test('a view of all columns gets the new one, and the new name of a key', () => {
    const { snapshot } = run([add('plain', 'x int'), rename('plain', 'k', 'id')], base);
    const { schema, where } = snapshot.keyspaces.get('ks')!.views.get('by_v')!;
    expect(allColumns(schema).map((column) => column.name)).toEqual(['v', 'id', 'f', 'm', 'x']);
    expect(where).toEqual([
      { kind: 'isNotNull', column: 'v' },
      { kind: 'isNotNull', column: 'id' },
    ]);
  });
  test('an ALTER that changes nothing is VOID', () => {
    const { result, snapshot } = run([withOptions('plain', { gc_grace_seconds: 864_000 })], base);
    expect(result.ok && result.value.change).toBeUndefined();
    expect(snapshot).toBe(base);
  });
});

describe('CREATE, ALTER and DROP TYPE', () => {
  refuses([
    ['one that exists', udt('address', 'a int'), 'invalid', "A user type with name 'address' already exists"],
    ['a field twice', udt('new', 'a int, a text'), 'invalid', "Duplicate field name 'a' in type 'new'"],
    ['a counter', udt('new', 'a counter'), 'invalid', 'A user type cannot contain counters'],
    ['an open user type', udt('new', 'a address'), 'invalid', 'A user type cannot contain non-frozen UDTs'],
    ['none to alter', addField('no', 'a int'), 'invalid', "Type ks.no doesn't exist"],
    [
      'a field that is there',
      addField('address', 'zip int'),
      'invalid',
      'Cannot add field zip to type ks.address: a field with name zip already exists',
    ],
    [
      'a circle',
      addField('address', 'p frozen<person>'),
      'invalid',
      'Cannot add new field p of type frozen<person> to user type ks.address as it would create a circular reference',
    ],
    [
      'in a partition key',
      addField('address', 'x int'),
      'invalid',
      'Cannot add new field x of type int to user type ks.address as the type is being used in partition key by the following tables: ks.keyed',
      [table('keyed', 'k frozen<address> PRIMARY KEY')],
    ],
    [
      'no field to rename',
      alterUdt('address', { kind: 'rename', ifExists: false, renames: [['no', 'x']] }),
      'invalid',
      'Unkown field no in user type ks.address',
    ],
    [
      'renamed to one that is there',
      alterUdt('address', { kind: 'rename', ifExists: false, renames: [['zip', 'street']] }),
      'invalid',
      'Duplicate field name street in type ks',
    ],
    [
      'another type',
      alterUdt('address', { kind: 'retype', field: 'zip', type: type('text') }),
      'invalid',
      'Altering field types is no longer supported',
    ],
    ['none to drop', remove('dropType', 'no'), 'invalid', "Type 'ks.no' doesn't exist"],
    [
      'used by a type',
      remove('dropType', 'address'),
      'invalid',
      "Cannot drop user type 'ks.address' as it is still used by user types person",
    ],
    [
      'used by a table',
      remove('dropType', 'person'),
      'invalid',
      "Cannot drop user type 'ks.person' as it is still used by tables users",
    ],
  ]);
  test('a field that is added is everywhere where the type is', () => {
    const { snapshot, result } = run([addField('address', 'city text')], base);
    const users = findTable(snapshot, 'ks', 'users')!;
    const fields = JSON.stringify(users.regulars.find((column) => column.name === 'who')!.type);
    expect(fields).toContain('city');
    expect(JSON.stringify(snapshot.keyspaces.get('ks')!.types.get('person'))).toContain('city');
    expect(users.version).toBe(2);
    expect(findTable(snapshot, 'ks', 'plain')!.version).toBe(1);
    expect(result.ok && result.value.change).toEqual({
      change: 'UPDATED',
      target: 'TYPE',
      keyspace: 'ks',
      name: 'address',
    });
  });
  test('fields may trade names', () => {
    const { snapshot } = run(
      [
        alterUdt('address', {
          kind: 'rename',
          ifExists: false,
          renames: [
            ['zip', 'street'],
            ['street', 'zip'],
          ],
        }),
      ],
      base,
    );
    expect(
      snapshot.keyspaces
        .get('ks')!
        .types.get('address')!
        .fields.map((field) => field.name),
    ).toEqual(['zip', 'street']);
  });
});

describe('indexes', () => {
  refuses([
    ['no table', index('no', 'v'), 'invalid', "Table 'no' doesn't exist"],
    ['a name that exists', index('plain', 'f', { name: 'by_key' }), 'invalid', "Index 'by_key' already exists"],
    ['no column', index('plain', 'no'), 'invalid', 'Undefined column name no in table ks.plain'],
    ['counters', index('hits', 'n'), 'invalid', "Secondary indexes on counter tables aren't supported"],
    ['a view', index('by_v', 'f'), 'invalid', "Secondary indexes on materialized views aren't supported"],
    [
      'the only partition key column',
      index('plain', 'k'),
      'invalid',
      'Cannot create secondary index on the only partition key column k',
    ],
    [
      'a frozen collection without full',
      index('plain', 'f'),
      'invalid',
      "Cannot create values() index on frozen column f. Frozen collections are immutable and must be fully indexed by using the 'full(f)' modifier",
    ],
    [
      'full of what is not frozen',
      index('plain', 'full(m)'),
      'invalid',
      'full() indexes can only be created on frozen collections',
    ],
    [
      'keys of what is no collection',
      index('plain', 'keys(v)'),
      'invalid',
      'Cannot create keys() index on v. Non-collection columns only support simple indexes',
    ],
    [
      'keys of a set',
      index('users', 'keys(n)'),
      'invalid',
      'Cannot create index on keys of column n with non-map type',
    ],
    ['an open user type', index('users', 'home'), 'invalid', 'Cannot create index on non-frozen UDT column home'],
    [
      'the same again',
      index('plain', 'v', { name: 'again' }),
      'invalid',
      'Index again is a duplicate of existing index plain_v_idx',
    ],
    ['several columns', index('plain', 'v, f'), 'invalid', 'Only CUSTOM indexes support multiple columns'],
    [
      'options of the built-in one',
      index('plain', 'full(f)', { options: { a: 'b' } }),
      'invalid',
      'Cannot specify options for a non-CUSTOM index',
    ],
    [
      'a class that is not there',
      index('plain', 'full(f)', { className: 'com.example.Index' }),
      'configuration',
      "Unable to find custom indexer class 'com.example.Index'",
    ],
    [
      'SASI',
      index('users', 'v', { className: 'org.apache.cassandra.index.sasi.SASIIndex' }),
      'invalid',
      'SASI indexes are disabled. Enable in cassandra.yaml to use.',
    ],
    [
      'an unknown option',
      index('users', 'v', { className: 'sai', options: { a: 'b' } }),
      'configuration',
      'Properties specified [a] are not understood by StorageAttachedIndex',
    ],
    [
      'a reserved option',
      index('users', 'v', { className: 'sai', options: { target: 'b' } }),
      'invalid',
      'Cannot specify target as a CUSTOM option',
    ],
    [
      'durations',
      index('d', 'v'),
      'invalid',
      'Secondary indexes are not supported on duration columns',
      [table('d', 'k int PRIMARY KEY, v duration')],
    ],
    ['none to drop', remove('dropIndex', 'no'), 'invalid', "Index 'ks.no' doesn't exist'"],
  ]);
  test('CREATE INDEX is told as a change of its table, and is to be built', () => {
    const { result } = run([index('plain', 'full(f)')], base);
    expect(result).toMatchObject({
      ok: true,
      value: {
        change: { change: 'UPDATED', target: 'TABLE', keyspace: 'ks', name: 'plain' },
        builtIndexes: [
          { table: { name: 'plain' }, index: { name: 'plain_f_idx', targets: [{ kind: 'full', column: 'f' }] } },
        ],
      },
    });
  });
  test('a collection without more is indexed by its values; a taken name gets a number', () => {
    const { snapshot } = run(
      [
        table('u2', 'k int PRIMARY KEY, n set<int>'),
        index('u2', 'n'),
        remove('dropIndex', 'u2_n_idx'),
        index('u2', 'n'),
        index('plain', 'values(m)'),
        index('plain', 'entries(m)'),
      ],
      base,
    );
    const { indexes } = snapshot.keyspaces.get('ks')!;
    expect(indexes.get('u2_n_idx')!.targets).toEqual([{ kind: 'values', column: 'n' }]);
    expect([...indexes.keys()]).toEqual(expect.arrayContaining(['plain_m_idx', 'plain_m_idx_1']));
  });
  test('a dropped index gives its number to the store', () => {
    const { number } = base.keyspaces.get('ks')!.indexes.get('by_key')!;
    const { result } = run([remove('dropIndex', 'by_key')], base);
    expect(result.ok && result.value.dropped).toEqual([number]);
  });
});

describe('materialized views', () => {
  const where = [{ kind: 'isNotNull', column: 'k' } as const];
  refuses([
    ['no table', view('new', 'no', 'v, k'), 'invalid', "Base table 'no' doesn't exist"],
    [
      'a table of the name',
      view('hits', 'plain', 'v, k'),
      'invalid',
      "Cannot create materialized view 'hits' - a table with the same name already exists",
    ],
    [
      'one that exists',
      view('by_v', 'plain', 'v, k'),
      'alreadyExists',
      'Cannot add already existing table "by_v" to keyspace "ks"',
    ],
    ['counters', view('new', 'hits', 'c, k'), 'invalid', 'Materialized views are not supported on counter tables'],
    ['of a view', view('new', 'by_v', 'v, k'), 'invalid', "Base table 'by_v' doesn't exist"],
    [
      'another keyspace',
      view('new', 'other.t', 'v, k'),
      'invalid',
      'Cannot create a materialized view on a table in a different keyspace',
    ],
    [
      'a key left out',
      view('new', 'plain', 'v'),
      'invalid',
      "Cannot create materialized view 'new' without primary key columns k from base table 'plain'",
    ],
    [
      'two columns more',
      view('new', 'plain', 'v, f, k'),
      'invalid',
      'Cannot include more than one non-primary key column in materialized view primary key (got v, f)',
    ],
    [
      'a key that may be null',
      view('new', 'plain', 'v, k', { where }),
      'invalid',
      "Primary key columns v must be restricted with 'IS NOT NULL' or otherwise",
    ],
    [
      'an unknown key',
      view('new', 'plain', 'no, k'),
      'invalid',
      "Unknown column 'no' referenced in PRIMARY KEY for materialized view 'new'",
    ],
    [
      'a collection as key',
      view('new', 'plain', 'm, k'),
      'invalid',
      "Invalid non-frozen collection type 'org.apache.cassandra.db.marshal.MapType(org.apache.cassandra.db.marshal.UTF8Type,org.apache.cassandra.db.marshal.Int32Type)' for PRIMARY KEY column 'm'",
    ],
    [
      'a static column',
      view('new', 'users', 'v, k1, k2, c1, c2', { columns: ['v', 'k1', 'k2', 'c1', 'c2', 's'] }),
      'invalid',
      "Cannot include static column 's' in materialized view 'new'",
    ],
    [
      'an unknown column',
      view('new', 'plain', 'v, k', { columns: ['v', 'k', 'no'] }),
      'invalid',
      'Undefined column name no in table ks.plain',
    ],
    [
      'a TTL',
      view('new', 'plain', 'v, k', { options: { default_time_to_live: 1 } }),
      'invalid',
      'Cannot set default_time_to_live for a materialized view. Data in a materialized view always expire at the same time than the corresponding data in the parent table.',
    ],
    [
      'an order that is not the key',
      view('new', 'plain', 'v, k', { order: 'v DESC' }),
      'invalid',
      'Clustering key columns must exactly match columns in CLUSTERING ORDER BY directive',
    ],
    [
      'no grace',
      view('new', 'g', 'v, k'),
      'invalid',
      "Cannot create materialized view 'new' for base table 'g' with gc_grace_seconds of 0, since this value is used to TTL undelivered updates. Setting gc_grace_seconds too low might cause undelivered updates to expire before being replayed.",
      [table('g', 'k int PRIMARY KEY, v int', { gc_grace_seconds: 0 })],
    ],
    [
      'a column restricted otherwise',
      view('new', 'plain', 'v, k', {
        where: [
          ...where,
          { kind: 'isNotNull', column: 'v' },
          { kind: 'compare', column: 'f', operator: '=', value: { kind: 'null' } },
        ],
      }),
      'invalid',
      "Non-primary key columns can only be restricted with 'IS NOT NULL' (got: f restricted illegally)",
    ],
    [
      'a value left for later',
      view('new', 'plain', 'v, k', {
        where: [...where, { kind: 'in', column: 'v', values: [{ kind: 'marker', index: 0, name: undefined }] }],
      }),
      'invalid',
      'Bind variables are not allowed in CREATE MATERIALIZED VIEW statements',
    ],
    [
      'none to alter',
      { kind: 'alterView', name: name('no'), ifExists: false, properties: props() },
      'invalid',
      "Materialized view 'ks.no' doesn't exist",
    ],
    ['none to drop', remove('dropView', 'no'), 'invalid', "Materialized view 'ks.no' doesn't exist"],
  ]);
  test.each([
    ['the table’s', undefined, true],
    ['its own', 'k1 DESC, k2 ASC, c2 ASC', false],
  ])('the order of its key is %s', (_, order, isReversed) => {
    const columns = ['c1', 'k1', 'k2', 'c2', 'v'];
    const { snapshot } = run(
      [view('new', 'users', 'c1, k1, k2, c2', { columns, ...(order === undefined ? {} : { order }) })],
      base,
    );
    const { clustering } = findTable(snapshot, 'ks', 'new')!;
    expect(clustering.map((column) => column.name)).toEqual(['k1', 'k2', 'c2']);
    expect(clustering[0]!.reversed).toBe(order !== undefined);
    expect(clustering[2]!.reversed).toBe(isReversed);
  });
});

describe('functions and triggers', () => {
  const args = [type('int')];
  refuses([
    [
      'CREATE FUNCTION',
      {
        kind: 'createFunction',
        name: name('f'),
        orReplace: false,
        ifNotExists: false,
        args: [],
        calledOnNull: false,
        returns: type('int'),
        language: 'java',
        body: '',
      },
      'invalid',
      'User-defined functions are disabled in cassandra.yaml - set user_defined_functions_enabled=true to enable',
    ],
    [
      'CREATE AGGREGATE',
      {
        kind: 'createAggregate',
        name: name('a'),
        orReplace: false,
        ifNotExists: false,
        args,
        stateFunction: 'sf',
        stateType: type('bigint'),
        finalFunction: undefined,
        initial: undefined,
      },
      'invalid',
      "State function ks.sf(bigint, int) doesn't exist",
    ],
    [
      'DROP FUNCTION',
      { kind: 'dropFunction', name: name('f'), args, ifExists: false },
      'invalid',
      "Function 'ks.f(int)' doesn't exist",
    ],
    [
      'DROP AGGREGATE',
      { kind: 'dropAggregate', name: name('f'), args: undefined, ifExists: false },
      'invalid',
      "Aggregate 'ks.f' doesn't exist",
    ],
    [
      'CREATE TRIGGER',
      { kind: 'createTrigger', name: 'tr', table: name('plain'), ifNotExists: false, className: 'x.Y' },
      'invalid',
      "Trigger class 'x.Y' couldn't be loaded",
    ],
    [
      'DROP TRIGGER',
      { kind: 'dropTrigger', name: 'tr', table: name('plain'), ifExists: false },
      'invalid',
      "Trigger 'tr' on 'ks.plain' doesn't exist",
    ],
  ]);
});

describe('what is there already, or not there', () => {
  test.each<readonly [string, DdlStatement]>([
    ['CREATE KEYSPACE', keyspace('ks', undefined, { ifNotExists: true })],
    ['CREATE TABLE', table('plain', 'k int PRIMARY KEY', {}, { ifNotExists: true })],
    ['CREATE TYPE', udt('address', 'a int', true)],
    ['CREATE INDEX by name', index('plain', 'v', { name: 'by_key', ifNotExists: true })],
    ['CREATE INDEX by content', index('plain', 'v', { ifNotExists: true })],
    ['CREATE MATERIALIZED VIEW', view('by_v', 'plain', 'v, k', { ifNotExists: true })],
    ['ALTER TABLE ADD', add('plain', 'v int', true)],
    ['ALTER TABLE DROP', drop('hits', ['no'], undefined, true)],
    ['ALTER TABLE IF EXISTS', alter('no', { kind: 'dropCompactStorage' }, true)],
    ['DROP KEYSPACE', removeKeyspace('no', true)],
    ['DROP TABLE', remove('dropTable', 'no', true)],
    ['DROP TYPE', remove('dropType', 'no', true)],
    ['DROP INDEX', remove('dropIndex', 'no', true)],
    ['DROP MATERIALIZED VIEW', remove('dropView', 'no', true)],
  ])('%s answers VOID and changes nothing', (_, statement) => {
    const { result, snapshot } = run([statement], base);
    expect(result.ok && result.value.change).toBeUndefined();
    expect(result.ok).toBe(true);
    expect(snapshot).toBe(base);
  });
});

describe('what clients are told', () => {
  const rows: readonly (readonly [DdlStatement, SchemaChange])[] = [
    [keyspace('x'), { change: 'CREATED', target: 'KEYSPACE', keyspace: 'x', name: undefined }],
    [removeKeyspace('ks'), { change: 'DROPPED', target: 'KEYSPACE', keyspace: 'ks', name: undefined }],
    [table('x', 'k int PRIMARY KEY'), { change: 'CREATED', target: 'TABLE', keyspace: 'ks', name: 'x' }],
    [add('plain', 'x int'), { change: 'UPDATED', target: 'TABLE', keyspace: 'ks', name: 'plain' }],
    [remove('dropTable', 'hits'), { change: 'DROPPED', target: 'TABLE', keyspace: 'ks', name: 'hits' }],
    [udt('x', 'a int'), { change: 'CREATED', target: 'TYPE', keyspace: 'ks', name: 'x' }],
    [remove('dropIndex', 'by_key'), { change: 'UPDATED', target: 'TABLE', keyspace: 'ks', name: 'plain' }],
    [view('x', 'plain', 'v, k'), { change: 'CREATED', target: 'TABLE', keyspace: 'ks', name: 'x' }],
    [remove('dropView', 'by_v'), { change: 'DROPPED', target: 'TABLE', keyspace: 'ks', name: 'by_v' }],
  ];
  test.each(
    rows.map(
      ([statement, change]) => [`${statement.kind}: ${change.change} ${change.target}`, statement, change] as const,
    ),
  )('%s', (_, statement, change) => {
    const { result } = run([statement], base);
    expect(result.ok && result.value.change).toEqual(change);
  });
});
