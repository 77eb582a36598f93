/** What a node's schema is: one immutable value. A statement makes a new one. */
import type { TableSchema } from '@skerry/domain-table';
import type { UserType } from '@skerry/domain-values';
import type { IndexTarget, Relation } from '@skerry/protocol-cql';

export type ReplicationClass = 'SimpleStrategy' | 'NetworkTopologyStrategy' | 'LocalStrategy';
/** `options`: `replication_factor`, or a factor for each data center. */
export type Replication = {
  readonly strategy: ReplicationClass;
  readonly options: ReadonlyMap<string, string>;
};

export type IndexDefinition = {
  readonly name: string;
  readonly table: string;
  /** Its own number in stored keys, from the same row as the tables' numbers. */
  readonly number: number;
  /** `composites`: Cassandra's built-in one. */
  readonly kind: 'composites' | 'custom';
  readonly targets: readonly IndexTarget[];
  /** Of a custom index, as it was written: `sai`, or a Java class. */
  readonly className: string | undefined;
  readonly options: ReadonlyMap<string, string>;
};

/** Options of a storage-attached index about how texts are compared. */
export const analysisOptions: readonly string[] = ['case_sensitive', 'normalize', 'ascii'];

export type ViewDefinition = {
  readonly schema: TableSchema;
  /** The name of the table that it shows, in the same keyspace. */
  readonly base: string;
  readonly includeAll: boolean;
  readonly where: readonly Relation[];
};

/** `local`, `virtual` and `replicated` are Cassandra's own; the last is stored like a user's. */
export type KeyspaceKind = 'user' | 'local' | 'virtual' | 'replicated';

export type KeyspaceDefinition = {
  readonly name: string;
  readonly kind: KeyspaceKind;
  readonly durableWrites: boolean;
  readonly replication: Replication;
  readonly tables: ReadonlyMap<string, TableSchema>;
  readonly views: ReadonlyMap<string, ViewDefinition>;
  /** Not frozen, as they were declared. */
  readonly types: ReadonlyMap<string, UserType>;
  readonly indexes: ReadonlyMap<string, IndexDefinition>;
};

export type Snapshot = {
  /** Users' and the replicated ones of the system: all whose rows the store has. */
  readonly keyspaces: ReadonlyMap<string, KeyspaceDefinition>;
  /** For the next table, view or index. */
  readonly nextNumber: number;
  /** UUID of all this, as 32 hexadecimal digits: equal for equal schemas. */
  readonly version: string;
};

export const emptyKeyspace = (name: string, kind: KeyspaceKind, replication: Replication): KeyspaceDefinition => ({
  name,
  kind,
  durableWrites: true,
  replication,
  tables: new Map(),
  views: new Map(),
  types: new Map(),
  indexes: new Map(),
});

export const withEntry = <V>(map: ReadonlyMap<string, V>, key: string, value: V): ReadonlyMap<string, V> =>
  new Map(map).set(key, value);
export function without<V>(map: ReadonlyMap<string, V>, key: string): ReadonlyMap<string, V> {
  const rest = new Map(map);
  rest.delete(key);
  return rest;
}
export const sortedByKey = <V>(map: ReadonlyMap<string, V>): readonly V[] =>
  [...map].toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([, value]) => value);

/** A table or a view. */
export const findRelation = (keyspace: KeyspaceDefinition, name: string): TableSchema | undefined =>
  keyspace.tables.get(name) ?? keyspace.views.get(name)?.schema;
export const viewsOf = (keyspace: KeyspaceDefinition, table: string): readonly ViewDefinition[] =>
  [...keyspace.views.values()].filter((view) => view.base === table);
export const indexesOf = (keyspace: KeyspaceDefinition, table: string): readonly IndexDefinition[] =>
  [...keyspace.indexes.values()].filter((index) => index.table === table);

/** Every number that a store may have something under; what has another was dropped. */
export function liveNumbers(snapshot: Snapshot): ReadonlySet<number> {
  const numbers = new Set<number>();
  for (const keyspace of snapshot.keyspaces.values()) {
    for (const table of keyspace.tables.values()) numbers.add(table.number);
    for (const view of keyspace.views.values()) numbers.add(view.schema.number);
    for (const index of keyspace.indexes.values()) numbers.add(index.number);
  }
  return numbers;
}
