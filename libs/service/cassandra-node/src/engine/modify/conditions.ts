/** IF EXISTS, IF NOT EXISTS, IF column op value. Source: Cassandra 5.0, `ColumnCondition`, and its texts. */
import type { Column, TableSchema } from '@skerry/domain-table';
import {
  collectionParts,
  compare,
  fieldParts,
  holdsDuration,
  isMultiCell,
  type ValueType,
} from '@skerry/domain-values';
import { unreachable } from '@skerry/kernel';
import type { Comparison, Condition } from '@skerry/protocol-cql';
import { invalid, type Execution, type Operand } from '../contract.ts';
import { emptySlot, prepareIn, prepareOperand, sizeNull, sizeUnset, slotBytes, type InValues } from '../operands.ts';
import type { Planning } from '../planning.ts';
import {
  columnReceiver,
  elementReceiver,
  fieldReceiver,
  indexReceiver,
  keyReceiver,
  type Receiver,
} from '../receivers.ts';
import { existingColumn } from './where.ts';

export type Conditions =
  | { readonly kind: 'exists' | 'notExists' }
  | { readonly kind: 'columns'; readonly tests: readonly ColumnTest[] };

/** A value that is there, or null. */
type Value = Uint8Array | null;
const unsetFault = (): Error => invalid("Invalid 'unset' value in condition");

function evaluate(operand: Operand, execution: Execution): Value {
  const slot = emptySlot();
  operand.evaluate(execution, slot);
  if (slot.size === sizeUnset) throw unsetFault();
  return slotBytes(slot) ?? null;
}

/** @throws CqlFault an order of null is asked for. */
export function holds(operator: Comparison, type: ValueType, current: Value, wanted: Value): boolean {
  if (wanted === null) {
    if (operator === '=') return current === null;
    if (operator === '!=') return current !== null;
    throw invalid(`Invalid comparison with null for operator "${operator}"`);
  }
  if (current === null) return operator === '!=';
  return holdsOrder(operator, compare(type, current, wanted));
}
/** @param order of the two values: below 0, 0, above. */
export function holdsOrder(operator: Comparison, order: number): boolean {
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
}

/** What of the column is tested. */
type Access =
  | { readonly kind: 'column' }
  | { readonly kind: 'element'; readonly key: Operand }
  | { readonly kind: 'field'; readonly index: number };
type Test =
  | { readonly kind: 'compare'; readonly operator: Comparison; readonly value: Operand }
  | { readonly kind: 'in'; readonly values: InValues }
  | { readonly kind: 'contains' | 'containsKey'; readonly value: Operand };

const emptyCollection = new Uint8Array(4);
const hasElements = (collection: Uint8Array): boolean => collection.subarray(0, 4).some((byte) => byte !== 0);

export class ColumnTest {
  readonly column: Column;
  readonly #type: ValueType;
  readonly #access: Access;
  readonly #test: Test;

  constructor(column: Column, type: ValueType, access: Access, test: Test) {
    this.column = column;
    this.#type = type;
    this.#access = access;
    this.#test = test;
  }
  /** @param value of the column, as it is. @throws CqlFault what cannot be compared. */
  holds(value: Value, execution: Execution): boolean {
    const current = this.#accessed(value, execution);
    const test = this.#test;
    switch (test.kind) {
      case 'compare':
        return this.#compare(test.operator, current, evaluate(test.value, execution));
      case 'in':
        return inValues(test.values, execution).some((wanted) => this.#compare('=', current, wanted));
      case 'contains':
      case 'containsKey':
        return this.#contains(current, evaluate(test.value, execution), test.kind === 'containsKey');
      default:
        return unreachable(test);
    }
  }
  #compare(operator: Comparison, current: Value, wanted: Value): boolean {
    const type = this.#type;
    const isEmptyable = this.#access.kind === 'column' && isMultiCell(type) && type.kind !== 'udt';
    if (isEmptyable && operator !== '=' && operator !== '!=' && wanted !== null && !hasElements(wanted))
      throw invalid(`Invalid comparison with an empty ${type.kind} for operator "${operator}"`);
    return holds(
      operator,
      type,
      current === null && wanted !== null && isEmptyable ? emptyCollection : current,
      wanted,
    );
  }
  #accessed(value: Value, execution: Execution): Value {
    const access = this.#access;
    switch (access.kind) {
      case 'column':
        return value;
      case 'element':
        return this.#element(value, evaluate(access.key, execution));
      case 'field': {
        const { type } = this.column;
        if (value === null || type.kind !== 'udt') return null;
        const parts = fieldParts(type, value);
        return (parts.ok ? parts.value[access.index] : undefined) ?? null;
      }
      default:
        return unreachable(access);
    }
  }
  #element(value: Value, key: Value): Value {
    const { type } = this.column;
    if (key === null) throw invalid(`Invalid null value for ${type.kind} element access`);
    if (type.kind === 'list') {
      const index = new DataView(key.buffer, key.byteOffset).getInt32(0);
      if (index < 0) throw invalid(`Invalid negative list index ${index}`);
      return (value === null ? undefined : partsOf('list', value)[index]) ?? null;
    }
    if (type.kind !== 'map' || value === null) return null;
    const parts = partsOf('map', value);
    for (let i = 0; i + 1 < parts.length; i += 2)
      if (compare(type.key, parts[i] as Uint8Array, key) === 0) return parts[i + 1] as Uint8Array;
    return null;
  }
  #contains(current: Value, wanted: Value, isKey: boolean): boolean {
    const { type } = this.column;
    if (wanted === null)
      throw invalid(`Invalid comparison with null for operator "${isKey ? 'CONTAINS KEY' : 'CONTAINS'}"`);
    if (current === null) return false;
    if (type.kind === 'map') {
      const of = isKey ? type.key : type.value;
      return partsOf('map', current).some((part, i) => i % 2 === (isKey ? 0 : 1) && compare(of, part, wanted) === 0);
    }
    if (type.kind !== 'list' && type.kind !== 'set') return false;
    return partsOf(type.kind, current).some((part) => compare(type.element, part, wanted) === 0);
  }
}
function partsOf(kind: 'list' | 'set' | 'map', value: Uint8Array): readonly Uint8Array[] {
  const parts = collectionParts(kind, value);
  if (!parts.ok) throw invalid(parts.error);
  return parts.value;
}
function inValues(values: InValues, execution: Execution): readonly Value[] {
  const slot = emptySlot();
  if (values.kind === 'list') {
    values.operand.evaluate(execution, slot);
    if (slot.size === sizeNull) throw invalid('Invalid null list in IN condition');
    if (slot.size === sizeUnset) throw unsetFault();
    return partsOf('list', slotBytes(slot) ?? emptyCollection);
  }
  return values.operands.flatMap((operand) => {
    operand.evaluate(execution, slot);
    return slot.size === sizeUnset ? [] : [slotBytes(slot) ?? null];
  });
}

/** @throws CqlFault what cannot be tested so. */
export function prepareCondition(planning: Planning, table: TableSchema, condition: Condition): ColumnTest {
  const column = existingColumn(table, condition.column);
  if (column.kind === 'partition_key' || column.kind === 'clustering')
    throw invalid(`PRIMARY KEY column '${column.name}' cannot have IF conditions`);
  if (column.type.kind === 'counter') throw invalid('Conditions on counters are not supported');
  const { access, of } = prepareAccess(planning, table, column, condition.at);
  return new ColumnTest(column, of.type, access, prepareTest(planning, column, of, condition.test));
}
function prepareAccess(
  planning: Planning,
  table: TableSchema,
  column: Column,
  at: Condition['at'],
): { readonly access: Access; readonly of: Receiver } {
  const { type, name } = column;
  const whole = columnReceiver(table, column);
  switch (at.kind) {
    case 'column':
      return { access: { kind: 'column' }, of: whole };
    case 'element':
      if (type.kind === 'set') throw invalid(`Invalid element access syntax for set column ${name}`);
      if (type.kind === 'list')
        return {
          access: { kind: 'element', key: prepareOperand(planning, at.key, indexReceiver(whole)) },
          of: elementReceiver(whole, type.element),
        };
      if (type.kind !== 'map') throw invalid(`Invalid element access syntax for non-collection column ${name}`);
      return {
        access: { kind: 'element', key: prepareOperand(planning, at.key, keyReceiver(whole, type.key)) },
        of: elementReceiver(whole, type.value),
      };
    case 'field': {
      if (type.kind !== 'udt') throw invalid(`Invalid field access syntax for non-UDT column ${name}`);
      const index = type.fields.findIndex((field) => field.name === at.field);
      const field = type.fields[index];
      if (field === undefined) throw invalid(`Unknown field ${at.field} for column ${name}`);
      return { access: { kind: 'field', index }, of: fieldReceiver(whole, field.name, field.type) };
    }
    default:
      return unreachable(at);
  }
}
function prepareTest(planning: Planning, column: Column, of: Receiver, test: Condition['test']): Test {
  switch (test.kind) {
    case 'compare':
      if (test.operator !== '=' && test.operator !== '!=') refuseDurations(of.type, test.operator);
      return { kind: 'compare', operator: test.operator, value: prepareOperand(planning, test.value, of) };
    case 'in':
      return { kind: 'in', values: prepareIn(planning, test.values, of) };
    case 'contains':
    case 'containsKey': {
      const { type, name } = column;
      const isKey = test.kind === 'containsKey';
      if (isKey && type.kind !== 'map') throw invalid(`Cannot use CONTAINS KEY on non-map column ${name}`);
      if (type.kind === 'map')
        return {
          kind: test.kind,
          value: prepareOperand(
            planning,
            test.value,
            isKey ? keyReceiver(of, type.key) : elementReceiver(of, type.value),
          ),
        };
      if (type.kind !== 'list' && type.kind !== 'set')
        throw invalid(`Cannot use CONTAINS on non-collection column ${name}`);
      return { kind: test.kind, value: prepareOperand(planning, test.value, elementReceiver(of, type.element)) };
    }
    default:
      return unreachable(test);
  }
}
function refuseDurations(type: ValueType, operator: Comparison): void {
  if (!holdsDuration(type)) return;
  const what =
    type.kind === 'duration'
      ? 'durations'
      : type.kind === 'tuple'
        ? 'tuples containing durations'
        : type.kind === 'udt'
          ? 'UDTs containing durations'
          : 'collections containing durations';
  const slice = type.kind === 'duration' ? `conditions ( ${operator} )` : 'conditions';
  throw invalid(`Slice ${slice} are not supported on ${what}`);
}
