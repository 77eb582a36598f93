import type { Clock, Timer } from '@skerry/runtime-world';
import type { Deadlines, Expiring } from './deadlines.ts';

/** Metadata of a stream: the progress deadline that the caller asks for, in ms. */
export const progressKey = 'skerry-progress-ms';

export type ProgressOptions = {
  /** Until {@link ProgressWatch.begun}, in ms. Default: as after it. */
  readonly firstLimitMs?: number;
  /** For streams that seldom live so long: no timer of their own before the first limit has passed. */
  readonly deadlines?: Deadlines;
};

/** Calls `stalled` once when nothing touched it for `limitMs`. A touch is one store; the timer re-arms itself. */
export class ProgressWatch implements Expiring {
  readonly #clock: Clock;
  readonly #limitMs: number;
  readonly #stalled: (limitMs: number) => void;
  readonly #deadlines: Deadlines | undefined;
  readonly #lane: number = 0;
  #firstLimitMs: number;
  #lastMs: number;
  #timer: Timer | undefined;

  constructor(
    clock: Clock,
    limitMs: number,
    stalled: (limitMs: number) => void,
    { firstLimitMs = limitMs, deadlines }: ProgressOptions = {},
  ) {
    this.#clock = clock;
    this.#limitMs = limitMs;
    this.#firstLimitMs = Math.min(firstLimitMs, limitMs);
    this.#stalled = stalled;
    this.#deadlines = deadlines;
    this.#lastMs = clock.monotonicMs();
    if (deadlines === undefined) this.#arm(this.#firstLimitMs);
    else this.#lane = deadlines.add(this.#firstLimitMs, this);
  }
  touch(): void {
    this.#lastMs = this.#clock.monotonicMs();
  }
  /** The first answer came. */
  begun(): void {
    this.#firstLimitMs = this.#limitMs;
  }
  stop(): void {
    this.#deadlines?.remove(this.#lane, this);
    this.#timer?.cancel();
  }
  expire(): void {
    const leftMs = this.#lastMs + this.#firstLimitMs - this.#clock.monotonicMs();
    if (leftMs <= 0) this.#stalled(this.#firstLimitMs);
    else this.#arm(leftMs);
  }
  #arm(delayMs: number): void {
    this.#timer = this.#clock.setTimer(delayMs, () => this.expire());
  }
}
