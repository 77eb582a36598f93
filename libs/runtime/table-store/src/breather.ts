/** Long work in short pieces: others have their turn of the event loop in between. */
import type { Clock } from '@skerry/runtime-world';

/** Milliseconds of one piece: a request that comes meanwhile waits no longer, and what is shorter costs more. */
export const pieceMs = 3;
/** Looked at the clock once in so many steps: a look costs as much as a small partition. */
const stepsPerLook = 16;

export class Breather {
  readonly #clock: Clock;
  #from = 0;
  #steps = 0;
  /** Longest piece so far, in milliseconds. */
  longestMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }
  begin(): void {
    this.#from = this.#clock.monotonicMs();
    this.#steps = 0;
  }
  end(): void {
    this.longestMs = Math.max(this.longestMs, this.#clock.monotonicMs() - this.#from);
  }
  get isDue(): boolean {
    this.#steps += 1;
    if (this.#steps < stepsPerLook) return false;
    this.#steps = 0;
    return this.#clock.monotonicMs() - this.#from >= pieceMs;
  }
  async pause(): Promise<void> {
    this.end();
    await new Promise((resolve) => setImmediate(resolve));
    this.begin();
  }
}
