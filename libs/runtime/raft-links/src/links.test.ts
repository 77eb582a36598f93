/** What a member may rely on, whichever carrier is between it and the others. */
import { afterAll, afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { GroupId, NodeId } from '@skerry/kernel';
import { InProcessHub } from '@skerry/runtime-rpc';
import { blocksKept } from '@skerry/runtime-world';
import {
  append,
  certificates,
  heartbeat,
  otherEpoch,
  Places,
  quick,
  refusalsOf,
  startMember,
  until,
  type Carrier,
  type MemberOptions,
  type TestMember,
} from './fixture.ts';
import { bulkWindowMaxBytes, recordsMaxBytes } from './limits.ts';
import type { LinkMessage } from './types.ts';

jest.setTimeout(20_000);
const { issue, remove } = await certificates();
afterAll(remove);
const carriers: readonly (readonly [string, () => Carrier])[] = [
  ['tcp', () => ({})],
  ['tcp with mutual TLS', () => ({ issue })],
  ['direct calls in the process', () => ({ hub: new InProcessHub() })],
];
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
/** Heartbeats by their round, appends by their first index. */
const brief = ({ body }: LinkMessage): string => {
  if (body.kind === 'heartbeat') return `h${body.round}`;
  return body.kind === 'append' ? `a${body.previous.index + 1}` : body.kind;
};
const rounds = ({ received }: TestMember): number[] =>
  received.flatMap(({ body }) => (body.kind === 'heartbeat' ? [body.round] : []));
const firsts = ({ received }: TestMember): number[] =>
  received.flatMap(({ body }) => (body.kind === 'append' ? [body.previous.index + 1] : []));

describe.each(carriers)('over %s', (_, carrierOf) => {
  let places: Places;
  let carrier: Carrier;
  let members: TestMember[];
  beforeEach(() => {
    places = new Places();
    carrier = carrierOf();
    members = [];
  });
  afterEach(async () => {
    await Promise.all(members.map((member) => member.close()));
  });
  async function start(name: string, options: MemberOptions = {}): Promise<TestMember> {
    const member = await startMember(name, places, { ...carrier, ...options });
    members.push(member);
    return member;
  }
  async function stop(member: TestMember): Promise<void> {
    members.splice(members.indexOf(member), 1);
    await member.close();
  }
  const between = (a: TestMember, b: TestMember) => ({ from: a.id, to: b.id });
  async function pair(options?: MemberOptions): Promise<readonly [TestMember, TestMember]> {
    const [one, two] = [await start('data_1', options), await start('data_2', options)];
    one.links.keep([one.id, two.id]);
    two.links.keep([one.id, two.id]);
    await until(() => one.links.isConnected(two.id) && two.links.isConnected(one.id));
    return [one, two];
  }

  test('messages of both sides arrive in order, whole, over one stream that the smaller id opened', async () => {
    const [one, two] = await pair();
    for (let round = 1; round <= 100; round++) {
      expect(one.links.send(heartbeat(between(one, two), round))).toBe(true);
      expect(two.links.send(append(between(two, one), round, 2, 500))).toBe(true);
    }
    await until(() => two.received.length === 100 && one.received.length === 100);
    expect(rounds(two)).toEqual(Array.from({ length: 100 }, (_each, i) => i + 1));
    expect(firsts(one)).toEqual(Array.from({ length: 100 }, (_each, i) => i + 1));
    expect(one.received[9]).toEqual(append(between(two, one), 10, 2, 500));
    expect(two.received[9]).toEqual(heartbeat(between(one, two), 10));
    const opened = (member: TestMember) =>
      member.events.filter(({ event }) => event === 'raft_link_opened').map(({ dialled }) => dialled);
    expect([opened(one), opened(two)]).toEqual([[true], [false]]);
  });
  test('what is sent in one turn goes in one frame', async () => {
    const [one, two] = await pair();
    const frames = async () =>
      Number(/skerry_raft_link_frames_total{[^}]*direction="out"[^}]*} (\d+)/.exec(await one.metrics())?.[1]);
    const messages = async () =>
      Number(/skerry_raft_link_messages_total{[^}]*direction="out"[^}]*} (\d+)/.exec(await one.metrics())?.[1]);
    for (let round = 1; round <= 200; round++) one.links.send(heartbeat(between(one, two), round));
    await until(() => two.received.length === 200);
    let counted = 0;
    await until(() => {
      void messages().then((count) => (counted = count));
      return counted === 200;
    });
    // One of them, and empty ones that say that the stream lives.
    expect(await frames()).toBeLessThan(20);
  });
  test('a first message waits for the stream that it makes us open', async () => {
    const [one, two] = [await start('data_1'), await start('data_2')];
    expect(one.links.send(heartbeat(between(one, two), 1))).toBe(true);
    await until(() => two.received.length === 1);
    expect(two.links.isConnected(one.id)).toBe(true);
  });
  test('the larger id opens a stream when the smaller does not', async () => {
    const [one, two] = [await start('data_1'), await start('data_2', { limits: { ...quick, dialGraceMaxMs: 100 } })];
    places.addresses.delete(two.id);
    two.links.keep([one.id]);
    await until(() => two.links.isConnected(one.id));
    expect(two.links.send(heartbeat(between(two, one), 5))).toBe(true);
    await until(() => rounds(one).includes(5));
    expect(one.links.send(heartbeat(between(one, two), 6))).toBe(true);
    await until(() => rounds(two).includes(6));
    expect(two.events.find(({ event }) => event === 'raft_link_opened')).toMatchObject({ dialled: true });
  });
  test('streams opened from both sides at once become one', async () => {
    const [one, two] = [await start('data_1'), await start('data_2', { limits: { ...quick, dialGraceMaxMs: 1 } })];
    const address = places.addresses.get(two.id) ?? '';
    places.addresses.delete(two.id);
    two.links.keep([one.id]);
    await until(() => one.links.isConnected(two.id));
    places.addresses.set(two.id, address);
    // Lost together, opened by both at once, again and again.
    for (let i = 0; i < 3; i++) {
      one.epoch = otherEpoch;
      await until(() => !two.links.isConnected(one.id));
      one.epoch = two.epoch;
      one.links.keep([two.id]);
      await until(() => one.links.isConnected(two.id) && two.links.isConnected(one.id));
    }
    await until(() => one.links.send(heartbeat(between(one, two), 9)) && rounds(two).includes(9));
    await until(() => two.links.send(heartbeat(between(two, one), 8)) && rounds(one).includes(8));
    const dialled = ({ events }: TestMember) =>
      events.findLast(({ event }) => event === 'raft_link_opened')?.['dialled'];
    expect(dialled(one)).toBe(!(dialled(two) as boolean));
  });
  test('small messages overtake appends that wait', async () => {
    const [one, two] = await pair();
    let release = (): void => undefined;
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    two.handler = {
      ...two.handler,
      async receive(message) {
        two.received.push(message);
        if (message.body.kind === 'append') await released;
      },
    };
    const size = 256 * 1024;
    const count = 24;
    for (let i = 1; i <= count; i++) expect(one.links.send(append(between(one, two), i, 1, size))).toBe(true);
    await until(() => two.received.length === 1);
    for (let round = 1; round <= 3; round++) one.links.send(heartbeat(between(one, two), round));
    await until(() => rounds(two).length === 3);
    expect(two.received.map(brief)).toEqual(['a1', 'h1', 'h2', 'h3']);
    release();
    await until(() => firsts(two).length === count);
    expect(firsts(two)).toEqual(Array.from({ length: count }, (_each, i) => i + 1));
  });
  test('a slow receiver holds the sender back: no more than the window is under way, and then send says no', async () => {
    const [one, two] = await pair({ limits: { ...quick, bulkQueueMaxBytes: 1024 * 1024 } });
    two.handler = { ...two.handler, receive: ({ body }) => (body.kind === 'append' ? stuck : undefined) };
    let free = (): void => undefined;
    const stuck = new Promise<void>((resolve) => {
      free = resolve;
    });
    const size = 64 * 1024;
    let [sent, refused] = [0, 0];
    async function standing(read: () => number): Promise<number> {
      let last = -1;
      for (let quiet = 0; quiet < 200;) {
        if (one.links.send(append(between(one, two), sent + 1, 1, size))) sent += 1;
        else refused += 1;
        await turn();
        quiet = read() === last ? quiet + 1 : 0;
        last = read();
      }
      return last;
    }
    const left = (await standing(() => sent)) * size;
    // Window and queue, one append over each.
    expect(left).toBeLessThan(bulkWindowMaxBytes + 1024 * 1024 + 4 * size);
    expect(left).toBeGreaterThan(bulkWindowMaxBytes);
    expect(refused).toBeGreaterThan(0);
    expect(one.links.pendingBytes(two.id)).toBeGreaterThan(512 * 1024);
    free();
    await until(() => one.links.pendingBytes(two.id) === 0);
    expect(one.links.send(append(between(one, two), sent + 1, 1, size))).toBe(true);
  });
  test('records that are kept keep no more memory than their append, and frames come through that of a few', async () => {
    const [left, right] = await pair();
    const appends = 40;
    const records = 220;
    for (let i = 0; i < appends; i++) {
      left.links.send(append(between(left, right), 1 + i * records, records, 1_000));
      await until(() => right.received.length > i);
    }
    const kept = new Set(
      right.received.flatMap(({ body }) =>
        body.kind === 'append' ? body.entries.map(({ record }) => record.buffer) : [],
      ),
    );
    expect(kept.size).toBe(appends);
    for (const { byteLength } of kept) expect(byteLength).toBeLessThan(records * 1_200);
    expect(blocksKept()).toBeGreaterThanOrEqual(carrier.hub === undefined ? 1 : 0);
    expect(blocksKept()).toBeLessThan(4);
  });
  test('a receiver that takes its time with small messages holds the stream back, and loses nothing', async () => {
    const [one, two] = await pair();
    two.handler = {
      ...two.handler,
      async receive(message) {
        await turn();
        two.received.push(message);
      },
    };
    for (let round = 1; round <= 500; round++) one.links.send(heartbeat(between(one, two), round));
    await until(() => two.received.length === 500);
    expect(rounds(two)).toEqual(Array.from({ length: 500 }, (_each, i) => i + 1));
  });
  test('a member that stops and comes back is reached again, and what was lost is only lost', async () => {
    const [one, two] = await pair();
    one.links.send(heartbeat(between(one, two), 1));
    await until(() => two.received.length === 1);
    const port = Number(places.addresses.get(two.id)?.split(':').at(-1));
    await stop(two);
    await until(() => !one.links.isConnected(two.id));
    await until(() => !one.links.send(heartbeat(between(one, two), 2)));
    const again = await start('data_2', { port });
    await until(() => one.links.isConnected(again.id));
    for (let round = 10; round < 20; round++) one.links.send(heartbeat(between(one, again), round));
    await until(() => rounds(again).at(-1) === 19);
    // Whatever came of what was sent meanwhile is in order, once.
    expect(rounds(again)).toEqual([...new Set(rounds(again))].toSorted((a, b) => a - b));
    expect(again.received.length).toBeGreaterThanOrEqual(10);
  });
  test('an address that changes is found', async () => {
    const [one, two] = await pair();
    await stop(two);
    places.addresses.delete(NodeId('data_2'));
    await until(() => !one.links.isConnected(NodeId('data_2')));
    const again = await start('data_2');
    await until(() => one.links.isConnected(again.id));
    one.links.send(heartbeat(between(one, again), 4));
    await until(() => rounds(again).includes(4));
  });
  test('frames of another epoch are refused, counted and told; the stream comes back with the epoch', async () => {
    const [one, two] = await pair();
    one.epoch = otherEpoch;
    one.links.send(heartbeat(between(one, two), 1));
    await until(() => refusalsOf(two).includes('epoch'));
    await until(() => !one.links.isConnected(two.id));
    expect(two.received).toEqual([]);
    expect(await two.metrics()).toMatch(/skerry_raft_refused_total{[^}]*why="epoch"[^}]*} [1-9]/);
    one.epoch = two.epoch;
    await until(() => one.links.isConnected(two.id) && two.links.isConnected(one.id));
    // One of two streams that were opened at once goes, and what was on it.
    await until(() => one.links.send(heartbeat(between(one, two), 2)) && rounds(two).includes(2));
    expect(new Set(rounds(two))).toEqual(new Set([2]));
  });
  test('a handler that fails is an event, and the stream is opened again', async () => {
    const [one, two] = await pair();
    const { handler } = two;
    two.handler = {
      ...handler,
      receive: () => {
        throw new Error('broken');
      },
    };
    one.links.send(heartbeat(between(one, two), 1));
    await until(() => two.events.some(({ event }) => event === 'raft_receive_failed'));
    two.handler = handler;
    await until(() => {
      if (one.links.isConnected(two.id)) one.links.send(heartbeat(between(one, two), 2));
      return rounds(two).includes(2);
    });
  });
  test('a stream is opened again while the member has something of the one before in hand', async () => {
    const [one, two] = await pair();
    let free = (): void => undefined;
    const stuck = new Promise<void>((resolve) => {
      free = resolve;
    });
    one.handler = { ...one.handler, receive: ({ body }) => (body.kind === 'append' ? stuck : undefined) };
    two.links.send(append(between(two, one), 1));
    two.handler = {
      ...two.handler,
      receive: (message) => {
        two.received.push(message);
        if (two.received.length === 1) throw new Error('broken');
      },
    };
    one.links.send(heartbeat(between(one, two), 1));
    await until(() => rounds(two).includes(1));
    await until(() => one.links.send(heartbeat(between(one, two), 2)) && rounds(two).includes(2));
    free();
  });
  test('an append that no receiver takes is dropped here, with an event', async () => {
    const [one, two] = await pair();
    expect(one.links.send(append(between(one, two), 1, 2, recordsMaxBytes / 2))).toBe(false);
    expect(one.events.some(({ event }) => event === 'raft_append_too_large')).toBe(true);
    expect(one.links.send(append(between(one, two), 1, 2, recordsMaxBytes / 2 - 200))).toBe(true);
    await until(() => two.received.length === 1);
  });
  test('nothing goes to a node without an address, to itself, or in the name of another', async () => {
    const one = await start('data_1');
    const away = NodeId('data_9');
    expect(one.links.send(heartbeat({ from: one.id, to: away }, 1))).toBe(false);
    expect(one.links.send(heartbeat({ from: one.id, to: one.id }, 1))).toBe(false);
    expect(one.links.send(heartbeat({ from: away, to: NodeId('data_2') }, 1))).toBe(false);
    expect(one.links.isConnected(away)).toBe(false);
    expect(one.links.pendingBytes(away)).toBe(0);
  });
  test('closed links send nothing, and their node is free', async () => {
    const [one, two] = await pair();
    await one.links.close();
    expect(one.links.send(heartbeat(between(one, two), 1))).toBe(false);
    await until(() => !two.links.isConnected(one.id));
    await one.links.close();
  });
  test('a stream to a node that is no member is closed when it is of no use, and opened again when it is', async () => {
    const limits = { ...quick, idleMaxMs: 150 };
    const [one, two] = [await start('data_1', { limits }), await start('data_2', { limits })];
    await until(() => one.links.send(heartbeat(between(one, two), 1)) && rounds(two).includes(1));
    await until(() => !one.links.isConnected(two.id) && !two.links.isConnected(one.id));
    await until(() => one.links.send(heartbeat(between(one, two), 2)) && rounds(two).includes(2));
    one.links.keep([two.id]);
    two.links.keep([one.id]);
    const lost = ({ events }: TestMember) => events.filter(({ event }) => event === 'raft_link_lost').length;
    const before = lost(one);
    await until(() => one.links.isConnected(two.id));
    const ended = performance.now() + 4 * limits.idleMaxMs;
    await until(() => performance.now() > ended);
    expect(lost(one)).toBe(before);
  });
  test('five members talk all with all', async () => {
    const all = await Promise.all([5, 3, 1, 4, 2].map((n) => start(`data_${n}`)));
    for (const each of all) each.links.keep(all.map(({ id }) => id));
    const others = (one: TestMember) => all.filter((each) => each !== one);
    await until(() => all.every((one) => others(one).every(({ id }) => one.links.isConnected(id))));
    const senders = (one: TestMember): string[] => [...new Set(one.received.map(({ from }) => from))].toSorted();
    // Said again, as Raft does: where both opened a stream, one of the two goes, and what was on it.
    await until(() => {
      for (const one of all) for (const two of others(one)) one.links.send(heartbeat(between(one, two), 1));
      return all.every((one) => senders(one).length === 4);
    });
    for (const one of all)
      expect(senders(one)).toEqual(
        others(one)
          .map(({ id }) => id)
          .toSorted(),
      );
  });
});

test('a group is there once', async () => {
  const places = new Places();
  const one = await startMember('data_1', places);
  const { door, handler } = one;
  const options = { group: GroupId('data'), epoch: () => one.epoch, resolve: () => undefined, handler };
  expect(() => door.group(options)).toThrow('group "data" is there already');
  await one.close();
});
