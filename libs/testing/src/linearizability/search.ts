/**
 * Looks for an order of operations that a sequential object could have had, each between its call and its return.
 *
 * Source: J. Wing and C. Gong, "Testing and verifying concurrent objects", 1993; the list from which operations are
 * lifted, and the memory of what was tried: G. Lowe, "Testing for linearizability", 2017; A. Athalye's Porcupine.
 */
import { Memo } from './memo.ts';
import type { Model, Operation } from './history.ts';

/** `order`: places in the history given. `stuck`: the longest order found, and the operations that cannot follow it. */
export type Outcome =
  | { readonly kind: 'linearizable'; readonly order: readonly number[] }
  | { readonly kind: 'violated'; readonly longest: readonly number[]; readonly stuck: readonly number[] }
  /** More would have to be tried than allowed. */
  | { readonly kind: 'undecided' };

/** Calls and returns in order of time; ends are told by the sentinel, slot 0. */
type Slot = { readonly operation: number; readonly isCall: boolean; next: number; previous: number };

const head = 0;

export class Search<State, Input, Output> {
  readonly #history: readonly Operation<Input, Output>[];
  readonly #model: Model<State, Input, Output>;
  readonly #triedMax: number;
  readonly #slots: Slot[] = [{ operation: -1, isCall: false, next: head, previous: head }];
  readonly #callSlot: number[] = [];
  readonly #returnSlot: (number | undefined)[] = [];
  /** Without an answer, by call; tried only where no answered operation fits, since each may be left out. */
  readonly #open: number[] = [];
  readonly #hashes: number[];
  readonly #taken: Uint32Array;
  #takenHash = 0;
  #waiting = 0;

  constructor(history: readonly Operation<Input, Output>[], model: Model<State, Input, Output>, triedMax: number) {
    this.#history = history;
    this.#model = model;
    this.#triedMax = triedMax;
    this.#taken = new Uint32Array(Math.ceil(history.length / 32));
    this.#hashes = history.map((_, n) => Math.imul(n + 1, 0x9e3779b1) ^ Math.imul((n + 1) << 7, 0x85ebca6b));
    this.#list();
  }

  run(): Outcome {
    const memo = new Memo(this.#model.sameState);
    const path: (Step<State> & { readonly before: State })[] = [];
    let longest: readonly number[] = [];
    let stuck: readonly number[] = [];
    let state = this.#model.initial;
    let from: number | undefined;
    while (this.#waiting > 0) {
      const step = this.#harmless(state, from) ?? this.#firstThatFits(state, from, memo);
      if (step !== undefined) {
        path.push({ ...step, before: state });
        state = step.after;
        this.#lift(step.operation);
        from = undefined;
        continue;
      }
      if (memo.size > this.#triedMax) return { kind: 'undecided' };
      if (path.length >= longest.length) {
        longest = path.map(({ operation }) => operation);
        stuck = this.#candidates().filter((operation) => this.#history[operation]?.returned !== undefined);
      }
      let last = path.pop();
      for (; last?.harmless === true; last = path.pop()) this.#putBack(last.operation);
      if (last === undefined) return { kind: 'violated', longest, stuck };
      state = last.before;
      this.#putBack(last.operation);
      from = last.operation;
    }
    return { kind: 'linearizable', order: path.map(({ operation }) => operation) };
  }

  /** A read that fits now is taken at once: whatever order there is with it later, there is also with it here. */
  #harmless(state: State, from: number | undefined): Step<State> | undefined {
    if (from !== undefined) return undefined;
    for (const operation of this.#candidates()) {
      const { input, returned } = this.#history[operation] as Operation<Input, Output>;
      if (returned === undefined) break;
      if (!this.#model.isRead(input)) continue;
      if (this.#model.sameOutput(returned.output, this.#model.apply(state, input).output))
        return { operation, after: state, harmless: true };
    }
    return undefined;
  }
  /** Of the operations that may come next, the first after `from` that fits and was not tried here. */
  #firstThatFits(state: State, from: number | undefined, memo: Memo<State>): Step<State> | undefined {
    const candidates = this.#candidates();
    for (const operation of candidates.slice(from === undefined ? 0 : candidates.indexOf(from) + 1)) {
      const { input, returned } = this.#history[operation] as Operation<Input, Output>;
      const { state: after, output } = this.#model.apply(state, input);
      if (returned !== undefined && !this.#model.sameOutput(returned.output, output)) continue;
      this.#flip(operation);
      const isNew = memo.add(this.#takenHash ^ this.#model.hash(after), this.#taken, after);
      this.#flip(operation);
      if (isNew) return { operation, after, harmless: false };
    }
    return undefined;
  }
  /** Called before any that is still to be taken returned: the answered first, and of them those that returned first. */
  #candidates(): readonly number[] {
    const found: number[] = [];
    let slot = this.#slot(head).next;
    for (; this.#slot(slot).isCall; slot = this.#slot(slot).next) found.push(this.#slot(slot).operation);
    found.sort((a, b) => (this.#returnSlot[a] as number) - (this.#returnSlot[b] as number));
    for (const operation of this.#open) {
      if ((this.#callSlot[operation] as number) > slot) break;
      if (!this.#isTaken(operation)) found.push(operation);
    }
    return found;
  }

  #list(): void {
    type Event = { readonly at: number; readonly isCall: boolean; readonly operation: number };
    const events: Event[] = this.#history.flatMap(({ calledAt, returned }, operation) => {
      const call = { at: calledAt, isCall: true, operation };
      return returned === undefined ? [call] : [call, { at: returned.at, isCall: false, operation }];
    });
    events.sort((a, b) => a.at - b.at || Number(b.isCall) - Number(a.isCall));
    let last = head;
    for (const { isCall, operation } of events) {
      const slot = this.#slots.push({ operation, isCall, next: head, previous: last }) - 1;
      if (isCall) this.#callSlot[operation] = slot;
      else this.#returnSlot[operation] = slot;
      if (this.#history[operation]?.returned === undefined) {
        // A read that nobody answered tells nothing and does nothing.
        if (!this.#model.isRead((this.#history[operation] as Operation<Input, Output>).input))
          this.#open.push(operation);
        continue;
      }
      if (isCall) this.#waiting += 1;
      this.#slot(last).next = slot;
      last = slot;
    }
    this.#slot(head).previous = last;
  }
  #slot(place: number): Slot {
    return this.#slots[place] as Slot;
  }
  #isTaken(operation: number): boolean {
    return ((this.#taken[operation >>> 5] as number) & (1 << (operation & 31))) !== 0;
  }
  #flip(operation: number): void {
    this.#taken[operation >>> 5] = (this.#taken[operation >>> 5] as number) ^ (1 << (operation & 31));
    this.#takenHash ^= this.#hashes[operation] as number;
  }
  #lift(operation: number): void {
    this.#flip(operation);
    const back = this.#returnSlot[operation];
    if (back === undefined) return;
    this.#waiting -= 1;
    for (const place of [this.#callSlot[operation] as number, back]) {
      const { next, previous } = this.#slot(place);
      this.#slot(previous).next = next;
      this.#slot(next).previous = previous;
    }
  }
  /** In the reverse order of {@link #lift}: each finds its neighbours as they were. */
  #putBack(operation: number): void {
    this.#flip(operation);
    const back = this.#returnSlot[operation];
    if (back === undefined) return;
    this.#waiting += 1;
    for (const place of [back, this.#callSlot[operation] as number]) {
      const { next, previous } = this.#slot(place);
      this.#slot(previous).next = place;
      this.#slot(next).previous = place;
    }
  }
}

type Step<State> = { readonly operation: number; readonly after: State; readonly harmless: boolean };
