/** Appends that came and wait for the member: handed over one by one, while all else passes them. */
import { bulkWindowMaxBytes, recordsMaxBytes } from './limits.ts';
import type { LinkMessage } from './types.ts';

/** Whoever keeps to the window never has more here: the window, and one append that passed it. */
const waitingMaxBytes = bulkWindowMaxBytes + recordsMaxBytes;
/** Taken in and not yet told to the sender: then it is told at once, in bytes. */
const tellAfterBytes = bulkWindowMaxBytes / 4;

type Waiting = { readonly message: LinkMessage; readonly sizeBytes: number };
export type BulkIntakeParts = {
  receive(message: LinkMessage): void | Promise<void>;
  /** The sender should be told how much was taken in. */
  tell(): void;
  failed(thrown: unknown): void;
};

export class BulkIntake {
  readonly #parts: BulkIntakeParts;
  readonly #waiting: Waiting[] = [];
  #waitingBytes = 0;
  #takenBytes = 0;
  #toldBytes = 0;
  #running: Promise<void> | undefined;
  #stopped = false;

  constructor(parts: BulkIntakeParts) {
    this.#parts = parts;
  }
  /** Records taken in since the stream began, in bytes; the caller tells them. */
  told(): number {
    this.#toldBytes = this.#takenBytes;
    return this.#takenBytes;
  }
  /** False: the sender does not keep to the window. */
  push(message: LinkMessage, sizeBytes: number): boolean {
    if (this.#stopped) return true;
    if (this.#waitingBytes >= waitingMaxBytes) return false;
    if (this.#running !== undefined) {
      this.#waiting.push({ message, sizeBytes });
      this.#waitingBytes += sizeBytes;
      return true;
    }
    try {
      const taking = this.#parts.receive(message);
      if (taking === undefined) this.#took(sizeBytes);
      else this.#running = this.#run(taking, sizeBytes);
    } catch (thrown) {
      this.#parts.failed(thrown);
    }
    return true;
  }
  /** One that came and is dropped. */
  skip(sizeBytes: number): void {
    this.#took(sizeBytes);
  }
  /** Drops what waits; resolves when the member has nothing in hand. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#waiting.length = 0;
    await this.#running;
  }

  async #run(first: Promise<void>, firstSizeBytes: number): Promise<void> {
    try {
      await first;
      this.#took(firstSizeBytes);
      for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
        this.#waitingBytes -= next.sizeBytes;
        await this.#parts.receive(next.message);
        this.#took(next.sizeBytes);
      }
    } catch (thrown) {
      this.#parts.failed(thrown);
    } finally {
      this.#running = undefined;
    }
  }
  #took(sizeBytes: number): void {
    this.#takenBytes += sizeBytes;
    if (this.#takenBytes - this.#toldBytes >= tellAfterBytes) this.#parts.tell();
  }
}
