/**
 * Where each entry lies in the wal, and its term. Entries one behind the other there, of one term, are one run: a log of a
 * million entries costs as much as it had terms, and records between its entries.
 */
import type { Position } from '@skerry/cluster-raft';
import { assert, LogIndex, type Term } from '@skerry/kernel';

/** Entries from `index` on lie at `position` and the following ones. */
type Run = { readonly index: number; readonly position: number; readonly term: Term };

export class EntryTable {
  #base: Position;
  /** Ascending; all behind the base, the first one begins there or before. */
  #runs: Run[] = [];
  #last: number;

  constructor(base: Position) {
    this.#base = base;
    this.#last = base.index;
  }
  /** The place before the first entry. */
  get base(): Position {
    return this.#base;
  }
  get lastIndex(): LogIndex {
    return LogIndex(this.#last);
  }
  /** Of the base too; undefined outside [base, last]. */
  term(index: number): Term | undefined {
    if (index === this.#base.index) return this.#base.term;
    return this.#run(index)?.term;
  }
  /** In the wal; undefined outside (base, last]. */
  position(index: number): number | undefined {
    const run = this.#run(index);
    return run === undefined ? undefined : run.position + index - run.index;
  }
  #run(index: number): Run | undefined {
    if (index <= this.#base.index || index > this.#last) return undefined;
    return this.#runs[this.#runAt(index)];
  }
  #runAt(index: number): number {
    let low = 0;
    let high = this.#runs.length - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((this.#runs[middle]?.index ?? Infinity) <= index) low = middle;
      else high = middle - 1;
    }
    return low;
  }
  append(term: Term, position: number): void {
    const run = this.#runs.at(-1);
    this.#last += 1;
    if (run === undefined || run.term !== term || run.position + this.#last - run.index !== position)
      this.#runs.push({ index: this.#last, position, term });
  }
  /** Forgets the entries from `index` on, if there are any. */
  truncateFrom(index: LogIndex): void {
    assert(index > this.#base.index, `cannot truncate from ${index}: the log begins behind ${this.#base.index}`);
    this.#last = Math.min(this.#last, index - 1);
    while ((this.#runs.at(-1)?.index ?? 0) > this.#last) this.#runs.pop();
  }
  /** Forgets the entries up to `base`, which is in the log. */
  compact(base: Position): void {
    assert(this.term(base.index) === base.term, `cannot compact to ${base.index} of term ${base.term}: not in the log`);
    this.#runs = base.index === this.#last ? [] : this.#runs.slice(this.#runAt(base.index + 1));
    this.#base = base;
  }
  /** Begins again behind `base`. */
  reset(base: Position): void {
    this.#runs = [];
    this.#base = base;
    this.#last = base.index;
  }
}
