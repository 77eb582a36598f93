/** How the system's own tables are written down: names and types, and the rest as Cassandra has it. */
import type { Column, ColumnKind, TableSchema } from '@skerry/domain-table';
import type { NativeKind, ValueType } from '@skerry/domain-values';
import { present } from '@skerry/kernel';
import { arranged } from '../columns.ts';
import { compaction } from '../map-options.ts';
import { emptyKeyspace, type KeyspaceDefinition, type KeyspaceKind, type Replication } from '../state.ts';
import { defaultOptions } from '../table-options.ts';
import { systemTableId } from '../table-id.ts';
import { systemNumbers } from './numbers.ts';

export const native = (kind: NativeKind): ValueType => ({ kind });
export const text = native('text');
export const int = native('int');
export const bigint = native('bigint');
export const boolean = native('boolean');
export const blob = native('blob');
export const double = native('double');
export const inet = native('inet');
export const uuid = native('uuid');
export const timeuuid = native('timeuuid');
export const timestamp = native('timestamp');
export const set = (element: ValueType): ValueType => ({ kind: 'set', element, frozen: false });
export const list = (element: ValueType): ValueType => ({ kind: 'list', element, frozen: false });
export const map = (key: ValueType, value: ValueType): ValueType => ({ kind: 'map', key, value, frozen: false });
export const tuple = (...elements: readonly ValueType[]): ValueType => ({ kind: 'tuple', elements });
export const frozen = (type: ValueType): ValueType => ('frozen' in type ? { ...type, frozen: true } : type);

export type Columns = Readonly<Record<string, ValueType>>;
export type TableSpec = {
  readonly comment: string;
  readonly partition: Columns;
  readonly clustering?: Columns;
  readonly regulars?: Columns;
  readonly gcGraceSeconds?: number;
  readonly defaultTtlSeconds?: number;
  readonly options?: Readonly<Record<string, string | number | boolean | ReadonlyMap<string, string>>>;
};

export function systemTable(keyspace: string, name: string, spec: TableSpec): TableSchema {
  let id = 0;
  const columns = (kind: ColumnKind, given: Columns = {}): readonly Column[] =>
    Object.entries(given).map(([column, type], position) => ({
      id: id++,
      name: column,
      kind,
      type,
      position,
      reversed: false,
    }));
  const options = new Map(defaultOptions.options).set('comment', spec.comment);
  for (const [option, value] of Object.entries(spec.options ?? {})) options.set(option, value);
  return arranged({
    keyspace,
    name,
    id: systemTableId(keyspace, name),
    number: present(systemNumbers.get(`${keyspace}.${name}`), `number of ${keyspace}.${name}`),
    version: 1,
    partitionKey: columns('partition_key', spec.partition),
    clustering: columns('clustering', spec.clustering),
    statics: [],
    regulars: columns('regular', spec.regulars),
    dropped: [],
    isCounter: false,
    gcGraceSeconds: spec.gcGraceSeconds ?? defaultOptions.gcGraceSeconds,
    defaultTtlSeconds: spec.defaultTtlSeconds ?? defaultOptions.defaultTtlSeconds,
    options,
  });
}

/** Two tables of a size are merged already. */
export const pairwise = compaction(
  new Map([
    ['class', 'SizeTieredCompactionStrategy'],
    ['min_threshold', '2'],
  ]),
);
export const leveled = compaction(new Map([['class', 'LeveledCompactionStrategy']]));
export const timeWindow = (unit: string, size: string): ReadonlyMap<string, string> =>
  compaction(
    new Map([
      ['class', 'TimeWindowCompactionStrategy'],
      ['compaction_window_unit', unit],
      ['compaction_window_size', size],
    ]),
  );

const local: Replication = { strategy: 'LocalStrategy', options: new Map() };
export const simpleReplication = (factor: number): Replication => ({
  strategy: 'SimpleStrategy',
  options: new Map([['replication_factor', String(factor)]]),
});

export function systemKeyspace(
  name: string,
  kind: KeyspaceKind,
  tables: Readonly<Record<string, TableSpec>>,
  replication: Replication = local,
): KeyspaceDefinition {
  return {
    ...emptyKeyspace(name, kind, replication),
    tables: new Map(Object.entries(tables).map(([table, spec]) => [table, systemTable(name, table, spec)])),
  };
}
