/** What lists of one row are while a statement works on them: as they are stored, and what its operations did so far. */
import type { Part, RowView } from '@skerry/domain-table';
import { compareRanges } from '@skerry/domain-table';
import { elementNumbers, pathAt } from './elements.ts';

export type ListElement = {
  readonly path: Part;
  value: Part;
  /** This statement gave it its value: of two of one time the greater one stays. */
  written: boolean;
};

export class ListStates {
  readonly #lists = new Map<number, ListElement[]>();
  #row: RowView | undefined;

  /** Goes to another row; undefined: there is none. */
  begin(row: RowView | undefined): void {
    this.#row = row;
    if (this.#lists.size > 0) this.#lists.clear();
  }
  /** The column's elements, in their order. Bytes are the row's, valid until the next read. */
  of(id: number): ListElement[] {
    let list = this.#lists.get(id);
    if (list === undefined) {
      list = stored(this.#row, id);
      this.#lists.set(id, list);
    }
    return list;
  }
}

function stored(row: RowView | undefined, id: number): ListElement[] {
  if (row === undefined) return [];
  const { bytes } = row;
  return elementNumbers(row, id).map((number) => ({
    path: pathAt(row, number),
    value: { bytes, from: row.itemFrom(number), size: row.itemSize(number) },
    written: false,
  }));
}
/** As merging does it. */
export function setValue(element: ListElement, value: Part): void {
  if (!element.written || comparedParts(value, element.value) > 0) element.value = value;
  element.written = true;
}
export const comparedParts = (left: Part, right: Part): number =>
  compareRanges(left.bytes, left.from, left.from + left.size, right.bytes, right.from, right.from + right.size);
