/** Statements of a batch, by index: filled anew for each BATCH message, so that nothing is made for a statement. */
import type { Modification } from './modification.ts';

/** One of the statements: its bound values begin at `first`. */
export type Step = { readonly modification: Modification; readonly first: number };

const firstCapacity = 16;
/** Statements that there is room for from one batch to the next. */
const keptCapacityMax = 4096;

export class Steps {
  count = 0;
  #modifications: Modification[] = [];
  #firsts = new Int32Array(firstCapacity);

  clear(): void {
    this.count = 0;
    if (this.#firsts.length <= keptCapacityMax) return;
    this.#modifications = [];
    this.#firsts = new Int32Array(firstCapacity);
  }
  push(modification: Modification, first: number): void {
    if (this.count === this.#firsts.length) {
      const larger = new Int32Array(2 * this.count);
      larger.set(this.#firsts);
      this.#firsts = larger;
    }
    this.#modifications[this.count] = modification;
    this.#firsts[this.count] = first;
    this.count += 1;
  }
  modification(index: number): Modification {
    return this.#modifications[index] as Modification;
  }
  first(index: number): number {
    return this.#firsts[index] as number;
  }
  /** One object for each: for what is not hot. */
  list(): readonly Step[] {
    return Array.from({ length: this.count }, (_, i) => ({ modification: this.modification(i), first: this.first(i) }));
  }
}
