import { describe, expect, test } from '@jest/globals';
import { AssertionError, Prng } from '@skerry/kernel';
import { expectReason, seeds } from '@skerry/testing';
import fc from 'fast-check';
import { Channel } from './index.ts';

async function readAll<T>(channel: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of channel) items.push(item);
  return items;
}
/** Lets all promises that are settled run on. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('channel: order and room', () => {
  test('items come out in the order they went in, then the end', async () => {
    const channel = new Channel<number>({ capacity: 10 });
    for (const item of [1, 2, 3]) expect(channel.offer(item)).toBe(true);
    channel.end();
    expect(await readAll(channel)).toEqual([1, 2, 3]);
  });
  test('offer says no when full, and keeps nothing', async () => {
    const channel = new Channel<string>({ capacity: 2 });
    expect([channel.offer('a'), channel.offer('b'), channel.offer('c')]).toEqual([true, true, false]);
    expect(channel.length).toBe(2);
    expect(channel.poll()).toBe('a');
    expect(channel.offer('c')).toBe(true);
    channel.end();
    expect(await readAll(channel)).toEqual(['b', 'c']);
  });
  test('an item larger than the whole capacity passes an empty channel', () => {
    const channel = new Channel<Uint8Array>({ capacity: 10, weigh: (bytes) => bytes.length });
    expect(channel.offer(new Uint8Array(50))).toBe(true);
    expect(channel.weight).toBe(50);
    expect(channel.offer(new Uint8Array(1))).toBe(false);
    expect(channel.poll()).toHaveLength(50);
    expect(channel.weight).toBe(0);
  });
  test('a push waits for room; pushes that wait keep their order, and no offer overtakes them', async () => {
    const channel = new Channel<number>({ capacity: 1 });
    const done: number[] = [];
    const pushes = [1, 2, 3].map((item) => channel.push(item).then(() => done.push(item)));
    await turn();
    expect(done).toEqual([1]);
    expect(channel.poll()).toBe(1);
    expect(channel.offer(9)).toBe(false);
    await turn();
    expect(done).toEqual([1, 2]);
    expect([channel.poll(), channel.poll(), channel.poll()]).toEqual([2, 3, undefined]);
    await Promise.all(pushes);
  });
  test('whenWritable resolves when there is room', async () => {
    const channel = new Channel<number>({ capacity: 1 });
    await channel.whenWritable();
    channel.offer(1);
    let writable = false;
    const waiting = channel.whenWritable().then(() => (writable = true));
    await turn();
    expect(writable).toBe(false);
    channel.poll();
    await waiting;
    expect(channel.writable).toBe(true);
  });
  test('a reader that waits gets the item at once, and it takes no room', async () => {
    const channel = new Channel<number>({ capacity: 1 });
    const reading = [channel.next(), channel.next()];
    expect([channel.offer(1), channel.offer(2), channel.offer(3)]).toEqual([true, true, true]);
    expect(await Promise.all(reading)).toEqual([
      { done: false, value: 1 },
      { done: false, value: 2 },
    ]);
    expect(channel.length).toBe(1);
  });
  test('onWritable is called when a full channel gets room, not before', () => {
    let calls = 0;
    const channel = new Channel<number>({ capacity: 2, onWritable: () => (calls += 1) });
    channel.offer(1);
    channel.poll();
    expect(calls).toBe(0);
    channel.offer(1);
    channel.offer(2);
    channel.poll();
    channel.poll();
    expect(calls).toBe(1);
  });
  test('a push with room makes no new promise', () => {
    const channel = new Channel<number>({ capacity: 5 });
    expect(channel.push(1)).toBe(channel.push(2));
  });
  test('a capacity of 0 is a bug', () => {
    expect(() => new Channel({ capacity: 0 })).toThrow(AssertionError);
  });
});

describe('channel: ends', () => {
  test('end keeps what waits, pending pushes too; nothing goes in afterwards', async () => {
    const channel = new Channel<number>({ capacity: 1 });
    const pushes = [channel.push(1), channel.push(2)];
    channel.end();
    channel.end();
    await Promise.all(pushes);
    expect(() => channel.offer(3)).toThrow(AssertionError);
    expect(await readAll(channel)).toEqual([1, 2]);
    expect(await channel.next()).toEqual({ done: true, value: undefined });
  });
  test('end wakes a reader that waits', async () => {
    const channel = new Channel<number>({ capacity: 1 });
    const reading = readAll(channel);
    channel.end();
    expect(await reading).toEqual([]);
  });
  test('fail: the reader gets what waits, then the error; writers get it at once', async () => {
    const channel = new Channel<number>({ capacity: 1 });
    const error = new Error('broken');
    await channel.push(1);
    const pushing = channel.push(2);
    const waiting = channel.whenWritable();
    channel.fail(error);
    channel.end();
    await expect(pushing).rejects.toBe(error);
    await expect(waiting).rejects.toBe(error);
    expect(() => channel.offer(3)).toThrow(error);
    expect(await channel.next()).toEqual({ done: false, value: 1 });
    await expect(channel.next()).rejects.toBe(error);
    await expect(channel.next()).rejects.toBe(error);
  });
  test('fail wakes a reader that waits', async () => {
    const channel = new Channel<number>({ capacity: 1 });
    const reading = channel.next();
    channel.fail(new Error('broken'));
    await expect(reading).rejects.toThrow('broken');
  });
  test('a reader that breaks makes pushes fail with cancelled, pending ones too', async () => {
    let cancels = 0;
    const channel = new Channel<number>({ capacity: 1, onCancel: () => (cancels += 1) });
    channel.offer(1);
    const pushing = [channel.push(2), channel.push(3)];
    const expected = pushing.slice(1).map((push) => expectReason(push, 'cancelled'));
    for await (const item of channel) {
      expect(item).toBe(1);
      break;
    }
    await pushing[0];
    await Promise.all(expected);
    await expectReason(channel.push(4), 'cancelled');
    await expectReason(channel.whenWritable(), 'cancelled');
    expect(() => channel.offer(5)).toThrow('its reader has stopped');
    expect([channel.length, channel.weight, channel.closed, cancels]).toEqual([0, 0, true, 1]);
    channel.cancel();
    expect(cancels).toBe(1);
  });
  test('a second reader after a cancel sees the end', async () => {
    const channel = new Channel<number>({ capacity: 1 });
    channel.cancel();
    expect(await readAll(channel)).toEqual([]);
  });
});

describe('channel: properties', () => {
  test('whatever the sizes and the pace, all arrives in order and the weight stays bounded', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 300 }),
        fc.integer({ min: 1, max: 30 }),
        fc.nat(),
        async (sizes, capacity, seed) => {
          const prng = new Prng(seed);
          const channel = new Channel<number>({ capacity, weigh: (size) => size });
          const write = async (): Promise<void> => {
            for (const size of sizes) {
              if (prng.chance(0.5)) await channel.push(size);
              else while (!channel.offer(size)) await channel.whenWritable();
              expect(channel.weight).toBeLessThan(capacity + 21);
            }
            channel.end();
          };
          const read = async (): Promise<number[]> => {
            const got: number[] = [];
            for await (const size of channel) {
              got.push(size);
              const next = prng.chance(0.3) ? channel.poll() : undefined;
              if (next !== undefined) got.push(next);
              if (prng.chance(0.1)) await turn();
            }
            return got;
          };
          const [received] = await Promise.all([read(), write()]);
          expect(received).toEqual(sizes);
        },
      ),
      { numRuns: 50 },
    );
  });
  for (const seed of seeds(3))
    test(`a long queue is compacted without loss, seed ${seed}`, () => {
      const prng = new Prng(seed);
      const channel = new Channel<number>({ capacity: 5_000 });
      let next = 0;
      let read = 0;
      for (let step = 0; step < 20_000; step++)
        if (prng.chance(0.55)) {
          if (channel.offer(next)) next += 1;
        } else if (channel.length > 0) {
          expect(channel.poll()).toBe(read);
          read += 1;
        }
      expect(channel.length).toBe(next - read);
    });
});
