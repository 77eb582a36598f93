/** Rows of one wide partition in memory, in order of their clustering: offsets in an arena, in sorted pieces. */
import { unitHeadSizeBytes } from './format.ts';
import { compareRanges } from './sink.ts';

/** Where the rows are. Its buffers may change. */
export type Arena = { readonly bytes: Uint8Array; readonly view: DataView };

const pieceRows = 256;

export class RowIndex {
  readonly #arena: Arena;
  readonly #pieces: Int32Array[] = [new Int32Array(pieceRows)];
  readonly #counts: number[] = [0];
  /** Where {@link seek} stands. */
  piece = 0;
  at = 0;
  size = 0;

  constructor(arena: Arena) {
    this.#arena = arena;
  }
  /** Goes to the first row that is not before `bytes[from, to)`. True: it is equal. */
  seek(bytes: Uint8Array, from: number, to: number): boolean {
    let low = 0;
    let high = this.#pieces.length - 1;
    // The last piece whose first row is not behind it.
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (this.#compare(middle, 0, bytes, from, to) <= 0) low = middle;
      else high = middle - 1;
    }
    this.piece = low;
    const count = this.#counts[low] as number;
    let first = 0;
    let last = count;
    // Appending is what most do.
    if (count > 0 && this.#compare(low, count - 1, bytes, from, to) < 0) first = count;
    while (first < last) {
      const middle = (first + last) >>> 1;
      if (this.#compare(low, middle, bytes, from, to) < 0) first = middle + 1;
      else last = middle;
    }
    this.at = first;
    if (first === count) return false;
    return this.#compare(low, first, bytes, from, to) === 0;
  }
  #compare(piece: number, at: number, bytes: Uint8Array, from: number, to: number): number {
    const row = (this.#pieces[piece] as Int32Array)[at] as number;
    const start = row + unitHeadSizeBytes;
    const { bytes: rows, view } = this.#arena;
    return compareRanges(rows, start, start + view.getUint16(row + 6), bytes, from, to);
  }
  /** The row at a place; -1 outside. */
  rowAt(piece: number, at: number): number {
    if (piece < 0 || piece >= this.#pieces.length || at < 0 || at >= (this.#counts[piece] as number)) return -1;
    return (this.#pieces[piece] as Int32Array)[at] as number;
  }
  countOf(piece: number): number {
    return this.#counts[piece] ?? 0;
  }
  /** Where the rows of a piece begin, in order: the first {@link countOf} of them. */
  pieceRows(piece: number): Int32Array {
    return this.#pieces[piece] as Int32Array;
  }
  get pieceCount(): number {
    return this.#pieces.length;
  }
  /** Where all rows begin, in order, into[to…]. @returns behind the last. */
  copyTo(into: Int32Array, to: number): number {
    let at = to;
    for (const [i, piece] of this.#pieces.entries()) {
      const count = this.#counts[i] as number;
      into.set(piece.subarray(0, count), at);
      at += count;
    }
    return at;
  }
  /** The row at where `seek` stands is now elsewhere in the arena. */
  replace(row: number): void {
    (this.#pieces[this.piece] as Int32Array)[this.at] = row;
  }
  /** Before where `seek` stands. */
  insert(row: number): void {
    let { piece, at } = this;
    let count = this.#counts[piece] as number;
    if (count === pieceRows) {
      // Appended rows fill their pieces: only what comes in the middle leaves halves.
      const keep = at === count && piece === this.#pieces.length - 1 ? count : pieceRows >>> 1;
      const behind = new Int32Array(pieceRows);
      behind.set((this.#pieces[piece] as Int32Array).subarray(keep));
      this.#pieces.splice(piece + 1, 0, behind);
      this.#counts.splice(piece + 1, 0, count - keep);
      this.#counts[piece] = keep;
      if (at > keep || keep === count) {
        piece += 1;
        at -= keep;
      }
      count = this.#counts[piece] as number;
    }
    const rows = this.#pieces[piece] as Int32Array;
    if (at < count) rows.copyWithin(at + 1, at, count);
    rows[at] = row;
    this.#counts[piece] = count + 1;
    this.size += 1;
  }
}
