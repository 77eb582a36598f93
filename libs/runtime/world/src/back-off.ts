/**
 * Pauses that double from `firstMs` to `maxMs`, each drawn from [half, whole], so that a crowd does not move as one.
 */
export class BackOff {
  readonly #firstMs: number;
  readonly #maxMs: number;
  readonly #chance: () => number;
  #nextMs: number;
  /** @param chance a number in [0, 1). */
  constructor(firstMs: number, maxMs: number, chance: () => number) {
    this.#firstMs = firstMs;
    this.#maxMs = maxMs;
    this.#chance = chance;
    this.#nextMs = firstMs;
  }
  reset(): void {
    this.#nextMs = this.#firstMs;
  }
  next(): number {
    const wholeMs = this.#nextMs;
    this.#nextMs = Math.min(this.#maxMs, 2 * wholeMs);
    return wholeMs * (0.5 + this.#chance() / 2);
  }
}
