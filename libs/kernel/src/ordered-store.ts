/** Sorted keys and values, synchronous: what a state machine keeps its state in. `runtime/kv` implements it on disk. */

/** Inclusive `from`, exclusive `to`; without `to`, up to the last key. */
export type KeyRange = {
  readonly from: Uint8Array;
  readonly to?: Uint8Array | undefined;
  /** Largest key first. */
  readonly reverse?: boolean;
  readonly limit?: number;
};
export type KeyValue = readonly [key: Uint8Array, value: Uint8Array];

export interface OrderedReader {
  /** The value, not to be changed by the caller. */
  get(key: Uint8Array): Uint8Array | undefined;
  /** In order of unsigned bytes. What is written while it runs may or may not be seen: page with {@link KeyRange.limit}. */
  range(range: KeyRange): Iterable<KeyValue>;
}
export interface OrderedWriter extends OrderedReader {
  put(key: Uint8Array, value: Uint8Array): void;
  delete(key: Uint8Array): void;
}
export interface OrderedStore extends OrderedReader {
  /** Runs `body` alone; all that it wrote becomes visible at once, or, when it throws, nothing. It reads its own writes. */
  transaction<T>(body: (writer: OrderedWriter) => T): T;
  /** Resolves when all transactions that ended before the call are on disk. */
  flush(): Promise<void>;
  /**
   * `body` is awaited each time before ended transactions are made durable: what they point at outside the store is made
   * durable first. Absent where nothing is made durable. Set once.
   */
  beforeCommit?(body: () => Promise<void>): void;
  /** About so many bytes it takes, all that was flushed. Absent where nobody counts. */
  sizeBytes?(): number;
  /**
   * A state that stays as it is while transactions go on: at least all that ended before the call, whole transactions. To
   * be closed soon: what is deleted or overwritten meanwhile keeps its place on disk.
   */
  openView(): Promise<OrderedView>;
  close(): Promise<void>;
}
export interface OrderedView extends OrderedReader {
  /** Idempotent. */
  close(): void;
}

/** Largest key, in bytes: LMDB's own limit, rounded down. */
export const keySizeMaxBytes = 1_900;
