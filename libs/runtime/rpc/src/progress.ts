import type { Clock, Timer } from '@skerry/runtime-world';

/** Metadata of a stream: the progress deadline that the caller asks for, in ms. */
export const progressKey = 'skerry-progress-ms';

/** Calls `stalled` once when nothing touched it for `limitMs`. A touch is one store; the timer re-arms itself. */
export class ProgressWatch {
  readonly #clock: Clock;
  readonly #limitMs: number;
  readonly #stalled: () => void;
  #lastMs: number;
  #timer: Timer;

  constructor(clock: Clock, limitMs: number, stalled: () => void) {
    this.#clock = clock;
    this.#limitMs = limitMs;
    this.#stalled = stalled;
    this.#lastMs = clock.monotonicMs();
    this.#timer = clock.setTimer(limitMs, () => this.#check());
  }
  touch(): void {
    this.#lastMs = this.#clock.monotonicMs();
  }
  stop(): void {
    this.#timer.cancel();
  }
  #check(): void {
    const leftMs = this.#lastMs + this.#limitMs - this.#clock.monotonicMs();
    if (leftMs <= 0) this.#stalled();
    else this.#timer = this.#clock.setTimer(leftMs, () => this.#check());
  }
}
