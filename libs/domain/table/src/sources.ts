/** Where the rows of one partition come from: memory, and blocks. Each goes through them in one direction. */
import { assert } from '@skerry/kernel';
import type { BlockCodec } from './block.ts';
import { BlockKey } from './block-key.ts';
import { type BlockReader, blockHeadSizeBytes, blockWide } from './block-store.ts';
import { kindMask, kindRow, unitHeadSizeBytes } from './format.ts';
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

export class DiskSource {
  bytes: Uint8Array = noBytes;
  view: DataView = noView;
  row = -1;
  isOpen = false;
  /** Units of the head, without its rows: [headFrom, headTo) of `headBytes`. */
  headBytes: Uint8Array = noBytes;
  headView: DataView = noView;
  headFrom = 0;
  headTo = 0;
  isWide = false;
  readonly #codec: BlockCodec;
  readonly #head: BlockReader;
  readonly #blocks: BlockReader;
  /** Key of the block that is loaded. */
  readonly #at = new BlockKey();
  #key: BlockKey | undefined;
  #rows = new Int32Array(64);
  #count = 0;
  #index = 0;
  /** No block of the partition is left. One that is there may be empty. */
  #isThrough = false;
  #reverse = false;

  constructor(codec: BlockCodec, head: BlockReader, blocks: BlockReader) {
    this.#codec = codec;
    this.#head = head;
    this.#blocks = blocks;
  }
  /** The partition whose head's key is set in `key`, which must stay as it is but for what it is set to by this source. */
  open(key: BlockKey, reverse: boolean): void {
    this.isOpen = this.#head.get(key.bytes, key.prefixSize);
    this.row = -1;
    if (this.isOpen) this.#openHead(key, reverse);
  }
  #openHead(key: BlockKey, reverse: boolean): void {
    const { bytes, view, size } = this.#head;
    const from = this.#codec.check(key.bytes, key.prefixSize, bytes, view, size);
    this.openLoaded(key, reverse, bytes, view, from, size);
  }
  openLoaded(key: BlockKey, reverse: boolean, bytes: Uint8Array, view: DataView, from: number, size: number): void {
    this.isOpen = true;
    this.row = -1;
    this.#key = key;
    this.#reverse = reverse;
    this.headBytes = this.bytes = bytes;
    this.headView = this.view = view;
    this.isWide = (view.getUint8(blockHeadSizeBytes - 1) & blockWide) !== 0;
    let at = from;
    while (at < size && (view.getUint8(at + 4) & kindMask) !== kindRow) at += view.getUint32(at);
    this.headFrom = from;
    this.headTo = at;
    this.#count = 0;
    if (!this.isWide) this.#collect(at, size);
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
    assert(at === to, 'rows end where their block ends');
    this.#count = count;
  }
  /** Stands at the first row of one block of a wide partition, and goes no further than its end. */
  openBlock(key: BlockKey, block: Uint8Array): void {
    this.#key = key;
    this.#reverse = false;
    this.#take(this.#blocks.seekBack(block, block.length, true));
    this.isWide = false;
    this.#index = 0;
    this.#settle();
  }
  /** Where the rows from the one that it stands at to the end of the block begin and end. */
  rest(): readonly [from: number, to: number] {
    const last = this.#rows[this.#count - 1];
    if (this.row < 0 || last === undefined) return [0, 0];
    return [this.row, last + this.view.getUint32(last)];
  }
  seek(bytes: Uint8Array, from: number, to: number, bounded: boolean): void {
    if (this.isWide) this.#seekBlock(bytes, from, to, bounded);
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
  #seekBlock(bytes: Uint8Array, from: number, to: number, bounded: boolean): void {
    const key = this.#key as BlockKey;
    if (bounded) key.setRows(bytes, from, to - from);
    else if (this.#reverse) key.setBehind();
    else key.setRows(noBytes, 0, 0);
    // The first block of a partition is at the empty clustering: there is always one at or before.
    this.#take(this.#blocks.seekBack(key.bytes, key.size, true));
  }
  /** Takes the block that was found, when it is one of this partition's rows. */
  #take(found: boolean): void {
    const key = this.#key as BlockKey;
    const blocks = this.#blocks;
    this.#count = 0;
    this.#isThrough = true;
    if (
      !found ||
      blocks.keySize <= key.prefixSize ||
      compareRanges(blocks.key, 0, key.prefixSize, key.bytes, 0, key.prefixSize) !== 0
    )
      return;
    this.#isThrough = false;
    const from = this.#codec.check(blocks.key, blocks.keySize, blocks.bytes, blocks.view, blocks.size);
    this.bytes = blocks.bytes;
    this.view = blocks.view;
    this.#at.setBytes(blocks.key, blocks.keySize);
    this.#collect(from, blocks.size);
  }
  /** Goes on to the next block when this one is through. */
  #settle(): void {
    while (this.#index < 0 || this.#index >= this.#count) {
      if (!this.isWide || this.#isThrough) {
        this.row = -1;
        return;
      }
      const { bytes, size } = this.#at;
      this.#take(this.#reverse ? this.#blocks.seekBack(bytes, size, false) : this.#blocks.seek(bytes, size, true));
      this.#index = this.#reverse ? this.#count - 1 : 0;
    }
    this.row = this.#rows[this.#index] as number;
  }
  advance(): void {
    this.#index += this.#reverse ? -1 : 1;
    this.#settle();
  }
}
