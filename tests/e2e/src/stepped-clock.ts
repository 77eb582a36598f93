/** A wall clock that a test steps, for processes that it starts: Debian's libfaketime. The monotonic clock is real. */
import { existsSync, writeFileSync } from 'node:fs';

const libraries = ['x86_64', 'aarch64'].map((machine) => `/usr/lib/${machine}-linux-gnu/faketime/libfaketime.so.1`);
const library = libraries.find((path) => existsSync(path));

/** Undefined when clocks can be stepped here. */
export const steppedClockMissing = library === undefined ? 'there is no libfaketime' : undefined;

export class SteppedClock {
  readonly #file: string;
  /** @param file what the processes read at each look at the clock. */
  constructor(file: string) {
    this.#file = file;
    this.set(0);
  }
  /** For the processes whose clock it is. */
  get environment(): NodeJS.ProcessEnv {
    return {
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: this.#file,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    };
  }
  /** From now on the clock differs from the machine's by so many days. */
  set(days: number): void {
    writeFileSync(this.#file, `${days < 0 ? '' : '+'}${days}d\n`);
  }
}
