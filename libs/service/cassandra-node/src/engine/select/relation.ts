/** What a SELECT may read. */
import type { Column, TableLayout, TableSchema } from '@skerry/domain-table';
import { maybeQuote, type QualifiedName } from '@skerry/protocol-cql';
import type { IndexDefinition } from '../../catalog/state.ts';
import { invalid } from '../contract.ts';
import type { Planning } from '../planning.ts';
import { noKeyspace } from '../tables.ts';

/** Rows that are computed when they are asked for; values in the order partition key, clustering, statics, regulars. */
export type VirtualTable = {
  readonly schema: TableSchema;
  rows(): Iterable<readonly (Uint8Array | null)[]>;
};
export type Relation =
  | { readonly kind: 'stored'; readonly layout: TableLayout; readonly indexes: readonly IndexDefinition[] }
  | { readonly kind: 'virtual'; readonly table: VirtualTable };

export type Relations = {
  hasKeyspace(name: string): boolean;
  find(keyspace: string, name: string): Relation | undefined;
};

/** @throws CqlFault, in Cassandra's words. */
export function relationOf(
  relations: Relations,
  planning: Planning,
  { keyspace: given, name }: QualifiedName,
): Relation {
  const keyspace = given ?? planning.keyspace;
  if (keyspace === undefined) throw noKeyspace();
  if (!relations.hasKeyspace(keyspace)) throw invalid(`keyspace ${keyspace} does not exist`);
  const found = relations.find(keyspace, name);
  if (found === undefined) throw invalid(`table ${name} does not exist`);
  return found;
}
export const schemaOf = (relation: Relation): TableSchema =>
  relation.kind === 'stored' ? relation.layout.schema : relation.table.schema;

/** @throws CqlFault there is none. */
export function columnOf(schema: TableSchema, name: string): Column {
  const { keyspace, name: table } = schema;
  for (const columns of [schema.partitionKey, schema.clustering, schema.statics, schema.regulars])
    for (const column of columns) if (column.name === name) return column;
  throw invalid(`Undefined column name ${maybeQuote(name)} in table ${keyspace}.${table}`);
}
