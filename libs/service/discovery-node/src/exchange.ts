/**
 * Makes the tables of the discovery nodes equal: a node that registered at one is found at all, and one that starts again
 * has all within a round.
 *
 * Source: anti-entropy by exchange of versions (A. Demers et al., "Epidemic Algorithms for Replicated Database
 * Maintenance", 1987). What wins is decided by `cluster/registry`.
 */
import type { Effect, Registry } from '@skerry/cluster-registry';
import { NodeId, toStatusError } from '@skerry/kernel';
import { discovery } from '@skerry/proto';
import type { Directory } from '@skerry/runtime-discovery';
import type { Client, RpcNode } from '@skerry/runtime-rpc';
import type { Telemetry } from '@skerry/runtime-telemetry';
import { pause, Wake, type Clock } from '@skerry/runtime-world';
import type { Revocations } from './revocations.ts';
import { fromWireEntries, fromWireVersions, toWireEntries, toWireVersions } from './table-wire.ts';

/** Longest pause between two rounds with all other discovery nodes, in ms; shorter where leases are short. */
export const roundMaxMs = 500;
/** Shortest such pause, in ms: what comes meanwhile is told together. */
export const roundMinMs = 20;
/** Deadline of one call, in ms: one that is silent must not hold up the news for the others. */
export const exchangeCallMs = 2_000;
/** Calls of one round with one node: a table that fits into no message takes several. */
export const callsPerRoundMax = 8;
/** Other discovery nodes: a cluster has three for each site. Those of the first names count. */
export const peersMax = 16;

export type ExchangeParts = {
  readonly clock: Clock;
  readonly rpc: RpcNode;
  readonly directory: Pick<Directory, 'nodes'>;
  readonly telemetry: Telemetry;
  readonly registry: Registry;
  readonly revocations: Revocations;
  readonly tickMs: number;
  /** Tells the news of a step. */
  publish(effects: readonly Effect[]): void;
};
type Peer = { readonly nodeId: string; readonly address: string; readonly incarnation: number };
/** Of one life of another discovery node. */
type Standing = {
  /** Its list, as it was when it was taken. */
  taken: number;
  /** Ours, as it was when it was told. */
  told: number;
  answers: boolean;
};

export class TableExchange {
  readonly #parts: ExchangeParts;
  readonly #wake = new Wake();
  readonly #closing = new AbortController();
  readonly #standings = new Map<string, Standing>();
  #loop: Promise<void> | undefined;
  #news = false;

  constructor(parts: ExchangeParts) {
    this.#parts = parts;
  }
  start(): void {
    this.#loop ??= this.#run();
  }
  /** There is news: the others hear of it now. */
  poke(): void {
    this.#news = true;
    this.#wake.wake();
  }
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#loop;
  }

  /** The other side of {@link TableExchange.start}. @throws StatusError `too_large`, `malformed`. */
  answer(request: discovery.ExchangeRequest): discovery.ExchangeResponse {
    const { registry, revocations, tickMs } = this.#parts;
    const known = fromWireVersions(request.known);
    this.#take(request.entries, request.revocations);
    const isNews = request.revocationsVersion !== revocations.version;
    return {
      entries: toWireEntries(registry.newerThan(known), tickMs),
      wanted: [...registry.behind(known)],
      revocations: isNews ? revocations.all() : [],
      revocationsVersion: revocations.version,
    };
  }

  #take(entries: readonly discovery.TableEntry[], revoked: readonly discovery.Revocation[]): void {
    const { registry, revocations, tickMs, publish } = this.#parts;
    publish(registry.step({ kind: 'merge', entries: fromWireEntries(entries, tickMs) }));
    revocations.add(revoked);
  }

  async #run(): Promise<void> {
    const { clock, tickMs } = this.#parts;
    const { signal } = this.#closing;
    while (!signal.aborted) {
      this.#news = false;
      const peers = this.#peers();
      this.#forgetOthers(peers);
      await Promise.all(peers.map((peer) => this.#round(peer)));
      await pause(clock, roundMinMs, signal);
      if (!this.#news) await this.#wake.rest(clock, Math.min(roundMaxMs, tickMs), signal);
    }
  }

  /** Those that registered here, and those that were found otherwise. */
  #peers(): readonly Peer[] {
    const { rpc, registry, directory } = this.#parts;
    const found = new Map<string, Peer>();
    for (const node of [...directory.nodes('discovery'), ...registry.nodes('discovery')])
      if (node.nodeId !== rpc.nodeId) found.set(node.nodeId, node);
    return [...found.values()].toSorted((a, b) => (a.nodeId < b.nodeId ? -1 : 1)).slice(0, peersMax);
  }
  #forgetOthers(peers: readonly Peer[]): void {
    const keys = new Set(peers.map(keyOf));
    for (const key of this.#standings.keys()) if (!keys.has(key)) this.#standings.delete(key);
  }

  async #round(peer: Peer): Promise<void> {
    const { rpc, telemetry } = this.#parts;
    const standing = this.#standings.get(keyOf(peer)) ?? { taken: 0, told: 0, answers: true };
    this.#standings.set(keyOf(peer), standing);
    const { DiscoveryServiceDefinition } = discovery;
    const client = rpc.client(DiscoveryServiceDefinition, { nodeId: NodeId(peer.nodeId), address: peer.address });
    try {
      let wanted: readonly string[] = [];
      for (let calls = 0; calls < callsPerRoundMax; calls++) {
        const before = wanted.join();
        wanted = await this.#call(client, standing, wanted);
        // Nothing is wanted, or what is wanted does not help it.
        if (wanted.length === 0 || wanted.join() === before) break;
      }
      if (!standing.answers) telemetry.emit({ event: 'table_exchange_resumed', peer: peer.nodeId });
      standing.answers = true;
    } catch (thrown) {
      if (this.#closing.signal.aborted) return;
      const { reason, message } = toStatusError(thrown);
      // Once, not in each round.
      const level = standing.answers ? 'warn' : 'debug';
      telemetry.emit({ event: 'table_exchange_failed', level, peer: peer.nodeId, reason, message });
      standing.answers = false;
    }
  }

  /** Returns of which nodes the other wants to know more. */
  async #call(
    client: Client<discovery.DiscoveryServiceDefinition>,
    standing: Standing,
    wanted: readonly string[],
  ): Promise<readonly string[]> {
    const { registry, revocations, tickMs } = this.#parts;
    const { version } = revocations;
    const request = {
      known: toWireVersions(registry.versions()),
      entries: toWireEntries(registry.tell(wanted), tickMs),
      revocations: standing.told === version ? [] : revocations.all(),
      revocationsVersion: standing.taken,
    };
    // Without tries of its own: the next round is one.
    const options = { deadlineMs: exchangeCallMs, signal: this.#closing.signal };
    const answer = await client.exchange(request, options);
    standing.told = version;
    this.#take(answer.entries, answer.revocations);
    standing.taken = answer.revocationsVersion;
    return answer.wanted;
  }
}

const keyOf = ({ nodeId, incarnation }: Peer): string => `${nodeId}/${incarnation}`;
