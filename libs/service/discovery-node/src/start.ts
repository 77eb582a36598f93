/** The discovery node: who is there, for all others (F3, F11, F12). */
import { Registry } from '@skerry/cluster-registry';
import { toStatusError } from '@skerry/kernel';
import { discovery } from '@skerry/proto';
import { startResponder, type Responder } from '@skerry/runtime-discovery';
import type { Service, ServiceEnvironment } from '@skerry/runtime-host';
import { formatAddress, type Clock } from '@skerry/runtime-world';
import { TableExchange } from './exchange.ts';
import { access, createHandlers, publish } from './handlers.ts';
import { Revocations } from './revocations.ts';
import type { DiscoveryConfig } from './settings.ts';
import { Watchers } from './watchers.ts';

/** A lease in ticks: a node is dropped at most a twelfth of its lease late. */
const leaseTicks = 12;

export async function start(config: DiscoveryConfig, environment: ServiceEnvironment): Promise<Service> {
  const { world, telemetry, rpc } = environment;
  const registry = new Registry(leaseTicks);
  const watchers = new Watchers(world.clock);
  const revocations = new Revocations(world.clock);
  const parts = { registry, watchers, revocations, telemetry, leaseMs: config.leaseMs };
  const tickMs = config.leaseMs / leaseTicks;
  const exchange = new TableExchange({
    clock: world.clock,
    rpc,
    directory: environment.directory,
    telemetry,
    registry,
    revocations,
    tickMs,
    publish: (effects) => void publish(parts, effects),
  });
  rpc.serve(discovery.DiscoveryServiceDefinition, createHandlers(parts, exchange), access);
  exchange.start();
  const responder = await openResponder(config, environment, () => registry.find(rpc.nodeId)?.address);
  const stopTicks = everyTick(world.clock, tickMs, () => {
    publish(parts, registry.step({ kind: 'tick' }));
    revocations.dropExpired();
  });
  return {
    endpoints: {},
    load: () => watchers.count,
    status: () => ({
      nodes: registry.nodes().map(({ nodeId, role, address, load }) => ({ nodeId, role, address, load })),
      watchers: watchers.count,
      revocations: revocations.count,
      search: responder === undefined ? undefined : formatAddress(responder.address),
    }),
    stop: async () => {
      stopTicks();
      watchers.close();
      await exchange.close();
      await responder?.close();
    },
  };
}

/**
 * One tick for each firing, never two to catch up: after a pause of our own process (SIGSTOP, a sleeping laptop) all
 * nodes
 * get the time to be heard again before they are dropped.
 */
function everyTick(clock: Clock, tickMs: number, tick: () => void): () => void {
  let stopped = false;
  const again = (): void => {
    if (stopped) return;
    tick();
    timer = clock.setTimer(tickMs, again);
  };
  let timer = clock.setTimer(tickMs, again);
  return () => {
    stopped = true;
    timer.cancel();
  };
}

const isLoopback = (host: string): boolean => /^(localhost|127\..*|::1|\[::1\])$/.test(host);

/** Undefined where there is nothing to answer: on loopback, or where another discovery node of this machine does. */
async function openResponder(
  config: DiscoveryConfig,
  { world, sealer, telemetry, identity, links }: ServiceEnvironment,
  address: () => string | undefined,
): Promise<Responder | undefined> {
  const { host = '127.0.0.1', discoveryBind, discoveryPort: port } = config;
  if (discoveryBind === undefined && isLoopback(host)) return undefined;
  const bind = { host: discoveryBind ?? '0.0.0.0', port };
  const { cluster, nodeId } = identity;
  try {
    return await startResponder({ world, sealer, telemetry, cluster, nodeId, bind, address, links });
  } catch (thrown) {
    const { reason, message } = toStatusError(thrown);
    telemetry.emit({ event: 'search_unanswered', level: 'warn', message, reason, bind: formatAddress(bind) });
    return undefined;
  }
}
