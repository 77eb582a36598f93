import { compareBytes } from './bytes.ts';
import type { KeyRange, KeyValue, OrderedStore, OrderedView, OrderedWriter } from './ordered-store.ts';

type Change = { readonly key: Uint8Array; readonly before: Uint8Array | undefined };

/** An {@link OrderedStore} in memory: for tests, the simulator and browsers. Sorted array, binary search. */
export class MemoryStore implements OrderedStore {
  #entries: [Uint8Array, Uint8Array][] = [];

  /** Index of the first key ≥ `key`. */
  #lowerBound(key: Uint8Array): number {
    let low = 0;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const entry = this.#entries[middle];
      if (entry !== undefined && compareBytes(entry[0], key) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
  #at(key: Uint8Array): [index: number, found: boolean] {
    const index = this.#lowerBound(key);
    const entry = this.#entries[index];
    return [index, entry !== undefined && compareBytes(entry[0], key) === 0];
  }
  get(key: Uint8Array): Uint8Array | undefined {
    const [index, found] = this.#at(key);
    return found ? this.#entries[index]?.[1] : undefined;
  }
  *range({ from, to, reverse = false, limit = Infinity }: KeyRange): Iterable<KeyValue> {
    const start = this.#lowerBound(from);
    const end = to === undefined ? this.#entries.length : this.#lowerBound(to);
    const slice = this.#entries.slice(start, Math.max(start, end));
    if (reverse) slice.reverse();
    for (const [key, value] of slice.slice(0, Math.min(limit, slice.length))) yield [key, value];
  }
  #write(key: Uint8Array, value: Uint8Array | undefined): Uint8Array | undefined {
    const [index, found] = this.#at(key);
    const before = found ? this.#entries[index]?.[1] : undefined;
    if (value === undefined) {
      if (found) this.#entries.splice(index, 1);
    } else if (found) this.#entries[index] = [key.slice(), value.slice()];
    else this.#entries.splice(index, 0, [key.slice(), value.slice()]);
    return before;
  }
  transaction<T>(body: (writer: OrderedWriter) => T): T {
    const undo: Change[] = [];
    const write = (key: Uint8Array, value: Uint8Array | undefined): void => {
      undo.push({ key: key.slice(), before: this.#write(key, value) });
    };
    try {
      return body({
        get: (key) => this.get(key),
        range: (range) => this.range(range),
        put: write,
        delete: (key) => write(key, undefined),
      });
    } catch (thrown) {
      for (const { key, before } of undo.toReversed()) this.#write(key, before);
      throw thrown;
    }
  }
  flush(): Promise<void> {
    return Promise.resolve();
  }
  openView(): Promise<OrderedView> {
    const view = new MemoryStore();
    // Keys and values are replaced, never changed.
    view.#entries = this.#entries.map(([key, value]) => [key, value]);
    return Promise.resolve({
      get: (key) => view.get(key),
      range: (range) => view.range(range),
      close: () => (view.#entries = []),
    });
  }
  close(): Promise<void> {
    return Promise.resolve();
  }
}
