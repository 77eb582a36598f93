/**
 * Routers tell each other what they know of all routers: each round with each, and soon after each change.
 *
 * Source: anti-entropy (see `cluster/soft-state`). Nobody is waited for: one that is silent holds up no other.
 */
import type { Effect, Version } from '@skerry/cluster-soft-state';
import { NodeId, Prng, StatusError, toStatusError } from '@skerry/kernel';
import { routing } from '@skerry/proto';
import type { Directory, NodeRecord } from '@skerry/runtime-discovery';
import type { Caller, Client, RpcNode } from '@skerry/runtime-rpc';
import type { Telemetry } from '@skerry/runtime-telemetry';
import type { Clock, Timer } from '@skerry/runtime-world';
import { isTableName, tableNames, type TableName, type Tables } from './tables.ts';
import { deltasSizeMaxBytes, fromWireDeltas, fromWireVersions, toWireDeltas, toWireVersion } from './wire.ts';

/** Between two rounds with all others, in ms. */
export const roundMs = 500;
/** From a change until the others are told, in ms: what comes meanwhile is told together. */
export const newsWaitMs = 100;
/** Deadline of one call, in ms. */
export const exchangeCallMs = 2_000;
/** Routers that are called in one round; of more, some by chance: what one knows it passes on. */
export const peersPerRoundMax = 8;
/** Calls of one talk: what fits into no message takes several. */
export const callsPerTalkMax = 4;

/** Tables of one message: some more than there are, for those of a later version of ours. */
export const tablesPerMessageMax = 16;

export type ExchangeParts = {
  readonly clock: Clock;
  readonly rpc: Pick<RpcNode, 'client' | 'nodeId'>;
  readonly directory: Pick<Directory, 'nodes'>;
  readonly telemetry: Pick<Telemetry, 'emit'>;
  readonly random: (count: number) => Uint8Array;
  readonly tables: Tables;
  /** What others' rows did. */
  changed(table: TableName, effects: readonly Effect[]): void;
};
/** Of each table, what another router knew when it was last heard. */
type Known = ReadonlyMap<TableName, readonly Version[]>;
type Peer = { known: Known | undefined; busy: boolean; answers: boolean };

export class Exchange {
  readonly #parts: ExchangeParts;
  readonly #prng: Prng;
  readonly #peers = new Map<string, Peer>();
  readonly #closing = new AbortController();
  #timer: Timer | undefined;
  #dueMs = 0;
  #lastBeatMs = Number.NEGATIVE_INFINITY;

  constructor(parts: ExchangeParts) {
    this.#parts = parts;
    this.#prng = new Prng(new DataView(parts.random(4).slice().buffer).getUint32(0));
  }
  start(): void {
    this.#turnIn(0);
  }
  /** Our own rows changed. */
  poke(): void {
    if (this.#timer !== undefined && this.#dueMs - this.#parts.clock.monotonicMs() > newsWaitMs)
      this.#turnIn(newsWaitMs);
  }
  close(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#closing.abort();
  }

  /** The other side of a talk. @throws StatusError `malformed`. */
  answer({ tables }: routing.ExchangeRequest, { nodeId }: Pick<Caller, 'nodeId'>): routing.ExchangeResponse {
    const known = this.#take(tables);
    const peer = this.#peers.get(nodeId);
    if (peer !== undefined) peer.known = known;
    return { tables: this.#told(known) };
  }

  #turnIn(delayMs: number): void {
    const { clock } = this.#parts;
    this.#timer?.cancel();
    this.#dueMs = clock.monotonicMs() + delayMs;
    this.#timer = clock.setTimer(delayMs, () => this.#turn());
  }
  #turn(): void {
    const { clock, tables } = this.#parts;
    const nowMs = clock.monotonicMs();
    if (nowMs - this.#lastBeatMs >= roundMs / 2) {
      this.#lastBeatMs = nowMs;
      for (const name of tableNames) this.#parts.changed(name, tables[name].beat());
    }
    for (const record of this.#chosen()) this.#visit(record);
    this.#turnIn(roundMs);
  }
  #chosen(): readonly NodeRecord[] {
    const { directory, rpc } = this.#parts;
    const others = directory.nodes('routing').filter(({ nodeId }) => nodeId !== rpc.nodeId);
    const names = new Set(others.map(({ nodeId }) => nodeId));
    for (const nodeId of this.#peers.keys()) if (!names.has(nodeId)) this.#peers.delete(nodeId);
    const rest = [...others];
    const chosen: NodeRecord[] = [];
    while (rest.length > 0 && chosen.length < peersPerRoundMax)
      chosen.push(...rest.splice(this.#prng.below(rest.length), 1));
    return chosen;
  }
  #visit(record: NodeRecord): void {
    const peer = this.#peers.get(record.nodeId) ?? { known: undefined, busy: false, answers: true };
    this.#peers.set(record.nodeId, peer);
    if (peer.busy) return;
    peer.busy = true;
    this.#talk(record, peer)
      .then(() => (peer.answers = true))
      .catch((thrown: unknown) => this.#failed(record, peer, thrown))
      .finally(() => (peer.busy = false));
  }
  #failed({ nodeId }: NodeRecord, peer: Peer, thrown: unknown): void {
    if (this.#closing.signal.aborted) return;
    const { reason, message } = toStatusError(thrown);
    // Once, not in each round.
    const level = peer.answers ? 'warn' : 'debug';
    this.#parts.telemetry.emit({ event: 'router_exchange_failed', level, router: nodeId, reason, message });
    peer.answers = false;
    peer.known = undefined;
  }

  async #talk({ nodeId, address }: NodeRecord, peer: Peer): Promise<void> {
    const target = { nodeId: NodeId(nodeId), address };
    const client = this.#parts.rpc.client(routing.RoutingServiceDefinition, target);
    for (let calls = 0; calls < callsPerTalkMax; calls++) {
      peer.known = await this.#call(client, peer.known);
      if (!this.#hasNewsFor(peer.known)) return;
    }
  }
  async #call(client: Client<routing.RoutingServiceDefinition>, known: Known | undefined): Promise<Known> {
    const options = { deadlineMs: exchangeCallMs, signal: this.#closing.signal };
    const { tables } = await client.exchange({ tables: this.#told(known) }, options);
    return this.#take(tables);
  }
  #hasNewsFor(known: Known): boolean {
    const { tables } = this.#parts;
    return tableNames.some((name) => tables[name].deltas(known.get(name) ?? []).length > 0);
  }

  /** @param known undefined: the other is asked first. */
  #told(known: Known | undefined): routing.SharedTable[] {
    const { tables } = this.#parts;
    return tableNames.map((name) => ({
      name,
      versions: tables[name].versions().map(toWireVersion),
      deltas:
        known === undefined
          ? []
          : toWireDeltas(tables[name].deltas(known.get(name) ?? []), deltasSizeMaxBytes / tableNames.length),
    }));
  }
  /** Returns what the other knows. */
  #take(told: readonly routing.SharedTable[]): Known {
    if (told.length > tablesPerMessageMax)
      throw new StatusError('malformed', `Cannot exchange: at most ${tablesPerMessageMax} tables: got ${told.length}`);
    const known = new Map<TableName, readonly Version[]>();
    for (const { name, versions, deltas } of told) {
      // Of a later version of ours.
      if (!isTableName(name)) continue;
      const theirs = fromWireVersions(versions);
      known.set(name, theirs);
      this.#parts.changed(name, this.#parts.tables[name].merge(theirs, fromWireDeltas(deltas)));
    }
    return known;
  }
}
