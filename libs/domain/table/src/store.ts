/**
 * What an engine sees of stored tables. Everything is synchronous but what waits for a disk; all bytes that a reader shows
 * are valid until its next call, or until the store is written to.
 */
import type { TableLayout } from './layout.ts';
import type { MutationWriter } from './mutation-writer.ts';
import type { RowTarget } from './row-target.ts';
import type { RowView } from './row-view.ts';
import type { Slices } from './slices.ts';

/** Reads one partition, or the partitions of a token range. One reader is used again and again; it allocates nothing. */
export interface TableReader {
  /**
   * Begins to read one partition.
   * @param slices of the clustering; undefined: all rows.
   * @param nowSeconds what has expired by then is not there.
   */
  openPartition(
    table: TableLayout,
    key: Uint8Array,
    keyFrom: number,
    keySize: number,
    slices: Slices | undefined,
    reverse: boolean,
    nowSeconds: number,
  ): void;
  /** Begins to read the partitions of a range of tokens, in their order. */
  openScan(
    table: TableLayout,
    range: TokenRange,
    slices: Slices | undefined,
    reverse: boolean,
    nowSeconds: number,
  ): void;

  /**
   * Goes to the (next) partition: of one that was opened by its key there is one at most. A partition with neither live
   * rows in the slices nor live statics may be shown too. What is left of the last one is skipped.
   */
  nextPartition(): boolean;
  readonly tokenHi: number;
  readonly tokenLo: number;
  readonly keyBytes: Uint8Array;
  readonly keyFrom: number;
  readonly keySize: number;
  /** The partition's static row; its `exists` is false when none of its cells lives. */
  readonly statics: RowView;

  /** Goes to the next live row of the partition; it is in `row`. */
  nextRow(): boolean;
  /**
   * For those who read in turns: after so many rows that are no more {@link nextRow} says false though it is not at the end,
   * `isPaused` is set until it is taken away, and `row` tells where it stands. Infinity: it never does.
   */
  deadRowsMax: number;
  isPaused: boolean;
  readonly row: RowView;

  /**
   * Copies the next rows of the partition into an answer, as {@link nextRow} would show them: each with the key's cells before
   * its own. It copies what it can so: of one place, dense, of all columns, covered by nothing; `nextRow` shows what follows.
   * @param most rows. @param sizeMaxBytes which are not gone beyond. @returns how many it copied; perhaps none.
   */
  copyRows(target: RowTarget, most: number, sizeMaxBytes: number): number;
  /**
   * The same, in a scan, for whole partitions of one row each; `nextPartition` shows what follows, and must be called in the
   * same turn.
   */
  copyPartitions(target: RowTarget, most: number, sizeMaxBytes: number): number;

  /** Rows, cells and deletions met since `open…` that are gone but not yet purged: for the guardrails. */
  readonly tombstones: number;
  /** Live rows since `open…`. */
  readonly liveRows: number;
}

/** Tokens in (from, to]; with a key of the token `from`, what comes behind that partition. */
export type TokenRange = {
  readonly fromHi: number;
  readonly fromLo: number;
  /** The range begins with the token `from` itself. */
  readonly fromInclusive: boolean;
  /** The partition after which the range begins: paging. Its token is `from`. */
  readonly afterKey?: Uint8Array | undefined;
  readonly toHi: number;
  readonly toLo: number;
};

/**
 * Mutations are written with `writer`, from `begin` to `end`, and then applied: they can be read at once, and may be
 * acknowledged when {@link TableStore.endTurn} says so.
 */
export interface TableStore {
  readonly writer: MutationWriter;
  /**
   * Applies the mutations written since the last `apply`.
   * @throws StatusError `overloaded`: the disk is behind; nothing of them is kept. Wait for `room`.
   */
  apply(): void;
  /** Undefined: writes are taken. Else it resolves when they are again. */
  room(): Promise<void> | undefined;
  /**
   * At the end of a turn of the event loop: one write to the commit log for all that was applied in it. Undefined: all of
   * it may be acknowledged now; else when the promise resolves (`batch`). It never rejects: a log that fails is told
   * to `onFatal`, and the promise stays open.
   */
  endTurn(): Promise<void> | undefined;

  /** A reader of its own, for reads that go on side by side. Each call makes one: keep it. */
  reader(): TableReader;

  /** A table that is there now, or as it is after a change. Mutations of other tables are refused, and not replayed. */
  setTable(table: TableLayout): void;
  /** The table goes with all its data. */
  dropTable(tableNumber: number): Promise<void>;
  /**
   * All that tables have goes at one moment, between the call and its end: what is written behind that moment stays. It is
   * one step after a crash too.
   * @param tables asked at that moment for their numbers.
   */
  truncate(tables: () => readonly number[]): Promise<void>;

  /** Resolves when all that was applied before the call is in the store, the commit log cut. */
  flush(): Promise<void>;
  /** A copy of all that was applied before the call, in a folder that is not there yet: a store that can be opened. */
  snapshot(path: string): Promise<void>;
  close(): Promise<void>;
}
