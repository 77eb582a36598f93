/** The rows of `system_schema` and `system_virtual_schema`, out of the definitions. Source: Cassandra 5.0, SchemaKeyspace. */
import type { Column, TableSchema } from '@skerry/domain-table';
import { utf8 } from '@skerry/kernel';
import { allColumns, compareNames } from '../columns.ts';
import { targetText } from '../index-ddl.ts';
import {
  booleanBytes,
  doubleBytes,
  intBytes,
  textListBytes,
  textMapBytes,
  textsBytes,
  timestampBytes,
  uuidBytes,
} from '../serialize.ts';
import { sortedByKey, type IndexDefinition, type KeyspaceDefinition, type ViewDefinition } from '../state.ts';
import { expandUserTypes, typeName } from '../type-names.ts';
import { whereText } from '../view-where.ts';
import type { NamedRow } from './virtual-table.ts';

const locatorPackage = 'org.apache.cassandra.locator.';
/** With the strategy's whole name, as the table has it. */
export const replicationMap = ({ replication }: KeyspaceDefinition): ReadonlyMap<string, string> =>
  new Map([['class', `${locatorPackage}${replication.strategy}`], ...replication.options]);

export const keyspaceRow = (keyspace: KeyspaceDefinition): NamedRow => ({
  keyspace_name: utf8(keyspace.name),
  durable_writes: booleanBytes(keyspace.durableWrites),
  replication: textMapBytes(replicationMap(keyspace)),
});

const text = (table: TableSchema, name: string): Uint8Array => utf8(String(table.options.get(name) ?? ''));
const number = (table: TableSchema, name: string): number => Number(table.options.get(name) ?? 0);
function texts(table: TableSchema, name: string): Uint8Array {
  const value = table.options.get(name);
  return textMapBytes(typeof value === 'object' ? value : new Map());
}

/** Cassandra leaves out what an older node would not know, as long as it has its default. */
const unlessDefault = (table: TableSchema, name: string, usual: boolean): Uint8Array | null => {
  const value = table.options.get(name);
  return value === usual || typeof value !== 'boolean' ? null : booleanBytes(value);
};

const paramsRow = (table: TableSchema): NamedRow => ({
  id: uuidBytes(table.id),
  allow_auto_snapshot: unlessDefault(table, 'allow_auto_snapshot', true),
  bloom_filter_fp_chance: doubleBytes(number(table, 'bloom_filter_fp_chance')),
  caching: texts(table, 'caching'),
  comment: text(table, 'comment'),
  compaction: texts(table, 'compaction'),
  compression: texts(table, 'compression'),
  memtable: table.options.get('memtable') === 'default' ? null : text(table, 'memtable'),
  crc_check_chance: doubleBytes(number(table, 'crc_check_chance')),
  dclocal_read_repair_chance: doubleBytes(0),
  default_time_to_live: intBytes(table.defaultTtlSeconds),
  extensions: texts(table, 'extensions'),
  gc_grace_seconds: intBytes(table.gcGraceSeconds),
  incremental_backups: unlessDefault(table, 'incremental_backups', true),
  max_index_interval: intBytes(number(table, 'max_index_interval')),
  memtable_flush_period_in_ms: intBytes(number(table, 'memtable_flush_period_in_ms')),
  min_index_interval: intBytes(number(table, 'min_index_interval')),
  read_repair_chance: doubleBytes(0),
  speculative_retry: text(table, 'speculative_retry'),
  additional_write_policy: text(table, 'additional_write_policy'),
  cdc: unlessDefault(table, 'cdc', false),
  read_repair: text(table, 'read_repair'),
});

export const tableRow = (table: TableSchema): NamedRow => ({
  keyspace_name: utf8(table.keyspace),
  table_name: utf8(table.name),
  flags: textsBytes(table.isCounter ? ['compound', 'counter'] : ['compound']),
  ...paramsRow(table),
});

export const viewRow = (keyspace: KeyspaceDefinition, view: ViewDefinition): NamedRow => {
  const base = keyspace.tables.get(view.base);
  return {
    keyspace_name: utf8(keyspace.name),
    view_name: utf8(view.schema.name),
    base_table_id: base === undefined ? null : uuidBytes(base.id),
    base_table_name: utf8(view.base),
    where_clause: utf8(whereText(view.where)),
    include_all_columns: booleanBytes(view.includeAll),
    ...paramsRow(view.schema),
  };
};

const columnRow = (table: TableSchema, column: Column): NamedRow => {
  const isKey = column.kind === 'partition_key' || column.kind === 'clustering';
  return {
    keyspace_name: utf8(table.keyspace),
    table_name: utf8(table.name),
    column_name: utf8(column.name),
    clustering_order: utf8(column.kind === 'clustering' ? (column.reversed ? 'desc' : 'asc') : 'none'),
    column_name_bytes: utf8(column.name),
    kind: utf8(column.kind),
    position: intBytes(isKey ? column.position : -1),
    type: utf8(typeName(column.type)),
  };
};
export const columnRows = (table: TableSchema): readonly NamedRow[] =>
  allColumns(table)
    .toSorted((a, b) => compareNames(a.name, b.name))
    .map((column) => columnRow(table, column));

export function droppedRows(table: TableSchema): readonly NamedRow[] {
  // By name: a column that came back and went again counts once, as it went last.
  const last = new Map(table.dropped.map((column) => [column.name, column]));
  return [...last.values()]
    .toSorted((a, b) => compareNames(a.name, b.name))
    .map((column) => ({
      keyspace_name: utf8(table.keyspace),
      table_name: utf8(table.name),
      column_name: utf8(column.name),
      dropped_time: timestampBytes(Math.floor(column.droppedAtMicros / 1000)),
      kind: utf8(column.kind),
      type: utf8(typeName(expandUserTypes(column.type))),
    }));
}

export const typeRows = (keyspace: KeyspaceDefinition): readonly NamedRow[] =>
  sortedByKey(keyspace.types).map((type) => ({
    keyspace_name: utf8(keyspace.name),
    type_name: utf8(type.name),
    field_names: textListBytes(type.fields.map((field) => field.name)),
    field_types: textListBytes(type.fields.map((field) => typeName(field.type))),
  }));

/** As `options` of an index: what it is on, and what it is. */
export const indexOptions = (index: IndexDefinition): ReadonlyMap<string, string> =>
  new Map([
    ...index.options,
    ...(index.className === undefined ? [] : [['class_name', index.className] as const]),
    ['target', index.targets.map(targetText).join(', ')],
  ]);
export const indexRows = (keyspace: KeyspaceDefinition): readonly NamedRow[] =>
  sortedByKey(keyspace.indexes)
    .toSorted((a, b) => compareNames(a.table, b.table) || compareNames(a.name, b.name))
    .map((index) => ({
      keyspace_name: utf8(keyspace.name),
      table_name: utf8(index.table),
      index_name: utf8(index.name),
      kind: utf8(index.kind.toUpperCase()),
      options: textMapBytes(indexOptions(index)),
    }));
