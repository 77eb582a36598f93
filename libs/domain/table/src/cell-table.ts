/**
 * A row taken apart: its cells in one array of numbers, pointing into the buffers that hold their bytes. Here rows are
 * merged, shadowed and purged, and put together again.
 */
import { assert, present } from '@skerry/kernel';
import {
  bodyOffset,
  cellCounter,
  cellElement,
  cellExpiring,
  flagDeletion,
  flagDense,
  flagExpiring,
  flagLive,
  kindMask,
  unitHeadSizeBytes,
  wireOffset,
} from './format.ts';
import { encodeRow } from './cell-encode.ts';
import {
  atFlags,
  atHi,
  atId,
  atKey,
  atKeySize,
  atLo,
  atLocal,
  atPath,
  atPathSize,
  atSource,
  atTtl,
  atValue,
  atValueSize,
  cellStride,
  deadFlags,
} from './cell-numbers.ts';
import { cover, deadFrom, dropColumns, purge, shadow } from './cell-purge.ts';
import type { Layout } from './layout.ts';
import { mergeShards } from './counter.ts';
import { compareHalves, compareRanges, type Sink } from './sink.ts';

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
  rowBytes: Uint8Array = noBytes;
  rowView: DataView = noView;
  row = 0;
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
    this.rowBytes = bytes;
    this.rowView = view;
    this.row = row;
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
    if ((flags & (deadFlags | cellExpiring)) !== 0) {
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
    if ((flags & deadFlags) === 0) {
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
      this.bufferOf(a),
      aPath,
      aPath + (cells[a + atPathSize] as number),
      other.bufferOf(b),
      bPath,
      bPath + (other.cells[b + atPathSize] as number),
    );
  }
  bufferOf(base: number): Uint8Array {
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
      left.bufferOf(a).subarray(aFrom, aFrom + (left.cells[a + atValueSize] as number)),
      right.bufferOf(b).subarray(bFrom, bFrom + (right.cells[b + atValueSize] as number)),
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
    return compareRanges(this.bufferOf(a), aFrom, aFrom + aSize, right.bufferOf(b), bFrom, bFrom + bSize);
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
    const aFrom = wireOffset(left.rowView, left.row);
    const bFrom = wireOffset(right.rowView, right.row);
    const from =
      compareRanges(
        left.rowBytes,
        aFrom,
        aFrom + left.rowView.getUint32(left.row + 8),
        right.rowBytes,
        bFrom,
        bFrom + right.rowView.getUint32(right.row + 8),
      ) >= 0
        ? left
        : right;
    this.rowBytes = from.rowBytes;
    this.rowView = from.rowView;
    this.row = from.row;
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

  /** See `cell-purge.ts`. */
  shadow(): void {
    shadow(this);
  }
  cover(hi: number, lo: number): void {
    cover(this, hi, lo);
  }
  dropColumns(layout: Layout): void {
    dropColumns(this, layout);
  }
  purge(nowSeconds: number, graceStart: number, floorHi: number, floorLo: number): void {
    purge(this, nowSeconds, graceStart, floorHi, floorLo);
  }
  deadFrom(): number {
    return deadFrom(this);
  }
  /** Appends the row; dense when the layout and its cells allow. */
  encode(sink: Sink, layout: Layout | undefined): void {
    encodeRow(this, sink, layout);
  }
}

const noBytes = new Uint8Array(0);
const noView: DataView = new DataView(noBytes.buffer);

/** Of two with one timestamp the higher rank wins. */
const rank = (flags: number): number => ((flags & deadFlags) === 0 ? ((flags & cellExpiring) === 0 ? 0 : 1) : 2);

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
