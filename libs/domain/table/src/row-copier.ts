/**
 * Rows as they lie, into an answer: the key's cells, then the row's, which are a result row's bytes. It is what a SELECT of
 * all columns mostly does, so it is one loop with nothing in it but looks and copies.
 */
import { flagDense, flagLive, kindRow, unitHeadSizeBytes } from './format.ts';
import type { Layout } from './layout.ts';
import type { RowTarget } from './row-target.ts';

/** Copied at once in a round, which may go so many bytes, less one, beyond the end: they are written over later. */
const roundSizeBytes = 8;
/** Above, native code copies faster, although it needs a view of its own. */
const roundsSizeMaxBytes = 320;
/** Of a row's head, read as one number at 4: its flags and how many columns it has, but not whether it was inserted. */
const headMask = 0xffff0000 & ~(flagLive << 24);
const firstPrefixBytes = 256;

export class RowCopier {
  #layout: Layout | undefined;
  /** Of a dense row of this layout; 0: none can be copied. */
  #head = 0;
  #ids: Uint16Array = new Uint16Array(0);
  /** The key's cells. */
  #prefix = new Uint8Array(firstPrefixBytes);
  #prefixView = new DataView(this.#prefix.buffer);
  #prefixSize = 0;
  /** Of the last {@link copy}. */
  sizeBytes = 0;

  /** For rows of this layout from now on. */
  use(layout: Layout): void {
    if (layout === this.#layout) return;
    this.#layout = layout;
    this.#ids = layout.ids;
    const isPlain = layout.canBeDense && layout.dropped.size === 0;
    this.#head = isPlain ? ((kindRow | flagDense) << 24) | (layout.ids.length << 16) : 0;
  }
  /** The key of the rows that follow. @param components of the table's keys. False: it is no key of so many. */
  key(bytes: Uint8Array, from: number, size: number, components: number): boolean {
    // Of several components each has two bytes of size before and one behind it, and four of size here.
    const wanted = size + components + 4 + roundSizeBytes;
    if (wanted > this.#prefix.length) {
      this.#prefix = new Uint8Array(2 * wanted);
      this.#prefixView = new DataView(this.#prefix.buffer);
    }
    this.#prefixSize = 0;
    if (components === 1) {
      this.#cell(bytes, from, size);
      return true;
    }
    const end = from + size;
    let at = from;
    for (let i = 0; i < components; i++) {
      if (at + 3 > end) return false;
      const length = ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
      if (at + 3 + length > end) return false;
      this.#cell(bytes, at + 2, length);
      at += length + 3;
    }
    return at === end;
  }
  #cell(bytes: Uint8Array, from: number, size: number): void {
    const prefix = this.#prefix;
    const at = this.#prefixSize + 4;
    this.#prefixView.setInt32(at - 4, size);
    for (let i = 0; i < size; i++) prefix[at + i] = bytes[from + i] as number;
    this.#prefixSize = at + size;
  }

  /**
   * Copies the rows that begin at `rows[first]`, `rows[first + step]` and so on, up to the first that is not dense, or of other
   * columns, or for which there is no room, or with which it would be more than `sizeMaxBytes`. @returns how many.
   */
  copy(
    bytes: Uint8Array,
    view: DataView,
    rows: Int32Array,
    first: number,
    step: number,
    count: number,
    target: RowTarget,
    sizeMaxBytes: number,
  ): number {
    const head = this.#head;
    this.sizeBytes = 0;
    if (head === 0) return 0;
    const ids = this.#ids;
    const columns = ids.length;
    const prefix = this.#prefixView;
    const prefixSize = this.#prefixSize;
    // What a round may read beyond a row.
    const sourceEnd = bytes.length - roundSizeBytes;
    let { buffer, view: out, at } = target;
    let left = sizeMaxBytes;
    let done = 0;
    for (; done < count; done++) {
      const row = rows[first + done * step] as number;
      const own = view.getInt32(row + 4);
      if ((own & headMask) !== head) break;
      const idsAt = row + unitHeadSizeBytes + (own & 0xffff);
      let column = 0;
      while (column < columns && view.getUint16(idsAt + 2 * column) === ids[column]) column += 1;
      if (column < columns) break;
      const from = idsAt + 2 * columns;
      const size = row + view.getUint32(row) - from;
      if (prefixSize + size > left) break;
      if (at + prefixSize + size + roundSizeBytes > buffer.length) {
        target.at = at;
        if (!target.room(prefixSize + size + roundSizeBytes)) break;
        ({ buffer, view: out, at } = target);
      }
      for (let i = 0; i < prefixSize; i += roundSizeBytes) {
        out.setInt32(at + i, prefix.getInt32(i, true), true);
        out.setInt32(at + i + 4, prefix.getInt32(i + 4, true), true);
      }
      at += prefixSize;
      if (size > roundsSizeMaxBytes || from + size > sourceEnd) buffer.set(bytes.subarray(from, from + size), at);
      else
        for (let i = 0; i < size; i += roundSizeBytes) {
          const low = view.getInt32(from + i, true);
          const high = view.getInt32(from + i + 4, true);
          out.setInt32(at + i, low, true);
          out.setInt32(at + i + 4, high, true);
        }
      at += size;
      left -= prefixSize + size;
    }
    target.at = at;
    this.sizeBytes = sizeMaxBytes - left;
    return done;
  }
}
