/** How the next transfer's data connection comes about. */
import { StatusError } from '@skerry/kernel';
import type { Clock } from '@skerry/runtime-world';
import { connectStream, type ConnectOptions, type StreamSocket } from '@skerry/runtime-sockets';

export interface DataChannel {
  /** Once. @throws StatusError `deadline`, `connection_lost`, `cancelled`. */
  open(signal: AbortSignal): Promise<StreamSocket>;
  /** Whether {@link DataChannel.open} would give a connection at once. */
  readonly connected: boolean;
  /** When it is not wanted any more. What {@link DataChannel.open} gave lives on. Idempotent. */
  close(): void;
}

/** PORT and EPRT: we connect, and only when a transfer begins. */
export class ActiveChannel implements DataChannel {
  readonly connected = false;
  readonly #target: ConnectOptions;
  readonly #deadlineMs: number;
  readonly #clock: Clock;

  constructor(target: ConnectOptions, deadlineMs: number, clock: Clock) {
    this.#target = target;
    this.#deadlineMs = deadlineMs;
    this.#clock = clock;
  }
  async open(signal: AbortSignal): Promise<StreamSocket> {
    // Its own listener, and no `AbortSignal.any`: the signal lives on behind this.
    const given = new AbortController();
    const giveUp = (): void => given.abort();
    let late = false;
    const timer = this.#clock.setTimer(this.#deadlineMs, () => {
      late = true;
      giveUp();
    });
    if (signal.aborted) giveUp();
    else signal.addEventListener('abort', giveUp, { once: true });
    try {
      return await connectStream(this.#target, given.signal);
    } catch (thrown) {
      if (!late || signal.aborted) throw thrown;
      throw new StatusError('deadline', `No connection within ${this.#deadlineMs} ms`, { cause: thrown });
    } finally {
      timer.cancel();
      signal.removeEventListener('abort', giveUp);
    }
  }
  close(): void {
    // Nothing is open before the transfer.
  }
}
