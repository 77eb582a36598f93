import { assert } from './assert.ts';

/** A bounded first-in first-out ring: `offer` says no instead of growing past `capacity`. */
export class BoundedQueue<T> {
  readonly capacity: number;
  #items: (T | undefined)[];
  #head = 0;
  #length = 0;

  constructor(capacity: number) {
    assert(Number.isSafeInteger(capacity) && capacity > 0, `capacity must be an integer > 0: got ${capacity}`);
    this.capacity = capacity;
    this.#items = Array.from({ length: Math.min(16, capacity) });
  }
  get length(): number {
    return this.#length;
  }
  get full(): boolean {
    return this.#length === this.capacity;
  }
  /** False, and nothing is kept, when the queue is full. */
  offer(item: T): boolean {
    if (this.#length === this.capacity) return false;
    if (this.#length === this.#items.length) this.#grow();
    this.#items[(this.#head + this.#length) % this.#items.length] = item;
    this.#length += 1;
    return true;
  }
  peek(): T | undefined {
    return this.#length === 0 ? undefined : this.#items[this.#head];
  }
  poll(): T | undefined {
    if (this.#length === 0) return undefined;
    const item = this.#items[this.#head];
    this.#items[this.#head] = undefined;
    this.#head = (this.#head + 1) % this.#items.length;
    this.#length -= 1;
    return item;
  }
  clear(): void {
    this.#items = this.#items.map(() => undefined);
    this.#head = 0;
    this.#length = 0;
  }
  #grow(): void {
    const grown: (T | undefined)[] = Array.from({ length: Math.min(this.capacity, 2 * this.#items.length) });
    for (let i = 0; i < this.#length; i++) grown[i] = this.#items[(this.#head + i) % this.#items.length];
    this.#items = grown;
    this.#head = 0;
  }
}
