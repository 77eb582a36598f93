/**
 * Merges what memory or runs have of one table into a new run, partition by partition: versions of a row become one, what is
 * covered or expired goes, and so do deletions that are old enough and cover nothing elsewhere.
 */
import { assert, present } from '@skerry/kernel';
import type { CellTable } from './cell-table.ts';
import { flagDense, kindPartitionDeletion, unitHeadSizeBytes } from './format.ts';
import type { KeyFilter } from './key-filter.ts';
import type { Layout, TableLayout } from './layout.ts';
import { PartitionHead } from './partition-head.ts';
import type { PartitionInput } from './partition-input.ts';
import { RowFold } from './row-fold.ts';
import { compareRows } from './row-order.ts';
import { neverDead } from './run.ts';
import type { RunWriter } from './run-writer.ts';
import { compareHalves, compareRanges, Sink } from './sink.ts';

export type MergeTime = {
  readonly nowSeconds: number;
  /** Deletions from before it go; 0: all stay. */
  readonly graceStart: number;
  /** Of those, only what has an older timestamp: memory may have older writes than this one. */
  readonly floorHi: number;
  readonly floorLo: number;
};
/** Nothing is ever purged. */
export const keepAll = (nowSeconds: number): MergeTime => ({ nowSeconds, graceStart: 0, floorHi: 0, floorLo: 0 });

export class RunMerger {
  readonly #inputs: readonly PartitionInput[];
  readonly #writer: RunWriter;
  readonly #layout: TableLayout;
  readonly #time: MergeTime;
  /** Of runs that are not merged. */
  readonly #others: readonly KeyFilter[];
  readonly #head = new PartitionHead();
  readonly #fold = new RowFold();
  readonly #out = new Sink();
  /** Inputs that have the partition, and of those the ones that have the row. */
  #having: PartitionInput[] = [];
  #shown: PartitionInput[] = [];
  #graceStart = 0;

  constructor(
    inputs: readonly PartitionInput[],
    writer: RunWriter,
    layout: TableLayout,
    time: MergeTime,
    others: readonly KeyFilter[],
  ) {
    this.#inputs = inputs;
    this.#writer = writer;
    this.#layout = layout;
    this.#time = time;
    this.#others = others;
  }

  /** Up to so many partitions, or to the first large one. False: there are no more. */
  step(partitionCount: number): boolean {
    for (let i = 0; i < partitionCount; i++) {
      if (!this.#choose()) return false;
      const [first] = this.#having;
      assert(first !== undefined, 'somebody has the partition');
      this.#writer.beginPartition(first.tokenHi, first.tokenLo, first.keyBytes, first.keyFrom, first.keySize);
      if (this.#having.length === 1 && this.#isCopied(first))
        this.#writer.addPlainRows(first.plainBytes, first.plainFrom, first.plainSize);
      else this.#merge(first);
      this.#writer.endPartition();
      for (const input of this.#having) input.nextPartition();
    }
    return true;
  }
  #isCopied({ plainSize }: PartitionInput): boolean {
    return plainSize > 0 && this.#layout.regulars.dropped.size === 0;
  }
  /** The least partition of all. */
  #choose(): boolean {
    const having = this.#having;
    having.length = 0;
    for (const input of this.#inputs) {
      if (!input.isOpen) continue;
      const [first] = having;
      const order = first === undefined ? -1 : comparePartitions(input, first);
      if (order < 0) having.length = 0;
      if (order <= 0) having.push(input);
    }
    return having.length > 0;
  }

  #merge({ tokenHi, tokenLo }: PartitionInput): void {
    const head = this.#head;
    head.clear();
    for (const input of this.#having) input.open(head);
    this.#graceStart = this.#others.some((filter) => filter.mayHave(tokenHi, tokenLo)) ? 0 : this.#time.graceStart;
    this.#writeHead();
    while (this.#chooseRow()) {
      this.#writeRow();
      for (const input of this.#shown) input.nextRow();
    }
  }
  #isKept(hi: number, lo: number, local: number): boolean {
    const { floorHi, floorLo } = this.#time;
    return local >= this.#graceStart || compareHalves(hi, lo, floorHi, floorLo) >= 0;
  }
  #writeHead(): void {
    const head = this.#head;
    const out = this.#out;
    out.length = 0;
    const { deleted, hi, lo, local, ranges, statics } = head;
    if (ranges.count > 0) ranges.cover(deleted ? hi : undefined, lo);
    if (deleted && this.#isKept(hi, lo, local)) {
      encodeDeletion(out, head);
      this.#writer.noteDead(local);
    }
    ranges.encode(out, (one) => {
      const kept = this.#isKept(one.hi, one.lo, one.local);
      if (kept) this.#writer.noteDead(one.local);
      return kept;
    });
    if (statics.count > 0) {
      const from = out.length;
      this.#encode(statics.table, this.#layout.statics, deleted, hi, lo);
      if (out.length > from) this.#writer.noteDead(statics.table.deadFrom());
    }
    this.#writer.addHead(out.bytes, 0, out.length);
  }
  /** What is left of the merged row: nothing when all of it is gone. */
  #encode(table: CellTable, layout: Layout, covered: boolean, hi: number, lo: number): void {
    const { nowSeconds, floorHi, floorLo } = this.#time;
    table.shadow();
    if (covered) table.cover(hi, lo);
    table.dropColumns(layout);
    table.purge(nowSeconds, this.#graceStart, floorHi, floorLo);
    if (!table.isEmpty) table.encode(this.#out, layout);
  }
  #chooseRow(): boolean {
    const shown = this.#shown;
    shown.length = 0;
    for (const input of this.#having) {
      if (input.row < 0) continue;
      const [first] = shown;
      const order = first === undefined ? -1 : compareRows(input, first);
      if (order < 0) shown.length = 0;
      if (order <= 0) shown.push(input);
    }
    return shown.length > 0;
  }
  #writeRow(): void {
    const head = this.#head;
    const first = present(this.#shown[0], 'an input with the row');
    const { bytes, view, row } = first;
    const isDense = (view.getUint8(row + 4) & flagDense) !== 0;
    const { regulars } = this.#layout;
    if (this.#shown.length === 1 && isDense && !head.hasDeletions && regulars.dropped.size === 0) {
      this.#writer.addRow(bytes, row, view.getUint32(row), true, neverDead);
      return;
    }
    const fold = this.#fold;
    fold.clear();
    for (const input of this.#shown) fold.add(input.bytes, input.view, input.row);
    const covered = head.hasDeletions && head.covers(bytes, view, row);
    const out = this.#out;
    out.length = 0;
    this.#encode(fold.table, regulars, covered, head.coverHi, head.coverLo);
    if (out.length === 0) return;
    const dense = (out.view.getUint8(4) & flagDense) !== 0;
    this.#writer.addRow(out.bytes, 0, out.length, dense, dense ? neverDead : fold.table.deadFrom());
  }
}

function encodeDeletion(out: Sink, { hi, lo, local }: PartitionHead): void {
  const { length } = out;
  out.reserve(unitHeadSizeBytes + 4);
  const { view } = out;
  view.setUint32(length, unitHeadSizeBytes + 4);
  view.setUint8(length + 4, kindPartitionDeletion);
  view.setUint8(length + 5, 0);
  view.setUint16(length + 6, 0);
  view.setUint32(length + 8, 0);
  view.setInt32(length + 12, hi);
  view.setInt32(length + 16, lo);
  view.setUint32(length + unitHeadSizeBytes, local);
  out.length += unitHeadSizeBytes + 4;
}
function comparePartitions(a: PartitionInput, b: PartitionInput): number {
  const order = compareHalves(a.tokenHi, a.tokenLo, b.tokenHi, b.tokenLo);
  if (order !== 0) return order;
  const { keyFrom, keySize } = a;
  return compareRanges(a.keyBytes, keyFrom, keyFrom + keySize, b.keyBytes, b.keyFrom, b.keyFrom + b.keySize);
}
