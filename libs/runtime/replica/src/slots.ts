/**
 * Two places for the state in one store: one is in use, the other takes in a snapshot; a switch is one small write, so
 * that a crash finds either the old state or the new one, and readers never see half of one.
 */
import {
  type OrderedReader,
  type OrderedStore,
  type OrderedWriter,
  prefixedReader,
  prefixedWriter,
  prefixEnd,
  utf8,
} from '@skerry/kernel';
import { readSlot, writeSlot } from './meta.ts';

/** No key is in two of them, nor in another part of the store. */
const prefixes = [utf8('s/'), utf8('t/')] as const;

export class Slots {
  readonly #store: OrderedStore;
  #current: 0 | 1;
  #reader: OrderedReader;
  /** The state, also after a switch. */
  readonly state: OrderedReader = {
    get: (key) => this.#reader.get(key),
    range: (range) => this.#reader.range(range),
  };

  constructor(store: OrderedStore) {
    this.#store = store;
    this.#current = readSlot(store);
    this.#reader = prefixedReader(store, prefixes[this.#current]);
  }
  writer(writer: OrderedWriter): OrderedWriter {
    return prefixedWriter(writer, prefixes[this.#current]);
  }
  /** The state in a view of the store. */
  reader(view: OrderedReader): OrderedReader {
    return prefixedReader(view, prefixes[readSlot(view)]);
  }
  /** Of the place that is not in use. */
  otherWriter(writer: OrderedWriter): OrderedWriter {
    return prefixedWriter(writer, prefixes[this.#other]);
  }
  get #other(): 0 | 1 {
    return this.#current === 0 ? 1 : 0;
  }
  /** Within a transaction that ends well: from its end on the other place is the state. */
  switch(writer: OrderedWriter): void {
    writeSlot(writer, this.#other);
    this.#current = this.#other;
    this.#reader = prefixedReader(this.#store, prefixes[this.#current]);
  }
  /** Removes a part of what the other place holds. @returns whether more may be left. */
  clearOther(rowsMax: number): boolean {
    const from = prefixes[this.#other];
    return this.#store.transaction((writer) => {
      const keys = Array.from(writer.range({ from, to: prefixEnd(from), limit: rowsMax }), ([key]) => key.slice());
      for (const key of keys) writer.delete(key);
      return keys.length === rowsMax;
    });
  }
}
