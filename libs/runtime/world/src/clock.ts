/** Time, as the world gives it. Real: `runtime/node`; virtual: `runtime/simulation`. */
export interface Clock {
  /** Milliseconds since some start, never going back; for time-outs and measures. */
  monotonicMs(): number;
  /** Milliseconds since 1970; may step in both directions. */
  wallMs(): number;
  /** Calls `callback` once, not before `delayMs`. Does not keep the process alive. */
  setTimer(delayMs: number, callback: () => void): Timer;
}
export interface Timer {
  /** Idempotent; also after it fired. */
  cancel(): void;
}

/** Resolves after `delayMs`, or at once when `signal` aborts. */
export function pause(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) return resolve();
    const done = (): void => {
      timer.cancel();
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = clock.setTimer(delayMs, done);
    signal?.addEventListener('abort', done, { once: true });
  });
}
