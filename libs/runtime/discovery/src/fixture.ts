/** For the tests: a network of hosts in memory that carries datagrams, and clocks that run a hundred times too fast. */
import { randomBytes } from 'node:crypto';
import { StatusError } from '@skerry/kernel';
import { nodeWorld } from '@skerry/runtime-node';
import { createTelemetry, type Telemetry } from '@skerry/runtime-telemetry';
import type { Address, Clock, DatagramSocket, Network, NetworkInterface, World } from '@skerry/runtime-world';
import { temporaryDirectory } from '@skerry/testing/node';
import { parseIpv4, prefixOf } from './subnet.ts';
import type { NodeRecord } from './types.ts';

/** A data node that registered, unless told otherwise. */
export const recordOf = (nodeId: string, over: Partial<NodeRecord> = {}): NodeRecord => ({
  nodeId,
  role: 'data',
  site: '',
  address: `${nodeId}:1`,
  incarnation: 1,
  endpoints: {},
  load: 0,
  ...over,
});

export const silentTelemetry = (): Telemetry =>
  createTelemetry({ nodeId: 'test_1', role: 'test', output: 'silent', processMetrics: false });

const real: Clock = {
  monotonicMs: () => performance.now(),
  wallMs: () => Date.now(),
  setTimer: (delayMs, callback) => {
    const timer = setTimeout(callback, delayMs);
    return { cancel: () => clearTimeout(timer) };
  },
};
export const fastClock = (factor: number): Clock => ({
  monotonicMs: () => real.monotonicMs() * factor,
  wallMs: () => real.wallMs(),
  setTimer: (delayMs, callback) => real.setTimer(delayMs / factor, callback),
});

type Receive = (bytes: Uint8Array, from: Address) => void;
type Host = { readonly address: string; readonly netmask: string; readonly ports: Map<number, Receive> };

/**
 * One broadcast domain: a directed broadcast reaches a host whose own mask makes it one; a router passes on nothing.
 */
export class Lan {
  readonly #hosts = new Map<string, Host>();
  /** Datagrams sent, by destination. */
  readonly sent: string[] = [];
  /** Hosts do not hear broadcasts, as in many an overlay network. */
  unicastOnly = false;

  world(address: string, netmask: string, clock: Clock = fastClock(50), more: readonly NetworkInterface[] = []): World {
    const host: Host = { address, netmask, ports: new Map() };
    this.#hosts.set(address, host);
    const network: Network = {
      listen: () => Promise.reject(new StatusError('connection_lost', 'datagrams only')),
      connect: () => Promise.reject(new StatusError('connection_lost', 'datagrams only')),
      interfaces: () => [{ address, netmask }, ...more],
      // Names are not known; an address is its own.
      resolve: (name) => Promise.resolve(parseIpv4(name) === undefined ? [] : [name]),
      bindDatagrams: (at, receive) => Promise.resolve(this.#bind(host, at.port, receive)),
    };
    return { ...nodeWorld(temporaryDirectory()), clock, network, random: (count) => randomBytes(count) };
  }

  #bind(host: Host, wanted: number, receive: Receive): DatagramSocket {
    const port = wanted === 0 ? 40_000 + host.ports.size : wanted;
    host.ports.set(port, receive);
    return {
      address: { host: host.address, port },
      send: (bytes, to) => this.#send(bytes, { host: host.address, port }, to),
      close: () => Promise.resolve(void host.ports.delete(port)),
    };
  }
  #send(bytes: Uint8Array, from: Address, to: Address): void {
    this.sent.push(to.host);
    const copy = bytes.slice();
    for (const host of this.#hosts.values())
      if (this.#reaches(host, to.host)) queueMicrotask(() => host.ports.get(to.port)?.(copy, from));
  }
  #reaches(host: Host, to: string): boolean {
    if (to === host.address) return true;
    if (this.unicastOnly) return false;
    const [own, target, prefix] = [parseIpv4(host.address), parseIpv4(to), prefixOf(host.netmask)];
    if (own === undefined || target === undefined || prefix === undefined) return false;
    return target === (own | (0xffffffff >>> prefix)) >>> 0;
  }
}
