/** What a service gets from its host, whether it runs in a process of its own or in the embedded system. */
import type { Sealer, RevocationList, Identity } from '@skerry/runtime-security';
import type { Directory } from '@skerry/runtime-discovery';
import type { RpcNode } from '@skerry/runtime-rpc';
import type { Telemetry } from '@skerry/runtime-telemetry';
import type { WorkerPool } from '@skerry/runtime-workers';
import type { LinkFilter, World } from '@skerry/runtime-world';

export type ServiceEnvironment = {
  /** Its disk is the node's own folder, `DIR/<node>/`. */
  readonly world: World;
  /** Absolute path of that folder, for what does not go through {@link World.disk} (LMDB). */
  readonly dataDirectory: string;
  readonly identity: Identity;
  readonly sealer: Sealer;
  readonly revocations: RevocationList;
  readonly telemetry: Telemetry;
  readonly rpc: RpcNode;
  readonly directory: Directory;
  readonly workers: WorkerPool;
  /** What is cut of the ways to other nodes, for who talks past {@link rpc}. */
  readonly links?: LinkFilter | undefined;
  /** Distinguishes this life of the node from its earlier ones: milliseconds since 1970 at start. */
  readonly incarnation: number;
  /** The node cannot go on: the host logs it and ends the process with exit code 1. */
  fatal(error: Error): void;
};

/** What a service has to tell a person once, when its node has started. */
export type Notice = {
  /** For a person who sees it now, and for nothing that keeps what it is told: it may hold a password that was made up. */
  readonly onTerminal: string;
  /** Instead, when nobody would see it: what to do now. Holds no secret. */
  readonly withoutTerminal: string;
};

export interface Service {
  /** Client doors, such as { ftp: 'ftp://127.0.0.1:2121' }. */
  readonly endpoints: Readonly<Record<string, string>>;
  readonly notice?: Notice;
  /** Work under way, for balancing. */
  load(): number;
  /** The role's own figures, for /status. */
  status(): Readonly<Record<string, unknown>>;
  /** Takes nothing new, finishes what runs, up to `graceMs`; then closes. Idempotent. */
  stop(graceMs: number): Promise<void>;
}
/**
 * Each service exports one: registers its handlers on `environment.rpc` before it resolves; the host then opens the door
 * and announces it.
 */
export type StartService<Config> = (config: Config, environment: ServiceEnvironment) => Promise<Service>;

/** What a node says of itself: at /status, and to the operator. */
export type NodeStatus = {
  readonly node: string;
  readonly role: string;
  readonly version: string;
  /** With {@link NodeStatus.nodes}: whether all of them are. */
  readonly ready: boolean;
  readonly startedAtMs: number;
  readonly incarnation: number;
  /** `host:port` of the gRPC door; empty when it has none. */
  readonly address: string;
  readonly endpoints: Readonly<Record<string, string>>;
  readonly load: number;
  /** Of the process, in bytes by kind. */
  readonly memory: Readonly<Record<string, number>>;
  /** The role's own figures. */
  readonly service: Readonly<Record<string, unknown>>;
  /** By name, the other nodes behind the same door: the roles of the embedded system. */
  readonly nodes?: Readonly<Record<string, NodeStatus>>;
};
