/** The operator's way into a running system: finds it, proves who asks, and gives typed clients. */
import { resolve } from 'node:path';
import { NodeId, StatusError } from '@skerry/kernel';
import { admin, auth, discovery, routing } from '@skerry/proto';
import { addressPattern, list, optionalText, type ConfigOf } from '@skerry/runtime-config';
import { nodeWorld } from '@skerry/runtime-node';
import { createRpcNode, type Client, type RpcNode, type ServiceDefinition, type Target } from '@skerry/runtime-rpc';
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

/** Nodes of one role, as the operator reaches them. */
export type Operator = {
  readonly auth: Client<auth.AuthServiceDefinition>;
  /** Every one: for what each keeps for itself. */
  readonly auths: readonly { readonly nodeId: string; readonly client: Client<auth.AuthServiceDefinition> }[];
  readonly routers: readonly { readonly nodeId: string; readonly client: Client<routing.RoutingServiceDefinition> }[];
  readonly nodes: readonly { readonly nodeId: string; readonly client: Client<admin.AdminServiceDefinition> }[];
};
type Place = { readonly nodeId: string; readonly role: string; readonly address: string };
type Found = { readonly places: readonly Place[]; readonly insecure: boolean };

/** Runs `work` with the system that the settings name. @throws StatusError `no_node`, `credentials`, and what the calls throw. */
export async function withOperator<T>(config: OperatorConfig, work: (operator: Operator) => Promise<T>): Promise<T> {
  const data = resolve(config.data);
  const known = config.join.length > 0 ? undefined : await findByFolder(data);
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
    const places = ['auth', 'routing', 'admin'].map((role) => ({ nodeId: gatewayName, role, address }));
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
    // The node's name is not known yet: whoever answers there must be of this cluster.
    const client = rpc.client(discovery.DiscoveryServiceDefinition, { nodeId: '' as NodeId, address });
    try {
      const roles = ['auth', 'routing', 'data', 'processing', 'discovery'];
      const answers = await Promise.all(roles.map((role) => client.requestService({ role }, { idempotent: true })));
      const records = answers.flatMap(({ nodes }) => nodes);
      return records.flatMap(({ nodeId, role, address: at }) => [
        { nodeId, role, address: at },
        { nodeId, role: 'admin', address: at },
      ]);
    } catch (thrown) {
      last = thrown;
    }
  }
  throw new StatusError('no_node', `Cannot reach a discovery node at ${join.join(', ')}: ${(last as Error).message}`, {
    cause: last,
  });
}

function operatorOf(rpc: RpcNode, places: readonly Place[]): Operator {
  const targets = (role: string): Target[] =>
    places.filter((place) => place.role === role).map(({ nodeId, address }) => ({ nodeId: NodeId(nodeId), address }));
  const clients = <S extends ServiceDefinition>(role: string, definition: S): { nodeId: string; client: Client<S> }[] =>
    targets(role).map((target) => ({ nodeId: target.nodeId, client: rpc.client(definition, target) }));
  const auths = clients('auth', auth.AuthServiceDefinition);
  const [first] = auths;
  if (first === undefined)
    throw new StatusError('no_node', 'Cannot find an auth node: is one running? See skerry cluster status');
  return {
    auth: first.client,
    auths,
    routers: clients('routing', routing.RoutingServiceDefinition),
    nodes: clients('admin', admin.AdminServiceDefinition),
  };
}
