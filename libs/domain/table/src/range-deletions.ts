/** Range deletions of one partition: sorted, apart, of each place the newest. */
import { kindRangeDeletion, unitHeadSizeBytes } from './format.ts';
import { compareHalves, compareRanges, type Sink } from './sink.ts';

export type Deletion = { readonly hi: number; readonly lo: number; readonly local: number };
/** Rows in [from, to); an empty `to` is no bound. */
type Range = { readonly from: Uint8Array; readonly to: Uint8Array; readonly deletion: Deletion };

export class RangeDeletions {
  #ranges: Range[] = [];
  /** Of the last {@link covers}. */
  hi = 0;
  lo = 0;

  get count(): number {
    return this.#ranges.length;
  }
  clear(): void {
    if (this.#ranges.length > 0) this.#ranges = [];
  }
  /** Adds a range deletion's unit. */
  addUnit(bytes: Uint8Array, view: DataView, unit: number): void {
    const from = unit + unitHeadSizeBytes + 4;
    const middle = from + view.getUint16(unit + 6);
    const deletion = {
      hi: view.getInt32(unit + 12),
      lo: view.getInt32(unit + 16),
      local: view.getUint32(unit + unitHeadSizeBytes),
    };
    this.#add({
      from: bytes.slice(from, middle),
      to: bytes.slice(middle, middle + view.getUint32(unit + 8)),
      deletion,
    });
  }
  addAll(other: RangeDeletions): void {
    for (const range of other.#ranges) this.#add(range);
  }
  #add(range: Range): void {
    const { to, deletion } = range;
    if (to.length > 0 && compare(range.from, to) >= 0) return;
    const first = this.#firstEndingBehind(range.from);
    const pieces: Range[] = [];
    let cursor = range.from;
    let open = true;
    let next = first;
    for (; open && next < this.#ranges.length; next++) {
      const old = this.#ranges[next];
      if (old === undefined || (to.length > 0 && compare(old.from, to) >= 0)) break;
      const order = compare(cursor, old.from);
      if (order < 0) pieces.push({ from: cursor, to: old.from, deletion });
      else if (order > 0) pieces.push({ from: old.from, to: cursor, deletion: old.deletion });
      const from = order < 0 ? old.from : cursor;
      const byEnd = compareEnds(old.to, to);
      const end = byEnd <= 0 ? old.to : to;
      pieces.push({ from, to: end, deletion: newer(old.deletion, deletion) });
      if (byEnd > 0) pieces.push({ from: to, to: old.to, deletion: old.deletion });
      open = byEnd < 0;
      cursor = end;
    }
    if (open) pieces.push({ from: cursor, to, deletion });
    this.#ranges.splice(first, next - first, ...joined(pieces));
  }
  #firstEndingBehind(from: Uint8Array): number {
    let low = 0;
    let high = this.#ranges.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const range = this.#ranges[middle];
      if (range !== undefined && range.to.length > 0 && compare(range.to, from) <= 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
  /** Whether a row is covered: then `hi` and `lo` say by what. */
  covers(bytes: Uint8Array, from: number, to: number): boolean {
    let low = 0;
    let high = this.#ranges.length;
    // The last range that begins at or before it.
    while (low < high) {
      const middle = (low + high) >>> 1;
      const start = this.#ranges[middle]?.from ?? noBytes;
      if (compareRanges(start, 0, start.length, bytes, from, to) <= 0) low = middle + 1;
      else high = middle;
    }
    const range = this.#ranges[low - 1];
    if (range === undefined) return false;
    if (range.to.length > 0 && compareRanges(range.to, 0, range.to.length, bytes, from, to) <= 0) return false;
    this.hi = range.deletion.hi;
    this.lo = range.deletion.lo;
    return true;
  }
  /** Takes out what a deletion of the partition covers. */
  cover(hi: number | undefined, lo: number): void {
    if (hi === undefined) return;
    this.#ranges = this.#ranges.filter(({ deletion }) => compareHalves(deletion.hi, deletion.lo, hi, lo) > 0);
  }
  /** @param keeps which of them are written. */
  encode(sink: Sink, keeps: (deletion: Deletion) => boolean = () => true): void {
    for (const { from, to, deletion } of this.#ranges) {
      if (!keeps(deletion)) continue;
      const size = unitHeadSizeBytes + 4 + from.length + to.length;
      sink.reserve(size);
      const { view, length } = sink;
      view.setUint32(length, size);
      view.setUint8(length + 4, kindRangeDeletion);
      view.setUint8(length + 5, 0);
      view.setUint16(length + 6, from.length);
      view.setUint32(length + 8, to.length);
      view.setInt32(length + 12, deletion.hi);
      view.setInt32(length + 16, deletion.lo);
      view.setUint32(length + unitHeadSizeBytes, deletion.local);
      sink.length += unitHeadSizeBytes + 4;
      sink.append(from, 0, from.length);
      sink.append(to, 0, to.length);
    }
  }
}

const noBytes = new Uint8Array(0);
const compare = (a: Uint8Array, b: Uint8Array): number => compareRanges(a, 0, a.length, b, 0, b.length);
const compareEnds = (a: Uint8Array, b: Uint8Array): number =>
  a.length === 0 || b.length === 0 ? (a.length === 0 ? 1 : 0) - (b.length === 0 ? 1 : 0) : compare(a, b);
const newer = (a: Deletion, b: Deletion): Deletion => {
  const byTime = compareHalves(a.hi, a.lo, b.hi, b.lo);
  return byTime > 0 || (byTime === 0 && a.local >= b.local) ? a : b;
};
const same = (a: Deletion, b: Deletion): boolean => a.hi === b.hi && a.lo === b.lo && a.local === b.local;

function joined(pieces: readonly Range[]): readonly Range[] {
  const out: Range[] = [];
  for (const piece of pieces) {
    const last = out.at(-1);
    if (last !== undefined && same(last.deletion, piece.deletion) && compare(last.to, piece.from) === 0)
      out[out.length - 1] = { ...last, to: piece.to };
    else out.push(piece);
  }
  return out;
}
