/** Times that must go forward only: of conditional writes, and those that order a list's elements. */

const half = 0x1_0000_0000;
/** 2010-01-01: elements are put before a list with times that go backwards from it. Source: Cassandra 5.0, Lists.Prepender. */
const prependReferenceMs = 1_262_304_000_000;

export class WriteClock {
  #last = 0;
  #first = Number.MAX_SAFE_INTEGER;
  #ballot = 0;
  /** Upper and lower half of the last answer. */
  hi = 0;
  lo = 0;

  #answer(micros: number): void {
    this.hi = Math.floor(micros / half) | 0;
    this.lo = (micros % half) | 0;
  }
  /** Microseconds, greater than all before. */
  append(nowMs: number): void {
    this.#last = Math.max(this.#last + 1, nowMs * 1000);
    this.#answer(this.#last);
  }
  /** Microseconds, less than all before: room for so many in a row. */
  prepend(nowMs: number, count: number): void {
    this.#first = Math.min(this.#first, (2 * prependReferenceMs - nowMs) * 1000) - count;
    this.#answer(this.#first);
  }
  /** The timestamp of a conditional write: it comes behind what the ones before it wrote. */
  ballot(nowMs: number): void {
    this.#ballot = Math.max(this.#ballot + 1, nowMs * 1000);
    this.#answer(this.#ballot);
  }
}
