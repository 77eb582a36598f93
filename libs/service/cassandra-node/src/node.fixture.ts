/** For the tests: a node with a free port, in a folder of its own. */
import { afterEach } from '@jest/globals';
import { NodeId } from '@skerry/kernel';
import { cassandra } from '@skerry/proto';
import { readSettings } from '@skerry/runtime-config';
import type { Service, ServiceEnvironment } from '@skerry/runtime-host';
import { nodeWorld } from '@skerry/runtime-node';
import { createRpcNode, InProcessHub, type Client } from '@skerry/runtime-rpc';
import { createRevocationList, createSealer } from '@skerry/runtime-security';
import { createTelemetry, type Telemetry, type TelemetryEvent } from '@skerry/runtime-telemetry';
import { createWorkerPool } from '@skerry/runtime-workers';
import { temporaryDirectory } from '@skerry/testing/node';
import { settings } from './settings.ts';
import { start } from './start.ts';

const sealingKey = new Uint8Array(32).fill(9);

export type TestNode = {
  readonly service: Service;
  readonly port: number;
  readonly folder: string;
  readonly telemetry: Telemetry;
  readonly events: readonly TelemetryEvent[];
  readonly operator: Client<cassandra.CassandraServiceDefinition>;
  stop(graceMs?: number): Promise<void>;
};

const open: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).toReversed()) await close();
});

export async function openNode(
  flags: Readonly<Record<string, unknown>> = {},
  folder = temporaryDirectory(),
): Promise<TestNode> {
  const world = nodeWorld(folder);
  const hub = new InProcessHub();
  const workers = createWorkerPool();
  const sealer = createSealer(sealingKey);
  const revocations = createRevocationList();
  const events: TelemetryEvent[] = [];
  const made = (nodeId: string, role: string) => {
    const identity = { cluster: 'test', nodeId: NodeId(nodeId), role, tls: undefined, sealingKey };
    const telemetry = createTelemetry({ nodeId, role, output: 'silent', processMetrics: false });
    return { identity, telemetry, rpc: createRpcNode({ world, identity, sealer, revocations, telemetry, hub }) };
  };
  const own = made('cassandra_1', 'cassandra');
  own.telemetry.listen((event) => events.push(event));
  const environment = {
    ...own,
    world,
    sealer,
    revocations,
    workers,
    dataDirectory: folder,
    incarnation: 1,
    fatal: (error: Error) => events.push({ event: 'fatal', error }),
  } as unknown as ServiceEnvironment;
  const config = {
    host: '127.0.0.1',
    id: 'cassandra_1',
    ...readSettings(settings, { flags: { cqlPort: 0, ...flags } }),
  };
  let service: Service;
  try {
    service = await start(config as Parameters<typeof start>[0], environment);
  } catch (thrown) {
    await workers.close();
    throw thrown;
  }
  const stop = async (graceMs = 0): Promise<void> => {
    await service.stop(graceMs);
    await workers.close();
  };
  open.push(stop);
  return {
    service,
    port: Number(/:(\d+)$/.exec(service.endpoints['cql'] ?? '')?.[1]),
    folder,
    telemetry: own.telemetry,
    events,
    operator: made('operator', 'operator').rpc.client(cassandra.CassandraServiceDefinition, {
      nodeId: own.identity.nodeId,
      address: '',
    }),
    stop,
  };
}
