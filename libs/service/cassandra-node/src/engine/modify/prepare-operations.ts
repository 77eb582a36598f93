/** What statements do to columns, checked against their types. Source: Cassandra 5.0, `cql3.Operation` and its texts. */
import type { Column, TableSchema } from '@skerry/domain-table';
import { isMultiCell, type UserType } from '@skerry/domain-values';
import { maybeQuote, termText, type Assignment, type Deletion, type Term } from '@skerry/protocol-cql';
import { unreachable } from '@skerry/kernel';
import { invalid } from '../contract.ts';
import { prepareOperand } from '../operands.ts';
import type { Planning } from '../planning.ts';
import { columnReceiver, elementReceiver, fieldReceiver, indexReceiver, keyReceiver, renamed } from '../receivers.ts';
import { AddToCounter, DeleteColumn, SetCell } from './cell-operations.ts';
import {
  AddToSet,
  DeleteField,
  DeleteKey,
  DiscardKeys,
  PutIntoMap,
  PutKey,
  SetField,
  SetFields,
} from './collection-operations.ts';
import { AddToList, DeleteListElement, DiscardFromList, SetListElement } from './list-operations.ts';
import type { Operation } from './writing.ts';

const isCollection = ({ type }: Column): boolean => type.kind === 'list' || type.kind === 'set' || type.kind === 'map';

/** `c = …`, and the value of an INSERT. */
export function setColumn(planning: Planning, table: TableSchema, column: Column, value: Term): Operation {
  const { type } = column;
  if (type.kind === 'counter')
    throw invalid(
      `Cannot set the value of counter column ${column.name} (counters can only be incremented/decremented, not set)`,
    );
  return setTo(column, prepareOperand(planning, value, columnReceiver(table, column)));
}
/** The column's value is the operand's. */
export function setTo(column: Column, operand: ReturnType<typeof prepareOperand>): Operation {
  const { type } = column;
  if (!isMultiCell(type)) return new SetCell(column, operand);
  if (type.kind === 'list') return new AddToList(column, operand, 'whole');
  if (type.kind === 'set') return new AddToSet(column, type, operand, true);
  if (type.kind === 'map') return new PutIntoMap(column, type, operand, true);
  if (type.kind === 'udt') return new SetFields(column, type, operand);
  return new SetCell(column, operand);
}

export function prepareAssignment(
  planning: Planning,
  table: TableSchema,
  column: Column,
  assignment: Assignment,
): Operation {
  switch (assignment.kind) {
    case 'set':
      return setColumn(planning, table, column, assignment.value);
    case 'add':
      return addTo(planning, table, column, assignment.value);
    case 'subtract':
      return subtractFrom(planning, table, column, assignment.value);
    case 'prepend':
      return prependTo(planning, table, column, assignment.value);
    case 'element':
      return setElement(planning, table, column, assignment.key, assignment.value);
    case 'field':
      return setField(planning, table, column, assignment.field, assignment.value);
    default:
      return unreachable(assignment);
  }
}

function refuseFrozen(column: Column, operation: string): void {
  if (!isMultiCell(column.type))
    throw invalid(`Invalid operation (${operation}) for frozen collection column ${column.name}`);
}
function addTo(planning: Planning, table: TableSchema, column: Column, value: Term): Operation {
  const { type, name } = column;
  const text = `${name} = ${name} + ${termText(value)}`;
  const receiver = columnReceiver(table, column);
  if (type.kind === 'counter')
    return new AddToCounter(column, [{ operand: prepareOperand(planning, value, receiver), isNegative: false }]);
  if (type.kind === 'tuple' || type.kind === 'udt')
    throw invalid(`Invalid operation (${text}) for tuple column ${name}`);
  if (!isCollection(column)) throw invalid(`Invalid operation (${text}) for non counter column ${name}`);
  refuseFrozen(column, text);
  if (type.kind === 'map' && (value.kind === 'list' || (value.kind === 'set' && value.elements.length > 0)))
    throw invalid(`Value for a map addition has to be a map, but was: '${termText(value)}'`);
  const operand = prepareOperand(planning, value, receiver);
  if (type.kind === 'list') return new AddToList(column, operand, 'append');
  if (type.kind === 'set') return new AddToSet(column, type, operand, false);
  if (type.kind === 'map') return new PutIntoMap(column, type, operand, false);
  throw invalid(`Invalid operation (${text}) for non counter column ${name}`);
}
function subtractFrom(planning: Planning, table: TableSchema, column: Column, value: Term): Operation {
  const { type, name } = column;
  const text = `${name} = ${name} - ${termText(value)}`;
  const receiver = columnReceiver(table, column);
  if (type.kind === 'counter')
    return new AddToCounter(column, [{ operand: prepareOperand(planning, value, receiver), isNegative: true }]);
  if (!isCollection(column)) throw invalid(`Invalid operation (${text}) for non counter column ${name}`);
  refuseFrozen(column, text);
  if (type.kind === 'list') return new DiscardFromList(column, prepareOperand(planning, value, receiver));
  if (type.kind === 'set') return new DiscardKeys(column, type, prepareOperand(planning, value, receiver));
  if (type.kind === 'map') {
    if (value.kind === 'map' || value.kind === 'list')
      throw invalid(`Value for a map substraction has to be a set, but was: '${termText(value)}'`);
    const keys = renamed(receiver, name, { kind: 'set', element: type.key, frozen: false });
    return new DiscardKeys(column, type, prepareOperand(planning, value, keys));
  }
  throw invalid(`Invalid operation (${text}) for non counter column ${name}`);
}
function prependTo(planning: Planning, table: TableSchema, column: Column, value: Term): Operation {
  const { type, name } = column;
  // Cassandra writes a minus here.
  const text = `${name} = ${termText(value)} - ${name}`;
  if (type.kind !== 'list') throw invalid(`Invalid operation (${text}) for non list column ${name}`);
  if (type.frozen) throw invalid(`Invalid operation (${text}) for frozen list column ${name}`);
  return new AddToList(column, prepareOperand(planning, value, columnReceiver(table, column)), 'prepend');
}
function setElement(planning: Planning, table: TableSchema, column: Column, key: Term, value: Term): Operation {
  const { type, name } = column;
  const text = `${name}[${termText(key)}] = ${termText(value)}`;
  const receiver = columnReceiver(table, column);
  if (!isCollection(column)) throw invalid(`Invalid operation (${text}) for non collection column ${name}`);
  refuseFrozen(column, text);
  if (type.kind === 'list') {
    return new SetListElement(
      column,
      prepareOperand(planning, key, indexReceiver(receiver)),
      prepareOperand(planning, value, elementReceiver(receiver, type.element)),
    );
  }
  if (type.kind === 'map') {
    return new PutKey(
      column,
      type,
      prepareOperand(planning, key, keyReceiver(receiver, type.key)),
      prepareOperand(planning, value, elementReceiver(receiver, type.value)),
    );
  }
  throw invalid(`Invalid operation (${text}) for set column ${name}`);
}
function fieldOf(type: UserType, column: Column, field: string): number {
  const index = type.fields.findIndex((each) => each.name === field);
  if (index < 0) throw invalid(`UDT column ${column.name} does not have a field named ${field}`);
  return index;
}
function setField(planning: Planning, table: TableSchema, column: Column, field: string, value: Term): Operation {
  const { type, name } = column;
  const text = `${name}.${maybeQuote(field)} = ${termText(value)}`;
  if (type.kind !== 'udt') throw invalid(`Invalid operation (${text}) for non-UDT column ${name}`);
  if (type.frozen) throw invalid(`Invalid operation (${text}) for frozen UDT column ${name}`);
  const index = fieldOf(type, column, field);
  const receiver = fieldReceiver(columnReceiver(table, column), field, type.fields[index]?.type ?? type);
  return new SetField(column, index, prepareOperand(planning, value, receiver));
}

export function prepareDeletion(planning: Planning, table: TableSchema, column: Column, deletion: Deletion): Operation {
  switch (deletion.kind) {
    case 'column':
      return new DeleteColumn(column, isMultiCell(column.type));
    case 'element':
      return deleteElement(planning, table, column, deletion.key);
    case 'field':
      return deleteField(column, deletion.field);
    default:
      return unreachable(deletion);
  }
}
function deleteElement(planning: Planning, table: TableSchema, column: Column, key: Term): Operation {
  const { type, name } = column;
  const receiver = columnReceiver(table, column);
  if (!isCollection(column)) throw invalid(`Invalid deletion operation for non collection column ${name}`);
  if (!isMultiCell(type)) throw invalid(`Invalid deletion operation for frozen collection column ${name}`);
  if (type.kind === 'list')
    return new DeleteListElement(column, prepareOperand(planning, key, indexReceiver(receiver)));
  if (type.kind === 'set')
    return new DeleteKey(column, type, prepareOperand(planning, key, elementReceiver(receiver, type.element)));
  if (type.kind === 'map')
    return new DeleteKey(column, type, prepareOperand(planning, key, keyReceiver(receiver, type.key)));
  throw invalid(`Invalid deletion operation for non collection column ${name}`);
}
function deleteField(column: Column, field: string): Operation {
  const { type, name } = column;
  if (type.kind !== 'udt') throw invalid(`Invalid field deletion operation for non-UDT column ${name}`);
  if (type.frozen) throw invalid(`Frozen UDT column ${name} does not support field deletions`);
  return new DeleteField(column, fieldOf(type, column, field));
}
