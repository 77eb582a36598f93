/** Waiting for something to come true, for as long as it comes nearer. */
import type { StatusError } from '@skerry/kernel';
import type { Clock, Timer } from '@skerry/runtime-world';

export class Progress {
  readonly #clock: Clock;
  readonly #checks = new Set<() => void>();
  #touchedMs: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#touchedMs = clock.monotonicMs();
  }
  /** It came nearer. */
  touch(): void {
    this.#touchedMs = this.#clock.monotonicMs();
    this.check();
  }
  /** Something else changed that is waited for. */
  check(): void {
    for (const check of this.#checks) check();
  }

  /**
   * @param hopeless why it can never come true, when it cannot.
   * @throws StatusError `hopeless`, or `late` after `stallMs` without progress.
   */
  until(
    holds: () => boolean,
    { stallMs, hopeless, late }: { stallMs: number; hopeless(): StatusError | undefined; late(): StatusError },
  ): Promise<void> {
    if (holds()) return Promise.resolve();
    const sinceMs = this.#clock.monotonicMs();
    return new Promise((resolve, reject) => {
      let timer: Timer | undefined;
      const end = (settle: () => void): void => {
        this.#checks.delete(check);
        timer?.cancel();
        settle();
      };
      const check = (): void => {
        if (holds()) return end(resolve);
        const failure = hopeless();
        if (failure !== undefined) end(() => reject(failure));
      };
      const watch = (): void => {
        const leftMs = Math.max(sinceMs, this.#touchedMs) + stallMs - this.#clock.monotonicMs();
        if (leftMs <= 0) return end(() => reject(late()));
        timer = this.#clock.setTimer(leftMs, watch);
      };
      this.#checks.add(check);
      watch();
      check();
    });
  }
}
