import type { StatusError } from '@skerry/kernel';
import type { Encoded } from './encoded.ts';
import { messageOverheadBytes, sendBufferMaxBytes } from './limits.ts';

type Waiting = { readonly resolve: () => void; readonly reject: (failure: StatusError) => void };

/** Encoded messages on their way to a transport that takes one at a time and says when it was written. */
export class Outbox {
  readonly #write: (bytes: Encoded, written: () => void) => void;
  readonly #queue: Encoded[] = [];
  #bytes = 0;
  #writing = false;
  #failure: StatusError | undefined;
  #room: Waiting | undefined;
  #drained: Waiting | undefined;

  constructor(write: (bytes: Encoded, written: () => void) => void) {
    this.#write = write;
  }
  /** Undefined while there is room for more; else resolves when there is. To be awaited before the next. @throws StatusError after {@link fail}. */
  send(bytes: Encoded): Promise<void> | undefined {
    if (this.#failure !== undefined) throw this.#failure;
    this.#bytes += bytes.length + messageOverheadBytes;
    this.#queue.push(bytes);
    if (!this.#writing) this.#next();
    if (this.#bytes < sendBufferMaxBytes) return undefined;
    return new Promise((resolve, reject) => {
      this.#room = { resolve, reject };
    });
  }
  /** Resolves when all was written. */
  drained(): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (!this.#writing) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#drained = { resolve, reject };
    });
  }
  /** Drops what waits. */
  fail(failure: StatusError): void {
    if (this.#failure !== undefined) return;
    this.#failure = failure;
    this.#queue.length = 0;
    this.#room?.reject(failure);
    this.#drained?.reject(failure);
  }
  #next(): void {
    const bytes = this.#queue.shift();
    if (bytes === undefined) {
      this.#writing = false;
      this.#drained?.resolve();
      return;
    }
    this.#writing = true;
    this.#write(bytes, () => {
      if (this.#failure !== undefined) return;
      this.#bytes -= bytes.length + messageOverheadBytes;
      if (this.#bytes < sendBufferMaxBytes && this.#room !== undefined) {
        const room = this.#room;
        this.#room = undefined;
        room.resolve();
      }
      this.#next();
    });
  }
}
