/** Writes that LMDB does not have yet, in memory, in order. */
import { SortedKeys } from './sorted-keys.ts';

/** Bytes that a key and its bookkeeping take in memory beside the value; measured, rounded up. */
const entryOverheadBytes = 160;

/** What a layer says of a key that was never set in it. */
export const absent = Symbol('absent');

/** Four bytes kept free for the checksum, then the value; undefined is a deletion. */
export type Pending = Buffer | undefined;
/** Kept in place of undefined, which a map gives for what is not in it: so that one look is enough. */
const deletion = Symbol('deletion');
type Kept = Buffer | typeof deletion;
const pendingOf = (kept: Kept): Pending => (kept === deletion ? undefined : kept);

/**
 * Keys are latin1 strings, one character for each byte: they hash and compare natively, in the order of unsigned
 * bytes.
 */
export class Layer {
  readonly #values = new Map<string, Kept>();
  readonly #keys = new SortedKeys();
  /** Not yet among the sorted ones: many a layer is written whole without ever being read in order. */
  #unsorted: string[] = [];
  #sizeBytes = 0;

  get sizeBytes(): number {
    return this.#sizeBytes;
  }
  get length(): number {
    return this.#values.size;
  }
  /** Undefined: it is deleted here. */
  get(key: string): Pending | typeof absent {
    const kept = this.#values.get(key);
    if (kept === undefined) return absent;
    return pendingOf(kept);
  }
  *entries(): Generator<[string, Pending]> {
    for (const [key, kept] of this.#values) yield [key, pendingOf(kept)];
  }
  /** @returns what was there before. */
  set(key: string, value: Pending): Pending | typeof absent {
    const before = this.get(key);
    if (before === absent) {
      this.#unsorted.push(key);
      this.#sizeBytes += entryOverheadBytes + key.length + (value?.length ?? 0);
    } else this.#sizeBytes += (value?.length ?? 0) - (before?.length ?? 0);
    this.#values.set(key, value ?? deletion);
    return before;
  }
  /** As if `key` had never been set here. */
  unset(key: string): void {
    const before = this.get(key);
    if (before === absent) return;
    this.#sizeBytes -= entryOverheadBytes + key.length + (before?.length ?? 0);
    this.#values.delete(key);
    this.#sort();
    this.#keys.remove(key);
  }
  #sort(): void {
    if (this.#unsorted.length === 0) return;
    for (const key of this.#unsorted) this.#keys.add(key);
    this.#unsorted = [];
  }
  next(key: string, after: boolean): string | undefined {
    this.#sort();
    return this.#keys.next(key, after);
  }
  previous(key: string | undefined): string | undefined {
    this.#sort();
    return this.#keys.previous(key);
  }
}
