/**
 * The state that the parts of the machine share, and the writing of effects. Internal: `raft.ts` is the machine.
 *
 * A promise of durability (a vote, an acknowledgement, a request for votes in a new term) is held back until the write
 * it rests on is on disk; everything else goes at once (architecture.md, "One shape for every algorithm").
 */
import { assert, type LogIndex, type NodeId, type Term } from '@skerry/kernel';
import { ConfigurationHistory, decodeConfiguration, isVoter } from './configuration.ts';
import { LogIndexTable } from './log-index.ts';
import type { Progress } from './progress.ts';
import { ReadQueue } from './reads.ts';
import type {
  Configuration,
  Effect,
  Entry,
  EntryKind,
  HardState,
  Options,
  OutgoingBody,
  Role,
  SnapshotMark,
  Standing,
  Write,
} from './types.ts';
import type { Limits } from './options.ts';

/** Bytes that an entry costs beside its body, in limits. */
export const entryOverheadBytes = 32;

/** An answer to a candidate, see `Standing`. */
export type Vote = 'granted' | 'withheld' | 'refused';
type Held = { readonly sequence: number; readonly release: () => void };

export class Core {
  readonly id: NodeId;
  readonly incarnation: number;
  /** One of those that began the group, and not one that joins, perhaps after its disk was lost. */
  readonly founder: boolean;
  readonly limits: Limits;
  readonly below: (limit: number) => number;
  readonly prefersSnapshot: (missingBytes: number) => boolean;

  term: Term;
  vote: NodeId | undefined;
  standing: Standing;
  role: Role = 'follower';
  leader: NodeId | undefined;

  log: LogIndexTable;
  configurations: ConfigurationHistory;
  commit: LogIndex;
  applied: LogIndex;
  /** All up to here is on this disk. */
  stable: LogIndex;

  /** Ticks since the machine began. */
  now = 0;
  /** Ticks since a leader was heard, a vote given, or a candidacy begun; of a leader, since the quorum was checked. */
  elapsed = 0;
  timeout = 0;
  votes = new Map<NodeId, Vote>();
  /** Of all other members, and those that are told to go; only a leader has any. */
  progress = new Map<NodeId, Progress>();
  /** Somebody was asked to take over in this term: it may, at any time later, though this node leads on. */
  succession = false;
  transfer: { readonly to: NodeId; readonly untilTick: number } | undefined;
  /** No configuration may be proposed until this index is applied (raft.md 39). */
  pendingChange = 0 as LogIndex;
  readonly reads: ReadQueue;
  /** When each of the last heartbeat rounds was sent, in ticks. */
  readonly roundTicks = new Map<number, number>();
  /** Lives of the others, as far as heard of. */
  readonly incarnations = new Map<NodeId, number>();

  #effects: Effect[] = [];
  #write: {
    hardState: boolean;
    truncateFrom: LogIndex | undefined;
    entries: Entry[];
    snapshot: SnapshotMark | undefined;
  };
  #heldNow: (() => void)[] = [];
  #held: Held[] = [];
  #sequence = 0;
  #persisted = 0;
  /** What each unfinished write will make durable, lowered by later truncations (raft.md 21). */
  #writes: { readonly sequence: number; last: number }[] = [];
  #commitTold: LogIndex;

  constructor(options: Options, limits: Limits) {
    const { hardState, snapshot, log, applied } = options.stored;
    this.id = options.id;
    this.incarnation = options.incarnation;
    this.founder = snapshot.last.index === 0 && isVoter(snapshot.configuration, options.id);
    this.limits = limits;
    this.below = options.below;
    this.prefersSnapshot = options.prefersSnapshot ?? (() => false);
    ({ term: this.term, vote: this.vote, standing: this.standing } = hardState);
    this.log = new LogIndexTable(snapshot.last);
    this.configurations = new ConfigurationHistory(snapshot.last.index, snapshot.configuration);
    for (const { term, kind, body } of log) this.#take(term, kind, body);
    this.stable = this.log.lastIndex;
    this.applied = applied;
    this.commit = applied;
    this.#commitTold = applied;
    assert(applied >= snapshot.last.index, `applied ${applied} is before the snapshot ${snapshot.last.index}`);
    assert(applied <= this.stable, `applied ${applied} is beyond the log, which ends at ${this.stable}`);
    assert(this.log.last.term <= this.term, `the log's term ${this.log.last.term} is beyond the term ${this.term}`);
    this.reads = new ReadQueue(limits.readCountMax);
    this.#write = emptyWrite();
    this.resetTimeout();
  }

  get configuration(): Configuration {
    return this.configurations.current;
  }
  /** A leader knows what is decided only after an entry of its own term is (thesis §3.6.2, §6.4). */
  get termCommitted(): boolean {
    return this.log.term(this.commit) === this.term;
  }
  resetTimeout(): void {
    this.elapsed = 0;
    this.timeout = this.limits.electionTicks + this.below(this.limits.electionTicks);
  }
  /** Heard from so lately that no vote is given to another (thesis §4.2.3). */
  get leaderHeard(): boolean {
    // A lease may rest on what was heard just before this life began.
    if (this.limits.leaseReads && this.now < this.limits.electionTicks) return true;
    return this.leader !== undefined && this.elapsed < this.limits.electionTicks;
  }

  // Log.

  append(kind: EntryKind, body: Uint8Array, term = this.term): LogIndex {
    const index = this.#take(term, kind, body);
    this.#write.entries.push({ term, index, kind, body });
    return index;
  }
  truncateFrom(index: LogIndex): void {
    assert(index > this.commit, `cannot truncate from ${index}: decided up to ${this.commit}`);
    this.log.truncateFrom(index);
    const { entries } = this.#write;
    while ((entries[entries.length - 1]?.index ?? 0) >= index) entries.pop();
    this.#write.truncateFrom = Math.min(this.#write.truncateFrom ?? index, index) as LogIndex;
    for (const write of this.#writes) write.last = Math.min(write.last, index - 1);
    this.stable = Math.min(this.stable, index - 1) as LogIndex;
    if (this.configurations.truncateFrom(index)) this.#configured();
  }
  replaceBySnapshot(mark: SnapshotMark): void {
    this.log = new LogIndexTable(mark.last);
    this.configurations = new ConfigurationHistory(mark.last.index, mark.configuration);
    this.#configured();
    for (const write of this.#writes) write.last = 0;
    this.stable = 0 as LogIndex;
    this.commit = mark.last.index;
    this.applied = mark.last.index;
    this.#commitTold = mark.last.index;
    this.#write = { ...emptyWrite(), hardState: this.#write.hardState, snapshot: mark };
  }
  commitTo(index: LogIndex): void {
    if (index <= this.commit) return;
    assert(index <= this.log.lastIndex, `cannot commit ${index}: log ends at ${this.log.lastIndex}`);
    this.commit = index;
  }
  #take(term: Term, kind: EntryKind, body: Uint8Array): LogIndex {
    const index = this.log.append(term, body.length + entryOverheadBytes);
    if (kind === 'configuration') {
      this.configurations.push(index, decodeConfiguration(body));
      this.#configured();
    }
    return index;
  }
  #configured(): void {
    const { configuration } = this;
    this.#effects.push({ kind: 'configured', configuration, index: this.configurations.index });
  }

  // Effects.

  hardStateChanged(): void {
    this.#write.hardState = true;
  }
  emit(effect: Effect): void {
    this.#effects.push(effect);
  }
  send(to: NodeId, body: OutgoingBody, term = this.term): void {
    const toIncarnation = this.incarnations.get(to) ?? 0;
    const { id: from, incarnation: fromIncarnation } = this;
    this.#effects.push({ kind: 'send', message: { from, fromIncarnation, to, toIncarnation, term, body } });
  }
  /** Sends when all that was written until now is on disk. */
  sendDurable(to: NodeId, body: OutgoingBody): void {
    this.whenDurable(() => this.send(to, body));
  }
  whenDurable(release: () => void): void {
    this.#heldNow.push(release);
  }
  /** Promises of an earlier term are nobody's concern any more. */
  dropHeld(): void {
    this.#held = [];
    this.#heldNow = [];
  }
  persisted(sequence: number): void {
    assert(sequence <= this.#sequence, `write ${sequence} was never asked for: last is ${this.#sequence}`);
    this.#persisted = Math.max(this.#persisted, sequence);
    while ((this.#writes[0]?.sequence ?? Infinity) <= sequence) {
      this.stable = Math.max(this.stable, this.#writes.shift()?.last ?? 0) as LogIndex;
    }
    while ((this.#held[0]?.sequence ?? Infinity) <= sequence) this.#held.shift()?.release();
  }
  /** Ends a step: the write first, so that whoever performs the rest has the entries. */
  flush(): readonly Effect[] {
    const write = this.#takeWrite();
    const held = this.#heldNow;
    this.#heldNow = [];
    for (const release of held) {
      if (this.#sequence > this.#persisted) this.#held.push({ sequence: this.#sequence, release });
      else release();
    }
    const decided = Math.min(this.commit, this.stable) as LogIndex;
    if (decided > this.#commitTold) {
      this.#commitTold = decided;
      this.#effects.push({ kind: 'commit', index: decided });
    }
    const effects = write === undefined ? this.#effects : [write, ...this.#effects];
    this.#effects = [];
    return effects;
  }
  #takeWrite(): Write | undefined {
    const { hardState, truncateFrom, entries, snapshot } = this.#write;
    if (!hardState && truncateFrom === undefined && entries.length === 0 && snapshot === undefined) return undefined;
    this.#write = emptyWrite();
    this.#sequence += 1;
    this.#writes.push({ sequence: this.#sequence, last: this.log.lastIndex });
    const { term, vote, standing } = this;
    const saved: HardState | undefined = hardState ? { term, vote, standing } : undefined;
    return { kind: 'write', sequence: this.#sequence, hardState: saved, truncateFrom, entries, snapshot };
  }
}

const emptyWrite = (): {
  hardState: boolean;
  truncateFrom: LogIndex | undefined;
  entries: Entry[];
  snapshot: SnapshotMark | undefined;
} => ({ hardState: false, truncateFrom: undefined, entries: [], snapshot: undefined });
