/** The schema as one JSON text: what the file holds, and what the schema version is the digest of. */
import type { TableSchema } from '@skerry/domain-table';
import type { UserType } from '@skerry/domain-values';
import type { IndexTarget, PropertyValue, Relation } from '@skerry/protocol-cql';
import { sortedByKey, type IndexDefinition, type KeyspaceDefinition, type Replication } from './state.ts';
import { storedKeyspaces } from './system/stored-keyspaces.ts';

type Pairs = readonly (readonly [string, string])[];
type OptionDocument = readonly [string, string | number | boolean | { readonly map: Pairs }];
type TableDocument = Omit<TableSchema, 'options'> & { readonly options: readonly OptionDocument[] };
type ViewDocument = {
  readonly schema: TableDocument;
  readonly base: string;
  readonly includeAll: boolean;
  readonly where: readonly Relation[];
};
type IndexDocument = Omit<IndexDefinition, 'options' | 'targets' | 'className'> & {
  readonly className?: string;
  readonly options: Pairs;
  readonly targets: readonly IndexTarget[];
};
type KeyspaceDocument = {
  readonly name: string;
  readonly durableWrites: boolean;
  readonly strategy: Replication['strategy'];
  readonly replication: Pairs;
  readonly types: readonly UserType[];
  readonly tables: readonly TableDocument[];
  readonly views: readonly ViewDocument[];
  readonly indexes: readonly IndexDocument[];
};
export type CatalogDocument = { readonly nextNumber: number; readonly keyspaces: readonly KeyspaceDocument[] };

const byKey = (a: readonly [string, unknown], b: readonly [string, unknown]): number => (a[0] < b[0] ? -1 : 1);
const pairs = (map: ReadonlyMap<string, string>): Pairs => [...map].toSorted(byKey);
const optionDocument = ([name, value]: readonly [string, PropertyValue]): OptionDocument => [
  name,
  typeof value === 'object' ? { map: pairs(value) } : value,
];

/** Fields in a fixed order: the same table gives the same text. */
function tableDocument(table: TableSchema): TableDocument {
  const { keyspace, name, id, number, version, partitionKey, clustering, statics, regulars, dropped, ...rest } = table;
  const { isCounter, gcGraceSeconds, defaultTtlSeconds, options } = rest;
  return {
    keyspace,
    name,
    id,
    number,
    version,
    partitionKey,
    clustering,
    statics,
    regulars,
    dropped,
    isCounter,
    gcGraceSeconds,
    defaultTtlSeconds,
    options: [...options].toSorted(byKey).map(optionDocument),
  };
}
const indexDocument = ({ name, table, number, kind, targets, className, options }: IndexDefinition): IndexDocument => ({
  name,
  table,
  number,
  kind,
  targets: targets.map((target) => ({ kind: target.kind, column: target.column })),
  ...(className === undefined ? {} : { className }),
  options: pairs(options),
});

function keyspaceDocument(keyspace: KeyspaceDefinition): KeyspaceDocument {
  const own = keyspace.kind === 'user';
  return {
    name: keyspace.name,
    durableWrites: keyspace.durableWrites,
    strategy: keyspace.replication.strategy,
    replication: pairs(keyspace.replication.options),
    types: sortedByKey(keyspace.types),
    // The system's tables are this program's, not the file's.
    tables: own ? sortedByKey(keyspace.tables).map(tableDocument) : [],
    views: sortedByKey(keyspace.views).map(({ schema, base, includeAll, where }) => ({
      schema: tableDocument(schema),
      base,
      includeAll,
      where,
    })),
    indexes: sortedByKey(keyspace.indexes).map(indexDocument),
  };
}

export const keyspaceDocuments = (keyspaces: ReadonlyMap<string, KeyspaceDefinition>): readonly KeyspaceDocument[] =>
  sortedByKey(keyspaces).map(keyspaceDocument);

/** Equal texts, equal tables; the count of changes is left out. */
export const tableText = (table: TableSchema): string => JSON.stringify({ ...tableDocument(table), version: 0 });
export const viewText = ({ schema, base, includeAll, where }: ViewDocumentSource): string =>
  JSON.stringify([tableText(schema), base, includeAll, where]);
type ViewDocumentSource = Omit<ViewDocument, 'schema'> & { readonly schema: TableSchema };

const readTable = (table: TableDocument): TableSchema => ({
  ...table,
  options: new Map(
    table.options.map(([name, value]) => [name, typeof value === 'object' ? new Map(value.map) : value]),
  ),
});
const readIndex = (index: IndexDocument): IndexDefinition => ({
  ...index,
  className: index.className,
  options: new Map(index.options),
});
const named = <T>(values: readonly T[], name: (value: T) => string): ReadonlyMap<string, T> =>
  new Map(values.map((value) => [name(value), value]));

function readKeyspace(document: KeyspaceDocument): KeyspaceDefinition {
  const system = storedKeyspaces.get(document.name);
  return {
    name: document.name,
    kind: system === undefined ? 'user' : 'replicated',
    durableWrites: document.durableWrites,
    replication: { strategy: document.strategy, options: new Map(document.replication) },
    tables: system?.tables ?? named(document.tables.map(readTable), (table) => table.name),
    views: named(
      document.views.map((view) => ({ ...view, schema: readTable(view.schema) })),
      (view) => view.schema.name,
    ),
    types: named(document.types, (type) => type.name),
    indexes: named(document.indexes.map(readIndex), (index) => index.name),
  };
}

/** With the system's keyspaces that the document does not know yet. */
export const readKeyspaces = ({ keyspaces }: CatalogDocument): ReadonlyMap<string, KeyspaceDefinition> =>
  new Map([...storedKeyspaces, ...keyspaces.map((document) => [document.name, readKeyspace(document)] as const)]);
