/** What goes into the machine and what comes out. Words: D. Ongaro's thesis, 2014. */
import type { LogIndex, NodeId, Term } from '@skerry/kernel';

/**
 * Who votes (thesis §4.3). `outgoing` is empty except in the joint phase, when both majorities are needed.
 * `departing` become learners when the joint phase ends: voters of `outgoing` that are to stay as learners.
 */
export type Configuration = {
  readonly voters: readonly NodeId[];
  readonly outgoing: readonly NodeId[];
  readonly learners: readonly NodeId[];
  readonly departing: readonly NodeId[];
};

export type EntryKind = 'command' | 'noop' | 'configuration';
/** `body` is opaque, but for a configuration's, see `configuration-codec.ts`. */
export type Entry = {
  readonly term: Term;
  readonly index: LogIndex;
  readonly kind: EntryKind;
  readonly body: Uint8Array;
};

/** A place in the log. Index 0, term 0 is before everything. */
export type Position = { readonly index: LogIndex; readonly term: Term };

/**
 * `new`: the disk was empty at start, and no leader has yet brought it what was committed: it may have acknowledged in a
 * life whose disk was lost, so its vote counts only for another such node (the first start of a group), or when every
 * other voter grants: whoever is ahead of all that is left has all that is left.
 * `damaged`: what it had acknowledged is partly lost; it neither votes nor leads until repaired from others.
 */
export type Standing = 'member' | 'new' | 'damaged';

/** What must survive a crash beside the log. */
export type HardState = { readonly term: Term; readonly vote: NodeId | undefined; readonly standing: Standing };

/** The state up to `last`, and who voted then. The bytes travel beside, by the driver. */
export type SnapshotMark = { readonly last: Position; readonly configuration: Configuration };

/** To one node and life; `toIncarnation` 0: not known yet. A message of or to an earlier life is dropped (raft.md 64). */
export type Envelope = {
  readonly from: NodeId;
  readonly fromIncarnation: number;
  readonly to: NodeId;
  readonly toIncarnation: number;
  readonly term: Term;
};
export type Body =
  | {
      readonly kind: 'requestVote';
      readonly pre: boolean;
      readonly last: Position;
      /** The leader asked for it: voters that hear a leader may grant (thesis §3.10). */
      readonly transfer: boolean;
      readonly standing: Standing;
    }
  /** `withheld`: of a node that is `new`, for one that is not: it counts only when every other voter grants too. */
  | { readonly kind: 'vote'; readonly pre: boolean; readonly granted: boolean; readonly withheld: boolean }
  | {
      readonly kind: 'append';
      readonly previous: Position;
      readonly entries: readonly Entry[];
      readonly commit: LogIndex;
    }
  | {
      readonly kind: 'appended';
      readonly ok: true;
      /** All up to here is on the follower's disk and equal to the leader's log of this term. */
      readonly match: LogIndex;
    }
  | {
      readonly kind: 'appended';
      readonly ok: false;
      /** Of the refused append: a refusal that is no news is dropped. */
      readonly previousIndex: LogIndex;
      /** The highest place in the follower's log that could agree. */
      readonly hint: Position;
    }
  | { readonly kind: 'heartbeat'; readonly commit: LogIndex; readonly round: number }
  | { readonly kind: 'heartbeatReply'; readonly round: number }
  | { readonly kind: 'timeoutNow' }
  | { readonly kind: 'readIndex'; readonly request: number }
  | { readonly kind: 'readIndexReply'; readonly request: number; readonly index: LogIndex | undefined }
  /** Sent when all chunks of the snapshot have arrived and were checked by the driver. */
  | { readonly kind: 'installSnapshot'; readonly mark: SnapshotMark };
export type Message = Envelope & { readonly body: Body };

/** An append on its way out: the driver attaches the entries `(previous.index, last]` of its log, or drops the message when the log changed. */
export type AppendRange = {
  readonly kind: 'appendRange';
  readonly previous: Position;
  readonly last: LogIndex;
  readonly commit: LogIndex;
};
export type OutgoingBody = Exclude<Body, { kind: 'append' } | { kind: 'installSnapshot' }> | AppendRange;
export type OutgoingMessage = Envelope & { readonly body: OutgoingBody };

export type Input =
  | { readonly kind: 'tick' }
  | { readonly kind: 'receive'; readonly message: Message }
  | { readonly kind: 'propose'; readonly bodies: readonly Uint8Array[] }
  /** All writes up to this sequence number are on disk. */
  | { readonly kind: 'persisted'; readonly sequence: number }
  /** The state machine has taken in all up to here. */
  | { readonly kind: 'applied'; readonly index: LogIndex }
  /** A linearizable read is asked for; `request`, not used before in this life, comes back in `readReady` or `readRefused`, or never: messages get lost. */
  | { readonly kind: 'read'; readonly request: number }
  /** The wanted voters and learners; see `changeConfiguration`. */
  | { readonly kind: 'configure'; readonly voters: readonly NodeId[]; readonly learners: readonly NodeId[] }
  | { readonly kind: 'transfer'; readonly to: NodeId }
  /** The log up to here was cut away behind a durable snapshot. */
  | { readonly kind: 'compacted'; readonly index: LogIndex }
  /** The follower has, or has not, got the snapshot that `sendSnapshot` asked for. */
  | { readonly kind: 'snapshotSent'; readonly to: NodeId; readonly ok: boolean }
  /** The disk does not answer: a leader gives up its place, a candidate its candidacy (raft.md 55). */
  | { readonly kind: 'stalled' };

export type Write = {
  readonly kind: 'write';
  /** Ascending. `persisted` acknowledges all up to one. */
  readonly sequence: number;
  readonly hardState: HardState | undefined;
  /** All entries from here on are cut off first. */
  readonly truncateFrom: LogIndex | undefined;
  readonly entries: readonly Entry[];
  /** Replaces state and log; the driver has its bytes. */
  readonly snapshot: SnapshotMark | undefined;
};
export type RefusalReason =
  | 'not_leader'
  /** Leadership is being handed over. */
  | 'transferring'
  /** The bytes that wait for a majority are at their limit. */
  | 'uncommitted_full'
  | 'too_large'
  | 'change_pending'
  /** The leader has not yet committed in its term (raft.md 38). */
  | 'term_uncommitted'
  /** A voter to be is no learner that has caught up (raft.md 44, 47). */
  | 'learner_behind'
  | 'no_voters'
  | 'unchanged'
  | 'no_such_voter'
  /** Reads that wait for a majority are at their limit. */
  | 'too_many_reads';

export type Role = 'follower' | 'preCandidate' | 'candidate' | 'leader';
export type Effect =
  | Write
  | { readonly kind: 'send'; readonly message: OutgoingMessage }
  /** All entries up to here are decided and on this disk: apply them. */
  | { readonly kind: 'commit'; readonly index: LogIndex }
  /** To `propose`: they have these indexes. Whether they are decided is told by `commit`, if the term still stands. */
  | { readonly kind: 'proposed'; readonly first: LogIndex; readonly count: number; readonly term: Term }
  | { readonly kind: 'refused'; readonly of: 'propose' | 'configure' | 'transfer'; readonly reason: RefusalReason }
  | { readonly kind: 'readReady'; readonly request: number; readonly index: LogIndex }
  | { readonly kind: 'readRefused'; readonly request: number; readonly reason: RefusalReason }
  /** Stream a snapshot of the applied state to this follower; answer with `snapshotSent`. */
  | { readonly kind: 'sendSnapshot'; readonly to: NodeId }
  /** Role, term or leader changed. */
  | { readonly kind: 'role'; readonly role: Role; readonly term: Term; readonly leader: NodeId | undefined }
  /** A configuration became active, on append; or, truncated, the one before it again. */
  | { readonly kind: 'configured'; readonly configuration: Configuration; readonly index: LogIndex };

/** Found on disk at start. `log` is what follows the snapshot, bodies of configurations included. */
export type Stored = {
  readonly hardState: HardState;
  readonly snapshot: SnapshotMark;
  readonly log: Iterable<Pick<Entry, 'term' | 'kind' | 'body'>>;
  /** Applied and saved with the state; at least the snapshot's index. */
  readonly applied: LogIndex;
};

export type Options = {
  readonly id: NodeId;
  /** Counts this node's starts, from 1. */
  readonly incarnation: number;
  readonly stored: Stored;
  /** For the randomized election timeout: an integer in [0, limit). */
  readonly below: (limit: number) => number;
  /** Least election timeout, in ticks; each is drawn from [this, 2 × this). 10: ten heartbeats may be late or lost. */
  readonly electionTicks?: number;
  /** 1: the tick is chosen as the heartbeat's interval. */
  readonly heartbeatTicks?: number;
  /** Most messages on the way to one follower unanswered. */
  readonly inflightCountMax?: number;
  /** Most bytes on the way to one follower unanswered. */
  readonly inflightSizeMaxBytes?: number;
  /** Bytes of entries after which a message is sent; one entry may be larger. */
  readonly appendSizeMaxBytes?: number;
  /** Bytes that may wait for a majority; then `uncommitted_full`. */
  readonly uncommittedSizeMaxBytes?: number;
  readonly entrySizeMaxBytes?: number;
  /** A learner that misses at most so many entries is caught up. */
  readonly promotionLagMax?: number;
  /** Linearizable reads without a round, as long as clocks tick alike (thesis §6.4.1); on all nodes or on none. Off by default. */
  readonly leaseReads?: boolean;
  /**
   * What is decided is told at once, in an append without entries when there are none: followers apply soon. Else with the
   * next append, read index or heartbeat, which saves a third of the messages. On by default.
   */
  readonly tellsCommitAtOnce?: boolean;
  /**
   * Whether a snapshot is cheaper than so many bytes of entries; asked when it is known what a follower misses. It is sent
   * one then, though the log has it all. Default: never.
   */
  readonly prefersSnapshot?: (missingBytes: number) => boolean;
};
