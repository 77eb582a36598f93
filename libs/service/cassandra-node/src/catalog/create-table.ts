/** CREATE TABLE. Source: Cassandra 5.0, CreateTableStatement, TableMetadata.validate. */
import type { Column, ColumnKind, TableSchema } from '@skerry/domain-table';
import { isMultiCell, marshalName, type ValueType } from '@skerry/domain-values';
import type { ColumnDefinition, CreateTableStatement } from '@skerry/protocol-cql';
import { classType } from './class-type.ts';
import { arranged, columnIdMax, compareNames } from './columns.ts';
import {
  draft,
  existingKeyspace,
  guardSystem,
  keyspaceOf,
  allTablesResource,
  type DdlContext,
  type MaybeDraft,
} from './context.ts';
import { invalid, misconfigured, tableExists } from './fault.ts';
import { isTableName, tableNameLengthMax } from './names.ts';
import { resolveType, type TypeScope } from './resolve-type.ts';
import { findRelation, withEntry, type Snapshot } from './state.ts';
import { newTableId } from './table-id.ts';
import { askedId, readOptions } from './table-options.ts';
import { referencesDuration, typeName } from './type-names.ts';

type Types = ReadonlyMap<string, ValueType>;
type Key = { readonly partition: readonly string[]; readonly clustering: readonly string[] };

export const maskingDisabled =
  'Cannot mask columns because dynamic data masking is not enabled. ' +
  'You can enable it with the dynamic_data_masking_enabled property on cassandra.yaml';
const staticNeedsClustering =
  'Static columns are only useful (and thus allowed) if the table has at least one clustering column';

/** @throws Refusal for a name that no table may have. */
export function checkTableName(keyspace: string, name: string): void {
  if (isTableName(name)) return;
  const why =
    name.length > tableNameLengthMax
      ? `must not be more than ${tableNameLengthMax} characters long (got ${name.length} characters for "${name}")`
      : `must not be empty or not contain non-alphanumeric-underscore characters (got "${name}")`;
  throw misconfigured(`${keyspace}.${name}: Table name ${why}`);
}
export function checkColumnCount(keyspace: string, name: string, count: number): void {
  if (count > columnIdMax) throw misconfigured(`${keyspace}.${name}: more than ${columnIdMax} columns`);
}

export function checkStatic(hasStatic: boolean, hasClustering: boolean): void {
  if (hasStatic && !hasClustering) throw invalid(staticNeedsClustering);
}
/** Fields of a user type that is made of cells must be cells. */
export function checkOpenFields(type: ValueType, suffix = ''): void {
  if (type.kind === 'udt' && !type.frozen && type.fields.some((field) => isMultiCell(field.type)))
    throw invalid(`Non-frozen UDTs with nested non-frozen collections are not supported${suffix}`);
}
/** A view's error has the marshal class, a table's the CQL name. */
const keyTypeText = (type: ValueType, whose: 'table' | 'view'): string => {
  if (whose === 'view') return `'${marshalName(type)}'`;
  return type.kind === 'udt' ? `"${type.keyspace}.${type.name}"` : typeName(type);
};
/** What a key column must not be. */
export function checkKeyType(name: string, type: ValueType, whose: 'table' | 'view' = 'table'): void {
  if (isMultiCell(type))
    throw invalid(
      `Invalid non-frozen ${type.kind === 'udt' ? 'user-defined' : 'collection'} type ` +
        `${keyTypeText(type, whose)} for PRIMARY KEY column '${name}'`,
    );
  if (type.kind === 'counter') throw invalid(`counter type is not supported for PRIMARY KEY column '${name}'`);
  if (referencesDuration(type)) throw invalid(`duration type is not supported for PRIMARY KEY column '${name}'`);
}

const shownName = ({ table }: CreateTableStatement): string =>
  table.keyspace === undefined ? table.name : `${table.keyspace}.${table.name}`;

function keyOf(statement: CreateTableStatement): Key {
  const inline = statement.columns.filter((column) => column.isPrimaryKey).map((column) => column.name);
  const count = inline.length + (statement.primaryKey === undefined ? 0 : 1);
  if (count === 0) throw invalid(`No PRIMARY KEY specifed for table '${shownName(statement)}' (exactly one required)`);
  if (count > 1)
    throw invalid(`Multiple PRIMARY KEY specified for table '${shownName(statement)}' (exactly one required)`);
  return statement.primaryKey ?? { partition: inline, clustering: [] };
}

function typesOf(statement: CreateTableStatement, scope: TypeScope): Types {
  const columns = new Map<string, ColumnDefinition>();
  for (const column of statement.columns) {
    if (columns.has(column.name))
      throw invalid(`Duplicate column '${column.name}' declaration for table '${shownName(statement)}'`);
    if (column.mask !== undefined) throw invalid(maskingDisabled);
    columns.set(column.name, column);
  }
  const types = new Map<string, ValueType>();
  // In the order of their names, so that of several errors it is always the same one that is told.
  for (const [name, column] of [...columns].toSorted(([a], [b]) => compareNames(a, b)))
    types.set(name, resolveType(column.type, scope));
  for (const type of types.values()) checkOpenFields(type);
  return types;
}

function checkKey(statement: CreateTableStatement, key: Key, types: Types, statics: ReadonlySet<string>): void {
  const seen = new Set<string>();
  for (const name of [...key.partition, ...key.clustering]) {
    const type = types.get(name);
    if (type === undefined)
      throw invalid(`Unknown column '${name}' referenced in PRIMARY KEY for table '${statement.table.name}'`);
    if (seen.has(name))
      throw invalid(`Duplicate column '${name}' in PRIMARY KEY clause for table '${statement.table.name}'`);
    seen.add(name);
    checkKeyType(name, type);
    if (statics.has(name)) throw invalid(`Static column '${name}' cannot be part of the PRIMARY KEY`);
  }
}

/** The clustering columns that go down. */
function reversedOf(statement: CreateTableStatement, clustering: readonly string[]): ReadonlySet<string> {
  const order = new Map<string, boolean>();
  for (const { column, descending } of statement.clusteringOrder) {
    if (order.has(column))
      throw invalid(`Duplicate column '${column}' in CLUSTERING ORDER BY clause for table '${shownName(statement)}'`);
    order.set(column, descending);
  }
  const strange = [...order.keys()].filter((name) => !clustering.includes(name));
  if (strange.length > 0)
    throw invalid(
      `Only clustering key columns can be defined in CLUSTERING ORDER directive: [${strange.join(', ')}] are not clustering columns`,
    );
  for (const [at, name] of [...order.keys()].entries()) {
    const expected = clustering[at];
    if (expected === undefined || name === expected) continue;
    throw invalid(
      order.has(expected)
        ? 'The order of columns in the CLUSTERING ORDER directive must match that of the clustering columns ' +
            `(${expected} must appear before ${name})`
        : `Missing CLUSTERING ORDER for column ${expected}`,
    );
  }
  return new Set([...order].filter(([, descending]) => descending).map(([name]) => name));
}

function checkCounters(types: Types, key: Key, defaultTtlSeconds: number): boolean {
  const isCounter = [...types.values()].some(({ kind }) => kind === 'counter');
  if (!isCounter) return false;
  const keys = new Set([...key.partition, ...key.clustering]);
  if ([...types].some(([name, { kind }]) => !keys.has(name) && kind !== 'counter'))
    throw invalid('Cannot mix counter and non counter columns in the same table');
  if (defaultTtlSeconds > 0) throw invalid('Cannot set default_time_to_live on a table with counters');
  return true;
}

export type ColumnSpec = { readonly name: string; readonly type: ValueType; readonly reversed: boolean };
/** Columns numbered from `firstId` in the order given. */
export const columnsOf = (kind: ColumnKind, specs: readonly ColumnSpec[], firstId: number): readonly Column[] =>
  specs.map(({ name, type, reversed }, position) => ({
    id: firstId + position,
    name,
    kind,
    type,
    position,
    reversed,
  }));

function buildTable(
  statement: CreateTableStatement,
  scope: TypeScope,
  number: number,
  context: DdlContext,
): TableSchema {
  const read = readOptions(statement.properties, undefined);
  const key = keyOf(statement);
  const types = typesOf(statement, scope);
  const statics = new Set(statement.columns.filter((column) => column.isStatic).map((column) => column.name));
  checkKey(statement, key, types, statics);
  const reversed = reversedOf(statement, key.clustering);
  const reversedClass = new Set(
    statement.columns
      .filter(
        ({ name, type }) =>
          key.clustering.includes(name) && type.kind === 'class' && classType(type.className).reversed,
      )
      .map(({ name }) => name),
  );
  if (statement.compactStorage)
    throw invalid('Guardrail compact_tables violated: Creation of new COMPACT STORAGE tables is not allowed');
  checkStatic(statics.size > 0, key.clustering.length > 0);
  const isCounter = checkCounters(types, key, read.defaultTtlSeconds);
  const keys = new Set([...key.partition, ...key.clustering]);
  const rest = statement.columns.map((column) => column.name).filter((name) => !keys.has(name));
  const specs = (names: readonly string[]): readonly ColumnSpec[] =>
    names.flatMap((name) => {
      const type = types.get(name);
      return type === undefined ? [] : [{ name, type, reversed: reversed.has(name) || reversedClass.has(name) }];
    });
  const staticNames = rest.filter((name) => statics.has(name));
  checkColumnCount(scope.keyspace, statement.table.name, types.size);
  return arranged({
    keyspace: scope.keyspace,
    name: statement.table.name,
    id: askedId(statement.properties) ?? newTableId(context.nowMicros, context.random),
    number,
    version: 1,
    partitionKey: columnsOf('partition_key', specs(key.partition), 0),
    clustering: columnsOf('clustering', specs(key.clustering), key.partition.length),
    statics: columnsOf('static', specs(staticNames), keys.size),
    regulars: columnsOf('regular', specs(rest.filter((name) => !statics.has(name))), keys.size + staticNames.length),
    dropped: [],
    isCounter,
    ...read,
  });
}

export function createTable(snapshot: Snapshot, statement: CreateTableStatement, context: DdlContext): MaybeDraft {
  const name = keyspaceOf(statement.table, context);
  guardSystem(name, 'CREATE', allTablesResource(name));
  const keyspace = existingKeyspace(snapshot, name);
  // Cassandra parses these before it looks whether the table is there.
  keyOf(statement);
  if (findRelation(keyspace, statement.table.name) !== undefined) {
    if (statement.ifNotExists) return undefined;
    throw tableExists(name, statement.table.name);
  }
  const scope = { keyspace: name, types: keyspace.types };
  const table = buildTable(statement, scope, snapshot.nextNumber, context);
  checkTableName(name, table.name);
  const id = askedId(statement.properties);
  if (id !== undefined && hasId(snapshot, id))
    throw misconfigured(`A table with id ${id} exists already: the new one needs another, or none`);
  return draft(
    snapshot,
    { ...keyspace, tables: withEntry(keyspace.tables, table.name, table) },
    { change: 'CREATED', target: 'TABLE', keyspace: name, name: table.name },
    { nextNumber: snapshot.nextNumber + 1 },
  );
}

/** Some table or view has it. */
export const hasId = (snapshot: Snapshot, id: string): boolean =>
  [...snapshot.keyspaces.values()].some(
    (keyspace) =>
      [...keyspace.tables.values()].some((table) => table.id === id) ||
      [...keyspace.views.values()].some((view) => view.schema.id === id),
  );
