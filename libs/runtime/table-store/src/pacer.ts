/**
 * How fast memory may fill while the memory before it is flushed: so that it is full when that is done, and no sooner.
 * Without it writers are quick until there is no room, and then stand still for as long as the disk takes.
 */
import type { Clock } from '@skerry/runtime-world';

/** Milliseconds for which one who writes too fast waits. */
export const paceMs = 5;
/** What the first flush is thought to take, in milliseconds: no matter by how much that is wrong, it is measured then. */
const firstFlushMs = 1_000;
/** Of what a flush took before, as much is thought to be left when it takes longer than that. */
const leastLeft = 0.25;
/** Weight of the last flush in what the next is thought to take. */
const lastWeight = 0.5;

export class Pacer {
  readonly #clock: Clock;
  #expectedMs = firstFlushMs;
  #startedMs: number | undefined;
  #allowedBytes = 0;
  #waiting: Promise<void> | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }
  begin(): void {
    this.#startedMs = this.#clock.monotonicMs();
    this.#allowedBytes = 0;
  }
  end(): void {
    if (this.#startedMs === undefined) return;
    const tookMs = this.#clock.monotonicMs() - this.#startedMs;
    this.#expectedMs = (1 - lastWeight) * this.#expectedMs + lastWeight * tookMs;
    this.#startedMs = undefined;
  }
  /** Undefined: memory that has so many bytes of `fullBytes` may take more; else it resolves when it may. */
  room(usedBytes: number, fullBytes: number): Promise<void> | undefined {
    if (this.#startedMs === undefined || usedBytes <= this.#allowedBytes) return undefined;
    if (this.#waiting !== undefined) return this.#waiting;
    const elapsedMs = this.#clock.monotonicMs() - this.#startedMs;
    const leftMs = Math.max(this.#expectedMs - elapsedMs, leastLeft * this.#expectedMs, paceMs);
    // A share of what is left for each share of the time: it never comes quite to its end.
    const nextBytes = usedBytes + ((fullBytes - usedBytes) * paceMs) / leftMs;
    if (this.#allowedBytes === 0) {
      this.#allowedBytes = nextBytes;
      return undefined;
    }
    return (this.#waiting = new Promise((resolve) =>
      this.#clock.setTimer(paceMs, () => {
        this.#waiting = undefined;
        this.#allowedBytes = nextBytes;
        resolve();
      }),
    ));
  }
}
