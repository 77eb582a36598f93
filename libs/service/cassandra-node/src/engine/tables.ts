/** The table that a statement names. */
import type { TableSchema } from '@skerry/domain-table';
import type { QualifiedName } from '@skerry/protocol-cql';
import { findKeyspace } from '../catalog/catalog.ts';
import { findRelation } from '../catalog/state.ts';
import { invalid } from './contract.ts';
import type { Planning } from './planning.ts';

export const noKeyspace = (): Error =>
  invalid('No keyspace has been specified. USE a keyspace, or explicitly specify keyspace.tablename');

/** A table or a view. @throws CqlFault there is none, or no keyspace. Source: Cassandra 5.0, Schema.validateTable. */
export function existingTable(
  { schema, keyspace: current }: Planning,
  { keyspace: named, name }: QualifiedName,
): TableSchema {
  const keyspace = named ?? current;
  if (keyspace === undefined) throw noKeyspace();
  const definition = findKeyspace(schema, keyspace);
  if (definition === undefined) throw invalid(`keyspace ${keyspace} does not exist`);
  const table = findRelation(definition, name);
  if (table === undefined) throw invalid(`table ${name} does not exist`);
  return table;
}
