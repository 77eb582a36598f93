/** A group of replicas in one process: each with a store that can crash, on a network that can be cut. */
import { CrashableStore, eventually } from '@skerry/testing';
import { temporaryDirectory } from '@skerry/testing/node';
import {
  type Applied,
  ByteReader,
  ByteWriter,
  concatBytes,
  type Entry,
  Epoch,
  GroupId,
  NodeId,
  OperationId,
  type OrderedReader,
  type OrderedWriter,
  type StateMachine,
  StatusError,
  utf8,
} from '@skerry/kernel';
import { nodeWorld } from '@skerry/runtime-node';
import type { LinkMessage, OutgoingSnapshot, RaftHandler, RaftLinks } from '@skerry/runtime-raft-links';
import type { Telemetry } from '@skerry/runtime-telemetry';
import { openReplica, type OpenedReplica, type ReplicaOptions } from './index.ts';

/** Puts a value under a key; answers how often that key was written. */
const valuePrefix = utf8('v/');
const keyOf = (key: string): Uint8Array => concatBytes([valuePrefix, utf8(key)]);
export const register: StateMachine<string> = {
  initialise: () => undefined,
  apply({ command }: Entry, state: OrderedWriter): Applied<string> {
    const reader = new ByteReader(command);
    const key = reader.text();
    const value = reader.bytes();
    const before = state.get(keyOf(key));
    const count = before === undefined ? 1 : new ByteReader(before).u32() + 1;
    state.put(keyOf(key), new ByteWriter(4 + value.length).u32(count).raw(value).finish());
    return { result: new ByteWriter(4).u32(count).finish(), effects: [key] };
  },
};
export const put = (key: string, value: Uint8Array): Uint8Array => new ByteWriter(64).text(key).bytes(value).finish();
export const valueIn = (state: OrderedReader, key: string): { count: number; value: Uint8Array } | undefined => {
  const bytes = state.get(keyOf(key));
  return bytes === undefined ? undefined : { count: new ByteReader(bytes).u32(), value: bytes.slice(4) };
};
export const stateOf = (state: OrderedReader): string[] =>
  [...state.range({ from: new Uint8Array(0) })].map(
    ([key, value]) => `${Buffer.from(key).toString('latin1')}=${Buffer.from(value).toString('hex')}`,
  );

let operations = 0;
export const operation = (): OperationId => OperationId((++operations).toString(16).padStart(32, '0'));

export async function retried<T>(ask: () => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries++)
    try {
      return await ask();
    } catch (thrown) {
      if (!(thrown instanceof StatusError) || !thrown.retryable || tries >= 200) throw thrown;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
}

export class Network {
  readonly handlers = new Map<NodeId, RaftHandler>();
  readonly #cuts = new Set<string>();
  /** Chunks of snapshots that arrive before the next transfer is cut. */
  chunksUntilCut = Infinity;
  snapshots = 0;

  cut(...side: readonly NodeId[]): void {
    for (const a of side)
      for (const b of this.handlers.keys())
        if (!side.includes(b)) {
          this.#cuts.add(`${a} ${b}`);
          this.#cuts.add(`${b} ${a}`);
        }
  }
  heal(): void {
    this.#cuts.clear();
  }
  isCut(from: NodeId, to: NodeId): boolean {
    return this.#cuts.has(`${from} ${to}`);
  }
  links(self: NodeId, handler: RaftHandler): RaftLinks {
    this.handlers.set(self, handler);
    const reach = (to: NodeId): RaftHandler | undefined =>
      this.handlers.get(self) !== handler || this.isCut(self, to) ? undefined : this.handlers.get(to);
    return {
      send: (message: LinkMessage) => {
        setImmediate(() => void reach(message.to)?.receive(message));
        return true;
      },
      pendingBytes: () => 0,
      isConnected: (to) => reach(to) !== undefined,
      keep: () => undefined,
      sendSnapshot: async (to: NodeId, snapshot: OutgoingSnapshot) => {
        const other = (): RaftHandler => {
          const found = reach(to);
          if (found !== undefined && this.chunksUntilCut > 0) return found;
          this.chunksUntilCut = Infinity;
          throw new StatusError('connection_lost', 'cut');
        };
        const { id, mark, fromIncarnation, term } = snapshot;
        const begun = await other().beginSnapshot({ id, mark, from: self, fromIncarnation, term });
        if (begun === undefined) throw new StatusError('fenced', 'refused');
        let number = begun.nextChunk;
        for await (const chunk of snapshot.chunks(number)) {
          await other().snapshotChunk(id, number, chunk.slice());
          this.chunksUntilCut -= 1;
          number += 1;
        }
        await other().endSnapshot(id, number);
        this.snapshots += 1;
      },
      close: () => {
        if (this.handlers.get(self) === handler) this.handlers.delete(self);
        return Promise.resolve();
      },
    };
  }
}

export class Member {
  readonly id: NodeId;
  readonly root = temporaryDirectory();
  readonly events: string[] = [];
  readonly fatal: Error[] = [];
  readonly performed: string[] = [];
  restored = 0;
  store = new CrashableStore();
  replica: OpenedReplica | undefined;
  readonly #group: Group;

  constructor(group: Group, id: string) {
    this.#group = group;
    this.id = NodeId(id);
  }
  get up(): OpenedReplica {
    if (this.replica === undefined) throw new Error(`${this.id} is down`);
    return this.replica;
  }
  async start(more: Partial<ReplicaOptions<string>> = {}): Promise<OpenedReplica> {
    const telemetry = { emit: ({ event }: { event: string }) => this.events.push(event) };
    const { network, founders, options } = this.#group;
    this.replica = await openReplica<string>({
      world: nodeWorld(this.root),
      // Only what the rooms under test call.
      telemetry: telemetry as unknown as Telemetry,
      group: GroupId('test'),
      node: this.id,
      begin: () => Promise.resolve({ founders, epoch: Epoch('e'.repeat(32)) }),
      connect: ({ handler }) => network.links(this.id, handler),
      logDirectory: 'log',
      store: this.store,
      stateMachine: register,
      perform: (effects) => void this.performed.push(...effects),
      beforeCut: () => Promise.resolve(),
      restored: () => (this.restored += 1),
      onFatal: (error) => this.fatal.push(error),
      tickMs: 10,
      ...options,
      ...more,
    });
    return this.replica;
  }
  /** Loses what the store has not made durable; the log's writes are kept, as a kill keeps them. */
  async crash(): Promise<void> {
    const { replica } = this;
    this.replica = undefined;
    this.#group.network.handlers.delete(this.id);
    this.store = this.store.crash();
    await replica?.close();
  }
  async stop(): Promise<void> {
    const { replica } = this;
    this.replica = undefined;
    await replica?.close();
  }
}

export class Group {
  readonly network = new Network();
  readonly members: Member[] = [];
  readonly founders: readonly NodeId[];
  readonly options: Partial<ReplicaOptions<string>>;
  constructor(size: number, options: Partial<ReplicaOptions<string>> = {}) {
    this.options = options;
    this.founders = Array.from({ length: size }, (_, n) => NodeId(`n${n + 1}`));
    for (const id of this.founders) this.add(id);
  }
  static async of(size: number, options: Partial<ReplicaOptions<string>> = {}): Promise<Group> {
    const group = new Group(size, options);
    await Promise.all(group.members.map((member) => member.start()));
    return group;
  }
  add(id: string): Member {
    const member = new Member(this, id);
    this.members.push(member);
    return member;
  }
  member(id: NodeId): Member {
    const found = this.members.find((member) => member.id === id);
    if (found === undefined) throw new Error(`no member ${id}`);
    return found;
  }
  get running(): readonly Member[] {
    return this.members.filter(({ replica }) => replica !== undefined);
  }
  /** Who leads and is not cut off from `among`. */
  async leader(among: readonly Member[] = this.members): Promise<Member> {
    const leads = (): Member | undefined => among.find(({ replica }) => replica?.isLeader);
    await eventually(() => leads() !== undefined, { timeoutMs: 20_000 });
    return leads() as Member;
  }
  /** As the client library does: the leader of the moment, again and again under one operation id. */
  async put(key: string, value: Uint8Array = utf8(key), among: readonly Member[] = this.members): Promise<number> {
    const id = operation();
    const { result } = await this.atLeader(({ up }) => up.propose(put(key, value), id), among);
    return new ByteReader(result).u32();
  }
  /** Asks the leader of the moment, again and again while the answer is that this may help: a busy machine elects at any time. */
  atLeader<T>(ask: (leader: Member) => Promise<T>, among: readonly Member[] = this.members): Promise<T> {
    return retried(async () => ask(await this.leader(among)));
  }
  /** All that run have applied the same, and as much. */
  async agree(): Promise<void> {
    await eventually(
      () => {
        const applied = this.running.map((member) => member.up.appliedIndex);
        return applied.every(
          (index) => index === applied[0] && index >= Math.max(...this.running.map((m) => m.up.status().lastIndex)),
        );
      },
      { timeoutMs: 10_000 },
    );
    const [first, ...others] = this.running.map((member) => stateOf(member.up.state));
    for (const other of others) if (JSON.stringify(other) !== JSON.stringify(first)) throw new Error('states differ');
  }
  async stop(): Promise<void> {
    await Promise.all(this.members.map((member) => member.stop()));
  }
}
