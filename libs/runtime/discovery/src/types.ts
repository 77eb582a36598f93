/** Where the other nodes are, for a service that wants to call them. */
import type { discovery } from '@skerry/proto';
import type { RpcNode } from '@skerry/runtime-rpc';
import type { Sealer } from '@skerry/runtime-security';
import type { Telemetry } from '@skerry/runtime-telemetry';
import type { Address, LinkFilter, World } from '@skerry/runtime-world';

export type NodeRecord = discovery.NodeRecord;

export interface Directory {
  /** Those known now, in order of node id. */
  nodes(role: string): readonly NodeRecord[];
  /**
   * One of them, least loaded of two drawn by chance; not one of `except` while another is there. @throws StatusError
   * `no_node`.
   */
  pick(role: string, except?: ReadonlySet<string>): NodeRecord;
  /** Resolves when at least one is known. @throws StatusError `no_node` after `deadlineMs`. */
  waitFor(role: string, deadlineMs: number, signal?: AbortSignal): Promise<NodeRecord>;
  /** A call to it failed: it is not picked again for a short while, unless it is the only one. */
  reportFailure(nodeId: string): void;
  /** It was told of no discovery node and looks around nowhere: it will hear of nobody, however long it waits. */
  readonly isAlone: boolean;
  /** Called at every change of the table. Returns the way to stop. */
  listen(listener: () => void): () => void;
}

export interface RunningDirectory extends Directory {
  /**
   * Makes this node known, or known anew with other endpoints; goes on in the background for good. Resolves when one
   * discovery node has it, or after a short while without one; at once where {@link Directory.isAlone}.
   */
  announce(record: NodeRecord): Promise<void>;
  /** Ends all loops, and unregisters where that can be done quickly. Idempotent. */
  close(): Promise<void>;
}

export type DirectoryOptions = {
  readonly world: World;
  /** Through it the discovery nodes are called; its node id is ours. */
  readonly rpc: RpcNode;
  readonly telemetry: Telemetry;
  readonly sealer: Sealer;
  readonly cluster: string;
  /** Answers to the search from nodes that it cuts are dropped. */
  readonly links?: LinkFilter | undefined;
  /** Undefined: only look, until {@link RunningDirectory.announce}. */
  readonly self?: NodeRecord | undefined;
  /** gRPC doors of discovery nodes, as configured; those that are not there yet are tried for good. */
  readonly join: readonly Address[];
  /** Names of discovery nodes to ask the name service for, such as `discovery_1`; default {@link defaultDnsNames}. */
  readonly dnsNames?: readonly string[];
  /** gRPC port of a node found by name; default 7400. */
  readonly dnsPort?: number;
  /**
   * Whether to search by broadcast and sweep when nothing else found one (F11): only for nodes bound to more than
   * loopback.
   */
  readonly broadcast: boolean;
  /** Host that this node listens on: only the interface with its address is searched; default every one. */
  readonly bound?: string;
  /** UDP port of the search; default 7399. */
  readonly discoveryPort?: number;
  /** Work under way, told with each heartbeat. */
  load?(): number;
  /** The union of the lists of all discovery nodes, each time that it changed. */
  onRevocations(version: number, ids: readonly string[]): void;
};
