import type { Clock, Timer } from '@skerry/runtime-world';

/** Something that can be told that its time is up. */
export interface Expiring {
  expire(): void;
}
type Lane = { readonly waiting: Map<Expiring, number>; timer: Timer };

/**
 * Deadlines of many short calls with one timer for each duration: a timer of its own would cost more than a direct call.
 * Those of one duration end in the order in which they began, so only the first is looked at.
 */
export class Deadlines {
  readonly #clock: Clock;
  readonly #lanes = new Map<number, Lane>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }
  /** `durationMs` is rounded up to whole milliseconds. Returns the way to take it out again. */
  add(durationMs: number, call: Expiring): number {
    const lane = Math.ceil(durationMs);
    const dueMs = this.#clock.monotonicMs() + lane;
    const known = this.#lanes.get(lane);
    if (known === undefined) {
      const timer = this.#clock.setTimer(lane, () => this.#check(lane));
      this.#lanes.set(lane, { waiting: new Map([[call, dueMs]]), timer });
    } else known.waiting.set(call, dueMs);
    return lane;
  }
  /** @param lane what {@link Deadlines.add} gave. */
  remove(lane: number, call: Expiring): void {
    this.#lanes.get(lane)?.waiting.delete(call);
  }
  stop(): void {
    for (const { timer } of this.#lanes.values()) timer.cancel();
    this.#lanes.clear();
  }
  // The timer of an empty lane runs out and takes the lane along: a steady trickle of calls then sets no timer at all.
  #check(duration: number): void {
    const lane = this.#lanes.get(duration);
    if (lane === undefined) return;
    const nowMs = this.#clock.monotonicMs();
    for (const [call, dueMs] of lane.waiting) {
      if (dueMs > nowMs) {
        lane.timer = this.#clock.setTimer(dueMs - nowMs, () => this.#check(duration));
        return;
      }
      lane.waiting.delete(call);
      call.expire();
    }
    this.#lanes.delete(duration);
  }
}
