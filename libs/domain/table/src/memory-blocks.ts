/** Blocks over any ordered store of the kernel: for tests, the simulator and browsers. */
import { emptyBytes, type OrderedStore } from '@skerry/kernel';
import type { BlockReader } from './block-store.ts';

export class OrderedBlockReader implements BlockReader {
  readonly #store: OrderedStore;
  key: Uint8Array = emptyBytes;
  keyView: DataView = new DataView(new ArrayBuffer(0));
  keySize = 0;
  bytes: Uint8Array = emptyBytes;
  view: DataView = new DataView(new ArrayBuffer(0));
  size = 0;

  constructor(store: OrderedStore) {
    this.#store = store;
  }
  #show(value: Uint8Array): void {
    this.bytes = value.slice();
    this.view = new DataView(this.bytes.buffer);
    this.size = value.length;
  }
  get(key: Uint8Array, keySize: number): boolean {
    const value = this.#store.get(key.subarray(0, keySize));
    if (value === undefined) return false;
    this.#show(value);
    return true;
  }
  seek(key: Uint8Array, keySize: number, after: boolean): boolean {
    // The least key behind another is that with a zero at its end.
    const from = new Uint8Array(keySize + (after ? 1 : 0));
    from.set(key.subarray(0, keySize));
    return this.#first(this.#store.range({ from, limit: 1 }));
  }
  seekBack(key: Uint8Array, keySize: number, at: boolean): boolean {
    const to = new Uint8Array(keySize + (at ? 1 : 0));
    to.set(key.subarray(0, keySize));
    return this.#first(this.#store.range({ from: emptyBytes, to, reverse: true, limit: 1 }));
  }
  #first(rows: Iterable<readonly [Uint8Array, Uint8Array]>): boolean {
    for (const [key, value] of rows) {
      this.key = key.slice();
      this.keyView = new DataView(this.key.buffer);
      this.keySize = key.length;
      this.#show(value);
      return true;
    }
    return false;
  }
}
