/** A row as a reader shows it: merged, and only what lives. One object, filled again for each row. */
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
  atTtl,
  atValue,
  atValueSize,
  cellStride,
} from './cell-numbers.ts';
import { CellTable } from './cell-table.ts';
import {
  bodyOffset,
  cellDeletion,
  cellElement,
  cellExpiring,
  cellTombstone,
  flagDense,
  flagLive,
  unitHeadSizeBytes,
  wireOffset,
} from './format.ts';
import type { Layout } from './layout.ts';
import { compareHalves } from './sink.ts';

const noBytes = new Uint8Array(0);
const noView: DataView = new DataView(noBytes.buffer);

export class RowView {
  #layout: Layout;
  /** Everything below is in here. */
  bytes: Uint8Array = noBytes;
  view: DataView = noView;
  exists = false;
  /** The clustering's ordered bytes. */
  clusteringFrom = 0;
  clusteringTo = 0;
  /** The clustering's cells, `[i32 size][bytes]` each. */
  wireFrom = 0;
  /** Of a dense row: its cells of all columns in the layout's order follow, as a result row has them. */
  wireTo = 0;
  /** All columns of the layout, and no other, are in [wireTo, cellsTo): one copy is a SELECT of all. */
  dense = false;
  cellsTo = 0;
  /** It was inserted, and that lives; when not, the row is there for its cells alone. */
  live = false;
  liveHi = 0;
  liveLo = 0;
  /** 0: none. */
  liveTtl = 0;
  liveExpiry = 0;
  /** Gone cells and deletions of this row. */
  tombstones = 0;

  /** Filled by {@link columns}: by place in the layout; where a value begins, its size (-1: none), and its timestamp. */
  starts: Int32Array;
  sizes: Int32Array;
  timestampHi: Int32Array;
  timestampLo: Int32Array;
  /** 0: none. */
  ttls: Int32Array;
  /** Seconds since 1970, with a TTL. */
  expiries: Float64Array;
  /** Of a collection with elements of its own: the number of the first one and how many; `sizes` is -1 without any. */
  elementFirst: Int32Array;
  elementCount: Int32Array;

  readonly #cells = new CellTable();
  #row = 0;
  #filled = false;

  constructor(layout: Layout) {
    this.#layout = layout;
    this.starts = this.sizes = this.timestampHi = this.timestampLo = this.ttls = new Int32Array(0);
    this.elementFirst = this.elementCount = this.starts;
    this.expiries = new Float64Array(0);
    this.use(layout);
  }
  get layout(): Layout {
    return this.#layout;
  }
  /** For rows of this table from now on. */
  use(layout: Layout): void {
    if (layout === this.#layout && this.starts.length === layout.ids.length) return;
    this.#layout = layout;
    const { length } = layout.ids;
    this.starts = new Int32Array(length);
    this.sizes = new Int32Array(length);
    this.timestampHi = new Int32Array(length);
    this.timestampLo = new Int32Array(length);
    this.ttls = new Int32Array(length);
    this.expiries = new Float64Array(length);
    this.elementFirst = new Int32Array(length);
    this.elementCount = new Int32Array(length);
  }
  clear(): void {
    this.exists = false;
    this.live = false;
    this.dense = false;
    this.tombstones = 0;
    this.#filled = true;
    this.sizes.fill(-1);
    this.elementCount.fill(0);
  }

  /**
   * Shows a stored row. `covered`: a deletion of the partition or a range lies over it, with this timestamp.
   * `exists` tells whether anything of it lives.
   */
  load(
    bytes: Uint8Array,
    view: DataView,
    row: number,
    nowSeconds: number,
    covered: boolean,
    coverHi: number,
    coverLo: number,
  ): void {
    this.bytes = bytes;
    this.view = view;
    this.#row = row;
    this.tombstones = 0;
    this.liveTtl = 0;
    const flags = view.getUint8(row + 4);
    this.clusteringFrom = row + unitHeadSizeBytes;
    if ((flags & flagDense) !== 0) {
      const hi = view.getInt32(row + 12);
      const lo = view.getInt32(row + 16);
      const ids = this.clusteringFrom + view.getUint16(row + 6);
      this.clusteringTo = ids;
      if (covered && compareHalves(hi, lo, coverHi, coverLo) <= 0) {
        this.exists = false;
        this.tombstones = 1;
        return;
      }
      const count = view.getUint8(row + 5);
      this.wireFrom = ids + 2 * count;
      if (this.#layout.dropped.size === 0 && this.#layout.matches(view, ids, count)) {
        this.live = (flags & flagLive) !== 0;
        this.liveHi = hi;
        this.liveLo = lo;
        this.wireTo = this.wireFrom + view.getUint32(row + 8);
        this.cellsTo = row + view.getUint32(row);
        this.dense = true;
        this.#filled = false;
        // Without liveness its cells decide, and a dense row of an UPDATE has at least one.
        this.exists = true;
        return;
      }
    }
    this.#loadCells(nowSeconds, covered, coverHi, coverLo);
  }
  #loadCells(nowSeconds: number, covered: boolean, coverHi: number, coverLo: number): void {
    const { view } = this;
    const row = this.#row;
    const cells = this.#cells;
    this.dense = false;
    this.#filled = true;
    cells.parse(this.bytes, view, row);
    cells.shadow();
    if (covered) cells.cover(coverHi, coverLo);
    cells.dropColumns(this.#layout);
    this.clusteringTo = this.clusteringFrom + view.getUint16(row + 6);
    this.wireFrom = wireOffset(view, row);
    this.wireTo = bodyOffset(view, row);
    this.cellsTo = this.wireTo;
    this.live = cells.live && (cells.liveTtl === 0 || cells.liveExpiry > nowSeconds);
    this.liveHi = cells.liveHi;
    this.liveLo = cells.liveLo;
    this.liveTtl = cells.liveTtl;
    this.liveExpiry = cells.liveExpiry;
    this.exists = this.live;
    if (cells.deleted) this.tombstones += 1;
    if (cells.live && !this.live) this.tombstones += 1;
    this.sizes.fill(-1);
    this.elementCount.fill(0);
    this.#place(nowSeconds);
  }
  #place(nowSeconds: number): void {
    const { cells, count } = this.#cells;
    for (let i = 0, base = 0; i < count; i++, base += cellStride) {
      const flags = cells[base + atFlags] as number;
      const local = (cells[base + atLocal] as number) >>> 0;
      if ((flags & (cellTombstone | cellDeletion)) !== 0 || ((flags & cellExpiring) !== 0 && local <= nowSeconds)) {
        this.tombstones += 1;
        // Elements are walked by number: the gone ones among them say so.
        cells[base + atFlags] = flags | cellTombstone;
        continue;
      }
      const place = this.#layout.placeOf(cells[base + atId] as number);
      if (place < 0) continue;
      this.exists = true;
      if ((flags & cellElement) !== 0) {
        if (this.sizes[place] === -1) {
          this.sizes[place] = 0;
          this.elementFirst[place] = i;
        }
        this.elementCount[place] = i - (this.elementFirst[place] as number) + 1;
        continue;
      }
      this.starts[place] = cells[base + atValue] as number;
      this.sizes[place] = cells[base + atValueSize] as number;
      this.timestampHi[place] = cells[base + atHi] as number;
      this.timestampLo[place] = cells[base + atLo] as number;
      this.ttls[place] = cells[base + atTtl] as number;
      this.expiries[place] = local;
    }
  }
  /** Fills the arrays of a dense row; of others they are filled. Call it before looking at them. */
  columns(): void {
    if (this.#filled) return;
    this.#filled = true;
    const { view, starts, sizes, cellsTo } = this;
    let at = this.wireTo;
    for (let place = 0; at < cellsTo; place++) {
      const size = view.getInt32(at);
      at += 4;
      starts[place] = at;
      sizes[place] = size;
      if (size > 0) at += size;
    }
    this.timestampHi.fill(this.liveHi);
    this.timestampLo.fill(this.liveLo);
    this.ttls.fill(0);
  }

  // Elements, by number from `elementFirst` on. Some of the numbers may be of elements that are gone: `hasElement`.

  hasElement(number: number): boolean {
    return ((this.#cells.cells[number * cellStride + atFlags] as number) & (cellTombstone | cellDeletion)) === 0;
  }
  pathFrom(number: number): number {
    return this.#cells.cells[number * cellStride + atPath] as number;
  }
  pathSize(number: number): number {
    return this.#cells.cells[number * cellStride + atPathSize] as number;
  }
  /** A set's element or a map's key; `[i32 size]` lies before it, and a map's value with its size right behind. */
  keyFrom(number: number): number {
    return this.#cells.cells[number * cellStride + atKey] as number;
  }
  keySize(number: number): number {
    return this.#cells.cells[number * cellStride + atKeySize] as number;
  }
  /** `[i32 size]` lies before it. */
  itemFrom(number: number): number {
    return this.#cells.cells[number * cellStride + atValue] as number;
  }
  itemSize(number: number): number {
    return this.#cells.cells[number * cellStride + atValueSize] as number;
  }
  itemHi(number: number): number {
    return this.#cells.cells[number * cellStride + atHi] as number;
  }
  itemLo(number: number): number {
    return this.#cells.cells[number * cellStride + atLo] as number;
  }
  itemTtl(number: number): number {
    return this.#cells.cells[number * cellStride + atTtl] as number;
  }
  itemExpiry(number: number): number {
    return (this.#cells.cells[number * cellStride + atLocal] as number) >>> 0;
  }
}
