/**
 * Hybrid logical clock: close to physical time, yet never behind anything it has seen.
 *
 * Source: S. Kulkarni et al., "Logical Physical Clocks", OPODIS 2014. A timestamp is one number in 64 bits: 48 bits of
 * milliseconds since 1970, 16 bits of counter; kept as two numbers because 64 bits do not fit a JavaScript number.
 */
import { StatusError } from './errors.ts';

export type HybridTime = { readonly wallMs: number; readonly counter: number };

export const hybridTimeZero: HybridTime = { wallMs: 0, counter: 0 };
const counterMax = 0xffff;
/** A foreign timestamp further ahead of our clock is refused (islands.md): a node whose clock is broken must not drag all along. */
export const clockSkewMaxMs = 60_000;

export const compareHybridTime = (a: HybridTime, b: HybridTime): number => a.wallMs - b.wallMs || a.counter - b.counter;

export class HybridClock {
  #last: HybridTime;
  constructor(last: HybridTime = hybridTimeZero) {
    this.#last = last;
  }
  get last(): HybridTime {
    return this.#last;
  }
  /** A timestamp for an event of ours. `wallMs`: what the wall clock says now; it may step back. */
  tick(wallMs: number): HybridTime {
    const { wallMs: lastMs, counter } = this.#last;
    if (wallMs > lastMs) this.#last = { wallMs, counter: 0 };
    else
      this.#last = counter < counterMax ? { wallMs: lastMs, counter: counter + 1 } : { wallMs: lastMs + 1, counter: 0 };
    return this.#last;
  }
  /** Takes note of a foreign timestamp. @throws StatusError `malformed` when it is more than {@link clockSkewMaxMs} ahead. */
  observe(seen: HybridTime, wallMs: number): void {
    if (seen.wallMs > wallMs + clockSkewMaxMs)
      throw new StatusError(
        'malformed',
        `Cannot take timestamp: ${seen.wallMs - wallMs} ms ahead of this node's clock, limit ${clockSkewMaxMs}`,
      );
    if (compareHybridTime(seen, this.#last) > 0) this.#last = seen;
  }
  /** Takes note of a timestamp that a group has decided: whatever this node's own clock says. */
  advance(decided: HybridTime): void {
    if (compareHybridTime(decided, this.#last) > 0) this.#last = decided;
  }
}
