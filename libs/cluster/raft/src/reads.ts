/**
 * Linearizable reads without a log entry: a leader notes its commit index, and proves with one round of heartbeats that
 * it led after the read was asked for; all reads that wait share a round (thesis §6.4).
 */
import type { LogIndex, NodeId } from '@skerry/kernel';

/** `from`: the follower that asked; undefined: this node. */
export type Read = { readonly request: number; readonly from: NodeId | undefined };
type Round = { readonly round: number; readonly index: LogIndex; readonly reads: readonly Read[] };

/** Rounds on the way at once; later reads wait and share the next. */
const roundsInFlightMax = 2;

export class ReadQueue {
  readonly #countMax: number;
  #waiting: Read[] = [];
  #rounds: Round[] = [];
  /** Confirmed, but not yet applied here. */
  #confirmed: { readonly request: number; readonly index: LogIndex }[] = [];
  #count = 0;
  /** Of the last heartbeats sent; ascending over the machine's life. */
  round = 0;

  constructor(countMax: number) {
    this.#countMax = countMax;
  }
  /** False when too many wait. */
  add(read: Read): boolean {
    if (this.#count >= this.#countMax) return false;
    this.#count += 1;
    this.#waiting.push(read);
    return true;
  }
  /** The number of a round that must be sent now, if one must. */
  begin(commit: LogIndex): number | undefined {
    if (this.#waiting.length === 0 || this.#rounds.length >= roundsInFlightMax) return undefined;
    this.round += 1;
    this.#rounds.push({ round: this.round, index: commit, reads: this.#waiting });
    this.#waiting = [];
    return this.round;
  }
  /** A majority answered `round`: those reads may be served at the index of their own round. */
  confirm(round: number): readonly { readonly read: Read; readonly index: LogIndex }[] {
    const done: { read: Read; index: LogIndex }[] = [];
    while ((this.#rounds[0]?.round ?? Infinity) <= round) {
      const { index, reads } = this.#rounds.shift() as Round;
      for (const read of reads) done.push({ read, index });
    }
    this.#count -= done.length;
    return done;
  }
  /** A read of this node waits until its index is applied. */
  await(request: number, index: LogIndex): void {
    this.#confirmed.push({ request, index });
  }
  applied(index: LogIndex): readonly { readonly request: number; readonly index: LogIndex }[] {
    if (this.#confirmed.length === 0) return [];
    const ready = this.#confirmed.filter((read) => read.index <= index);
    if (ready.length > 0) this.#confirmed = this.#confirmed.filter((read) => read.index > index);
    return ready;
  }
  /** A follower began another life: what the last one asked would be answered to this one, which numbers its requests anew. */
  forget(from: NodeId): void {
    const keep = (read: Read): boolean => read.from !== from;
    this.#waiting = this.#waiting.filter(keep);
    this.#rounds = this.#rounds.map((round) => ({ ...round, reads: round.reads.filter(keep) }));
    this.#count = this.#waiting.length + this.#rounds.reduce((sum, { reads }) => sum + reads.length, 0);
  }
  /** Leadership ended: what no majority confirmed is refused. */
  abandon(): readonly Read[] {
    const reads = [...this.#rounds.flatMap((round) => round.reads), ...this.#waiting];
    this.#rounds = [];
    this.#waiting = [];
    this.#count = 0;
    return reads;
  }
}
