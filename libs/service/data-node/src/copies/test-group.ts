/** For tests: several data nodes in one process, on real disks, that can be killed, frozen and damaged. */
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { GroupId, NodeId, StatusError } from '@skerry/kernel';
import { copies, data, raft } from '@skerry/proto';
import { membershipOf, type Service, type ServiceEnvironment } from '@skerry/runtime-host';
import { openKv } from '@skerry/runtime-kv';
import { nodeClock, nodeWorld } from '@skerry/runtime-node';
import { type Client, createRpcNode, InProcessHub, type RpcNode, type ServiceDefinition } from '@skerry/runtime-rpc';
import { createRevocationList } from '@skerry/runtime-security';
import { createTelemetry, type TelemetryEvent } from '@skerry/runtime-telemetry';
import type { Disk, World } from '@skerry/runtime-world';
import { eventually } from '@skerry/testing';
import { temporaryDirectory } from '@skerry/testing/node';
import type { DataConfig } from '../settings.ts';
import { openParts, serve, type Sizes } from '../start.ts';
import { type Calls, sealer, TestClient } from '../test-client.ts';
import { testConfig } from '../test-config.ts';
import type { CopiesStatus } from './copies.ts';

export const patience = { timeoutMs: 15_000 };

/** Writes of content wait while it is closed: the disk of a node that hangs, or is very slow. */
export class Gate {
  #open: Promise<void> = Promise.resolve();
  #release = (): void => undefined;
  close(): void {
    this.#open = new Promise((resolve) => (this.#release = resolve));
  }
  open(): void {
    this.#release();
    this.#open = Promise.resolve();
  }
  guard(disk: Disk): Disk {
    return {
      open: async (path, mode) => {
        const file = await disk.open(path, mode);
        if (!path.startsWith('content/')) return file;
        return {
          read: (into, offset) => file.read(into, offset),
          readParts: (into, offset) => file.readParts(into, offset),
          write: async (parts, offset) => {
            await this.#open;
            return file.write(parts, offset);
          },
          writeNow: (parts, offset) => file.writeNow(parts, offset),
          allocate: (size) => file.allocate(size),
          truncate: (size) => file.truncate(size),
          sync: () => file.sync(),
          sizeBytes: () => file.sizeBytes(),
          close: () => file.close(),
        };
      },
      rename: (from, to) => disk.rename(from, to),
      remove: (path) => disk.remove(path),
      list: (path) => disk.list(path),
      makeDirectory: (path) => disk.makeDirectory(path),
      syncDirectory: (path) => disk.syncDirectory(path),
      sizeBytes: (path) => disk.sizeBytes(path),
    };
  }
}

export class Node {
  readonly id: NodeId;
  readonly directory = temporaryDirectory();
  readonly events: TelemetryEvent[] = [];
  readonly gate = new Gate();
  readonly #group: Group;
  #service: Service | undefined;
  #rpc: RpcNode | undefined;

  constructor(group: Group, id: string) {
    this.#group = group;
    this.id = NodeId(id);
  }
  get isUp(): boolean {
    return this.#service !== undefined;
  }
  async start(config: Partial<DataConfig> = {}, sizes: Sizes = {}): Promise<void> {
    const { hub, founders, directoryOf } = this.#group;
    const { rpc, telemetry, identity, world: real } = hostOf(hub, this.id, 'data', this.directory);
    telemetry.listen((event) => this.events.push(event));
    const world: World = { ...real, disk: this.gate.guard(real.disk) };
    const directory = directoryOf();
    const whole = { ...testConfig, founders: [...founders], ...config };
    const environment = { world, rpc, telemetry, sealer, identity, directory } as unknown as ServiceEnvironment;
    const group = { group: GroupId('data'), role: 'data' };
    const membership = { ...membershipOf(environment, group, whole.founders), tickMs: 10 };
    const store = await openKv({ path: join(this.directory, 'store'), checksum: world.checksum });
    const fatal = (error: Error): unknown => this.events.push({ event: 'fatal', error });
    const parts = { world, telemetry, fatal, membership, peers: { rpc, directory } };
    const opened = await openParts(whole, parts, store, sizes);
    this.#service = serve(opened.parts, { rpc, sealer }, opened.close);
    this.#rpc = rpc;
    await rpc.listen({ host: '127.0.0.1', port: 0 });
    rpc.setReady(true);
  }
  get status(): Readonly<Record<string, unknown>> & { readonly copies: CopiesStatus; readonly leader: boolean } {
    if (this.#service === undefined) throw new Error(`${this.id} is down`);
    return this.#service.status() as ReturnType<() => Node['status']>;
  }
  get isLeader(): boolean {
    return this.isUp && this.status.leader;
  }
  /** Calls of a router, or of whoever is wanted, at this node. */
  client(role = 'routing', user?: string): TestClient {
    const client = this.call(data.DataServiceDefinition, role);
    const call = (method: keyof typeof client) => [
      method,
      (request: never, { signal }: { signal: AbortSignal }) => client[method](request, { signal }),
    ];
    const calls = Object.fromEntries(
      (Object.keys(data.DataServiceDefinition.methods) as (keyof typeof client)[]).map(call),
    ) as Calls;
    return new TestClient(calls, nodeClock, user);
  }
  call<S extends ServiceDefinition>(definition: S, role: string): Client<S> {
    return this.#group.guest(role).client(definition, { nodeId: this.id, address: '' });
  }
  copies(): Client<typeof copies.CopyServiceDefinition> {
    return this.call(copies.CopyServiceDefinition, 'data');
  }
  raft(): Client<typeof raft.RaftServiceDefinition> {
    return this.call(raft.RaftServiceDefinition, 'data');
  }
  /** Paths of large contents, without those that were set aside. */
  get files(): readonly string[] {
    const root = join(this.directory, 'content');
    return readdirSync(root, { recursive: true, encoding: 'utf8' })
      .filter((name) => /^(blobs|staging)\//.test(name) && /\/[0-9a-f]{32}$/.test(name))
      .map((name) => join(root, name))
      .filter((path) => statSync(path).isFile());
  }
  /** One bit of each large content turns over. */
  rot(): void {
    for (const path of this.files) {
      const bytes = readFileSync(path);
      const at = Math.floor(bytes.length / 2);
      bytes[at] = (bytes[at] ?? 0) ^ 1;
      writeFileSync(path, bytes);
    }
  }
  count(event: string): number {
    return this.events.filter((each) => each.event === event).length;
  }
  async stop(): Promise<void> {
    const [service, rpc] = [this.#service, this.#rpc];
    this.#service = undefined;
    this.gate.open();
    await service?.stop(0);
    await rpc?.close(0);
  }
  /** From one moment to the next nobody hears of it; what it was doing leads nowhere. */
  async kill(): Promise<void> {
    const [service, rpc] = [this.#service, this.#rpc];
    this.#service = undefined;
    await rpc?.close(0);
    this.gate.open();
    await service?.stop(0);
  }
}

export class Group {
  readonly hub = new InProcessHub();
  readonly nodes: Node[] = [];
  readonly founders: readonly string[];
  readonly #guests = new Map<string, RpcNode>();

  constructor(size: number) {
    this.founders = Array.from({ length: size }, (_, n) => `data_${n + 1}`);
    for (const id of this.founders) this.add(id);
  }
  static async of(size: number, config: Partial<DataConfig> = {}, sizes: Sizes = {}): Promise<Group> {
    const group = new Group(size);
    await Promise.all(group.nodes.map((node) => node.start(config, sizes)));
    await group.leader();
    return group;
  }
  add(id: string): Node {
    const node = new Node(this, id);
    this.nodes.push(node);
    return node;
  }
  /** Knows all nodes, also those that are down. */
  readonly directoryOf = (): ServiceEnvironment['directory'] => {
    const nodes = (): ReturnType<ServiceEnvironment['directory']['nodes']> =>
      this.nodes.map(({ id }) => ({
        ...{ nodeId: id, role: 'data', address: '127.0.0.1:1' },
        ...{ site: '', incarnation: 1, endpoints: {}, load: 0 },
      }));
    return { nodes } as unknown as ServiceEnvironment['directory'];
  };
  guest(role: string): RpcNode {
    let rpc = this.#guests.get(role);
    if (rpc === undefined) {
      ({ rpc } = hostOf(this.hub, NodeId(`${role}_guest`), role, temporaryDirectory()));
      this.#guests.set(role, rpc);
    }
    return rpc;
  }
  async leader(): Promise<Node> {
    const leads = (): Node | undefined => this.nodes.find((node) => node.isLeader);
    await eventually(() => leads() !== undefined, patience);
    return leads() as Node;
  }
  get followers(): readonly Node[] {
    return this.nodes.filter((node) => node.isUp && !node.isLeader);
  }
  /** No follower is being fed any more: what it lacks it must fetch. */
  async fed(): Promise<void> {
    await eventually(() => this.nodes.every((node) => !node.isUp || node.status.copies.pushing === 0), patience);
  }
  /** At the leader of the moment, again while the group has none. */
  async at<T>(work: (leader: Node) => Promise<T>): Promise<T> {
    for (let tries = 0; ; tries++) {
      try {
        return await work(await this.leader());
      } catch (thrown) {
        if (tries === 200 || !(thrown instanceof StatusError) || !thrown.retryable) throw thrown;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
  }
  /** All that run hold the same files, byte for byte, `count` of them. */
  async same(count: number): Promise<void> {
    const there = (): readonly string[] =>
      this.nodes
        .filter(({ isUp }) => isUp)
        .map(({ files }) =>
          files
            .map((path) => `${path.slice(-32)} ${statSync(path).size}`)
            .toSorted()
            .join(),
        );
    await eventually(() => {
      const [first = '', ...others] = there();
      return others.every((other) => other === first) && (first === '' ? 0 : first.split(',').length) === count;
    }, patience);
  }
  async stop(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.stop()));
    await Promise.all([...this.#guests.values()].map((rpc) => rpc.close(0)));
  }
}

function hostOf(hub: InProcessHub, nodeId: NodeId, role: string, root: string) {
  const world = nodeWorld(root);
  const telemetry = createTelemetry({ nodeId, role, output: 'silent', processMetrics: false });
  const identity = { cluster: 'test', nodeId, role, tls: undefined, sealingKey: new Uint8Array(32).fill(3) };
  const rpc = createRpcNode({ world, identity, sealer, revocations: createRevocationList(), telemetry, hub });
  return { world, telemetry, identity, rpc };
}
