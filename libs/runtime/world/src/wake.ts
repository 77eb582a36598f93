import type { Clock } from './clock.ts';

/** Rests that can be cut short: a loop waits for its time or for news. */
export class Wake {
  readonly #resting = new Set<() => void>();

  /** Ends all rests that are under way. */
  wake(): void {
    for (const end of this.#resting) end();
  }
  /** Resolves after `delayMs` (undefined: never by itself), at the next {@link Wake.wake}, or when `signal` aborts. */
  rest(clock: Clock, delayMs?: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted === true) return resolve();
      const end = (): void => {
        timer?.cancel();
        signal?.removeEventListener('abort', end);
        this.#resting.delete(end);
        resolve();
      };
      const timer = delayMs === undefined ? undefined : clock.setTimer(delayMs, end);
      signal?.addEventListener('abort', end, { once: true });
      this.#resting.add(end);
    });
  }
}
