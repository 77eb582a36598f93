/** Who else is in the group, and the way to them. */
import { type Configuration, membersOf } from '@skerry/cluster-raft';
import type { NodeId } from '@skerry/kernel';
import { copies } from '@skerry/proto';
import type { ServiceEnvironment } from '@skerry/runtime-host';
import type { Replica } from '@skerry/runtime-replica';
import type { Client } from '@skerry/runtime-rpc';

export type Peers = Pick<ServiceEnvironment, 'rpc' | 'directory'>;
export type CopyClient = Client<typeof copies.CopyServiceDefinition>;

/** Calls of content have a connection of their own: nobody's heartbeat waits behind them. */
const lane = 'content';

export class Members {
  readonly #peers: Peers;
  readonly #replica: () => Replica;
  readonly #clients = new Map<string, CopyClient>();

  constructor(peers: Peers, replica: () => Replica) {
    this.#peers = peers;
    this.#replica = replica;
  }
  get self(): NodeId {
    return this.#peers.rpc.nodeId;
  }
  get leader(): NodeId | undefined {
    return this.#replica().leader;
  }
  get isLeader(): boolean {
    return this.#replica().isLeader;
  }
  get configuration(): Configuration {
    const { voters, outgoing, learners } = this.#replica().status();
    return { voters, outgoing, learners, departing: [] };
  }
  /** Without this node; the leader first, who has most. */
  others(): readonly NodeId[] {
    const { leader, self } = this;
    const others = membersOf(this.configuration).filter((id) => id !== self);
    return others.toSorted((a, b) => Number(b === leader) - Number(a === leader));
  }
  get alone(): boolean {
    return this.others().length === 0;
  }
  /** Undefined: nobody knows where it is. */
  client(id: NodeId): CopyClient | undefined {
    const address = this.#peers.directory.nodes('data').find(({ nodeId }) => nodeId === id)?.address;
    if (address === undefined) return undefined;
    const key = `${id} ${address}`;
    let client = this.#clients.get(key);
    if (client === undefined) {
      for (const old of this.#clients.keys()) if (old.startsWith(`${id} `)) this.#clients.delete(old);
      client = this.#peers.rpc.client(copies.CopyServiceDefinition, { nodeId: id, address, lane });
      this.#clients.set(key, client);
    }
    return client;
  }
}
