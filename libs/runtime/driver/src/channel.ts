/**
 * A bounded asynchronous first-in first-out queue between one writing and one reading side.
 *
 * Assumes: an item is taken while the channel holds less than its capacity, so it may hold one item more than that: a
 * chunk larger than the whole capacity still passes.
 */
import { assert, StatusError } from '@skerry/kernel';

export type ChannelOptions<T> = {
  /** Items held before writers must wait; in the unit of `weigh` when that is given. Over 0. */
  readonly capacity: number;
  /** Size of an item, such as its bytes; 1 for each item when absent. Must be 0 or more and always the same for one item. */
  readonly weigh?: (item: T) => number;
  /** Called once, when the reading side stops while the writing side is open. */
  readonly onCancel?: () => void;
  /** Called when the reader made room in a channel that was full: for a source that is paused, not awaited. */
  readonly onWritable?: () => void;
};

type State = { kind: 'open' } | { kind: 'ended' } | { kind: 'failed'; error: unknown } | { kind: 'cancelled' };
type Deferred<T> = { readonly resolve: (value: T) => void; readonly reject: (error: unknown) => void };
type PendingPush<T> = Deferred<void> & { readonly item: T };

const resolved: Promise<void> = Promise.resolve();
const finished = { done: true, value: undefined } as const;
/** Slots at the head that were read, before the array behind the queue is moved together: keeps `poll` cheap. */
const compactAfterSlots = 256;

export class Channel<T> implements AsyncIterable<T> {
  readonly #capacity: number;
  readonly #weigh: (item: T) => number;
  readonly #onCancel: (() => void) | undefined;
  readonly #onWritable: (() => void) | undefined;
  #items: (T | undefined)[] = [];
  #head = 0;
  #weight = 0;
  #state: State = { kind: 'open' };
  #pushes: PendingPush<T>[] = [];
  #writers: Deferred<void>[] = [];
  #readers: Deferred<IteratorResult<T, undefined>>[] = [];

  constructor({ capacity, weigh = () => 1, onCancel, onWritable }: ChannelOptions<T>) {
    assert(capacity > 0, `channel capacity must be > 0: got ${capacity}`);
    this.#capacity = capacity;
    this.#weigh = weigh;
    this.#onCancel = onCancel;
    this.#onWritable = onWritable;
  }
  /** Items that wait to be read. */
  get length(): number {
    return this.#items.length - this.#head;
  }
  /** Sum of the weights of the items that wait. */
  get weight(): number {
    return this.#weight;
  }
  /** Whether {@link offer} would take an item now. */
  get writable(): boolean {
    return this.#state.kind === 'open' && this.#pushes.length === 0 && this.#weight < this.#capacity;
  }
  /** True once it takes no more items, for whatever reason. */
  get closed(): boolean {
    return this.#state.kind !== 'open';
  }

  /**
   * False, and nothing is kept, when there is no room: await {@link whenWritable} and offer again.
   * @throws StatusError `cancelled` when the reading side has stopped; the error given to {@link fail}.
   */
  offer(item: T): boolean {
    this.#requireOpen();
    if (this.#pushes.length > 0 || this.#weight >= this.#capacity) return false;
    this.#put(item);
    return true;
  }
  /** Resolves when {@link offer} will take an item, unless another writer is faster. Rejects as `offer` throws. */
  whenWritable(): Promise<void> {
    if (this.writable) return resolved;
    return new Promise((resolve, reject) => {
      this.#requireOpen();
      this.#writers.push({ resolve, reject });
    });
  }
  /** Resolves when the item is in the queue. Pushes that wait keep their order. Rejects as {@link offer} throws. */
  push(item: T): Promise<void> {
    if (this.writable) {
      this.#put(item);
      return resolved;
    }
    return new Promise((resolve, reject) => {
      this.#requireOpen();
      this.#pushes.push({ item, resolve, reject });
    });
  }
  /** No more items; those that wait, pending pushes too, are still read. Idempotent; nothing after {@link fail}. */
  end(): void {
    if (this.#state.kind !== 'open') return;
    this.#state = { kind: 'ended' };
    for (const { item, resolve } of this.#pushes.splice(0)) {
      this.#put(item);
      resolve();
    }
    this.#refuseWriters();
    if (this.length === 0) for (const reader of this.#readers.splice(0)) reader.resolve(finished);
  }
  /** The reader gets what waits, then `error`; writers get it at once. Idempotent; nothing after {@link end}. */
  fail(error: unknown): void {
    if (this.#state.kind !== 'open') return;
    this.#state = { kind: 'failed', error };
    this.#refuseWriters();
    for (const reader of this.#readers.splice(0)) reader.reject(error);
  }
  /** Ends the reading side: what waits is dropped, writers fail with `cancelled`. Idempotent. */
  cancel(): void {
    const wasOpen = this.#state.kind === 'open';
    if (this.#state.kind === 'cancelled') return;
    this.#state = { kind: 'cancelled' };
    this.#items = [];
    this.#head = 0;
    this.#weight = 0;
    this.#refuseWriters();
    for (const reader of this.#readers.splice(0)) reader.resolve(finished);
    if (wasOpen) this.#onCancel?.();
  }

  /** The next item when one waits; undefined when none does now (ended or not): for readers that take batches. */
  poll(): T | undefined {
    return this.length === 0 ? undefined : this.#take();
  }
  /** The next item, or `done` at the end. Rejects with the error given to {@link fail}. */
  next(): Promise<IteratorResult<T, undefined>> {
    if (this.length > 0) return Promise.resolve({ done: false, value: this.#take() });
    const state = this.#state;
    if (state.kind === 'failed') return Promise.reject(state.error);
    if (state.kind !== 'open') return Promise.resolve(finished);
    return new Promise((resolve, reject) => this.#readers.push({ resolve, reject }));
  }
  [Symbol.asyncIterator](): AsyncIterator<T, undefined> {
    return {
      next: () => this.next(),
      return: () => {
        this.cancel();
        return Promise.resolve(finished);
      },
    };
  }

  #put(item: T): void {
    const reader = this.#readers.shift();
    if (reader !== undefined) return reader.resolve({ done: false, value: item });
    this.#items.push(item);
    this.#weight += this.#weigh(item);
  }
  #take(): T {
    const wasFull = this.#weight >= this.#capacity;
    // The callers checked that one is there; `undefined` may itself be an item.
    const item = this.#items[this.#head] as T;
    this.#items[this.#head] = undefined;
    this.#head += 1;
    this.#weight -= this.#weigh(item);
    if (this.#head === this.#items.length || this.#head >= compactAfterSlots) this.#compact();
    if (wasFull && this.#weight < this.#capacity) this.#admit();
    return item;
  }
  #compact(): void {
    if (this.#head * 2 < this.#items.length) return;
    this.#items = this.#head === this.#items.length ? [] : this.#items.slice(this.#head);
    this.#head = 0;
  }
  #admit(): void {
    while (this.#weight < this.#capacity) {
      const push = this.#pushes.shift();
      if (push === undefined) break;
      this.#put(push.item);
      push.resolve();
    }
    if (!this.writable) return;
    for (const writer of this.#writers.splice(0)) writer.resolve();
    this.#onWritable?.();
  }
  #requireOpen(): void {
    const state = this.#state;
    assert(state.kind !== 'ended', 'a channel takes no item after its end');
    if (state.kind === 'failed') throw state.error;
    if (state.kind === 'cancelled') throw cancelled();
  }
  #refuseWriters(): void {
    const error = this.#state.kind === 'failed' ? this.#state.error : cancelled();
    for (const waiting of [...this.#pushes.splice(0), ...this.#writers.splice(0)]) waiting.reject(error);
  }
}

const cancelled = (): StatusError =>
  new StatusError('cancelled', 'Cannot write to the channel: its reader has stopped');
