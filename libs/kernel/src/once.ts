/** At most once: a state machine that applies each operation id one time, and answers a repeat with the first result. */
import { ByteWriter } from './byte-writer.ts';
import { concatBytes, utf8 } from './bytes.ts';
import { idToBytes, type OperationId } from './ids.ts';
import type { OrderedReader, OrderedWriter } from './ordered-store.ts';
import type { Applied, Entry, StateMachine } from './state-machine.ts';

/** Operations remembered, counted in log records: a retry that comes later than this many records is applied again. */
export const operationsRememberedMax = 10_000;

/** Operations forgotten at one record: more than the one that a record adds, so that it catches up; few, so that it is quick. */
const forgottenCountMax = 4;

const resultPrefix = utf8('once/result/');
const indexPrefix = utf8('once/index/');
const resultKey = (id: Uint8Array): Uint8Array => concatBytes([resultPrefix, id]);
const indexKey = (index: number): Uint8Array => concatBytes([indexPrefix, new ByteWriter(8).u64(index).finish()]);

/** The remembered result of an operation: undefined when it was not applied, or too long ago. */
export function rememberedResult(state: OrderedReader, id: OperationId): Uint8Array | undefined {
  return state.get(resultKey(idToBytes(id)));
}

export class Once<Effect> implements StateMachine<Effect> {
  readonly #inner: StateMachine<Effect>;
  constructor(inner: StateMachine<Effect>) {
    this.#inner = inner;
  }
  initialise(state: OrderedWriter): void {
    this.#inner.initialise(state);
  }
  apply(entry: Entry, state: OrderedWriter): Applied<Effect> {
    const id = idToBytes(entry.operationId);
    const before = state.get(resultKey(id));
    const applied = before === undefined ? this.#inner.apply(entry, state) : { result: before.slice(), effects: [] };
    if (before === undefined) {
      state.put(resultKey(id), applied.result);
      state.put(indexKey(entry.index), id);
    }
    this.#expire(entry.index - operationsRememberedMax, state);
    return applied;
  }
  // The log decides what is forgotten, not a clock: every replica forgets at the same record (raft.md 57). All up to the
  // index, not only the one at it: some records remember nothing (a leader's first, a repeat), so no index is sure to come.
  #expire(index: number, state: OrderedWriter): void {
    if (index <= 0) return;
    const range = { from: indexKey(0), to: indexKey(index + 1), limit: forgottenCountMax };
    for (const [key, id] of Array.from(state.range(range), ([k, v]) => [k.slice(), v.slice()] as const)) {
      state.delete(resultKey(id));
      state.delete(key);
    }
  }
}
