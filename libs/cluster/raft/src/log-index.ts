/**
 * What the machine must know of each entry of the log: its term, and its size for the limits. The bytes stay with the
 * driver, in files and caches: a log of a million entries costs 8 bytes for each here.
 */
import { assert, AssertionError, type LogIndex, type Term } from '@skerry/kernel';
import type { Position } from './types.ts';

type Run = { readonly from: number; readonly term: Term };
const capacityMin = 64;

export class LogIndexTable {
  /** The place before the first entry that is still there. */
  #base: Position;
  /** Terms by where they begin, ascending; the first covers the base. */
  #runs: Run[];
  /** Sum of sizes up to each entry, in bytes, from `#base.index + 1`. Slot 0 is the base itself. */
  #sums = new Float64Array(capacityMin);
  #last: number;

  constructor(base: Position) {
    this.#base = base;
    this.#runs = [{ from: base.index, term: base.term }];
    this.#last = base.index;
  }
  get base(): Position {
    return this.#base;
  }
  get lastIndex(): LogIndex {
    return this.#last as LogIndex;
  }
  get last(): Position {
    return { index: this.lastIndex, term: this.#lastRun.term };
  }
  /** Undefined outside [base, last]. */
  term(index: number): Term | undefined {
    if (index < this.#base.index || index > this.#last) return undefined;
    return this.#runs[this.#runAt(index)]?.term;
  }
  matches({ index, term }: Position): boolean {
    return this.term(index) === term;
  }
  append(term: Term, sizeBytes: number): LogIndex {
    if (term < this.#lastRun.term)
      throw new AssertionError(`term of the log went back from ${this.#lastRun.term} to ${term}`);
    const slot = this.#last + 1 - this.#base.index;
    if (slot === this.#sums.length) {
      const grown = new Float64Array(2 * slot);
      grown.set(this.#sums);
      this.#sums = grown;
    }
    this.#sums[slot] = this.#sum(this.#last) + sizeBytes;
    this.#last += 1;
    if (term !== this.#lastRun.term) this.#runs.push({ from: this.#last, term });
    return this.#last as LogIndex;
  }
  truncateFrom(index: LogIndex): void {
    assert(index > this.#base.index && index <= this.#last, `cannot truncate from ${index}: log ends at ${this.#last}`);
    this.#last = index - 1;
    while (this.#lastRun.from > this.#last) this.#runs.pop();
  }
  /** Forgets all up to `index`, which becomes the base. */
  compact(index: LogIndex): void {
    if (index <= this.#base.index) return;
    const term = this.term(index);
    assert(term !== undefined, `cannot compact to ${index}: log ends at ${this.#last}`);
    const kept = this.#sums.slice(index - this.#base.index, this.#last - this.#base.index + 1);
    this.#sums = new Float64Array(Math.max(capacityMin, 2 * kept.length));
    this.#sums.set(kept);
    this.#runs = [{ from: index, term }, ...this.#runs.slice(this.#runAt(index) + 1)];
    this.#base = { index, term };
  }
  /** Bytes of the entries in (after, to]. */
  sizeBytes(after: number, to: number): number {
    return this.#sum(to) - this.#sum(after);
  }
  /** The last entry that a message after `after` may carry within `limitBytes`; at least one when there is one. */
  batchEnd(after: number, limitBytes: number): LogIndex {
    const limit = this.#sum(after) + limitBytes;
    let low = Math.min(after + 1, this.#last);
    let high = this.#last;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (this.#sum(middle) <= limit) low = middle;
      else high = middle - 1;
    }
    return low as LogIndex;
  }
  /** The highest place at or before `index` with a term of at most `term`: what may agree with another log there. */
  agreeable(index: number, term: Term): Position {
    let at = Math.min(index, this.#last);
    for (let run = this.#runAt(at); run > 0; run--) {
      const { from, term: runTerm } = this.#runs[run] as Run;
      if (runTerm <= term) return { index: at as LogIndex, term: runTerm };
      at = from - 1;
    }
    return { index: Math.max(at, this.#base.index) as LogIndex, term: (this.#runs[0] as Run).term };
  }

  get #lastRun(): Run {
    return this.#runs[this.#runs.length - 1] as Run;
  }
  #sum(index: number): number {
    return this.#sums[index - this.#base.index] ?? 0;
  }
  #runAt(index: number): number {
    let low = 0;
    let high = this.#runs.length - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((this.#runs[middle] as Run).from <= index) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}
