import type { Clock } from '@skerry/runtime-world';

/** Rests that can be cut short: a loop waits for its time or for news. */
export class Wake {
  readonly #resting = new Set<() => void>();

  /** Ends all rests that are under way. */
  wake(): void {
    for (const end of this.#resting) end();
  }
  /** Resolves after `delayMs`, at the next {@link Wake.wake}, or when `signal` aborts. */
  rest(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal.aborted) return resolve();
      const end = (): void => {
        timer.cancel();
        signal.removeEventListener('abort', end);
        this.#resting.delete(end);
        resolve();
      };
      const timer = clock.setTimer(delayMs, end);
      signal.addEventListener('abort', end, { once: true });
      this.#resting.add(end);
    });
  }
}

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
