/**
 * A memtable that takes no more writes, as plain numbers and bytes: what another thread can be shown. Here it is made, in
 * pieces, and read in the order of a run. It is shared memory: see `block-index.ts`.
 */
import { sharedBytes, sharedNumbers } from './block-index.ts';
import { kindPartitionDeletion, unitHeadSizeBytes } from './format.ts';
import {
  partitionHi,
  partitionKeyAt,
  partitionKeySize,
  partitionLo,
  partitionRow,
  partitionTable,
  emptyRow,
  type Memtable,
  partitionStride,
  type WidePartition,
} from './memtable.ts';
import type { PartitionHead } from './partition-head.ts';
import type { PartitionInput } from './partition-input.ts';
import { compareHalves, compareRanges, Sink } from './sink.ts';

export type MemtableImage = {
  /** The arena, as far as it is used. */
  readonly bytes: Uint8Array;
  readonly partitions: Int32Array;
  /** Five numbers for each wide partition. */
  readonly wides: Int32Array;
  /** Where their rows begin, in order. */
  readonly wideRows: Int32Array;
  /** Their deletions, as units. */
  readonly heads: Uint8Array;
};
const wideStride = 5;
const atRowsFrom = 0;
const atRowsTo = 1;
const atStatic = 2;
const atHeadFrom = 3;
const atHeadTo = 4;

/** Copied between two yields: half a millisecond's worth. */
const copiedAtOnceBytes = 1024 * 1024;
const widesAtOnce = 500;

/** @param arena gives memory for the arena's copy, of at least so many bytes. */
export function* imageOf(memtable: Memtable, arena: (sizeBytes: number) => Uint8Array): Generator<void, MemtableImage> {
  const used = memtable.arenaUsedBytes;
  const bytes = arena(used);
  for (let at = 0; at < used; at += copiedAtOnceBytes) {
    bytes.set(memtable.bytes.subarray(at, Math.min(used, at + copiedAtOnceBytes)), at);
    yield;
  }
  const numbers = memtable.partitionNumbers();
  const partitions = sharedNumbers(numbers.length);
  partitions.set(numbers);
  yield;
  const all = memtable.widePartitions();
  const wides = sharedNumbers(all.length * wideStride);
  const heads = new Sink();
  let rowCount = 0;
  for (const { rows } of all) rowCount += rows.size;
  const wideRows = sharedNumbers(rowCount);
  yield;
  let to = 0;
  for (const [i, wide] of all.entries()) {
    const base = i * wideStride;
    wides[base + atRowsFrom] = to;
    to = wide.rows.copyTo(wideRows, to);
    wides[base + atRowsTo] = to;
    wides[base + atStatic] = wide.staticRow;
    wides[base + atHeadFrom] = heads.length;
    encodeHead(heads, wide);
    wides[base + atHeadTo] = heads.length;
    if (i % widesAtOnce === widesAtOnce - 1) yield;
  }
  return {
    bytes: bytes.subarray(0, used),
    partitions,
    wides,
    wideRows,
    heads: sharedBytes(heads.bytes.subarray(0, heads.length)),
  };
}
function encodeHead(heads: Sink, { deleted, deletionHi, deletionLo, deletionLocal, ranges }: WidePartition): void {
  if (deleted) {
    heads.reserve(unitHeadSizeBytes + 4);
    const { view, length } = heads;
    heads.bytes.fill(0, length, length + unitHeadSizeBytes + 4);
    view.setUint32(length, unitHeadSizeBytes + 4);
    view.setUint8(length + 4, kindPartitionDeletion);
    view.setInt32(length + 12, deletionHi);
    view.setInt32(length + 16, deletionLo);
    view.setUint32(length + unitHeadSizeBytes, deletionLocal);
    heads.length = length + unitHeadSizeBytes + 4;
  }
  ranges?.encode(heads);
}

/** Of each table the numbers of its partitions, sorted by token and key. Those of dropped tables have the number 0. */
export function orderOf(image: MemtableImage): ReadonlyMap<number, Int32Array> {
  const { partitions, bytes } = image;
  const count = partitions.length / partitionStride;
  const all = new Int32Array(count);
  for (let i = 0; i < count; i++) all[i] = i;
  all.sort((a, b) => {
    const x = a * partitionStride;
    const y = b * partitionStride;
    const byTable =
      ((partitions[x + partitionTable] as number) >>> 0) - ((partitions[y + partitionTable] as number) >>> 0);
    if (byTable !== 0) return byTable;
    const byToken = compareHalves(
      partitions[x + partitionHi] as number,
      partitions[x + partitionLo] as number,
      partitions[y + partitionHi] as number,
      partitions[y + partitionLo] as number,
    );
    if (byToken !== 0) return byToken;
    const xKey = partitions[x + partitionKeyAt] as number;
    const yKey = partitions[y + partitionKeyAt] as number;
    const xEnd = xKey + (partitions[x + partitionKeySize] as number);
    return compareRanges(bytes, xKey, xEnd, bytes, yKey, yKey + (partitions[y + partitionKeySize] as number));
  });
  const tables = new Map<number, Int32Array>();
  for (let from = 0; from < count;) {
    const table = (partitions[(all[from] as number) * partitionStride + partitionTable] as number) >>> 0;
    let to = from + 1;
    while (to < count && (partitions[(all[to] as number) * partitionStride + partitionTable] as number) >>> 0 === table)
      to++;
    if (table !== 0) tables.set(table, all.subarray(from, to));
    from = to;
  }
  return tables;
}

export class MemoryInput implements PartitionInput {
  readonly #image: MemtableImage;
  readonly #order: Int32Array;
  readonly #headView: DataView;
  #at = -1;
  isOpen = false;
  tokenHi = 0;
  tokenLo = 0;
  readonly keyBytes: Uint8Array;
  keyFrom = 0;
  keySize = 0;
  readonly bytes: Uint8Array;
  readonly view: DataView;
  row = -1;
  /** Rows in memory have room between them: never in one piece. */
  readonly plainBytes: Uint8Array;
  readonly plainFrom = 0;
  readonly plainSize = 0;
  #first = emptyRow;
  #next = 0;
  #end = 0;

  constructor(image: MemtableImage, order: Int32Array) {
    this.#image = image;
    this.#order = order;
    const { bytes, heads } = image;
    this.keyBytes = this.bytes = this.plainBytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#headView = new DataView(heads.buffer, heads.byteOffset, heads.byteLength);
    this.nextPartition();
  }
  nextPartition(): void {
    this.#at += 1;
    this.isOpen = this.#at < this.#order.length;
    if (!this.isOpen) return;
    const { partitions } = this.#image;
    const base = (this.#order[this.#at] as number) * partitionStride;
    this.tokenHi = partitions[base + partitionHi] as number;
    this.tokenLo = partitions[base + partitionLo] as number;
    this.keyFrom = partitions[base + partitionKeyAt] as number;
    this.keySize = partitions[base + partitionKeySize] as number;
    this.#first = partitions[base + partitionRow] as number;
  }
  open(head: PartitionHead): void {
    const first = this.#first;
    this.#next = this.#end = 0;
    this.row = -1;
    if (first >= 0) this.row = first;
    else if (first !== emptyRow) this.#openWide(~first * wideStride, head);
  }
  #openWide(base: number, head: PartitionHead): void {
    const { wides, heads } = this.#image;
    head.addUnits(heads, this.#headView, wides[base + atHeadFrom] as number, wides[base + atHeadTo] as number);
    const statics = wides[base + atStatic] as number;
    if (statics >= 0) head.statics.add(this.bytes, this.view, statics);
    this.#next = wides[base + atRowsFrom] as number;
    this.#end = wides[base + atRowsTo] as number;
    this.nextRow();
  }
  nextRow(): void {
    this.row = this.#next < this.#end ? (this.#image.wideRows[this.#next++] as number) : -1;
  }
}
