/** At most once: a state machine that applies each operation id one time, and answers a repeat with the first result. */
import { ByteReader } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';
import { emptyBytes, prefixEnd, utf8 } from './bytes.ts';
import { idFromBytes, idToBytes, OperationId } from './ids.ts';
import type { KeyRange, OrderedReader, OrderedWriter } from './ordered-store.ts';
import type { Applied, Entry, StateMachine } from './state-machine.ts';

/** Operations remembered, counted in log records: a retry that comes later than this many records is applied again. */
export const operationsRememberedMax = 10_000;

/** Operations forgotten at one record: more than the one that a record adds, so that it catches up; few, so that it is quick. */
const forgottenCountMax = 4;

/** By operation id: the index of its record, in 8 bytes, and the result. */
const rowPrefix = utf8('once/2/');
const indexSizeBytes = 8;
/** As written before: the result by operation id, and the id by index. Such rows are read, and forgotten when it is time. */
const oldResultPrefix = utf8('once/result/');
const oldIndexPrefix = utf8('once/index/');

const rowKey = (id: Uint8Array): Uint8Array => keyOf(rowPrefix, id);
const oldResultKey = (id: Uint8Array): Uint8Array => keyOf(oldResultPrefix, id);
const oldIndexKey = (index: number): Uint8Array => keyOf(oldIndexPrefix, new ByteWriter(8).u64(index).finish());
function keyOf(prefix: Uint8Array, rest: Uint8Array): Uint8Array {
  const key = new Uint8Array(prefix.length + rest.length);
  key.set(prefix);
  key.set(rest, prefix.length);
  return key;
}
const all = (prefix: Uint8Array): KeyRange => ({ from: prefix, to: prefixEnd(prefix) });

/** The remembered result of an operation: undefined when it was not applied, or too long ago. */
export function rememberedResult(state: OrderedReader, id: OperationId): Uint8Array | undefined {
  const bytes = idToBytes(id);
  return state.get(rowKey(bytes))?.subarray(indexSizeBytes) ?? state.get(oldResultKey(bytes));
}

type Operation = { readonly index: number; readonly id: OperationId; readonly isOld: boolean };
/** Places that are empty at the front before the array is cut. */
const emptyCountMax = 4_096;

/** What a state remembers, as its rows say: so that no record has to look for a row that is not there. */
class Remembered {
  readonly #ids: Set<OperationId>;
  /** In the order of their records. */
  #operations: Operation[];
  #start = 0;

  constructor(state: OrderedReader) {
    const idOf = (key: Uint8Array, prefix: Uint8Array): OperationId =>
      OperationId(idFromBytes(key.subarray(prefix.length)));
    const rows = Array.from(state.range(all(rowPrefix)), ([key, row]): Operation => {
      return { index: new ByteReader(row).u64(), id: idOf(key, rowPrefix), isOld: false };
    });
    const old = Array.from(state.range(all(oldIndexPrefix)), ([key, id]): Operation => {
      return {
        index: new ByteReader(key.subarray(oldIndexPrefix.length)).u64(),
        id: idOf(id, emptyBytes),
        isOld: true,
      };
    });
    this.#operations = [...old, ...rows].sort((a, b) => a.index - b.index);
    this.#ids = new Set(this.#operations.map(({ id }) => id));
  }
  has(id: OperationId): boolean {
    return this.#ids.has(id);
  }
  add(index: number, id: OperationId): void {
    this.#operations.push({ index, id, isOld: false });
    this.#ids.add(id);
  }
  /** Takes the oldest one out, if its record is not behind `upTo`. */
  takeUpTo(upTo: number): Operation | undefined {
    const oldest = this.#operations[this.#start];
    if (oldest === undefined || oldest.index > upTo) return undefined;
    this.#ids.delete(oldest.id);
    this.#start += 1;
    if (this.#start >= emptyCountMax) {
      this.#operations = this.#operations.slice(this.#start);
      this.#start = 0;
    }
    return oldest;
  }
}

/**
 * Of one state, of whose records it sees each from the first one on that it is given: it keeps in memory what the state
 * remembers. A transaction may fail, and its records come again; for another state in the place of this one there must
 * be another of these.
 */
export class Once<Effect> implements StateMachine<Effect> {
  readonly #inner: StateMachine<Effect>;
  /** Of the record seen last. */
  #index = 0;
  #remembered: Remembered | undefined;
  constructor(inner: StateMachine<Effect>) {
    this.#inner = inner;
  }
  initialise(state: OrderedWriter): void {
    this.#inner.initialise(state);
  }
  apply(entry: Entry, state: OrderedWriter): Applied<Effect> {
    const { index, operationId } = entry;
    // A record that comes again: its transaction failed, and with it what is in memory of it.
    if (this.#remembered === undefined || index <= this.#index) this.#remembered = new Remembered(state);
    this.#index = index;
    const remembered = this.#remembered;
    const before = remembered.has(operationId) ? rememberedResult(state, operationId) : undefined;
    const applied = before === undefined ? this.#inner.apply(entry, state) : { result: before.slice(), effects: [] };
    if (before === undefined) {
      const { result } = applied;
      const row = new ByteWriter(indexSizeBytes + result.length).u64(index).raw(result).finish();
      state.put(rowKey(idToBytes(operationId)), row);
      remembered.add(index, operationId);
    }
    // The log decides what is forgotten, not a clock: every replica forgets at the same record (raft.md 57). All up to the
    // index, not only the one at it: some records remember nothing (a leader's first, a repeat), so no index is sure to come.
    for (let count = 0; count < forgottenCountMax; count++) {
      const operation = remembered.takeUpTo(index - operationsRememberedMax);
      if (operation === undefined) break;
      forget(operation, state);
    }
    return applied;
  }
}
function forget({ index, id, isOld }: Operation, state: OrderedWriter): void {
  const bytes = idToBytes(id);
  if (!isOld) return state.delete(rowKey(bytes));
  state.delete(oldResultKey(bytes));
  state.delete(oldIndexKey(index));
}
