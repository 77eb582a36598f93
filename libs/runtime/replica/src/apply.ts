/** Applying records to the store: state, effects and applied index in one transaction (raft.md 30). */
import { type Entry, type HybridTime, LogIndex, Once, type OrderedStore, type StateMachine } from '@skerry/kernel';
import { localWriter, readApplied, stateWriter, writeApplied } from './meta.ts';
import type { ReplicaOptions } from './types.ts';

export class Applier<Effect> {
  readonly #store: OrderedStore;
  readonly #machine: StateMachine<Effect>;
  readonly #perform: ReplicaOptions<Effect>['perform'];
  #index: LogIndex;
  #time: HybridTime;

  constructor({ store, stateMachine, perform }: Pick<ReplicaOptions<Effect>, 'store' | 'stateMachine' | 'perform'>) {
    this.#store = store;
    this.#machine = new Once(stateMachine);
    this.#perform = perform;
    ({ index: this.#index, time: this.#time } = readApplied(store));
  }
  get index(): LogIndex {
    return this.#index;
  }
  /** Of the last record applied. */
  get time(): HybridTime {
    return this.#time;
  }
  /** The entries next in the log, all or none. @returns what each one's apply gave. */
  apply(entries: readonly Entry[]): readonly Uint8Array[] {
    const last = entries.at(-1);
    if (last === undefined) return [];
    const results = this.#store.transaction((writer) => {
      const state = stateWriter(writer);
      const local = localWriter(writer);
      const each = entries.map((entry) => {
        const { result, effects } = this.#machine.apply(entry, state);
        if (effects.length > 0) this.#perform(effects, entry, local);
        return result;
      });
      writeApplied(writer, { index: last.index, time: last.time });
      return each;
    });
    this.#index = LogIndex(last.index);
    this.#time = last.time;
    return results;
  }
}
