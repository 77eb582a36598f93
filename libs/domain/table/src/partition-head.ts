/** What a partition has beside its rows, of all its sources: deletions, and the static row. */
import { kindMask, kindPartitionDeletion, kindRangeDeletion, kindStatic, unitHeadSizeBytes } from './format.ts';
import type { WidePartition } from './memtable.ts';
import { RangeDeletions } from './range-deletions.ts';
import { RowFold } from './row-fold.ts';
import { compareHalves } from './sink.ts';

export class PartitionHead {
  /** The whole partition was, up to a timestamp. */
  deleted = false;
  hi = 0;
  lo = 0;
  /** Seconds since 1970. */
  local = 0;
  readonly ranges = new RangeDeletions();
  /** Versions of the static row: they must stay where they are. */
  readonly statics = new RowFold();
  /** Of the last {@link covers}: the newest that covers the row. */
  coverHi = 0;
  coverLo = 0;

  clear(): void {
    this.deleted = false;
    this.ranges.clear();
    this.statics.clear();
  }
  /** Units before the first row. */
  addUnits(bytes: Uint8Array, view: DataView, from: number, to: number): void {
    for (let unit = from; unit < to; unit += view.getUint32(unit)) {
      const kind = view.getUint8(unit + 4) & kindMask;
      if (kind === kindPartitionDeletion)
        this.addDeletion(view.getInt32(unit + 12), view.getInt32(unit + 16), view.getUint32(unit + unitHeadSizeBytes));
      else if (kind === kindRangeDeletion) this.ranges.addUnit(bytes, view, unit);
      else if (kind === kindStatic) this.statics.add(bytes, view, unit);
    }
  }
  /** Of a partition in memory. */
  addWide(wide: WidePartition, bytes: Uint8Array, view: DataView): void {
    if (wide.deleted) this.addDeletion(wide.deletionHi, wide.deletionLo, wide.deletionLocal);
    if (wide.ranges !== undefined) this.ranges.addAll(wide.ranges);
    if (wide.staticRow >= 0) this.statics.add(bytes, view, wide.staticRow);
  }
  addDeletion(hi: number, lo: number, local: number): void {
    const order = this.deleted ? compareHalves(hi, lo, this.hi, this.lo) : 1;
    if (order < 0 || (order === 0 && local <= this.local)) return;
    this.deleted = true;
    this.hi = hi;
    this.lo = lo;
    this.local = local;
  }
  get hasDeletions(): boolean {
    return this.deleted || this.ranges.count > 0;
  }
  /** Whether a row is covered: then `coverHi` and `coverLo` say by what. */
  covers(bytes: Uint8Array, view: DataView, row: number): boolean {
    this.coverHi = this.hi;
    this.coverLo = this.lo;
    const { ranges, deleted } = this;
    if (ranges.count === 0) return deleted;
    const from = row + unitHeadSizeBytes;
    if (!ranges.covers(bytes, from, from + view.getUint16(row + 6))) return deleted;
    if (!deleted || compareHalves(ranges.hi, ranges.lo, this.hi, this.lo) > 0) {
      this.coverHi = ranges.hi;
      this.coverLo = ranges.lo;
    }
    return true;
  }
}
