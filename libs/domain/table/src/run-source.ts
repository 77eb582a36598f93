/** The rows of one partition in one run, in one direction. */
import { assert } from '@skerry/kernel';
import type { BlockCodec } from './block.ts';
import type { BlockCache } from './block-cache.ts';
import type { BlockReader } from './block-store.ts';
import { kindMask, kindRow, unitHeadSizeBytes } from './format.ts';
import {
  atEntryFlags,
  atEntryKeySize,
  atEntryTokenHi,
  atEntryTokenLo,
  blockHeadSizeBytes,
  entryContinued,
  entryContinues,
  entryHeadSizeBytes,
  entryPlain,
} from './run-format.ts';
import { LoadedBlock, type Run } from './run.ts';
import { compareHalves, compareRanges } from './sink.ts';

const noBytes = new Uint8Array(0);
const noView: DataView = new DataView(noBytes.buffer);
const firstRows = 64;

/** The row that it stands at: `row` is where it begins in `bytes`; -1 at the end. */
export class RunSource {
  bytes: Uint8Array = noBytes;
  view: DataView = noView;
  row = -1;
  isOpen = false;
  /** Its first part: units before the rows are [headFrom, headTo) of `headBytes`; the rows of this block go up to `headEnd`. */
  headBytes: Uint8Array = noBytes;
  headView: DataView = noView;
  headFrom = 0;
  headTo = 0;
  headEnd = 0;
  /** It goes on in other blocks. */
  isWide = false;
  isPlain = false;
  /** Rows that follow in one place: see {@link ahead}. */
  aheadRows: Int32Array = new Int32Array(0);
  aheadAt = 0;
  readonly #own: LoadedBlock;
  readonly #others: LoadedBlock;
  #run: Run | undefined;
  #first = 0;
  #last = 0;
  #block = 0;
  #rows = new Int32Array(firstRows);
  #count = 0;
  #index = 0;
  #reverse = false;

  constructor(codec: BlockCodec, reader: () => BlockReader, cache: BlockCache | undefined) {
    this.#own = new LoadedBlock(codec, reader(), cache);
    this.#others = new LoadedBlock(codec, reader(), cache);
  }
  close(): void {
    this.isOpen = false;
    this.row = -1;
  }
  /** The partition with this key. @returns whether the run has it. */
  open(run: Run, hi: number, lo: number, key: Uint8Array, from: number, size: number, reverse: boolean): boolean {
    const { index } = run;
    this.close();
    for (let block = index.before(hi, lo); block < index.count; block++) {
      if (compareHalves(index.hi[block] as number, index.lo[block] as number, hi, lo) > 0) return false;
      const at = this.#find(run, block, hi, lo, key, from, size);
      if (at === behind) return false;
      if (at === further) continue;
      this.openEntry(run, this.#own, at, reverse);
      return true;
    }
    return false;
  }
  #find(run: Run, block: number, hi: number, lo: number, key: Uint8Array, from: number, size: number): number {
    const own = this.#own;
    own.load(run, block);
    const { bytes, view } = own;
    for (let at = blockHeadSizeBytes; at < own.size; at += view.getUint32(at)) {
      const entryHi = view.getInt32(at + atEntryTokenHi);
      if (entryHi < hi) continue;
      const order = compareHalves(entryHi, view.getInt32(at + atEntryTokenLo), hi, lo);
      if (order < 0 || (view.getUint8(at + atEntryFlags) & entryContinued) !== 0) continue;
      if (order > 0) return behind;
      const start = at + entryHeadSizeBytes;
      const byKey = compareRanges(bytes, start, start + view.getUint16(at + atEntryKeySize), key, from, from + size);
      if (byKey === 0) return at;
      if (byKey > 0) return behind;
    }
    return further;
  }
  /** The partition that begins at `entry` of a block, which must stay loaded. */
  openEntry(run: Run, loaded: LoadedBlock, entry: number, reverse: boolean): void {
    const { bytes, view, block } = loaded;
    this.isOpen = true;
    this.row = -1;
    this.#run = run;
    this.#reverse = reverse;
    this.bytes = this.headBytes = bytes;
    this.view = this.headView = view;
    const flags = view.getUint8(entry + atEntryFlags);
    this.isWide = (flags & entryContinues) !== 0;
    this.isPlain = (flags & entryPlain) !== 0;
    this.#first = this.#last = this.#block = block;
    if (this.isWide) this.#last = run.index.lastOf(block);
    const end = entry + view.getUint32(entry);
    let at = entry + entryHeadSizeBytes + view.getUint16(entry + atEntryKeySize);
    this.headFrom = at;
    while (at < end && (view.getUint8(at + 4) & kindMask) !== kindRow) at += view.getUint32(at);
    this.headTo = at;
    this.headEnd = end;
    this.#collect(at, end);
  }
  /** Notes where the rows of [from, to) begin. */
  #collect(from: number, to: number): void {
    const { view } = this;
    let count = 0;
    let at = from;
    while (at < to) {
      if (count === this.#rows.length) {
        const rows = new Int32Array(2 * count);
        rows.set(this.#rows);
        this.#rows = rows;
      }
      this.#rows[count++] = at;
      at += view.getUint32(at);
    }
    assert(at === to, 'rows end where their part of the partition ends');
    this.#count = count;
  }
  #use(block: number): void {
    if (block === this.#block) return;
    this.#block = block;
    if (block === this.#first) {
      this.bytes = this.headBytes;
      this.view = this.headView;
      this.#collect(this.headTo, this.headEnd);
      return;
    }
    const others = this.#others;
    others.load(this.#run as Run, block);
    this.bytes = others.bytes;
    this.view = others.view;
    this.#collect(
      blockHeadSizeBytes + entryHeadSizeBytes,
      blockHeadSizeBytes + others.view.getUint32(blockHeadSizeBytes),
    );
  }
  /** Goes to the first row at or behind a clustering, or, in reverse, to the last before it; without one, to the end. */
  seek(bytes: Uint8Array, from: number, to: number, bounded: boolean): void {
    if (this.isWide) {
      const { index } = this.#run as Run;
      if (bounded) this.#use(index.blockOf(this.#first, this.#last, bytes, from, to));
      else this.#use(this.#reverse ? this.#last : this.#first);
    }
    if (!bounded) this.#index = this.#reverse ? this.#count - 1 : 0;
    else {
      const first = this.#firstFrom(bytes, from, to);
      this.#index = this.#reverse ? first - 1 : first;
    }
    this.#settle();
  }
  #firstFrom(bytes: Uint8Array, from: number, to: number): number {
    let low = 0;
    let high = this.#count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const row = this.#rows[middle] as number;
      const start = row + unitHeadSizeBytes;
      if (compareRanges(this.bytes, start, start + this.view.getUint16(row + 6), bytes, from, to) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
  /** Goes on to the next block when this one is through. */
  #settle(): void {
    while (this.#index < 0 || this.#index >= this.#count) {
      const next = this.#reverse ? this.#block - 1 : this.#block + 1;
      if (next < this.#first || next > this.#last) {
        this.row = -1;
        return;
      }
      this.#use(next);
      this.#index = this.#reverse ? this.#count - 1 : 0;
    }
    this.row = this.#rows[this.#index] as number;
  }
  advance(): void {
    this.#index += this.#reverse ? -1 : 1;
    this.#settle();
  }
  /**
   * How many rows, with the one that it stands at, lie one behind the other in `aheadRows` from `aheadAt` on, in the direction
   * of reading.
   */
  ahead(): number {
    if (this.row < 0) return 0;
    this.aheadRows = this.#rows;
    this.aheadAt = this.#index;
    return this.#reverse ? this.#index + 1 : this.#count - this.#index;
  }
  /** Over so many of them. */
  skip(count: number): void {
    this.#index += this.#reverse ? -count : count;
    this.#settle();
  }
}
const behind = -1;
const further = -2;
