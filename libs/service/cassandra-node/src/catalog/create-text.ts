/** CREATE statements as Cassandra 5.0's DESCRIBE prints them. Source: TableMetadata, TableParams, ViewMetadata, UserType, IndexMetadata. */
import type { Column, TableSchema } from '@skerry/domain-table';
import type { UserType } from '@skerry/domain-values';
import type { PropertyValue } from '@skerry/protocol-cql';
import { createOrder, findColumn } from './columns.ts';
import { targetText } from './index-ddl.ts';
import { javaDouble, mapLiteral, maybeQuote, qualified, quoted, uuidText } from './names.ts';
import type { IndexDefinition, KeyspaceDefinition, ViewDefinition } from './state.ts';
import { expandUserTypes, typeName } from './type-names.ts';
import { whereText } from './view-where.ts';

const indent = '    ';
const shown = (table: TableSchema): string => qualified(table.keyspace, table.name);

export function createKeyspaceText(keyspace: KeyspaceDefinition): string {
  const { name, replication, durableWrites } = keyspace;
  if (keyspace.kind === 'virtual')
    return (
      `/*\nWarning: Keyspace ${maybeQuote(name)} is a virtual keyspace and cannot be recreated with CQL.\n` +
      `Structure, for reference:\nVIRTUAL KEYSPACE ${maybeQuote(name)};\n*/`
    );
  const options = [...replication.options].map(([key, value]) => `, ${quoted(key)}: ${quoted(value)}`).join('');
  return (
    `CREATE KEYSPACE ${maybeQuote(name)} WITH replication = {'class': ${quoted(replication.strategy)}${options}}  ` +
    `AND durable_writes = ${durableWrites};`
  );
}

export const createTypeText = (type: UserType): string =>
  `CREATE TYPE ${qualified(type.keyspace, type.name)} (\n` +
  type.fields.map((field) => `${indent}${maybeQuote(field.name)} ${typeName(field.type)}`).join(',\n') +
  '\n);';

export function createIndexText(keyspace: string, index: IndexDefinition): string {
  const on = `${maybeQuote(index.name)} ON ${qualified(keyspace, index.table)} (${index.targets.map(targetText).join(', ')})`;
  if (index.className === undefined) return `CREATE INDEX ${on};`;
  const options = index.options.size === 0 ? '' : ` WITH OPTIONS = ${mapLiteral(index.options)}`;
  return `CREATE CUSTOM INDEX ${on} USING ${quoted(index.className)}${options};`;
}

const columnText = (column: Pick<Column, 'name' | 'type' | 'kind'>): string =>
  `${maybeQuote(column.name)} ${typeName(column.type)}${column.kind === 'static' ? ' static' : ''}`;

function primaryKeyText({ partitionKey, clustering }: TableSchema): string {
  const names = (columns: readonly Column[]): string => columns.map((column) => maybeQuote(column.name)).join(', ');
  const partition = partitionKey.length > 1 ? `(${names(partitionKey)})` : names(partitionKey);
  return `PRIMARY KEY (${partition}${clustering.length === 0 ? '' : `, ${names(clustering)}`})`;
}

/** In the order in which Cassandra shows them; two are fields of the schema. */
const optionNames: readonly string[] = [
  'additional_write_policy',
  'allow_auto_snapshot',
  'bloom_filter_fp_chance',
  'caching',
  'cdc',
  'comment',
  'compaction',
  'compression',
  'memtable',
  'crc_check_chance',
  'default_time_to_live',
  'extensions',
  'gc_grace_seconds',
  'incremental_backups',
  'max_index_interval',
  'memtable_flush_period_in_ms',
  'min_index_interval',
  'read_repair',
  'speculative_retry',
];
const doubles: ReadonlySet<string> = new Set(['bloom_filter_fp_chance', 'crc_check_chance']);

function optionText(name: string, value: PropertyValue): string {
  if (typeof value === 'object') return mapLiteral(value);
  if (typeof value === 'string') return quoted(value);
  return doubles.has(name) ? javaDouble(Number(value)) : String(value);
}
function optionValue(table: TableSchema, name: string): PropertyValue {
  if (name === 'default_time_to_live') return table.defaultTtlSeconds;
  if (name === 'gc_grace_seconds') return table.gcGraceSeconds;
  return table.options.get(name) ?? '';
}

type Shape = { readonly isView: boolean; readonly isVirtual: boolean; readonly withInternals: boolean };

/** Everything behind WITH, its lines joined by AND. */
function optionsText(table: TableSchema, { isView, isVirtual, withInternals }: Shape): string {
  const order = table.clustering.map((column) => `${maybeQuote(column.name)} ${column.reversed ? 'DESC' : 'ASC'}`);
  const names = isVirtual ? ['comment'] : optionNames.filter((name) => !isView || name !== 'default_time_to_live');
  const lines = [
    ...(withInternals ? [`ID = ${uuidText(table.id)}`] : []),
    ...(order.length === 0 ? [] : [`CLUSTERING ORDER BY (${order.join(', ')})`]),
    ...names.map((name) => `${name} = ${optionText(name, optionValue(table, name))}`),
  ];
  return ` WITH ${lines.join(`\n${indent}AND `)};`;
}

/** The dropped columns, each as it went last, its user types as tuples. */
function droppedOf(table: TableSchema): TableSchema['dropped'] {
  const last = new Map(table.dropped.map((column) => [column.name, column]));
  return [...last.values()].map((column) => ({ ...column, type: expandUserTypes(column.type) }));
}

/** After the CREATE: what makes the table that was created with its dropped columns what it is. */
function dropTexts(table: TableSchema): readonly string[] {
  return droppedOf(table).flatMap((dropped) => {
    const back = findColumn(table, dropped.name);
    const drop = `ALTER TABLE ${shown(table)} DROP ${maybeQuote(dropped.name)} USING TIMESTAMP ${dropped.droppedAtMicros};`;
    return back === undefined ? [drop] : [drop, `ALTER TABLE ${shown(table)} ADD ${columnText(back)};`];
  });
}

function columnLines(table: TableSchema, withInternals: boolean): readonly string[] {
  const dropped = withInternals ? droppedOf(table) : [];
  const names = new Set(dropped.map((column) => column.name));
  const isOne = table.partitionKey.length === 1 && table.clustering.length === 0;
  return [
    ...createOrder(table)
      .filter((column) => !names.has(column.name))
      .map((column) => `${columnText(column)}${isOne && column.kind === 'partition_key' ? ' PRIMARY KEY' : ''}`),
    ...dropped.map(columnText),
    ...(isOne ? [] : [primaryKeyText(table)]),
  ];
}

/** @param isVirtual shown for reference, inside a comment. */
export function createTableText(table: TableSchema, isVirtual: boolean, withInternals: boolean): string {
  const body =
    `TABLE ${shown(table)} (\n` +
    columnLines(table, withInternals)
      .map((line) => indent + line)
      .join(',\n') +
    `\n)${optionsText(table, { isView: false, isVirtual, withInternals })}`;
  if (isVirtual)
    return (
      `/*\nWarning: Table ${shown(table)} is a virtual table and cannot be recreated with CQL.\n` +
      `Structure, for reference:\nVIRTUAL ${body}\n*/`
    );
  return [`CREATE ${body}`, ...(withInternals ? dropTexts(table) : [])].join('\n');
}

export function createViewText(view: ViewDefinition, withInternals: boolean): string {
  const { schema } = view;
  const selected = view.includeAll
    ? '*'
    : [...schema.partitionKey, ...schema.clustering, ...schema.regulars]
        .map((column) => maybeQuote(column.name))
        .join(', ');
  return (
    `CREATE MATERIALIZED VIEW ${shown(schema)} AS\n` +
    `${indent}SELECT ${selected}\n` +
    `${indent}FROM ${qualified(schema.keyspace, view.base)}\n` +
    `${indent}WHERE ${whereText(view.where)}\n` +
    `${indent}${primaryKeyText(schema)}\n` +
    optionsText(schema, { isView: true, isVirtual: false, withInternals })
  );
}
