/**
 * Which partitions and rows an UPDATE or a DELETE is about. Source: Cassandra 5.0, `StatementRestrictions` for statements
 * that are no SELECT, and its texts.
 */
import type { Column, TableSchema } from '@skerry/domain-table';
import { unreachable } from '@skerry/kernel';
import { maybeQuote, termText, type Comparison, type Relation, type Term } from '@skerry/protocol-cql';
import { qualified } from '../../catalog/names.ts';
import { findColumn } from '../../catalog/columns.ts';
import { relationText } from '../../catalog/view-where.ts';
import { invalid, type Operand } from '../contract.ts';
import {
  ComponentOperand,
  prepareIn,
  prepareOperand,
  prepareTuple,
  prepareTuplesIn,
  type InTuples,
  type InValues,
  type TupleValues,
} from '../operands.ts';
import type { Planning } from '../planning.ts';
import { columnReceiver } from '../receivers.ts';
import { PartitionKeys } from './partition-keys.ts';

export type StatementName = 'INSERT' | 'UPDATE' | 'DELETE';

/** Values of one or more clustering columns in a row, and whether rows with just those belong to it. */
export type Bound = { readonly operands: readonly Operand[]; readonly inclusive: boolean };
/** What is asked of the clustering: values of the first columns, then perhaps tuples or bounds of those behind them. */
export type ClusteringWhere = {
  readonly prefix: readonly InValues[];
  /** Of so many columns behind the prefix. */
  readonly tuples: { readonly columns: number; readonly values: InTuples } | undefined;
  readonly lower: Bound | undefined;
  readonly upper: Bound | undefined;
};
export type Where = { readonly keys: PartitionKeys; readonly clustering: ClusteringWhere };

type Restriction = {
  values: InValues | undefined;
  isIn: boolean;
  tuples: { columns: number; values: InTuples } | undefined;
  lower: Bound | undefined;
  upper: Bound | undefined;
};

/** @throws CqlFault there is none. */
export function existingColumn(table: TableSchema, name: string): Column {
  const column = findColumn(table, name);
  if (column === undefined)
    throw invalid(`Undefined column name ${maybeQuote(name)} in table ${qualified(table.keyspace, table.name)}`);
  return column;
}

/** Relations gathered by the column that they begin with. */
class Restrictions {
  readonly planning: Planning;
  readonly table: TableSchema;
  readonly byColumn = new Map<Column, Restriction>();
  readonly others: Column[] = [];
  readonly #statement: StatementName;

  constructor(planning: Planning, table: TableSchema, statement: StatementName) {
    this.planning = planning;
    this.table = table;
    this.#statement = statement;
  }
  #of(column: Column): Restriction {
    const known = this.byColumn.get(column);
    if (known !== undefined) return known;
    const made = { values: undefined, isIn: false, tuples: undefined, lower: undefined, upper: undefined };
    this.byColumn.set(column, made);
    return made;
  }
  /** A column of the key; others are told about when all are known. */
  #keyColumn(name: string): Column | undefined {
    const column = existingColumn(this.table, name);
    if (column.kind === 'partition_key' || column.kind === 'clustering') return column;
    this.others.push(column);
    return undefined;
  }
  add(relation: Relation): void {
    switch (relation.kind) {
      case 'compare': {
        const column = this.#keyColumn(relation.column);
        if (column !== undefined) this.#compare(column, relation.operator, relation.value);
        return;
      }
      case 'in': {
        const column = this.#keyColumn(relation.column);
        if (column !== undefined)
          this.#among(column, prepareIn(this.planning, relation.values, columnReceiver(this.table, column)));
        return;
      }
      case 'tuple':
        return this.#tuple(relation);
      case 'tupleIn':
        return this.#tupleIn(relation);
      case 'token':
        throw invalid(`The token function cannot be used in WHERE clauses for ${this.#statement} statements`);
      case 'isNotNull':
        this.#keyColumn(relation.column);
        throw invalid(`Unsupported restriction: ${maybeQuote(relation.column)} IS NOT NULL`);
      case 'custom':
        throw invalid('Custom index expressions cannot be used in WHERE clauses for UPDATE or DELETE statements');
      case 'element': {
        const column = this.#keyColumn(relation.column);
        if (column !== undefined) throw invalid(`Column ${column.name} cannot be used as a map`);
        return;
      }
      case 'ann':
        this.#keyColumn(relation.column);
        throw invalid(`Unsupported restriction: ${maybeQuote(relation.column)} ANN OF ${termText(relation.value)}`);
      case 'contains':
      case 'containsKey':
        throw invalid(
          `Cannot use ${this.#statement} with ${relation.kind === 'contains' ? 'CONTAINS' : 'CONTAINS KEY'}`,
        );
      case 'like': {
        const column = this.#keyColumn(relation.column);
        if (column === undefined) return;
        throw invalid(
          column.kind === 'clustering'
            ? 'Cannot restrict clustering columns by a LIKE relation without a secondary index'
            : `Cannot use LIKE on non-collection column "${column.name}"`,
        );
      }
      default:
        return unreachable(relation);
    }
  }
  #compare(column: Column, operator: Comparison, value: Term): void {
    const operand = prepareOperand(this.planning, value, columnReceiver(this.table, column));
    if (operator === '!=') throw invalid(`Unsupported "!=" relation: ${maybeQuote(column.name)} != ${termText(value)}`);
    if (operator !== '=') return this.#bound([column], operator, [operand]);
    this.#values(column, { kind: 'each', operands: [operand] }, false);
    if (column.kind === 'partition_key' && operand.marker !== undefined)
      this.planning.markers.isKey(column.name, operand.marker);
  }
  #among(column: Column, values: InValues): void {
    this.#values(column, values, true);
    if (column.kind !== 'partition_key' || values.kind !== 'each') return;
    for (const { marker } of values.operands)
      if (marker !== undefined) this.planning.markers.isKey(column.name, marker);
  }
  #values(column: Column, values: InValues, isIn: boolean): void {
    const restriction = this.#of(column);
    const { lower, upper } = restriction;
    if (
      restriction.values !== undefined ||
      restriction.tuples !== undefined ||
      lower !== undefined ||
      upper !== undefined
    )
      throw invalid(
        `${column.name} cannot be restricted by more than one relation if it includes ${isIn || restriction.isIn ? 'a IN' : 'an Equal'}`,
      );
    restriction.values = values;
    restriction.isIn = isIn;
  }
  #bound(columns: readonly Column[], operator: Comparison, operands: readonly Operand[]): void {
    const [column] = columns;
    if (column === undefined) return;
    const names = columns.length === 1 ? column.name : columns.map(({ name }) => name).join(', ');
    const restriction = this.#of(column);
    if (restriction.values !== undefined || restriction.tuples !== undefined)
      throw invalid(
        `${names} cannot be restricted by more than one relation if it includes ${restriction.isIn ? 'a IN' : 'an Equal'}`,
      );
    const bound: Bound = { operands, inclusive: operator === '>=' || operator === '<=' };
    if (operator === '>' || operator === '>=') {
      if (restriction.lower !== undefined)
        throw invalid(`More than one restriction was found for the start bound on ${names}`);
      restriction.lower = bound;
    } else {
      if (restriction.upper !== undefined)
        throw invalid(`More than one restriction was found for the end bound on ${names}`);
      restriction.upper = bound;
    }
  }
  /** Clustering columns that follow one another. */
  #tupleColumns(names: readonly string[], text: string): readonly Column[] {
    const columns = names.map((name) => existingColumn(this.table, name));
    for (const [i, column] of columns.entries()) {
      if (column.kind !== 'clustering')
        throw invalid(
          `Multi-column relations can only be applied to clustering columns but was applied to: ${maybeQuote(column.name)}`,
        );
      const before = columns[i - 1];
      if (before !== undefined && columns.indexOf(column) < i)
        throw invalid(`Column "${column.name}" appeared twice in a relation: ${text}`);
      if (before !== undefined && column.position !== before.position + 1)
        throw invalid(`Clustering columns must appear in the PRIMARY KEY order in multi-column relations: ${text}`);
    }
    return columns;
  }
  #tuple(relation: Extract<Relation, { kind: 'tuple' }>): void {
    const { columns: names, operator, value } = relation;
    const columns = this.#tupleColumns(names, relationText(relation));
    const prepared = prepareTuple(
      this.planning,
      value,
      columns.map((column) => columnReceiver(this.table, column)),
    );
    const operands =
      prepared.kind === 'each'
        ? prepared.operands
        : columns.map((column, i) => new ComponentOperand(column.type, prepared.operand, i));
    if (operator === '!=') throw invalid(`Unsupported "!=" relation: (${names.join(', ')}) != ${termText(value)}`);
    if (operator !== '=') return this.#bound(columns, operator, operands);
    for (const [i, column] of columns.entries())
      this.#values(column, { kind: 'each', operands: operands.slice(i, i + 1) }, false);
  }
  #tupleIn(relation: Extract<Relation, { kind: 'tupleIn' }>): void {
    const { columns: names, values } = relation;
    const columns = this.#tupleColumns(names, relationText(relation));
    const [column] = columns;
    if (column === undefined) return;
    const prepared = prepareTuplesIn(
      this.planning,
      values,
      columns.map((each) => columnReceiver(this.table, each)),
    );
    // One column in brackets is that column.
    if (columns.length === 1 && prepared.kind === 'each')
      return this.#values(
        column,
        { kind: 'each', operands: prepared.tuples.map((each) => onlyPart(column, each)) },
        true,
      );
    const restriction = this.#of(column);
    if (restriction.values !== undefined || restriction.tuples !== undefined)
      throw invalid(`${column.name} cannot be restricted by more than one relation if it includes a IN`);
    restriction.tuples = { columns: columns.length, values: prepared };
    restriction.isIn = true;
  }
}

function onlyPart(column: Column, tuple: TupleValues): Operand {
  if (tuple.kind === 'tuple') return new ComponentOperand(column.type, tuple.operand, 0);
  const [operand] = tuple.operands;
  if (operand === undefined) throw invalid(`Expected 1 elements in value tuple, but got 0: ()`);
  return operand;
}

/**
 * @param onlyStatics the statement changes and tests static columns only.
 * @throws CqlFault what is missing or cannot be.
 */
export function prepareWhere(
  planning: Planning,
  table: TableSchema,
  statement: 'UPDATE' | 'DELETE',
  relations: readonly Relation[],
  onlyStatics: boolean,
): Where {
  const restrictions = new Restrictions(planning, table, statement);
  for (const relation of relations) restrictions.add(relation);
  const keys = partitionKeys(restrictions, statement);
  const clustering = clusteringWhere(restrictions, statement, onlyStatics);
  if (restrictions.others.length > 0)
    throw invalid(
      `Non PRIMARY KEY columns found in where clause: ${restrictions.others.map(({ name }) => name).join(', ')} `,
    );
  return { keys, clustering };
}

function partitionKeys({ table, byColumn }: Restrictions, statement: StatementName): PartitionKeys {
  const missing = table.partitionKey.filter((column) => !byColumn.has(column));
  if (missing.length > 0)
    throw invalid(`Some partition key parts are missing: ${missing.map(({ name }) => name).join(', ')}`);
  const values = table.partitionKey.map((column) => byColumn.get(column)?.values);
  const given = values.filter((value) => value !== undefined);
  if (given.length < values.length)
    throw invalid(
      `Only EQ and IN relation are supported on the partition key (unless you use the token() function) for ${statement} statements`,
    );
  return new PartitionKeys(table.partitionKey, given);
}

function clusteringWhere(
  { table, byColumn }: Restrictions,
  statement: 'UPDATE' | 'DELETE',
  onlyStatics: boolean,
): ClusteringWhere {
  const { clustering } = table;
  const isRestricted = clustering.some((column) => byColumn.has(column));
  if (onlyStatics && isRestricted)
    throw invalid(
      `Invalid restrictions on clustering columns since the ${statement} statement modifies only static columns`,
    );
  const mustNameRows = statement === 'UPDATE' && !onlyStatics;
  const found = walkClustering(clustering, byColumn, mustNameRows);
  if (
    statement === 'UPDATE' &&
    clustering.some((column) => byColumn.get(column)?.lower !== undefined || byColumn.get(column)?.upper !== undefined)
  )
    throw invalid(`Slice restrictions are not supported on the clustering columns in ${statement} statements`);
  const missing = mustNameRows ? unrestricted(clustering, byColumn) : [];
  if (missing.length > 0)
    throw invalid(`Some clustering keys are missing: ${missing.map(({ name }) => name).join(', ')}`);
  return found;
}

function unrestricted(clustering: readonly Column[], byColumn: ReadonlyMap<Column, Restriction>): readonly Column[] {
  let covered = 0;
  return clustering.filter((column, i) => {
    const restriction = byColumn.get(column);
    if (restriction !== undefined) covered = i + (restriction.tuples?.columns ?? 1);
    return i >= covered;
  });
}

/** @param allowGaps they are told about otherwise. */
function walkClustering(
  clustering: readonly Column[],
  byColumn: ReadonlyMap<Column, Restriction>,
  allowGaps: boolean,
): ClusteringWhere {
  const prefix: InValues[] = [];
  let rest: Pick<ClusteringWhere, 'tuples' | 'lower' | 'upper'> = {
    tuples: undefined,
    lower: undefined,
    upper: undefined,
  };
  let skipped: Column | undefined;
  let ended: Column | undefined;
  let covered = 0;
  for (const [i, column] of clustering.entries()) {
    const restriction = byColumn.get(column);
    if (restriction === undefined) {
      if (i >= covered) skipped ??= column;
      continue;
    }
    if (ended !== undefined)
      throw invalid(
        `Clustering column "${column.name}" cannot be restricted (preceding column "${ended.name}" is restricted by a non-EQ relation)`,
      );
    if (skipped !== undefined && !allowGaps)
      throw invalid(
        `PRIMARY KEY column "${column.name}" cannot be restricted as preceding column "${skipped.name}" is not restricted`,
      );
    const { values, tuples, lower, upper } = restriction;
    if (values !== undefined) {
      prefix.push(values);
      continue;
    }
    ended = column;
    covered = i + (tuples?.columns ?? Math.max(lower?.operands.length ?? 0, upper?.operands.length ?? 0));
    rest = { tuples, lower, upper };
  }
  return { prefix, ...rest };
}
