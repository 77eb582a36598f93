/**
 * A row taken apart: its cells in one array of numbers, pointing into the buffers that hold their bytes. Here rows are
 * merged, shadowed and purged, and put together again.
 */
import { assert, present } from '@skerry/kernel';
import {
  bodyOffset,
  cellCounter,
  cellDeletion,
  cellElement,
  cellExpiring,
  cellTombstone,
  flagDeletion,
  flagDense,
  flagExpiring,
  flagLive,
  kindMask,
  unitHeadSizeBytes,
  wireOffset,
} from './format.ts';
import type { Layout } from './layout.ts';
import { mergeShards } from './counter.ts';
import { neverDead } from './run.ts';
import { compareHalves, compareRanges, type Sink } from './sink.ts';

/** Numbers that a cell takes in {@link CellTable.cells}, and what each is. */
export const cellStride = 13;
export const atId = 0;
export const atFlags = 1;
export const atHi = 2;
export const atLo = 3;
/** Seconds since 1970: of an expiry or a deletion. Unsigned: read it with `>>> 0`. */
export const atLocal = 4;
export const atTtl = 5;
export const atPath = 6;
export const atPathSize = 7;
/** The bytes of a set's element or a map's key, without their size before them; of size -1 when there is none. */
export const atKey = 8;
export const atKeySize = 9;
/** The same of a value. */
export const atValue = 10;
export const atValueSize = 11;
/** Which of the buffers. */
export const atSource = 12;

const dead = cellTombstone | cellDeletion;
/** A dense row may have this many empty places, and as many as it has cells. */
const denseGapsMax = 8;
const firstCells = 16;

export class CellTable {
  cells = new Int32Array(firstCells * cellStride);
  count = 0;
  readonly buffers: Uint8Array[] = [];
  kind = 0;
  live = false;
  liveHi = 0;
  liveLo = 0;
  /** 0: it does not expire. */
  liveTtl = 0;
  liveExpiry = 0;
  deleted = false;
  deletionHi = 0;
  deletionLo = 0;
  deletionLocal = 0;
  /** The row that gives the clustering. */
  #bytes: Uint8Array = noBytes;
  #view: DataView = noView;
  #row = 0;
  #spare: CellTable | undefined;
  #order: number[] = [];

  get isEmpty(): boolean {
    return this.count === 0 && !this.live && !this.deleted;
  }

  clear(): void {
    this.count = 0;
    this.buffers.length = 0;
    this.live = false;
    this.deleted = false;
    this.liveTtl = 0;
  }
  /** Takes a row apart; `sort` must follow when its cells are in no order. */
  parse(bytes: Uint8Array, view: DataView, row: number): void {
    this.clear();
    this.buffers.push(bytes);
    this.#bytes = bytes;
    this.#view = view;
    this.#row = row;
    const flags = view.getUint8(row + 4);
    this.kind = flags & kindMask;
    const hi = view.getInt32(row + 12);
    const lo = view.getInt32(row + 16);
    if ((flags & flagLive) !== 0) {
      this.live = true;
      this.liveHi = hi;
      this.liveLo = lo;
    }
    if ((flags & flagDense) === 0) this.#parseCells(view, row, flags);
    else this.#parseDense(view, row, hi, lo);
  }
  #parseDense(view: DataView, row: number, hi: number, lo: number): void {
    const count = view.getUint8(row + 5);
    const ids = row + unitHeadSizeBytes + view.getUint16(row + 6);
    let at = bodyOffset(view, row);
    let last = -1;
    let disorder = false;
    for (let i = 0; i < count; i++) {
      const size = view.getInt32(at);
      at += 4;
      if (size < 0) continue;
      const id = view.getUint16(ids + 2 * i);
      if (id < last) disorder = true;
      last = id;
      const base = this.#add(id, 0, hi, lo);
      this.cells[base + atValue] = at;
      this.cells[base + atValueSize] = size;
      at += size;
    }
    if (disorder) this.sort();
  }
  #parseCells(view: DataView, row: number, flags: number): void {
    const end = row + view.getUint32(row);
    let at = bodyOffset(view, row);
    if ((flags & flagExpiring) !== 0) {
      this.liveExpiry = view.getUint32(at);
      this.liveTtl = view.getUint32(at + 4);
      at += 8;
    }
    if ((flags & flagDeletion) !== 0) {
      this.deleted = true;
      this.deletionHi = view.getInt32(at);
      this.deletionLo = view.getInt32(at + 4);
      this.deletionLocal = view.getUint32(at + 8);
      at += 12;
    }
    while (at < end) at = this.#parseCell(view, at);
    assert(at === end, 'cells end where their row ends');
  }
  #parseCell(view: DataView, from: number): number {
    const flags = view.getUint8(from + 2);
    const base = this.#add(view.getUint16(from), flags, view.getInt32(from + 3), view.getInt32(from + 7));
    const { cells } = this;
    let at = from + 11;
    if ((flags & (dead | cellExpiring)) !== 0) {
      cells[base + atLocal] = view.getInt32(at);
      at += 4;
    }
    if ((flags & cellExpiring) !== 0) {
      cells[base + atTtl] = view.getInt32(at);
      at += 4;
    }
    if ((flags & cellElement) !== 0) {
      const size = view.getUint16(at);
      cells[base + atPath] = at + 2;
      cells[base + atPathSize] = size;
      at += 2 + size;
      const keySize = view.getInt32(at);
      cells[base + atKey] = at + 4;
      cells[base + atKeySize] = keySize;
      at += 4 + Math.max(keySize, 0);
    }
    if ((flags & dead) === 0) {
      const size = view.getInt32(at);
      cells[base + atValue] = at + 4;
      cells[base + atValueSize] = size;
      at += 4 + Math.max(size, 0);
    }
    return at;
  }
  /** @returns where the new cell's numbers begin. */
  #add(id: number, flags: number, hi: number, lo: number): number {
    const base = this.#room();
    const { cells } = this;
    cells[base + atId] = id;
    cells[base + atFlags] = flags;
    cells[base + atHi] = hi;
    cells[base + atLo] = lo;
    cells[base + atLocal] = 0;
    cells[base + atTtl] = 0;
    cells[base + atPathSize] = 0;
    cells[base + atKeySize] = -1;
    cells[base + atValueSize] = -1;
    cells[base + atSource] = 0;
    return base;
  }
  #room(): number {
    const base = this.count * cellStride;
    if (base === this.cells.length) {
      const cells = new Int32Array(2 * base);
      cells.set(this.cells);
      this.cells = cells;
    }
    this.count += 1;
    return base;
  }
  #copy(from: CellTable, base: number, source: number): void {
    const to = this.#room();
    for (let i = 0; i < atSource; i++) this.cells[to + i] = from.cells[base + i] as number;
    this.cells[to + atSource] = source;
  }

  /** Order of this table's cell at `a` and the other's at `b`: by column, deletion first, path. */
  #compare(a: number, other: CellTable, b: number): number {
    const { cells } = this;
    const byId = (cells[a + atId] as number) - (other.cells[b + atId] as number);
    if (byId !== 0) return byId;
    const aElement = (cells[a + atFlags] as number) & cellElement;
    const bElement = (other.cells[b + atFlags] as number) & cellElement;
    if (aElement === 0 || bElement === 0) return aElement - bElement;
    const aPath = cells[a + atPath] as number;
    const bPath = other.cells[b + atPath] as number;
    return compareRanges(
      this.#buffer(a),
      aPath,
      aPath + (cells[a + atPathSize] as number),
      other.#buffer(b),
      bPath,
      bPath + (other.cells[b + atPathSize] as number),
    );
  }
  #buffer(base: number): Uint8Array {
    return present(this.buffers[this.cells[base + atSource] as number], 'buffer of a cell');
  }
  /** Appends whichever wins of two cells for one place; `shift` is where the other's buffers begin among these. */
  #reconcile(left: CellTable, a: number, right: CellTable, b: number, shift: number): void {
    const aSource = left.cells[a + atSource] as number;
    const bSource = (right.cells[b + atSource] as number) + shift;
    if (((left.cells[a + atFlags] as number) & (right.cells[b + atFlags] as number) & cellCounter) !== 0) {
      this.#mergeCounters(left, a, right, b);
      return;
    }
    if (left.#wins(a, right, b)) this.#copy(left, a, aSource);
    else this.#copy(right, b, bSource);
  }
  #mergeCounters(left: CellTable, a: number, right: CellTable, b: number): void {
    const aFrom = left.cells[a + atValue] as number;
    const bFrom = right.cells[b + atValue] as number;
    const merged = mergeShards(
      left.#buffer(a).subarray(aFrom, aFrom + (left.cells[a + atValueSize] as number)),
      right.#buffer(b).subarray(bFrom, bFrom + (right.cells[b + atValueSize] as number)),
    );
    const newer =
      compareHalves(
        left.cells[a + atHi] as number,
        left.cells[a + atLo] as number,
        right.cells[b + atHi] as number,
        right.cells[b + atLo] as number,
      ) >= 0
        ? left
        : right;
    const base = newer === left ? a : b;
    this.#copy(newer, base, this.buffers.length);
    this.buffers.push(merged);
    const to = (this.count - 1) * cellStride;
    this.cells[to + atValue] = 0;
    this.cells[to + atValueSize] = merged.length;
  }
  /** Source: Cassandra 5.0, Cells.resolveRegular and resolveCounter. */
  #wins(a: number, right: CellTable, b: number): boolean {
    const left = this.cells;
    const other = right.cells;
    const aFlags = left[a + atFlags] as number;
    const bFlags = other[b + atFlags] as number;
    // A counter that was deleted stays deleted, whatever its timestamp.
    if (((aFlags | bFlags) & cellCounter) !== 0) return (aFlags & cellCounter) === 0;
    const byTime = compareHalves(
      left[a + atHi] as number,
      left[a + atLo] as number,
      other[b + atHi] as number,
      other[b + atLo] as number,
    );
    if (byTime !== 0) return byTime > 0;
    const aRank = rank(aFlags);
    const bRank = rank(bFlags);
    if (aRank !== bRank) return aRank > bRank;
    const byLocal = ((left[a + atLocal] as number) >>> 0) - ((other[b + atLocal] as number) >>> 0);
    if (byLocal !== 0) return byLocal > 0;
    const byValue = this.#compareBytes(a, right, b, atValue);
    if (byValue !== 0) return byValue > 0;
    // What is left makes no difference to a reader, but the choice must not depend on who came first.
    const byKey = this.#compareBytes(a, right, b, atKey);
    if (byKey !== 0) return byKey > 0;
    return (left[a + atTtl] as number) >= (other[b + atTtl] as number);
  }
  #compareBytes(a: number, right: CellTable, b: number, at: typeof atKey | typeof atValue): number {
    const aFrom = this.cells[a + at] as number;
    const bFrom = right.cells[b + at] as number;
    const aSize = Math.max(this.cells[a + at + 1] as number, 0);
    const bSize = Math.max(right.cells[b + at + 1] as number, 0);
    return compareRanges(this.#buffer(a), aFrom, aFrom + aSize, right.#buffer(b), bFrom, bFrom + bSize);
  }

  /** Becomes what the two are together; they must be sorted. `shadow` must follow. */
  merge(left: CellTable, right: CellTable): void {
    this.clear();
    this.kind = left.kind;
    this.#takeClustering(left, right);
    this.#takeLiveness(left);
    if (right.live && (!left.live || livenessWins(right, left))) this.#takeLiveness(right);
    this.#takeDeletion(left);
    if (right.deleted && (!left.deleted || deletionWins(right, left))) this.#takeDeletion(right);
    const shift = left.buffers.length;
    for (const buffer of left.buffers) this.buffers.push(buffer);
    for (const buffer of right.buffers) this.buffers.push(buffer);
    const aEnd = left.count * cellStride;
    const bEnd = right.count * cellStride;
    let a = 0;
    let b = 0;
    while (a < aEnd && b < bEnd) {
      const order = left.#compare(a, right, b);
      if (order === 0) {
        this.#reconcile(left, a, right, b, shift);
        a += cellStride;
        b += cellStride;
      } else if (order < 0) {
        this.#copy(left, a, left.cells[a + atSource] as number);
        a += cellStride;
      } else {
        this.#copy(right, b, (right.cells[b + atSource] as number) + shift);
        b += cellStride;
      }
    }
    for (; a < aEnd; a += cellStride) this.#copy(left, a, left.cells[a + atSource] as number);
    for (; b < bEnd; b += cellStride) this.#copy(right, b, (right.cells[b + atSource] as number) + shift);
  }
  #takeClustering(left: CellTable, right: CellTable): void {
    // One place in the order may have several spellings (decimals): the larger one stays, whoever came first.
    const aFrom = wireOffset(left.#view, left.#row);
    const bFrom = wireOffset(right.#view, right.#row);
    const from =
      compareRanges(
        left.#bytes,
        aFrom,
        aFrom + left.#view.getUint32(left.#row + 8),
        right.#bytes,
        bFrom,
        bFrom + right.#view.getUint32(right.#row + 8),
      ) >= 0
        ? left
        : right;
    this.#bytes = from.#bytes;
    this.#view = from.#view;
    this.#row = from.#row;
  }
  #takeLiveness(from: CellTable): void {
    this.live = from.live;
    this.liveHi = from.liveHi;
    this.liveLo = from.liveLo;
    this.liveTtl = from.liveTtl;
    this.liveExpiry = from.liveExpiry;
  }
  #takeDeletion(from: CellTable): void {
    this.deleted = from.deleted;
    this.deletionHi = from.deletionHi;
    this.deletionLo = from.deletionLo;
    this.deletionLocal = from.deletionLocal;
  }

  /** Cells of a row that was written in any order, sorted, one for each place. */
  sort(): void {
    const sorted = (this.#spare ??= new CellTable());
    sorted.clear();
    const order = this.#order;
    order.length = 0;
    for (let i = 0; i < this.count; i++) order.push(i * cellStride);
    order.sort((a, b) => this.#compare(a, this, b));
    for (const buffer of this.buffers) sorted.buffers.push(buffer);
    for (const base of order) {
      const last = (sorted.count - 1) * cellStride;
      if (last < 0 || sorted.#compare(last, this, base) !== 0) sorted.#copy(this, base, 0);
      else if (!sorted.#wins(last, this, base)) {
        sorted.count -= 1;
        sorted.#copy(this, base, 0);
      }
    }
    const { cells } = this;
    this.cells = sorted.cells;
    sorted.cells = cells;
    this.count = sorted.count;
    sorted.clear();
  }

  /** Takes out what the row's own deletions cover. */
  shadow(): void {
    if (this.deleted) this.#cover(this.deletionHi, this.deletionLo);
    if (this.#hasCollections()) this.#coverCollections();
  }
  /** Takes out what a deletion of the partition or of a range covers. `shadow` must have been done. */
  cover(hi: number, lo: number): void {
    if (this.deleted && compareHalves(this.deletionHi, this.deletionLo, hi, lo) <= 0) this.deleted = false;
    this.#cover(hi, lo);
  }
  #cover(hi: number, lo: number): void {
    if (this.live && compareHalves(this.liveHi, this.liveLo, hi, lo) <= 0) this.live = false;
    const { cells } = this;
    this.#keep((base) => compareHalves(cells[base + atHi] as number, cells[base + atLo] as number, hi, lo) > 0);
  }
  #hasCollections(): boolean {
    for (let base = 0; base < this.count * cellStride; base += cellStride)
      if (((this.cells[base + atFlags] as number) & cellDeletion) !== 0) return true;
    return false;
  }
  #coverCollections(): void {
    const { cells } = this;
    let id = -1;
    let hi = 0;
    let lo = 0;
    this.#keep((base) => {
      if (((cells[base + atFlags] as number) & cellDeletion) !== 0) {
        id = cells[base + atId] as number;
        hi = cells[base + atHi] as number;
        lo = cells[base + atLo] as number;
        return true;
      }
      return (
        cells[base + atId] !== id ||
        compareHalves(cells[base + atHi] as number, cells[base + atLo] as number, hi, lo) > 0
      );
    });
  }
  /** Takes out cells of columns from before they were dropped. */
  dropColumns({ dropped }: Layout): void {
    if (dropped.size === 0) return;
    const { cells } = this;
    this.#keep((base) => {
      const at = dropped.get(cells[base + atId] as number);
      return (
        at === undefined || compareHalves(cells[base + atHi] as number, cells[base + atLo] as number, at.hi, at.lo) > 0
      );
    });
  }
  /**
   * What has expired becomes a tombstone of when it was written; tombstones from before `graceStart` go, when their
   * timestamp is less than `floor`. Seconds since 1970.
   */
  purge(nowSeconds: number, graceStart: number, floorHi: number, floorLo: number): void {
    if (this.live && this.liveTtl > 0 && this.liveExpiry <= nowSeconds) this.live = false;
    if (
      this.deleted &&
      this.deletionLocal < graceStart &&
      compareHalves(this.deletionHi, this.deletionLo, floorHi, floorLo) < 0
    )
      this.deleted = false;
    const { cells } = this;
    this.#keep((base) => {
      const flags = cells[base + atFlags] as number;
      let local = (cells[base + atLocal] as number) >>> 0;
      if ((flags & cellExpiring) !== 0 && local <= nowSeconds) {
        local = Math.max(0, local - (cells[base + atTtl] as number));
        cells[base + atFlags] = (flags & ~cellExpiring) | cellTombstone;
        cells[base + atLocal] = local;
        cells[base + atTtl] = 0;
        cells[base + atValueSize] = -1;
      } else if ((flags & dead) === 0) return true;
      return (
        local >= graceStart || compareHalves(cells[base + atHi] as number, cells[base + atLo] as number, floorHi, floorLo) >= 0
      );
    });
  }
  /** When the first of its deletions was made or the first of its cells expires, in seconds since 1970. */
  deadFrom(): number {
    let least = this.deleted ? this.deletionLocal : neverDead;
    if (this.live && this.liveTtl > 0) least = Math.min(least, this.liveExpiry);
    const { cells } = this;
    for (let base = 0; base < this.count * cellStride; base += cellStride)
      if (((cells[base + atFlags] as number) & (dead | cellExpiring)) !== 0)
        least = Math.min(least, (cells[base + atLocal] as number) >>> 0);
    return least;
  }
  #keep(keeps: (base: number) => boolean): void {
    const { cells } = this;
    const end = this.count * cellStride;
    let to = 0;
    for (let base = 0; base < end; base += cellStride) {
      if (!keeps(base)) continue;
      if (to !== base) cells.copyWithin(to, base, base + cellStride);
      to += cellStride;
    }
    this.count = to / cellStride;
  }

  /** Appends the row; dense when the layout and its cells allow. */
  encode(sink: Sink, layout: Layout | undefined): void {
    const dense = layout !== undefined && this.#isDense(layout);
    const start = this.#encodeHead(sink, dense ? layout : undefined);
    if (dense) this.#encodeDense(sink, layout);
    else this.#encodeCells(sink);
    sink.view.setUint32(start, sink.length - start);
  }
  #encodeHead(sink: Sink, layout: Layout | undefined): number {
    const view = this.#view;
    const row = this.#row;
    const ordered = view.getUint16(row + 6);
    const wire = view.getUint32(row + 8);
    const ids = layout?.ids.length ?? 0;
    sink.reserve(unitHeadSizeBytes + ordered + 2 * ids + wire);
    const start = sink.length;
    const dense = layout !== undefined;
    sink.view.setUint8(
      start + 4,
      this.kind |
        (dense ? flagDense : 0) |
        (this.live ? flagLive : 0) |
        (this.live && this.liveTtl > 0 ? flagExpiring : 0) |
        (this.deleted ? flagDeletion : 0),
    );
    sink.view.setUint8(start + 5, ids);
    sink.view.setUint16(start + 6, ordered);
    sink.view.setUint32(start + 8, wire);
    const first = dense && this.count > 0;
    sink.view.setInt32(start + 12, first ? (this.cells[atHi] as number) : this.live ? this.liveHi : 0);
    sink.view.setInt32(start + 16, first ? (this.cells[atLo] as number) : this.live ? this.liveLo : 0);
    sink.length += unitHeadSizeBytes;
    sink.append(this.#bytes, row + unitHeadSizeBytes, ordered);
    if (layout !== undefined) {
      for (let i = 0; i < ids; i++) sink.view.setUint16(sink.length + 2 * i, layout.ids[i] as number);
      sink.length += 2 * ids;
    }
    sink.append(this.#bytes, wireOffset(view, row), wire);
    return start;
  }
  #isDense(layout: Layout): boolean {
    if (!layout.canBeDense || this.deleted || (this.live && this.liveTtl > 0)) return false;
    if (this.count === 0) return this.live && layout.ids.length <= denseGapsMax;
    const { cells } = this;
    const hi = cells[atHi];
    const lo = cells[atLo];
    if (this.live && (this.liveHi !== hi || this.liveLo !== lo)) return false;
    for (let base = 0; base < this.count * cellStride; base += cellStride)
      if (cells[base + atFlags] !== 0 || cells[base + atHi] !== hi || cells[base + atLo] !== lo) return false;
      else if (layout.placeOf(cells[base + atId] as number) < 0) return false;
    return layout.ids.length - this.count <= Math.max(denseGapsMax, this.count);
  }
  #encodeDense(sink: Sink, layout: Layout): void {
    const { cells } = this;
    const end = this.count * cellStride;
    for (const id of layout.ids) {
      let base = 0;
      while (base < end && cells[base + atId] !== id) base += cellStride;
      if (base < end) this.#encodeBytes(sink, base, atValue);
      else putSize(sink, -1);
    }
  }
  #encodeCells(sink: Sink): void {
    const { cells } = this;
    if (this.live && this.liveTtl > 0) {
      putSize(sink, this.liveExpiry | 0);
      putSize(sink, this.liveTtl);
    }
    if (this.deleted) {
      putSize(sink, this.deletionHi);
      putSize(sink, this.deletionLo);
      putSize(sink, this.deletionLocal | 0);
    }
    for (let base = 0; base < this.count * cellStride; base += cellStride) {
      const flags = cells[base + atFlags] as number;
      sink.reserve(3);
      sink.view.setUint16(sink.length, cells[base + atId] as number);
      sink.view.setUint8(sink.length + 2, flags);
      sink.length += 3;
      putSize(sink, cells[base + atHi] as number);
      putSize(sink, cells[base + atLo] as number);
      if ((flags & (dead | cellExpiring)) !== 0) putSize(sink, cells[base + atLocal] as number);
      if ((flags & cellExpiring) !== 0) putSize(sink, cells[base + atTtl] as number);
      if ((flags & cellElement) !== 0) {
        const size = cells[base + atPathSize] as number;
        sink.reserve(2);
        sink.view.setUint16(sink.length, size);
        sink.length += 2;
        sink.append(this.#buffer(base), cells[base + atPath] as number, size);
        this.#encodeBytes(sink, base, atKey);
      }
      if ((flags & dead) === 0) this.#encodeBytes(sink, base, atValue);
    }
  }
  #encodeBytes(sink: Sink, base: number, at: typeof atKey | typeof atValue): void {
    const size = this.cells[base + at + 1] as number;
    putSize(sink, size);
    if (size > 0) sink.append(this.#buffer(base), this.cells[base + at] as number, size);
  }
}

const noBytes = new Uint8Array(0);
const noView: DataView = new DataView(noBytes.buffer);

function putSize(sink: Sink, value: number): void {
  sink.reserve(4);
  sink.view.setInt32(sink.length, value);
  sink.length += 4;
}
/** Of two with one timestamp the higher rank wins. */
const rank = (flags: number): number => ((flags & dead) === 0 ? ((flags & cellExpiring) === 0 ? 0 : 1) : 2);

/** Source: Cassandra 5.0, LivenessInfo.supersedes. */
function livenessWins(a: CellTable, b: CellTable): boolean {
  const byTime = compareHalves(a.liveHi, a.liveLo, b.liveHi, b.liveLo);
  if (byTime !== 0) return byTime > 0;
  if (a.liveTtl > 0 !== b.liveTtl > 0) return a.liveTtl > 0;
  if (a.liveTtl === 0) return false;
  return a.liveExpiry === b.liveExpiry ? a.liveTtl > b.liveTtl : a.liveExpiry > b.liveExpiry;
}
/** Source: Cassandra 5.0, DeletionTime.supersedes. */
function deletionWins(a: CellTable, b: CellTable): boolean {
  const byTime = compareHalves(a.deletionHi, a.deletionLo, b.deletionHi, b.deletionLo);
  return byTime === 0 ? a.deletionLocal > b.deletionLocal : byTime > 0;
}
