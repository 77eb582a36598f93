/** What a table is: columns, keys, options. Immutable; an ALTER makes a new one with the next `version`. */
import type { ValueType } from '@skerry/domain-values';

export type ColumnKind = 'partition_key' | 'clustering' | 'static' | 'regular';

export type Column = {
  /** Its number in stored rows: given once for each name and type, never used again for another. 0 to 65,535. */
  readonly id: number;
  readonly name: string;
  readonly kind: ColumnKind;
  readonly type: ValueType;
  /** Among the columns of its kind, from 0: keys in key order, others sorted by the bytes of their names. */
  readonly position: number;
  /** Clustering, DESC. */
  readonly reversed: boolean;
};
/** Cells of it that were written at or before `droppedAtMicros` are gone. */
export type DroppedColumn = Omit<Column, 'position' | 'reversed'> & { readonly droppedAtMicros: number };

export type TableSchema = {
  readonly keyspace: string;
  readonly name: string;
  /** UUID, as 32 hexadecimal digits. */
  readonly id: string;
  /** Its number in stored keys: given once, never used again for another table. 1 to 2^32 - 1. */
  readonly number: number;
  /** Counts its changes, from 1. */
  readonly version: number;
  readonly partitionKey: readonly Column[];
  readonly clustering: readonly Column[];
  readonly statics: readonly Column[];
  readonly regulars: readonly Column[];
  readonly dropped: readonly DroppedColumn[];
  /** All its regular columns are counters. */
  readonly isCounter: boolean;
  /** Seconds that a tombstone is kept. */
  readonly gcGraceSeconds: number;
  /** Of every cell that is written without a TTL of its own; 0: none. */
  readonly defaultTtlSeconds: number;
  /** All other options, as CQL spells them: kept and shown. */
  readonly options: ReadonlyMap<string, string | number | boolean | ReadonlyMap<string, string>>;
};
