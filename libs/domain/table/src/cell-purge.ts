/** What is covered, dropped or dead goes out of a row. */
import { atFlags, atHi, atId, atLo, atLocal, atTtl, atValueSize, cellStride, deadFlags } from './cell-numbers.ts';
import type { CellTable } from './cell-table.ts';
import { cellDeletion, cellExpiring, cellTombstone } from './format.ts';
import type { Layout } from './layout.ts';
import { neverDead } from './run.ts';
import { compareHalves } from './sink.ts';

/** Takes out what the row's own deletions cover. */
export function shadow(table: CellTable): void {
  if (table.deleted) coverCells(table, table.deletionHi, table.deletionLo);
  if (hasCollections(table)) coverCollections(table);
}

/** Takes out what a deletion of the partition or of a range covers. `shadow` must have been done. */
export function cover(table: CellTable, hi: number, lo: number): void {
  if (table.deleted && compareHalves(table.deletionHi, table.deletionLo, hi, lo) <= 0) table.deleted = false;
  coverCells(table, hi, lo);
}

function coverCells(table: CellTable, hi: number, lo: number): void {
  if (table.live && compareHalves(table.liveHi, table.liveLo, hi, lo) <= 0) table.live = false;
  const { cells } = table;
  keep(table, (base) => compareHalves(cells[base + atHi] as number, cells[base + atLo] as number, hi, lo) > 0);
}

function hasCollections(table: CellTable): boolean {
  for (let base = 0; base < table.count * cellStride; base += cellStride)
    if (((table.cells[base + atFlags] as number) & cellDeletion) !== 0) return true;
  return false;
}

function coverCollections(table: CellTable): void {
  const { cells } = table;
  let id = -1;
  let hi = 0;
  let lo = 0;
  keep(table, (base) => {
    if (((cells[base + atFlags] as number) & cellDeletion) !== 0) {
      id = cells[base + atId] as number;
      hi = cells[base + atHi] as number;
      lo = cells[base + atLo] as number;
      return true;
    }
    return (
      cells[base + atId] !== id || compareHalves(cells[base + atHi] as number, cells[base + atLo] as number, hi, lo) > 0
    );
  });
}

/** Takes out cells of columns from before they were dropped. */
export function dropColumns(table: CellTable, { dropped }: Layout): void {
  if (dropped.size === 0) return;
  const { cells } = table;
  keep(table, (base) => {
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
export function purge(
  table: CellTable,
  nowSeconds: number,
  graceStart: number,
  floorHi: number,
  floorLo: number,
): void {
  if (table.live && table.liveTtl > 0 && table.liveExpiry <= nowSeconds) table.live = false;
  if (
    table.deleted &&
    table.deletionLocal < graceStart &&
    compareHalves(table.deletionHi, table.deletionLo, floorHi, floorLo) < 0
  )
    table.deleted = false;
  const { cells } = table;
  keep(table, (base) => {
    const flags = cells[base + atFlags] as number;
    let local = (cells[base + atLocal] as number) >>> 0;
    if ((flags & cellExpiring) !== 0 && local <= nowSeconds) {
      local = Math.max(0, local - (cells[base + atTtl] as number));
      cells[base + atFlags] = (flags & ~cellExpiring) | cellTombstone;
      cells[base + atLocal] = local;
      cells[base + atTtl] = 0;
      cells[base + atValueSize] = -1;
    } else if ((flags & deadFlags) === 0) return true;
    return (
      local >= graceStart ||
      compareHalves(cells[base + atHi] as number, cells[base + atLo] as number, floorHi, floorLo) >= 0
    );
  });
}

/** When the first of its deletions was made or the first of its cells expires, in seconds since 1970. */
export function deadFrom(table: CellTable): number {
  let least = table.deleted ? table.deletionLocal : neverDead;
  if (table.live && table.liveTtl > 0) least = Math.min(least, table.liveExpiry);
  const { cells } = table;
  for (let base = 0; base < table.count * cellStride; base += cellStride)
    if (((cells[base + atFlags] as number) & (deadFlags | cellExpiring)) !== 0)
      least = Math.min(least, (cells[base + atLocal] as number) >>> 0);
  return least;
}

function keep(table: CellTable, keeps: (base: number) => boolean): void {
  const { cells } = table;
  const end = table.count * cellStride;
  let to = 0;
  for (let base = 0; base < end; base += cellStride) {
    if (!keeps(base)) continue;
    if (to !== base) cells.copyWithin(to, base, base + cellStride);
    to += cellStride;
  }
  table.count = to / cellStride;
}
