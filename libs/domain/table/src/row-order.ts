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

/** A row among those that lie one behind the other. */
const probe: { bytes: Uint8Array; view: DataView; row: number } = {
  bytes: new Uint8Array(0),
  view: new DataView(new ArrayBuffer(0)),
  row: 0,
};
/** Of rows in the direction of reading, of which a slice has the first: how many of `count` it has. */
export function countWithin(
  { bytes, view, aheadRows, aheadAt }: RowsAhead,
  count: number,
  slices: Slices,
  slice: number,
  reverse: boolean,
): number {
  probe.bytes = bytes;
  probe.view = view;
  const step = reverse ? -1 : 1;
  let low = 0;
  let high = count;
  // Most often it has all of them.
  let middle = count - 1;
  while (low < high) {
    probe.row = aheadRows[aheadAt + step * middle] as number;
    if (isBeyond(probe, slices, slice, reverse)) high = middle;
    else low = middle + 1;
    middle = (low + high) >>> 1;
  }
  return low;
}
type RowsAhead = {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly aheadRows: Int32Array;
  readonly aheadAt: number;
};
