/** Our registration at one discovery node: register, heartbeat, register again; and the watch of its table. */
import { StatusError, toStatusError, type NodeId } from '@skerry/kernel';
import { discovery } from '@skerry/proto';
import type { Client, RpcNode } from '@skerry/runtime-rpc';
import type { Telemetry } from '@skerry/runtime-telemetry';
import { type Address, BackOff, type Clock, formatAddress, Wake } from '@skerry/runtime-world';
import type { NodeRecord } from './types.ts';

/** First and longest pause before a discovery node that did not answer is tried again, in ms. */
export const retryFirstMs = 100;
export const retryMaxMs = 3_000;
/** Deadline of a call, in ms: one that takes longer is as good as lost. */
export const callMs = 2_000;
/** Shortest time between heartbeats, in ms, whatever lease a discovery node names. */
const heartbeatMinMs = 50;
/** Unregistering is a courtesy, the lease ends anyway: it gets so long, in ms. */
const farewellMs = 500;
/** Revoked ids taken from one discovery node. */
export const revokedIdsMax = 20_000;

// Whoever answers there: an address is all that we know.
const anyNode = '' as NodeId;

export type LinkParts = {
  readonly clock: Clock;
  readonly rpc: RpcNode;
  readonly telemetry: Telemetry;
  /** A number in [0, 1). */
  chance(): number;
  load(): number;
  /** The record to register: undefined while there is none. */
  self(): NodeRecord | undefined;
  /** Counts this node's signs of life at all discovery nodes together, the next one among them. */
  nextBeat(): number;
  /** The link came up, went down, or got other revoked ids. */
  changed(): void;
};

export class Link {
  readonly address: string;
  /** Configured by a person, or our own: tried for good. The others are forgotten when they are gone. */
  readonly lasting: boolean;
  readonly client: Client<discovery.DiscoveryServiceDefinition>;
  readonly #parts: LinkParts;
  readonly #wake = new Wake();
  readonly #closing = new AbortController();
  readonly #backOff: BackOff;
  #registered: NodeRecord | undefined;
  #watching = false;
  #downSinceMs: number;
  #revocations: discovery.Revocations = { version: 0, ids: [] };
  #loop: Promise<void> | undefined;

  constructor(parts: LinkParts, address: Address, lasting: boolean) {
    this.#parts = parts;
    this.address = formatAddress(address);
    this.lasting = lasting;
    this.client = parts.rpc.client(discovery.DiscoveryServiceDefinition, { nodeId: anyNode, address: this.address });
    this.#backOff = new BackOff(retryFirstMs, retryMaxMs, parts.chance);
    this.#downSinceMs = parts.clock.monotonicMs();
  }

  get isLive(): boolean {
    return this.#registered !== undefined || this.#watching;
  }
  /** How long nothing was heard from it, in ms. */
  get downForMs(): number {
    return this.isLive ? 0 : this.#parts.clock.monotonicMs() - this.#downSinceMs;
  }
  get revokedIds(): readonly string[] {
    return this.#revocations.ids;
  }
  get signal(): AbortSignal {
    return this.#closing.signal;
  }
  isRegistered(record: NodeRecord): boolean {
    return this.#registered === record;
  }

  start(): void {
    this.#loop ??= this.#run();
  }
  /** There is a new record to register, or reason to try at once. */
  poke(): void {
    this.#backOff.reset();
    this.#wake.wake();
  }
  watching(is: boolean): void {
    if (this.#watching === is) return;
    this.#watching = is;
    if (!this.isLive) this.#downSinceMs = this.#parts.clock.monotonicMs();
    this.#parts.changed();
  }

  /** Ends the loop; politely, the discovery node forgets us at once. */
  async close(polite: boolean): Promise<void> {
    this.#closing.abort();
    await this.#loop;
    const record = this.#registered;
    if (!polite || record === undefined) return;
    const { nodeId, incarnation } = record;
    try {
      const farewell = { nodeId, incarnation, beat: this.#parts.nextBeat() };
      await this.client.unregister(farewell, { deadlineMs: farewellMs });
    } catch (thrown) {
      const { message } = toStatusError(thrown);
      this.#parts.telemetry.emit({ event: 'unregister_failed', level: 'debug', message, discovery: this.address });
    }
  }

  async #run(): Promise<void> {
    const { clock, telemetry } = this.#parts;
    while (!this.signal.aborted) {
      const record = this.#parts.self();
      if (record === undefined) {
        await this.#wake.rest(clock, retryMaxMs, this.signal);
        continue;
      }
      try {
        await this.#stayRegistered(record);
      } catch (thrown) {
        if (this.signal.aborted) return;
        const { reason, message } = toStatusError(thrown);
        // Once, not at each try: a discovery node may be away for hours.
        const level = this.#registered !== undefined || reason === 'version_conflict' ? 'warn' : 'debug';
        telemetry.emit({ event: 'discovery_lost', level, message, reason, discovery: this.address });
        this.#setRegistered(undefined);
        await this.#wake.rest(clock, this.#backOff.next(), this.signal);
      }
    }
  }

  /** Returns when we must register again: we were forgotten, or the record is another. */
  async #stayRegistered(record: NodeRecord): Promise<void> {
    const { clock, telemetry, chance } = this.#parts;
    const options = { deadlineMs: callMs, idempotent: true, signal: this.signal };
    const request = { node: { ...record, load: this.#load() }, beat: this.#parts.nextBeat() };
    const { leaseMs, revocations } = await this.client.register(request, options);
    if (leaseMs === 0) throw new StatusError('malformed', `Discovery node ${this.address} gave a lease of 0 ms`);
    if (!this.isLive) telemetry.emit({ event: 'discovery_joined', discovery: this.address, leaseMs });
    this.#take(revocations);
    this.#setRegistered(record);
    this.#backOff.reset();
    const intervalMs = Math.max(heartbeatMinMs, leaseMs / 3);
    while (!this.signal.aborted && this.#parts.self() === record) {
      await this.#wake.rest(clock, intervalMs * (0.8 + 0.2 * chance()), this.signal);
      if (this.signal.aborted || this.#parts.self() !== record) return;
      const { nodeId, incarnation } = record;
      const revocationsVersion = this.#revocations.version;
      const beat = { nodeId, incarnation, load: this.#load(), revocationsVersion, beat: this.#parts.nextBeat() };
      const answer = await this.client.heartbeat(beat, { ...options, deadlineMs: Math.min(callMs, 2 * intervalMs) });
      this.#take(answer.revocations);
      if (!answer.known) return;
    }
  }

  #load(): number {
    const load = Math.round(this.#parts.load());
    return Number.isFinite(load) ? Math.min(0xffffffff, Math.max(0, load)) : 0;
  }
  #setRegistered(record: NodeRecord | undefined): void {
    if (this.#registered === record) return;
    this.#registered = record;
    if (!this.isLive) this.#downSinceMs = this.#parts.clock.monotonicMs();
    this.#parts.changed();
  }
  #take(revocations: discovery.Revocations | undefined): void {
    if (revocations === undefined || revocations.version === this.#revocations.version) return;
    this.#revocations = { version: revocations.version, ids: revocations.ids.slice(0, revokedIdsMax) };
    this.#parts.changed();
  }
}
