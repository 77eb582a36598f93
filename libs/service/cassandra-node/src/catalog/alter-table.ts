/** ALTER and DROP TABLE. Source: Cassandra 5.0, AlterTableStatement, DropTableStatement. */
import type { Column, DroppedColumn, TableSchema } from '@skerry/domain-table';
import { unreachable } from '@skerry/kernel';
import type { AlterTableStatement, ColumnDefinition, Statement, Using } from '@skerry/protocol-cql';
import { allColumns, arranged, findColumn, isKey, nextColumnId } from './columns.ts';
import { draft, guardSystem, keyspaceOf, tableResource, type DdlContext, type MaybeDraft } from './context.ts';
import { checkColumnCount, checkOpenFields, checkStatic, maskingDisabled } from './create-table.ts';
import { invalid, misconfigured } from './fault.ts';
import { maybeQuote, qualified } from './names.ts';
import { resolveType } from './resolve-type.ts';
import {
  findRelation,
  indexesOf,
  viewsOf,
  withEntry,
  without,
  type KeyspaceDefinition,
  type Snapshot,
  type ViewDefinition,
} from './state.ts';
import { askedId, readOptions } from './table-options.ts';
import { expandUserTypes, sameType, typeName } from './type-names.ts';
import { renamedColumn } from './view-where.ts';

type Change = AlterTableStatement['change'];
type Of<K extends Change['kind']> = Extract<Change, { readonly kind: K }>;
/** The table and the views of it, as they become. */
type Altered = { readonly table: TableSchema; readonly views: readonly ViewDefinition[] };

const shown = (table: TableSchema): string => qualified(table.keyspace, table.name);

/** What was dropped under this name last. */
const droppedOf = (table: TableSchema, name: string): DroppedColumn | undefined =>
  table.dropped.findLast((column) => column.name === name);

/**
 * The number that a column gets. One that comes back as it was has its old number: cells that are newer than its drop
 * show again, as in Cassandra.
 */
function idOf(table: TableSchema, name: string, type: Column['type'], kind: Column['kind']): number {
  const before = table.dropped.findLast(
    (column) => column.name === name && column.kind === kind && sameType(column.type, type),
  );
  return before?.id ?? nextColumnId(table);
}

function checkReturn(table: TableSchema, name: string, type: Column['type'], isStatic: boolean): void {
  const before = droppedOf(table, name);
  if (before === undefined) return;
  if (!sameType(expandUserTypes(type), expandUserTypes(before.type)))
    throw invalid(
      `Cannot add a column '${name}' of type ${typeName(type)}, incompatible with previously dropped column ` +
        `'${name}' of type ${typeName(before.type)}`,
    );
  if ((before.kind === 'static') !== isStatic)
    throw invalid(
      `Cannot re-add previously dropped column '${name}' of kind ${isStatic ? 'STATIC' : 'REGULAR'}, ` +
        `incompatible with previous kind ${before.kind.toUpperCase()}`,
    );
  if (table.isCounter) throw invalid(`Cannot re-add previously dropped counter column ${name}`);
}

function withColumn(table: TableSchema, name: string, type: Column['type'], isStatic: boolean): TableSchema {
  const kind = isStatic ? 'static' : 'regular';
  const column: Column = { id: idOf(table, name, type, kind), name, kind, type, position: 0, reversed: false };
  checkColumnCount(table.keyspace, table.name, column.id);
  return arranged(
    isStatic ? { ...table, statics: [...table.statics, column] } : { ...table, regulars: [...table.regulars, column] },
  );
}

function addColumn(
  keyspace: KeyspaceDefinition,
  { table, views }: Altered,
  column: ColumnDefinition,
  ifNotExists: boolean,
): Altered {
  if (column.mask !== undefined) throw invalid(maskingDisabled);
  const type = resolveType(column.type, { keyspace: keyspace.name, types: keyspace.types });
  if (findColumn(table, column.name) !== undefined) {
    if (!ifNotExists) throw invalid(`Column with name '${column.name}' already exists`);
    return { table, views };
  }
  checkStatic(column.isStatic, table.clustering.length > 0);
  checkOpenFields(type, ` for column ${column.name}`);
  checkReturn(table, column.name, type, column.isStatic);
  if (table.isCounter && type.kind !== 'counter')
    throw misconfigured(`${shown(table)}: Cannot have a non counter column ("${column.name}") in a counter table`);
  if (!table.isCounter && type.kind === 'counter')
    throw misconfigured(`${shown(table)}: Cannot have a counter column ("${column.name}") in a non counter table`);
  return {
    table: withColumn(table, column.name, type, column.isStatic),
    views: column.isStatic
      ? views
      : views.map((view) =>
          view.includeAll ? { ...view, schema: withColumn(view.schema, column.name, type, false) } : view,
        ),
  };
}

function refuseIndexed(keyspace: KeyspaceDefinition, table: TableSchema, column: string, verb: string): void {
  const names = indexesOf(keyspace, table.name)
    .filter((index) => index.targets.length === 0 || index.targets.some((target) => target.column === column))
    .map((index) => index.name);
  if (names.length > 0)
    throw invalid(`Cannot ${verb} column ${column} because it has dependent secondary indexes (${names.join(', ')})`);
}

/** The time that a statement gives in whole microseconds, or now. */
function dropTime(using: Using, context: DdlContext): number {
  const { timestamp } = using;
  if (timestamp === undefined) return context.nowMicros;
  const micros =
    timestamp.kind === 'integer'
      ? Number(timestamp.text)
      : timestamp.kind === 'negative' && timestamp.of.kind === 'integer'
        ? -Number(timestamp.of.text)
        : Number.NaN;
  if (!Number.isSafeInteger(micros))
    throw invalid('Cannot drop with this timestamp: must be a whole number of microseconds below 2^53');
  return micros;
}

function dropColumn(
  keyspace: KeyspaceDefinition,
  table: TableSchema,
  name: string,
  ifExists: boolean,
  droppedAtMicros: number,
): TableSchema {
  const column = findColumn(table, name);
  if (column === undefined) {
    if (!ifExists) throw invalid(`Column ${maybeQuote(name)} was not found in table '${shown(table)}'`);
    return table;
  }
  if (isKey(column)) throw invalid(`Cannot drop PRIMARY KEY column ${name}`);
  if (column.type.kind === 'udt' && !column.type.frozen)
    throw invalid(`Cannot drop non-frozen column ${name} of user type ${typeName(column.type)}`);
  refuseIndexed(keyspace, table, name, 'drop');
  if (viewsOf(keyspace, table.name).length > 0)
    throw invalid(`Cannot drop column ${name} on base table ${table.name} with materialized views`);
  const { id, kind, type } = column;
  const rest = (columns: readonly Column[]): readonly Column[] => columns.filter((other) => other.id !== id);
  return arranged({
    ...table,
    statics: rest(table.statics),
    regulars: rest(table.regulars),
    dropped: [...table.dropped.filter((other) => other.id !== id), { id, name, kind, type, droppedAtMicros }],
  });
}

const renamed = (table: TableSchema, from: string, to: string): TableSchema => {
  const rename = (columns: readonly Column[]): readonly Column[] =>
    columns.map((column) => (column.name === from ? { ...column, name: to } : column));
  return { ...table, partitionKey: rename(table.partitionKey), clustering: rename(table.clustering) };
};

function renameColumn(
  keyspace: KeyspaceDefinition,
  { table, views }: Altered,
  from: string,
  to: string,
  ifExists: boolean,
): Altered {
  const column = findColumn(table, from);
  if (column === undefined) {
    if (!ifExists) throw invalid(`Undefined column name ${maybeQuote(from)} in table ${shown(table)}`);
    return { table, views };
  }
  if (!isKey(column)) throw invalid(`Cannot rename non PRIMARY KEY column ${from}`);
  if (findColumn(table, to) !== undefined)
    throw invalid(
      `Cannot rename column ${from} to ${to} in table '${shown(table)}'; another column with that name already exists`,
    );
  refuseIndexed(keyspace, table, from, 'rename');
  return {
    table: renamed(table, from, to),
    // A key of the table is a key of each of its views.
    views: views.map((view) => ({
      ...view,
      schema: renamed(view.schema, from, to),
      where: view.where.map((relation) => renamedColumn(relation, from, to)),
    })),
  };
}

function setOptions(table: TableSchema, views: readonly ViewDefinition[], change: Of<'with'>): TableSchema {
  const read = readOptions(change.properties, table);
  if (askedId(change.properties) !== undefined) throw misconfigured('Cannot alter table id.');
  if (table.isCounter && read.defaultTtlSeconds > 0)
    throw invalid('Cannot set default_time_to_live on a table with counters');
  if (views.length > 0 && read.gcGraceSeconds === 0)
    throw invalid(
      'Cannot alter gc_grace_seconds of the base table of a materialized view to 0, since this value is used to TTL ' +
        'undelivered updates. Setting gc_grace_seconds too low might cause undelivered updates to expire before being ' +
        'replayed.',
    );
  return { ...table, ...read };
}

function alter(keyspace: KeyspaceDefinition, start: Altered, change: Change, context: DdlContext): Altered {
  switch (change.kind) {
    case 'add':
      return change.columns.reduce<Altered>(
        (state, column) => addColumn(keyspace, state, column, change.ifNotExists),
        start,
      );
    case 'drop': {
      const at = dropTime(change.using, context);
      const table = change.columns.reduce(
        (state, name) => dropColumn(keyspace, state, name, change.ifExists, at),
        start.table,
      );
      return { table, views: start.views };
    }
    case 'rename':
      return change.renames.reduce<Altered>(
        (state, [from, to]) => renameColumn(keyspace, state, from, to, change.ifExists),
        start,
      );
    case 'retype':
      throw invalid('Altering column types is no longer supported');
    case 'dropCompactStorage':
      throw invalid('DROP COMPACT STORAGE is disabled. Enable in cassandra.yaml to use.');
    case 'mask':
      if (change.mask !== undefined) throw invalid(maskingDisabled);
      if (!allColumns(start.table).some((column) => column.name === change.column) && !change.ifExists)
        throw invalid(`Column with name '${change.column}' doesn't exist on table '${start.table.name}'`);
      return start;
    case 'with':
      return { ...start, table: setOptions(start.table, start.views, change) };
    default:
      return unreachable(change);
  }
}

export function alterTable(snapshot: Snapshot, statement: AlterTableStatement, context: DdlContext): MaybeDraft {
  const name = keyspaceOf(statement.table, context);
  guardSystem(name, 'ALTER', tableResource(name, statement.table.name));
  const keyspace = snapshot.keyspaces.get(name);
  const found = keyspace === undefined ? undefined : findRelation(keyspace, statement.table.name);
  if (keyspace === undefined || found === undefined) {
    if (statement.ifExists) return undefined;
    throw invalid(`Table '${name}.${statement.table.name}' doesn't exist`);
  }
  if (keyspace.views.has(found.name))
    throw invalid('Cannot use ALTER TABLE on a materialized view; use ALTER MATERIALIZED VIEW instead');
  const start = { table: found, views: viewsOf(keyspace, found.name) };
  const altered = alter(keyspace, start, statement.change, context);
  const views = new Map(keyspace.views);
  for (const view of altered.views) views.set(view.schema.name, view);
  return draft(
    snapshot,
    { ...keyspace, tables: withEntry(keyspace.tables, found.name, altered.table), views },
    { change: 'UPDATED', target: 'TABLE', keyspace: name, name: found.name },
  );
}

type Drop = Extract<Statement, { readonly kind: 'dropTable' | 'dropView' | 'dropIndex' | 'dropType' }>;

export function dropTable(snapshot: Snapshot, statement: Drop, context: DdlContext): MaybeDraft {
  const name = keyspaceOf(statement.name, context);
  const table = statement.name.name;
  guardSystem(name, 'DROP', tableResource(name, table));
  const keyspace = snapshot.keyspaces.get(name);
  if (keyspace === undefined || findRelation(keyspace, table) === undefined) {
    if (statement.ifExists) return undefined;
    throw invalid(`Table '${name}.${table}' doesn't exist`);
  }
  if (keyspace.views.has(table))
    throw invalid('Cannot use DROP TABLE on a materialized view. Please use DROP MATERIALIZED VIEW instead.');
  const views = viewsOf(keyspace, table);
  // In brackets are the views' keyspaces, not their names: so it is told.
  if (views.length > 0)
    throw invalid(`Cannot drop a table when materialized views still depend on it (${keyspace.name})`);
  return draft(
    snapshot,
    {
      ...keyspace,
      tables: without(keyspace.tables, table),
      indexes: new Map([...keyspace.indexes].filter(([, index]) => index.table !== table)),
    },
    { change: 'DROPPED', target: 'TABLE', keyspace: name, name: table },
  );
}
