/** Relations of several clustering columns that follow one another: `(a, b) > (1, 2)`, `(a, b) IN (...)`. */
import type { Column, TableSchema } from '@skerry/domain-table';
import { fieldParts } from '@skerry/domain-values';
import type { Relation, Term } from '@skerry/protocol-cql';
import { relationText } from '../../catalog/view-where.ts';
import { invalid, type Execution, type Operand } from '../contract.ts';
import {
  emptySlot,
  operandBytes,
  prepareTuple,
  prepareTuplesIn,
  sizeUnset,
  type InTuples,
  type TupleValues,
} from '../operands.ts';
import type { Planning } from '../planning.ts';
import { columnReceiver } from '../receivers.ts';
import {
  inValues as inValuesOf,
  requiredBytes,
  tupleBytesOf,
  TupleFilter,
  TupleInFilter,
  type Filter,
} from './filters.ts';
import { columnOf } from './relation.ts';
import type { ClusteringRestriction } from './restrictions.ts';
import { columnRef } from './row.ts';

type Bytes = (execution: Execution) => readonly Uint8Array[];
export type TupleRestriction = {
  readonly columns: readonly Column[];
  readonly restriction: ClusteringRestriction;
  readonly filters: readonly Filter[];
  /** Which relation of the statement was the first of them. */
  readonly order: number;
};

export class TupleRelations {
  readonly #planning: Planning;
  readonly #schema: TableSchema;
  readonly all: TupleRestriction[] = [];

  constructor(planning: Planning, schema: TableSchema) {
    this.#planning = planning;
    this.#schema = schema;
  }
  #clusteringOf(relation: Extract<Relation, { kind: 'tuple' | 'tupleIn' }>): readonly Column[] {
    const columns = relation.columns.map((name) => columnOf(this.#schema, name));
    for (const [i, column] of columns.entries()) {
      if (column.kind !== 'clustering')
        throw invalid(
          `Multi-column relations can only be applied to clustering columns but was applied to: ${column.name}`,
        );
      if (columns.indexOf(column) !== i)
        throw invalid(`Column "${column.name}" appeared twice in a relation: ${relationText(relation)}`);
      const before = columns[i - 1];
      if (before !== undefined && column.position !== before.position + 1)
        throw invalid(
          `Clustering columns must appear in the PRIMARY KEY order in multi-column relations: ${relationText(relation)}`,
        );
    }
    return columns;
  }
  add(relation: Extract<Relation, { kind: 'tuple' }>, order: number): void {
    const { operator, value } = relation;
    const columns = this.#clusteringOf(relation);
    const values = tupleBytes(this.#tuple(value, columns), columns, operator === '=' ? tupleBytesOf : requiredBytes);
    if (operator === '=') return this.#equal(columns, values, order);
    if (operator === '!=') return undefined;
    const filter = new TupleFilter(columns.map(columnRef), operator, values);
    const at = this.all.findIndex(({ columns: others }) => columns.some((column) => others.includes(column)));
    const same = this.all[at];
    const bound = { operator, values };
    if (same === undefined) return this.#multiple(columns, { kind: 'slice', columns, bounds: [bound] }, filter, order);
    const names = inCommon(columns, same.columns);
    const { restriction } = same;
    if (restriction.kind !== 'slice')
      throw invalid(
        `${names} cannot be restricted by more than one relation if it includes ${restriction.kind === 'in' ? 'a IN' : 'an Equal'}`,
      );
    if (same.columns[0] !== columns[0])
      throw invalid(
        `Column "${columns[0]?.name}" cannot be restricted by two inequalities not starting with the same column`,
      );
    if (restriction.bounds.some((each) => each.operator.charAt(0) === operator.charAt(0)))
      throw invalid(
        `More than one restriction was found for the ${operator.startsWith('<') ? 'end' : 'start'} bound on ${names}`,
      );
    // Each bound is of its own columns: the slice is told by the longer ones.
    const longer = same.columns.length >= columns.length ? same.columns : columns;
    this.all[at] = {
      ...same,
      columns: longer,
      restriction: { ...restriction, columns: longer, bounds: [...restriction.bounds, bound] },
      filters: [...same.filters, filter],
    };
  }
  #equal(columns: readonly Column[], values: Bytes, order: number): void {
    const filter = new TupleFilter(columns.map(columnRef), '=', values);
    this.#multiple(columns, { kind: 'equal', columns, operand: undefined, values }, filter, order);
  }
  #tuple(value: Term, columns: readonly Column[]): TupleValues {
    return prepareTuple(
      this.#planning,
      value,
      columns.map((column) => columnReceiver(this.#schema, column)),
    );
  }
  addIn(relation: Extract<Relation, { kind: 'tupleIn' }>, order: number): void {
    const { values } = relation;
    const columns = this.#clusteringOf(relation);
    const receivers = columns.map((column) => columnReceiver(this.#schema, column));
    const prepared = prepareTuplesIn(this.#planning, values, receivers);
    const [only] = prepared.kind === 'each' ? prepared.tuples : [];
    // Among one is equal to it.
    if (prepared.kind === 'each' && prepared.tuples.length === 1 && only !== undefined)
      return this.#equal(columns, tupleBytes(only, columns, tupleBytesOf), order);
    const wanted = tuplesBytes(prepared, columns);
    const filter = new TupleInFilter(columns.map(columnRef), wanted);
    this.#multiple(columns, { kind: 'in', columns, values: wanted }, filter, order);
  }
  #multiple(columns: readonly Column[], restriction: ClusteringRestriction, filter: Filter, order: number): void {
    for (const { columns: others, restriction: other } of this.all) {
      const names = inCommon(columns, others);
      if (names === '') continue;
      if (other.kind === 'slice')
        throw invalid(`Column "${names}" cannot be restricted by both an equality and an inequality relation`);
      throw invalid(
        `${names} cannot be restricted by more than one relation if it includes ${other.kind === 'in' ? 'a IN' : 'an Equal'}`,
      );
    }
    this.all.push({ columns, restriction, filters: [filter], order });
  }
}

/** Names of the columns that both restrict. */
const inCommon = (columns: readonly Column[], others: readonly Column[]): string =>
  columns
    .filter((column) => others.includes(column))
    .map(({ name }) => name)
    .join(', ');

function tupleBytes(
  values: TupleValues,
  columns: readonly Column[],
  bytesOf = requiredBytes,
): (execution: Execution) => readonly Uint8Array[] {
  if (values.kind === 'each')
    return (execution) => {
      for (const [i, operand] of values.operands.entries()) refuseUnset(operand, execution, `tuple field number ${i}`);
      return values.operands.map((operand, i) => bytesOf(operand, execution, columns[i]?.name ?? ''));
    };
  return (execution) => {
    refuseUnset(values.operand, execution, `tuple ${namesOf(columns)}`);
    const bytes = requiredBytes(values.operand, execution, columns.map(({ name }) => name).join(', '));
    return partsOfTuple(bytes, columns, bytesOf === requiredBytes ? ' in condition' : '');
  };
}
const namesOf = (columns: readonly Column[]): string => `(${columns.map(({ name }) => name).join(',')})`;
function refuseUnset(operand: Operand, execution: Execution, what: string): void {
  const slot = emptySlot();
  operand.evaluate(execution, slot);
  if (slot.size === sizeUnset) throw invalid(`Invalid unset value for ${what}`);
}
function partsOfTuple(bytes: Uint8Array, columns: readonly Column[], where = ' in condition'): readonly Uint8Array[] {
  const parts = fieldParts({ kind: 'tuple', elements: columns.map(({ type }) => type) }, bytes);
  if (!parts.ok) throw invalid(parts.error);
  return columns.map(({ name }, i) => {
    const part = parts.value[i];
    if (part === undefined) throw invalid(`Invalid null value${where} for column ${name}`);
    return part;
  });
}
function tuplesBytes(
  values: InTuples,
  columns: readonly Column[],
): (execution: Execution) => readonly (readonly Uint8Array[])[] {
  if (values.kind === 'each') {
    const names = columns.map(({ name }) => name).join(', ');
    const each = values.tuples.map((tuple) =>
      tupleBytes(tuple, columns, (operand, execution) => {
        if (operandBytes(operand, execution) === null)
          throw invalid(`Invalid null value in condition for columns: [${names}]`);
        return requiredBytes(operand, execution, names);
      }),
    );
    return (execution) => each.map((tuple) => tuple(execution));
  }
  return (execution) => {
    refuseUnset(values.operand, execution, `in${namesOf(columns)}`);
    const names = columns.map(({ name }) => name).join(', ');
    return inValuesOf({ kind: 'list', operand: values.operand }, execution, names).map((tuple) =>
      partsOfTuple(tuple, columns),
    );
  };
}
