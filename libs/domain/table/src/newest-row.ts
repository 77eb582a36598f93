/**
 * Of the versions of one row the one that is all of it, if there is one: then nothing is merged. It is so when rows are
 * written whole again and again.
 */
import { bodyOffset, flagDense, flagLive, unitHeadSizeBytes, wireOffset } from './format.ts';
import type { Layout } from './layout.ts';
import { compareHalves, compareRanges } from './sink.ts';

/** A version of a row: where it begins. */
export type RowVersion = { readonly bytes: Uint8Array; readonly view: DataView; readonly row: number };

/**
 * The place, among the first `count` of `shown`, of the version that nothing of the others outlives: all versions are dense,
 * it is newer than they are, it was inserted, and it has a value for each column. -1: they must be merged.
 */
export function newestOf(
  versions: readonly RowVersion[],
  shown: readonly number[],
  count: number,
  layout: Layout,
): number {
  if (layout.dropped.size > 0) return -1;
  let newest = versions[shown[0] as number] as RowVersion;
  let place = 0;
  let hi = newest.view.getInt32(newest.row + 12);
  let lo = newest.view.getInt32(newest.row + 16);
  let isOnly = true;
  for (let i = 0; i < count; i++) {
    const { view, row } = versions[shown[i] as number] as RowVersion;
    if ((view.getUint8(row + 4) & flagDense) === 0) return -1;
    if (i === 0) continue;
    const otherHi = view.getInt32(row + 12);
    const otherLo = view.getInt32(row + 16);
    const order = compareHalves(otherHi, otherLo, hi, lo);
    if (order < 0) continue;
    isOnly = order > 0;
    newest = versions[shown[i] as number] as RowVersion;
    place = i;
    hi = otherHi;
    lo = otherLo;
  }
  if (!isOnly || !isWhole(newest, layout)) return -1;
  for (let i = 0; i < count; i++) {
    const { bytes, view, row } = versions[shown[i] as number] as RowVersion;
    if (!isSpelledAlike(newest.bytes, newest.view, newest.row, bytes, view, row)) return -1;
  }
  return place;
}
/** It was inserted, with a value for each column. */
export function isWhole({ view, row }: RowVersion, layout: Layout): boolean {
  const wanted = flagDense | flagLive;
  if ((view.getUint8(row + 4) & wanted) !== wanted) return false;
  const count = view.getUint8(row + 5);
  if (!layout.matches(view, row + unitHeadSizeBytes + view.getUint16(row + 6), count)) return false;
  let at = bodyOffset(view, row);
  for (let i = 0; i < count; i++) {
    const size = view.getInt32(at);
    if (size < 0) return false;
    at += 4 + size;
  }
  return true;
}
/** One place in the order may have several spellings (decimals): of them the greater one is shown, whoever is newer. */
export function isSpelledAlike(
  aBytes: Uint8Array,
  aView: DataView,
  aRow: number,
  bBytes: Uint8Array,
  bView: DataView,
  bRow: number,
): boolean {
  const aSize = aView.getUint32(aRow + 8);
  const bSize = bView.getUint32(bRow + 8);
  if (aSize === 0 && bSize === 0) return true;
  const aFrom = wireOffset(aView, aRow);
  const bFrom = wireOffset(bView, bRow);
  return compareRanges(aBytes, aFrom, aFrom + aSize, bBytes, bFrom, bFrom + bSize) === 0;
}
