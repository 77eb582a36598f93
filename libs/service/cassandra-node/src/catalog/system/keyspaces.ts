/** The keyspaces that are Cassandra's own, by name. */
import type { KeyspaceDefinition } from '../state.ts';
import { localKeyspace } from './local-keyspace.ts';
import { schemaKeyspace } from './schema-keyspace.ts';
import { viewsKeyspace } from './views-keyspace.ts';
import { virtualSchemaKeyspace } from './virtual-keyspaces.ts';

/** Computed, not stored; nobody may change them. */
export const computedKeyspaces: ReadonlyMap<string, KeyspaceDefinition> = new Map(
  [localKeyspace, schemaKeyspace, viewsKeyspace, virtualSchemaKeyspace].map((keyspace) => [keyspace.name, keyspace]),
);
