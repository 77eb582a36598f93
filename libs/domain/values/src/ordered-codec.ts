/** How one column's values become key bytes. */
import type { ByteSink } from './byte-sink.ts';

/** Made once for a column, for use at each row. Nothing is allocated for native types but varint and decimal. */
export type OrderedCodec = {
  /** Appends the key bytes of the valid value that stands in source's [from, to). */
  readonly append: (out: ByteSink, source: Uint8Array, from: number, to: number) => void;
  /** Appends the value whose key bytes begin at `at`, without its length. Returns the offset behind the key bytes. */
  readonly decode: (source: Uint8Array, at: number, out: ByteSink) => number;
};

/** What begins the key bytes of an empty value, which comes first. */
export const leadEmpty = 0x01;
