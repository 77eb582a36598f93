/** What a store consists of at a time: memory that is written, memory that is flushed, and runs. */
import type { Memtable } from './memtable.ts';
import type { Run } from './run.ts';
import { compareHalves } from './sink.ts';

export type StoredTable = {
  readonly runs: readonly Run[];
  /** No timestamp in sealed memory or in runs is newer: signed upper, lower half. */
  readonly newestHi: number;
  readonly newestLo: number;
};
export const nothingStored: StoredTable = { runs: [], newestHi: 0x80000000 | 0, newestLo: 0 };

/** Changed in place; `epoch` tells who reads on that it did. */
export type Layers = {
  epoch: number;
  active: Memtable;
  sealed: Memtable | undefined;
  readonly tables: Map<number, StoredTable>;
};
export const layersOver = (active: Memtable): Layers => ({ epoch: 0, active, sealed: undefined, tables: new Map() });

/** The memory that is written takes no more; another takes its place. */
export function seal(layers: Layers, next: Memtable): Memtable {
  const { active } = layers;
  for (const table of active.tables()) noteNewest(layers, table, active.newestHi, active.newestLo);
  layers.sealed = active;
  layers.active = next;
  layers.epoch += 1;
  return active;
}
function noteNewest({ tables }: Layers, table: number, hi: number, lo: number): void {
  const stored = tables.get(table) ?? nothingStored;
  if (compareHalves(hi, lo, stored.newestHi, stored.newestLo) > 0)
    tables.set(table, { ...stored, newestHi: hi, newestLo: lo });
}
export function addRun(layers: Layers, run: Run): void {
  replaceRuns(layers, run.table, [], run);
}
/** @param gone numbers of runs whose content is in `run`, or is no more. */
export function replaceRuns(layers: Layers, table: number, gone: readonly number[], run: Run | undefined): void {
  const stored = layers.tables.get(table) ?? nothingStored;
  const kept = stored.runs.filter(({ number }) => !gone.includes(number));
  layers.tables.set(table, { ...stored, runs: run === undefined ? kept : [run, ...kept] });
  if (run !== undefined) noteNewest(layers, table, run.newestHi, run.newestLo);
  layers.epoch += 1;
}
/** The sealed memory is in runs. */
export function endSealed(layers: Layers): void {
  layers.sealed = undefined;
  layers.epoch += 1;
}
