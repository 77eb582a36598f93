/** A histogram of times whose observation is one addition: bucket n holds what took up to 2^n microseconds. */

/** Buckets with a bound: the last one is 2^24 microseconds, some 17 seconds. */
const boundedBuckets = 25;
/** Upper bounds in seconds, ascending. */
export const latencyBounds: readonly number[] = Array.from({ length: boundedBuckets }, (_, n) => 2 ** n / 1e6);

export class Latency {
  /** The last one is beyond all bounds. */
  readonly #counts = new Float64Array(boundedBuckets + 1);
  #sumMs = 0;

  observe(ms: number): void {
    this.#sumMs += ms;
    const micros = ms * 1000;
    // Of a whole number n > 1, 32 - clz32(n - 1) is the least power of two that is not below it.
    const at =
      micros <= 1 ? 0 : micros > 2 ** (boundedBuckets - 1) ? boundedBuckets : 32 - Math.clz32(Math.ceil(micros) - 1);
    this.#counts[at] = (this.#counts[at] as number) + 1;
  }
  /** In seconds. */
  reading(): { readonly counts: ArrayLike<number>; readonly sum: number } {
    return { counts: this.#counts, sum: this.#sumMs / 1000 };
  }
}
