/** A row is put together again. */
import {
  atFlags,
  atHi,
  atId,
  atKey,
  atLo,
  atLocal,
  atPath,
  atPathSize,
  atTtl,
  atValue,
  cellStride,
  deadFlags,
} from './cell-numbers.ts';
import type { CellTable } from './cell-table.ts';
import {
  cellElement,
  cellExpiring,
  flagDeletion,
  flagDense,
  flagExpiring,
  flagLive,
  unitHeadSizeBytes,
  wireOffset,
} from './format.ts';
import type { Layout } from './layout.ts';
import type { Sink } from './sink.ts';

/** A dense row may have this many empty places, and as many as it has cells. */
const denseGapsMax = 8;

/** Appends the row; dense when the layout and its cells allow. */
export function encodeRow(table: CellTable, sink: Sink, layout: Layout | undefined): void {
  const dense = layout !== undefined && isDense(table, layout);
  const start = encodeHead(table, sink, dense ? layout : undefined);
  if (dense) encodeDense(table, sink, layout);
  else encodeCells(table, sink);
  sink.view.setUint32(start, sink.length - start);
}

function encodeHead(table: CellTable, sink: Sink, layout: Layout | undefined): number {
  const view = table.rowView;
  const row = table.row;
  const ordered = view.getUint16(row + 6);
  const wire = view.getUint32(row + 8);
  const ids = layout?.ids.length ?? 0;
  sink.reserve(unitHeadSizeBytes + ordered + 2 * ids + wire);
  const start = sink.length;
  const dense = layout !== undefined;
  sink.view.setUint8(
    start + 4,
    table.kind |
      (dense ? flagDense : 0) |
      (table.live ? flagLive : 0) |
      (table.live && table.liveTtl > 0 ? flagExpiring : 0) |
      (table.deleted ? flagDeletion : 0),
  );
  sink.view.setUint8(start + 5, ids);
  sink.view.setUint16(start + 6, ordered);
  sink.view.setUint32(start + 8, wire);
  const first = dense && table.count > 0;
  sink.view.setInt32(start + 12, first ? (table.cells[atHi] as number) : table.live ? table.liveHi : 0);
  sink.view.setInt32(start + 16, first ? (table.cells[atLo] as number) : table.live ? table.liveLo : 0);
  sink.length += unitHeadSizeBytes;
  sink.append(table.rowBytes, row + unitHeadSizeBytes, ordered);
  if (layout !== undefined) {
    for (let i = 0; i < ids; i++) sink.view.setUint16(sink.length + 2 * i, layout.ids[i] as number);
    sink.length += 2 * ids;
  }
  sink.append(table.rowBytes, wireOffset(view, row), wire);
  return start;
}

function isDense(table: CellTable, layout: Layout): boolean {
  if (!layout.canBeDense || table.deleted || (table.live && table.liveTtl > 0)) return false;
  if (table.count === 0) return table.live && layout.ids.length <= denseGapsMax;
  const { cells } = table;
  const hi = cells[atHi];
  const lo = cells[atLo];
  if (table.live && (table.liveHi !== hi || table.liveLo !== lo)) return false;
  for (let base = 0; base < table.count * cellStride; base += cellStride)
    if (cells[base + atFlags] !== 0 || cells[base + atHi] !== hi || cells[base + atLo] !== lo) return false;
    else if (layout.placeOf(cells[base + atId] as number) < 0) return false;
  return layout.ids.length - table.count <= Math.max(denseGapsMax, table.count);
}

function encodeDense(table: CellTable, sink: Sink, layout: Layout): void {
  const { cells } = table;
  const end = table.count * cellStride;
  for (const id of layout.ids) {
    let base = 0;
    while (base < end && cells[base + atId] !== id) base += cellStride;
    if (base < end) encodeBytes(table, sink, base, atValue);
    else putSize(sink, -1);
  }
}

function encodeCells(table: CellTable, sink: Sink): void {
  const { cells } = table;
  if (table.live && table.liveTtl > 0) {
    putSize(sink, table.liveExpiry | 0);
    putSize(sink, table.liveTtl);
  }
  if (table.deleted) {
    putSize(sink, table.deletionHi);
    putSize(sink, table.deletionLo);
    putSize(sink, table.deletionLocal | 0);
  }
  for (let base = 0; base < table.count * cellStride; base += cellStride) {
    const flags = cells[base + atFlags] as number;
    sink.reserve(3);
    sink.view.setUint16(sink.length, cells[base + atId] as number);
    sink.view.setUint8(sink.length + 2, flags);
    sink.length += 3;
    putSize(sink, cells[base + atHi] as number);
    putSize(sink, cells[base + atLo] as number);
    if ((flags & (deadFlags | cellExpiring)) !== 0) putSize(sink, cells[base + atLocal] as number);
    if ((flags & cellExpiring) !== 0) putSize(sink, cells[base + atTtl] as number);
    if ((flags & cellElement) !== 0) {
      const size = cells[base + atPathSize] as number;
      sink.reserve(2);
      sink.view.setUint16(sink.length, size);
      sink.length += 2;
      sink.append(table.bufferOf(base), cells[base + atPath] as number, size);
      encodeBytes(table, sink, base, atKey);
    }
    if ((flags & deadFlags) === 0) encodeBytes(table, sink, base, atValue);
  }
}

function encodeBytes(table: CellTable, sink: Sink, base: number, at: typeof atKey | typeof atValue): void {
  const size = table.cells[base + at + 1] as number;
  putSize(sink, size);
  if (size > 0) sink.append(table.bufferOf(base), table.cells[base + at] as number, size);
}

function putSize(sink: Sink, value: number): void {
  sink.reserve(4);
  sink.view.setInt32(sink.length, value);
  sink.length += 4;
}
