/** One simulated TCP connection: two endpoints, each with a pipe to the other. */
import { concatBytes, StatusError, type Prng } from '@skerry/kernel';
import { Channel } from '@skerry/runtime-driver';
import { formatAddress, type Address, type Connection } from '@skerry/runtime-world';
import type { Links } from './links.ts';
import type { Process } from './process.ts';
import type { Scheduler } from './scheduler.ts';

/** Bytes that arrived and were not read, and bytes under way, before a sender waits: small, so that back-pressure shows early. */
const windowBytes = 64 * 1024;
/** A stream that cannot deliver for so long is lost to its sender (TCP's user time-out). */
const streamTimeoutMs = 30_000;

export type Wire = { readonly links: Links; readonly scheduler: Scheduler; readonly prng: Prng };
type Waiter = { readonly resolve: () => void; readonly reject: (error: unknown) => void };
type Packet =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'end'; readonly arrived: Waiter };
const resolved: Promise<void> = Promise.resolve();

export class SimulatedConnection implements Connection {
  readonly remote: Address;
  readonly incoming: AsyncIterable<Uint8Array>;
  readonly process: Process;
  readonly #wire: Wire;
  readonly #received: Channel<Uint8Array>;
  #peer: SimulatedConnection | undefined;
  /** What we sent and the peer has not got yet. */
  #underWay: Packet[] = [];
  #underWayBytes = 0;
  #delivering = false;
  #stoppedReading = false;
  #ended = false;
  #failure: StatusError | undefined;
  #waiting: Waiter[] = [];

  constructor(wire: Wire, process: Process, remote: Address) {
    this.#wire = wire;
    this.process = process;
    this.remote = remote;
    this.#received = new Channel<Uint8Array>({
      capacity: windowBytes,
      weigh: (chunk) => chunk.length,
      onWritable: () => this.#peer?.deliverSoon(),
      onCancel: () => (this.#stoppedReading = true),
    });
    this.incoming = this.#received;
  }
  join(peer: SimulatedConnection): void {
    this.#peer = peer;
  }
  get peerName(): string | undefined {
    return this.#peer?.process.name;
  }
  get closed(): boolean {
    return this.#failure !== undefined;
  }
  send(bytes: Uint8Array): Promise<void> {
    if (!this.process.alive) return new Promise(() => undefined);
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (this.#ended)
      return Promise.reject(new StatusError('connection_lost', 'Cannot send: our side of the connection was ended'));
    if (bytes.length === 0) return resolved;
    this.#underWay.push({ kind: 'bytes', bytes: bytes.slice() });
    this.#underWayBytes += bytes.length;
    this.deliverSoon();
    if (this.#underWayBytes < windowBytes) return resolved;
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }
  end(): Promise<void> {
    if (!this.process.alive) return new Promise(() => undefined);
    if (this.#ended) return resolved;
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    this.#ended = true;
    return new Promise((resolve, reject) => {
      this.#underWay.push({ kind: 'end', arrived: { resolve, reject } });
      this.deliverSoon();
      this.#peer?.deliverSoon();
    });
  }
  destroy(): void {
    if (this.process.alive) this.cut('the connection was cut');
  }
  /** Ends our side at once, and the peer's when it hears of it. */
  cut(why: string): void {
    if (this.#failure !== undefined) return;
    this.#lose(why);
    const peer = this.#peer;
    if (peer !== undefined) this.#toPeer(peer, 'reset', () => peer.#lose('reset by the peer'));
  }
  /** Both sides, at once: a middlebox that forgot the connection. */
  break(): void {
    const why = 'broken by the network';
    this.#lose(why);
    const peer = this.#peer;
    if (peer !== undefined) peer.#lose(why);
  }
  #lose(why: string): void {
    if (this.#failure !== undefined) return;
    this.#failure = new StatusError(
      'connection_lost',
      `Cannot go on with the connection to ${formatAddress(this.remote)}: ${why}`,
    );
    for (const packet of this.#underWay.splice(0)) if (packet.kind === 'end') packet.arrived.reject(this.#failure);
    this.#underWayBytes = 0;
    this.#received.fail(this.#failure);
    for (const waiter of this.#waiting.splice(0)) waiter.reject(this.#failure);
  }
  /** Something that reaches the peer after the link's delay; held back while the link is cut. */
  #toPeer(peer: SimulatedConnection, label: string, run: () => void): void {
    const { links } = this.#wire;
    const [from, to] = [this.process.name, peer.process.name];
    if (links.isCut(from, to)) return this.#holdBack(() => this.#toPeer(peer, label, run));
    peer.process.after(links.delayMs(from, to), `${label} from ${from}`, run);
  }
  #holdBack(again: () => void): void {
    const { links, scheduler } = this.#wire;
    const givenUp = scheduler.after(streamTimeoutMs, `${this.process.name} stream time-out`, () =>
      this.#lose(`nothing arrived for ${streamTimeoutMs} ms`),
    );
    links.whenHealed(() => {
      givenUp.cancel();
      again();
    });
  }
  /** Starts the next delivery, unless one is under way. One at a time keeps the order. */
  deliverSoon(): void {
    const peer = this.#peer;
    if (this.#delivering || peer === undefined || this.#underWay.length === 0) return;
    const [first] = this.#underWay;
    const room = peer.#received.writable || peer.#received.closed || first?.kind === 'end';
    // Who stopped reading lets the sender wait, until it has nothing to say either: then what comes is dropped.
    if (!room || (peer.#stoppedReading && !peer.#ended)) return;
    this.#delivering = true;
    this.#toPeer(peer, 'stream', () => {
      this.#delivering = false;
      this.#deliver(peer);
      this.deliverSoon();
    });
  }
  #deliver(peer: SimulatedConnection): void {
    const packet = this.#nextPacket();
    if (packet === undefined) return;
    if (packet.kind === 'end') {
      peer.#received.end();
      return packet.arrived.resolve();
    }
    this.#wire.scheduler.trace(packet.bytes);
    if (!peer.#received.closed) peer.#received.offer(packet.bytes);
    this.#underWayBytes -= packet.bytes.length;
    if (this.#underWayBytes < windowBytes) for (const waiter of this.#waiting.splice(0)) waiter.resolve();
  }
  /** TCP keeps bytes, not chunks: at random a chunk arrives in two, or with the next one. */
  #nextPacket(): Packet | undefined {
    const { prng } = this.#wire;
    const first = this.#underWay.shift();
    if (first?.kind !== 'bytes') return first;
    const second = this.#underWay[0];
    if (second?.kind === 'bytes' && prng.chance(0.2)) {
      this.#underWay.shift();
      return { kind: 'bytes', bytes: concatBytes([first.bytes, second.bytes]) };
    }
    if (first.bytes.length < 2 || !prng.chance(0.3)) return first;
    const at = prng.between(1, first.bytes.length - 1);
    this.#underWay.unshift({ kind: 'bytes', bytes: first.bytes.subarray(at) });
    return { kind: 'bytes', bytes: first.bytes.subarray(0, at) };
  }
}
