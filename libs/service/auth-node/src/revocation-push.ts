/** Tells the discovery nodes which sessions are void; they tell all others with the next heartbeat. */
import { discovery } from '@skerry/proto';
import type { Directory, NodeRecord } from '@skerry/runtime-discovery';
import type { RpcNode } from '@skerry/runtime-rpc';
import type { Telemetry } from '@skerry/runtime-telemetry';
import type { Timer, World } from '@skerry/runtime-world';
import { NodeId, toStatusError } from '@skerry/kernel';

/**
 * Sessions told at once and remembered for discovery nodes that come later; beyond, the oldest is left to expire by
 * itself.
 */
export const revocationsPendingMax = 10_000;
/** How much longer than a grant lives its session is listed, in ms: what clocks of nodes may differ by. */
const clockSkewMs = 60_000;
/** How long to wait after a discovery node could not be told, in ms. */
const retryMs = 1_000;
/** Deadline of one call, in ms. */
const callMs = 2_000;

export type PushParts = {
  readonly world: World;
  readonly rpc: RpcNode;
  readonly directory: Directory;
  readonly telemetry: Telemetry;
  readonly grantLifeMs: number;
};

export class RevocationPush {
  readonly #parts: PushParts;
  /** Session id → when it may be forgotten (wall clock). */
  readonly #void = new Map<string, number>();
  /** Discovery node and its life → how many changes it was told. */
  readonly #told = new Map<string, number>();
  readonly #closing = new AbortController();
  readonly #stopListening: () => void;
  #changes = 0;
  #running = false;
  #retry: Timer | undefined;

  constructor(parts: PushParts) {
    this.#parts = parts;
    this.#stopListening = parts.directory.listen(() => this.#start());
  }

  revoke(ids: readonly string[]): void {
    if (ids.length === 0) return;
    const untilMs = this.#parts.world.clock.wallMs() + this.#parts.grantLifeMs + clockSkewMs;
    for (const id of ids) this.#void.set(id, untilMs);
    for (const oldest of this.#void.keys()) {
      if (this.#void.size <= revocationsPendingMax) break;
      this.#void.delete(oldest);
    }
    this.#changes += 1;
    this.#start();
  }

  close(): void {
    this.#stopListening();
    this.#retry?.cancel();
    this.#closing.abort();
  }

  #start(): void {
    if (this.#running || this.#closing.signal.aborted) return;
    this.#running = true;
    void this.#tellAll().finally(() => {
      this.#running = false;
    });
  }

  async #tellAll(): Promise<void> {
    this.#dropExpired();
    if (this.#void.size === 0) return;
    this.#retry?.cancel();
    const nodes = this.#parts.directory.nodes('discovery');
    const keys = new Set(nodes.map(keyOf));
    for (const key of this.#told.keys()) if (!keys.has(key)) this.#told.delete(key);
    const behind = nodes.filter((node) => this.#told.get(keyOf(node)) !== this.#changes);
    const told = await Promise.all(behind.map((node) => this.#tell(node)));
    const again = told.includes(false) || nodes.some((node) => this.#told.get(keyOf(node)) !== this.#changes);
    if (again && !this.#closing.signal.aborted)
      this.#retry = this.#parts.world.clock.setTimer(retryMs, () => this.#start());
  }

  async #tell(node: NodeRecord): Promise<boolean> {
    const { rpc, telemetry } = this.#parts;
    const changes = this.#changes;
    const revocations = [...this.#void].map(([id, expiresAtMs]) => ({ id, expiresAtMs }));
    const client = rpc.client(discovery.DiscoveryServiceDefinition, {
      nodeId: NodeId(node.nodeId),
      address: node.address,
    });
    try {
      await client.revoke({ revocations }, { idempotent: true, deadlineMs: callMs, signal: this.#closing.signal });
      this.#told.set(keyOf(node), changes);
      return true;
    } catch (thrown) {
      const { reason, message } = toStatusError(thrown);
      telemetry.emit({ event: 'revocation_not_told', level: 'warn', message, reason, discovery: node.nodeId });
      return false;
    }
  }

  #dropExpired(): void {
    const nowMs = this.#parts.world.clock.wallMs();
    for (const [id, untilMs] of this.#void) {
      if (untilMs > nowMs) return;
      this.#void.delete(id);
    }
  }
}

const keyOf = (node: NodeRecord): string => `${node.nodeId}/${node.incarnation}`;
