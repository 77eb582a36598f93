/** The ordered store beneath, as this package needs it: `runtime/table-store` gives it LMDB. */

/** One place in the store. What it shows is valid until its next call; others have places of their own. */
export interface BlockReader {
  /** The key and the value found last. */
  readonly key: Uint8Array;
  readonly keyView: DataView;
  readonly keySize: number;
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly size: number;
  /** The value of just this key; `key` is not set. */
  get(key: Uint8Array, keySize: number): boolean;
  /** The first key at (or with `after` behind) `key`. */
  seek(key: Uint8Array, keySize: number, after: boolean): boolean;
  /** The last key before (or with `at` also at) `key`. */
  seekBack(key: Uint8Array, keySize: number, at: boolean): boolean;
}

export type BlockChange = {
  readonly key: Uint8Array;
  /** Undefined: it goes. */
  readonly value: Uint8Array | undefined;
};

/**
 * A stored value: u32 checksum of key and value · u8 format · u8 flags · (hashed key) u32 size, the partition key · units.
 * A head that is not wide holds the whole partition; one that is holds all but its rows.
 */
export const blockHeadSizeBytes = 6;
export const blockFormat = 1;
export const blockWide = 1;
export const blockHasKey = 2;
