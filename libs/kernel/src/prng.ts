/**
 * A seeded generator: the only source of chance in machines and in the simulator.
 *
 * Source: mulberry32 (T. Ettinger, public domain).
 */
export class Prng {
  #state: number;
  constructor(seed: number) {
    this.#state = seed >>> 0;
  }
  /** The next integer in [0, 2^32). */
  u32(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let x = this.#state;
    x = Math.imul(x ^ (x >>> 15), x | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return (x ^ (x >>> 14)) >>> 0;
  }
  /** The next number in [0, 1). */
  next(): number {
    return this.u32() / 2 ** 32;
  }
  /** An integer in [0, limit). */
  below(limit: number): number {
    return Math.floor(this.next() * limit);
  }
  /** An integer in [low, high]. */
  between(low: number, high: number): number {
    return low + this.below(high - low + 1);
  }
  /** True with the given probability. */
  chance(probability: number): boolean {
    return this.next() < probability;
  }
  bytes(count: number): Uint8Array {
    const out = new Uint8Array(count);
    for (let i = 0; i < count; i++) out[i] = this.u32() >>> 24;
    return out;
  }
  /** One of `items`, which must not be empty. */
  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T;
  }
  /** A generator of its own stream, seeded from this one. */
  fork(): Prng {
    return new Prng(this.u32());
  }
}

/** Fills with random bytes. Real: crypto.getRandomValues; simulated: a {@link Prng}. */
export type RandomBytes = (count: number) => Uint8Array;
