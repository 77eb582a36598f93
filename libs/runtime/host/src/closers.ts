/** What was opened, to be closed in the reverse order, whatever happens to one of them. */
import type { Telemetry } from '@skerry/runtime-telemetry';

type Closer = { readonly name: string; close(graceMs: number): Promise<void> };

export class Closers {
  readonly #stack: Closer[] = [];
  readonly #telemetry: Telemetry;
  readonly #now: () => number;

  /** @param now monotonic, in milliseconds. */
  constructor(telemetry: Telemetry, now: () => number) {
    this.#telemetry = telemetry;
    this.#now = now;
  }
  add(name: string, close: (graceMs: number) => Promise<void>): void {
    this.#stack.push({ name, close });
  }
  /** Each gets what is left of the grace. One that fails is told of, and the others are closed all the same. */
  async closeAll(graceMs: number): Promise<void> {
    const end = this.#now() + graceMs;
    for (let closer = this.#stack.pop(); closer !== undefined; closer = this.#stack.pop()) {
      const { name } = closer;
      try {
        await closer.close(Math.max(0, end - this.#now()));
      } catch (error) {
        const message = `closing ${name} failed`;
        this.#telemetry.emit({ event: 'close_failed', level: 'error', message, part: name, error });
      }
    }
  }
}
