import { afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { cp, readdir } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { NodeId, StatusError } from '@skerry/kernel';
import { admin, discovery } from '@skerry/proto';
import { announceWaitMs } from '@skerry/runtime-discovery';
import { nodeWorld } from '@skerry/runtime-node';
import { createRpcNode, type Client, type RpcNode } from '@skerry/runtime-rpc';
import { createRevocationList, createSealer, initAuthority, loadOperator } from '@skerry/runtime-security';
import { createTelemetry } from '@skerry/runtime-telemetry';
import { formatAddress } from '@skerry/runtime-world';
import { temporaryDirectory } from '@skerry/testing/node';
import { nodeSettings, type NodeConfig } from './settings.ts';
import { createSharedParts, type SharedParts } from './shared.ts';
import { startNode, type NodeOptions, type RunningNode } from './start-node.ts';
import type { StartService } from './types.ts';

// Made once: making keys and loading the library for it would be most of each test.
const authority = join(temporaryDirectory(), 'ca');
beforeAll(() => initAuthority(authority));

let data: string;
let open: (() => Promise<void>)[];
beforeEach(async () => {
  data = temporaryDirectory();
  await cp(authority, join(data, 'ca'), { recursive: true });
  open = [];
});
afterEach(async () => {
  for (const close of open.toReversed()) await close();
});

/** The least that a discovery node does: it knows who registered. */
const startToyDiscovery: StartService<undefined> = async (_, { rpc }) => {
  const known = new Map<string, discovery.NodeRecord>();
  const closing = new AbortController();
  const registered = new Set<() => void>();
  rpc.serve(
    discovery.DiscoveryServiceDefinition,
    {
      async register({ node }) {
        if (node !== undefined) known.set(node.nodeId, node);
        for (const wake of registered) wake();
        return { leaseMs: 60_000 };
      },
      async heartbeat() {
        return { known: true };
      },
      async requestService({ role }) {
        return { nodes: [...known.values()].filter((node) => node.role === role) };
      },
      async revoke() {
        return {};
      },
      async exchange() {
        return {};
      },
      async unregister({ nodeId }) {
        known.delete(nodeId);
        return {};
      },
      async *watch(_request, { signal }) {
        yield { snapshot: [...known.values()] };
        for (let told = known.size; !signal.aborted && !closing.signal.aborted;) {
          await new Promise<void>((resolve) => {
            registered.add(resolve);
            signal.addEventListener('abort', () => resolve(), { once: true });
            closing.signal.addEventListener('abort', () => resolve(), { once: true });
          });
          for (const joined of [...known.values()].slice(told))
            yield { event: { change: { $case: 'joined', value: joined } } };
          told = known.size;
        }
      },
    },
    {
      revoke: 'any',
      exchange: 'any',
      register: 'any',
      heartbeat: 'any',
      requestService: 'any',
      unregister: 'any',
      watch: 'any',
    },
  );
  return {
    endpoints: { toy: 'toy://127.0.0.1:1' },
    load: () => 3,
    status: () => ({ known: known.size, password: 'pencil' }),
    stop: async () => closing.abort(),
  };
};
const startToy: StartService<undefined> = async () => ({
  endpoints: {},
  load: () => 0,
  status: () => ({}),
  stop: async () => undefined,
});

const settings = (over: Partial<NodeConfig> = {}): NodeConfig => ({
  id: 'discovery_1',
  host: nodeSettings.host.default,
  advertise: undefined,
  port: 0,
  data,
  join: [],
  config: undefined,
  insecure: false,
  logLevel: 'info',
  metricsPort: 0,
  site: '',
  ...over,
});
async function start(over: Partial<NodeOptions<undefined>> = {}): Promise<RunningNode> {
  const node = await startNode({
    role: 'discovery',
    settings: settings(),
    start: startToyDiscovery,
    config: undefined,
    version: '1.2.3',
    output: 'silent',
    ...over,
  });
  open.push(() => node.stop(0));
  return node;
}
/** A node of another process, with an identity of its own. */
async function outsider(role: 'operator' | 'routing', insecure = false): Promise<RpcNode> {
  const operator = await loadOperator(join(data, 'ca'));
  if (operator === undefined) throw new Error('no authority');
  const identity = { ...operator, role, ...(insecure && { tls: undefined }) };
  const rpc = createRpcNode({
    world: nodeWorld(temporaryDirectory()),
    identity,
    sealer: createSealer(identity.sealingKey),
    revocations: createRevocationList(),
    telemetry: createTelemetry({ nodeId: identity.nodeId, role, output: 'silent', processMetrics: false }),
  });
  open.push(() => rpc.close(0));
  return rpc;
}
const adminOf = (rpc: RpcNode, { nodeId, address }: RunningNode): Client<admin.AdminServiceDefinition> =>
  rpc.client(admin.AdminServiceDefinition, { nodeId, address });
const ask = async (node: RunningNode, path: string): Promise<Response> =>
  fetch(`http://${formatAddress(node.statusAddress ?? { host: 'none', port: 1 })}${path}`);

describe('a node in a process of its own', () => {
  test('has a folder, keys, a door, a status door; and is known at once', async () => {
    const node = await start();
    expect((await readdir(data)).toSorted()).toEqual(['ca', 'discovery_1']);
    expect(node.address).toMatch(/^127\.0\.0\.1:\d+$/);
    expect(await (await ask(node, '/readyz')).text()).toBe('ok\n');
    const status = await (await ask(node, '/status')).json();
    expect(status).toMatchObject({
      node: 'discovery_1',
      role: 'discovery',
      version: '1.2.3',
      ready: true,
      address: node.address,
      endpoints: { toy: 'toy://127.0.0.1:1' },
      load: 3,
      service: { known: 1, password: '[redacted]' },
    });
    expect(await (await ask(node, '/metrics')).text()).toMatch(
      /skerry_events_total\{event="node_started",node="discovery_1"\} 1/,
    );
    expect(node.environment.dataDirectory).toBe(join(data, 'discovery_1'));
  });
  test('that is alone is ready at once: it waits for no discovery node that cannot come', async () => {
    const lines: string[] = [];
    await start({
      role: 'data',
      settings: settings({ id: 'data_1' }),
      start: startToy,
      output: { write: (line) => void lines.push(line) },
    });
    const started = lines.map((line) => JSON.parse(line)).find(({ event }) => event === 'node_started');
    expect(started.tookMs).toBeLessThan(announceWaitMs);
  });
  test('obeys the operator: status, log level, revocation, drain', async () => {
    const node = await start();
    const client = adminOf(await outsider('operator'), node);
    const status = await client.getStatus({});
    expect(status).toMatchObject({ nodeId: 'discovery_1', role: 'discovery', version: '1.2.3', ready: true });
    expect(JSON.parse(status.statusJson)).toMatchObject({ incarnation: status.incarnation, service: { known: 1 } });
    expect(await client.setLogLevel({ level: 'debug' })).toEqual({ previous: 'info' });
    expect(node.telemetry.level).toBe('debug');
    await expect(client.setLogLevel({ level: 'loud' })).rejects.toMatchObject({ reason: 'malformed' });
    await client.revokeTokens({ ids: ['session-1'] });
    expect(node.environment.revocations.has('session-1')).toBe(true);
    await client.drain({});
    await node.ended;
  });
  test('obeys nobody else', async () => {
    const node = await start({ settings: settings({ insecure: true }) });
    const client = adminOf(await outsider('routing', true), node);
    await expect(client.getStatus({})).rejects.toMatchObject({ reason: 'access_denied' });
    await expect(client.drain({})).rejects.toMatchObject({ reason: 'access_denied' });
  });
  test('insecure: no certificate, the same keys', async () => {
    const node = await start({ settings: settings({ insecure: true }) });
    expect(node.environment.identity.tls).toBeUndefined();
    const status = await adminOf(await outsider('operator', true), node).getStatus({});
    expect(status.nodeId).toBe('discovery_1');
  });
  test('stopped, once or twice, lets everything go, and starts again in a later life', async () => {
    const node = await start();
    const before = node.environment.incarnation;
    await Promise.all([node.stop(100), node.stop(100)]);
    await expect(ask(node, '/livez')).rejects.toThrow(/fetch failed/);
    const again = await start();
    expect(again.environment.incarnation).toBeGreaterThan(before);
    expect(again.environment.identity).toEqual(node.environment.identity);
  });
  test('that cannot go on says so to its owner', async () => {
    const node = await start();
    node.environment.fatal(new StatusError('disk_failed', 'disk gone'));
    await expect(node.ended).rejects.toThrow('disk gone');
  });
});

describe('a stop', () => {
  test('is not ready first, then the service with its grace, then the rest, also when one part fails', async () => {
    const steps: string[] = [];
    let ready = (): boolean => false;
    const node = await start({
      start: async (config, environment) => ({
        ...(await startToyDiscovery(config, environment)),
        stop: async (graceMs) => {
          steps.push(`ready ${ready()}`, `grace ${graceMs > 900 && graceMs <= 1000}`);
          throw new Error('does not stop');
        },
      }),
    });
    ready = () => node.status().ready;
    node.telemetry.listen(({ event }) => steps.push(event));
    await node.stop(1000);
    expect(steps[0]).toBe('node_stopping');
    expect(steps.filter((step) => !step.startsWith('discovery'))).toEqual([
      'node_stopping',
      'ready false',
      'grace true',
      'close_failed',
      'node_stopped',
    ]);
    await (await start()).stop(0);
  });
});

describe('a start that fails closes what it opened', () => {
  test('service', async () => {
    const failing = start({ start: () => Promise.reject(new StatusError('port_in_use', 'Cannot listen for FTP')) });
    await expect(failing).rejects.toMatchObject({ reason: 'port_in_use' });
    await start();
  });
  test.each(['port', 'metricsPort'])('%s in use', async (key) => {
    const other = createServer().listen(0, '127.0.0.1');
    open.push(async () => void other.close());
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    await expect(start({ settings: settings({ [key]: port }) })).rejects.toMatchObject({ reason: 'port_in_use' });
    await start();
  });
  test('folder in use', async () => {
    await start();
    await expect(start()).rejects.toMatchObject({ reason: 'fenced' });
  });
  test('no node id', async () => {
    await expect(start({ settings: settings({ id: 'No Node' }) })).rejects.toMatchObject({ reason: 'malformed' });
  });
});

describe('nodes that share a process', () => {
  let shared: SharedParts;
  beforeEach(() => {
    shared = createSharedParts();
    open.push(() => shared.workers.close());
  });
  const startData = (join: string): Promise<RunningNode> =>
    start({
      role: 'data',
      settings: settings({ id: 'data_1', join: [join] }),
      start: startToy,
      shared,
      door: false,
      statusDoor: false,
    });

  test.each([true, false])('find and call each other, without a socket (door of the first: %p)', async (door) => {
    const first = await start({ shared, door });
    const second = await startData(first.address);
    expect(second.address).toBe('data_1:0');
    expect(second.statusAddress).toBeUndefined();
    expect(second.environment.identity.tls).toBeUndefined();
    expect((await second.environment.directory.waitFor('discovery', 2000)).nodeId).toBe('discovery_1');
    expect((await first.environment.directory.waitFor('data', 2000)).address).toBe('data_1:0');
    const client = second.environment.rpc.client(discovery.DiscoveryServiceDefinition, {
      nodeId: NodeId('discovery_1'),
      address: 'nowhere:1',
    });
    const { nodes } = await client.requestService({ role: 'data' });
    expect(nodes).toHaveLength(1);
    expect(second.environment.workers).toBe(shared.workers);
  });
  test('have one status door for the figures and the level of all', async () => {
    const first = await start({ shared, door: false });
    const second = await startData(first.address);
    const text = await (await ask(first, '/metrics')).text();
    for (const node of ['discovery_1', 'data_1'])
      expect(text).toContain(`skerry_events_total{event="node_started",node="${node}"} 1`);
    expect(text.match(/^# TYPE skerry_events_total /gm)).toHaveLength(1);
    expect(text).toMatch(/^process_cpu_seconds_total \d/m);
    const { host, port } = first.statusAddress ?? { host: '', port: 0 };
    await fetch(`http://${formatAddress({ host, port })}/log-level`, { method: 'PUT', body: 'debug' });
    expect([first, second].map((node) => node.telemetry.level)).toEqual(['debug', 'debug']);
    await second.stop(0);
    expect(await (await ask(first, '/metrics')).text()).not.toContain('node="data_1"');
  });
  test('have one door for monitors: ready when all are, with the status of each by name', async () => {
    const first = await start({ shared, door: false });
    expect(await (await ask(first, '/status')).json()).not.toHaveProperty('nodes');
    let seen: readonly unknown[] = [];
    const second = await start({
      role: 'data',
      settings: settings({ id: 'data_1', join: [first.address] }),
      start: async (config, environment) => {
        seen = [(await ask(first, '/readyz')).status, await (await ask(first, '/status')).json()];
        return startToy(config, environment);
      },
      shared,
      door: false,
      statusDoor: false,
    });
    expect(seen).toMatchObject([
      503,
      { node: 'discovery_1', ready: false, nodes: { data_1: { ready: false, service: {} } } },
    ]);
    expect((await ask(first, '/readyz')).status).toBe(200);
    expect(await (await ask(first, '/status')).json()).toMatchObject({
      node: 'discovery_1',
      role: 'discovery',
      ready: true,
      service: { known: 2 },
      nodes: { data_1: { node: 'data_1', role: 'data', ready: true, load: 0 } },
    });
    await second.stop(0);
    expect(await (await ask(first, '/status')).json()).not.toHaveProperty('nodes');
    expect((await ask(first, '/readyz')).status).toBe(200);
  });
  test('have one door for operators: what it is told holds for all, and it tells of all or of one', async () => {
    const first = await start({ shared });
    const second = await startData(first.address);
    const client = adminOf(await outsider('operator'), first);
    const all = await client.getStatus({});
    expect(all).toMatchObject({ nodeId: 'discovery_1', role: 'discovery', ready: true });
    expect(all.nodes).toMatchObject([{ nodeId: 'data_1', role: 'data', version: '1.2.3', ready: true, nodes: [] }]);
    expect(JSON.parse(all.statusJson)).toMatchObject({ nodes: { data_1: { role: 'data' } } });
    const one = await client.getStatus({ node: 'data_1' });
    expect(one).toMatchObject({ nodeId: 'data_1', role: 'data', nodes: [] });
    expect(JSON.parse(one.statusJson)).not.toHaveProperty('nodes');
    await expect(client.getStatus({ node: 'data_2' })).rejects.toMatchObject({
      reason: 'no_such_node',
      message: 'Cannot find node "data_2" behind this door: wanted discovery_1, data_1',
    });
    expect(await client.setLogLevel({ level: 'debug' })).toEqual({ previous: 'info' });
    expect([first, second].map((node) => node.telemetry.level)).toEqual(['debug', 'debug']);
    await client.revokeTokens({ ids: ['session-1'] });
    expect([first, second].map((node) => node.environment.revocations.has('session-1'))).toEqual([true, true]);
  });
  test('end one by one; the workers stay for the others', async () => {
    const first = await start({ shared, door: false });
    const second = await startData(first.address);
    await second.stop(0);
    expect([...shared.addresses.values()]).toEqual(['discovery_1']);
    expect(first.status()).toMatchObject({ service: { known: 1 } });
    const key = {
      password: new Uint8Array(1),
      salt: new Uint8Array(1),
      cost: 2,
      blockSize: 1,
      parallelization: 1,
      lengthBytes: 8,
    };
    expect(await shared.workers.run('scrypt', key)).toHaveLength(8);
  });
});
