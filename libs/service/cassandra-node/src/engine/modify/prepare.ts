/** INSERT, UPDATE and DELETE made ready. Source: Cassandra 5.0, `UpdateStatement`, `DeleteStatement`, `ModificationStatement`. */
import type { Column, TableSchema } from '@skerry/domain-table';
import { unreachable } from '@skerry/kernel';
import type {
  Conditions as ConditionsTree,
  DeleteStatement,
  InsertStatement,
  ModificationStatement,
  Term,
  UpdateStatement,
  Using,
} from '@skerry/protocol-cql';
import { findKeyspace } from '../../catalog/catalog.ts';
import { allColumns } from '../../catalog/columns.ts';
import { indexesOf, viewsOf } from '../../catalog/state.ts';
import { computedKeyspaces } from '../../catalog/system/keyspaces.ts';
import { invalid, type Operand } from '../contract.ts';
import type { Environment } from '../environment.ts';
import { IndexUpkeep } from '../index/upkeep.ts';
import { prepareOperand, type InValues } from '../operands.ts';
import type { Planning } from '../planning.ts';
import { columnReceiver, jsonReceiver } from '../receivers.ts';
import { replicasOf } from '../replicas.ts';
import { existingTable } from '../tables.ts';
import { Attributes } from './attributes.ts';
import { joinCounters } from './cell-operations.ts';
import { Clusterings } from './clusterings.ts';
import { prepareCondition, type Conditions } from './conditions.ts';
import { JsonValues } from './json-values.ts';
import { Modification, type ModificationParts, type Target } from './modification.ts';
import { PartitionKeys } from './partition-keys.ts';
import { prepareAssignment, prepareDeletion, setColumn, setTo } from './prepare-operations.ts';
import { RowRanges } from './row-ranges.ts';
import { tupleRows } from './tuple-rows.ts';
import { ViewUpkeep } from './views.ts';
import { existingColumn, prepareWhere, type ClusteringWhere } from './where.ts';
import type { Operation } from './writing.ts';

/** @throws CqlFault. */
export function prepareModification(
  planning: Planning,
  environment: Environment,
  statement: ModificationStatement,
): Modification {
  const table = modifiableTable(planning, statement);
  switch (statement.kind) {
    case 'insert':
      return prepareInsert(planning, environment, table, statement);
    case 'update':
      return prepareUpdate(planning, environment, table, statement);
    case 'delete':
      return prepareDelete(planning, environment, table, statement);
    default:
      return unreachable(statement);
  }
}

function modifiableTable(planning: Planning, { table: name }: ModificationStatement): TableSchema {
  const table = existingTable(planning, name);
  const keyspace = findKeyspace(planning.schema, table.keyspace);
  if (keyspace?.views.has(table.name) === true) throw invalid('Cannot directly modify a materialized view');
  if (computedKeyspaces.has(table.keyspace))
    throw invalid(`Modification is not supported by table ${table.keyspace}.${table.name}`);
  return table;
}

/** What else has to be written when the table is. */
function upkeep(
  planning: Planning,
  environment: Environment,
  table: TableSchema,
): Pick<ModificationParts, 'views' | 'indexes'> {
  const keyspace = findKeyspace(planning.schema, table.keyspace);
  if (keyspace === undefined) return {};
  const base = environment.layout(table);
  const views = viewsOf(keyspace, table.name);
  const indexes = indexesOf(keyspace, table.name);
  return {
    views: views.length === 0 ? undefined : new ViewUpkeep(planning, environment, base, views),
    indexes: indexes.length === 0 ? undefined : new IndexUpkeep(base, indexes),
  };
}

function prepareAttributes(planning: Planning, table: TableSchema, using: Using, isConditional: boolean): Attributes {
  const attributes = new Attributes(planning, table, using);
  if (isConditional && table.isCounter) throw invalid('Conditional updates are not supported on counter tables');
  if (isConditional && attributes.hasTimestamp)
    throw invalid('Cannot provide custom timestamp for conditional updates');
  if (table.isCounter && attributes.hasTimestamp) throw invalid('Cannot provide custom timestamp for counter updates');
  if (table.isCounter && attributes.hasTtl) throw invalid('Cannot provide custom TTL for counter updates');
  return attributes;
}
function prepareConditions(planning: Planning, table: TableSchema, tree: ConditionsTree): Conditions | undefined {
  switch (tree.kind) {
    case 'none':
      return undefined;
    case 'exists':
    case 'notExists':
      return { kind: tree.kind };
    case 'all':
      return { kind: 'columns', tests: tree.conditions.map((each) => prepareCondition(planning, table, each)) };
    default:
      return unreachable(tree);
  }
}
const testsRegulars = (conditions: Conditions | undefined): boolean =>
  conditions?.kind === 'columns' && conditions.tests.some(({ column }) => column.kind === 'regular');
const testsStatics = (conditions: Conditions | undefined): boolean =>
  conditions?.kind === 'columns' && conditions.tests.some(({ column }) => column.kind === 'static');
const onlyStatics = (operations: readonly Operation[], conditions: Conditions | undefined): boolean =>
  !operations.some(({ column }) => column.kind === 'regular') &&
  !testsRegulars(conditions) &&
  (operations.length > 0 || testsStatics(conditions));

const one = (operand: Operand): InValues => ({ kind: 'each', operands: [operand] });
const missing = (columns: readonly Column[], values: ReadonlyMap<Column, Operand>): string =>
  columns
    .filter((column) => !values.has(column))
    .map(({ name }) => name)
    .join(', ');

function prepareInsert(
  planning: Planning,
  environment: Environment,
  table: TableSchema,
  statement: InsertStatement,
): Modification {
  if (table.isCounter) throw invalid('INSERT statements are not allowed on counter tables, use UPDATE instead');
  const keyValues = new Map<Column, Operand>();
  const operations: Operation[] = [];
  const json = statement.json === undefined ? undefined : jsonValues(planning, table, statement.json);
  if (json !== undefined) {
    for (const column of allColumns(table)) {
      const operand = json.operand(column);
      if (isKeyColumn(column)) keyValues.set(column, operand);
      else operations.push(setTo(column, operand));
    }
  } else {
    for (const [column, term] of insertedColumns(table, statement)) {
      if (isKeyColumn(column)) keyValues.set(column, keyOperand(planning, table, column, term));
      else operations.push(setColumn(planning, table, column, term));
    }
  }
  const conditions: Conditions | undefined = statement.ifNotExists ? { kind: 'notExists' } : undefined;
  const attributes = prepareAttributes(planning, table, statement.using, statement.ifNotExists);
  const withoutKey = missing(table.partitionKey, keyValues);
  if (withoutKey !== '') throw invalid(`Some partition key parts are missing: ${withoutKey}`);
  const hasClustering = table.clustering.some((column) => keyValues.has(column));
  const isStatic = table.clustering.length > 0 && !hasClustering && onlyStatics(operations, undefined);
  const withoutClustering = missing(table.clustering, keyValues);
  if (!isStatic && withoutClustering !== '') throw invalid(`Some clustering keys are missing: ${withoutClustering}`);
  const valuesOf = (columns: readonly Column[]): InValues[] =>
    columns.flatMap((column) => {
      const operand = keyValues.get(column);
      return operand === undefined ? [] : [one(operand)];
    });
  return new Modification({
    kind: 'insert',
    table: environment.layout(table),
    keys: new PartitionKeys(table.partitionKey, valuesOf(table.partitionKey)),
    target: isStatic
      ? { kind: 'static' }
      : {
          kind: 'rows',
          clusterings: new Clusterings({ columns: table.clustering, values: valuesOf(table.clustering) }),
        },
    operations,
    attributes,
    conditions,
    replicas: replicasOf(planning.schema, table.keyspace),
    ...upkeep(planning, environment, table),
    ...(json === undefined ? {} : { before: json.read }),
  });
}
const isKeyColumn = ({ kind }: Column): boolean => kind === 'partition_key' || kind === 'clustering';
function keyOperand(planning: Planning, table: TableSchema, column: Column, term: Term): Operand {
  const operand = prepareOperand(planning, term, columnReceiver(table, column));
  if (column.kind === 'partition_key' && operand.marker !== undefined)
    planning.markers.isKey(column.name, operand.marker);
  return operand;
}
function insertedColumns(
  table: TableSchema,
  { columns, values }: InsertStatement,
): readonly (readonly [Column, Term])[] {
  if (columns.length === 0) throw invalid('No columns provided to INSERT');
  if (columns.length !== values.length) throw invalid('Unmatched column names/values');
  if (new Set(columns).size < columns.length) throw invalid('The column names contains duplicates');
  return columns.map((name, i) => [existingColumn(table, name), values[i] ?? { kind: 'null' }]);
}
const jsonValues = (
  planning: Planning,
  table: TableSchema,
  { value, defaultUnset }: NonNullable<InsertStatement['json']>,
): JsonValues => new JsonValues(prepareOperand(planning, value, jsonReceiver(table)), allColumns(table), defaultUnset);

function prepareUpdate(
  planning: Planning,
  environment: Environment,
  table: TableSchema,
  statement: UpdateStatement,
): Modification {
  const assigned = statement.assignments.map((assignment) => {
    const column = existingColumn(table, assignment.column);
    if (isKeyColumn(column)) throw invalid(`PRIMARY KEY part ${column.name} found in SET part`);
    return prepareAssignment(planning, table, column, assignment);
  });
  const operations = joinCounters(assigned);
  const conditions = prepareConditions(planning, table, statement.conditions);
  const attributes = prepareAttributes(planning, table, statement.using, conditions !== undefined);
  const isStatic = table.clustering.length > 0 && onlyStatics(operations, conditions);
  const { keys, clustering } = prepareWhere(planning, table, 'UPDATE', statement.where, isStatic);
  return new Modification({
    kind: 'update',
    table: environment.layout(table),
    keys,
    target: isStatic ? { kind: 'static' } : { kind: 'rows', clusterings: namedRows(table, clustering) },
    operations,
    attributes,
    conditions,
    replicas: replicasOf(planning.schema, table.keyspace),
    ...upkeep(planning, environment, table),
  });
}

function prepareDelete(
  planning: Planning,
  environment: Environment,
  table: TableSchema,
  statement: DeleteStatement,
): Modification {
  const operations = statement.deletions.map((deletion) => {
    const column = existingColumn(table, deletion.column);
    if (isKeyColumn(column))
      throw invalid(`Invalid identifier ${column.name} for deletion (should not be a PRIMARY KEY part)`);
    return prepareDeletion(planning, table, column, deletion);
  });
  const conditions = prepareConditions(planning, table, statement.conditions);
  const attributes = prepareAttributes(planning, table, statement.using, conditions !== undefined);
  const isStatic = table.clustering.length > 0 && operations.length > 0 && onlyStatics(operations, conditions);
  const { keys, clustering } = prepareWhere(planning, table, 'DELETE', statement.where, isStatic);
  return new Modification({
    kind: 'delete',
    table: environment.layout(table),
    keys,
    target: deleteTarget(table, clustering, operations, conditions, isStatic),
    operations,
    attributes,
    conditions,
    replicas: replicasOf(planning.schema, table.keyspace),
    ...upkeep(planning, environment, table),
  });
}

function deleteTarget(
  table: TableSchema,
  clustering: ClusteringWhere,
  operations: readonly Operation[],
  conditions: Conditions | undefined,
  isStatic: boolean,
): Target {
  if (isStatic) return { kind: 'static' };
  const { prefix, tuples, lower, upper } = clustering;
  const covered = prefix.length + (tuples?.columns ?? 0);
  if (covered === table.clustering.length) return { kind: 'rows', clusterings: namedRows(table, clustering) };
  const all = 'DELETE statements must restrict all PRIMARY KEY columns with equality relations in order to';
  const deletesRegulars = operations.length === 0 || operations.some(({ column }) => column.kind === 'regular');
  if (conditions !== undefined)
    throw invalid(`${all} ${deletesRegulars ? 'delete non static columns' : 'use IF condition on non static columns'}`);
  if (operations.length > 0) throw invalid('Range deletions are not supported for specific columns');
  if (covered === 0 && lower === undefined && upper === undefined) return { kind: 'partition' };
  return {
    kind: 'ranges',
    ranges: new RowRanges(table.clustering, namedRowsOf(table, clustering, covered), clustering, covered),
  };
}

const namedRows = (table: TableSchema, where: ClusteringWhere): Clusterings =>
  namedRowsOf(table, where, table.clustering.length);
/** The values of the first `count` clustering columns. */
function namedRowsOf(table: TableSchema, { prefix, tuples }: ClusteringWhere, count: number): Clusterings {
  const columns = table.clustering.slice(0, count);
  const rows = tuples && tupleRows(columns.slice(prefix.length), tuples.values);
  return new Clusterings({ columns, values: prefix }, rows);
}
