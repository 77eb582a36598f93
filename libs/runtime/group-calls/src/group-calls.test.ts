/** One client and three members over in-process calls; the members' replicas are doubles that say who leads. */
import { eventually, expectReason } from '@skerry/testing';
import { afterEach, describe, expect, test } from '@jest/globals';
import { fromUtf8, GroupId, LogIndex, NodeId, OperationId, StatusError, utf8 } from '@skerry/kernel';
import { nodeWorld } from '@skerry/runtime-node';
import type { OpenedReplica, Proposal } from '@skerry/runtime-replica';
import { createRpcNode, InProcessHub } from '@skerry/runtime-rpc';
import { createRevocationList, createSealer } from '@skerry/runtime-security';
import { createTelemetry } from '@skerry/runtime-telemetry';
import { GroupClient, operationCountMax, serveGroup } from './index.ts';

const group = GroupId('test');
const sealingKey = new Uint8Array(32).fill(7);
const world = nodeWorld('.');

/** What the group has decided, and who leads it. */
class Decided {
  leader: NodeId | undefined = NodeId('m1');
  readonly results = new Map<string, string>();
  readonly order: string[] = [];
  /** Members that take in and never answer. */
  readonly silent = new Set<NodeId>();
}

function replicaOf(decided: Decided, id: NodeId): OpenedReplica {
  const leads = (): boolean => decided.leader === id;
  const notLeader = (): StatusError => new StatusError('not_leader', `${id} does not lead`);
  const never = new Promise<never>(() => undefined);
  const propose = (proposal: Proposal): void => {
    const { command, operationId } = proposal;
    if (decided.silent.has(id)) return;
    if (!leads()) return proposal.refused(notLeader());
    const text = fromUtf8(command) ?? '';
    if (text === 'refuse') return proposal.refused(new StatusError('too_large', 'no'));
    const result = decided.results.get(operationId) ?? `${text} by ${id}`;
    if (!decided.results.has(operationId)) decided.order.push(text);
    decided.results.set(operationId, result);
    proposal.decided(utf8(result), LogIndex(decided.order.length));
  };
  const double: Partial<OpenedReplica> = {
    proposeAll: (proposals) => queueMicrotask(() => proposals.forEach(propose)),
    readBarrier: async () => {
      if (decided.silent.has(id)) return never;
      if (decided.leader === undefined) throw notLeader();
    },
    get isLeader() {
      return leads();
    },
    get leader() {
      return decided.leader;
    },
  };
  return double as OpenedReplica;
}

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

function nodeOf(hub: InProcessHub, name: string, role: string) {
  const identity = { cluster: 'test', nodeId: NodeId(name), role, tls: undefined, sealingKey };
  const telemetry = createTelemetry({ nodeId: NodeId(name), role, output: 'silent', processMetrics: false });
  const rpc = createRpcNode({
    identity,
    sealer: createSealer(sealingKey),
    revocations: createRevocationList(),
    world,
    telemetry,
    hub,
  });
  closers.push(() => rpc.close(0));
  return rpc;
}
async function started(): Promise<{ decided: Decided; client: GroupClient; members: NodeId[] }> {
  const hub = new InProcessHub();
  const decided = new Decided();
  const members = ['m1', 'm2', 'm3'].map(NodeId);
  for (const id of members) {
    const rpc = nodeOf(hub, id, 'data');
    const query = (_: unknown, bytes: Uint8Array): Uint8Array => utf8(`${fromUtf8(bytes)} at ${id}`);
    serveGroup(rpc, { group, replica: replicaOf(decided, id), query }, ['client']);
    await rpc.listen({ host: '127.0.0.1', port: 0 });
  }
  const places = members.map((nodeId) => ({ nodeId, address: `${nodeId}:0` }));
  const client = new GroupClient({ rpc: nodeOf(hub, 'client_1', 'client'), world, group, members: () => places });
  closers.push(() => client.close());
  return { decided, client, members };
}
const said = async (answer: Promise<Uint8Array>): Promise<string | undefined> => fromUtf8(await answer);
const id = (n: number): OperationId => OperationId(n.toString(16).padStart(32, '0'));

describe('a client of a group', () => {
  test('finds the leader, and stays with it', async () => {
    const { client } = await started();
    expect(await said(client.propose(utf8('a')))).toBe('a by m1');
    expect(client.leader).toBe('m1');
    expect(await said(client.query(utf8('q')))).toBe('q at m1');
  });
  test('many at once: each has its own answer, in the order of asking', async () => {
    const { client, decided } = await started();
    const texts = Array.from({ length: 3_000 }, (_, n) => `n${n}`);
    const answers = await Promise.all(texts.map((text) => said(client.propose(utf8(text)))));
    expect(answers).toEqual(texts.map((text) => `${text} by m1`));
    expect(decided.order).toEqual(texts);
  });
  test('another leader: goes where the old one says; what was done before is not done again', async () => {
    const { client, decided } = await started();
    const operationId = id(1);
    expect(await said(client.propose(utf8('a'), { operationId }))).toBe('a by m1');
    decided.leader = NodeId('m3');
    expect(await said(client.propose(utf8('b')))).toBe('b by m3');
    expect(await said(client.propose(utf8('a'), { operationId }))).toBe('a by m1');
    expect(decided.order).toEqual(['a', 'b']);
  });
  test('no leader for a while: it waits for one; for too long: a deadline that says why', async () => {
    const { client, decided } = await started();
    decided.leader = undefined;
    const waiting = said(client.propose(utf8('a')));
    await expectReason(client.propose(utf8('b'), { deadlineMs: 150 }), 'deadline');
    decided.leader = NodeId('m2');
    expect(await waiting).toBe('a by m2');
  });
  test('a leader that hangs is left for another', async () => {
    const { client, decided } = await started();
    await client.propose(utf8('a'));
    decided.silent.add(NodeId('m1'));
    const waiting = said(client.propose(utf8('b')));
    decided.leader = NodeId('m2');
    expect(await waiting).toBe('b by m2');
  });
  test('what is refused for good is told at once, the others go on', async () => {
    const { client } = await started();
    const others = [client.propose(utf8('a')), client.propose(utf8('b'))];
    await expectReason(client.propose(utf8('refuse')), 'too_large');
    expect(await Promise.all(others.map(said))).toEqual(['a by m1', 'b by m1']);
  });
  test('more than the limit is refused, and the rest is answered', async () => {
    const { client, decided } = await started();
    decided.leader = undefined;
    const waiting = Array.from({ length: operationCountMax }, (_, n) => client.propose(utf8(`n${n}`)));
    await expectReason(client.propose(utf8('too many')), 'overloaded');
    decided.leader = NodeId('m1');
    expect(await Promise.all(waiting)).toHaveLength(operationCountMax);
  });
  test('another group is refused; a closed client too', async () => {
    const { client, decided } = await started();
    await client.propose(utf8('a'));
    await client.close();
    await expectReason(client.propose(utf8('b')), 'shutting_down');
    await eventually(() => decided.order.length === 1);
  });
});
