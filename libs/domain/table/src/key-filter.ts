/**
 * Whether a run may have a partition: most that it does not have need no look at its blocks. Source: B. Bloom, "Space/time
 * trade-offs in hash coding with allowable errors", 1970. A token is a hash already: its halves are the two that are
 * combined.
 */

import { sharedNumbers } from './block-index.ts';

/** Bits of each key at least; at most twice as many. With five looks, one of a hundred strangers passes. */
const bitsPerKey = 9;
const looks = 5;
const wordsMin = 2;
/** 512 MiB: of half a thousand million keys; more of them only make it pass more. */
const wordsMax = 2 ** 27;

export class KeyFilter {
  readonly words: Int32Array;
  readonly #mask: number;

  constructor(words: Int32Array) {
    this.words = words;
    this.#mask = words.length - 1;
  }
  /** For about so many keys. */
  static forKeys(count: number): KeyFilter {
    let words = wordsMin;
    while (words * 32 < count * bitsPerKey && words < wordsMax) words *= 2;
    return new KeyFilter(sharedNumbers(words));
  }
  encode(): Uint8Array {
    const bytes = new Uint8Array(4 * this.words.length);
    const view = new DataView(bytes.buffer);
    for (const [i, word] of this.words.entries()) view.setInt32(4 * i, word);
    return bytes;
  }
  /** Undefined: it is cut. */
  static decode(bytes: Uint8Array): KeyFilter | undefined {
    const count = bytes.length / 4;
    if (count < wordsMin || !Number.isInteger(Math.log2(count))) return undefined;
    const words = sharedNumbers(count);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let i = 0; i < count; i++) words[i] = view.getInt32(4 * i);
    return new KeyFilter(words);
  }
  add(hi: number, lo: number): void {
    const step = spread(hi);
    for (let look = 0, at = lo; look < looks; look++, at = (at + step) | 0) {
      const word = (at >>> 5) & this.#mask;
      this.words[word] = (this.words[word] as number) | (1 << spot(at));
    }
  }
  mayHave(hi: number, lo: number): boolean {
    const { words } = this;
    const mask = this.#mask;
    const step = spread(hi);
    for (let look = 0, at = lo; look < looks; look++, at = (at + step) | 0)
      if (((words[(at >>> 5) & mask] as number) & (1 << spot(at))) === 0) return false;
    return true;
  }
}
/** Odd, so that no two looks are at one place. */
const spread = (hi: number): number => Math.imul(hi ^ (hi >>> 15), 0x85ebca6b) | 1;
const spot = (at: number): number => at & 31;
