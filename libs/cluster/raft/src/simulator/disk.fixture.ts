/** What a node has written, what of it an fsync has made durable, and what a crash leaves. */
import { present, type LogIndex, type Prng, type Term } from '@skerry/kernel';
import type { Configuration, Entry, HardState, SnapshotMark, Write } from '../types.ts';
import { emptyState, type State } from './state.fixture.ts';

/** A write on its way; `state`: of its snapshot. */
type Pending = { readonly write: Write; readonly state: State | undefined };

export class Disk {
  hardState: HardState = { term: 0 as Term, vote: undefined, standing: 'new' };
  base: SnapshotMark;
  log: Entry[] = [];
  state: State = emptyState();
  #pending: Pending[] = [];

  constructor(configuration: Configuration) {
    this.base = { last: { index: 0 as LogIndex, term: 0 as Term }, configuration };
  }
  write(write: Write, state: State | undefined): void {
    this.#pending.push({ write, state });
  }
  /** All up to this write is durable. False when an earlier fsync had done it. */
  sync(sequence: number): boolean {
    const count = this.#pending.filter(({ write }) => write.sequence <= sequence).length;
    for (const { write, state } of this.#pending.splice(0, count)) this.#persist(write, state);
    return count > 0;
  }
  get hasSnapshotPending(): boolean {
    return this.#pending.some(({ write }) => write.snapshot !== undefined);
  }
  saveState(state: State): void {
    if (!this.hasSnapshotPending) this.state = state;
  }
  /** A prefix of the unfinished writes stays, the last of them perhaps in part. @returns what was torn. */
  crash(random: Prng): 'write' | 'snapshot' | undefined {
    const kept = random.below(this.#pending.length + 1);
    const torn = this.#pending[kept];
    for (const { write, state } of this.#pending.splice(0).slice(0, kept)) this.#persist(write, state);
    if (torn === undefined || (torn.write.snapshot === undefined && random.chance(0.5))) return undefined;
    const { write, state } = torn;
    if (write.snapshot !== undefined) {
      // The snapshot has its name, and the log is not yet purged (raft.md 31).
      this.base = write.snapshot;
      this.state = present(state, 'state of the snapshot');
      return 'snapshot';
    }
    this.#persist({ ...write, entries: write.entries.slice(0, random.below(write.entries.length + 1)) }, undefined);
    return 'write';
  }
  /** At start: what a snapshot replaced is purged if a crash came between. */
  recover(): void {
    const { index, term } = this.base.last;
    const first = this.log[0];
    if (first === undefined || first.index === index + 1) return;
    const isSameLog = this.log.some((entry) => entry.index === index && entry.term === term);
    this.log = isSameLog ? this.log.filter((entry) => entry.index > index) : [];
  }
  /** The log up to there goes, behind the saved state. */
  compact(base: SnapshotMark): void {
    this.base = base;
    this.log = this.log.filter(({ index }) => index > base.last.index);
  }
  holds({ index, term }: { readonly index: number; readonly term: Term }): boolean {
    return index <= this.base.last.index || this.log[index - this.base.last.index - 1]?.term === term;
  }
  get lastIndex(): number {
    return this.base.last.index + this.log.length;
  }
  #persist({ hardState, snapshot, truncateFrom, entries }: Write, state: State | undefined): void {
    if (hardState !== undefined) this.hardState = hardState;
    if (snapshot !== undefined) {
      this.base = snapshot;
      this.log = [];
      this.state = present(state, 'state of the snapshot');
    }
    if (truncateFrom !== undefined) this.log = this.log.filter(({ index }) => index < truncateFrom);
    this.log.push(...entries.filter(({ index }) => index > this.base.last.index));
  }
}
