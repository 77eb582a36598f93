/** Where rows stand among others of their partition. */
import { unitHeadSizeBytes } from './format.ts';
import type { RowVersion } from './newest-row.ts';
import { compareRanges } from './sink.ts';
import type { Slices } from './slices.ts';

/** By their clustering. */
export function compareRows(x: RowVersion, y: RowVersion): number {
  const xFrom = x.row + unitHeadSizeBytes;
  const yFrom = y.row + unitHeadSizeBytes;
  return compareRanges(
    x.bytes,
    xFrom,
    xFrom + x.view.getUint16(x.row + 6),
    y.bytes,
    yFrom,
    yFrom + y.view.getUint16(y.row + 6),
  );
}
/** Whether a row is behind a slice, in the direction of reading. */
export function isBeyond({ bytes, view, row }: RowVersion, slices: Slices, slice: number, reverse: boolean): boolean {
  const middle = slices.middleOf(slice);
  const start = row + unitHeadSizeBytes;
  const end = start + view.getUint16(row + 6);
  if (reverse) return compareRanges(bytes, start, end, slices.bytes, slices.fromOf(slice), middle) < 0;
  const to = slices.toOf(slice);
  return to > middle && compareRanges(bytes, start, end, slices.bytes, middle, to) >= 0;
}
