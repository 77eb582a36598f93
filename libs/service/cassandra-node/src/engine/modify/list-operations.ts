/**
 * Operations on lists: elements are ordered by the time that they came. Those of one statement follow one another: each is of
 * the list that those before it left. Source: Cassandra 5.0, `Lists`, `UpdateParameters.getPrefetchedRow`.
 */
import type { Column } from '@skerry/domain-table';
import { invalid, type Execution, type Operand, type Slot } from '../contract.ts';
import { emptySlot, sizeNull, sizeUnset } from '../operands.ts';
import { elementsOf, nextListPath, nullPart, partOf, previousListPath } from './elements.ts';
import { comparedParts, setValue, type ListElement } from './list-state.ts';
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
      const value = partOf(element);
      writer.element(id, path, nullPart, value, hi, lo, ttl, expiry);
      if (!writing.reads) continue;
      const list = writing.lists.of(id);
      if (isPrepend) list.unshift({ path, value, written: true });
      else list.push({ path, value, written: true });
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
  write({ writer, lists, hi, lo, nowSeconds }: Writing): void {
    const { id } = this.column;
    const unwanted = elementsOf('list', this.#slot).map(partOf);
    const list = lists.of(id);
    for (let i = list.length - 1; i >= 0; i--) {
      const { path, value } = list[i] as ListElement;
      if (!unwanted.some((each) => comparedParts(each, value) === 0)) continue;
      writer.elementTombstone(id, path, nullPart, hi, lo, nowSeconds);
      list.splice(i, 1);
    }
  }
}

/** Where in the list the element is that `slot` is the index of. */
function indexIn(list: readonly ListElement[], slot: Slot, action: string): number {
  const index = new DataView(slot.bytes.buffer, slot.bytes.byteOffset).getInt32(slot.from);
  if (list.length === 0) throw invalid(`Attempted to ${action} a list which is null`);
  if (index < 0 || index >= list.length)
    throw invalid(`List index ${index} out of bound, list has size ${list.length}`);
  return index;
}
function bindIndex(operand: Operand, execution: Execution, slot: Slot): void {
  operand.evaluate(execution, slot);
  if (slot.size === sizeUnset) throw invalid('Invalid unset value for list index');
  if (slot.size <= 0) throw invalid(nullIndexText);
}
const nullIndexText = 'Invalid null value for list index';

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
  write({ writer, lists, hi, lo, ttl, expiry, nowSeconds }: Writing): void {
    const { id } = this.column;
    const list = lists.of(id);
    const index = indexIn(list, this.#indexSlot, 'set an element on');
    const element = list[index] as ListElement;
    if (this.#slot.size === sizeNull) {
      writer.elementTombstone(id, element.path, nullPart, hi, lo, nowSeconds);
      list.splice(index, 1);
      return;
    }
    writer.element(id, element.path, nullPart, this.#slot, hi, lo, ttl, expiry);
    setValue(element, { ...this.#slot });
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
    this.#index.evaluate(execution, this.#slot);
    if (this.#slot.size === sizeNull) throw invalid(nullIndexText);
    return this.#slot.size !== sizeUnset;
  }
  write({ writer, lists, hi, lo, nowSeconds }: Writing): void {
    const list = lists.of(this.column.id);
    const index = indexIn(list, this.#slot, 'delete an element from');
    writer.elementTombstone(this.column.id, (list[index] as ListElement).path, nullPart, hi, lo, nowSeconds);
    list.splice(index, 1);
  }
}
