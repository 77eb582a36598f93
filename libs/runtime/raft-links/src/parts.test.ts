import { describe, expect, test } from '@jest/globals';
import { NodeId, StatusError } from '@skerry/kernel';
import { raft } from '@skerry/proto';
import { BackOff, type Clock, Wake } from '@skerry/runtime-world';
import fc from 'fast-check';
import { BulkIntake } from './bulk-intake.ts';
import { append, heartbeat } from './fixture.ts';
import { FrameSource } from './frame-source.ts';
import { bulkCountMax, bulkWindowMaxBytes, frameBulkMaxBytes, recordsMaxBytes, smallCountMax } from './limits.ts';
import { bulkWeightBytes } from './records.ts';
import { SendQueue } from './send-queue.ts';
import type { LinkMessage } from './types.ts';

const ends = { from: NodeId('data_1'), to: NodeId('data_2') };
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const kinds = (messages: readonly LinkMessage[]): string => messages.map(({ body }) => body.kind[0]).join('');

describe('the queue to one node', () => {
  test('gives small messages first, then appends, each in order', () => {
    const queue = new SendQueue(1e6);
    for (const round of [1, 2, 3]) {
      queue.offer(append(ends, round));
      queue.offer(heartbeat(ends, round));
    }
    const { messages } = queue.take(0);
    expect(kinds(messages)).toBe('hhhaaa');
    expect(messages.slice(0, 3)).toEqual([1, 2, 3].map((round) => heartbeat(ends, round)));
    expect(messages.slice(3)).toEqual([1, 2, 3].map((first) => append(ends, first)));
    expect([queue.isEmpty, queue.sizeBytes]).toEqual([true, 0]);
  });
  test('lets appends go as far as the frame, and the window, allow', () => {
    const queue = new SendQueue(1e9);
    for (let i = 1; i <= 8; i++) queue.offer(append(ends, i, 1, frameBulkMaxBytes / 2));
    expect(kinds(queue.take(0).messages)).toBe('aa');
    expect(kinds(queue.take(bulkWindowMaxBytes - 1).messages)).toBe('a');
    expect(kinds(queue.take(bulkWindowMaxBytes).messages)).toBe('');
    queue.offer(heartbeat(ends, 1));
    expect(kinds(queue.take(bulkWindowMaxBytes).messages)).toBe('h');
    expect(queue.hasBulk).toBe(true);
  });
  test('is bounded in bytes of appends, in their number, and in small messages; and says no', () => {
    const bytes = new SendQueue(10_000);
    let taken = 0;
    while (bytes.offer(append(ends, taken + 1, 1, 1_000))) taken += 1;
    expect(taken).toBe(10);
    expect(bytes.offer(heartbeat(ends, 1))).toBe(true);
    const many = new SendQueue(1e9);
    for (let i = 1; i <= bulkCountMax; i++) expect(many.offer(append(ends, i, 0))).toBe(true);
    expect(many.offer(append(ends, 1, 0))).toBe(false);
    for (let i = 1; i <= smallCountMax; i++) expect(many.offer(heartbeat(ends, i))).toBe(true);
    expect(many.offer(heartbeat(ends, 1))).toBe(false);
    expect(many.clear()).toBe(bulkCountMax + smallCountMax);
    expect(many.sizeBytes).toBe(0);
  });
  test('loses nothing, and keeps the order of each class, whatever the pace', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('append', 'heartbeat', 'take'), { maxLength: 200 }), (steps) => {
        const queue = new SendQueue(1e9);
        const [given, got]: LinkMessage[][] = [[], []];
        for (const [i, step] of steps.entries())
          if (step === 'take') got?.push(...queue.take(0).messages);
          else {
            const message = step === 'append' ? append(ends, i + 1, 1, 200) : heartbeat(ends, i);
            expect(queue.offer(message)).toBe(true);
            given?.push(message);
          }
        while (!queue.isEmpty) got?.push(...queue.take(0).messages);
        for (const kind of ['append', 'heartbeat'])
          expect(got?.filter(({ body }) => body.kind === kind)).toEqual(
            given?.filter(({ body }) => body.kind === kind),
          );
        expect(queue.sizeBytes).toBe(0);
      }),
      { numRuns: 50 },
    );
  });
});

describe('appends that came', () => {
  const intake = (receive: (message: LinkMessage) => void | Promise<void>) => {
    const seen = { told: 0, failed: [] as unknown[] };
    const parts = {
      receive,
      tell: () => void (seen.told += 1),
      failed: (thrown: unknown) => void seen.failed.push(thrown),
    };
    return { seen, intake: new BulkIntake(parts) };
  };
  test('are handed over one by one, and counted when they are taken', async () => {
    const waiting: (() => void)[] = [];
    let most = 0;
    const { intake: bulk } = intake(
      () =>
        new Promise((resolve) => {
          waiting.push(resolve);
          most = Math.max(most, waiting.length);
        }),
    );
    for (const i of [1, 2, 3]) expect(bulk.push(append(ends, i), 100)).toBe(true);
    expect(bulk.told()).toBe(0);
    for (const taken of [100, 200, 300]) {
      waiting.shift()?.();
      await turn();
      expect(bulk.told()).toBe(taken);
    }
    expect(most).toBe(1);
  });
  test('are told in time for the window to stay open', () => {
    const { seen, intake: bulk } = intake(() => undefined);
    bulk.push(append(ends, 1), bulkWindowMaxBytes / 8);
    expect(seen.told).toBe(0);
    bulk.push(append(ends, 1), bulkWindowMaxBytes / 8);
    expect(seen.told).toBe(1);
    bulk.told();
    bulk.skip(bulkWindowMaxBytes / 4);
    expect(seen.told).toBe(2);
  });
  test('of a sender that keeps no window are refused', () => {
    const { intake: bulk } = intake(() => new Promise(() => undefined));
    const size = bulkWeightBytes(recordsMaxBytes);
    const taken = Array.from({ length: 6 }, () => bulk.push(append(ends, 1), size));
    expect(taken).toEqual([true, true, true, false, false, false]);
  });
  test.each([
    [
      'at once',
      () => {
        throw new Error('x');
      },
    ],
    ['later', () => Promise.reject(new Error('x'))],
  ])('a member that fails %s is told of', async (_, receive) => {
    const { seen, intake: bulk } = intake(receive);
    bulk.push(append(ends, 1), 1);
    await turn();
    expect(seen.failed).toEqual([new Error('x')]);
  });
  test('after the stop nothing more is handed over, and it waits for what is in hand', async () => {
    let free = (): void => undefined;
    let calls = 0;
    const { intake: bulk } = intake(() => {
      calls += 1;
      return new Promise((resolve) => {
        free = resolve;
      });
    });
    bulk.push(append(ends, 1), 1);
    bulk.push(append(ends, 2), 1);
    let stopped = false;
    const stopping = bulk.stop().then(() => (stopped = true));
    await turn();
    expect(stopped).toBe(false);
    free();
    await stopping;
    bulk.push(append(ends, 3), 1);
    expect(calls).toBe(1);
  });
});

describe('frames on their way out', () => {
  const frame = raft.Frame.create();
  test('are made when they are read, one for a turn; nothing to say is waited out', async () => {
    let [made, say] = [0, false];
    const source = new FrameSource(() => {
      if (!say) return undefined;
      say = false;
      made += 1;
      return frame;
    });
    const first = source.next();
    await turn();
    expect(made).toBe(0);
    say = true;
    source.poke();
    source.poke();
    expect(made).toBe(0);
    expect(await first).toEqual({ done: false, value: { frame } });
    expect(made).toBe(1);
  });
  test('the first of a turn goes within it, what is said later in the turn together at its end', async () => {
    let waiting = 0;
    const sizes: number[] = [];
    const source = new FrameSource(() => {
      if (waiting === 0) return undefined;
      sizes.push(waiting);
      waiting = 0;
      return frame;
    });
    const say = (): void => {
      waiting += 1;
      source.poke();
    };
    await turn();
    let over = false;
    const ending = turn().then(() => (over = true));
    const first = source.next();
    say();
    say();
    await first;
    expect([sizes, over]).toEqual([[2], false]);
    const second = source.next();
    for (let i = 0; i < 3; i++) {
      say();
      await Promise.resolve();
    }
    await second;
    await ending;
    expect([sizes, over]).toEqual([[2, 3], true]);
  });
  test('end with the end, or the failure, for who reads and who comes later', async () => {
    const ended = new FrameSource(() => undefined);
    const reading = ended.next();
    ended.end();
    ended.end(new StatusError('stalled', 'late'));
    expect([await reading, await ended.next()]).toEqual([
      { done: true, value: undefined },
      { done: true, value: undefined },
    ]);
    const failed = new FrameSource(() => frame);
    failed.end(new StatusError('stalled', 'x'));
    failed.poke();
    await expect(failed.next()).rejects.toMatchObject({ reason: 'stalled' });
  });
});

test('pauses double to their limit, each from half to the whole, and begin anew', () => {
  const low = new BackOff(20, 100, () => 0);
  expect([low.next(), low.next(), low.next(), low.next(), low.next()]).toEqual([10, 20, 40, 50, 50]);
  low.reset();
  expect(low.next()).toBe(10);
  expect(new BackOff(20, 100, () => 0.999).next()).toBeCloseTo(20, 1);
});
test('a rest ends by itself, or by news, and its timer with it', async () => {
  let cancelled = 0;
  const timers: (() => void)[] = [];
  const clock: Clock = {
    monotonicMs: () => 0,
    wallMs: () => 0,
    setTimer: (_, callback) => {
      timers.push(callback);
      return { cancel: () => void (cancelled += 1) };
    },
  };
  const wake = new Wake();
  const first = wake.rest(clock, 5);
  wake.wake();
  await first;
  const second = wake.rest(clock, 5);
  timers[1]?.();
  await second;
  const third = wake.rest(clock);
  wake.wake();
  await third;
  expect([timers.length, cancelled]).toEqual([2, 2]);
});
