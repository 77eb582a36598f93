/** The rows of one partition in memory, in one direction. */
import { unitHeadSizeBytes } from './format.ts';
import type { Memtable, WidePartition } from './memtable.ts';
import { compareRanges } from './sink.ts';

const noBytes = new Uint8Array(0);
const noView: DataView = new DataView(noBytes.buffer);

/** The row that it stands at: `row` is where it begins in `bytes`; -1 at the end. */
export class MemorySource {
  bytes: Uint8Array = noBytes;
  view: DataView = noView;
  row = -1;
  isOpen = false;
  wide: WidePartition | undefined;
  /** Rows that follow in one place: see {@link ahead}. */
  aheadRows: Int32Array = new Int32Array(1);
  aheadAt = 0;
  readonly #one = new Int32Array(1);
  #single = -1;
  #piece = 0;
  #at = 0;
  #reverse = false;

  open(memtable: Memtable, partition: number, reverse: boolean): void {
    this.isOpen = partition >= 0;
    this.row = -1;
    if (!this.isOpen) {
      this.wide = undefined;
      return;
    }
    this.bytes = memtable.bytes;
    this.view = memtable.view;
    this.#single = memtable.single(partition);
    this.wide = this.#single < 0 ? memtable.wide(partition) : undefined;
    this.#reverse = reverse;
  }
  /** Goes to the first row at or behind a clustering, or, in reverse, to the last before it; without one, to the end. */
  seek(bytes: Uint8Array, from: number, to: number, bounded: boolean): void {
    if (this.wide === undefined) {
      this.row = this.#single;
      if (this.row < 0 || !bounded) return;
      const start = this.row + unitHeadSizeBytes;
      const order = compareRanges(this.bytes, start, start + this.view.getUint16(this.row + 6), bytes, from, to);
      if (this.#reverse ? order >= 0 : order < 0) this.row = -1;
      return;
    }
    const { rows } = this.wide;
    if (bounded) {
      rows.seek(bytes, from, to);
      this.#piece = rows.piece;
      this.#at = rows.at;
    } else {
      this.#piece = this.#reverse ? rows.pieceCount - 1 : 0;
      this.#at = this.#reverse ? rows.countOf(this.#piece) : 0;
    }
    if (this.#reverse) this.advance();
    else this.#settle(rows);
  }
  /**
   * How many rows, with the one that it stands at, lie one behind the other in `aheadRows` from `aheadAt` on, in the direction
   * of reading.
   */
  ahead(): number {
    if (this.row < 0) return 0;
    if (this.wide === undefined) {
      this.#one[0] = this.row;
      this.aheadRows = this.#one;
      this.aheadAt = 0;
      return 1;
    }
    const { rows } = this.wide;
    this.aheadRows = rows.pieceRows(this.#piece);
    this.aheadAt = this.#at;
    return this.#reverse ? this.#at + 1 : rows.countOf(this.#piece) - this.#at;
  }
  /** Over so many of them. */
  skip(count: number): void {
    this.#at += this.#reverse ? 1 - count : count - 1;
    this.advance();
  }
  #settle(rows: WidePartition['rows']): void {
    if (this.#at >= rows.countOf(this.#piece)) {
      this.#piece += 1;
      this.#at = 0;
    }
    this.row = rows.rowAt(this.#piece, this.#at);
  }
  advance(): void {
    if (this.wide === undefined) {
      this.row = -1;
      return;
    }
    const { rows } = this.wide;
    if (!this.#reverse) {
      this.#at += 1;
      this.#settle(rows);
      return;
    }
    this.#at -= 1;
    if (this.#at < 0 && this.#piece > 0) {
      this.#piece -= 1;
      this.#at = rows.countOf(this.#piece) - 1;
    }
    this.row = rows.rowAt(this.#piece, this.#at);
  }
}
