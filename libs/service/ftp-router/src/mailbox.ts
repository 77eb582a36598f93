import { assert } from '@skerry/kernel';

type Step<T> = IteratorResult<T, undefined>;

const over = { done: true, value: undefined } as const;

/**
 * Messages of one writer to one reader, each taken before the next is given. By hand and no generator, since a small
 * upload is hardly more than its messages.
 */
export class Mailbox<T> implements AsyncIterableIterator<T, undefined> {
  #waiting: ((step: Step<T> | Promise<Step<T>>) => void) | undefined;
  #message: { readonly value: T } | undefined;
  #taken: (() => void) | undefined;
  #ended = false;
  #failure: { readonly failure: unknown } | undefined;

  /** Nothing more is taken: it has ended, or its reader went away. */
  get ended(): boolean {
    return this.#ended;
  }
  /** Undefined, or a promise that resolves when the message was taken, or nobody will. */
  put(value: T): Promise<void> | undefined {
    if (this.#ended) return undefined;
    assert(this.#message === undefined, 'one message at a time');
    const waiting = this.#waiting;
    if (waiting === undefined) {
      this.#message = { value };
      return new Promise((resolve) => (this.#taken = resolve));
    }
    this.#waiting = undefined;
    waiting({ done: false, value });
    return undefined;
  }
  /** After the message that was put last. */
  end(): void {
    this.#ended = true;
    this.#waiting?.(this.#over());
    this.#waiting = undefined;
  }
  /** The writer cannot go on: its reader is told. */
  fail(failure: unknown): void {
    if (this.#ended) return;
    this.#failure = { failure };
    this.end();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
  next(): Promise<Step<T>> {
    const message = this.#message;
    if (message !== undefined) {
      this.#message = undefined;
      this.#taken?.();
      return Promise.resolve({ done: false, value: message.value });
    }
    if (this.#ended) return Promise.resolve(this.#over());
    return new Promise((resolve) => (this.#waiting = resolve));
  }
  // A failure is told once.
  #over(): Step<T> | Promise<Step<T>> {
    const failed = this.#failure;
    this.#failure = undefined;
    return failed === undefined ? over : Promise.reject(failed.failure);
  }
  return(): Promise<Step<T>> {
    this.#message = undefined;
    this.#taken?.();
    this.end();
    return Promise.resolve(over);
  }
}
