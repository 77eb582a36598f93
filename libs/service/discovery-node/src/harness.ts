/** For the tests: discovery nodes and members over real sockets of this machine. */
import { NodeId, StatusError } from '@skerry/kernel';
import {
  startDirectory,
  type DirectoryOptions,
  type NodeRecord,
  type RunningDirectory,
} from '@skerry/runtime-discovery';
import type { Service, ServiceEnvironment } from '@skerry/runtime-host';
import { nodeWorld } from '@skerry/runtime-node';
import { createRpcNode, type RpcNode } from '@skerry/runtime-rpc';
import { createRevocationList, createSealer } from '@skerry/runtime-security';
import { createTelemetry, type TelemetryEvent } from '@skerry/runtime-telemetry';
import { formatAddress, type Address, type World } from '@skerry/runtime-world';
import { temporaryDirectory } from '@skerry/testing/node';
import type { DiscoveryConfig } from './settings.ts';
import { start } from './start.ts';

const sealingKey = new Uint8Array(32).fill(3);
export const config = (over: Partial<DiscoveryConfig> = {}): DiscoveryConfig => ({
  leaseMs: 600,
  discoveryPort: 0,
  discoveryBind: undefined,
  ...over,
});

export type TestNode = {
  readonly id: NodeId;
  readonly world: World;
  readonly rpc: RpcNode;
  readonly address: Address;
  readonly record: NodeRecord;
  readonly directory: RunningDirectory;
  readonly events: TelemetryEvent[];
  readonly service: Service | undefined;
  revoked: readonly string[];
  /** As a process that is told to end. */
  stop(): Promise<void>;
  /** As a process that is killed: says goodbye to nobody. */
  kill(): Promise<void>;
};

export type TestOptions = {
  readonly port?: number;
  readonly incarnation?: number;
  readonly discovery?: DiscoveryConfig;
  readonly directory?: Partial<DirectoryOptions>;
  load?(): number;
};

const open = new Set<TestNode>();
export async function closeAll(): Promise<void> {
  await Promise.all([...open].map((node) => node.kill()));
}

export async function startTestNode(
  name: string,
  role: string,
  join: readonly Address[],
  options: TestOptions = {},
): Promise<TestNode> {
  const id = NodeId(name);
  const world = nodeWorld(temporaryDirectory());
  const telemetry = createTelemetry({ nodeId: id, role, output: 'silent', processMetrics: false });
  const events: TelemetryEvent[] = [];
  telemetry.listen((event) => events.push(event));
  const sealer = createSealer(sealingKey);
  const identity = { cluster: 'test', nodeId: id, role, tls: undefined, sealingKey };
  const revocations = createRevocationList();
  const rpc = createRpcNode({ world, identity, sealer, revocations, telemetry });
  let revoked: readonly string[] = [];
  let dead = false;
  const directory = await startDirectory({
    world,
    rpc: mortal(rpc, () => dead),
    telemetry,
    sealer,
    cluster: 'test',
    join,
    dnsNames: [],
    broadcast: false,
    load: () => options.load?.() ?? 0,
    onRevocations: (_, ids) => {
      revoked = ids;
    },
    ...options.directory,
  });
  const environment = {
    world,
    identity,
    sealer,
    revocations,
    telemetry,
    rpc,
    directory,
  } as unknown as ServiceEnvironment;
  const service = options.discovery === undefined ? undefined : await start(options.discovery, environment);
  const address = await rpc.listen({ host: '127.0.0.1', port: options.port ?? 0 });
  const record: NodeRecord = {
    nodeId: id,
    role,
    site: '',
    address: formatAddress(address),
    incarnation: options.incarnation ?? 1,
    endpoints: {},
    load: 0,
  };
  const node: TestNode = {
    id,
    world,
    rpc,
    address,
    record,
    directory,
    events,
    service,
    get revoked() {
      return revoked;
    },
    stop: async () => {
      open.delete(node);
      await directory.close();
      await service?.stop(0);
      await rpc.close(0);
    },
    kill: async () => {
      open.delete(node);
      dead = true;
      await rpc.close(0);
      await Promise.all([directory.close(), service?.stop(0)]);
    },
  };
  open.add(node);
  await directory.announce(record);
  return node;
}

/** The same node, whose calls fail once it is dead: its farewell reaches nobody. */
const mortal = (rpc: RpcNode, isDead: () => boolean): RpcNode => ({
  nodeId: rpc.nodeId,
  serve: (definition, handlers, access) => rpc.serve(definition, handlers, access),
  listen: (address) => rpc.listen(address),
  setReady: (ready) => rpc.setReady(ready),
  disconnect: (target) => rpc.disconnect(target),
  close: (graceMs) => rpc.close(graceMs),
  client: (definition, target) =>
    new Proxy(rpc.client(definition, target), {
      get: (client, method, receiver) => {
        if (isDead()) throw new StatusError('connection_lost', 'this node is dead');
        return Reflect.get(client, method, receiver) as unknown;
      },
    }),
});

export const startDiscovery = (
  name: string,
  join: readonly Address[] = [],
  options: TestOptions = {},
): Promise<TestNode> => startTestNode(name, 'discovery', join, { discovery: config(), ...options });

export const namesOf = (node: TestNode, role: string): readonly string[] =>
  node.directory.nodes(role).map(({ nodeId }) => nodeId);
