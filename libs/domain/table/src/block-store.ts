/** The store of blocks beneath, as this package needs it: `runtime/table-store` gives it LMDB. */

/** Reads blocks. What it shows is valid until its next call; others have readers of their own. */
export interface BlockReader {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly size: number;
  /** False: there is no such block. */
  load(run: number, block: number): boolean;
}

/** Takes the blocks of a run that is written, in order. */
export interface BlockWriter {
  put(run: number, block: number, value: Uint8Array): void;
}
