/** What a member of a group says to the others, and what it is told. */
import type { Body, Configuration, Envelope, Position, SnapshotMark } from '@skerry/cluster-raft';
import type { Epoch, GroupId, LogIndex, NodeId, RecordEntry, Term } from '@skerry/kernel';
import type { raft } from '@skerry/proto';
import type { RpcNode } from '@skerry/runtime-rpc';
import type { Telemetry } from '@skerry/runtime-telemetry';
import type { World } from '@skerry/runtime-world';
import type { LinkLimits } from './limits.ts';

/** An append with the log's very bytes; `entries` follow `previous` without a gap. */
export type RecordAppend = {
  readonly kind: 'append';
  readonly previous: Position;
  readonly entries: readonly RecordEntry[];
  readonly commit: LogIndex;
};
/** A message of the machine; the entries of an append have their `record`. */
export type LinkMessage = Envelope & { readonly body: Exclude<Body, { readonly kind: 'append' }> | RecordAppend };

export type SnapshotOffer = {
  /** The same for one leader, term and index: then the chunks are the same. At most 255 characters. */
  readonly id: string;
  readonly mark: SnapshotMark;
  readonly from: NodeId;
  readonly fromIncarnation: number;
  readonly term: Term;
};
export type OutgoingSnapshot = Omit<SnapshotOffer, 'from'> & {
  /** From this chunk on; each of at most `snapshotChunkMaxBytes`; the same for the same id. */
  chunks(fromChunk: number): AsyncIterable<Uint8Array>;
};

/** What the links tell a member. Calls for messages of several nodes, and of the two classes, may be under way at once. */
export interface RaftHandler {
  /**
   * A promise is back-pressure. For an append: the sender may send only a window more, and other messages go on. For
   * any other: the stream is not read on. Must not fail: if it does, that is an event, and the stream is cut.
   */
  receive(message: LinkMessage): void | Promise<void>;
  /** Which chunk is wanted next, 0 for a new id; undefined: refused. One snapshot at a time; another id drops the one before. */
  beginSnapshot(offer: SnapshotOffer): Promise<{ readonly nextChunk: number } | undefined>;
  /** Chunks come in order, each once, from the one that was wanted. Resolves when it is kept: from then on the bytes are others'. */
  snapshotChunk(id: string, number: number, bytes: Uint8Array): Promise<void>;
  /** Resolves when the snapshot is whole and durable; to install it is the member's own. */
  endSnapshot(id: string, chunkCount: number): Promise<void>;
}

/** The operator's calls; each fails as the proto says. */
export interface RaftAdmin {
  status(): raft.RaftStatus;
  transferLeadership(to: NodeId | undefined, signal: AbortSignal): Promise<{ leader: NodeId; term: number }>;
  changeMembers(change: MemberChange, signal: AbortSignal): Promise<{ configuration: Configuration; index: number }>;
  takeSnapshot(signal: AbortSignal): Promise<{ last: Position; sizeBytes: number }>;
  digestState(signal: AbortSignal): Promise<StateDigest>;
}
export type StateDigest = {
  /** Log index up to which the state was applied. */
  readonly applied: number;
  readonly sha256: Uint8Array;
  readonly rowCount: number;
  /** Of keys and values. */
  readonly sizeBytes: number;
};
export type MemberChange = {
  readonly add: readonly NodeId[];
  readonly promote: readonly NodeId[];
  readonly demote: readonly NodeId[];
  readonly remove: readonly NodeId[];
};

/** One member's way to the others of its group. */
export interface RaftLinks {
  /**
   * Never blocks. False: dropped (no stream, or its queue is full); Raft sends again. All but appends overtake appends;
   * within each of the two classes order is kept. While a stream is being opened, messages wait for it.
   */
  send(message: LinkMessage): boolean;
  /** Bytes that wait to be sent to this node. */
  pendingBytes(to: NodeId): number;
  /** Whether a stream to it is open, and was heard of lately. */
  isConnected(to: NodeId): boolean;
  /**
   * Streams to these are opened now and kept; to others they last as long as they are used. To be called with the
   * members whenever the configuration changes.
   */
  keep(peers: readonly NodeId[]): void;
  /**
   * Resolves when the other side has it whole and durable. Rejects with a StatusError: `fenced` when it was refused,
   * `no_node` when no address is known, `connection_lost` or `stalled` when it was cut (call again with the same id),
   * `cancelled` by the signal, and whatever `chunks` throws.
   */
  sendSnapshot(to: NodeId, snapshot: OutgoingSnapshot, signal: AbortSignal): Promise<void>;
  /** Cuts all streams; resolves when the handler is called no more. */
  close(): Promise<void>;
}

export type RaftGroupOptions = {
  readonly group: GroupId;
  /** Asked for each frame. */
  readonly epoch: () => Epoch;
  /** `host:port` of a member's rpc door; undefined: not known now. Asked for each try. */
  readonly resolve: (id: NodeId) => string | undefined;
  readonly handler: RaftHandler;
  readonly admin?: RaftAdmin;
  readonly limits?: Partial<LinkLimits>;
};

/** The rpc service of all groups of one node. */
export interface RaftDoor {
  /** Before or after the node listens; a group is there once. */
  group(options: RaftGroupOptions): RaftLinks;
  /** Closes all groups. */
  close(): Promise<void>;
}
export type RaftDoorOptions = {
  /** Not yet listening: the service is registered here. */
  readonly rpc: RpcNode;
  /** Of the members: only nodes of this role may exchange and send snapshots. */
  readonly role: string;
  readonly world: Pick<World, 'clock' | 'random' | 'checksum' | 'crc32'>;
  readonly telemetry: Telemetry;
};
