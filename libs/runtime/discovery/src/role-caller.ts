/** Calls to the nodes of one role: at one of them, else at another, until the deadline. */
import { NodeId, StatusError, toStatusError, type Reason } from '@skerry/kernel';
import type { CallOptions, Client, RpcNode, ServiceDefinition } from '@skerry/runtime-rpc';
import type { Telemetry } from '@skerry/runtime-telemetry';
import { BackOff, pause, type World } from '@skerry/runtime-world';
import type { Directory, NodeRecord } from './types.ts';

/** First pause after all nodes of a role failed, in ms; doubles up to {@link retryPauseMaxMs}, with jitter. */
export const retryPauseMinMs = 20;
/** Longest such pause, in ms: an election takes some hundreds, and its end should not be waited for much longer. */
export const retryPauseMaxMs = 100;

/** The node did nothing, or may do it again with the same operation id: another node may be asked. */
const elsewhere: ReadonlySet<Reason> = new Set<Reason>([
  'not_leader',
  'overloaded',
  'no_node',
  'connection_lost',
  'shutting_down',
  'deadline',
  'stalled',
]);
/**
 * The node does not trust us, or what we bring: its clock or ours is wrong. It did nothing; another one may have the
 * right time, but none is asked twice.
 */
const mistrusted: ReadonlySet<Reason> = new Set<Reason>(['token_invalid', 'token_expired']);
/** A node that says so itself is well: it only wants another one to be asked. */
const soundNode: ReadonlySet<Reason> = new Set<Reason>(['not_leader', 'overloaded']);

/** How long a call may take in all, and who stops it sooner. */
export type Deadline = {
  /** On the monotonic clock. */
  readonly atMs: number;
  /** Absent: nobody does. */
  readonly signal?: AbortSignal | undefined;
};

export type RoleCallerParts = {
  readonly rpc: Pick<RpcNode, 'client'>;
  readonly directory: Pick<Directory, 'nodes' | 'pick' | 'reportFailure'>;
  readonly world: Pick<World, 'clock' | 'random'>;
  readonly telemetry: Pick<Telemetry, 'emit'>;
};
export type RoleCallerOptions<S extends ServiceDefinition> = {
  readonly role: string;
  readonly definition: S;
  /** Ask the node that served last, of a replicated role the leader, first; else calls are spread over all nodes. */
  readonly sticky: boolean;
  /** Longest time for one try, in ms: a node that is paused must leave time for another. */
  readonly tryMaxMs: number;
};

export class RoleCaller<S extends ServiceDefinition> {
  readonly #parts: RoleCallerParts;
  readonly #options: RoleCallerOptions<S>;
  readonly #clients = new WeakMap<NodeRecord, Client<S>>();
  /** Node id of the one that served last. */
  #preferred: string | undefined;

  constructor(parts: RoleCallerParts, options: RoleCallerOptions<S>) {
    this.#parts = parts;
    this.#options = options;
  }

  /**
   * What `attempt` gives at the first node that does not send it elsewhere. Each node is asked once, then all again
   * after a pause; so `attempt` must be one that may be repeated.
   * @param tryMaxMs in place of {@link RoleCallerOptions.tryMaxMs}.
   * @throws StatusError of the last try, `deadline`, `cancelled`.
   */
  async call<T>(
    attempt: (client: Client<S>, options: CallOptions) => Promise<T>,
    { atMs, signal }: Deadline,
    tryMaxMs: number = this.#options.tryMaxMs,
  ): Promise<T> {
    const { clock } = this.#parts.world;
    const { role } = this.#options;
    const isAborted = (): boolean => signal?.aborted === true;
    // Made when a node failed: most calls succeed at the first.
    let backOff: BackOff | undefined;
    let asked: Set<string> | undefined;
    let last: StatusError | undefined;
    let mistrusts = 0;
    for (;;) {
      const leftMs = atMs - clock.monotonicMs();
      if (isAborted()) throw new StatusError('cancelled', `The call to role "${role}" was cancelled`);
      if (leftMs <= 0) throw last ?? new StatusError('deadline', `No time was left for role "${role}"`);
      let node: NodeRecord | undefined;
      try {
        node = this.#pick(asked);
        const deadlineMs = Math.min(leftMs, tryMaxMs);
        const options = signal === undefined ? { deadlineMs } : { deadlineMs, signal };
        const answer = await attempt(this.#client(node), options);
        this.#preferred = node.nodeId;
        return answer;
      } catch (thrown) {
        last = toStatusError(thrown);
        const mistrust = mistrusted.has(last.reason);
        if ((!mistrust && !elsewhere.has(last.reason)) || isAborted()) throw last;
        if (mistrust) mistrusts += 1;
        if (node !== undefined) this.#failed(node, last);
      }
      asked ??= new Set();
      if (node !== undefined) asked.add(node.nodeId);
      if (!this.#allAsked(asked)) continue;
      if (mistrusts > 0 && mistrusts === asked.size) throw last;
      mistrusts = 0;
      asked.clear();
      backOff ??= new BackOff(retryPauseMinMs, retryPauseMaxMs, () => this.#chance());
      await pause(clock, Math.min(backOff.next(), Math.max(0, atMs - clock.monotonicMs())), signal);
    }
  }

  #pick(asked: ReadonlySet<string> | undefined): NodeRecord {
    const { directory } = this.#parts;
    const { role, sticky } = this.#options;
    const preferred = sticky ? directory.nodes(role).find(({ nodeId }) => nodeId === this.#preferred) : undefined;
    if (preferred !== undefined && asked?.has(preferred.nodeId) !== true) return preferred;
    return directory.pick(role, asked);
  }
  #allAsked(asked: ReadonlySet<string>): boolean {
    return this.#parts.directory.nodes(this.#options.role).every(({ nodeId }) => asked.has(nodeId));
  }
  #failed({ nodeId }: NodeRecord, error: StatusError): void {
    if (this.#preferred === nodeId) this.#preferred = undefined;
    const { reason } = error;
    if (soundNode.has(reason)) return;
    const { directory, telemetry } = this.#parts;
    directory.reportFailure(nodeId);
    const about = { roleAsked: this.#options.role, nodeAsked: nodeId, reason };
    telemetry.emit({ event: 'node_call_failed', level: 'warn', ...about, error });
  }
  /** In [0, 1). */
  #chance(): number {
    return (this.#parts.world.random(1)[0] ?? 0) / 256;
  }
  #client(node: NodeRecord): Client<S> {
    const known = this.#clients.get(node);
    if (known !== undefined) return known;
    const target = { nodeId: NodeId(node.nodeId), address: node.address };
    const client = this.#parts.rpc.client(this.#options.definition, target);
    this.#clients.set(node, client);
    return client;
  }
}
