/** A row as selectors and filters see it, wherever it comes from. */
import type { Column } from '@skerry/domain-table';
import { isMultiCell } from '@skerry/domain-values';
import type { Slot } from '../contract.ts';
import { compareBytes } from './byte-ranges.ts';

/** A column, and where it is in a row. */
export type ColumnRef = {
  readonly column: Column;
  /** Its elements are cells of their own. */
  readonly multiCell: boolean;
  readonly counter: boolean;
};
export const columnRef = (column: Column): ColumnRef => ({
  column,
  multiCell: (column.kind === 'regular' || column.kind === 'static') && isMultiCell(column.type),
  counter: column.type.kind === 'counter',
});

/** Timestamp and TTL of one cell, or of one element. `ttl` is what is left, 0: none. */
export type CellTimes = { hi: number; lo: number; ttl: number };

export interface Row {
  /** Leaves the column's value in `out`; size -1: null. Valid until the next load, or the next row. */
  load(ref: ColumnRef, out: Slot): void;
  /** Calls `each` for the cell, or for each element that lives, with its times. */
  times(ref: ColumnRef, each: (times: CellTimes) => void): void;
}

/** What gives rows: partitions, and in each its rows. Where it stands can be told, and gone on from. */
export interface RowSource {
  readonly row: Row;
  /** Goes to the next partition. */
  nextPartition(): boolean;
  /** Of the current partition; valid until the next. */
  key(): Uint8Array;
  /** Goes to the next row of the partition; behind the last one false. */
  nextRow(): boolean;
  /** After all rows: the partition as a row with its static columns alone, if it has any that live. */
  staticRow(): boolean;
  /** Where the current row is. */
  position(): Position;
  /**
   * After `false`: it is not at the end, but has passed so much that the turn may be over. To go on in this turn, ask again;
   * later it is opened behind {@link pausedAt}. Told once.
   */
  takePause(): boolean;
  /** Undefined: where it began. */
  pausedAt(): Position | undefined;
  readonly tombstones: number;
}
export type Position = {
  /** Of the partition. */
  readonly key: Uint8Array;
  /** The row's ordered clustering bytes; undefined: the whole partition is behind. */
  readonly clustering: Uint8Array | undefined;
};
/** All of the partition is behind. */
export const wholly = (source: RowSource): Position => ({ key: source.key().slice(), clustering: undefined });
/** It stands in the partition that is meant. */
export const isAt = (source: RowSource, position: Position | undefined): boolean =>
  position !== undefined && compareBytes(source.key(), position.key) === 0;
