/**
 * A sorted set of strings that grows by single insertions: sorted chunks of bounded size, found by binary search.
 *
 * Why: the layer of writes not yet in LMDB is read in order between any two writes, so sorting when asked is too slow.
 */

/** Keys in a chunk before it is split: moving this many references costs less than a microsecond. */
const chunkLengthMax = 512;

export class SortedKeys {
  #chunks: string[][] = [];

  /** Index of the last chunk that starts at or before `key`; 0 when there is none. */
  #chunkFor(key: string): number {
    let low = 0;
    let high = this.#chunks.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      const first = this.#chunks[middle]?.[0];
      if (first !== undefined && first <= key) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** `key` must not be in the set. */
  add(key: string): void {
    const at = this.#chunkFor(key);
    const chunk = this.#chunks[at];
    if (chunk === undefined) {
      this.#chunks.push([key]);
      return;
    }
    chunk.splice(lowerBound(chunk, key), 0, key);
    if (chunk.length > chunkLengthMax) this.#chunks.splice(at + 1, 0, chunk.splice(chunkLengthMax / 2));
  }

  /** No effect when it is not there. */
  remove(key: string): void {
    const at = this.#chunkFor(key);
    const chunk = this.#chunks[at];
    if (chunk === undefined) return;
    const index = lowerBound(chunk, key);
    if (chunk[index] !== key) return;
    chunk.splice(index, 1);
    if (chunk.length === 0) this.#chunks.splice(at, 1);
  }

  /** The smallest key ≥ `key`, or > `key` when `after`. */
  next(key: string, after: boolean): string | undefined {
    const at = this.#chunkFor(key);
    const chunk = this.#chunks[at];
    if (chunk === undefined) return undefined;
    let index = lowerBound(chunk, key);
    if (after && chunk[index] === key) index += 1;
    return chunk[index] ?? this.#chunks[at + 1]?.[0];
  }

  /** The largest key < `key`; without `key`, the largest of all. */
  previous(key: string | undefined): string | undefined {
    if (key === undefined) return this.#chunks.at(-1)?.at(-1);
    const at = this.#chunkFor(key);
    const chunk = this.#chunks[at];
    if (chunk === undefined) return undefined;
    const index = lowerBound(chunk, key);
    return index > 0 ? chunk[index - 1] : this.#chunks[at - 1]?.at(-1);
  }
}

/** Index of the first item ≥ `key`. */
function lowerBound(sorted: readonly string[], key: string): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const item = sorted[middle];
    if (item !== undefined && item < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
