/** A replicated thing, as its service sees it. One copy for now; Raft comes behind the same interface. */
import type {
  Entry,
  LogIndex,
  OperationId,
  OrderedReader,
  OrderedStore,
  OrderedWriter,
  StateMachine,
  GroupId,
  HybridTime,
} from '@skerry/kernel';
import type { World } from '@skerry/runtime-world';
import type { Telemetry } from '@skerry/runtime-telemetry';

export interface Replica {
  /**
   * Resolves when the record is durable and applied, with what `apply` returned. @throws StatusError `not_leader`,
   * `disk_full`, `read_only_disk` (nothing was kept), `disk_failed` (the node stops), `shutting_down`, `overloaded`. A repeat of an
   * operation id has effect once.
   */
  propose(
    command: Uint8Array,
    operationId: OperationId,
  ): Promise<{ readonly result: Uint8Array; readonly index: LogIndex }>;
  /** The replicated state, as of {@link Replica.appliedIndex}. */
  readonly state: OrderedReader;
  /** This node's own part of the store. */
  readonly local: OrderedReader;
  readonly appliedIndex: LogIndex;
  /** Resolves when what was acknowledged anywhere before the call can be read here (ReadIndex). */
  readBarrier(): Promise<void>;
  readonly isLeader: boolean;
  /** The hybrid clock's newest time, for comparing expiry with the log's own time. */
  now(): HybridTime;
  /** Changes this node's own part outside the log. */
  changeLocal(body: (local: OrderedWriter) => void): void;
  status(): ReplicaStatus;
  close(): Promise<void>;
}
export type ReplicaStatus = {
  readonly group: string;
  readonly epoch: string;
  readonly term: number;
  readonly leader: boolean;
  readonly committed: number;
  readonly applied: number;
  /** Below this the log was cut. */
  readonly firstIndex: number;
};

export type ReplicaOptions<Effect> = {
  readonly world: World;
  readonly telemetry: Telemetry;
  readonly group: GroupId;
  /** The log's folder on the world's disk. */
  readonly logDirectory: string;
  readonly store: OrderedStore;
  readonly stateMachine: StateMachine<Effect>;
  /** In the same transaction as the apply that caused them. Idempotent: a crash may repeat them. */
  perform(effects: readonly Effect[], entry: Entry, local: OrderedWriter): void;
  /** Awaited before the log is cut: whatever `perform` put outside the store must be durable. */
  beforeCut(): Promise<void>;
  /** Called once when the node cannot go on (fsync failed, damaged log): the process must end. */
  onFatal(error: Error): void;
  /** Bytes logged after which the log is cut. Default: 64 MiB. */
  readonly checkpointBytes?: number;
  /** A segment of the log, its grain of cutting. Default: 32 MiB. */
  readonly logSegmentBytes?: number;
};
