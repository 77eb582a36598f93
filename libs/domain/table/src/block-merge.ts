/**
 * Merges what memory has of a partition into its blocks. What it wants changed is in `changes`; at each yield the changes
 * so far leave a store that reads as before, with a part of the memory in it.
 */
import type { BlockCodec } from './block.ts';
import { BlockKey } from './block-key.ts';
import { type BlockChange, type BlockReader, blockWide } from './block-store.ts';
import { CellTable } from './cell-table.ts';
import {
  flagDense,
  kindMask,
  kindPartitionDeletion,
  kindRangeDeletion,
  kindStatic,
  unitHeadSizeBytes,
} from './format.ts';
import type { Layout, TableLayout } from './layout.ts';
import type { Memtable } from './memtable.ts';
import { RangeDeletions } from './range-deletions.ts';
import { compareHalves, compareRanges, Sink } from './sink.ts';
import { DiskSource, MemorySource } from './sources.ts';

/** A block of rows that grows beyond is split. */
export const blockSizeMaxBytes = 8 * 1024;
/** Merged rows gathered before they are cut into blocks: a millisecond's worth. */
const gatheredSizeMaxBytes = 256 * 1024;
const noBytes = new Uint8Array(0);

export type MergeTime = {
  readonly nowSeconds: number;
  /** Tombstones from before it go; 0: all stay. */
  readonly graceStart: number;
};

export class BlockMerger {
  changes: BlockChange[] = [];
  changedBytes = 0;
  readonly #codec: BlockCodec;
  readonly #next: BlockReader;
  readonly #key = new BlockKey();
  readonly #fence = new BlockKey();
  readonly #memory = new MemorySource();
  readonly #disk: DiskSource;
  readonly #ranges = new RangeDeletions();
  #deleted = false;
  #deletionHi = 0;
  #deletionLo = 0;
  #deletionLocal = 0;
  #purgesDeletions = false;
  readonly #statics = new Sink();
  readonly #left = new CellTable();
  readonly #right = new CellTable();
  readonly #merged = new CellTable();
  readonly #row = new Sink();
  readonly #head = new Sink();
  /** Merged rows, and where each begins. */
  readonly #out = new Sink();
  #starts: number[] = [];
  #layout: TableLayout | undefined;
  #time: MergeTime = { nowSeconds: 0, graceStart: 0 };

  constructor(codec: BlockCodec, reader: () => BlockReader) {
    this.#codec = codec;
    this.#next = reader();
    this.#disk = new DiskSource(codec, reader(), reader());
  }
  takeChanges(): readonly BlockChange[] {
    const { changes } = this;
    this.changes = [];
    this.changedBytes = 0;
    return changes;
  }
  #change(key: BlockKey, value: Uint8Array | undefined): void {
    this.changes.push({ key: key.bytes.slice(0, key.size), value });
    this.changedBytes += key.size + (value?.length ?? 0);
  }

  *merge(memtable: Memtable, partition: number, layout: TableLayout, time: MergeTime): Generator<void> {
    this.#layout = layout;
    this.#time = time;
    const from = memtable.keyFrom(partition);
    const size = memtable.keySize(partition);
    const key = this.#key;
    key.setPartition(
      layout.schema.number,
      memtable.tokenHi(partition),
      memtable.tokenLo(partition),
      memtable.bytes,
      from,
      size,
    );
    const partitionKey = key.isHashed ? memtable.bytes.slice(from, from + size) : undefined;
    this.#fence.setBytes(key.bytes, key.prefixSize);
    this.#fence.prefixSize = key.prefixSize;
    this.#disk.open(key, false);
    this.#memory.open(memtable, partition, false);
    this.#readHead();
    // A deletion that goes, or comes, meets every row of the partition.
    const { wide } = this.#memory;
    const whole = wide?.deleted === true || wide?.ranges !== undefined || this.#purgesDeletions;
    if (this.#disk.isOpen && this.#disk.isWide) yield* this.#mergeWide(partitionKey, whole);
    else yield* this.#mergeNarrow(partitionKey);
  }

  /** Deletions and the static row, of both. */
  #readHead(): void {
    const disk = this.#disk;
    const { wide } = this.#memory;
    const ranges = this.#ranges;
    this.#deleted = false;
    ranges.clear();
    this.#statics.length = 0;
    if (disk.isOpen)
      for (let unit = disk.headFrom; unit < disk.headTo; unit += disk.headView.getUint32(unit)) {
        const { headView: view, headBytes: bytes } = disk;
        const kind = view.getUint8(unit + 4) & kindMask;
        if (kind === kindPartitionDeletion)
          this.#delete(view.getInt32(unit + 12), view.getInt32(unit + 16), view.getUint32(unit + unitHeadSizeBytes));
        else if (kind === kindRangeDeletion) ranges.addUnit(bytes, view, unit);
        else if (kind === kindStatic) this.#statics.append(bytes, unit, view.getUint32(unit));
      }
    if (wide?.deleted === true) this.#delete(wide.deletionHi, wide.deletionLo, wide.deletionLocal);
    if (wide?.ranges !== undefined) ranges.addAll(wide.ranges);
    const { graceStart } = this.#time;
    ranges.purge(this.#deleted ? this.#deletionHi : undefined, this.#deletionLo, 0);
    this.#mergeStatics(wide?.staticRow ?? -1);
    this.#head.length = 0;
    if (this.#deleted && this.#deletionLocal >= graceStart) this.#encodeDeletion();
    const kept = this.#keptRanges();
    this.#purgesDeletions = (this.#deleted && this.#deletionLocal < graceStart) || kept.count < this.#ranges.count;
    kept.encode(this.#head);
    this.#head.append(this.#statics.bytes, 0, this.#statics.length);
  }
  /** What is purged still covers what is merged now. */
  #keptRanges(): RangeDeletions {
    const kept = new RangeDeletions();
    if (this.#ranges.count === 0) return kept;
    kept.addAll(this.#ranges);
    kept.purge(undefined, 0, this.#time.graceStart);
    return kept;
  }
  #delete(hi: number, lo: number, local: number): void {
    const order = this.#deleted ? compareHalves(hi, lo, this.#deletionHi, this.#deletionLo) : 1;
    if (order < 0 || (order === 0 && local <= this.#deletionLocal)) return;
    this.#deleted = true;
    this.#deletionHi = hi;
    this.#deletionLo = lo;
    this.#deletionLocal = local;
  }
  #encodeDeletion(): void {
    const { length } = this.#head;
    this.#head.reserve(unitHeadSizeBytes + 4);
    const { view } = this.#head;
    view.setUint32(length, unitHeadSizeBytes + 4);
    view.setUint8(length + 4, kindPartitionDeletion);
    view.setUint8(length + 5, 0);
    view.setUint16(length + 6, 0);
    view.setUint32(length + 8, 0);
    view.setInt32(length + 12, this.#deletionHi);
    view.setInt32(length + 16, this.#deletionLo);
    view.setUint32(length + unitHeadSizeBytes, this.#deletionLocal);
    this.#head.length += unitHeadSizeBytes + 4;
  }
  #mergeStatics(row: number): void {
    const statics = this.#statics;
    if (statics.length === 0 && row < 0) return;
    const { bytes, view } = this.#memory;
    if (statics.length === 0) this.#merged.parse(bytes, view, row);
    else if (row < 0) this.#merged.parse(statics.bytes, statics.view, 0);
    else {
      this.#left.parse(statics.bytes, statics.view, 0);
      this.#right.parse(bytes, view, row);
      this.#merged.merge(this.#left, this.#right);
    }
    this.#row.length = 0;
    this.#encodeMerged(this.#row, this.#layout?.statics, this.#deleted, this.#deletionHi, this.#deletionLo);
    statics.length = 0;
    statics.append(this.#row.bytes, 0, this.#row.length);
  }
  /** What is left of the merged row: nothing when all of it is gone. */
  #encodeMerged(sink: Sink, layout: Layout | undefined, covered: boolean, hi: number, lo: number): void {
    const merged = this.#merged;
    merged.shadow();
    if (covered) merged.cover(hi, lo);
    if (layout !== undefined) merged.dropColumns(layout);
    merged.purge(this.#time.nowSeconds, this.#time.graceStart);
    if (!merged.isEmpty) merged.encode(sink, layout);
  }

  *#mergeNarrow(partitionKey: Uint8Array | undefined): Generator<void> {
    const memory = this.#memory;
    const disk = this.#disk;
    memory.seek(noBytes, 0, 0, false);
    if (disk.isOpen) disk.seek(noBytes, 0, 0, false);
    else disk.row = -1;
    this.#startOut();
    const room = blockSizeMaxBytes - this.#head.length;
    while ((memory.row >= 0 || disk.row >= 0) && this.#out.length <= room) this.#mergeNext();
    const key = this.#key;
    key.size = key.prefixSize;
    if (this.#out.length <= room) {
      this.#head.append(this.#out.bytes, 0, this.#out.length);
      if (this.#head.length > 0) this.#putHead(0, partitionKey);
      else if (disk.isOpen) this.#change(key, undefined);
      return;
    }
    // It becomes wide: its stored rows as they are in one block, and then as any wide one.
    this.#putHead(blockWide, partitionKey);
    if (disk.isOpen) disk.seek(noBytes, 0, 0, false);
    memory.seek(noBytes, 0, 0, false);
    this.#fence.setRows(noBytes, 0, 0);
    yield* this.#mergeRange(undefined);
  }
  #putHead(flags: number, partitionKey: Uint8Array | undefined): void {
    const key = this.#key;
    key.size = key.prefixSize;
    const bytes = key.bytes.slice(0, key.size);
    this.#change(key, this.#codec.seal(bytes, flags, this.#head.bytes, 0, this.#head.length, partitionKey));
  }

  *#mergeWide(partitionKey: Uint8Array | undefined, whole: boolean): Generator<void> {
    const memory = this.#memory;
    const disk = this.#disk;
    const next = this.#next;
    const key = this.#key;
    memory.seek(noBytes, 0, 0, false);
    this.#putHead(blockWide, partitionKey);
    let block: Uint8Array | undefined;
    let left = 0;
    while (memory.row >= 0 || whole) {
      if (block === undefined || !whole) {
        const from = memory.row + unitHeadSizeBytes;
        if (whole) key.setRows(noBytes, 0, 0);
        else key.setRows(memory.bytes, from, memory.view.getUint16(memory.row + 6));
        if (!next.seekBack(key.bytes, key.size, true)) break;
        block = next.key.slice(0, next.keySize);
      }
      this.#fence.setBytes(block, block.length);
      disk.openBlock(key, block);
      const bound: Uint8Array | undefined =
        next.seek(block, block.length, true) &&
        compareRanges(next.key, 0, key.prefixSize, key.bytes, 0, key.prefixSize) === 0
          ? next.key.slice(0, next.keySize)
          : undefined;
      left += yield* this.#mergeRange(bound);
      block = bound;
      if (whole && bound === undefined) break;
    }
    if (whole && left === 0) this.#narrowed(partitionKey);
  }
  /** No row is left of a wide partition. */
  #narrowed(partitionKey: Uint8Array | undefined): void {
    const key = this.#key;
    key.setRows(noBytes, 0, 0);
    this.#change(key, undefined);
    key.size = key.prefixSize;
    if (this.#head.length > 0) this.#putHead(0, partitionKey);
    else this.#change(key, undefined);
  }

  #startOut(): void {
    this.#out.length = 0;
    this.#starts = [];
  }
  /** Rows of one block and of the memory up to `bound`, the next block's key. @returns how many are left. */
  *#mergeRange(bound: Uint8Array | undefined): Generator<void, number> {
    const memory = this.#memory;
    const disk = this.#disk;
    this.#startOut();
    let count = 0;
    for (;;) {
      const inRange = memory.row >= 0 && (bound === undefined || this.#isBelow(bound));
      if (!inRange && disk.row < 0) break;
      if (this.#out.length >= gatheredSizeMaxBytes && this.#cutsBeforeNext(inRange)) {
        count += this.#starts.length;
        this.#putBlocks(bound === undefined);
        // Stored rows that come later must be there at any time: they wait in a block of their own.
        this.#setFence(inRange);
        this.#putRest();
        this.#startOut();
        yield;
      }
      this.#mergeNext(inRange);
    }
    count += this.#starts.length;
    this.#putBlocks(bound === undefined);
    yield;
    return count;
  }
  /** The memory's row goes before the block with this key. */
  #isBelow(bound: Uint8Array): boolean {
    const { bytes, view, row } = this.#memory;
    const from = row + unitHeadSizeBytes;
    const at = this.#key.prefixSize + 1;
    const size = this.#key.cut(view.getUint16(row + 6));
    return compareRanges(bytes, from, from + size, bound, at, bound.length) < 0;
  }
  #nextSource(inRange: boolean): MemorySource | DiskSource {
    const disk = this.#disk;
    if (!inRange) return disk;
    return disk.row < 0 || this.#order() <= 0 ? this.#memory : disk;
  }
  #cutsBeforeNext(inRange: boolean): boolean {
    const source = this.#nextSource(inRange);
    const last = this.#starts.at(-1);
    if (last === undefined) return false;
    const { bytes, view } = this.#out;
    return this.#differ(bytes, view, last, source.bytes, source.view, source.row);
  }
  /** The parts of two clusterings that a key takes differ. */
  #differ(a: Uint8Array, aView: DataView, aRow: number, b: Uint8Array, bView: DataView, bRow: number): boolean {
    const key = this.#key;
    const aFrom = aRow + unitHeadSizeBytes;
    const bFrom = bRow + unitHeadSizeBytes;
    const aSize = key.cut(aView.getUint16(aRow + 6));
    return compareRanges(a, aFrom, aFrom + aSize, b, bFrom, bFrom + key.cut(bView.getUint16(bRow + 6))) !== 0;
  }
  #setFence(inRange: boolean): void {
    const { bytes, view, row } = this.#nextSource(inRange);
    this.#fence.setRows(bytes, row + unitHeadSizeBytes, view.getUint16(row + 6));
  }
  #putRest(): void {
    const [from, to] = this.#disk.rest();
    const key = this.#fence.bytes.slice(0, this.#fence.size);
    this.#change(this.#fence, this.#codec.seal(key, 0, this.#disk.bytes, from, to));
  }
  /** Cuts what was gathered into blocks, the first at the fence. */
  #putBlocks(isLast: boolean): void {
    const { bytes, view, length } = this.#out;
    const fence = this.#fence;
    const isFirst = fence.size === fence.prefixSize + 1;
    if (length === 0 && !isFirst) return this.#change(fence, undefined);
    const parts = Math.ceil(length / blockSizeMaxBytes);
    // Appended rows fill their blocks; others leave room for more between them.
    const target = isLast || parts < 2 ? blockSizeMaxBytes : length / parts;
    let from = 0;
    for (let i = 0; i < this.#starts.length; i++) {
      const row = this.#starts[i] as number;
      const end = this.#starts[i + 1] ?? length;
      if (row === from || end - from <= target) continue;
      if (!this.#differ(bytes, view, this.#starts[i - 1] as number, bytes, view, row)) continue;
      this.#putBlock(bytes, from, row);
      fence.setRows(bytes, row + unitHeadSizeBytes, view.getUint16(row + 6));
      from = row;
    }
    this.#putBlock(bytes, from, length);
  }
  #putBlock(bytes: Uint8Array, from: number, to: number): void {
    const key = this.#fence.bytes.slice(0, this.#fence.size);
    this.#change(this.#fence, this.#codec.seal(key, 0, bytes, from, to));
  }

  #order(): number {
    const { bytes, view, row } = this.#memory;
    const disk = this.#disk;
    const from = row + unitHeadSizeBytes;
    const own = disk.row + unitHeadSizeBytes;
    return compareRanges(
      bytes,
      from,
      from + view.getUint16(row + 6),
      disk.bytes,
      own,
      own + disk.view.getUint16(disk.row + 6),
    );
  }
  /** Appends the next row of memory and disk to what is gathered, when anything of it is left. */
  #mergeNext(useMemory = this.#memory.row >= 0): void {
    const memory = this.#memory;
    const disk = this.#disk;
    const order = !useMemory ? 1 : disk.row < 0 ? -1 : this.#order();
    const out = this.#out;
    const start = out.length;
    if (order === 0) {
      this.#left.parse(disk.bytes, disk.view, disk.row);
      this.#right.parse(memory.bytes, memory.view, memory.row);
      this.#merged.merge(this.#left, this.#right);
      this.#encodeRow(disk);
    } else this.#appendRow(order < 0 ? memory : disk);
    if (out.length > start) this.#starts.push(start);
    if (order <= 0) memory.advance();
    if (order >= 0) disk.advance();
  }
  #appendRow(source: MemorySource | DiskSource): void {
    const { bytes, view, row } = source;
    const isDense = (view.getUint8(row + 4) & flagDense) !== 0;
    const { dropped } = this.#layout?.regulars ?? noLayout;
    if (isDense && !this.#deleted && this.#ranges.count === 0 && dropped.size === 0) {
      this.#out.append(bytes, row, view.getUint32(row));
      return;
    }
    this.#merged.parse(bytes, view, row);
    this.#encodeRow(source);
  }
  /** The merged row, whose clustering `source` has. */
  #encodeRow({ bytes, view, row }: MemorySource | DiskSource): void {
    let covered = this.#deleted;
    let hi = this.#deletionHi;
    let lo = this.#deletionLo;
    const ranges = this.#ranges;
    const from = row + unitHeadSizeBytes;
    if (
      ranges.count > 0 &&
      ranges.covers(bytes, from, from + view.getUint16(row + 6)) &&
      (!covered || compareHalves(ranges.hi, ranges.lo, hi, lo) > 0)
    ) {
      covered = true;
      ({ hi, lo } = ranges);
    }
    this.#encodeMerged(this.#out, this.#layout?.regulars, covered, hi, lo);
  }
}
const noLayout: Pick<Layout, 'dropped'> = { dropped: new Map() };
