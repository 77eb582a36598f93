/** What comes over TCP from those who do not keep to the rules, and over connections that do not. */
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { crc32c, idToBytes, NodeId } from '@skerry/kernel';
import { raft } from '@skerry/proto';
import type { Client } from '@skerry/runtime-rpc';
import { encodeMessage } from './codec.ts';
import {
  append,
  certificates,
  epoch,
  heartbeat,
  otherEpoch,
  Places,
  refusalsOf,
  startMember,
  until,
  type TestMember,
} from './fixture.ts';
import { bulkWindowMaxBytes, frameMessagesCountMax, recordsMaxBytes } from './limits.ts';

jest.setTimeout(20_000);
type Service = typeof raft.RaftServiceDefinition;
const data1 = NodeId('data_1');
const data9 = NodeId('data_9');

let places: Places;
let closing: (() => Promise<unknown> | void)[];
beforeEach(() => {
  places = new Places();
  closing = [];
});
afterEach(async () => {
  for (const close of closing.toReversed()) await close();
});
async function start(name: string, options?: Parameters<typeof startMember>[2]): Promise<TestMember> {
  const member = await startMember(name, places, options);
  closing.push(() => member.close());
  return member;
}

/** A stream that a test writes by hand. */
class Hand {
  readonly answers: raft.Frame[] = [];
  ended: string | undefined;
  readonly #frames: ({ frame: raft.Frame | undefined } | undefined)[] = [];
  #wake = (): void => undefined;
  constructor(client: Client<Service>) {
    void this.#read(client);
  }
  write(frame: raft.Frame | undefined): void {
    this.#frames.push({ frame });
    this.#wake();
  }
  end(): void {
    this.#frames.push(undefined);
    this.#wake();
  }
  async #read(client: Client<Service>): Promise<void> {
    try {
      for await (const { frame } of client.exchange(this.#source())) if (frame !== undefined) this.answers.push(frame);
      this.ended = 'ended';
    } catch (thrown) {
      this.ended = (thrown as { reason?: string }).reason ?? String(thrown);
    }
  }
  async *#source() {
    for (;;) {
      while (this.#frames.length === 0)
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      const next = this.#frames.shift();
      if (next === undefined) return;
      yield next;
    }
  }
}
const clientOf = (from: TestMember, to: TestMember): Client<Service> =>
  from.rpc.client(raft.RaftServiceDefinition, { nodeId: to.id, address: places.addresses.get(to.id) ?? '' });
const hello = (changes: Partial<raft.Frame> = {}): raft.Frame => ({
  group: 'data',
  epoch: idToBytes(epoch),
  from: 'data_0',
  to: 'data_1',
  bulkTakenBytes: 0,
  messages: [],
  ...changes,
});
const ends = { from: NodeId('data_0'), to: data1 };
const wire = (round: number): raft.RaftMessage => encodeMessage(heartbeat(ends, round), crc32c);

describe('a frame that is refused', () => {
  async function opened(): Promise<readonly [Hand, TestMember]> {
    const [rogue, member] = [await start('data_0'), await start('data_1')];
    const hand = new Hand(clientOf(rogue, member));
    closing.push(() => hand.end());
    hand.write(hello());
    await until(() => hand.answers.length > 0);
    return [hand, member];
  }
  const empty = { previous: undefined, commit: 0, records: new Uint8Array(0), recordsCrc32c: 0 };
  const appendWith = (changes: Partial<raft.Append>): raft.RaftMessage => ({
    ...wire(1),
    body: { $case: 'append', value: { ...empty, ...changes } },
  });
  test.each([
    ["another node's name", hello({ from: data9, messages: [wire(66)] }), 'sender'],
    ['for another node', hello({ to: data9, messages: [wire(66)] }), 'sender'],
    ['another group', hello({ group: 'auth', messages: [wire(66)] }), 'group'],
    ['another epoch', hello({ epoch: idToBytes(otherEpoch), messages: [wire(66)] }), 'epoch'],
    ['an epoch that is none', hello({ epoch: new Uint8Array(3), messages: [wire(66)] }), 'epoch'],
    ['more taken in than was sent', hello({ bulkTakenBytes: 1e9, messages: [wire(66)] }), 'malformed'],
    ['too many messages', hello({ messages: Array(frameMessagesCountMax + 1).fill(wire(66)) }), 'malformed'],
    ['no frame', undefined, 'malformed'],
    ['a message without a body', hello({ messages: [{ ...wire(1), body: undefined }] }), 'malformed'],
    ['records that do not fit their checksum', hello({ messages: [appendWith({ recordsCrc32c: 7 })] }), 'corrupt'],
    [
      'records cut off',
      hello({ messages: [appendWith({ records: new Uint8Array(3), recordsCrc32c: crc32c(new Uint8Array(3)) })] }),
      'malformed',
    ],
  ])('%s: counted, told, and the next frame is taken', async (_, frame, why) => {
    const [hand, member] = await opened();
    hand.write(frame);
    hand.write(hello({ messages: [wire(7)] }));
    await until(() => member.received.length > 0);
    expect(member.received).toEqual([heartbeat(ends, 7)]);
    expect(refusalsOf(member)).toEqual([why]);
    expect(await member.metrics()).toMatch(new RegExp(`skerry_raft_refused_total{[^}]*why="${why}"[^}]*} 1`));
  });
  test('the same again is one event, and counted', async () => {
    const [hand, member] = await opened();
    for (let i = 0; i < 50; i++) hand.write(hello({ from: data9 }));
    hand.write(hello({ messages: [wire(7)] }));
    await until(() => member.received.length > 0);
    expect(refusalsOf(member)).toEqual(['sender']);
    expect(await member.metrics()).toMatch(/skerry_raft_refused_total{[^}]*why="sender"[^}]*} 50/);
  });
  test('more appends than the window: the stream is cut', async () => {
    const [hand, member] = await opened();
    member.handler = { ...member.handler, receive: () => stuck };
    let free = (): void => undefined;
    const stuck = new Promise<void>((resolve) => {
      free = resolve;
    });
    const size = recordsMaxBytes / 2;
    const count = Math.ceil((bulkWindowMaxBytes + 2 * recordsMaxBytes) / size) + 1;
    for (let i = 1; i <= count; i++)
      hand.write(hello({ messages: [encodeMessage(append(ends, i, 1, size - 200), crc32c)] }));
    await until(() => hand.ended !== undefined);
    expect(refusalsOf(member)).toContain('window');
    free();
  });
});

describe('a first frame that is refused ends the call', () => {
  test.each([
    ["another node's name", hello({ from: data9 }), 'access_denied'],
    ['another epoch', hello({ epoch: idToBytes(otherEpoch) }), 'fenced'],
    ['a group that is not here', hello({ group: 'auth' }), 'no_node'],
    ['no frame', undefined, 'no_node'],
  ])('%s', async (_, frame, reason) => {
    const [rogue, member] = [await start('data_0'), await start('data_1')];
    const hand = new Hand(clientOf(rogue, member));
    hand.write(frame);
    await until(() => hand.ended !== undefined);
    expect(hand.ended).toBe(reason);
    expect(refusalsOf(member)).toHaveLength(1);
    expect(member.links.isConnected(data9)).toBe(false);
  });
});

describe('who may call', () => {
  test('with certificates, a node cannot speak for another: the name is that of the certificate', async () => {
    const { issue, remove } = await certificates();
    closing.push(remove);
    const [rogue, member] = [await start('data_3', { issue }), await start('data_1', { issue })];
    const hand = new Hand(clientOf(rogue, member));
    hand.write(hello({ messages: [wire(66)] }));
    await until(() => hand.ended !== undefined);
    expect(hand.ended).toBe('access_denied');
    expect(member.received).toEqual([]);
    expect(refusalsOf(member)).toEqual(['sender']);
  });
  test('a node of another role is refused, streams and snapshots alike; its own calls too', async () => {
    const [rogue, member] = [await start('data_0', { role: 'processing' }), await start('data_1')];
    const hand = new Hand(clientOf(rogue, member));
    hand.write(hello({ messages: [wire(66)] }));
    await until(() => hand.ended !== undefined);
    expect(hand.ended).toBe('access_denied');
    const snapshot = { id: 's', term: 1 as never, fromIncarnation: 1, mark, chunks: () => none() };
    await expect(rogue.links.sendSnapshot(data1, snapshot, new AbortController().signal)).rejects.toMatchObject({
      reason: 'access_denied',
    });
    await expect(clientOf(rogue, member).getRaftStatus({})).rejects.toMatchObject({ reason: 'access_denied' });
    expect(member.received).toEqual([]);
  });
});
const mark = {
  last: { index: 1 as never, term: 1 as never },
  configuration: { voters: [data1], outgoing: [], learners: [], departing: [] },
};
async function* none(): AsyncGenerator<Uint8Array, void> {}

/** Passes bytes on, until it is told to keep them to itself: both ends still think that they are connected. */
class Proxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  muted = false;
  accepted = 0;
  constructor(port: number) {
    this.#server = createServer((near) => {
      this.accepted += 1;
      const far = connect(port, '127.0.0.1');
      for (const [from, to] of [
        [near, far],
        [far, near],
      ] as const) {
        this.#sockets.add(from);
        from.on('data', (bytes) => this.muted || to.write(bytes));
        from.on('error', () => undefined);
        from.on('close', () => to.destroy());
      }
    });
  }
  listen(): Promise<number> {
    return new Promise((resolve) => {
      this.#server.listen(0, '127.0.0.1', () => resolve((this.#server.address() as { port: number }).port));
    });
  }
  close(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }
}

describe('a connection', () => {
  test('over which nothing comes is given up, and another is made', async () => {
    const [one, two] = [await start('data_1'), await start('data_2')];
    const proxy = new Proxy(Number(places.addresses.get(two.id)?.split(':').at(-1)));
    closing.push(() => proxy.close());
    places.addresses.set(two.id, `127.0.0.1:${await proxy.listen()}`);
    // Else the other would open one past the proxy.
    places.addresses.delete(one.id);
    one.links.keep([two.id]);
    await until(() => one.links.isConnected(two.id) && two.links.isConnected(one.id));
    expect(proxy.accepted).toBe(1);
    proxy.muted = true;
    await until(() => !one.links.isConnected(two.id) && !two.links.isConnected(one.id));
    const lost = one.events.find(({ event }) => event === 'raft_link_lost');
    expect(lost).toMatchObject({ reason: 'stalled', peer: 'data_2' });
    proxy.muted = false;
    await until(() => one.links.isConnected(two.id));
    expect(proxy.accepted).toBeGreaterThan(1);
    await until(() => one.links.send(heartbeat({ from: one.id, to: two.id }, 5)) && two.received.length > 0);
  });
  test('that is idle but alive is kept', async () => {
    const [one, two] = [await start('data_1'), await start('data_2')];
    one.links.keep([two.id]);
    two.links.keep([one.id]);
    await until(() => one.links.isConnected(two.id) && two.links.isConnected(one.id));
    const frames = async () =>
      Number(/skerry_raft_link_frames_total{[^}]*direction="out"[^}]*} (\d+)/.exec(await one.metrics())?.[1] ?? 0);
    // As many empty frames as fit into twice the silence that would be the end.
    const before = await frames();
    let now = before;
    void (async () => {
      for (; now < before + 24; now = await frames()) await new Promise((resolve) => setImmediate(resolve));
    })();
    await until(() => now >= before + 24);
    expect(one.events.filter(({ event }) => event === 'raft_link_lost')).toEqual([]);
    expect(two.events.filter(({ event }) => event === 'raft_link_lost')).toEqual([]);
  });
});
