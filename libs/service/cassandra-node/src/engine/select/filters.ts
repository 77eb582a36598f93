/** Conditions that are looked at row by row. */
import { collectionParts, compare, comparePart, mapEntries, type ValueType } from '@skerry/domain-values';
import { unreachable } from '@skerry/kernel';
import type { Comparison } from '@skerry/protocol-cql';
import { invalid, type Execution, type Operand, type Slot } from '../contract.ts';
import type { Analysis } from '../index/text-analysis.ts';
import { emptySlot, listedValues, sizeNull, sizeUnset, slotBytes, type InValues } from '../operands.ts';
import type { ColumnRef, Row } from './row.ts';

export interface Filter {
  /** Evaluates what the rows are compared with, once for each execution. @throws CqlFault. */
  begin(execution: Execution): void;
  accepts(row: Row): boolean;
}

/** A value that must be there. @throws CqlFault, in Cassandra's words. */
export function requiredValue(operand: Operand, execution: Execution, out: Slot, column: string): void {
  operand.evaluate(execution, out);
  if (out.size === sizeUnset) throw invalid(`Invalid unset value for column ${column}`);
  if (out.size === sizeNull) throw invalid(`Invalid null value in condition for column ${column}`);
}
/** Of several columns at once, where null is refused in other words. */
export function tupleBytesOf(operand: Operand, execution: Execution, column: string): Uint8Array {
  const slot = emptySlot();
  operand.evaluate(execution, slot);
  if (slot.size === sizeNull) throw invalid(`Invalid null value for column ${column}`);
  if (slot.size === sizeUnset) throw invalid(`Invalid unset value for column ${column}`);
  return slot.bytes.slice(slot.from, slot.from + slot.size);
}
export function requiredBytes(operand: Operand, execution: Execution, column: string): Uint8Array {
  const slot = emptySlot();
  requiredValue(operand, execution, slot, column);
  return slot.bytes.slice(slot.from, slot.from + slot.size);
}
/** What filters says it in words of its own. Source: Cassandra 5.0, RowFilter.Expression.validate. */
function filteredBytes(operand: Operand, execution: Execution, column: string, what: string): Uint8Array {
  const slot = emptySlot();
  operand.evaluate(execution, slot);
  if (slot.size < 0)
    throw invalid(`Unsupported ${slot.size === sizeUnset ? 'unset' : 'null'} ${what} for column ${column}`);
  return slot.bytes.slice(slot.from, slot.from + slot.size);
}
/** All values of an IN. */
export function inValues(values: InValues, execution: Execution, column: string): readonly Uint8Array[] {
  if (values.kind === 'each') return values.operands.map((operand) => requiredBytes(operand, execution, column));
  const slot = emptySlot();
  values.operand.evaluate(execution, slot);
  if (slot.size === sizeUnset) throw invalid(`Invalid unset value for column ${column}`);
  const bytes = slotBytes(slot);
  if (bytes === null || bytes === undefined) throw invalid(`Invalid null value for column ${column}`);
  return listedValues(values.operand, bytes);
}

const holds = (operator: Comparison, order: number): boolean => {
  switch (operator) {
    case '=':
      return order === 0;
    case '!=':
      return order !== 0;
    case '<':
      return order < 0;
    case '<=':
      return order <= 0;
    case '>':
      return order > 0;
    case '>=':
      return order >= 0;
    default:
      return unreachable(operator);
  }
};

export class CompareFilter implements Filter {
  readonly #ref: ColumnRef;
  readonly operator: Comparison;
  readonly #operand: Operand;
  readonly #analysis: Analysis | undefined;
  readonly #slot = emptySlot();
  /** What rows are compared with, from `begin` on. */
  value: Uint8Array = new Uint8Array(0);

  /** @param analysis of both sides, before they are compared. */
  constructor(ref: ColumnRef, operator: Comparison, operand: Operand, analysis?: Analysis) {
    this.#ref = ref;
    this.operator = operator;
    this.#operand = operand;
    this.#analysis = analysis;
  }
  begin(execution: Execution): void {
    const value = filteredBytes(this.#operand, execution, this.#ref.column.name, 'value');
    this.value = this.#analysis?.(value) ?? value;
  }
  accepts(row: Row): boolean {
    const slot = this.#slot;
    row.load(this.#ref, slot);
    if (slot.size < 0) return false;
    const { type } = this.#ref.column;
    const { value } = this;
    if (this.#analysis !== undefined) {
      const own = this.#analysis(slot.bytes.subarray(slot.from, slot.from + slot.size));
      return holds(this.operator, compare(type, own, value));
    }
    return holds(
      this.operator,
      comparePart(type, slot.bytes, slot.from, slot.from + slot.size, value, 0, value.length),
    );
  }
}
export class InFilter implements Filter {
  readonly #ref: ColumnRef;
  readonly #values: InValues;
  readonly #slot = emptySlot();
  #wanted: readonly Uint8Array[] = [];

  constructor(ref: ColumnRef, values: InValues) {
    this.#ref = ref;
    this.#values = values;
  }
  begin(execution: Execution): void {
    this.#wanted = inValues(this.#values, execution, this.#ref.column.name);
  }
  accepts(row: Row): boolean {
    const { bytes, from, size } = loaded(row, this.#ref, this.#slot);
    if (size < 0) return false;
    const { type } = this.#ref.column;
    return this.#wanted.some((value) => comparePart(type, bytes, from, from + size, value, 0, value.length) === 0);
  }
}
function loaded(row: Row, ref: ColumnRef, slot: Slot): Slot {
  row.load(ref, slot);
  return slot;
}

export type ContainsKind = 'contains' | 'containsKey';
export class ContainsFilter implements Filter {
  readonly #ref: ColumnRef;
  readonly #kind: ContainsKind;
  readonly #operand: Operand;
  readonly #analysis: Analysis | undefined;
  readonly #slot = emptySlot();
  /** What is looked for, from `begin` on. */
  value: Uint8Array = new Uint8Array(0);

  /** @param analysis of elements, before they are compared. */
  constructor(ref: ColumnRef, kind: ContainsKind, operand: Operand, analysis?: Analysis) {
    this.#ref = ref;
    this.#kind = kind;
    this.#operand = operand;
    this.#analysis = analysis;
  }
  begin(execution: Execution): void {
    const value = filteredBytes(this.#operand, execution, this.#ref.column.name, 'value');
    this.value = this.#analysis?.(value) ?? value;
  }
  accepts(row: Row): boolean {
    const { size } = loaded(row, this.#ref, this.#slot);
    if (size < 0) return false;
    const bytes = slotBytes(this.#slot) ?? new Uint8Array(0);
    return holdsElement(this.#ref.column.type, bytes, this.#kind, this.value, this.#analysis);
  }
}
function holdsElement(
  type: ValueType,
  bytes: Uint8Array,
  kind: ContainsKind,
  wanted: Uint8Array,
  analysis: Analysis | undefined,
): boolean {
  if (type.kind !== 'list' && type.kind !== 'set' && type.kind !== 'map') return false;
  const parts = collectionParts(type.kind, bytes);
  if (!parts.ok) return false;
  const keys = kind === 'containsKey';
  const element = type.kind === 'map' ? (keys ? type.key : type.value) : type.element;
  return parts.value.some(
    (part, i) =>
      (type.kind !== 'map' || i % 2 === (keys ? 0 : 1)) && compare(element, analysis?.(part) ?? part, wanted) === 0,
  );
}

/** `m[key] = value`. */
export class ElementFilter implements Filter {
  readonly #ref: ColumnRef;
  readonly #keyOperand: Operand;
  readonly operator: Comparison;
  readonly #operand: Operand;
  readonly #slot = emptySlot();
  /** What rows are compared with, from `begin` on. */
  key: Uint8Array = new Uint8Array(0);
  value: Uint8Array = new Uint8Array(0);

  constructor(ref: ColumnRef, key: Operand, operator: Comparison, operand: Operand) {
    this.#ref = ref;
    this.#keyOperand = key;
    this.operator = operator;
    this.#operand = operand;
  }
  begin(execution: Execution): void {
    const { name } = this.#ref.column;
    this.key = filteredBytes(this.#keyOperand, execution, name, 'map key');
    this.value = filteredBytes(this.#operand, execution, name, 'map value');
  }
  accepts(row: Row): boolean {
    const { type } = this.#ref.column;
    if (type.kind !== 'map' || loaded(row, this.#ref, this.#slot).size < 0) return false;
    const entries = mapEntries(slotBytes(this.#slot) ?? new Uint8Array(0));
    if (!entries.ok) return false;
    const entry = entries.value.find(([key]) => compare(type.key, key, this.key) === 0);
    return entry !== undefined && holds(this.operator, compare(type.value, entry[1], this.value));
  }
}
/** `(a, b) op (…)`, compared as tuples are. */
export class TupleFilter implements Filter {
  readonly #refs: readonly ColumnRef[];
  readonly #operator: Comparison;
  readonly #values: (execution: Execution) => readonly Uint8Array[];
  readonly #slot = emptySlot();
  #wanted: readonly Uint8Array[] = [];

  constructor(
    refs: readonly ColumnRef[],
    operator: Comparison,
    values: (execution: Execution) => readonly Uint8Array[],
  ) {
    this.#refs = refs;
    this.#operator = operator;
    this.#values = values;
  }
  begin(execution: Execution): void {
    this.#wanted = this.#values(execution);
  }
  accepts(row: Row): boolean {
    return holds(this.#operator, compareTuple(row, this.#refs, this.#wanted, this.#slot));
  }
}
export class TupleInFilter implements Filter {
  readonly #refs: readonly ColumnRef[];
  readonly #values: (execution: Execution) => readonly (readonly Uint8Array[])[];
  readonly #slot = emptySlot();
  #wanted: readonly (readonly Uint8Array[])[] = [];

  constructor(refs: readonly ColumnRef[], values: (execution: Execution) => readonly (readonly Uint8Array[])[]) {
    this.#refs = refs;
    this.#values = values;
  }
  begin(execution: Execution): void {
    this.#wanted = this.#values(execution);
  }
  accepts(row: Row): boolean {
    return this.#wanted.some((tuple) => compareTuple(row, this.#refs, tuple, this.#slot) === 0);
  }
}
function compareTuple(row: Row, refs: readonly ColumnRef[], wanted: readonly Uint8Array[], slot: Slot): number {
  for (const [i, ref] of refs.entries()) {
    const { bytes, from, size } = loaded(row, ref, slot);
    const value = wanted[i];
    // Null comes first.
    if (size < 0 || value === undefined) return size < 0 ? -1 : 1;
    const order = comparePart(ref.column.type, bytes, from, from + size, value, 0, value.length);
    if (order !== 0) return order;
  }
  return 0;
}

/** It passes all filters. */
export function accepts(filters: readonly Filter[], row: Row): boolean {
  for (let i = 0; i < filters.length; i++) if (!(filters[i] as Filter).accepts(row)) return false;
  return true;
}
