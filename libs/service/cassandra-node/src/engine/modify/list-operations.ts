/** Operations on lists: elements are ordered by the time that they came. Source: Cassandra 5.0, `Lists`. */
import type { Column, RowView } from '@skerry/domain-table';
import { compareRanges } from '@skerry/domain-table';
import { invalid, type Execution, type Operand, type Slot } from '../contract.ts';
import { emptySlot, sizeNull, sizeUnset } from '../operands.ts';
import { elementNumbers, elementsOf, nextListPath, nullPart, partOf, pathAt, previousListPath } from './elements.ts';
import type { Operation, Writing } from './writing.ts';

/** `l = l + […]`, `l = […] + l`, and as a whole `l = […]`. */
export class AddToList implements Operation {
  readonly requiresRead = false;
  readonly column: Column;
  readonly #operand: Operand;
  readonly #where: 'append' | 'prepend' | 'whole';
  readonly #slot: Slot = emptySlot();
  constructor(column: Column, operand: Operand, where: 'append' | 'prepend' | 'whole') {
    this.column = column;
    this.#operand = operand;
    this.#where = where;
  }
  bind(execution: Execution): boolean {
    this.#operand.evaluate(execution, this.#slot);
    return this.#slot.size !== sizeUnset && (this.#where === 'whole' || this.#slot.size > 0);
  }
  write(writing: Writing): void {
    const { writer, hi, lo, ttl, expiry, nowSeconds } = writing;
    const { id } = this.column;
    if (this.#where === 'whole') writer.collectionDeletion(id, writing.beforeHi, writing.beforeLo, nowSeconds);
    if (this.#slot.size === sizeNull) return;
    const elements = elementsOf('list', this.#slot);
    const isPrepend = this.#where === 'prepend';
    for (const element of isPrepend ? elements.toReversed() : elements) {
      const path = isPrepend ? previousListPath(writing) : nextListPath(writing);
      writer.element(id, path, nullPart, partOf(element), hi, lo, ttl, expiry);
    }
  }
}

/** `l = l - […]`: every element that equals one of them. */
export class DiscardFromList implements Operation {
  readonly requiresRead = true;
  readonly column: Column;
  readonly #operand: Operand;
  readonly #slot: Slot = emptySlot();
  constructor(column: Column, operand: Operand) {
    this.column = column;
    this.#operand = operand;
  }
  bind(execution: Execution): boolean {
    this.#operand.evaluate(execution, this.#slot);
    return this.#slot.size > 0;
  }
  write({ writer, row, hi, lo, nowSeconds }: Writing): void {
    if (row === undefined) return;
    const unwanted = elementsOf('list', this.#slot);
    for (const number of elementNumbers(row, this.column.id)) {
      const from = row.itemFrom(number);
      const to = from + row.itemSize(number);
      if (unwanted.some((each) => compareRanges(each, 0, each.length, row.bytes, from, to) === 0))
        writer.elementTombstone(this.column.id, pathAt(row, number), nullPart, hi, lo, nowSeconds);
    }
  }
}

/** The number of the element at an index, as {@link RowView} counts them. */
function elementAt(row: RowView | undefined, id: number, slot: Slot, action: string): number {
  const index = new DataView(slot.bytes.buffer, slot.bytes.byteOffset).getInt32(slot.from);
  const numbers = elementNumbers(row, id);
  if (numbers.length === 0) throw invalid(`Attempted to ${action} a list which is null`);
  const number = numbers[index];
  if (number === undefined) throw invalid(`List index ${index} out of bound, list has size ${numbers.length}`);
  return number;
}
function bindIndex(operand: Operand, execution: Execution, slot: Slot): void {
  operand.evaluate(execution, slot);
  if (slot.size === sizeUnset) throw invalid('Invalid unset value for list index');
  if (slot.size <= 0) throw invalid('Invalid null value for list index');
}

/** `l[1] = …`. */
export class SetListElement implements Operation {
  readonly requiresRead = true;
  readonly column: Column;
  readonly #index: Operand;
  readonly #value: Operand;
  readonly #indexSlot: Slot = emptySlot();
  readonly #slot: Slot = emptySlot();
  constructor(column: Column, index: Operand, value: Operand) {
    this.column = column;
    this.#index = index;
    this.#value = value;
  }
  bind(execution: Execution): boolean {
    bindIndex(this.#index, execution, this.#indexSlot);
    this.#value.evaluate(execution, this.#slot);
    return this.#slot.size !== sizeUnset;
  }
  write({ writer, row, hi, lo, ttl, expiry, nowSeconds }: Writing): void {
    const { id } = this.column;
    const number = elementAt(row, id, this.#indexSlot, 'set an element on');
    if (row === undefined) return;
    const path = pathAt(row, number);
    if (this.#slot.size === sizeNull) writer.elementTombstone(id, path, nullPart, hi, lo, nowSeconds);
    else writer.element(id, path, nullPart, this.#slot, hi, lo, ttl, expiry);
  }
}
/** `DELETE l[1]`. */
export class DeleteListElement implements Operation {
  readonly requiresRead = true;
  readonly column: Column;
  readonly #index: Operand;
  readonly #slot: Slot = emptySlot();
  constructor(column: Column, index: Operand) {
    this.column = column;
    this.#index = index;
  }
  bind(execution: Execution): boolean {
    bindIndex(this.#index, execution, this.#slot);
    return true;
  }
  write({ writer, row, hi, lo, nowSeconds }: Writing): void {
    const number = elementAt(row, this.column.id, this.#slot, 'delete an element from');
    if (row !== undefined) writer.elementTombstone(this.column.id, pathAt(row, number), nullPart, hi, lo, nowSeconds);
  }
}
