import { afterEach, describe, expect, test } from '@jest/globals';
import { discovery } from '@skerry/proto';
import type { Client } from '@skerry/runtime-rpc';
import { eventually } from '@skerry/testing';
import { closeAll, config, startDiscovery, startTestNode, type TestNode } from './harness.ts';

afterEach(closeAll);

type Door = Client<discovery.DiscoveryServiceDefinition>;
/** Longer than any test here goes on: whoever is listed or gone was told of, and did not expire. */
const longLeaseMs = 60_000;

let operator: TestNode;
const doorOf = (to: TestNode): Door =>
  operator.rpc.client(discovery.DiscoveryServiceDefinition, { nodeId: to.id, address: to.record.address });
const listed = async (at: TestNode, role = 'data'): Promise<readonly string[]> =>
  (await doorOf(at).requestService({ role })).nodes.map(({ nodeId }) => nodeId);
const lists = (at: TestNode, names: readonly string[], role = 'data'): Promise<unknown> =>
  eventually(async () => {
    expect(await listed(at, role)).toEqual(names);
    return true;
  });
const record = (nodeId: string, over: Partial<discovery.NodeRecord> = {}): discovery.NodeRecord => ({
  nodeId,
  role: 'data',
  site: '',
  address: '127.0.0.1:1',
  incarnation: 1,
  endpoints: { ftp: 'ftp://127.0.0.1:21' },
  load: 0,
  ...over,
});
/** Two that know each other, and an operator, who may speak for a node at the one of them that it chooses. */
async function pair(leaseMs: number): Promise<readonly [TestNode, TestNode]> {
  const options = { discovery: config({ leaseMs }) };
  const first = await startDiscovery('discovery_1', [], options);
  const second = await startDiscovery('discovery_2', [first.address], options);
  operator = await startTestNode('operator_1', 'operator', [first.address]);
  for (const each of [first, second]) await lists(each, ['discovery_1', 'discovery_2'], 'discovery');
  return [first, second];
}

describe('discovery nodes', () => {
  test('a node that registered at one is found at the other, with all that it said', async () => {
    const [first, second] = await pair(longLeaseMs);
    await doorOf(first).register({ node: record('data_7'), beat: 1 });
    await lists(second, ['data_7']);
    expect((await doorOf(second).requestService({ role: 'data' })).nodes).toEqual([record('data_7')]);
  });
  test('signs of life at one keep it at the other; when that is lost, it goes on at the other', async () => {
    const leaseMs = 600;
    const [first, second] = await pair(leaseMs);
    let beat = 1;
    await doorOf(first).register({ node: record('data_7'), beat });
    await lists(second, ['data_7']);
    const endMs = performance.now() + 3 * leaseMs;
    const missed: unknown[] = [];
    while (performance.now() < endMs) {
      beat += 1;
      await doorOf(first).heartbeat({ nodeId: 'data_7', incarnation: 1, beat });
      await eventually(async () => {
        const now = await listed(second);
        if (now.length === 0) missed.push(beat);
        return now;
      });
    }
    expect(missed).toEqual([]);
    await first.kill();
    expect(await doorOf(second).heartbeat({ nodeId: 'data_7', incarnation: 1, beat: beat + 1 })).toMatchObject({
      known: true,
    });
    // And without another sign it is gone there too.
    await lists(second, []);
  });
  test('a goodbye at one is a goodbye at the other, and a late registration does not undo it', async () => {
    const [first, second] = await pair(longLeaseMs);
    await doorOf(first).register({ node: record('data_7'), beat: 1 });
    await lists(second, ['data_7']);
    await doorOf(second).unregister({ nodeId: 'data_7', incarnation: 1, beat: 3 });
    await lists(first, []);
    await expect(doorOf(first).register({ node: record('data_7'), beat: 2 })).rejects.toMatchObject({
      reason: 'version_conflict',
    });
    await doorOf(first).register({ node: record('data_7', { incarnation: 2 }), beat: 1 });
    await lists(second, ['data_7']);
  });
  test('one that starts again has all from the other, before any node beats again', async () => {
    const [first, second] = await pair(longLeaseMs);
    await doorOf(second).register({ node: record('data_7'), beat: 1 });
    const expiresAtMs = first.world.clock.wallMs() + 60_000;
    await doorOf(second).revoke({ revocations: [{ id: 'token-1', expiresAtMs }] });
    await lists(first, ['data_7']);
    const { port } = second.address;
    await second.kill();
    const again = { port, incarnation: 2, discovery: config({ leaseMs: longLeaseMs }) };
    const back = await startDiscovery('discovery_2', [first.address], again);
    await lists(back, ['data_7']);
    await eventually(() => back.service?.status()['revocations'] === 1);
  });
  test('what one was told is void, every node hears, wherever it registered', async () => {
    const [first, second] = await pair(600);
    const node = await startTestNode('data_1', 'data', [second.address]);
    const expiresAtMs = first.world.clock.wallMs() + 60_000;
    await doorOf(first).revoke({ revocations: [{ id: 'data_9', expiresAtMs }] });
    await eventually(() => second.service?.status()['revocations'] === 1);
    await eventually(() => node.revoked.includes('data_9'));
  });
  test('that one does not answer is told once, not in each round', async () => {
    const [first, second] = await pair(longLeaseMs);
    const said = (event: string): number => first.events.filter((each) => each.event === event).length;
    await second.kill();
    await eventually(() => said('table_exchange_failed') >= 2);
    expect(
      first.events.filter(({ event, level }) => event === 'table_exchange_failed' && level === 'warn'),
    ).toHaveLength(1);
  });
  test('nobody but discovery nodes exchanges tables, and no table without bounds', async () => {
    const [first, second] = await pair(longLeaseMs);
    await expect(doorOf(first).exchange({})).rejects.toMatchObject({ reason: 'access_denied' });
    const door = second.rpc.client(discovery.DiscoveryServiceDefinition, {
      nodeId: first.id,
      address: first.record.address,
    });
    const known = Array.from({ length: 3_000 }, (_, i) => ({ nodeId: `n${i}`, incarnation: 1, heartbeat: 1 }));
    await expect(door.exchange({ known })).rejects.toMatchObject({ reason: 'too_large' });
    const entries = [{ node: record('Data 7'), heartbeat: 1, left: false, quietMs: 0 }];
    await expect(door.exchange({ entries })).rejects.toMatchObject({ reason: 'malformed' });
  });
});
