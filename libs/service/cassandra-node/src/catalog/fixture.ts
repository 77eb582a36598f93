/** Trees of schema statements, written shortly, and a schema to try them on. */
import { createHash } from 'node:crypto';
import { Prng, type Result } from '@skerry/kernel';
import type {
  AlterTableStatement,
  ColumnDefinition,
  CreateTableStatement,
  IndexTarget,
  PropertyValue,
  QualifiedName,
  Relation,
  SelectStatement,
  TypeName,
} from '@skerry/protocol-cql';
import type { DdlContext, Outcome } from './context.ts';
import { emptySnapshot, execute, type DdlStatement } from './execute.ts';
import type { Fault } from './fault.ts';
import type { Snapshot } from './state.ts';

export const md5 = (bytes: Uint8Array): Uint8Array => createHash('md5').update(bytes).digest();

export function contextOf(keyspace: string | undefined = 'ks', seed = 1): DdlContext {
  const prng = new Prng(seed);
  return {
    keyspace,
    nowMicros: 1_700_000_000_000_000,
    random: (count) => prng.bytes(count),
    dataCenters: new Map([['datacenter1', 1]]),
  };
}

/** Pieces between commas that stand in no brackets. */
function pieces(text: string): readonly string[] {
  const found: string[] = [];
  let [depth, from] = [0, 0];
  for (let at = 0; at < text.length; at++) {
    if ('<('.includes(text[at]!)) depth++;
    else if ('>)'.includes(text[at]!)) depth--;
    else if (text[at] === ',' && depth === 0) {
      found.push(text.slice(from, at).trim());
      from = at + 1;
    }
  }
  return [...found, text.slice(from).trim()].filter((piece) => piece !== '');
}

export const name = (text: string): QualifiedName => {
  const [first, second] = text.split('.');
  return second === undefined ? { keyspace: undefined, name: first! } : { keyspace: first, name: second };
};

export function type(text: string): TypeName {
  const [, head, inner] = /^(\w+)<(.*)>$/.exec(text) ?? [];
  if (head === undefined) return { kind: 'named', name: name(text) };
  const parts = pieces(inner!);
  if (head === 'map') return { kind: 'map', key: type(parts[0]!), value: type(parts[1]!) };
  if (head === 'tuple') return { kind: 'tuple', elements: parts.map(type) };
  if (head === 'vector') return { kind: 'vector', of: type(parts[0]!), dimension: Number(parts[1]) };
  return { kind: head as 'list' | 'set' | 'frozen', of: type(parts[0]!) };
}

export function column(text: string): ColumnDefinition {
  const isStatic = text.endsWith(' static');
  const isPrimaryKey = text.endsWith(' PRIMARY KEY');
  const plain = text.replace(/ static$| PRIMARY KEY$/, '');
  const space = plain.indexOf(' ');
  return {
    name: plain.slice(0, space),
    type: type(plain.slice(space + 1)),
    isStatic,
    isPrimaryKey,
    mask: undefined,
  };
}

function key(text: string): { partition: readonly string[]; clustering: readonly string[] } {
  const [first = '', ...clustering] = pieces(text);
  return { partition: first.startsWith('(') ? pieces(first.slice(1, -1)) : [first], clustering };
}
const order = (text: string): CreateTableStatement['clusteringOrder'] =>
  pieces(text).map((piece) => ({ column: piece.split(' ')[0]!, descending: piece.endsWith(' DESC') }));
export const props = (given: Readonly<Record<string, PropertyValue>> = {}): ReadonlyMap<string, PropertyValue> =>
  new Map(Object.entries(given));
export const texts = (given: Readonly<Record<string, string>>): ReadonlyMap<string, string> =>
  new Map(Object.entries(given));

type TableMore = Readonly<Record<string, PropertyValue>>;
/** @param columns `k int, c int, v text static, PRIMARY KEY ((k), c)` */
export function table(
  of: string,
  columns: string,
  options: TableMore = {},
  more: { readonly order?: string; readonly ifNotExists?: boolean; readonly compact?: boolean } = {},
): CreateTableStatement {
  const all = pieces(columns);
  const keyText = all.find((piece) => piece.startsWith('PRIMARY KEY'));
  return {
    kind: 'createTable',
    table: name(of),
    ifNotExists: more.ifNotExists ?? false,
    columns: all.filter((piece) => piece !== keyText).map(column),
    primaryKey: keyText === undefined ? undefined : key(keyText.slice('PRIMARY KEY ('.length, -1)),
    clusteringOrder: order(more.order ?? ''),
    compactStorage: more.compact ?? false,
    properties: props(options),
  };
}

const simple = texts({ class: 'SimpleStrategy', replication_factor: '1' });
export const keyspace = (
  of: string,
  replication: ReadonlyMap<string, string> = simple,
  more: { readonly ifNotExists?: boolean; readonly durable?: boolean } = {},
): DdlStatement => ({
  kind: 'createKeyspace',
  name: of,
  ifNotExists: more.ifNotExists ?? false,
  properties: props({ replication, ...(more.durable === undefined ? {} : { durable_writes: more.durable }) }),
});

export const alter = (of: string, change: AlterTableStatement['change'], ifExists = false): DdlStatement => ({
  kind: 'alterTable',
  table: name(of),
  ifExists,
  change,
});
export const add = (of: string, columns: string, ifNotExists = false): DdlStatement =>
  alter(of, { kind: 'add', ifNotExists, columns: pieces(columns).map(column) });
export const drop = (of: string, columns: readonly string[], atMicros?: number, ifExists = false): DdlStatement =>
  alter(of, {
    kind: 'drop',
    ifExists,
    columns,
    using: {
      timestamp: atMicros === undefined ? undefined : { kind: 'integer', text: String(atMicros) },
      ttl: undefined,
    },
  });
export const rename = (of: string, from: string, to: string): DdlStatement =>
  alter(of, { kind: 'rename', ifExists: false, renames: [[from, to]] });
export const withOptions = (of: string, options: TableMore): DdlStatement =>
  alter(of, { kind: 'with', properties: props(options) });

export const remove = (
  kind: 'dropTable' | 'dropView' | 'dropIndex' | 'dropType',
  of: string,
  ifExists = false,
): DdlStatement => ({ kind, name: name(of), ifExists });
export const removeKeyspace = (of: string, ifExists = false): DdlStatement => ({
  kind: 'dropKeyspace',
  name: of,
  ifExists,
});

/** @param fields `a int, b text` */
export const udt = (of: string, fields: string, ifNotExists = false): DdlStatement => ({
  kind: 'createType',
  name: name(of),
  ifNotExists,
  fields: pieces(fields).map((piece) => [column(piece).name, column(piece).type] as const),
});
export const alterUdt = (
  of: string,
  change: Extract<DdlStatement, { readonly kind: 'alterType' }>['change'],
): DdlStatement => ({ kind: 'alterType', name: name(of), ifExists: false, change });
export const addField = (of: string, field: string): DdlStatement =>
  alterUdt(of, { kind: 'add', ifNotExists: false, fields: [[column(field).name, column(field).type]] });

export const target = (text: string): IndexTarget => {
  const [, kind, of] = /^(keys|values|entries|full)\((.*)\)$/.exec(text) ?? [];
  return kind === undefined ? { kind: 'column', column: text } : { kind: kind as IndexTarget['kind'], column: of! };
};
export const index = (
  of: string,
  targets: string,
  more: {
    readonly name?: string;
    readonly className?: string;
    readonly options?: Readonly<Record<string, string>>;
    readonly ifNotExists?: boolean;
  } = {},
): DdlStatement => ({
  kind: 'createIndex',
  name: more.name,
  keyspace: undefined,
  table: name(of),
  ifNotExists: more.ifNotExists ?? false,
  targets: pieces(targets).map(target),
  custom: more.className !== undefined,
  className: more.className,
  properties: props(more.options === undefined ? {} : { options: texts(more.options) }),
});

export const select = (of: string, columns: readonly string[], where: readonly Relation[]): SelectStatement => ({
  kind: 'select',
  table: name(of),
  json: false,
  distinct: false,
  clauses: columns.map((of_) => ({ selector: { kind: 'column', name: of_ }, alias: undefined })),
  where,
  groupBy: [],
  orderBy: [],
  perPartitionLimit: undefined,
  limit: undefined,
  allowFiltering: false,
});
/** A view with a key such as `v, k`; each column of it IS NOT NULL unless `where` says otherwise. */
export function view(
  of: string,
  base: string,
  keyText: string,
  more: {
    readonly columns?: readonly string[];
    readonly where?: readonly Relation[];
    readonly order?: string;
    readonly options?: TableMore;
    readonly ifNotExists?: boolean;
  } = {},
): DdlStatement {
  const primaryKey = key(keyText);
  const notNull = [...primaryKey.partition, ...primaryKey.clustering].map((column_): Relation => ({
    kind: 'isNotNull',
    column: column_,
  }));
  return {
    kind: 'createView',
    name: name(of),
    ifNotExists: more.ifNotExists ?? false,
    select: select(base, more.columns ?? [], more.where ?? notNull),
    primaryKey,
    clusteringOrder: order(more.order ?? ''),
    properties: props(more.options),
  };
}

/** Executes all; the last one's result is answered, those before must succeed. */
export function run(
  statements: readonly DdlStatement[],
  from: Snapshot = emptySnapshot(md5),
  context: DdlContext = contextOf(),
): { readonly snapshot: Snapshot; readonly result: Result<Outcome, Fault> } {
  let snapshot = from;
  let result: Result<Outcome, Fault> | undefined;
  for (const [at, statement] of statements.entries()) {
    result = execute(snapshot, statement, context, md5);
    if (result.ok) ({ snapshot } = result.value);
    else if (at < statements.length - 1)
      throw new Error(`${JSON.stringify(statement)} failed: ${result.error.message}`);
  }
  if (result === undefined) throw new Error('no statement');
  return { snapshot, result };
}

/** A keyspace with one of everything. */
export const sample: readonly DdlStatement[] = [
  keyspace('ks'),
  udt('address', 'street text, zip int'),
  udt('person', 'name text, home frozen<address>'),
  table(
    'users',
    'k1 text, k2 int, c1 int, c2 timestamp, s text static, v text, n set<int>, who frozen<person>, home address, PRIMARY KEY ((k1, k2), c1, c2)',
    {},
    { order: 'c1 ASC, c2 DESC' },
  ),
  table('plain', 'k int PRIMARY KEY, v text, m map<text, int>, f frozen<list<int>>'),
  table('hits', 'k text, c text, n counter, PRIMARY KEY (k, c)'),
  index('plain', 'v'),
  index('plain', 'keys(m)', { name: 'by_key' }),
  index('users', 'v', { name: 'attached', className: 'sai', options: { case_sensitive: 'false' } }),
  view('by_v', 'plain', 'v, k'),
];
