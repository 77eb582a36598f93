/** Timestamps of writes that bring none: microseconds since 1970, never the same twice on this node. */
import type { Clock } from '@skerry/runtime-world';

const half = 0x1_0000_0000;

export class Timestamps {
  readonly #clock: Clock;
  #last = 0;
  hi = 0;
  lo = 0;
  /** Of the last {@link next}, in milliseconds since 1970. */
  nowMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }
  /** Sets `hi` and `lo`, the signed halves. */
  next(): void {
    this.nowMs = this.#clock.wallMs();
    this.again();
  }
  /** The next one, of the same look at the clock. */
  again(): void {
    const { nowMs } = this;
    const micros = Math.max(this.#last + 1, Math.floor(nowMs * 1000));
    this.#last = micros;
    this.hi = Math.floor(micros / half) | 0;
    this.lo = (micros % half) | 0;
  }
}
