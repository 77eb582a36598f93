/** All computed tables of a node. What comes of the schema is made once for each snapshot. */
import type { TableSchema } from '@skerry/domain-table';
import { utf8 } from '@skerry/kernel';
import { bigintBytes, booleanBytes, inetBytes, intBytes, textMapBytes, textValue } from '../serialize.ts';
import { sortedByKey, type KeyspaceDefinition, type Snapshot } from '../state.ts';
import { computedKeyspaces } from './keyspaces.ts';
import { localRows, viewStatusRows, type RowSource } from './local-rows.ts';
import type { ClientFacts, NodeSources } from './node-facts.ts';
import { columnRows, droppedRows, indexRows, keyspaceRow, tableRow, typeRows, viewRow } from './schema-rows.ts';
import { virtualTable, type NamedRow, type VirtualTable } from './virtual-table.ts';

const relations = (keyspace: KeyspaceDefinition): readonly TableSchema[] =>
  sortedByKey(
    new Map([...keyspace.tables, ...[...keyspace.views].map(([name, view]) => [name, view.schema] as const)]),
  );
const tablesOf = (keyspace: KeyspaceDefinition): readonly TableSchema[] => sortedByKey(keyspace.tables);

/** For each table of `system_schema` the rows of one keyspace. */
const schemaTables: Readonly<Record<string, (keyspace: KeyspaceDefinition) => readonly NamedRow[]>> = {
  keyspaces: (keyspace) => [keyspaceRow(keyspace)],
  tables: (keyspace) => tablesOf(keyspace).map(tableRow),
  columns: (keyspace) => relations(keyspace).flatMap(columnRows),
  dropped_columns: (keyspace) => tablesOf(keyspace).flatMap(droppedRows),
  views: (keyspace) => sortedByKey(keyspace.views).map((view) => viewRow(keyspace, view)),
  types: typeRows,
  indexes: indexRows,
};

const virtualKeyspaces = sortedByKey(computedKeyspaces).filter(({ kind }) => kind === 'virtual');
const virtualSchemaTables: Readonly<Record<string, RowSource>> = {
  keyspaces: () => virtualKeyspaces.map(({ name }) => ({ keyspace_name: utf8(name) })),
  tables: () =>
    virtualKeyspaces.flatMap(tablesOf).map((table) => ({
      keyspace_name: utf8(table.keyspace),
      table_name: utf8(table.name),
      comment: utf8(String(table.options.get('comment') ?? '')),
    })),
  columns: () => virtualKeyspaces.flatMap(tablesOf).flatMap(columnRows),
};

const clientRow = (client: ClientFacts): NamedRow => ({
  address: inetBytes(client.address),
  port: intBytes(client.port),
  hostname: utf8(client.address),
  username: textValue(client.username),
  connection_stage: utf8(client.stage),
  protocol_version: intBytes(client.protocolVersion),
  client_options: textMapBytes(client.options),
  keyspace_name: textValue(client.keyspace),
  driver_name: textValue(client.options.get('DRIVER_NAME')),
  driver_version: textValue(client.options.get('DRIVER_VERSION')),
  request_count: bigintBytes(client.requestCount),
  ssl_enabled: booleanBytes(client.tls !== undefined),
  ssl_protocol: textValue(client.tls?.protocol),
  ssl_cipher_suite: textValue(client.tls?.cipherSuite),
});

const viewsTables = (sources: NodeSources): Readonly<Record<string, RowSource>> => ({
  clients: () => [...sources.clients()].map(clientRow),
  settings: () =>
    [...sources.settings()]
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, value]) => ({ name: utf8(name), value: utf8(value) })),
});

/** Rows of `system_schema`, kept as long as the snapshot is the same one. */
function schemaRows(snapshot: () => Snapshot): Readonly<Record<string, RowSource>> {
  const kept = new Map<string, { readonly of: Snapshot; readonly rows: readonly NamedRow[] }>();
  const rowsOf = (name: string, make: (keyspace: KeyspaceDefinition) => readonly NamedRow[]): readonly NamedRow[] => {
    const now = snapshot();
    const before = kept.get(name);
    if (before?.of === now) return before.rows;
    const local = [...computedKeyspaces].filter(([, { kind }]) => kind === 'local');
    const rows = sortedByKey(new Map([...local, ...now.keyspaces])).flatMap(make);
    kept.set(name, { of: now, rows });
    return rows;
  };
  return Object.fromEntries(Object.entries(schemaTables).map(([name, make]) => [name, () => rowsOf(name, make)]));
}

const none: RowSource = () => [];

/** By `keyspace.table`: every table of `system`, `system_schema`, `system_virtual_schema` and `system_views`; of the stored ones the
 * one that tells how far views are, which the node knows without writing it down. */
export function virtualTables(snapshot: () => Snapshot, sources: NodeSources): ReadonlyMap<string, VirtualTable> {
  const rows: Readonly<Record<string, Readonly<Record<string, RowSource>>>> = {
    system: localRows(snapshot, sources),
    system_schema: schemaRows(snapshot),
    system_virtual_schema: virtualSchemaTables,
    system_views: viewsTables(sources),
  };
  const tables = new Map<string, VirtualTable>();
  for (const keyspace of computedKeyspaces.values())
    for (const name of keyspace.tables.keys())
      tables.set(`${keyspace.name}.${name}`, virtualTable(keyspace.name, name, rows[keyspace.name]?.[name] ?? none));
  const status = virtualTable('system_distributed', 'view_build_status', () => viewStatusRows(snapshot(), sources));
  return tables.set('system_distributed.view_build_status', status);
}
