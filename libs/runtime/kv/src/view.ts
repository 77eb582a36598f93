/** A state of the store that stays as it is, while transactions go on. */
import { assert, type KeyRange, keySizeMaxBytes, type KeyValue, type OrderedView } from '@skerry/kernel';
import type { Database, ReadTransaction } from './database.ts';
import { asBuffer, keyText, type RawRow } from './merge.ts';
import { rowsIn } from './pages.ts';

export class LmdbView implements OrderedView {
  readonly #database: Database;
  readonly #verified: (row: RawRow) => Uint8Array;
  #transaction: ReadTransaction | undefined;

  constructor(database: Database, verified: (row: RawRow) => Uint8Array) {
    this.#database = database;
    this.#verified = verified;
    this.#transaction = database.useReadTransaction();
  }
  get(key: Uint8Array): Uint8Array | undefined {
    const transaction = this.#open();
    if (key.length === 0 || key.length > keySizeMaxBytes) return undefined;
    const value = this.#database.get(asBuffer(key), { transaction });
    return value === undefined ? undefined : this.#verified({ key: asBuffer(key), value });
  }
  *range({ from, to, reverse = false, limit = Infinity }: KeyRange): Generator<KeyValue> {
    const range = { from: keyText(from), to: to === undefined ? undefined : keyText(to), reverse };
    if (limit <= 0 || (range.to !== undefined && range.from >= range.to)) return;
    for (const row of rowsIn(this.#database, range, limit, this.#open())) {
      this.#open();
      yield [row.key, this.#verified(row)];
    }
  }
  close(): void {
    this.#transaction?.done();
    this.#transaction = undefined;
  }
  #open(): ReadTransaction {
    assert(this.#transaction !== undefined, 'a view of a store is read after its end');
    return this.#transaction;
  }
}
