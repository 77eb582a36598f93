/**
 * What was written and is not in the store yet: partitions by the hash that their token is, their rows in one arena.
 *
 * An arena holds, for each row, the room it has (u32) and the row; and the keys. A row that is overwritten stays where it
 * is when it fits.
 */
import { assert, present } from '@skerry/kernel';
import { CellTable } from './cell-table.ts';
import {
  flagDense,
  flagLive,
  kindMask,
  kindPartitionDeletion,
  kindRangeDeletion,
  kindRow,
  mutationHeadSizeBytes,
  unitHeadSizeBytes,
  bodyOffset,
} from './format.ts';
import type { Layout, TableLayout } from './layout.ts';
import { isSpelledAlike } from './newest-row.ts';
import { RangeDeletions } from './range-deletions.ts';
import { RowIndex } from './row-index.ts';
import { compareHalves, compareRanges, copyBytes, copyViewed, Sink } from './sink.ts';

/** More than one row, or anything but a row. */
export class WidePartition {
  readonly rows: RowIndex;
  deleted = false;
  deletionHi = 0;
  deletionLo = 0;
  deletionLocal = 0;
  ranges: RangeDeletions | undefined;
  /** Where in the arena; -1: none. */
  staticRow = -1;

  constructor(memtable: Memtable) {
    this.rows = new RowIndex(memtable);
  }
}

/** Numbers of a partition, and what each is. */
export const partitionStride = 7;
const stride = partitionStride;
export const partitionTable = 0;
export const partitionHi = 1;
export const partitionLo = 2;
export const partitionKeyAt = 3;
export const partitionKeySize = 4;
/** ≥ 0: its one row in the arena; else the complement of its number among the wide ones, or {@link emptyRow}. */
export const partitionRow = 5;
/** The partition that came before it in its bucket; -1: it was the first. */
const atNext = 6;
const firstSlots = 1024;
/** What a partition takes beside the arena: its numbers, its slots in a table that is at most half full. */
const partitionSizeBytes = 4 * stride + 4 * 4;
const wideSizeBytes = 1600;
/** Partitions of a table are sorted in so many parts, by the first byte of their tokens: each in a moment. */
export const bucketCount = 256;
const roomSizeBytes = 4;
/** Of a row that is looked at ahead; of longer ones the processor guesses the rest. */
const touchedRowBytes = 256;
/** What a processor fetches at once. */
const lineBytes = 64;
/** Mutations that are looked at together before they are applied. */
const touchedAtOnce = 16;

type Buckets = { readonly heads: Int32Array; readonly counts: Int32Array; readonly sorted: (Int32Array | undefined)[] };

export class Memtable {
  bytes: Uint8Array;
  view: DataView;
  #used = 0;
  /** Of all that was applied. */
  newestHi = 0x80000000 | 0;
  newestLo = 0;
  #slots = new Int32Array(firstSlots);
  #partitions = new Int32Array((firstSlots / 2) * stride);
  #count = 0;
  readonly #wides: WidePartition[] = [];
  #buckets = new Map<number, Buckets>();
  #layouts: ReadonlyMap<number, TableLayout>;
  readonly #left = new CellTable();
  readonly #right = new CellTable();
  readonly #merged = new CellTable();
  readonly #scratch = new Sink();
  readonly #ahead = new Int32Array(touchedAtOnce);
  /** Of no meaning; it is kept so that the looks are not left out. */
  touched = 0;

  /** @param layouts of the tables, by number; may change. */
  constructor(arenaSizeBytes: number, layouts: ReadonlyMap<number, TableLayout>) {
    this.bytes = new Uint8Array(arenaSizeBytes);
    this.view = new DataView(this.bytes.buffer);
    this.#layouts = layouts;
  }
  get isEmpty(): boolean {
    return this.#count === 0;
  }
  get partitionCount(): number {
    return this.#count;
  }
  get sizeBytes(): number {
    return this.#used + this.#count * partitionSizeBytes + this.#wides.length * wideSizeBytes;
  }
  /** Forgets everything and keeps its memory. */
  clear(): void {
    this.#used = 0;
    this.newestHi = 0x80000000 | 0;
    this.newestLo = 0;
    this.#count = 0;
    this.#wides.length = 0;
    this.#slots.fill(0);
    this.#buckets = new Map();
  }
  /** Of the arena. */
  get arenaUsedBytes(): number {
    return this.#used;
  }
  /** {@link partitionStride} numbers of each partition, for {@link imageOf}. */
  partitionNumbers(): Int32Array {
    return this.#partitions.subarray(0, this.#count * stride);
  }
  widePartitions(): readonly WidePartition[] {
    return this.#wides;
  }
  tables(): readonly number[] {
    return [...this.#buckets.keys()].toSorted((a, b) => a - b);
  }

  /** Applies the mutations in [from, to). */
  applyAll(bytes: Uint8Array, view: DataView, from: number, to: number): void {
    let touchedTo = from + view.getUint32(from);
    // One alone is not looked at ahead.
    if (touchedTo < to) touchedTo = from;
    for (let at = from; at < to; at += view.getUint32(at)) {
      if (at >= touchedTo && touchedTo < to) touchedTo = this.#touchAhead(view, at, to);
      this.apply(bytes, view, at);
    }
  }
  /**
   * Looks at what the next mutations will find: slots, then numbers, then rows, so that what comes from afar comes for all of
   * them at once. @returns behind the last of them.
   */
  #touchAhead(view: DataView, from: number, to: number): number {
    const ahead = this.#ahead;
    const slots = this.#slots;
    const numbers = this.#partitions;
    const { bytes } = this;
    const mask = slots.length - 1;
    let count = 0;
    let at = from;
    for (; at < to && count < touchedAtOnce; at += view.getUint32(at))
      ahead[count++] = slots[
        slotOf(view.getUint32(at + 4), view.getInt32(at + 8), view.getInt32(at + 12)) & mask
      ] as number;
    let seen = 0;
    for (let i = 0; i < count; i++) {
      const partition = (ahead[i] as number) - 1;
      ahead[i] = partition < 0 ? emptyRow : (numbers[partition * stride + partitionRow] as number);
    }
    for (let i = 0; i < count; i++) {
      const row = ahead[i] as number;
      if (row < 0 || row + touchedRowBytes > bytes.length) continue;
      // The key lies before the row.
      for (let line = Math.max(0, row - lineBytes); line < row + touchedRowBytes; line += lineBytes)
        seen += bytes[line] as number;
    }
    this.touched = seen | 0;
    return at;
  }

  /** Applies the mutation at `at`. */
  apply(bytes: Uint8Array, view: DataView, at: number): void {
    const end = at + view.getUint32(at);
    const table = view.getUint32(at + 4);
    const keySize = view.getUint32(at + 16);
    const key = at + mutationHeadSizeBytes;
    const hi = view.getInt32(at + 8);
    const lo = view.getInt32(at + 12);
    const newestHi = view.getInt32(at + 20);
    const newestLo = view.getInt32(at + 24);
    if (compareHalves(newestHi, newestLo, this.newestHi, this.newestLo) > 0) {
      this.newestHi = newestHi;
      this.newestLo = newestLo;
    }
    let partition = this.find(table, hi, lo, bytes, key, keySize);
    const layout = present(this.#layouts.get(table), 'layout of a table');
    let unit = key + keySize;
    if (partition < 0) {
      if (unit >= end) return;
      partition = this.#add(table, hi, lo, bytes, key, keySize);
    }
    for (; unit < end; unit += view.getUint32(unit)) this.#applyUnit(partition, layout, bytes, view, unit);
  }
  #applyUnit(partition: number, layout: TableLayout, bytes: Uint8Array, view: DataView, unit: number): void {
    const kind = view.getUint8(unit + 4) & kindMask;
    const numbers = this.#partitions;
    const base = partition * stride;
    const first = numbers[base + partitionRow] as number;
    if (kind !== kindRow) return this.#applyOther(this.#widen(base), layout, bytes, view, unit);
    if (first === emptyRow) {
      numbers[base + partitionRow] = this.#store(bytes, view, unit, view.getUint32(unit));
      return;
    }
    const from = unit + unitHeadSizeBytes;
    const to = from + view.getUint16(unit + 6);
    if (first >= 0) {
      const own = first + unitHeadSizeBytes;
      if (compareRanges(this.bytes, own, own + this.view.getUint16(first + 6), bytes, from, to) === 0) {
        numbers[base + partitionRow] = this.#mergeRow(first, bytes, view, unit, layout.regulars);
        return;
      }
    }
    const { rows } = this.#widen(base);
    if (rows.seek(bytes, from, to))
      rows.replace(this.#mergeRow(rows.rowAt(rows.piece, rows.at), bytes, view, unit, layout.regulars));
    else rows.insert(this.#store(bytes, view, unit, view.getUint32(unit)));
  }
  #applyOther(wide: WidePartition, layout: TableLayout, bytes: Uint8Array, view: DataView, unit: number): void {
    const kind = view.getUint8(unit + 4) & kindMask;
    if (kind === kindPartitionDeletion) {
      const hi = view.getInt32(unit + 12);
      const lo = view.getInt32(unit + 16);
      const local = view.getUint32(unit + unitHeadSizeBytes);
      const order = wide.deleted ? compareHalves(hi, lo, wide.deletionHi, wide.deletionLo) : 1;
      if (order < 0 || (order === 0 && local <= wide.deletionLocal)) return;
      wide.deleted = true;
      wide.deletionHi = hi;
      wide.deletionLo = lo;
      wide.deletionLocal = local;
    } else if (kind === kindRangeDeletion) {
      (wide.ranges ??= new RangeDeletions()).addUnit(bytes, view, unit);
      this.#used += view.getUint32(unit);
    } else if (wide.staticRow < 0) wide.staticRow = this.#store(bytes, view, unit, view.getUint32(unit));
    else wide.staticRow = this.#mergeRow(wide.staticRow, bytes, view, unit, layout.statics);
  }
  #widen(base: number): WidePartition {
    const row = this.#partitions[base + partitionRow] as number;
    if (row < 0 && row !== emptyRow) return present(this.#wides[~row], 'wide partition');
    const wide = new WidePartition(this);
    this.#partitions[base + partitionRow] = ~this.#wides.length;
    this.#wides.push(wide);
    if (row !== emptyRow) {
      wide.rows.seek(this.bytes, row + unitHeadSizeBytes, row + unitHeadSizeBytes + this.view.getUint16(row + 6));
      wide.rows.insert(row);
    }
    return wide;
  }

  /** Number of a partition; -1: it is not here. */
  find(table: number, hi: number, lo: number, key: Uint8Array, from: number, size: number): number {
    const slots = this.#slots;
    const numbers = this.#partitions;
    const mask = slots.length - 1;
    for (let slot = slotOf(table, hi, lo) & mask; ; slot = (slot + 1) & mask) {
      const partition = (slots[slot] as number) - 1;
      if (partition < 0) return -1;
      const base = partition * stride;
      if (
        numbers[base + partitionLo] !== lo ||
        numbers[base + partitionHi] !== hi ||
        (numbers[base + partitionTable] as number) >>> 0 !== table
      )
        continue;
      const own = numbers[base + partitionKeyAt] as number;
      if (
        compareRanges(this.bytes, own, own + (numbers[base + partitionKeySize] as number), key, from, from + size) === 0
      )
        return partition;
    }
  }
  #add(table: number, hi: number, lo: number, key: Uint8Array, from: number, size: number): number {
    const partition = this.#count;
    if (2 * (partition + 1) > this.#slots.length) this.#rehash();
    const base = partition * stride;
    this.#allocate(size);
    const at = this.#used;
    copyBytes(key, from, this.bytes, at, size);
    this.#used += size;
    const numbers = this.#partitions;
    numbers[base + partitionTable] = table;
    numbers[base + partitionHi] = hi;
    numbers[base + partitionLo] = lo;
    numbers[base + partitionKeyAt] = at;
    numbers[base + partitionKeySize] = size;
    numbers[base + partitionRow] = emptyRow;
    this.#count += 1;
    this.#enter(partition);
    const buckets = this.#bucketsOf(table);
    const bucket = (hi >>> 24) ^ 0x80;
    numbers[base + atNext] = buckets.heads[bucket] as number;
    buckets.heads[bucket] = partition;
    buckets.counts[bucket] = (buckets.counts[bucket] as number) + 1;
    buckets.sorted[bucket] = undefined;
    return partition;
  }
  #enter(partition: number): void {
    const base = partition * stride;
    const numbers = this.#partitions;
    const slots = this.#slots;
    const mask = slots.length - 1;
    let slot =
      slotOf(
        (numbers[base + partitionTable] as number) >>> 0,
        numbers[base + partitionHi] as number,
        numbers[base + partitionLo] as number,
      ) & mask;
    while (slots[slot] !== 0) slot = (slot + 1) & mask;
    slots[slot] = partition + 1;
  }
  #rehash(): void {
    this.#slots = new Int32Array(2 * this.#slots.length);
    const numbers = new Int32Array((this.#slots.length / 2) * stride);
    numbers.set(this.#partitions);
    this.#partitions = numbers;
    for (let partition = 0; partition < this.#count; partition++) this.#enter(partition);
  }
  #bucketsOf(table: number): Buckets {
    let buckets = this.#buckets.get(table);
    if (buckets === undefined) {
      buckets = { heads: new Int32Array(bucketCount).fill(-1), counts: new Int32Array(bucketCount), sorted: [] };
      this.#buckets.set(table, buckets);
    }
    return buckets;
  }
  /** Numbers of the partitions of a table whose tokens begin with the byte (its sign turned), by token and key. */
  bucket(table: number, bucket: number): Int32Array {
    const buckets = this.#buckets.get(table);
    if (buckets === undefined) return noPartitions;
    const known = buckets.sorted[bucket];
    if (known !== undefined) return known;
    const sorted: number[] = [];
    const numbers = this.#partitions;
    for (let at = buckets.heads[bucket] as number; at >= 0; at = numbers[at * stride + atNext] as number)
      sorted.push(at);
    sorted.sort((a, b) => this.#compare(a, b));
    return (buckets.sorted[bucket] = Int32Array.from(sorted));
  }
  #compare(a: number, b: number): number {
    const numbers = this.#partitions;
    const aBase = a * stride;
    const bBase = b * stride;
    const order = compareHalves(
      numbers[aBase + partitionHi] as number,
      numbers[aBase + partitionLo] as number,
      numbers[bBase + partitionHi] as number,
      numbers[bBase + partitionLo] as number,
    );
    if (order !== 0) return order;
    const aKey = numbers[aBase + partitionKeyAt] as number;
    const bKey = numbers[bBase + partitionKeyAt] as number;
    return compareRanges(
      this.bytes,
      aKey,
      aKey + (numbers[aBase + partitionKeySize] as number),
      this.bytes,
      bKey,
      bKey + (numbers[bBase + partitionKeySize] as number),
    );
  }
  /** All of a table go; their memory stays taken. */
  dropTable(table: number): void {
    const buckets = this.#buckets.get(table);
    if (buckets === undefined) return;
    this.#buckets.delete(table);
    for (let partition = 0; partition < this.#count; partition++) {
      const base = partition * stride;
      // Number 0 is no table's.
      if ((this.#partitions[base + partitionTable] as number) >>> 0 === table)
        this.#partitions[base + partitionTable] = 0;
    }
  }
  tokenHi(partition: number): number {
    return this.#partitions[partition * stride + partitionHi] as number;
  }
  tokenLo(partition: number): number {
    return this.#partitions[partition * stride + partitionLo] as number;
  }
  keyFrom(partition: number): number {
    return this.#partitions[partition * stride + partitionKeyAt] as number;
  }
  keySize(partition: number): number {
    return this.#partitions[partition * stride + partitionKeySize] as number;
  }
  /**
   * Looks at the partitions [from, to) of `partitions`: who reads them next does not wait for memory. One after the other each
   * would be waited for; here they come together. @returns something that depends on all of them, so that they are read.
   */
  touch(partitions: Int32Array, from: number, to: number): number {
    const numbers = this.#partitions;
    const { bytes } = this;
    let seen = 0;
    for (let i = from; i < to; i++) seen += numbers[(partitions[i] as number) * stride + partitionRow] as number;
    for (let i = from; i < to; i++) {
      const base = (partitions[i] as number) * stride;
      const row = numbers[base + partitionRow] as number;
      seen += bytes[numbers[base + partitionKeyAt] as number] as number;
      if (row < 0 || row + touchedRowBytes > bytes.length) continue;
      for (let at = row; at < row + touchedRowBytes; at += lineBytes) seen += bytes[at] as number;
    }
    return seen;
  }
  /** Its one row; -1: see {@link wide}. */
  single(partition: number): number {
    const row = this.#partitions[partition * stride + partitionRow] as number;
    return row >= 0 ? row : -1;
  }
  wide(partition: number): WidePartition | undefined {
    const row = this.#partitions[partition * stride + partitionRow] as number;
    return row < 0 && row !== emptyRow ? this.#wides[~row] : undefined;
  }

  /** @returns where the row is now. */
  #store(bytes: Uint8Array, view: DataView, from: number, size: number): number {
    this.#allocate(roomSizeBytes + size);
    const row = this.#used + roomSizeBytes;
    this.view.setUint32(this.#used, size);
    copyViewed(bytes, view, from, this.bytes, this.view, row, size);
    this.#used = row + size;
    return row;
  }
  #allocate(sizeBytes: number): void {
    const wanted = this.#used + sizeBytes;
    if (wanted <= this.bytes.length) return;
    // Beyond the arena only when one row is as large as the room that was to be spared for it.
    const bytes = new Uint8Array(2 * wanted);
    bytes.set(this.bytes.subarray(0, this.#used));
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer);
  }
  /** @returns where the merged row is. */
  #mergeRow(row: number, bytes: Uint8Array, view: DataView, unit: number, layout: Layout): number {
    if (this.#replaces(row, bytes, view, unit)) return this.#place(row, bytes, view, unit, view.getUint32(unit));
    this.#left.parse(this.bytes, this.view, row);
    this.#right.parse(bytes, view, unit);
    this.#merged.merge(this.#left, this.#right);
    this.#merged.shadow();
    this.#scratch.length = 0;
    this.#merged.encode(this.#scratch, layout);
    assert(this.#scratch.length > 0, 'a row is never merged to nothing');
    return this.#place(row, this.#scratch.bytes, this.#scratch.view, 0, this.#scratch.length);
  }
  #place(row: number, bytes: Uint8Array, view: DataView, from: number, size: number): number {
    if (size > this.view.getUint32(row - roomSizeBytes)) return this.#store(bytes, view, from, size);
    copyViewed(bytes, view, from, this.bytes, this.view, row, size);
    return row;
  }
  /** Both dense, of the same columns, and the new one newer in each that there is: nothing of the old one stays. */
  #replaces(row: number, bytes: Uint8Array, view: DataView, unit: number): boolean {
    const own = this.view;
    const flags = view.getUint8(unit + 4);
    const before = own.getUint8(row + 4);
    if ((flags & before & flagDense) === 0 || (before & ~flags & flagLive) !== 0) return false;
    const hi = view.getInt32(unit + 12);
    const ownHi = own.getInt32(row + 12);
    if (hi < ownHi || (hi === ownHi && view.getUint32(unit + 16) <= own.getUint32(row + 16))) return false;
    const count = view.getUint8(unit + 5);
    if (own.getUint8(row + 5) !== count) return false;
    if (!isSpelledAlike(this.bytes, own, row, bytes, view, unit)) return false;
    const ids = unit + unitHeadSizeBytes + view.getUint16(unit + 6);
    const ownIds = row + unitHeadSizeBytes + own.getUint16(row + 6);
    for (let i = 0; i < 2 * count; i++) if (bytes[ids + i] !== this.bytes[ownIds + i]) return false;
    let at = bodyOffset(view, unit);
    let ownAt = bodyOffset(own, row);
    for (let i = 0; i < count; i++) {
      const size = view.getInt32(at);
      const ownSize = own.getInt32(ownAt);
      if (size < 0 && ownSize >= 0) return false;
      at += size < 0 ? 4 : 4 + size;
      ownAt += ownSize < 0 ? 4 : 4 + ownSize;
    }
    return true;
  }
}

/** It has nothing. */
export const emptyRow = -0x80000000;
const noPartitions = new Int32Array(0);
const slotOf = (table: number, hi: number, lo: number): number => (lo ^ Math.imul(table, 0x9e3779b1) ^ hi) >>> 0;
