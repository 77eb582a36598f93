/** Reads partitions merged over memory and blocks. */
import type { BlockCodec } from './block.ts';
import { BlockKey, isHashedKey, partitionKeyOf, prefixSizeOf, tokenHiOf, tokenLoOf } from './block-key.ts';
import { type BlockReader, blockHeadSizeBytes } from './block-store.ts';
import { CellTable } from './cell-table.ts';
import {
  bodyOffset,
  flagDense,
  flagLive,
  kindMask,
  kindPartitionDeletion,
  kindRangeDeletion,
  kindStatic,
  partitionKeySizeMaxBytes,
  unitHeadSizeBytes,
} from './format.ts';
import type { Layout, TableLayout } from './layout.ts';
import type { Memtable, WidePartition } from './memtable.ts';
import { RangeDeletions } from './range-deletions.ts';
import { RowView } from './row-view.ts';
import { MemoryScan } from './scan.ts';
import { compareHalves, compareRanges, copyBytes, Sink } from './sink.ts';
import type { Slices } from './slices.ts';
import { DiskSource, MemorySource } from './sources.ts';
import type { TableReader, TokenRange } from './store.ts';
import { hashToken, tokenHalves } from './token.ts';

/** What is read: it changes as memory is flushed. */
export type Layers = {
  active: Memtable;
  sealed: Memtable | undefined;
  /** No timestamp in the sealed memory or in blocks is newer. */
  storedHi: number;
  storedLo: number;
};

/** To be done before a memtable is sealed. */
export function noteSealed(layers: Layers, { newestHi, newestLo }: Memtable): void {
  if (compareHalves(newestHi, newestLo, layers.storedHi, layers.storedLo) <= 0) return;
  layers.storedHi = newestHi;
  layers.storedLo = newestLo;
}

type Mode = 'none' | 'one' | 'scan';
const memoryA = 1;
const memoryB = 2;
const disk = 4;

export class PartitionReader implements TableReader {
  readonly #layers: Layers;
  readonly #codec: BlockCodec;
  readonly #walk: BlockReader;
  readonly #memory = new MemorySource();
  readonly #sealed = new MemorySource();
  readonly #disk: DiskSource;
  readonly #diskKey = new BlockKey();
  readonly #scanKey = new BlockKey();
  readonly #activeScan = new MemoryScan();
  readonly #sealedScan = new MemoryScan();
  #table: TableLayout | undefined;
  #slices: Slices | undefined;
  #reverse = false;
  #now = 0;
  #mode: Mode = 'none';
  #range: TokenRange | undefined;
  /** The walk stands at a head that was not shown yet. */
  #walkAt = false;
  /** It stands at the one that was shown last. */
  #walkOn = false;

  #slice = 0;
  #positioned = false;
  /** Sources whose row was shown: they go on before the next. */
  #shown = 0;
  #deleted = false;
  #deletionHi = 0;
  #deletionLo = 0;
  readonly #ranges = new RangeDeletions();
  #hasStatics = false;

  readonly #left = new CellTable();
  readonly #right = new CellTable();
  readonly #merged = new CellTable();
  #scratch = new Sink();
  #spare = new Sink();
  readonly #staticScratch = new Sink();

  readonly #key = new Uint8Array(partitionKeySizeMaxBytes);
  keyBytes: Uint8Array = this.#key;
  keyFrom = 0;
  keySize = 0;
  tokenHi = 0;
  tokenLo = 0;
  tombstones = 0;
  liveRows = 0;
  #row: RowView | undefined;
  #static: RowView | undefined;

  /** @param reader gives a place of its own at each call. */
  constructor(layers: Layers, codec: BlockCodec, reader: () => BlockReader) {
    this.#layers = layers;
    this.#codec = codec;
    this.#walk = reader();
    this.#disk = new DiskSource(codec, reader(), reader());
  }
  get row(): RowView {
    return this.#row ?? missing();
  }
  get statics(): RowView {
    return this.#static ?? missing();
  }

  openPartition(
    table: TableLayout,
    key: Uint8Array,
    keyFrom: number,
    keySize: number,
    slices: Slices | undefined,
    reverse: boolean,
    nowSeconds: number,
  ): void {
    this.#open(table, slices, reverse, nowSeconds);
    this.#mode = 'one';
    hashToken(key, keyFrom, keySize);
    this.tokenHi = tokenHalves.hi;
    this.tokenLo = tokenHalves.lo;
    this.keyBytes = key;
    this.keyFrom = keyFrom;
    this.keySize = keySize;
  }
  openScan(
    table: TableLayout,
    range: TokenRange,
    slices: Slices | undefined,
    reverse: boolean,
    nowSeconds: number,
  ): void {
    this.#open(table, slices, reverse, nowSeconds);
    this.#mode = 'scan';
    this.#range = range;
    const { number } = table.schema;
    const { fromHi, fromLo, fromInclusive, afterKey, toHi, toLo } = range;
    const key = this.#scanKey;
    if (afterKey !== undefined) {
      key.setPartition(number, fromHi, fromLo, afterKey, 0, afterKey.length);
      key.setBehind();
    } else {
      if (fromInclusive) key.setToken(number, fromHi, fromLo);
      else key.setBehindToken(number, fromHi, fromLo);
    }
    this.#activeScan.open(this.#layers.active, number, range);
    if (this.#layers.sealed === undefined) this.#sealedScan.close();
    else this.#sealedScan.open(this.#layers.sealed, number, range);
    this.#walkOn = false;
    this.#walkAt = this.#walkTo(this.#walk.seek(key.bytes, key.size, false), toHi, toLo);
  }
  #open(table: TableLayout, slices: Slices | undefined, reverse: boolean, nowSeconds: number): void {
    if (this.#table !== table) {
      this.#table = table;
      this.#row = use(this.#row, table.regulars);
      this.#static = use(this.#static, table.statics);
    }
    this.#slices = slices;
    this.#reverse = reverse;
    this.#now = nowSeconds;
    this.tombstones = 0;
    this.liveRows = 0;
  }

  nextPartition(): boolean {
    if (this.#mode === 'scan') return this.#nextScanned();
    if (this.#mode === 'none') return false;
    this.#mode = 'none';
    const number = this.#number();
    const { active, sealed } = this.#layers;
    const { tokenHi, tokenLo, keyBytes, keyFrom, keySize } = this;
    const partition = active.find(number, tokenHi, tokenLo, keyBytes, keyFrom, keySize);
    this.#memory.open(active, partition, this.#reverse);
    if (partition >= 0 && this.#isAll(active, partition)) {
      this.#sealed.isOpen = false;
      this.#disk.isOpen = false;
      return this.#begin();
    }
    if (sealed === undefined) this.#sealed.isOpen = false;
    else this.#sealed.open(sealed, sealed.find(number, tokenHi, tokenLo, keyBytes, keyFrom, keySize), this.#reverse);
    this.#diskKey.setPartition(number, tokenHi, tokenLo, keyBytes, keyFrom, keySize);
    this.#disk.open(this.#diskKey, this.#reverse);
    return this.#begin();
  }
  /** The row in memory is all that the partition can have, and newer than all that is stored: no need to look there. */
  #isAll({ view }: Memtable, partition: number): boolean {
    const table = this.#table;
    const row = this.#layers.active.single(partition);
    if (row < 0 || table === undefined || table.schema.clustering.length > 0) return false;
    const wanted = flagDense | flagLive;
    if (table.statics.ids.length > 0 || (view.getUint8(row + 4) & wanted) !== wanted) return false;
    const { storedHi, storedLo } = this.#layers;
    if (compareHalves(view.getInt32(row + 12), view.getInt32(row + 16), storedHi, storedLo) <= 0) return false;
    const count = view.getUint8(row + 5);
    if (!table.regulars.matches(view, row + unitHeadSizeBytes + view.getUint16(row + 6), count)) return false;
    let at = bodyOffset(view, row);
    for (let i = 0; i < count; i++) {
      const size = view.getInt32(at);
      if (size < 0) return false;
      at += 4 + size;
    }
    return true;
  }
  #number(): number {
    return this.#table?.schema.number ?? 0;
  }
  /** The walk found a head of this table up to the range's end. */
  #walkTo(found: boolean, toHi: number, toLo: number): boolean {
    const { keyView } = this.#walk;
    return (
      found &&
      keyView.getUint32(0) === this.#number() &&
      compareHalves(tokenHiOf(keyView), tokenLoOf(keyView), toHi, toLo) <= 0
    );
  }
  /** Goes on behind the partition that was shown. */
  #walkFurther(): void {
    if (!this.#walkOn || this.#range === undefined) return;
    this.#walkOn = false;
    const walk = this.#walk;
    if (this.#disk.isWide) this.#diskKey.setBehind();
    const found = this.#disk.isWide
      ? walk.seek(this.#diskKey.bytes, this.#diskKey.size, false)
      : walk.seek(walk.key, walk.keySize, true);
    this.#walkAt = this.#walkTo(found, this.#range.toHi, this.#range.toLo);
  }
  #nextScanned(): boolean {
    this.#walkFurther();
    const { active, sealed } = this.#layers;
    const a = this.#activeScan;
    const b = this.#sealedScan;
    const walk = this.#walk;
    if (b.partition < 0 && !this.#walkAt) return this.#nextInMemory(active, a);
    // The least of the three.
    let first = 0;
    const key = this.#diskKey;
    if (a.partition >= 0) {
      first = memoryA;
      setKey(key, this.#number(), active, a.partition);
    }
    if (b.partition >= 0 && sealed !== undefined) {
      const other = this.#scanKey;
      setKey(other, this.#number(), sealed, b.partition);
      const order = first === 0 ? -1 : compareRanges(other.bytes, 0, other.size, key.bytes, 0, key.size);
      if (order < 0) {
        first = memoryB;
        setKey(key, this.#number(), sealed, b.partition);
      } else if (order === 0) first |= memoryB;
    }
    if (this.#walkAt) {
      const size = prefixSizeOf(walk.key, walk.keySize);
      const order = first === 0 ? -1 : compareRanges(walk.key, 0, size, key.bytes, 0, key.size);
      if (order < 0) {
        first = disk;
        key.setBytes(walk.key, size);
        key.prefixSize = size;
      } else if (order === 0) first |= disk;
    }
    if (first === 0) {
      this.#mode = 'none';
      return false;
    }
    this.tokenHi = tokenHiOf(key.view);
    this.tokenLo = tokenLoOf(key.view);
    this.#memory.open(active, (first & memoryA) !== 0 ? a.partition : -1, this.#reverse);
    if (sealed === undefined) this.#sealed.isOpen = false;
    else this.#sealed.open(sealed, (first & memoryB) !== 0 ? b.partition : -1, this.#reverse);
    this.#keepKey(first);
    if ((first & disk) === 0) this.#disk.isOpen = false;
    else this.#openWalked(key);
    if ((first & memoryA) !== 0) a.advance();
    if ((first & memoryB) !== 0) b.advance();
    return this.#begin();
  }
  /** Nothing else is left in the range: the partition is shown where it is. */
  #nextInMemory(active: Memtable, scan: MemoryScan): boolean {
    const { partition } = scan;
    if (partition < 0) {
      this.#mode = 'none';
      return false;
    }
    this.tokenHi = active.tokenHi(partition);
    this.tokenLo = active.tokenLo(partition);
    this.#memory.open(active, partition, this.#reverse);
    this.#sealed.isOpen = false;
    this.#disk.isOpen = false;
    this.keyBytes = active.bytes;
    this.keyFrom = active.keyFrom(partition);
    this.keySize = active.keySize(partition);
    scan.advance();
    return this.#begin();
  }
  #keepKey(first: number): void {
    const { active, sealed } = this.#layers;
    this.keyBytes = this.#key;
    this.keyFrom = 0;
    const memtable = (first & memoryA) !== 0 ? active : (first & memoryB) !== 0 ? sealed : undefined;
    if (memtable !== undefined) {
      const { partition } = (first & memoryA) !== 0 ? this.#activeScan : this.#sealedScan;
      this.keySize = memtable.keySize(partition);
      copyBytes(memtable.bytes, memtable.keyFrom(partition), this.#key, 0, this.keySize);
      return;
    }
    const { key, keySize, bytes, view } = this.#walk;
    if (isHashedKey(key)) {
      this.keySize = view.getUint32(blockHeadSizeBytes);
      copyBytes(bytes, blockHeadSizeBytes + 4, this.#key, 0, this.keySize);
    } else this.keySize = partitionKeyOf(key, keySize, this.#key);
  }
  /** The walk is at this head: its bytes are shown as they are, and it goes on before the next partition. */
  #openWalked(key: BlockKey): void {
    const walk = this.#walk;
    const from = this.#codec.check(walk.key, walk.keySize, walk.bytes, walk.view, walk.size);
    this.#disk.openLoaded(key, this.#reverse, walk.bytes, walk.view, from, walk.size);
    this.#walkAt = false;
    this.#walkOn = true;
  }
  #begin(): boolean {
    this.#slice = 0;
    this.#positioned = false;
    this.#shown = 0;
    this.#deleted = false;
    this.#ranges.clear();
    this.#hasStatics = false;
    const { isOpen } = this.#disk;
    if (!isOpen && !this.#memory.isOpen && !this.#sealed.isOpen) {
      this.#static?.clear();
      return false;
    }
    if (isOpen && this.#disk.headFrom < this.#disk.headTo) this.#readHead();
    if (this.#sealed.isOpen && this.#sealed.wide !== undefined) this.#readWide(this.#sealed, this.#sealed.wide);
    if (this.#memory.isOpen && this.#memory.wide !== undefined) this.#readWide(this.#memory, this.#memory.wide);
    if (this.#deleted) this.tombstones += 1;
    this.tombstones += this.#ranges.count;
    this.#loadStatics();
    return true;
  }
  #readHead(): void {
    const { headBytes, headView, headFrom, headTo } = this.#disk;
    for (let unit = headFrom; unit < headTo; unit += headView.getUint32(unit)) {
      const kind = headView.getUint8(unit + 4) & kindMask;
      if (kind === kindPartitionDeletion) this.#delete(headView.getInt32(unit + 12), headView.getInt32(unit + 16));
      else if (kind === kindRangeDeletion) this.#ranges.addUnit(headBytes, headView, unit);
      else if (kind === kindStatic) this.#addStatic(headBytes, headView, unit);
    }
  }
  #readWide(source: MemorySource, wide: WidePartition): void {
    if (wide.deleted) this.#delete(wide.deletionHi, wide.deletionLo);
    if (wide.ranges !== undefined) this.#ranges.addAll(wide.ranges);
    if (wide.staticRow >= 0) this.#addStatic(source.bytes, source.view, wide.staticRow);
  }
  #delete(hi: number, lo: number): void {
    if (this.#deleted && compareHalves(hi, lo, this.#deletionHi, this.#deletionLo) <= 0) return;
    this.#deleted = true;
    this.#deletionHi = hi;
    this.#deletionLo = lo;
  }
  #addStatic(bytes: Uint8Array, view: DataView, row: number): void {
    const sink = this.#staticScratch;
    if (this.#hasStatics) {
      this.#mergeInto(sink.bytes, sink.view, 0, bytes, view, row, this.#table?.statics);
      const other = this.#scratch;
      sink.length = 0;
      sink.append(other.bytes, 0, other.length);
    } else {
      sink.length = 0;
      sink.append(bytes, row, view.getUint32(row));
      this.#hasStatics = true;
    }
  }
  #loadStatics(): void {
    const view = this.statics;
    if (!this.#hasStatics) {
      if (view.exists || view.sizes.length > 0) view.clear();
      return;
    }
    const { bytes, view: data } = this.#staticScratch;
    view.load(bytes, data, 0, this.#now, this.#deleted, this.#deletionHi, this.#deletionLo);
    view.columns();
    this.tombstones += view.tombstones;
  }
  /** Into the scratch. */
  #mergeInto(
    aBytes: Uint8Array,
    aView: DataView,
    a: number,
    bBytes: Uint8Array,
    bView: DataView,
    b: number,
    layout: Layout | undefined,
  ): void {
    this.#left.parse(aBytes, aView, a);
    this.#right.parse(bBytes, bView, b);
    this.#merged.merge(this.#left, this.#right);
    this.#merged.shadow();
    this.#scratch.length = 0;
    this.#merged.encode(this.#scratch, layout);
  }

  nextRow(): boolean {
    const row = this.row;
    for (;;) {
      if (!this.#positioned && !this.#position()) return false;
      if (this.#shown !== 0) this.#advance();
      if (!this.#choose()) {
        this.#positioned = false;
        this.#slice += 1;
        continue;
      }
      this.tombstones += row.tombstones;
      if (!row.exists) continue;
      this.liveRows += 1;
      return true;
    }
  }
  #position(): boolean {
    const slices = this.#slices;
    const count = slices?.count ?? 1;
    if (this.#slice >= count) return false;
    this.#shown = 0;
    this.#positioned = true;
    let bytes: Uint8Array = this.#key;
    let from = 0;
    let to = 0;
    if (slices !== undefined) {
      const slice = this.#reverse ? count - 1 - this.#slice : this.#slice;
      ({ bytes } = slices);
      from = this.#reverse ? slices.middleOf(slice) : slices.fromOf(slice);
      to = this.#reverse ? slices.toOf(slice) : slices.middleOf(slice);
    }
    const bounded = to > from;
    if (this.#memory.isOpen) this.#memory.seek(bytes, from, to, bounded);
    if (this.#sealed.isOpen) this.#sealed.seek(bytes, from, to, bounded);
    if (this.#disk.isOpen) this.#disk.seek(bytes, from, to, bounded);
    return true;
  }
  #advance(): void {
    if ((this.#shown & memoryA) !== 0) this.#memory.advance();
    if ((this.#shown & memoryB) !== 0) this.#sealed.advance();
    if ((this.#shown & disk) !== 0) this.#disk.advance();
    this.#shown = 0;
  }
  /** Shows the next row of the slice, alive or not. */
  #choose(): boolean {
    const a = this.#memory;
    const b = this.#sealed;
    const c = this.#disk;
    let first = 0;
    let source: MemorySource | DiskSource = c;
    if (c.isOpen && c.row >= 0) first = disk;
    if (b.isOpen && b.row >= 0) {
      const order = first === 0 ? -1 : this.#order(b, source);
      if (order < 0) {
        first = memoryB;
        source = b;
      } else if (order === 0) first |= memoryB;
    }
    if (a.isOpen && a.row >= 0) {
      const order = first === 0 ? -1 : this.#order(a, source);
      if (order < 0) {
        first = memoryA;
        source = a;
      } else if (order === 0) first |= memoryA;
    }
    if (first === 0 || this.#isBeyond(source)) return false;
    this.#shown = first;
    if (first === memoryA || first === memoryB || first === disk) this.#show(source.bytes, source.view, source.row);
    else this.#showMerged(first);
    return true;
  }
  #order(x: MemorySource | DiskSource, y: MemorySource | DiskSource): number {
    const xFrom = x.row + unitHeadSizeBytes;
    const yFrom = y.row + unitHeadSizeBytes;
    const order = compareRanges(
      x.bytes,
      xFrom,
      xFrom + x.view.getUint16(x.row + 6),
      y.bytes,
      yFrom,
      yFrom + y.view.getUint16(y.row + 6),
    );
    return this.#reverse ? -order : order;
  }
  #isBeyond(source: MemorySource | DiskSource): boolean {
    const slices = this.#slices;
    if (slices === undefined) return false;
    const slice = this.#reverse ? slices.count - 1 - this.#slice : this.#slice;
    const middle = slices.middleOf(slice);
    const start = source.row + unitHeadSizeBytes;
    const end = start + source.view.getUint16(source.row + 6);
    if (this.#reverse) return compareRanges(source.bytes, start, end, slices.bytes, slices.fromOf(slice), middle) < 0;
    const to = slices.toOf(slice);
    return to > middle && compareRanges(source.bytes, start, end, slices.bytes, middle, to) >= 0;
  }
  #showMerged(first: number): void {
    const layout = this.#table?.regulars;
    const { bytes, view, row } = (first & disk) !== 0 ? this.#disk : this.#sealed;
    const next = (first & memoryB) !== 0 && (first & disk) !== 0 ? this.#sealed : this.#memory;
    this.#mergeInto(bytes, view, row, next.bytes, next.view, next.row, layout);
    if (first === (memoryA | memoryB | disk)) {
      const pair = this.#scratch;
      // The two sinks change places: what was merged first is read while the second is written.
      this.#scratch = this.#spare;
      this.#spare = pair;
      const memory = this.#memory;
      this.#mergeInto(pair.bytes, pair.view, 0, memory.bytes, memory.view, memory.row, layout);
    }
    this.#show(this.#scratch.bytes, this.#scratch.view, 0);
  }
  #show(bytes: Uint8Array, view: DataView, row: number): void {
    let covered = this.#deleted;
    let hi = this.#deletionHi;
    let lo = this.#deletionLo;
    const ranges = this.#ranges;
    if (ranges.count > 0) {
      const from = row + unitHeadSizeBytes;
      if (
        ranges.covers(bytes, from, from + view.getUint16(row + 6)) &&
        (!covered || compareHalves(ranges.hi, ranges.lo, hi, lo) > 0)
      ) {
        covered = true;
        ({ hi, lo } = ranges);
      }
    }
    this.row.load(bytes, view, row, this.#now, covered, hi, lo);
  }
}

const use = (view: RowView | undefined, layout: Layout): RowView => {
  if (view === undefined) return new RowView(layout);
  view.use(layout);
  return view;
};
function missing(): never {
  throw new TypeError('nothing was opened');
}
const setKey = (key: BlockKey, table: number, memtable: Memtable, partition: number): void =>
  key.setPartition(
    table,
    memtable.tokenHi(partition),
    memtable.tokenLo(partition),
    memtable.bytes,
    memtable.keyFrom(partition),
    memtable.keySize(partition),
  );
