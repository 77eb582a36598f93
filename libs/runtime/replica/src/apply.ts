/** Applying records to the store: state, effects and applied index in one transaction (raft.md 30). */
import {
  type Entry,
  type HybridTime,
  type LogIndex,
  Once,
  type OperationId,
  type OrderedStore,
  type StateMachine,
} from '@skerry/kernel';
import { type AppliedMark, localWriter, readApplied, writeApplied } from './meta.ts';
import type { Slots } from './slots.ts';
import type { ReplicaOptions } from './types.ts';

export class Applier<Effect> {
  readonly #store: OrderedStore;
  readonly #slots: Slots;
  readonly #stateMachine: StateMachine<Effect>;
  #machine: Once<Effect>;
  readonly #perform: ReplicaOptions<Effect>['perform'];
  #applied: AppliedMark;

  constructor(
    { store, stateMachine, perform }: Pick<ReplicaOptions<Effect>, 'store' | 'stateMachine' | 'perform'>,
    slots: Slots,
  ) {
    this.#store = store;
    this.#slots = slots;
    this.#stateMachine = stateMachine;
    this.#machine = new Once(stateMachine);
    this.#perform = perform;
    this.#applied = readApplied(store);
  }
  get index(): LogIndex {
    return this.#applied.index;
  }
  /** Of the last command applied. */
  get time(): HybridTime {
    return this.#applied.time;
  }
  remembered(id: OperationId): Uint8Array | undefined {
    return this.#machine.remembered(id, this.#slots.state);
  }
  /** After another state took the place of this one. */
  reload(): void {
    this.#machine = new Once(this.#stateMachine);
    this.#applied = readApplied(this.#store);
  }
  /**
   * The commands among the entries next in the log, all or none; `upTo` is the last of those entries.
   * @returns what each command's apply gave.
   */
  apply(commands: readonly Entry[], upTo: LogIndex): readonly Uint8Array[] {
    const mark = { index: upTo, time: commands.at(-1)?.time ?? this.#applied.time };
    const results = this.#store.transaction((writer) => {
      const state = this.#slots.writer(writer);
      const local = localWriter(writer);
      const each = this.#machine.applyAll(commands, state, ({ result, effects }, entry) => {
        if (effects.length > 0) this.#perform(effects, entry, local);
        return result;
      });
      writeApplied(writer, mark);
      return each;
    });
    this.#applied = mark;
    return results;
  }
}
