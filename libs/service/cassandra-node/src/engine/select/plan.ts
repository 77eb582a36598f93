/** A SELECT, planned. Source: Cassandra 5.0, SelectStatement: rules and texts. */
import { Slices, type TableLayout, type TableReader, type TableSchema } from '@skerry/domain-table';
import type { ValueType } from '@skerry/domain-values';
import type { SelectStatement, Term } from '@skerry/protocol-cql';
import { utf8 } from '@skerry/kernel';
import { invalid, type Operand, type Plan, type ResultColumn } from '../contract.ts';
import { indexTable } from '../index/index-table.ts';
import { Questions } from '../index/questions.ts';
import { IndexSearch, type IndexAccess } from '../index/search.ts';
import { prepareOperand } from '../operands.ts';
import type { Planning } from '../planning.ts';
import { limitReceiver, perPartitionLimitReceiver } from '../receivers.ts';
import { ClusteringSlices } from './clustering-slices.ts';
import type { Seal } from './paging-state.ts';
import { checkNearestWhere, checkVectorFilters, nearestOf, NearestLimit, NearnessFilter } from './nearest.ts';
import { PartitionKeys } from './partition-keys.ts';
import { columnOf, relationOf, schemaOf, type Relations } from './relation.ts';
import { SelectRun } from './run.ts';
import type { SelectParts } from './select-parts.ts';
import { SelectPlan, type LongScope } from './select-plan.ts';
import type { Guardrails } from './tombstone-guard.ts';
import type { TurnTime } from './turn-time.ts';
import { isAggregating } from './selector-shapes.ts';
import { Selectors, type ResultSelector } from './selectors.ts';
import { ColumnSelected, type Selected } from './selected.ts';
import { filteringRefused } from './filtering.ts';
import { analyzeWhere } from './where.ts';
import type { Where } from './restrictions.ts';

export type SelectScope = {
  readonly planning: Planning;
  readonly relations: Relations;
  /** Of stored tables; one for each plan that needs one. */
  reader(): TableReader;
  readonly indexes: IndexAccess;
  readonly seal: Seal;
  readonly guardrails: Guardrails;
  readonly time: TurnTime;
  readonly long: LongScope;
  /** The statement's text: pages of one are no pages of another. */
  readonly text: string;
  /** The same statement, to be planned once more against the schema of the moment. */
  again(): { readonly scope: SelectScope; readonly statement: SelectStatement };
};

const jsonColumn: ValueType = { kind: 'text' };

/** @throws CqlFault. */
export function planSelect(scope: SelectScope, statement: SelectStatement): Plan {
  const parts = selectParts(scope, statement);
  const again = (): SelectRun => {
    const anew = scope.again();
    return new SelectRun({ ...selectParts(anew.scope, anew.statement), columns: parts.columns });
  };
  return new SelectPlan(parts, scope.planning, new SelectRun(parts), scope.long, again);
}
function selectParts(scope: SelectScope, statement: SelectStatement): SelectParts {
  const { planning, relations } = scope;
  const relation = relationOf(relations, planning, statement.table);
  const schema = schemaOf(relation);
  checkLimits(statement);
  const grouped = statement.groupBy.length > 0 || statement.clauses.some(({ selector }) => isAggregating(selector));
  const made = new Selectors(planning, schema, grouped);
  const selectors =
    statement.clauses.length === 0 ? made.all() : statement.clauses.map((clause) => made.clause(clause));
  const questions =
    relation.kind === 'virtual'
      ? undefined
      : new Questions(relation.indexes.map((index) => indexTable(relation.layout.schema, index)));
  const definitions = relation.kind === 'virtual' ? [] : relation.indexes;
  const nearest = nearestOf(planning, schema, definitions, statement);
  const allowed = statement.allowFiltering || nearest !== undefined;
  const where = analyzeWhere(planning, schema, statement.where, allowed, questions);
  if (nearest === undefined) checkVectorFilters(where, definitions);
  else checkNearestWhere(where, nearest, definitions);
  if (where.restrictsClustering && selectsStaticsOnly(schema, statement, made.columns))
    throw invalid('Cannot restrict clustering columns when selecting only static columns');
  if (where.filtersOthers && !allowed) throw filteringRefused();
  if (statement.perPartitionLimit !== undefined && statement.distinct)
    throw invalid('PER PARTITION LIMIT is not allowed with SELECT DISTINCT queries');
  if (statement.distinct) checkDistinct(schema, selectors, made.columns, where, statement);
  const groups = groupColumns(planning, schema, statement, where);
  if (statement.perPartitionLimit !== undefined && grouped && statement.groupBy.length === 0)
    throw invalid('PER PARTITION LIMIT is not allowed with aggregate queries.');
  const reverse = nearest === undefined ? ordered(schema, statement, where) : { reverse: false, sorted: 0 };
  const nearness = nearest === undefined ? undefined : new NearnessFilter(nearest);
  const limit = limitOperand(planning, statement.limit, limitReceiver(schema));
  const perPartition = limitOperand(planning, statement.perPartitionLimit, perPartitionLimitReceiver(schema));
  // Last, as in Cassandra: what is wrong in itself is told first.
  if (where.needsFiltering && !allowed) throw filteringRefused();
  const columns = resultColumns(schema, selectors, statement.json);
  const keys = where.keys === undefined ? undefined : new PartitionKeys(schema, where.keys);
  const clustering = new ClusteringSlices(schema, where.clustering);
  return {
    columns,
    selectors,
    json: statement.json,
    distinct: statement.distinct,
    grouped,
    aggregation: aggregationWarning(where),
    groups,
    schema,
    layout: relation.kind === 'stored' ? relation.layout : undefined,
    virtual: relation.kind === 'virtual' ? relation.table : undefined,
    reader: relation.kind === 'stored' ? scope.reader : undefined,
    search:
      relation.kind === 'stored' ? indexSearch(scope, relation.layout, where, questions, keys, clustering) : undefined,
    keys,
    tokens: where.tokens,
    clustering,
    slices: new Slices(),
    filters: nearness === undefined ? where.filters : [...where.filters, nearness],
    nearest: nearness === undefined ? undefined : new NearestLimit(nearness, limit, perPartition, grouped),
    staticRows: nearness === undefined && !where.restrictsRows && schema.statics.length > 0,
    reverse: reverse.reverse,
    sorted: where.keys?.some(({ kind }) => kind === 'in') === true ? reverse.sorted : 0,
    limit: nearness === undefined ? limit : undefined,
    perPartition: nearness === undefined ? perPartition : undefined,
    seal: scope.seal,
    statement: utf8(scope.text),
    guardrails: scope.guardrails,
    time: scope.time,
    whole: isWhole(schema, selectors, grouped, statement),
    plain: plainRefs(selectors),
  };
}

/** Undefined: no index is asked, or the partition is read as fast without. */
function indexSearch(
  scope: SelectScope,
  layout: TableLayout,
  where: Where,
  questions: Questions | undefined,
  keys: PartitionKeys | undefined,
  clustering: ClusteringSlices,
): IndexSearch | undefined {
  if (!where.usesIndex || questions === undefined) return undefined;
  const asked = questions.all.filter(
    ({ table }) => keys === undefined || (!table.perPartition && where.filtered.includes(table.column)),
  );
  if (asked.length === 0 || (keys !== undefined && layout.schema.clustering.length === 0)) return undefined;
  const { indexes: access, reader } = scope;
  return new IndexSearch({ access, layout, questions: asked, keys, tokens: where.tokens, clustering, reader });
}

/** What can be told before the values are known. */
function checkLimits({ limit, perPartitionLimit }: SelectStatement): void {
  for (const term of [limit, perPartitionLimit])
    if (term?.kind === 'integer' && Number(term.text) <= 0) throw invalid('LIMIT must be strictly positive');
}
const limitOperand = (
  planning: Planning,
  term: Term | undefined,
  receiver: ReturnType<typeof limitReceiver>,
): Operand | undefined => (term === undefined ? undefined : prepareOperand(planning, term, receiver));

function resultColumns(
  schema: TableSchema,
  selectors: readonly ResultSelector[],
  json: boolean,
): readonly ResultColumn[] {
  const { keyspace, name: table } = schema;
  if (json) return [{ keyspace, table, name: '[json]', type: jsonColumn }];
  return selectors.map(({ name, selected: { type } }) => ({ keyspace, table, name, type }));
}

/** All columns as `*` has them, and nothing done with them. */
function isWhole(
  { partitionKey, clustering, statics, regulars }: TableSchema,
  selectors: readonly ResultSelector[],
  grouped: boolean,
  { json, distinct }: SelectStatement,
): boolean {
  const all = [...partitionKey, ...clustering, ...regulars];
  return (
    !grouped &&
    !json &&
    !distinct &&
    statics.length === 0 &&
    all.length === selectors.length &&
    selectors.every(({ selected }, i) => selected instanceof ColumnSelected && selected.ref.column === all[i])
  );
}
function plainRefs(selectors: readonly ResultSelector[]): SelectParts['plain'] {
  const refs = selectors.map(({ selected }) => (selected instanceof ColumnSelected ? selected.ref : undefined));
  return refs.includes(undefined) ? undefined : refs.filter((ref) => ref !== undefined);
}

const aggregationWarning = ({ restrictsKey, keyIsIn }: Where): string | undefined => {
  if (!restrictsKey) return 'Aggregation query used without partition key';
  return keyIsIn ? 'Aggregation query used on multiple partition keys (IN restriction)' : undefined;
};
function selectsStaticsOnly(
  { statics, partitionKey }: TableSchema,
  { clauses }: SelectStatement,
  columns: ReadonlySet<string>,
): boolean {
  const isStatic = (name: string): boolean => statics.some((column) => column.name === name);
  const isKey = (name: string): boolean => partitionKey.some((column) => column.name === name);
  return (
    clauses.length > 0 && [...columns].some(isStatic) && [...columns].every((name) => isStatic(name) || isKey(name))
  );
}
function checkDistinct(
  schema: TableSchema,
  selectors: readonly ResultSelector[],
  columns: ReadonlySet<string>,
  where: Where,
  statement: SelectStatement,
): void {
  if (where.restrictsRows || statement.orderBy.some(({ ann }) => ann !== undefined))
    throw invalid(
      'SELECT DISTINCT with WHERE clause only supports restriction by partition key and/or static columns.',
    );
  const keys = new Set(schema.partitionKey.map(({ name }) => name));
  const statics = new Set(schema.statics.map(({ name }) => name));
  for (const name of statement.clauses.length === 0 ? selectors.map((each) => each.name) : columns)
    if (!keys.has(name) && !statics.has(name))
      throw invalid(
        `SELECT DISTINCT queries must only request partition key columns and/or static columns (not ${name})`,
      );
  // Partitions that are asked for by their keys are there once each.
  if (where.keys !== undefined) return;
  for (const name of keys)
    if (!columns.has(name))
      throw invalid(`SELECT DISTINCT queries must request all the partition key columns (missing ${name})`);
}

/** Columns of GROUP BY: a prefix of the primary key, where what is equal anyway may be left out. */
function groupColumns(
  planning: Planning,
  schema: TableSchema,
  { groupBy, distinct }: SelectStatement,
  where: Where,
): readonly Selected[] {
  if (groupBy.length === 0) return [];
  if (
    distinct &&
    groupBy.some((each) => each.kind === 'column' && schema.clustering.some(({ name }) => name === each.name))
  )
    throw invalid('Grouping on clustering columns is not allowed for SELECT DISTINCT queries');
  const key = [...schema.partitionKey, ...schema.clustering];
  const fixed = new Set<string>(where.fixed.map(({ name }) => name));
  const made = new Selectors(planning, schema, false);
  let next = 0;
  let lastCall = false;
  const out: Selected[] = [];
  for (const selector of groupBy) {
    if (lastCall) throw invalid('Functions are only supported on the last element of the GROUP BY clause');
    const name = groupedColumn(selector);
    if (name === undefined) throw invalid('Group by functions are only supported on clustering columns');
    const column = columnOf(schema, name);
    const at = key.indexOf(column);
    if (at < 0) throw invalid(`Group by is currently only supported on the columns of the PRIMARY KEY, got ${name}`);
    while (next < at && fixed.has(key[next]?.name ?? '')) next += 1;
    if (at !== next)
      throw invalid(
        'Group by currently only support groups of columns following their declared order in the PRIMARY KEY',
      );
    next += 1;
    lastCall = selector.kind !== 'column';
    out.push(made.selected(selector));
  }
  if (next < schema.partitionKey.length) throw invalid('Group by is not supported on only a part of the partition key');
  return out;
}
function groupedColumn(selector: SelectStatement['groupBy'][number]): string | undefined {
  if (selector.kind === 'column') return selector.name;
  if (selector.kind !== 'call') return undefined;
  const columns = selector.args.flatMap((arg) => (arg.kind === 'column' ? [arg.name] : []));
  return columns.length === 1 ? columns[0] : undefined;
}

/** Whether rows are read backwards, and whether an order was asked for. */
function ordered(
  schema: TableSchema,
  { orderBy }: SelectStatement,
  where: Where,
): { readonly reverse: boolean; readonly sorted: number } {
  if (orderBy.length === 0) return { reverse: false, sorted: 0 };
  if (where.usesIndex) throw invalid('ORDER BY with 2ndary indexes is not supported, except for ANN queries.');
  if (where.keys === undefined)
    throw invalid('ORDER BY is only supported when the partition key is restricted by an EQ or an IN.');
  const fixed = new Set(
    where.clustering.filter(({ kind }) => kind === 'equal').flatMap(({ columns }) => columns.map(({ name }) => name)),
  );
  let reverse: boolean | undefined;
  let next = 0;
  for (const { column: name, descending } of orderBy) {
    const column = columnOf(schema, name);
    if (column.kind !== 'clustering')
      throw invalid(`Order by is currently only supported on the clustered columns of the PRIMARY KEY, got ${name}`);
    while (next < column.position && fixed.has(schema.clustering[next]?.name ?? '')) next += 1;
    if (column.position !== next)
      throw invalid(
        'Order by currently only supports the ordering of columns following their declared order in the PRIMARY KEY',
      );
    next += 1;
    const own = descending !== column.reversed;
    if (reverse !== undefined && reverse !== own) throw invalid('Unsupported order by relation');
    reverse = own;
  }
  return { reverse: reverse ?? false, sorted: orderBy.length };
}
