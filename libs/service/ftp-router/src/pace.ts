/**
 * So much for each second: what comes faster waits for its time, as a token bucket would have it.
 *
 * Kept as the time at which all that was taken is paid for (GCRA, ITU-T I.371 Annex A), so nothing runs while nobody
 * takes, and a timer that comes late is made up for.
 */
import { assert } from '@skerry/kernel';

export class Pace {
  readonly perSecond: number;
  readonly #burstMs: number;
  #paidAtMs = Number.NEGATIVE_INFINITY;

  /** @param burstMs whoever rested may take what belongs to so long a time at once. */
  constructor(perSecond: number, burstMs: number) {
    assert(perSecond > 0 && burstMs >= 0, `a pace must be > 0: got ${perSecond} per second, burst ${burstMs} ms`);
    this.perSecond = perSecond;
    this.#burstMs = burstMs;
  }
  /** @returns how long whoever takes `count` must wait, in ms. Those who come later wait behind it. */
  take(count: number, nowMs: number): number {
    this.#paidAtMs = Math.max(this.#paidAtMs, nowMs - this.#burstMs) + (count * 1_000) / this.perSecond;
    return Math.max(0, this.#paidAtMs - nowMs);
  }
}
