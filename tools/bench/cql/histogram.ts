/** Times in buckets that are 1 % wide, from a microsecond to minutes: no list grows with the requests. */
const growth = Math.log(1.01);
const bucketCount = 2_200;

export class Histogram {
  readonly #buckets = new Float64Array(bucketCount);
  #count = 0;
  add(ms: number): void {
    const micros = Math.max(1, ms * 1000);
    const at = Math.min(bucketCount - 1, Math.floor(Math.log(micros) / growth));
    this.#buckets[at] = (this.#buckets[at] ?? 0) + 1;
    this.#count += 1;
  }
  /** Milliseconds; NaN of none. */
  quantile(share: number): number {
    let left = this.#count * share;
    if (this.#count === 0) return Number.NaN;
    for (let at = 0; at < bucketCount; at++) {
      left -= this.#buckets[at] ?? 0;
      if (left <= 0) return Math.exp((at + 1) * growth) / 1000;
    }
    return Number.NaN;
  }
}
