/** Snapshots between two members, cut wherever they can be. */
import { afterAll, afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { crc32c, idToBytes, LogIndex, NodeId, StatusError, Term } from '@skerry/kernel';
import { raft } from '@skerry/proto';
import { InProcessHub } from '@skerry/runtime-rpc';
import {
  certificates,
  epoch,
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
import { snapshotChunkMaxBytes, snapshotWindowCountMax } from './limits.ts';
import type { OutgoingSnapshot, RaftHandler, SnapshotOffer } from './types.ts';

jest.setTimeout(20_000);
const { issue, remove } = await certificates();
afterAll(remove);
const carriers: readonly (readonly [string, () => Carrier])[] = [
  ['tcp', () => ({})],
  ['tcp with mutual TLS', () => ({ issue })],
  ['direct calls in the process', () => ({ hub: new InProcessHub() })],
];
const one = NodeId('data_1');
const two = NodeId('data_2');
const mark = {
  last: { index: LogIndex(900), term: Term(6) },
  configuration: { voters: [one, two], outgoing: [], learners: [], departing: [] },
};
const chunkOf = (number: number, sizeBytes = 1_000): Uint8Array => new Uint8Array(sizeBytes).fill(number % 251);
const never = new AbortController().signal;

/** `count` chunks; `asked` tells from where on they were asked for. */
function outgoing(count: number, changes: Partial<OutgoingSnapshot> = {}, sizeBytes = 1_000) {
  const asked: number[] = [];
  const given: number[] = [];
  const snapshot: OutgoingSnapshot = {
    id: 'data_1/7/900',
    mark,
    term: Term(7),
    fromIncarnation: 3,
    async *chunks(from) {
      asked.push(from);
      for (let number = from; number < count; number++) {
        given.push(number);
        yield chunkOf(number, sizeBytes);
      }
    },
    ...changes,
  };
  return { snapshot, asked, given };
}

/** A receiver as a replica is one: keeps the chunks of one id. */
class Store implements Omit<RaftHandler, 'receive'> {
  readonly offers: SnapshotOffer[] = [];
  /** The chunks that it asked for. */
  readonly begun: number[] = [];
  chunks: Uint8Array[] = [];
  whole: { readonly id: string; readonly chunks: readonly Uint8Array[] } | undefined;
  #id = '';
  /** Called before each chunk is kept. */
  before: (number: number) => Promise<void> | void = () => undefined;
  refuses = false;
  beginning: Promise<void> = Promise.resolve();
  ending: Promise<void> = Promise.resolve();
  async beginSnapshot(offer: SnapshotOffer) {
    this.offers.push(offer);
    await this.beginning;
    if (this.refuses) return undefined;
    if (offer.id !== this.#id) this.chunks = [];
    this.#id = offer.id;
    this.begun.push(this.chunks.length);
    return { nextChunk: this.chunks.length };
  }
  async snapshotChunk(id: string, number: number, bytes: Uint8Array): Promise<void> {
    expect([id, number]).toEqual([this.#id, this.chunks.length]);
    await this.before(number);
    this.chunks.push(bytes.slice());
  }
  async endSnapshot(id: string, chunkCount: number): Promise<void> {
    expect([id, chunkCount]).toEqual([this.#id, this.chunks.length]);
    await this.ending;
    this.whole = { id, chunks: this.chunks };
  }
}
const expectWhole = ({ whole }: Store, count: number, sizeBytes = 1_000): void => {
  expect(whole?.chunks).toHaveLength(count);
  expect(whole?.chunks.every((bytes, number) => bytes.length === sizeBytes && bytes[0] === number % 251)).toBe(true);
};

let places: Places;
let members: TestMember[];
beforeEach(() => {
  places = new Places();
  members = [];
});
afterEach(async () => {
  await Promise.all(members.map((member) => member.close()));
});
async function pair(carrier: Carrier, options: MemberOptions = {}) {
  const store = new Store();
  const [sender, receiver] = [
    await startMember('data_1', places, { ...carrier, ...options }),
    await startMember('data_2', places, { ...carrier, ...options }),
  ];
  members.push(sender, receiver);
  receiver.handler = bound(store, receiver.handler);
  return { sender, receiver, store };
}
const bound = (store: Store, { receive }: RaftHandler): RaftHandler => ({
  receive,
  beginSnapshot: (offer) => store.beginSnapshot(offer),
  snapshotChunk: (id, number, bytes) => store.snapshotChunk(id, number, bytes),
  endSnapshot: (id, count) => store.endSnapshot(id, count),
});

describe.each(carriers)('a snapshot over %s', (_, carrierOf) => {
  test('arrives whole, with its offer', async () => {
    const { sender, store } = await pair(carrierOf());
    const { snapshot, asked } = outgoing(50, {}, 20_000);
    await sender.links.sendSnapshot(two, snapshot, never);
    expectWhole(store, 50, 20_000);
    expect(asked).toEqual([0]);
    expect(store.offers).toEqual([{ id: 'data_1/7/900', mark, from: one, fromIncarnation: 3, term: 7 }]);
  });
  test('of the largest chunks, and of none', async () => {
    const { sender, store } = await pair(carrierOf());
    await sender.links.sendSnapshot(two, outgoing(3, {}, snapshotChunkMaxBytes).snapshot, never);
    expectWhole(store, 3, snapshotChunkMaxBytes);
    await sender.links.sendSnapshot(two, outgoing(0, { id: 'empty' }).snapshot, never);
    expect(store.whole).toEqual({ id: 'empty', chunks: [] });
  });
  test('cut by the sender at each chunk is resumed where it was cut', async () => {
    const { sender, store } = await pair(carrierOf());
    const count = 12;
    for (let at = 0; at < count; at++) {
      const cutting = new AbortController();
      const { snapshot, asked } = outgoing(count, {
        async *chunks(from) {
          asked.push(from);
          for (let number = from; number < count; number++) {
            if (number >= at) cutting.abort();
            yield chunkOf(number);
          }
          cutting.abort();
        },
      });
      const sent = sender.links.sendSnapshot(two, snapshot, cutting.signal);
      await expect(sent).rejects.toMatchObject({ reason: 'cancelled' });
      // What was under way may be kept or not: the receiver says from where on it goes.
      expect(asked).toEqual([store.begun.at(-1)]);
    }
    const { snapshot, asked, given } = outgoing(count);
    await sender.links.sendSnapshot(two, snapshot, never);
    expect(asked).toEqual([store.begun.at(-1)]);
    expect(given.length).toBe(count - (store.begun.at(-1) ?? 0));
    expectWhole(store, count);
  });
  test('cut by the receiver at each chunk is resumed, and its reason is told', async () => {
    const { sender, store } = await pair(carrierOf());
    const count = 12;
    for (let at = 0; at < count; at++) {
      store.before = (number) => {
        if (number === at) throw new StatusError('disk_full', 'no room');
      };
      const { snapshot, asked } = outgoing(count);
      await expect(sender.links.sendSnapshot(two, snapshot, never)).rejects.toMatchObject({ reason: 'disk_full' });
      expect(asked).toEqual([Math.max(0, at - 1)]);
      expect(store.chunks).toHaveLength(at);
    }
    store.before = () => undefined;
    await sender.links.sendSnapshot(two, outgoing(count).snapshot, never);
    expectWhole(store, count);
  });
  test('of another id begins anew, and drops the call before', async () => {
    const { sender, store } = await pair(carrierOf());
    let free = (): void => undefined;
    const stuck = new Promise<void>((resolve) => {
      free = resolve;
    });
    store.before = (number) => (number === 2 ? stuck : undefined);
    const first = sender.links.sendSnapshot(two, outgoing(5, { id: 'first' }).snapshot, never);
    await until(() => store.chunks.length === 2);
    const dropped = first.catch((thrown: unknown) => thrown);
    const { snapshot, asked } = outgoing(6, { id: 'second' });
    const second = sender.links.sendSnapshot(two, snapshot, never);
    expect(await dropped).toMatchObject({ reason: 'version_conflict' });
    // The second begins when the first has nothing more in hand.
    expect(store.offers.map(({ id }) => id)).toEqual(['first']);
    store.before = () => undefined;
    free();
    await second;
    expect(asked).toEqual([0]);
    expect(store.whole?.id).toBe('second');
    expectWhole(store, 6);
  });
  test('of an earlier term does not drop that of a later one', async () => {
    const { sender, store } = await pair(carrierOf());
    let free = (): void => undefined;
    const stuck = new Promise<void>((resolve) => {
      free = resolve;
    });
    store.before = (number) => (number === 2 ? stuck : undefined);
    const later = sender.links.sendSnapshot(two, outgoing(5, { id: 'later', term: Term(9) }).snapshot, never);
    await until(() => store.chunks.length === 2);
    const earlier = sender.links.sendSnapshot(two, outgoing(5, { id: 'earlier', term: Term(8) }).snapshot, never);
    await expect(earlier).rejects.toMatchObject({ reason: 'fenced' });
    free();
    await later;
    expect(store.whole?.id).toBe('later');
  });
  test('that is not wanted is refused', async () => {
    const { sender, store } = await pair(carrierOf());
    store.refuses = true;
    const { snapshot, given } = outgoing(5);
    await expect(sender.links.sendSnapshot(two, snapshot, never)).rejects.toMatchObject({ reason: 'fenced' });
    expect(given).toEqual([]);
  });
  test('of another epoch is refused before it is offered', async () => {
    const { sender, receiver, store } = await pair(carrierOf());
    sender.epoch = otherEpoch;
    await expect(sender.links.sendSnapshot(two, outgoing(1).snapshot, never)).rejects.toMatchObject({
      reason: 'fenced',
    });
    expect(store.offers).toEqual([]);
    expect(refusalsOf(receiver)).toEqual(['epoch']);
  });
  test('is sent no further than a window before the receiver', async () => {
    const { sender, store } = await pair(carrierOf());
    let free = (): void => undefined;
    const stuck = new Promise<void>((resolve) => {
      free = resolve;
    });
    store.before = (number) => (number === 3 ? stuck : undefined);
    const { snapshot, given } = outgoing(100);
    const sent = sender.links.sendSnapshot(two, snapshot, never);
    await until(() => store.chunks.length === 3);
    // Of the eleven that the window lets go, the twelfth is made and waits.
    for (let turns = 0; turns < 500; turns++) await new Promise((resolve) => setImmediate(resolve));
    expect(given.length).toBeLessThanOrEqual(3 + snapshotWindowCountMax + 1);
    free();
    await sent;
    expectWhole(store, 100);
  });
  test('whose receiver works long on its end is waited for, longer than silence would last', async () => {
    const limits = { ...quick, snapshotProgressIntervalMs: 20, snapshotSilenceMaxMs: 200 };
    const { sender, store } = await pair(carrierOf(), { limits });
    const start = performance.now();
    store.ending = new Promise((resolve) => {
      setTimeout(resolve, 500);
    });
    await sender.links.sendSnapshot(two, outgoing(2).snapshot, never);
    expect(performance.now() - start).toBeGreaterThan(450);
    expectWhole(store, 2);
  });
  test('is not begun before the receiver has said where, however long that takes', async () => {
    const limits = { ...quick, snapshotProgressIntervalMs: 10, snapshotSilenceMaxMs: 200 };
    const { sender, store } = await pair(carrierOf(), { limits });
    store.before = (number) => {
      if (number === 3) throw new StatusError('disk_full', 'no room');
    };
    await expect(sender.links.sendSnapshot(two, outgoing(5).snapshot, never)).rejects.toMatchObject({
      reason: 'disk_full',
    });
    store.before = () => undefined;
    store.beginning = new Promise((resolve) => {
      setTimeout(resolve, 300);
    });
    const { snapshot, asked } = outgoing(5);
    await sender.links.sendSnapshot(two, snapshot, never);
    expect(asked).toEqual([3]);
    expectWhole(store, 5);
  });
  test('fails with what its source throws; with no_node without an address; cancelled when the links are closed', async () => {
    const { sender, store } = await pair(carrierOf());
    const broken = outgoing(5, {
      async *chunks() {
        yield chunkOf(0);
        throw new StatusError('disk_failed', 'bad sector');
      },
    });
    await expect(sender.links.sendSnapshot(two, broken.snapshot, never)).rejects.toMatchObject({
      reason: 'disk_failed',
    });
    const lost = sender.links.sendSnapshot(NodeId('data_8'), outgoing(1).snapshot, never);
    await expect(lost).rejects.toMatchObject({ reason: 'no_node' });
    const large = sender.links.sendSnapshot(two, outgoing(1, { id: 'l' }, snapshotChunkMaxBytes + 1).snapshot, never);
    await expect(large).rejects.toMatchObject({ reason: 'too_large' });
    store.before = () => new Promise((resolve) => setTimeout(resolve, 50));
    const cut = sender.links.sendSnapshot(two, outgoing(9).snapshot, never).catch((thrown: unknown) => thrown);
    await until(() => store.chunks.length > 0);
    await sender.links.close();
    expect(await cut).toMatchObject({ reason: 'shutting_down' });
  });
  test('goes at the rate that is asked for', async () => {
    const limits = { ...quick, snapshotBytesPerSecond: () => 100_000 };
    const { sender, store } = await pair(carrierOf(), { limits });
    const start = performance.now();
    await sender.links.sendSnapshot(two, outgoing(21, {}, 1_000).snapshot, never);
    // The first goes at once, then one each 10 ms.
    expect(performance.now() - start).toBeGreaterThan(190);
    expectWhole(store, 21);
  });

  test('a long one comes through the memory of a few chunks', async () => {
    const { sender, store, receiver } = await pair({});
    const memory = new Set<ArrayBufferLike>();
    receiver.handler = {
      ...receiver.handler,
      snapshotChunk: async (id, number, bytes) => {
        memory.add(bytes.buffer);
        await store.snapshotChunk(id, number, bytes.slice(0, 1));
      },
    };
    await sender.links.sendSnapshot(two, outgoing(100, {}, 200 * 1024).snapshot, never);
    expectWhole(store, 100, 1);
    // Those of the window, and what is on its way through the rpc.
    expect(memory.size).toBeLessThanOrEqual(2 * snapshotWindowCountMax);
  });
});

describe('a hostile sender of snapshots', () => {
  const offer = (changes: Partial<raft.SnapshotOffer> = {}) => ({
    part: {
      $case: 'offer' as const,
      value: {
        group: 'data',
        epoch: idToBytes(epoch),
        from: 'data_1',
        to: 'data_2',
        fromIncarnation: 1,
        term: 7,
        id: 'x',
        mark: {
          last: { index: 1, term: 1 },
          configuration: { voters: ['data_1'], outgoing: [], learners: [], departing: [] },
        },
        ...changes,
      },
    },
  });
  const chunk = (number: number, data = new Uint8Array(10), sum = crc32c(data)) => ({
    part: { $case: 'chunk' as const, value: { number, chunk: { data, crc32c: sum } } },
  });
  const end = (chunkCount: number) => ({ part: { $case: 'end' as const, value: { chunkCount } } });
  type Part = ReturnType<typeof offer> | ReturnType<typeof chunk> | ReturnType<typeof end> | { part: undefined };
  const large = new Uint8Array(snapshotChunkMaxBytes + 1);
  test.each<readonly [string, readonly Part[], string, string]>([
    ['no offer', [chunk(0)], 'malformed', 'snapshot'],
    ['nothing in its part', [{ part: undefined }], 'malformed', 'snapshot'],
    ["another node's name", [offer({ from: 'data_9' })], 'access_denied', 'sender'],
    ['another group', [offer({ group: 'auth' })], 'no_node', 'group'],
    ['a long id', [offer({ id: 'x'.repeat(300) })], 'malformed', 'snapshot'],
    ['no mark', [offer({ mark: undefined })], 'malformed', 'snapshot'],
    ['a gap', [offer(), chunk(0), chunk(2)], 'malformed', 'snapshot'],
    ['a chunk twice', [offer(), chunk(0), chunk(0)], 'malformed', 'snapshot'],
    ['a wrong checksum', [offer(), chunk(0, new Uint8Array(5), 1)], 'corrupt', 'snapshot'],
    ['a chunk too large', [offer(), chunk(0, large)], 'malformed', 'snapshot'],
    ['an end too early', [offer(), chunk(0), end(2)], 'malformed', 'snapshot'],
    ['two offers', [offer(), offer()], 'malformed', 'snapshot'],
  ])('%s: refused and counted', async (_, parts, reason, why) => {
    const { sender, receiver, store } = await pair({});
    const target = { nodeId: two, address: places.addresses.get(two) ?? '' };
    let over = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      over = resolve;
    });
    async function* source() {
      yield* parts;
      await held;
    }
    const read = async () => {
      for await (const { done } of sender.rpc.client(raft.RaftServiceDefinition, target).sendSnapshot(source()))
        expect(done).toBe(false);
    };
    await expect(read()).rejects.toMatchObject({ reason });
    over();
    expect(refusalsOf(receiver)).toEqual([why]);
    expect(store.whole).toBeUndefined();
    // And it may come again, well.
    await sender.links.sendSnapshot(two, outgoing(3, { id: 'good' }).snapshot, never);
    expectWhole(store, 3);
  });
  test('one that says nothing more is cut', async () => {
    const { sender, store } = await pair({}, { limits: { snapshotSilenceMaxMs: 100, snapshotProgressIntervalMs: 20 } });
    const target = { nodeId: two, address: places.addresses.get(two) ?? '' };
    async function* source() {
      yield offer();
      await new Promise<never>(() => undefined);
    }
    const read = async () => {
      const client = sender.rpc.client(raft.RaftServiceDefinition, target);
      for await (const _answer of client.sendSnapshot(source(), { progressDeadlineMs: 10_000 })) continue;
    };
    await expect(read()).rejects.toMatchObject({ reason: 'stalled' });
    expect(store.offers).toHaveLength(1);
  });
});
