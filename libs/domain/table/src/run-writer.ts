/** Writes a run: partitions in their order, each its head and its rows in theirs. */
import { assert } from '@skerry/kernel';
import type { BlockCodec } from './block.ts';
import { BlockIndexBuilder } from './block-index.ts';
import type { BlockWriter } from './block-store.ts';
import { unitHeadSizeBytes } from './format.ts';
import { KeyFilter } from './key-filter.ts';
import {
  atEntryFlags,
  atEntryKeySize,
  atEntryTokenHi,
  atEntryTokenLo,
  blockHeadSizeBytes,
  blockSizeMaxBytes,
  entryContinued,
  entryContinues,
  entryHeadSizeBytes,
  entryPlain,
} from './run-format.ts';
import { neverDead, type Run } from './run.ts';
import { Sink } from './sink.ts';

/** A partition no larger goes to the next block whole rather than in two parts. */
const movedSizeMaxBytes = blockSizeMaxBytes / 2;
const noRow = -1;

export type RunTimes = Pick<Run, 'newestHi' | 'newestLo' | 'oldestHi' | 'oldestLo'>;

export class RunWriter {
  readonly #codec: BlockCodec;
  readonly #blocks: BlockWriter;
  readonly #number: number;
  readonly #table: number;
  readonly #out = new Sink(2 * blockSizeMaxBytes);
  readonly #index = new BlockIndexBuilder();
  readonly #filter: KeyFilter;
  #sealed = 0;
  #sizeBytes = 0;
  #partitions = 0;
  #deadFrom = neverDead;
  /** The block at hand is in the index. */
  #isBegun = false;
  #hi = 0;
  #lo = 0;
  #entry = blockHeadSizeBytes;
  /** The part at hand goes on from the block before. */
  #continued = false;
  #plain = true;
  #origin = 0;
  /** Of the partition's part in this block. */
  #unitsFrom = 0;
  #lastRow = noRow;

  /** @param keyCount about so many partitions will come. */
  constructor(codec: BlockCodec, blocks: BlockWriter, number: number, table: number, keyCount: number) {
    this.#codec = codec;
    this.#blocks = blocks;
    this.#number = number;
    this.#table = table;
    this.#filter = KeyFilter.forKeys(keyCount);
    this.#out.length = blockHeadSizeBytes;
  }
  get sizeBytes(): number {
    return this.#sizeBytes;
  }
  beginPartition(hi: number, lo: number, key: Uint8Array, keyFrom: number, keySize: number): void {
    this.#hi = hi;
    this.#lo = lo;
    this.#entry = this.#out.length;
    this.#continued = false;
    this.#plain = true;
    this.#lastRow = noRow;
    this.#beginEntry(keySize);
    this.#out.append(key, keyFrom, keySize);
    this.#unitsFrom = this.#out.length;
    if (this.#entry > blockHeadSizeBytes) {
      this.#origin = this.#index.count - 1;
      return;
    }
    if (this.#isBegun) this.#index.undo();
    this.#beginBlock();
  }
  /** With the partition at hand. */
  #beginBlock(): void {
    this.#isBegun = true;
    this.#origin = this.#index.count;
    this.#index.addFirst(this.#hi, this.#lo);
  }
  #beginEntry(keySize: number): void {
    const out = this.#out;
    out.reserve(entryHeadSizeBytes);
    const { view, length } = out;
    view.setInt32(length + atEntryTokenHi, this.#hi);
    view.setInt32(length + atEntryTokenLo, this.#lo);
    view.setUint16(length + atEntryFlags, 0);
    view.setUint16(length + atEntryKeySize, keySize);
    out.length = length + entryHeadSizeBytes;
  }
  /** Its deletions and its static row: they stay together with its key. */
  addHead(bytes: Uint8Array, from: number, size: number): void {
    if (size === 0) return;
    this.#plain = false;
    this.#makeRoom(size);
    this.#out.append(bytes, from, size);
  }
  /** Whole rows of a partition that was in one block, nothing but dense ones. */
  addPlainRows(bytes: Uint8Array, from: number, size: number): void {
    this.#makeRoom(size);
    this.#out.append(bytes, from, size);
  }
  /** @param deadFrom see {@link Run.deadFrom}. */
  addRow(bytes: Uint8Array, from: number, size: number, isDense: boolean, deadFrom: number): void {
    if (!isDense) this.#plain = false;
    if (deadFrom < this.#deadFrom) this.#deadFrom = deadFrom;
    if (!this.#makeRoom(size) && this.#lastRow !== noRow) this.#continueIn(bytes, from);
    this.#lastRow = this.#out.length;
    this.#out.append(bytes, from, size);
  }
  noteDead(deadFrom: number): void {
    if (deadFrom < this.#deadFrom) this.#deadFrom = deadFrom;
  }
  /** For so many bytes more: what is before this partition becomes a block when it is small. False: it must go on in another. */
  #makeRoom(size: number): boolean {
    const out = this.#out;
    if (out.length + size <= blockSizeMaxBytes) return true;
    const entry = this.#entry;
    const moved = out.length - entry;
    if (entry === blockHeadSizeBytes || moved > movedSizeMaxBytes) return false;
    this.#sealBlock(entry);
    out.bytes.copyWithin(blockHeadSizeBytes, entry, entry + moved);
    out.length = blockHeadSizeBytes + moved;
    const shift = entry - blockHeadSizeBytes;
    this.#entry = blockHeadSizeBytes;
    this.#unitsFrom -= shift;
    if (this.#lastRow !== noRow) this.#lastRow -= shift;
    this.#beginBlock();
    return out.length + size <= blockSizeMaxBytes;
  }
  /** The partition goes on in the next block, with this row. */
  #continueIn(bytes: Uint8Array, row: number): void {
    const out = this.#out;
    const { view } = out;
    const last = this.#lastRow + unitHeadSizeBytes;
    const lastSize = view.getUint16(this.#lastRow + 6);
    const firstSize = ((bytes[row + 6] as number) << 8) | (bytes[row + 7] as number);
    const before = out.bytes.subarray(last, last + lastSize);
    this.#closeEntry(entryContinues);
    this.#index.addContinued(this.#hi, this.#lo, this.#origin, before, bytes, row + unitHeadSizeBytes, firstSize);
    this.#sealBlock(out.length);
    out.length = blockHeadSizeBytes;
    this.#isBegun = true;
    this.#entry = blockHeadSizeBytes;
    this.#continued = true;
    this.#lastRow = noRow;
    this.#beginEntry(0);
    this.#unitsFrom = out.length;
  }
  #closeEntry(more: number): void {
    const { view, length } = this.#out;
    view.setUint32(this.#entry, length - this.#entry);
    view.setUint8(
      this.#entry + atEntryFlags,
      more | (this.#continued ? entryContinued : 0) | (this.#plain ? entryPlain : 0),
    );
  }
  /** Of a partition of which nothing came, nothing is kept. */
  endPartition(): void {
    if (!this.#continued && this.#out.length === this.#unitsFrom) {
      this.#out.length = this.#entry;
      return;
    }
    this.#closeEntry(0);
    this.#filter.add(this.#hi, this.#lo);
    this.#partitions += 1;
    if (this.#out.length < blockSizeMaxBytes) return;
    this.#sealBlock(this.#out.length);
    this.#out.length = blockHeadSizeBytes;
  }
  #sealBlock(size: number): void {
    assert(size > blockHeadSizeBytes, 'a block is not empty');
    const { bytes, view } = this.#out;
    this.#codec.seal(this.#number, this.#sealed, bytes, view, size);
    this.#blocks.put(this.#number, this.#sealed, bytes.slice(0, size));
    this.#sealed += 1;
    this.#sizeBytes += size;
    this.#isBegun = false;
  }
  /** Undefined: nothing was written. */
  finish(times: RunTimes): Run | undefined {
    if (this.#out.length > blockHeadSizeBytes) this.#sealBlock(this.#out.length);
    else if (this.#isBegun) this.#index.undo();
    if (this.#sealed === 0) return undefined;
    const index = this.#index.build();
    assert(index.count === this.#sealed, 'the index has all blocks');
    const { newestHi, newestLo, oldestHi, oldestLo } = times;
    return {
      number: this.#number,
      table: this.#table,
      blockCount: this.#sealed,
      sizeBytes: this.#sizeBytes,
      partitionCount: this.#partitions,
      newestHi,
      newestLo,
      oldestHi,
      oldestLo,
      deadFrom: this.#deadFrom,
      index,
      filter: this.#filter,
    };
  }
}
