/** Writes that LMDB does not have yet, in memory, in order. */
import { SortedKeys } from './sorted-keys.ts';

/** Bytes that a key and its bookkeeping take in memory beside the value; measured, rounded up. */
const entryOverheadBytes = 160;

/** Four bytes kept free for the checksum, then the value; undefined is a deletion. */
export type Pending = Buffer | undefined;

/**
 * Keys are latin1 strings, one character for each byte: they hash and compare natively, in the order of unsigned
 * bytes.
 */
export class Layer {
  readonly #values = new Map<string, Pending>();
  readonly #keys = new SortedKeys();
  #sizeBytes = 0;

  get sizeBytes(): number {
    return this.#sizeBytes;
  }
  get length(): number {
    return this.#values.size;
  }
  has(key: string): boolean {
    return this.#values.has(key);
  }
  get(key: string): Pending {
    return this.#values.get(key);
  }
  entries(): IterableIterator<[string, Pending]> {
    return this.#values.entries();
  }
  set(key: string, value: Pending): void {
    const before = this.#values.get(key);
    if (before === undefined && !this.#values.has(key)) {
      this.#keys.add(key);
      this.#sizeBytes += entryOverheadBytes + key.length;
    }
    this.#sizeBytes += (value?.length ?? 0) - (before?.length ?? 0);
    this.#values.set(key, value);
  }
  /** As if `key` had never been set here. */
  unset(key: string): void {
    if (!this.#values.has(key)) return;
    this.#sizeBytes -= entryOverheadBytes + key.length + (this.#values.get(key)?.length ?? 0);
    this.#values.delete(key);
    this.#keys.remove(key);
  }
  next(key: string, after: boolean): string | undefined {
    return this.#keys.next(key, after);
  }
  previous(key: string | undefined): string | undefined {
    return this.#keys.previous(key);
  }
}
