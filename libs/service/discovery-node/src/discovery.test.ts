import { afterEach, describe, expect, test } from '@jest/globals';
import { NodeId } from '@skerry/kernel';
import { discovery } from '@skerry/proto';
import { eventually } from '@skerry/testing';
import { closeAll, config, namesOf, startDiscovery, startTestNode, type TestNode } from './harness.ts';

afterEach(closeAll);

const knows = (node: TestNode, role: string, names: readonly string[]): Promise<unknown> =>
  eventually(() => {
    expect(namesOf(node, role)).toEqual(names);
    return true;
  });
const clientOf = (
  from: TestNode,
  to: TestNode,
): ReturnType<typeof from.rpc.client<discovery.DiscoveryServiceDefinition>> =>
  from.rpc.client(discovery.DiscoveryServiceDefinition, { nodeId: to.id, address: to.record.address });

describe('one discovery node', () => {
  test('members find each other, and the discovery node itself', async () => {
    const hub = await startDiscovery('discovery_1');
    const a = await startTestNode('data_1', 'data', [hub.address]);
    const b = await startTestNode('data_2', 'data', [hub.address]);
    await knows(a, 'data', ['data_1', 'data_2']);
    await knows(b, 'data', ['data_1', 'data_2']);
    await knows(a, 'discovery', ['discovery_1']);
    expect(a.directory.pick('data', new Set(['data_1'])).address).toBe(b.record.address);
  });
  test('who is started before the discovery node gets in once that is there', async () => {
    const spare = await startDiscovery('discovery_9');
    const { address } = spare;
    await spare.stop();
    const starting = startTestNode('data_1', 'data', [address]);
    const hub = await startDiscovery('discovery_1', [], { port: address.port });
    const early = await starting;
    await knows(early, 'data', ['data_1']);
    await knows(hub, 'data', ['data_1']);
  });
  test('who says goodbye is gone at once; who falls silent, after the lease', async () => {
    const hub = await startDiscovery('discovery_1', [], { discovery: config({ leaseMs: 60_000 }) });
    const watcher = await startTestNode('routing_1', 'routing', [hub.address]);
    const polite = await startTestNode('data_1', 'data', [hub.address]);
    await knows(watcher, 'data', ['data_1']);
    await polite.stop();
    await knows(watcher, 'data', []);

    const quick = await startDiscovery('discovery_2');
    const other = await startTestNode('routing_2', 'routing', [quick.address]);
    const silent = await startTestNode('data_2', 'data', [quick.address]);
    await knows(other, 'data', ['data_2']);
    await silent.kill();
    await knows(other, 'data', []);
    await knows(other, 'routing', ['routing_2']);
  });
  test('a new life replaces the old one, which cannot come back', async () => {
    const hub = await startDiscovery('discovery_1');
    const watcher = await startTestNode('routing_1', 'routing', [hub.address]);
    const old = await startTestNode('data_1', 'data', [hub.address], { incarnation: 1 });
    const young = await startTestNode('data_1', 'data', [hub.address], { incarnation: 2 });
    await eventually(() => watcher.directory.nodes('data')[0]?.address === young.record.address);
    await expect(clientOf(old, hub).register({ node: old.record })).rejects.toMatchObject({
      reason: 'version_conflict',
    });
  });
  test('the load of each node reaches the others', async () => {
    const hub = await startDiscovery('discovery_1');
    let load = 1;
    const watcher = await startTestNode('routing_1', 'routing', [hub.address]);
    await startTestNode('processing_1', 'processing', [hub.address], { load: () => load });
    await eventually(() => watcher.directory.nodes('processing')[0]?.load === 1);
    load = 42;
    await eventually(() => watcher.directory.nodes('processing')[0]?.load === 42);
  });
  test('a table is asked for by role', async () => {
    const hub = await startDiscovery('discovery_1');
    const a = await startTestNode('data_1', 'data', [hub.address]);
    const { nodes } = await clientOf(a, hub).requestService({ role: 'data' });
    expect(nodes.map(({ nodeId }) => nodeId)).toEqual(['data_1']);
    expect(await clientOf(a, hub).requestService({ role: 'none' })).toEqual({ nodes: [] });
  });
});

describe('a discovery node that is lost', () => {
  test('takes no knowledge with it, and learns all anew when it is back', async () => {
    const hub = await startDiscovery('discovery_1');
    const a = await startTestNode('data_1', 'data', [hub.address]);
    const b = await startTestNode('data_2', 'data', [hub.address]);
    await knows(a, 'data', ['data_1', 'data_2']);
    await hub.kill();
    await eventually(() => a.events.some(({ event }) => event === 'discovery_lost'));
    expect(namesOf(a, 'data')).toEqual(['data_1', 'data_2']);
    const back = await startDiscovery('discovery_1', [], { port: hub.address.port, incarnation: 2 });
    await knows(back, 'data', ['data_1', 'data_2']);
    expect(namesOf(b, 'data')).toEqual(['data_1', 'data_2']);
  });
  test('is replaced by another that nobody had configured', async () => {
    const first = await startDiscovery('discovery_1');
    await startDiscovery('discovery_2', [first.address]);
    const a = await startTestNode('data_1', 'data', [first.address]);
    await knows(a, 'discovery', ['discovery_1', 'discovery_2']);
    await first.kill();
    await knows(a, 'discovery', ['discovery_2']);
    const second = a.directory.pick('discovery');
    const { nodes } = await a.rpc
      .client(discovery.DiscoveryServiceDefinition, { nodeId: NodeId(second.nodeId), address: second.address })
      .requestService({ role: 'data' });
    expect(nodes.map(({ nodeId }) => nodeId)).toEqual(['data_1']);
  });
});

describe('revocations', () => {
  test('reach every node with its heartbeat, and who comes later with its registration', async () => {
    const hub = await startDiscovery('discovery_1');
    const auth = await startTestNode('auth_1', 'auth', [hub.address]);
    const a = await startTestNode('data_1', 'data', [hub.address]);
    const expiresAtMs = auth.world.clock.wallMs() + 60_000;
    await clientOf(auth, hub).revoke({ revocations: [{ id: 'token-7', expiresAtMs }] });
    await eventually(() => a.revoked.includes('token-7'));
    const late = await startTestNode('data_2', 'data', [hub.address]);
    expect(late.revoked).toEqual(['token-7']);
  });
  test('what has expired is not kept', async () => {
    const hub = await startDiscovery('discovery_1');
    const auth = await startTestNode('auth_1', 'auth', [hub.address]);
    await clientOf(auth, hub).revoke({ revocations: [{ id: 'old', expiresAtMs: 1 }] });
    expect(hub.service?.status()).toMatchObject({ revocations: 0 });
  });
  test('only auth nodes and operators revoke', async () => {
    const hub = await startDiscovery('discovery_1');
    const data = await startTestNode('data_1', 'data', [hub.address]);
    await expect(clientOf(data, hub).revoke({ revocations: [] })).rejects.toMatchObject({ reason: 'access_denied' });
  });
});

describe('what a node may say', () => {
  const rows: readonly [rule: string, over: Partial<discovery.NodeRecord>, reason: string][] = [
    ['nothing in the name of another', { nodeId: 'data_2' }, 'access_denied'],
    ['no role that it has not', { role: 'auth' }, 'access_denied'],
    ['an address is HOST:PORT', { address: 'nowhere' }, 'malformed'],
    ['a life has a number', { incarnation: 0 }, 'malformed'],
    ['a site is a short name', { site: 'a/b' }, 'malformed'],
    [
      'not more doors than a role has',
      { endpoints: Object.fromEntries(Array.from({ length: 17 }, (_, i) => [`d${i}`, 'x'])) },
      'malformed',
    ],
    ['no door with an endless URL', { endpoints: { ftp: 'x'.repeat(300) } }, 'malformed'],
  ];
  test.each(rows)('%s', async (_, over, reason) => {
    const hub = await startDiscovery('discovery_1');
    const a = await startTestNode('data_1', 'data', [hub.address]);
    await expect(clientOf(a, hub).register({ node: { ...a.record, ...over } })).rejects.toMatchObject({ reason });
  });
});
