/**
 * What a member does when the disk takes no write: it waits, and begins anew on what is durable, as after a crash. Alone
 * it asks the disk at each proposal too: nobody else could take it.
 */
import type { StatusError } from '@skerry/kernel';
import { type Clock, pause } from '@skerry/runtime-world';
import { isPassing } from './applying.ts';
import { stallPauseMs } from './limits.ts';

export type ReopeningHost = {
  readonly clock: Clock;
  /** Closes the log that ended, opens it again, and begins. @throws StatusError when the disk refuses that too. */
  begin(): Promise<void>;
  /** After a beginning: rejects when the disk refuses again. */
  settled(): Promise<void>;
  fail(thrown: unknown): void;
};

export class Reopening {
  readonly #host: ReopeningHost;
  readonly #closing = new AbortController();
  #refusal: StatusError | undefined;
  #loop: Promise<void> | undefined;
  #trying: Promise<void> | undefined;

  constructor(host: ReopeningHost) {
    this.#host = host;
  }
  /** Why nothing is taken now. */
  get refusal(): StatusError | undefined {
    return this.#refusal;
  }
  refused(error: StatusError): void {
    this.#refusal = error;
    this.#loop ??= this.#untilTaken().finally(() => (this.#loop = undefined));
  }
  async #untilTaken(): Promise<void> {
    const { signal } = this.#closing;
    while (this.#refusal !== undefined && !signal.aborted) {
      await this.try();
      if (this.#refusal !== undefined) await pause(this.#host.clock, stallPauseMs, signal);
    }
  }
  /** Once, for all that ask meanwhile; look at {@link refusal} for how it went. */
  try(): Promise<void> {
    this.#trying ??= this.#try()
      .catch((thrown: unknown) => this.#host.fail(thrown))
      .finally(() => (this.#trying = undefined));
    return this.#trying;
  }
  async #try(): Promise<void> {
    try {
      await this.#host.begin();
      this.#refusal = undefined;
    } catch (thrown) {
      if (!isPassing(thrown)) throw thrown;
      this.#refusal = thrown;
      return;
    }
    // Refused again, it says so itself.
    await this.#host.settled().catch(() => undefined);
  }
  /** After a failure nothing is tried any more. */
  stop(): void {
    this.#closing.abort();
  }
  async close(): Promise<void> {
    this.stop();
    await this.#loop;
  }
}
