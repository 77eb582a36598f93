/** The embedded system: every role once, in one process, calling each other without sockets (P7, P12). */
import { NodeId, StatusError } from '@skerry/kernel';
import { readSettings } from '@skerry/runtime-config';
import {
  createSharedParts,
  doorlessAddress,
  nodeSettings,
  startNode,
  type NodeConfig,
  type Notice,
  type RunningNode,
} from '@skerry/runtime-host';
import { operatorRole } from '@skerry/runtime-security';
import { createWorkerPool } from '@skerry/runtime-workers';
import { formatAddress } from '@skerry/runtime-world';
import { gatewayName } from './embedded-file.ts';
import { gatewayService } from './gateway.ts';
import { roles, systems, type System } from './roles.ts';
import { version } from './version.ts';

export type EmbeddedOptions = {
  readonly data: string;
  readonly bind: string;
  readonly grpcPort: number;
  readonly metricsPort: number | undefined;
  readonly insecure: boolean;
  readonly only: readonly System[];
  readonly logLevel: NodeConfig['logLevel'];
  /** Settings of the roles by key, as flags would give them. */
  readonly flags: Readonly<Record<string, unknown>>;
  readonly environment: Readonly<Record<string, string | undefined>>;
};
export type Embedded = {
  readonly endpoints: Readonly<Record<string, string>>;
  /** Resolves when an operator asked one node to drain; rejects when one cannot go on. */
  readonly ended: Promise<void>;
  readonly telemetry: RunningNode['telemetry'];
  /** What its nodes have to tell the person who started it. */
  readonly notices: readonly Notice[];
  stop(graceMs: number): Promise<void>;
};

/** Roles that others find ready. */
const keepers: ReadonlySet<string> = new Set(['auth', 'data', 'cassandra']);

const nodeIdOf = (role: string): NodeId => NodeId(`${role}_1`);

/** @throws StatusError; what was started until then is stopped again. */
export async function startEmbedded(options: EmbeddedOptions): Promise<Embedded> {
  const workers = createWorkerPool();
  const shared = createSharedParts(workers);
  const nodes: RunningNode[] = [];
  const stop = async (graceMs: number): Promise<void> => {
    for (const node of nodes.toReversed()) await node.stop(graceMs);
    await workers.close();
  };
  const base = readSettings(nodeSettings, {
    flags: { data: options.data, host: options.bind, logLevel: options.logLevel, insecure: options.insecure },
  });
  const join = [doorlessAddress(nodeIdOf('discovery'))];
  const startRole = async (role: (typeof roles)[number]): Promise<void> => {
    const own = readSettings(role.settings, { flags: options.flags, environment: options.environment });
    const settings: NodeConfig = { ...base, id: nodeIdOf(role.name), join: role.name === 'discovery' ? [] : join };
    // The groups of the embedded system have one member each.
    const config = { ...settings, ...own, founders: [settings.id] };
    nodes.push(
      await startNode({
        role: role.name,
        settings,
        start: role.start,
        config,
        version,
        shared,
        door: false,
        statusDoor: false,
      }),
    );
  };
  const wanted = new Set<string>(options.only.flatMap((system) => systems[system]));
  const chosen = roles.filter(({ name }) => name === 'discovery' || wanted.has(name));
  try {
    for (const role of chosen) if (role.name === 'discovery') await startRole(role);
    await Promise.all(chosen.filter(({ name }) => keepers.has(name)).map(startRole));
    for (const role of chosen) if (role.name === 'processing' || role.name === 'routing') await startRole(role);
    const gateway = await startGateway(options, base, shared, join);
    nodes.push(gateway);
    return {
      endpoints: endpointsOf(nodes, gateway, options.only),
      ended: Promise.race(nodes.map(({ ended }) => ended)),
      telemetry: gateway.telemetry,
      notices: nodes.flatMap(({ notice }) => notice ?? []),
      stop,
    };
  } catch (cause) {
    await stop(0);
    throw cause;
  }
}

async function startGateway(
  options: EmbeddedOptions,
  base: NodeConfig,
  shared: ReturnType<typeof createSharedParts>,
  join: readonly string[],
): Promise<RunningNode> {
  const idOf = (role: string): { nodeId: NodeId; address: string } => ({
    nodeId: nodeIdOf(role),
    address: doorlessAddress(nodeIdOf(role)),
  });
  const settings: NodeConfig = {
    ...base,
    id: gatewayName,
    port: options.grpcPort,
    metricsPort: options.metricsPort,
    join,
  };
  return startNode({
    role: operatorRole,
    settings,
    start: (_: NodeConfig, environment) => Promise.resolve(gatewayService(environment, idOf)),
    config: settings,
    version,
    shared,
  });
}

function endpointsOf(
  nodes: readonly RunningNode[],
  gateway: RunningNode,
  only: readonly System[],
): Readonly<Record<string, string>> {
  const doors = Object.assign({}, ...nodes.map(({ endpoints }) => endpoints)) as Record<string, string>;
  if (only.includes('ftp') && doors['ftp'] === undefined)
    throw new StatusError('unexpected', 'Cannot start: the router opened no FTP door');
  const status = gateway.statusAddress;
  return {
    ...doors,
    grpc: gateway.address,
    ...(status === undefined ? {} : { metrics: `http://${formatAddress(status)}` }),
  };
}
