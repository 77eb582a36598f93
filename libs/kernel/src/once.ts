/** At most once: a state machine that applies each operation id one time, and answers a repeat with the first result. */
import { ByteReader } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';
import { utf8 } from './bytes.ts';
import { idToBytes, type OperationId } from './ids.ts';
import type { KeyValue, OrderedReader, OrderedWriter } from './ordered-store.ts';
import type { Applied, Entry, StateMachine } from './state-machine.ts';

/** Operations remembered, counted in log records: a retry that comes later than this many records is applied again. */
export const operationsRememberedMax = 10_000;

/** Operations forgotten at one record: more than the one that a record adds, so that it catches up; few, so that it is quick. */
const forgottenCountMax = 4;

const resultPrefix = utf8('once/result/');
const indexPrefix = utf8('once/index/');
const resultKey = (id: Uint8Array): Uint8Array => keyOf(resultPrefix, id);
const indexKey = (index: number): Uint8Array => keyOf(indexPrefix, new ByteWriter(8).u64(index).finish());
const indexOf = (key: Uint8Array): number => new ByteReader(key.subarray(indexPrefix.length)).u64();
function keyOf(prefix: Uint8Array, rest: Uint8Array): Uint8Array {
  const key = new Uint8Array(prefix.length + rest.length);
  key.set(prefix);
  key.set(rest, prefix.length);
  return key;
}

/** The remembered result of an operation: undefined when it was not applied, or too long ago. */
export function rememberedResult(state: OrderedReader, id: OperationId): Uint8Array | undefined {
  return state.get(resultKey(idToBytes(id)));
}

/** Of what lies between, so many indexes are asked for one by one; more are walked over. */
const gapMax = 16;

/** Of one state. It may go back (a transaction that failed, another state in its place), or leap forward (a snapshot). */
export class Once<Effect> implements StateMachine<Effect> {
  readonly #inner: StateMachine<Effect>;
  /** Of the record seen last. */
  #index = 0;
  /** Nothing below is remembered. What was forgotten is never walked over again: a store may keep it as deletions. */
  #oldest = 0;
  constructor(inner: StateMachine<Effect>) {
    this.#inner = inner;
  }
  initialise(state: OrderedWriter): void {
    this.#inner.initialise(state);
  }
  apply(entry: Entry, state: OrderedWriter): Applied<Effect> {
    const id = idToBytes(entry.operationId);
    const key = resultKey(id);
    const before = state.get(key);
    const applied = before === undefined ? this.#inner.apply(entry, state) : { result: before.slice(), effects: [] };
    if (before === undefined) {
      state.put(key, applied.result);
      state.put(indexKey(entry.index), id);
    }
    // What is forgotten at a record follows from the log alone, so a later state of it has nothing older.
    if (entry.index <= this.#index) this.#oldest = 0;
    this.#index = entry.index;
    this.#expire(entry.index - operationsRememberedMax, state);
    return applied;
  }
  // The log decides what is forgotten, not a clock: every replica forgets at the same record (raft.md 57). All up to the
  // index, not only the one at it: some records remember nothing (a leader's first, a repeat), so no index is sure to come.
  #expire(upTo: number, state: OrderedWriter): void {
    if (upTo <= 0) return;
    const due = upTo - this.#oldest < gapMax ? this.#eachUpTo(upTo, state) : this.#walkUpTo(upTo, state);
    for (const [key, id] of due) {
      state.delete(resultKey(id));
      state.delete(key);
    }
  }
  #eachUpTo(upTo: number, state: OrderedWriter): KeyValue[] {
    const due: KeyValue[] = [];
    for (; this.#oldest <= upTo && due.length < forgottenCountMax; this.#oldest++) {
      const key = indexKey(this.#oldest);
      const id = state.get(key);
      if (id !== undefined) due.push([key, id.slice()]);
    }
    return due;
  }
  #walkUpTo(upTo: number, state: OrderedWriter): KeyValue[] {
    const range = { from: indexKey(this.#oldest), to: indexKey(upTo + 1), limit: forgottenCountMax };
    const due = Array.from(state.range(range), ([key, id]): KeyValue => [key.slice(), id.slice()]);
    const last = due.length < forgottenCountMax ? undefined : due[due.length - 1];
    this.#oldest = last === undefined ? upTo + 1 : indexOf(last[0]) + 1;
    return due;
  }
}
