/** Members of one group, as many as wanted, over any carrier. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Epoch, GroupId, LogIndex, NodeId, RecordCodec, Term, type RecordEntry } from '@skerry/kernel';
import { nodeWorld } from '@skerry/runtime-node';
import { createRpcNode, type InProcessHub, type RpcNode } from '@skerry/runtime-rpc';
import {
  createRevocationList,
  createSealer,
  initAuthority,
  issueCertificate,
  type TlsMaterial,
} from '@skerry/runtime-security';
import { createTelemetry, type TelemetryEvent } from '@skerry/runtime-telemetry';
import { formatAddress, type World } from '@skerry/runtime-world';
import { openRaftDoor } from './door.ts';
import type { LinkLimits } from './limits.ts';
import type { LinkMessage, RaftAdmin, RaftDoor, RaftHandler, RaftLinks } from './types.ts';

export const group = GroupId('data');
export const epoch = Epoch('0123456789abcdef0123456789abcdef');
export const otherEpoch = Epoch('f123456789abcdef0123456789abcdef');
export const codec = new RecordCodec({ group, epoch });
const sealingKey = new Uint8Array(32).fill(5);

export const entry = (index: number, sizeBytes = 10, term = 1): RecordEntry =>
  codec.encode({
    term: Term(term),
    index: LogIndex(index),
    kind: 'command',
    body: new Uint8Array(sizeBytes).fill(index % 251),
  });
type Ends = { readonly from: NodeId; readonly to: NodeId };
const envelope = ({ from, to }: Ends) => ({ from, fromIncarnation: 3, to, toIncarnation: 4, term: Term(7) });
export const append = (ends: Ends, first: number, count = 1, sizeBytes = 10): LinkMessage => ({
  ...envelope(ends),
  body: {
    kind: 'append',
    previous: { index: LogIndex(first - 1), term: Term(first === 1 ? 0 : 1) },
    entries: Array.from({ length: count }, (_, i) => entry(first + i, sizeBytes)),
    commit: LogIndex(first - 1),
  },
});
export const heartbeat = (ends: Ends, round: number): LinkMessage => ({
  ...envelope(ends),
  body: { kind: 'heartbeat', commit: LogIndex(5), round },
});

/** Short enough for a test, long enough for a busy machine; the larger id opens no stream unless a test wants it. */
export const quick: Partial<LinkLimits> = { keepaliveIntervalMs: 50, silenceMaxMs: 600, dialGraceMaxMs: 4_000 };

export type Issue = (name: string, role: string) => Promise<TlsMaterial>;
export async function certificates(): Promise<{ issue: Issue; remove: () => void }> {
  const directory = mkdtempSync(join(tmpdir(), 'skerry-links-ca-'));
  const authority = await initAuthority(join(directory, 'ca'));
  return {
    issue: (name, role) => issueCertificate(authority, { nodeId: NodeId(name), role, hosts: [] }),
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}

export type TestMember = {
  readonly id: NodeId;
  readonly rpc: RpcNode;
  readonly door: RaftDoor;
  readonly links: RaftLinks;
  readonly received: LinkMessage[];
  readonly events: TelemetryEvent[];
  readonly world: World;
  /** May be replaced while it runs. */
  handler: RaftHandler;
  epoch: Epoch;
  metrics(): Promise<string>;
  close(): Promise<void>;
};
export type Carrier = { readonly hub?: InProcessHub; readonly issue?: Issue };
export type MemberOptions = Carrier & {
  readonly role?: string;
  readonly limits?: Partial<LinkLimits>;
  readonly admin?: RaftAdmin;
  readonly port?: number;
};

/** Where nodes are; a test may change it. */
export class Places {
  readonly addresses = new Map<NodeId, string>();
}

export const refusing: Omit<RaftHandler, 'receive'> = {
  beginSnapshot: async () => undefined,
  snapshotChunk: async () => undefined,
  endSnapshot: async () => undefined,
};

export async function startMember(name: string, places: Places, options: MemberOptions = {}): Promise<TestMember> {
  const { hub, issue, role = 'data', limits = quick, admin, port = 0 } = options;
  const id = NodeId(name);
  const directory = mkdtempSync(join(tmpdir(), 'skerry-links-'));
  const world = nodeWorld(directory);
  const telemetry = createTelemetry({ nodeId: id, role, output: 'silent', processMetrics: false });
  const events: TelemetryEvent[] = [];
  telemetry.listen((event) => events.push(event));
  const tls = await issue?.(name, role);
  const rpc = createRpcNode({
    world,
    identity: { cluster: 'test', nodeId: id, role, tls, sealingKey },
    sealer: createSealer(sealingKey),
    revocations: createRevocationList(),
    telemetry,
    ...(hub && { hub }),
  });
  const door = openRaftDoor({ rpc, role: 'data', world, telemetry });
  const received: LinkMessage[] = [];
  const links = door.group({
    group,
    epoch: () => member.epoch,
    resolve: (to) => places.addresses.get(to),
    handler: {
      receive: (message) => member.handler.receive(message),
      beginSnapshot: (offer) => member.handler.beginSnapshot(offer),
      snapshotChunk: (snapshot, number, bytes) => member.handler.snapshotChunk(snapshot, number, bytes),
      endSnapshot: (snapshot, count) => member.handler.endSnapshot(snapshot, count),
    },
    limits,
    ...(admin && { admin }),
  });
  const member: TestMember = {
    id,
    rpc,
    door,
    links,
    received,
    events,
    world,
    handler: { ...refusing, receive: (message) => void received.push(message) },
    epoch,
    metrics: () => telemetry.metricsText(),
    async close() {
      await door.close();
      await rpc.close(0);
      rmSync(directory, { recursive: true, force: true });
    },
  };
  const address = await rpc.listen({ host: '127.0.0.1', port });
  rpc.setReady(true);
  places.addresses.set(id, formatAddress(address));
  return member;
}

const untilMaxMs = 8_000;
/** Resolves when the condition holds. */
export async function until(condition: () => boolean): Promise<void> {
  const start = performance.now();
  while (!condition()) {
    if (performance.now() - start > untilMaxMs) throw new Error(`waited ${untilMaxMs} ms for ${condition.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
export const refusalsOf = ({ events }: TestMember): string[] =>
  events.filter(({ event }) => event === 'raft_refused').map(({ why }) => String(why));
