import { StatusError } from '@skerry/kernel';
import type { Address, Connection, DatagramSocket, Listener, Network, NetworkInterface } from '@skerry/runtime-world';
import { formatAddress } from '@skerry/runtime-world';
import { SimulatedConnection, type Wire } from './connection.ts';
import type { Process } from './process.ts';

const netmask = '255.255.0.0';
/** What reaches every node: limited broadcast, and that of the nodes' subnet. */
const broadcastHosts: readonly string[] = ['255.255.255.255', '10.0.255.255'];
const ownHosts: readonly string[] = ['127.0.0.1', 'localhost', '0.0.0.0'];
/** First port that is given out (RFC 6335 §6). */
const ephemeralPortFirst = 49_152;
/** A connect that hears nothing asks again, and gives up. */
const connectRetryMs = 1_000;
const connectTimeoutMs = 20_000;
/** Largest datagram that UDP over IPv4 carries, in bytes. */
const datagramSizeMaxBytes = 65_507;

type Accept = (connection: Connection) => void;
type Receive = (bytes: Uint8Array, from: Address) => void;

/** The network side of one process: its open ports and connections. */
export class Host {
  readonly process: Process;
  readonly address: string;
  readonly listeners = new Map<number, Accept>();
  readonly datagrams = new Map<number, Receive>();
  readonly connections = new Set<SimulatedConnection>();
  #nextPort = ephemeralPortFirst;

  constructor(process: Process, address: string) {
    this.process = process;
    this.address = address;
  }
  /** @throws StatusError `port_in_use`. */
  choosePort(asked: number, used: ReadonlyMap<number, unknown>): number {
    if (used.has(asked)) throw new StatusError('port_in_use', `Cannot open port ${asked}: it is in use`);
    if (asked !== 0) return asked;
    while (used.has(this.#nextPort)) this.#nextPort += 1;
    this.#nextPort += 1;
    return this.#nextPort - 1;
  }
  remember(connection: SimulatedConnection): void {
    for (const old of this.connections) if (old.closed) this.connections.delete(old);
    this.connections.add(connection);
  }
}

/** Finds the hosts that are up. */
export type Directory = {
  /** By name or address; undefined when no such node runs. */
  host(nameOrAddress: string): Host | undefined;
  /** Address of a node, running or not; undefined for an unknown name. */
  addressOf(nameOrAddress: string): string | undefined;
  hosts(): readonly Host[];
};

export class SimulatedNetwork implements Network {
  readonly #wire: Wire;
  readonly #host: Host;
  readonly #directory: Directory;

  constructor(wire: Wire, host: Host, directory: Directory) {
    this.#wire = wire;
    this.#host = host;
    this.#directory = directory;
  }
  #isOwn(host: string): boolean {
    return ownHosts.includes(host) || this.#directory.addressOf(host) === this.#host.address;
  }
  #requireOwn(address: Address): void {
    if (!this.#isOwn(address.host))
      throw new StatusError('malformed', `Cannot bind to ${formatAddress(address)}: it is not this node's address`);
  }
  async listen(address: Address, accept: Accept): Promise<Listener> {
    const { process, listeners } = this.#host;
    return process.operation(0.01, 'listen', () => {
      this.#requireOwn(address);
      const port = this.#host.choosePort(address.port, listeners);
      listeners.set(port, accept);
      return {
        address: { host: address.host, port },
        close: async () => {
          if (listeners.get(port) === accept) listeners.delete(port);
        },
      };
    });
  }
  connect(address: Address, signal?: AbortSignal): Promise<Connection> {
    const { process } = this.#host;
    return new Promise((resolve, reject) => {
      if (!process.alive) return;
      if (signal?.aborted === true) return reject(abortError(address, signal));
      let settled = false;
      const settle = (act: () => void): void => {
        if (settled) return;
        settled = true;
        signal?.removeEventListener('abort', onAbort);
        act();
      };
      const onAbort = (): void => settle(() => signal !== undefined && reject(abortError(address, signal)));
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#handshake(
        address,
        (connection) => {
          if (settled) connection.destroy();
          settle(() => resolve(connection));
        },
        (error) => settle(() => reject(error)),
        () => settled,
      );
    });
  }
  #handshake(
    address: Address,
    done: (connection: Connection) => void,
    refused: (error: StatusError) => void,
    abandoned: () => boolean,
  ): void {
    const { process } = this.#host;
    const { links, scheduler } = this.#wire;
    const asked = scheduler.nowMs;
    const to = this.#isOwn(address.host) ? this.#host.address : this.#directory.addressOf(address.host);
    const refuse = (why: string): void => refused(connectError('connection_lost', address, why));
    const attempt = (): void => {
      if (abandoned()) return;
      if (to === undefined) return void process.after(0.1, 'no such name', () => refuse('nobody has this name'));
      const peer = this.#directory.host(to);
      const [here, there] = [process.name, peer?.process.name ?? ''];
      if (peer === undefined || links.isCut(here, there) || links.isCut(there, here)) {
        if (scheduler.nowMs - asked >= connectTimeoutMs)
          return refused(connectError('deadline', address, 'nobody answers'));
        return void process.after(connectRetryMs, 'connect again', attempt);
      }
      peer.process.after(links.delayMs(here, there), `connect from ${here}`, () => {
        const answerMs = links.delayMs(there, here);
        const accept = peer.listeners.get(address.port);
        if (accept === undefined) return void process.after(answerMs, 'refused', () => refuse('nobody listens'));
        const client = this.#pair(peer, address, accept);
        process.after(answerMs, `connected to ${there}`, () => done(client));
      });
    };
    attempt();
  }
  #pair(peer: Host, address: Address, accept: Accept): SimulatedConnection {
    const client = new SimulatedConnection(this.#wire, this.#host.process, address);
    const port = this.#host.choosePort(0, new Map());
    const server = new SimulatedConnection(this.#wire, peer.process, { host: this.#host.address, port });
    client.join(server);
    server.join(client);
    this.#host.remember(client);
    peer.remember(server);
    accept(server);
    return client;
  }
  async bindDatagrams(address: Address, receive: Receive): Promise<DatagramSocket> {
    const { process, datagrams } = this.#host;
    return process.operation(0.01, 'bind', () => {
      this.#requireOwn(address);
      const port = this.#host.choosePort(address.port, datagrams);
      datagrams.set(port, receive);
      return {
        address: { host: address.host, port },
        send: (bytes: Uint8Array, to: Address) => {
          if (datagrams.get(port) === receive) this.#sendDatagram(port, bytes, to);
        },
        close: async () => {
          if (datagrams.get(port) === receive) datagrams.delete(port);
        },
      };
    });
  }
  #sendDatagram(port: number, bytes: Uint8Array, to: Address): void {
    const { links, scheduler } = this.#wire;
    if (bytes.length > datagramSizeMaxBytes || !this.#host.process.alive) return;
    const from = { host: this.#host.address, port };
    const copy = bytes.slice();
    for (const target of this.#targets(to.host)) {
      const [here, there] = [this.#host.process.name, target.process.name];
      for (let left = links.datagramCount(here, there); left > 0; left--)
        target.process.after(links.delayMs(here, there), `datagram from ${here}`, () => {
          if (links.isCut(here, there)) return;
          scheduler.trace(copy);
          target.datagrams.get(to.port)?.(copy.slice(), from);
        });
    }
  }
  #targets(host: string): readonly Host[] {
    if (broadcastHosts.includes(host)) return this.#directory.hosts();
    const target = this.#isOwn(host) ? this.#host : this.#directory.host(host);
    return target === undefined ? [] : [target];
  }
  interfaces(): readonly NetworkInterface[] {
    return [{ address: this.#host.address, netmask }];
  }
  async resolve(name: string): Promise<readonly string[]> {
    return this.#host.process.operation(0.5, `resolve ${name}`, () => {
      const address = ownHosts.includes(name) ? name : this.#directory.addressOf(name);
      return address === undefined ? [] : [address];
    });
  }
}

const connectError = (reason: 'connection_lost' | 'deadline', address: Address, why: string): StatusError =>
  new StatusError(reason, `Cannot connect to ${formatAddress(address)}: ${why}`);

function abortError(address: Address, signal: AbortSignal): StatusError {
  const { reason } = signal as { readonly reason: unknown };
  if (reason instanceof StatusError) return reason;
  return new StatusError('cancelled', `Cannot connect to ${formatAddress(address)}: cancelled`, { cause: reason });
}
