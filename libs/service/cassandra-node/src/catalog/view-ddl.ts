/** CREATE, ALTER and DROP MATERIALIZED VIEW. Source: Cassandra 5.0, CreateViewStatement, AlterViewStatement, DropViewStatement. */
import type { TableSchema } from '@skerry/domain-table';
import { termText, type Relation, type SelectStatement, type Statement } from '@skerry/protocol-cql';
import { allColumns, arranged, compareNames, findColumn, isKey, keyColumns } from './columns.ts';
import {
  draft,
  existingKeyspace,
  guardSystem,
  keyspaceOf,
  tableResource,
  type DdlContext,
  type MaybeDraft,
} from './context.ts';
import { checkKeyType, checkTableName, columnsOf, hasId, type ColumnSpec } from './create-table.ts';
import { invalid, misconfigured, tableExists } from './fault.ts';
import { qualified } from './names.ts';
import { withEntry, without, type KeyspaceDefinition, type Snapshot, type ViewDefinition } from './state.ts';
import { newTableId } from './table-id.ts';
import { askedId, readOptions } from './table-options.ts';
import { hasMarker, relationColumns } from './view-where.ts';

type Create = Extract<Statement, { readonly kind: 'createView' }>;
type Alter = Extract<Statement, { readonly kind: 'alterView' }>;
type Drop = Extract<Statement, { readonly kind: 'dropTable' | 'dropView' | 'dropIndex' | 'dropType' }>;

export const viewWarning = 'Materialized views are experimental and are not recommended for production use.';

function selectedOf(base: TableSchema, select: SelectStatement, view: string): ReadonlySet<string> {
  const names = new Set<string>();
  if (select.clauses.length === 0) for (const column of allColumns(base)) names.add(column.name);
  for (const { selector, alias } of select.clauses) {
    if (alias !== undefined)
      throw invalid(`Cannot use aliases when defining a materialized view (got ${selectorName(selector)} as ${alias})`);
    if (selector.kind !== 'column')
      throw invalid(
        `Can only select columns by name when defining a materialized view (got ${selectorName(selector)})`,
      );
    if (findColumn(base, selector.name) === undefined)
      throw invalid(`Undefined column name ${selector.name} in table ${qualified(base.keyspace, base.name)}`);
    names.add(selector.name);
  }
  const statics = base.statics.find((column) => names.has(column.name));
  if (statics !== undefined)
    throw invalid(`Cannot include static column '${statics.name}' in materialized view '${view}'`);
  return names;
}
/** As the statement has it, as far as it is a column or a part of one. */
function selectorName(selector: SelectStatement['clauses'][number]['selector']): string {
  if (selector.kind === 'element') return `${selectorName(selector.of)}[${termText(selector.key)}]`;
  if (selector.kind === 'slice') {
    const [from, to] = [selector.from, selector.to].map((term) => (term === undefined ? '' : termText(term)));
    return `${selectorName(selector.of)}[${from}..${to}]`;
  }
  return 'name' in selector && typeof selector.name === 'string' ? selector.name : `${selector.kind}(…)`;
}

function checkKey(base: TableSchema, statement: Create, selected: ReadonlySet<string>): readonly string[] {
  const { partition, clustering } = statement.primaryKey;
  const view = statement.name.name;
  if (partition.length === 0)
    throw invalid(`Must provide at least one partition key column for materialized view '${view}'`);
  const names = new Set<string>();
  for (const name of [...partition, ...clustering]) {
    const column = findColumn(base, name);
    if (column === undefined || !selected.has(name))
      throw invalid(`Unknown column '${name}' referenced in PRIMARY KEY for materialized view '${view}'`);
    if (names.has(name))
      throw invalid(`Duplicate column '${name}' in PRIMARY KEY clause for materialized view '${view}'`);
    names.add(name);
    checkKeyType(name, column.type, 'view');
  }
  const order = statement.clusteringOrder.map((entry) => entry.column);
  for (const [at, name] of order.entries())
    if (order.indexOf(name) !== at)
      throw invalid(`Duplicate column '${name}' in CLUSTERING ORDER BY clause for view '${view}'`);
  if (order.length > 0 && (order.length !== clustering.length || order.some((name, at) => name !== clustering[at])))
    throw invalid('Clustering key columns must exactly match columns in CLUSTERING ORDER BY directive');
  const missing = keyColumns(base).filter((column) => !names.has(column.name));
  if (missing.length > 0)
    throw invalid(
      `Cannot create materialized view '${view}' without primary key columns ` +
        `${missing.map((column) => column.name).join(', ')} from base table '${base.name}'`,
    );
  const own = keyColumns(base).map((column) => column.name);
  const added = [...names].filter((name) => !own.includes(name));
  if (added.length > 1)
    throw invalid(
      `Cannot include more than one non-primary key column in materialized view primary key (got ${added.join(', ')})`,
    );
  return [...names];
}

function checkWhere(base: TableSchema, where: readonly Relation[], view: string, key: readonly string[]): void {
  if (hasMarker(where)) throw invalid('Bind variables are not allowed in CREATE MATERIALIZED VIEW statements');
  if (where.some((relation) => relation.kind === 'token'))
    throw invalid('Cannot use token relation when defining a materialized view');
  if (where.some((relation) => relation.kind === 'custom'))
    throw invalid(`WHERE clause for materialized view '${view}' cannot contain custom index expressions`);
  for (const name of where.flatMap(relationColumns))
    if (findColumn(base, name) === undefined)
      throw invalid(`Undefined column name ${name} in table ${qualified(base.keyspace, base.name)}`);
  const restricted = new Set(where.flatMap(relationColumns));
  const free = [...base.partitionKey, ...base.clustering, ...base.regulars]
    .map(({ name }) => name)
    .filter((name) => key.includes(name) && !restricted.has(name));
  if (free.length > 0)
    throw invalid(`Primary key columns ${free.join(', ')} must be restricted with 'IS NOT NULL' or otherwise`);
  const illegal = where
    .filter((relation) => relation.kind !== 'isNotNull')
    .flatMap(relationColumns)
    .filter((name) => {
      const column = findColumn(base, name);
      return column !== undefined && !isKey(column);
    });
  if (illegal.length > 0)
    throw invalid(
      `Non-primary key columns can only be restricted with 'IS NOT NULL' (got: ${illegal.join(',')} restricted illegally)`,
    );
}

function baseOf(keyspace: KeyspaceDefinition, statement: Create): TableSchema {
  const { name } = statement.select.table;
  const base = keyspace.tables.get(name);
  if (base === undefined) throw invalid(`Base table '${name}' doesn't exist`);
  return base;
}

function buildView(base: TableSchema, statement: Create, number: number, context: DdlContext): ViewDefinition {
  const view = statement.name.name;
  const selected = selectedOf(base, statement.select, view);
  const key = checkKey(base, statement, selected);
  checkWhere(base, statement.select.where, view, key);
  const read = readOptions(statement.properties, undefined);
  if (statement.properties.has('default_time_to_live'))
    throw invalid(
      'Cannot set default_time_to_live for a materialized view. Data in a materialized view always expire at the same ' +
        'time than the corresponding data in the parent table.',
    );
  const order = new Map(statement.clusteringOrder.map(({ column, descending }) => [column, descending]));
  const spec = (name: string, isClustering: boolean): readonly ColumnSpec[] => {
    const column = findColumn(base, name);
    if (column === undefined) return [];
    return [{ name, type: column.type, reversed: isClustering && (order.get(name) ?? column.reversed) }];
  };
  const { partition, clustering } = statement.primaryKey;
  const regulars = [...selected].filter((name) => !key.includes(name)).toSorted(compareNames);
  const schema = arranged({
    keyspace: base.keyspace,
    name: view,
    id: askedId(statement.properties) ?? newTableId(context.nowMicros, context.random),
    number,
    version: 1,
    partitionKey: columnsOf(
      'partition_key',
      partition.flatMap((name) => spec(name, false)),
      0,
    ),
    clustering: columnsOf(
      'clustering',
      clustering.flatMap((name) => spec(name, true)),
      partition.length,
    ),
    statics: [],
    regulars: columnsOf(
      'regular',
      regulars.flatMap((name) => spec(name, false)),
      key.length,
    ),
    dropped: [],
    isCounter: false,
    ...read,
  });
  return { schema, base: base.name, includeAll: statement.select.clauses.length === 0, where: statement.select.where };
}

export function createView(snapshot: Snapshot, statement: Create, context: DdlContext): MaybeDraft {
  const name = keyspaceOf(statement.name, context);
  const view = statement.name.name;
  const { table } = statement.select;
  if (table.keyspace !== undefined && table.keyspace !== name)
    throw invalid('Cannot create a materialized view on a table in a different keyspace');
  guardSystem(name, 'ALTER', tableResource(name, table.name));
  const keyspace = existingKeyspace(snapshot, name);
  const base = baseOf(keyspace, statement);
  if (keyspace.tables.has(view))
    throw invalid(`Cannot create materialized view '${view}' - a table with the same name already exists`);
  if (keyspace.views.has(view)) {
    // It warns all the same.
    if (statement.ifNotExists)
      return draft(
        snapshot,
        keyspace,
        { change: 'CREATED', target: 'TABLE', keyspace: name, name: view },
        { nextNumber: snapshot.nextNumber, warnings: [viewWarning] },
      );
    throw tableExists(name, view);
  }
  if (base.isCounter) throw invalid('Materialized views are not supported on counter tables');
  if (base.gcGraceSeconds === 0)
    throw invalid(
      `Cannot create materialized view '${view}' for base table '${base.name}' with gc_grace_seconds of 0, since this ` +
        'value is used to TTL undelivered updates. Setting gc_grace_seconds too low might cause undelivered updates to ' +
        'expire before being replayed.',
    );
  const definition = buildView(base, statement, snapshot.nextNumber, context);
  checkTableName(name, view);
  const id = askedId(statement.properties);
  if (id !== undefined && hasId(snapshot, id))
    throw misconfigured(`A table with id ${id} exists already: the new one needs another, or none`);
  return draft(
    snapshot,
    { ...keyspace, views: withEntry(keyspace.views, view, definition) },
    { change: 'CREATED', target: 'TABLE', keyspace: name, name: view },
    { nextNumber: snapshot.nextNumber + 1, warnings: [viewWarning] },
  );
}

function existingView(snapshot: Snapshot, keyspace: string, view: string): ViewDefinition | undefined {
  return snapshot.keyspaces.get(keyspace)?.views.get(view);
}

export function alterView(snapshot: Snapshot, statement: Alter, context: DdlContext): MaybeDraft {
  const name = keyspaceOf(statement.name, context);
  guardSystem(name, 'ALTER', tableResource(name, statement.name.name));
  const view = existingView(snapshot, name, statement.name.name);
  if (view === undefined) {
    if (statement.ifExists) return undefined;
    throw invalid(`Materialized view '${name}.${statement.name.name}' doesn't exist`);
  }
  const read = readOptions(statement.properties, view.schema);
  if (askedId(statement.properties) !== undefined) throw misconfigured('Cannot alter table id.');
  if (read.gcGraceSeconds === 0)
    throw invalid(
      'Cannot alter gc_grace_seconds of a materialized view to 0, since this value is used to TTL undelivered updates. ' +
        'Setting gc_grace_seconds too low might cause undelivered updates to expire before being replayed.',
    );
  if (read.defaultTtlSeconds > 0)
    throw invalid(
      'Forbidden default_time_to_live detected for a materialized view. Data in a materialized view always expire at ' +
        'the same time than the corresponding data in the parent table. default_time_to_live must be set to zero, see ' +
        'CASSANDRA-12868 for more information',
    );
  const keyspace = existingKeyspace(snapshot, name);
  const altered = { ...view, schema: { ...view.schema, ...read } };
  return draft(
    snapshot,
    { ...keyspace, views: withEntry(keyspace.views, view.schema.name, altered) },
    { change: 'UPDATED', target: 'TABLE', keyspace: name, name: view.schema.name },
  );
}

export function dropView(snapshot: Snapshot, statement: Drop, context: DdlContext): MaybeDraft {
  const name = keyspaceOf(statement.name, context);
  const view = statement.name.name;
  if (existingView(snapshot, name, view) === undefined) {
    if (statement.ifExists) return undefined;
    throw invalid(`Materialized view '${name}.${view}' doesn't exist`);
  }
  const keyspace = existingKeyspace(snapshot, name);
  return draft(
    snapshot,
    { ...keyspace, views: without(keyspace.views, view) },
    { change: 'DROPPED', target: 'TABLE', keyspace: name, name: view },
  );
}
