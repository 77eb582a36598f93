/** The operator's way into a running system: finds it, proves who asks, and gives typed clients. */
import { resolve } from 'node:path';
import { NodeId, StatusError } from '@skerry/kernel';
import { admin, auth, cassandra, copies, discovery, raft, routing } from '@skerry/proto';
import { addressPattern, list, optionalText, type ConfigOf } from '@skerry/runtime-config';
import { fixedDirectory, RoleCaller } from '@skerry/runtime-discovery';
import { nodeWorld } from '@skerry/runtime-node';
import {
  createRpcNode,
  type CallOptions,
  type Client,
  type RpcNode,
  type ServiceDefinition,
  type Target,
} from '@skerry/runtime-rpc';
import { createRevocationList, createSealer, loadOperator } from '@skerry/runtime-security';
import { createTelemetry } from '@skerry/runtime-telemetry';
import { authorityFolder } from './authority.ts';
import { readClusterFile } from './cluster/cluster-file.ts';
import { processState } from './cluster/processes.ts';
import { dataSetting, insecureSetting } from './common-settings.ts';
import { gatewayName, readEmbeddedFile } from './embedded-file.ts';

export const operatorSettings = {
  data: dataSetting,
  join: list({
    default: [],
    help: 'Find the system by its discovery nodes instead of --data.',
    pattern: addressPattern,
    wanted: 'HOST:PORT, separated by commas',
    placeholder: 'HOST:PORT,…',
  }),
  authority: optionalText({ help: "Folder with the operator's certificate; default DIR/ca.", placeholder: 'DIR' }),
  insecure: insecureSetting,
};
export type OperatorConfig = ConfigOf<typeof operatorSettings>;

/** How long a command to the auth nodes may take, in milliseconds: an election may be under way. */
const operatorDeadlineMs = 15_000;
/** Longest try at one of them, in milliseconds: the next may lead by now. */
const operatorTryMaxMs = 5_000;
/** How long discovery is asked for nodes that the cluster's file does not have, in milliseconds. */
const moreNodesTimeoutMs = 1_000;

/** A member of a replicated group, or what answers for it. */
export type RaftMember = {
  readonly nodeId: string;
  readonly client: Client<raft.RaftServiceDefinition>;
  /** Of a data node: what it has of the content beside the log. */
  readonly copies: Client<copies.CopyServiceDefinition>;
};
/** Nodes of one role, as the operator reaches them. */
export type Operator = {
  /** The one that leads, whichever that is, also when that changes meanwhile. */
  readonly auth: Client<auth.AuthServiceDefinition>;
  /** Every one: for what each keeps for itself. */
  readonly auths: readonly { readonly nodeId: string; readonly client: Client<auth.AuthServiceDefinition> }[];
  readonly routers: readonly { readonly nodeId: string; readonly client: Client<routing.RoutingServiceDefinition> }[];
  readonly discoveries: readonly {
    readonly nodeId: string;
    readonly client: Client<discovery.DiscoveryServiceDefinition>;
  }[];
  readonly cassandras: readonly {
    readonly nodeId: string;
    readonly client: Client<cassandra.CassandraServiceDefinition>;
  }[];
  readonly nodes: readonly { readonly nodeId: string; readonly client: Client<admin.AdminServiceDefinition> }[];
  /** Of a role whose state is replicated: all that are known now. */
  raftMembers(role: string): Promise<readonly RaftMember[]>;
};
type Place = { readonly nodeId: string; readonly role: string; readonly address: string };
type Found = { readonly places: readonly Place[]; readonly insecure: boolean };

/** Runs `work` with the system that the settings name. @throws StatusError `no_node`, `credentials`, and what the calls throw. */
export async function withOperator<T>(config: OperatorConfig, work: (operator: Operator) => Promise<T>): Promise<T> {
  const data = resolve(config.data);
  const known = config.join.length > 0 ? undefined : await findByFolder(data);
  return withPlaces(config, known, work);
}
/** The same with one node, whose role is known, at the address of its gRPC door. */
export const withNodeAt = <T>(
  config: OperatorConfig,
  { role, address }: { readonly role: string; readonly address: string },
  work: (operator: Operator) => Promise<T>,
): Promise<T> =>
  // The node's name is not known: whoever answers there must be of this cluster.
  withPlaces(config, { places: [{ nodeId: '', role, address }], insecure: config.insecure }, work);

async function withPlaces<T>(
  config: OperatorConfig,
  known: Found | undefined,
  work: (operator: Operator) => Promise<T>,
): Promise<T> {
  const rpc = await operatorRpc(config, known?.insecure ?? config.insecure);
  try {
    const places = known?.places ?? (await findByDiscovery(rpc, config.join));
    return await work(operatorOf(rpc, places));
  } finally {
    await rpc.close(0);
  }
}

async function operatorRpc(config: OperatorConfig, insecure: boolean): Promise<RpcNode> {
  const folder = config.authority ?? authorityFolder(resolve(config.data));
  const identity = await loadOperator(folder);
  if (identity === undefined)
    throw new StatusError(
      'credentials',
      `Cannot find an operator's certificate in "${folder}": name its folder with --authority`,
    );
  return createRpcNode({
    world: nodeWorld(resolve(config.data)),
    identity: insecure ? { ...identity, tls: undefined } : identity,
    sealer: createSealer(identity.sealingKey),
    revocations: createRevocationList(),
    telemetry: createTelemetry({ nodeId: identity.nodeId, role: identity.role, output: 'silent' }),
  });
}

async function findByFolder(data: string): Promise<Found> {
  const embedded = await readEmbeddedFile(data);
  if (embedded !== undefined && processState(embedded.pid) !== 'dead') {
    const address = embedded.endpoints['grpc'] ?? '';
    const places = ['auth', 'data', 'routing', 'discovery', 'cassandra', 'admin'].map((role) => ({
      nodeId: gatewayName,
      role,
      address,
    }));
    return { places, insecure: embedded.insecure === true };
  }
  const cluster = await readClusterFile(data).catch(() => undefined);
  if (cluster !== undefined && processState(cluster.pid) !== 'dead') {
    const running = cluster.nodes.filter(({ pid }) => processState(pid) === 'running');
    const places = running.flatMap(({ name, role, grpc }) => [
      { nodeId: name, role, address: grpc },
      { nodeId: name, role: 'admin', address: grpc },
    ]);
    return { places, insecure: cluster.insecure };
  }
  throw new StatusError(
    'no_node',
    `Cannot find a running system in "${data}": start one with skerry up --data ${data}, or name a discovery node with --join`,
  );
}

async function findByDiscovery(rpc: RpcNode, join: readonly string[]): Promise<readonly Place[]> {
  let last: unknown;
  for (const address of join) {
    try {
      return await placesAt(rpc, address, ['auth', 'routing', 'data', 'processing', 'discovery', 'cassandra']);
    } catch (thrown) {
      last = thrown;
    }
  }
  throw new StatusError('no_node', `Cannot reach a discovery node at ${join.join(', ')}: ${(last as Error).message}`, {
    cause: last,
  });
}
async function placesAt(
  rpc: RpcNode,
  address: string,
  roles: readonly string[],
  deadlineMs?: number,
): Promise<readonly Place[]> {
  // The node's name is not known yet: whoever answers there must be of this cluster.
  const client = rpc.client(discovery.DiscoveryServiceDefinition, { nodeId: '' as NodeId, address });
  const options = { idempotent: true, ...(deadlineMs === undefined ? {} : { deadlineMs }) };
  const answers = await Promise.all(roles.map((role) => client.requestService({ role }, options)));
  const records = answers.flatMap(({ nodes }) => nodes);
  return records.flatMap(({ nodeId, role, address: at }) => [
    { nodeId, role, address: at },
    { nodeId, role: 'admin', address: at },
  ]);
}

function operatorOf(rpc: RpcNode, places: readonly Place[]): Operator {
  const targets = (role: string): Target[] =>
    places
      .filter((place) => place.role === role)
      .map(({ nodeId, address }) => ({ nodeId: nodeId === '' ? ('' as NodeId) : NodeId(nodeId), address }));
  const clients = <S extends ServiceDefinition>(role: string, definition: S): { nodeId: string; client: Client<S> }[] =>
    targets(role).map((target) => ({ nodeId: target.nodeId, client: rpc.client(definition, target) }));
  const auths = clients('auth', auth.AuthServiceDefinition);
  return {
    get auth() {
      if (auths.length === 0)
        throw new StatusError('no_node', 'Cannot find an auth node: is one running? See skerry cluster status');
      return leaderOf(rpc, 'auth', auth.AuthServiceDefinition, targets('auth'));
    },
    auths,
    routers: clients('routing', routing.RoutingServiceDefinition),
    discoveries: clients('discovery', discovery.DiscoveryServiceDefinition),
    cassandras: clients('cassandra', cassandra.CassandraServiceDefinition),
    nodes: clients('admin', admin.AdminServiceDefinition),
    raftMembers: async (role) => {
      const known = targets(role);
      const more = await othersOf(rpc, role, targets('discovery'));
      const all = [...known, ...more.filter(({ nodeId }) => known.every((each) => each.nodeId !== nodeId))];
      return all.map((target) => ({
        nodeId: target.nodeId,
        client: rpc.client(raft.RaftServiceDefinition, target),
        copies: rpc.client(copies.CopyServiceDefinition, target),
      }));
    },
  };
}

/** Nodes that were started by hand stand in no file; what discovery does not tell is not known. */
async function othersOf(rpc: RpcNode, role: string, discoveries: readonly Target[]): Promise<readonly Target[]> {
  const answers = await Promise.allSettled(
    discoveries.map(({ address }) => placesAt(rpc, address, [role], moreNodesTimeoutMs)),
  );
  const places = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
  const found = new Map(places.filter((place) => place.role === role).map((place) => [place.nodeId, place]));
  return [...found.values()].map(({ nodeId, address }) => ({ nodeId: NodeId(nodeId), address }));
}

/** Calls of one message each way go to the node that leads; repeated, they have effect once by their operation ids. */
function leaderOf<S extends ServiceDefinition>(
  rpc: RpcNode,
  role: string,
  definition: S,
  targets: readonly Target[],
): Client<S> {
  const world = nodeWorld('.');
  const records = targets.map(({ nodeId, address }) => ({
    nodeId,
    role,
    address,
    site: '',
    incarnation: 0,
    endpoints: {},
    load: 0,
  }));
  const telemetry = { emit: () => undefined };
  const parts = { rpc, world, telemetry, directory: fixedDirectory(world, records) };
  const caller = new RoleCaller(parts, { role, definition, sticky: true, tryMaxMs: operatorTryMaxMs });
  type Call = (request: unknown, options: CallOptions) => Promise<unknown>;
  const methods = Object.keys(definition.methods).map((name) => {
    const call: Call = (request, options) =>
      caller.call(
        (client, limits) =>
          (client as unknown as Readonly<Record<string, Call>>)[name]?.(request, { ...options, ...limits }) ??
          Promise.resolve(),
        { atMs: world.clock.monotonicMs() + operatorDeadlineMs, signal: new AbortController().signal },
      );
    return [name, call] as const;
  });
  // One function for each method of the definition.
  return Object.fromEntries(methods) as unknown as Client<S>;
}
