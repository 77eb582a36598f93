/** What a statement of the schema is executed with, and what comes of it. */
import type { TableSchema } from '@skerry/domain-table';
import type { RandomBytes } from '@skerry/kernel';
import type { QualifiedName } from '@skerry/protocol-cql';
import { invalid, unauthorized } from './fault.ts';
import type { IndexDefinition, KeyspaceDefinition, Snapshot, ViewDefinition } from './state.ts';
import { computedKeyspaces } from './system/keyspaces.ts';
import { storedKeyspaces } from './system/stored-keyspaces.ts';

export type DdlContext = {
  /** The session's, after USE. */
  readonly keyspace: string | undefined;
  /** Microseconds since 1970. */
  readonly nowMicros: number;
  readonly random: RandomBytes;
  /** Nodes of each data center, by its name. */
  readonly dataCenters: ReadonlyMap<string, number>;
};

export type SchemaChange = {
  readonly change: 'CREATED' | 'UPDATED' | 'DROPPED';
  readonly target: 'KEYSPACE' | 'TABLE' | 'TYPE';
  readonly keyspace: string;
  /** Of the table, view or type; undefined for a keyspace. */
  readonly name: string | undefined;
};

export type Outcome = {
  readonly snapshot: Snapshot;
  /** For the answer; undefined: nothing was changed, and the answer is VOID. */
  readonly change: SchemaChange | undefined;
  /** For who listens: it, and what else was changed by it. */
  readonly events: readonly SchemaChange[];
  readonly warnings: readonly string[];
  /** Numbers of tables, views and indexes whose rows the store is to drop. */
  readonly dropped: readonly number[];
  /** To be filled from the rows that are there. */
  readonly builtIndexes: readonly { readonly table: TableSchema; readonly index: IndexDefinition }[];
  readonly builtViews: readonly { readonly base: TableSchema; readonly view: ViewDefinition }[];
};

/** What one kind of statement makes of the keyspaces; the rest of an {@link Outcome} follows from it. */
export type Draft = {
  readonly keyspaces: ReadonlyMap<string, KeyspaceDefinition>;
  readonly nextNumber: number;
  readonly change: SchemaChange;
  readonly warnings?: readonly string[];
};

/** `undefined`: IF NOT EXISTS of what exists, IF EXISTS of what does not. */
export type MaybeDraft = Draft | undefined;

export type Permission = 'CREATE' | 'ALTER' | 'DROP';

/** @throws Refusal when the statement names none and the session has none. */
export function keyspaceOf(name: QualifiedName, context: DdlContext): string {
  const keyspace = name.keyspace ?? context.keyspace;
  if (keyspace === undefined)
    throw invalid('No keyspace has been specified. USE a keyspace, or explicitly specify keyspace.tablename');
  return keyspace;
}

/**
 * The system's keyspaces are its own. Source: ClientState.preventSystemKSSchemaModification.
 * @param resource as Cassandra writes it: `<table system_auth.roles>`.
 */
export function guardSystem(keyspace: string, permission: Permission, resource: string): void {
  if (computedKeyspaces.has(keyspace)) throw unauthorized(`${keyspace} keyspace is not user-modifiable.`);
  if (storedKeyspaces.has(keyspace)) throw unauthorized(`Cannot ${permission} ${resource}`);
}
export const tableResource = (keyspace: string, table: string): string => `<table ${keyspace}.${table}>`;
export const keyspaceResource = (keyspace: string): string => `<keyspace ${keyspace}>`;
export const allTablesResource = (keyspace: string): string => `<all tables in ${keyspace}>`;

/** @throws Refusal when there is none. */
export function existingKeyspace(snapshot: Snapshot, name: string): KeyspaceDefinition {
  const keyspace = snapshot.keyspaces.get(name);
  if (keyspace === undefined) throw invalid(`Keyspace '${name}' doesn't exist`);
  return keyspace;
}

/** The snapshot with one keyspace replaced. */
export const draft = (
  snapshot: Snapshot,
  keyspace: KeyspaceDefinition,
  change: SchemaChange,
  more: { readonly nextNumber?: number; readonly warnings?: readonly string[] } = {},
): Draft => ({
  keyspaces: new Map(snapshot.keyspaces).set(keyspace.name, keyspace),
  nextNumber: more.nextNumber ?? snapshot.nextNumber,
  change,
  warnings: more.warnings ?? [],
});
