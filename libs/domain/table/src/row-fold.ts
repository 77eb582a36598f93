/** Versions of one row become one. */
import { CellTable } from './cell-table.ts';

export class RowFold {
  /** What they are together; `shadow` must follow. It points into what was added. */
  table = new CellTable();
  count = 0;
  #other = new CellTable();
  #next = new CellTable();

  clear(): void {
    this.count = 0;
  }
  add(bytes: Uint8Array, view: DataView, row: number): void {
    this.count += 1;
    if (this.count === 1) {
      this.table.parse(bytes, view, row);
      return;
    }
    this.#other.parse(bytes, view, row);
    this.#next.merge(this.table, this.#other);
    const { table } = this;
    this.table = this.#next;
    this.#next = table;
  }
}
