/** Work in the background at so many bytes a second, shared by all who do it. */
import { type Clock, pause } from '@skerry/runtime-world';
import { throttleBurstMs } from './limits.ts';

export class Throttle {
  readonly #clock: Clock;
  readonly #bytesPerMs: number;
  /** When all that was taken is paid for, on the monotonic clock. */
  #paidMs = 0;

  constructor(clock: Clock, bytesPerSecond: number) {
    this.#clock = clock;
    this.#bytesPerMs = bytesPerSecond / 1_000;
  }
  /** Resolves when so many bytes more are due, or `signal` aborts. */
  async take(bytes: number, signal: AbortSignal): Promise<void> {
    const nowMs = this.#clock.monotonicMs();
    this.#paidMs = Math.max(this.#paidMs, nowMs - throttleBurstMs) + bytes / this.#bytesPerMs;
    if (this.#paidMs > nowMs) await pause(this.#clock, this.#paidMs - nowMs, signal);
  }
}
