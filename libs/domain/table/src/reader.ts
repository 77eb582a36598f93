/** Reads partitions merged over memory and runs. */
import { assert } from '@skerry/kernel';
import type { BlockCodec } from './block.ts';
import type { BlockCache } from './block-cache.ts';
import type { BlockReader } from './block-store.ts';
import { partitionKeySizeMaxBytes } from './format.ts';
import { type Layers, nothingStored } from './layers.ts';
import type { Layout, TableLayout } from './layout.ts';
import { LoneRow } from './lone-row.ts';
import { MemorySource } from './memory-source.ts';
import { isWhole, newestOf } from './newest-row.ts';
import { PartitionHead } from './partition-head.ts';
import { PartitionScan } from './partition-scan.ts';
import { RowFold } from './row-fold.ts';
import { RowCopier } from './row-copier.ts';
import { compareRows, countWithin, isBeyond } from './row-order.ts';
import type { RowTarget } from './row-target.ts';
import { RowView } from './row-view.ts';
import { RunSource } from './run-source.ts';
import { compareHalves, copyBytes, Sink } from './sink.ts';
import type { Slices } from './slices.ts';
import type { TableReader, TokenRange } from './store.ts';
import { hashToken, tokenHalves } from './token.ts';

type Mode = 'none' | 'one' | 'scan';
type Source = MemorySource | RunSource;
/** Behind the slices that there are when none are asked for. */
const wholly = 1;

export class PartitionReader implements TableReader {
  readonly #layers: Layers;
  readonly #codec: BlockCodec;
  readonly #blocks: () => BlockReader;
  readonly #cache: BlockCache;
  readonly #memory = new MemorySource();
  readonly #sealed = new MemorySource();
  /** One for each run that had the partition, made as they are needed. */
  readonly #runs: RunSource[] = [];
  /** Those that have the partition; so many of them are used. */
  readonly #sources: Source[] = [];
  #sourceCount = 0;
  /** The partition's only row: there are no sources then. */
  readonly #lone = new LoneRow();
  /** Numbers of the sources whose row was shown: they go on before the next. */
  readonly #shown: number[] = [];
  // Of an array that is emptied and filled again, V8 makes another each time: so many of its numbers count.
  #shownCount = 0;
  readonly #scan: PartitionScan;
  #table: TableLayout | undefined;
  #slices: Slices | undefined;
  #reverse = false;
  #now = 0;
  #mode: Mode = 'none';
  #range: TokenRange | undefined;
  /** Of the layers, when the scan was opened or the partition. */
  #epoch = 0;
  /** The scan has shown a partition. */
  #isUnderWay = false;
  /** The scan stands at a partition that was not shown yet. */
  #isHeld = false;
  readonly #copier = new RowCopier();
  readonly #loneRows = new Int32Array(1);

  #slice = 0;
  #positioned = false;
  readonly #head = new PartitionHead();
  readonly #fold = new RowFold();
  readonly #scratch = new Sink();
  readonly #staticScratch = new Sink();

  readonly #key = new Uint8Array(partitionKeySizeMaxBytes);
  keyBytes: Uint8Array = this.#key;
  keyFrom = 0;
  keySize = 0;
  tokenHi = 0;
  tokenLo = 0;
  tombstones = 0;
  liveRows = 0;
  deadRowsMax = Infinity;
  isPaused = false;
  #row: RowView | undefined;
  #static: RowView | undefined;

  /**
   * @param blocks gives a reader of its own at each call.
   * @param cache of all readers of the store.
   */
  constructor(layers: Layers, codec: BlockCodec, blocks: () => BlockReader, cache: BlockCache) {
    this.#layers = layers;
    this.#codec = codec;
    this.#blocks = blocks;
    this.#cache = cache;
    this.#scan = new PartitionScan(codec, blocks, cache);
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
    this.#isUnderWay = false;
    this.#isHeld = false;
    this.#epoch = this.#layers.epoch;
    this.#scan.open(this.#layers, table.schema.number, range);
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
    this.isPaused = false;
    this.tombstones = 0;
    this.liveRows = 0;
  }

  nextPartition(): boolean {
    if (this.#mode === 'scan') return this.#nextScanned();
    if (this.#mode === 'none') return false;
    this.#mode = 'none';
    this.#epoch = this.#layers.epoch;
    const number = this.#number();
    const { active, sealed, tables } = this.#layers;
    const { tokenHi, tokenLo, keyBytes, keyFrom, keySize } = this;
    this.#sourceCount = 0;
    const partition = active.find(number, tokenHi, tokenLo, keyBytes, keyFrom, keySize);
    const { runs, newestHi, newestLo } = tables.get(number) ?? nothingStored;
    if (partition >= 0) {
      if (this.#isAll(partition, newestHi, newestLo)) return this.#beginLone();
      this.#memory.open(active, partition, this.#reverse);
      this.#sources[this.#sourceCount++] = this.#memory;
    }
    if (sealed !== undefined) {
      const other = sealed.find(number, tokenHi, tokenLo, keyBytes, keyFrom, keySize);
      if (other >= 0) {
        this.#sealed.open(sealed, other, this.#reverse);
        this.#sources[this.#sourceCount++] = this.#sealed;
      }
    }
    let used = 0;
    for (let i = 0; i < runs.length; i++) {
      const run = runs[i] as (typeof runs)[number];
      if (!run.filter.mayHave(tokenHi, tokenLo)) continue;
      const source = this.#runSource(used);
      if (!source.open(run, tokenHi, tokenLo, keyBytes, keyFrom, keySize, this.#reverse)) continue;
      used += 1;
      this.#sources[this.#sourceCount++] = source;
    }
    return this.#begin();
  }
  #runSource(i: number): RunSource {
    return (this.#runs[i] ??= new RunSource(this.#codec, this.#blocks, this.#cache));
  }
  /** The row in memory is all that the partition can have, and newer than all that is stored: no need to look there. */
  #isAll(partition: number, newestHi: number, newestLo: number): boolean {
    const table = this.#table;
    const lone = this.#lone;
    if (table === undefined || this.#slices !== undefined || table.schema.clustering.length > 0) return false;
    if (table.statics.ids.length > 0 || !lone.inMemory(this.#layers.active, partition)) return false;
    const { view, row } = lone;
    if (compareHalves(view.getInt32(row + 12), view.getInt32(row + 16), newestHi, newestLo) <= 0) return false;
    return isWhole(lone, table.regulars);
  }
  #number(): number {
    return this.#table?.schema.number ?? 0;
  }
  /** The scan goes to the next partition, unless it stands at one that was not shown. */
  #step(): boolean {
    if (this.#isHeld) {
      assert(this.#epoch === this.#layers.epoch, 'what a scan stands at is read in one turn');
      return true;
    }
    if (this.#epoch !== this.#layers.epoch) this.#scanAnew();
    this.#isHeld = this.#scan.next(this.#layers);
    return this.#isHeld;
  }
  #nextScanned(): boolean {
    const layers = this.#layers;
    const scan = this.#scan;
    if (!this.#step()) {
      this.#mode = 'none';
      this.#sourceCount = 0;
      this.#lone.row = -1;
      this.#static?.clear();
      return false;
    }
    this.#takeScanned();
    this.#sourceCount = 0;
    if (this.#slices === undefined && scan.isLone(layers, this.#lone)) return this.#beginLone();
    if (scan.inActive) {
      this.#memory.open(layers.active, scan.active.partition, this.#reverse);
      this.#sources[this.#sourceCount++] = this.#memory;
    }
    if (scan.inSealed && layers.sealed !== undefined) {
      this.#sealed.open(layers.sealed, scan.sealed.partition, this.#reverse);
      this.#sources[this.#sourceCount++] = this.#sealed;
    }
    const { having } = scan;
    for (let i = 0; i < scan.havingCount; i++) {
      const one = scan.runs[having[i] as number];
      if (one?.run === undefined) continue;
      const source = this.#runSource(i);
      source.openEntry(one.run, one.loaded, one.entry, this.#reverse);
      this.#sources[this.#sourceCount++] = source;
    }
    return this.#begin();
  }
  /** The partition at which the scan stands is the one that is shown. */
  #takeScanned(): void {
    const scan = this.#scan;
    this.#isHeld = false;
    this.#isUnderWay = true;
    this.tokenHi = scan.tokenHi;
    this.tokenLo = scan.tokenLo;
    this.keyBytes = this.#key;
    this.keyFrom = 0;
    this.keySize = scan.keySize;
    copyBytes(scan.keyBytes, scan.keyFrom, this.#key, 0, scan.keySize);
  }
  /** What is read was flushed or merged meanwhile: on from behind the last partition. */
  #scanAnew(): void {
    const range = this.#range;
    if (range === undefined) return;
    this.#epoch = this.#layers.epoch;
    const left = this.#isUnderWay
      ? { ...range, fromHi: this.tokenHi, fromLo: this.tokenLo, afterKey: this.#key.slice(0, this.keySize) }
      : range;
    this.#scan.open(this.#layers, this.#number(), left);
  }
  #beginLone(): boolean {
    this.#slice = wholly;
    this.#positioned = false;
    this.#shownCount = 0;
    const { statics } = this;
    if (statics.exists || statics.sizes.length > 0) statics.clear();
    return true;
  }
  #begin(): boolean {
    this.#lone.row = -1;
    this.#slice = 0;
    this.#positioned = false;
    this.#shownCount = 0;
    const head = this.#head;
    head.clear();
    if (this.#sourceCount === 0) {
      this.#static?.clear();
      return false;
    }
    for (let i = 0; i < this.#sourceCount; i++) {
      const source = this.#sources[i];
      if (source instanceof RunSource) {
        if (source.headFrom < source.headTo)
          head.addUnits(source.headBytes, source.headView, source.headFrom, source.headTo);
      } else if (source?.wide !== undefined) head.addWide(source.wide, source.bytes, source.view);
    }
    if (head.deleted) this.tombstones += 1;
    this.tombstones += head.ranges.count;
    this.#loadStatics();
    return true;
  }
  #loadStatics(): void {
    const view = this.statics;
    const { statics, deleted, hi, lo } = this.#head;
    if (statics.count === 0) {
      if (view.exists || view.sizes.length > 0) view.clear();
      return;
    }
    const sink = this.#staticScratch;
    this.#encode(statics, sink, this.#table?.statics);
    view.load(sink.bytes, sink.view, 0, this.#now, deleted, hi, lo);
    view.columns();
    this.tombstones += view.tombstones;
  }
  #encode({ table }: RowFold, sink: Sink, layout: Layout | undefined): void {
    table.shadow();
    sink.length = 0;
    table.encode(sink, layout);
  }

  nextRow(): boolean {
    const row = this.row;
    const lone = this.#lone;
    const isOver = this.#sourceCount === 0 && lone.row < 0;
    assert(isOver || this.#epoch === this.#layers.epoch, 'a partition is read in one turn');
    if (lone.row >= 0) return this.#showLone(lone);
    let dead = 0;
    for (;;) {
      if (!this.#positioned && !this.#position()) return false;
      if (this.#shownCount > 0) this.#advance();
      if (!this.#choose()) {
        this.#positioned = false;
        this.#slice += 1;
        continue;
      }
      this.tombstones += row.tombstones;
      if (!row.exists) {
        dead += 1;
        if (dead < this.deadRowsMax) continue;
        this.isPaused = true;
        return false;
      }
      this.liveRows += 1;
      return true;
    }
  }

  copyRows(target: RowTarget, most: number, sizeMaxBytes: number): number {
    const source = this.#sources[0];
    const table = this.#table;
    if (this.#lone.row >= 0 || this.#sourceCount !== 1 || source === undefined || table === undefined) return 0;
    if (this.#head.hasDeletions) return 0;
    assert(this.#epoch === this.#layers.epoch, 'a partition is read in one turn');
    const copier = this.#copier;
    copier.use(table.regulars);
    if (!copier.key(this.keyBytes, this.keyFrom, this.keySize, table.schema.partitionKey.length)) return 0;
    if (!this.#positioned && !this.#position()) return 0;
    if (this.#shownCount > 0) this.#advance();
    let copied = 0;
    let left = sizeMaxBytes;
    for (;;) {
      const ahead = this.#within(source, Math.min(source.ahead(), most - copied));
      if (ahead <= 0) break;
      const { bytes, view, aheadRows, aheadAt } = source;
      const step = this.#reverse ? -1 : 1;
      const count = copier.copy(bytes, view, aheadRows, aheadAt, step, ahead, target, left);
      left -= copier.sizeBytes;
      copied += count;
      if (count > 0) source.skip(count);
      if (count < ahead) break;
    }
    this.liveRows += copied;
    return copied;
  }
  /** Of the rows ahead so many are in the slice. */
  #within(source: Source, count: number): number {
    const slices = this.#slices;
    if (slices === undefined || count <= 0) return count;
    const slice = this.#reverse ? slices.count - 1 - this.#slice : this.#slice;
    return countWithin(source, count, slices, slice, this.#reverse);
  }
  copyPartitions(target: RowTarget, most: number, sizeMaxBytes: number): number {
    const table = this.#table;
    if (this.#mode !== 'scan' || this.#slices !== undefined || table === undefined) return 0;
    const scan = this.#scan;
    const lone = this.#lone;
    const copier = this.#copier;
    const rows = this.#loneRows;
    const components = table.schema.partitionKey.length;
    copier.use(table.regulars);
    this.#sourceCount = 0;
    let copied = 0;
    let left = sizeMaxBytes;
    while (copied < most && this.#step() && scan.isLone(this.#layers, lone)) {
      if (!copier.key(scan.keyBytes, scan.keyFrom, scan.keySize, components)) break;
      rows[0] = lone.row;
      if (copier.copy(lone.bytes, lone.view, rows, 0, 1, 1, target, left) === 0) break;
      left -= copier.sizeBytes;
      this.#isHeld = false;
      copied += 1;
    }
    lone.row = -1;
    if (copied > 0 && !this.#isHeld) this.#takeScanned();
    this.liveRows += copied;
    return copied;
  }
  #showLone(lone: LoneRow): boolean {
    const { row } = this;
    row.load(lone.bytes, lone.view, lone.row, this.#now, false, 0, 0);
    lone.row = -1;
    this.tombstones += row.tombstones;
    if (row.exists) this.liveRows += 1;
    return row.exists;
  }
  #position(): boolean {
    const slices = this.#slices;
    const count = slices?.count ?? 1;
    if (this.#slice >= count) return false;
    this.#shownCount = 0;
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
    for (let i = 0; i < this.#sourceCount; i++) (this.#sources[i] as Source).seek(bytes, from, to, bounded);
    return true;
  }
  #advance(): void {
    const shown = this.#shown;
    for (let i = 0; i < this.#shownCount; i++) (this.#sources[shown[i] as number] as Source).advance();
    this.#shownCount = 0;
  }
  /** Shows the next row of the slice, alive or not. */
  #choose(): boolean {
    const shown = this.#shown;
    let count = 0;
    let first: Source | undefined;
    for (let i = 0; i < this.#sourceCount; i++) {
      const source = this.#sources[i] as Source;
      if (source.row < 0) continue;
      const order = first === undefined ? -1 : this.#order(source, first);
      if (order > 0) continue;
      if (order < 0) {
        count = 0;
        first = source;
      }
      shown[count++] = i;
    }
    if (first === undefined || this.#isBeyond(first)) {
      this.#shownCount = 0;
      return false;
    }
    this.#shownCount = count;
    if (count === 1) this.#show(first.bytes, first.view, first.row);
    else this.#showMerged();
    return true;
  }
  #order(x: Source, y: Source): number {
    const order = compareRows(x, y);
    return this.#reverse ? -order : order;
  }
  #isBeyond(source: Source): boolean {
    const slices = this.#slices;
    if (slices === undefined) return false;
    return isBeyond(source, slices, this.#reverse ? slices.count - 1 - this.#slice : this.#slice, this.#reverse);
  }
  #showMerged(): void {
    const layout = this.#table?.regulars;
    const newest = layout === undefined ? -1 : newestOf(this.#sources, this.#shown, this.#shownCount, layout);
    if (newest >= 0) {
      const { bytes, view, row } = this.#sources[this.#shown[newest] as number] as Source;
      return this.#show(bytes, view, row);
    }
    const fold = this.#fold;
    fold.clear();
    for (let at = 0; at < this.#shownCount; at++) {
      const i = this.#shown[at] as number;
      const { bytes, view, row } = this.#sources[i] as Source;
      fold.add(bytes, view, row);
    }
    this.#encode(fold, this.#scratch, layout);
    this.#show(this.#scratch.bytes, this.#scratch.view, 0);
  }
  #show(bytes: Uint8Array, view: DataView, row: number): void {
    const head = this.#head;
    const covered = head.hasDeletions && head.covers(bytes, view, row);
    this.row.load(bytes, view, row, this.#now, covered, head.coverHi, head.coverLo);
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
