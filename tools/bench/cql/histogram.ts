/**
 * Times in buckets, 64 to each doubling (1.6 % wide at most), from a microsecond to minutes: no list grows with the
 * requests, and adding one takes no logarithm.
 */
const subBits = 6;
const subCount = 1 << subBits;
/** Up to 2^28 µs, some four minutes. */
const doublingsMax = 28;

export class Histogram {
  readonly #buckets = new Float64Array((doublingsMax + 1 - subBits) * subCount);
  #count = 0;
  add(ms: number): void {
    const micros = Math.min(2 ** doublingsMax - 1, Math.max(0, ms * 1000)) | 0;
    this.#buckets[indexOf(micros)] = (this.#buckets[indexOf(micros)] ?? 0) + 1;
    this.#count += 1;
  }
  /** Milliseconds: the upper bound of the bucket; NaN of none. */
  quantile(share: number): number {
    let left = this.#count * share;
    if (this.#count === 0) return Number.NaN;
    for (let at = 0; at < this.#buckets.length; at++) {
      left -= this.#buckets[at] ?? 0;
      if (left <= 0) return upperBound(at) / 1000;
    }
    return Number.NaN;
  }
}
/** Whole numbers below 2 * 64 have a bucket each; above, the six bits behind the highest choose it. */
function indexOf(micros: number): number {
  const shift = Math.max(0, 31 - subBits - Math.clz32(micros));
  return shift * subCount + (micros >>> shift);
}
function upperBound(index: number): number {
  if (index < 2 * subCount) return index + 1;
  const shift = Math.floor(index / subCount) - 1;
  return (index - shift * subCount + 1) * 2 ** shift;
}
