/** At most once: a state machine that applies each operation id one time, and answers a repeat with the first result. */
import type { OperationId } from './ids.ts';
import type { OrderedReader, OrderedWriter } from './ordered-store.ts';
import { Remembered } from './remembered.ts';
import type { Applied, Entry, StateMachine } from './state-machine.ts';

/**
 * Operations remembered, counted in log records: a retry that comes later than this many records may be applied again.
 * It is answered for some records more (`rowSpanMax` at most), until all of its row may go.
 */
export const operationsRememberedMax = 10_000;

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
  /** The result of an operation: undefined when it was not applied, or too long ago. */
  remembered(id: OperationId, state: OrderedReader): Uint8Array | undefined {
    this.#remembered ??= new Remembered(state);
    return this.#remembered.result(id, state);
  }
  apply(entry: Entry, state: OrderedWriter): Applied<Effect> {
    const [applied] = this.applyAll([entry], state, (each) => each) as [Applied<Effect>];
    return applied;
  }
  /**
   * One by one, within one transaction: the state is then as if each had been applied by itself.
   * @param each told what came of one before the next is applied
   */
  applyAll<Given>(
    entries: readonly Entry[],
    state: OrderedWriter,
    each: (applied: Applied<Effect>, entry: Entry) => Given,
  ): Given[] {
    const given = entries.map((entry) => each(this.#apply(entry, state), entry));
    this.#remembered?.save(state);
    return given;
  }
  #apply(entry: Entry, state: OrderedWriter): Applied<Effect> {
    const { index, operationId: id } = entry;
    // A record that comes again: its transaction failed, and with it what is in memory of it.
    if (this.#remembered === undefined || index <= this.#index) this.#remembered = new Remembered(state);
    this.#index = index;
    const remembered = this.#remembered;
    const before = remembered.result(id, state);
    const applied = before === undefined ? this.#inner.apply(entry, state) : { result: before.slice(), effects: [] };
    if (before === undefined) remembered.add({ index, id, result: applied.result }, state);
    // The log decides what is forgotten, not a clock: every replica forgets at the same record (raft.md 57). All up to the
    // index, not only what is at it: some records remember nothing (a leader's first, a repeat), so no index is sure to come.
    remembered.forget(index - operationsRememberedMax, state);
    return applied;
  }
}
