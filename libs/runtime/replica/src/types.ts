/** A replicated thing, as its service sees it. */
import type { Configuration, Role, Standing } from '@skerry/cluster-raft';
import type {
  Entry,
  Epoch,
  GroupId,
  HybridTime,
  LogIndex,
  NodeId,
  OperationId,
  OrderedReader,
  OrderedStore,
  OrderedWriter,
  StateMachine,
  StatusError,
} from '@skerry/kernel';
import type { RaftAdmin, RaftHandler, RaftLinks } from '@skerry/runtime-raft-links';
import type { Telemetry } from '@skerry/runtime-telemetry';
import type { World } from '@skerry/runtime-world';

export interface Replica {
  /**
   * Resolves when the record is durable on a majority and applied here, with what `apply` returned. @throws StatusError
   * `not_leader` (also when leadership ended before the outcome was known: ask again under the same operation id),
   * `disk_full`, `read_only_disk` (alone: nothing was kept), `disk_failed` (the node stops), `shutting_down`, `overloaded`.
   * A repeat of an operation id has effect once.
   */
  propose(
    command: Uint8Array,
    operationId: OperationId,
  ): Promise<{ readonly result: Uint8Array; readonly index: LogIndex }>;
  /** The replicated state, as of {@link Replica.appliedIndex}. */
  readonly state: OrderedReader;
  /** What this operation gave when it was applied; undefined when it was not, here, or many records ago. */
  remembered(id: OperationId): Uint8Array | undefined;
  /** This node's own part of the store. */
  readonly local: OrderedReader;
  readonly appliedIndex: LogIndex;
  /**
   * Resolves when what was acknowledged anywhere before the call can be read here (ReadIndex). @throws StatusError
   * `not_leader` when no leader answers, `overloaded`.
   */
  readBarrier(): Promise<void>;
  readonly isLeader: boolean;
  /** It joined, and has no vote yet. */
  readonly isJoining: boolean;
  /** As far as this node knows. */
  readonly leader: NodeId | undefined;
  /**
   * Called each time this node begins to lead, with all that was decided before applied. At once when it leads already.
   * Returns the way to stop.
   */
  onLeading(listener: () => void): () => void;
  /** The hybrid clock's newest time, for comparing expiry with the log's own time. */
  now(): HybridTime;
  /** Changes this node's own part outside the log. */
  changeLocal(body: (local: OrderedWriter) => void): void;
  status(): ReplicaStatus;
  close(): Promise<void>;
}
/** One of many: told what became of it, once, without a promise of its own. Neither of the two may throw. */
export type Proposal = {
  readonly command: Uint8Array;
  readonly operationId: OperationId;
  decided(result: Uint8Array, index: LogIndex): void;
  refused(error: StatusError): void;
};
/** A replica and what an operator may ask of it. */
export type OpenedReplica = Replica & {
  readonly admin: RaftAdmin;
  /** As {@link Replica.propose}, for what came together. */
  proposeAll(proposals: readonly Proposal[]): void;
};
export type ReplicaStatus = {
  readonly group: string;
  readonly epoch: string;
  readonly term: number;
  readonly leader: boolean;
  readonly leaderId: string;
  readonly role: Role;
  readonly standing: Standing;
  readonly committed: number;
  readonly applied: number;
  /** Entries that are known here, and not applied. */
  readonly lag: number;
  /** Below this the log was cut. */
  readonly firstIndex: number;
  readonly lastIndex: number;
  readonly voters: readonly NodeId[];
  /** While the voters change: those of before. */
  readonly outgoing: readonly NodeId[];
  readonly learners: readonly NodeId[];
  /** Of a leader: so many voters more may fail now without a stop. */
  readonly failureTolerance: number;
};

/** Ways to the other members; absent in a group of one. */
export type Connect = (member: {
  readonly epoch: Epoch;
  readonly handler: RaftHandler;
  readonly admin: RaftAdmin;
}) => RaftLinks;

/** Which group, and who else is in it. */
export type Membership = {
  readonly group: GroupId;
  /** This node. */
  readonly node: NodeId;
  /** Asked once, when the store is empty. Default: this node begins the group alone. */
  readonly begin?: () => Promise<Beginning>;
  readonly connect?: Connect;
};
/** How a member without a past comes into its group. */
export type Beginning = {
  /** Who begin the group, the same at each of them; without this node, one that joins. */
  readonly founders: readonly NodeId[];
  /** The same at all members. Undefined: a new one, which only a group of one may have. */
  readonly epoch: Epoch | undefined;
};
export type ReplicaOptions<Effect> = Membership & {
  readonly world: World;
  readonly telemetry: Telemetry;
  /** The log's folder on the world's disk. */
  readonly logDirectory: string;
  readonly store: OrderedStore;
  readonly stateMachine: StateMachine<Effect>;
  /** In the same transaction as the apply that caused them. Idempotent: a crash may repeat them. */
  perform(effects: readonly Effect[], entry: Entry, local: OrderedWriter): void;
  /** Awaited before the log is cut: whatever `perform` put outside the store must be durable. */
  beforeCut(): Promise<void>;
  /** The state was replaced by a snapshot: what `perform` would have done for its entries was not done. */
  restored?(): void;
  /** Awaited before the voters become `next`: refuses what would cost the group what it keeps beside the log. */
  admit?(next: readonly NodeId[], now: readonly NodeId[]): Promise<void>;
  /** Called once when the node cannot go on (fsync failed, damaged log): the process must end. */
  onFatal(error: Error): void;
  /** Bytes logged after which the log is cut. Default: 64 MiB. */
  readonly checkpointBytes?: number;
  /** A segment of the log, its grain of cutting. Default: 32 MiB. */
  readonly logSegmentBytes?: number;
  /** Entries that a cut leaves for followers that are behind. Default: 200,000. */
  readonly cutKeepCountMax?: number;
  /** The machine's tick, in milliseconds. Default: 30. */
  readonly tickMs?: number;
};
export type { Configuration };
