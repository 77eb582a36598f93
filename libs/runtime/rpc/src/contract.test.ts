/** What callers and callees may rely on, whichever carrier is between them. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { StatusError } from '@skerry/kernel';
import { chunkOf } from './chunk.ts';
import { certificates, collect, startPair, until, type Pair } from './fixture.ts';
import { InProcessHub } from './in-process.ts';

const { issue, remove } = await certificates();
afterAll(remove);
const carriers = [
  ['tcp', (role?: string) => startPair({ role })],
  ['tcp with mutual TLS', (role?: string) => startPair({ role, tls: issue })],
  ['direct calls in the process', (role?: string) => startPair({ role, hub: new InProcessHub() })],
] as const;
/** Turns of the event loop, each of which looks at the sockets, after which what has not moved does not move. */
const standingTurns = 1_000;
async function standing(read: () => number): Promise<number> {
  let last = read();
  for (let turns = 0; turns < standingTurns; turns++) {
    await new Promise((resolve) => setImmediate(resolve));
    if (read() === last) continue;
    last = read();
    turns = 0;
  }
  return last;
}
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

describe.each(carriers)('over %s', (_carrier, start) => {
  let pair: Pair;
  beforeAll(async () => {
    pair = await start();
  });
  afterAll(() => pair.close());
  const chunk = (size: number, fill = 1) => chunkOf(new Uint8Array(size).fill(fill), pair.world.crc32);
  async function* chunks(count: number, size: number) {
    for (let i = 0; i < count; i++) yield { chunk: chunk(size, i) };
  }

  test('a unary call brings back what the handler gives, absent fields with their defaults', async () => {
    const answer = await pair.client.unary({ text: 'hé', data: new Uint8Array([1, 2]) });
    expect(answer).toMatchObject({ text: 'hé', callerNodeId: 'processing_1', callerRole: 'processing' });
    expect([...answer.data]).toEqual([1, 2]);
    expect(answer.messageId).toMatch(uuid);
  });
  test('the caller may choose the message id', async () => {
    const messageId = '01234567-89ab-4def-8123-456789abcdef';
    expect((await pair.client.unary({}, { messageId })).messageId).toBe(messageId);
  });
  test('a server stream brings each message in order', async () => {
    const messages = await collect(pair.client.serverStream({ count: 200, size: 5_000 }));
    expect(messages).toHaveLength(200);
    expect(messages.every(({ chunk: got }) => got?.data.length === 5_000 && got.data[4_999] === 7)).toBe(true);
  });
  test('a client stream brings each message and one answer', async () => {
    expect(await pair.client.clientStream(chunks(100, 10_000))).toEqual({ count: 100, size: 1_000_000 });
  });
  test('an empty client stream gets its answer too', async () => {
    expect(await pair.client.clientStream(chunks(0, 0))).toEqual({ count: 0, size: 0 });
  });
  test('a bidirectional stream carries both ways', async () => {
    const messages = await collect(pair.client.bidi(chunks(50, 3_000)));
    expect(messages.map(({ chunk: got }) => got?.data[0])).toEqual(Array.from({ length: 50 }, (_, i) => i));
  });
  test('a bidirectional stream runs although its answers are not yet read', async () => {
    let given = 0;
    async function* source() {
      while (given < 20) {
        given += 1;
        yield { chunk: chunk(10) };
      }
    }
    const answers = pair.client.bidi(source());
    await until(() => given >= 1);
    expect(await collect(answers)).toHaveLength(20);
  });

  test.each(['quota', 'not_leader', 'corrupt', 'token_expired', 'stalled'])(
    'reason %s comes back with its message',
    async (fail) => {
      await expect(pair.client.unary({ fail })).rejects.toMatchObject({
        reason: fail,
        message: `asked to fail: ${fail}`,
      });
    },
  );
  test('the cause of a failure stays with the callee', async () => {
    const failure = await pair.client.unary({ fail: 'quota' }).catch((thrown: StatusError) => thrown);
    expect((failure as StatusError).cause).toBeUndefined();
  });
  test('a bug in a handler is `unexpected` to the caller, and whole in the log', async () => {
    const failure = (await pair.client.unary({ fail: 'bug' }).catch((thrown: unknown) => thrown)) as StatusError;
    expect(failure).toMatchObject({ reason: 'unexpected' });
    expect(failure.message).not.toContain('secret');
    const event = pair.server.events.find((one) => one.event === 'rpc_handler_failed');
    expect(event).toMatchObject({ error: { message: 'secret insides' } });
  });
  test('a failure at the end of a stream comes after its messages', async () => {
    const got: unknown[] = [];
    const read = async () => {
      for await (const message of pair.client.serverStream({ count: 3, size: 1, fail: 'disk_full' })) got.push(message);
    };
    await expect(read()).rejects.toMatchObject({ reason: 'disk_full' });
    expect(got).toHaveLength(3);
  });
  test('a failure in a client stream ends the call before its source does', async () => {
    let stopped = false;
    async function* source() {
      try {
        yield { chunk: undefined };
        for (;;) yield { chunk: chunk(10) };
      } finally {
        stopped = true;
      }
    }
    await expect(pair.client.clientStream(source())).rejects.toMatchObject({ reason: 'malformed' });
    await until(() => stopped);
  });
  test('a source that fails is what the caller hears; the callee sees its caller go', async () => {
    const before = pair.seen.aborted.length;
    async function* source() {
      yield { chunk: chunk(10) };
      await until(() => released);
      throw new Error('my disk broke');
    }
    let released = false;
    const answers = pair.client.bidi(source());
    await answers[Symbol.asyncIterator]().next();
    released = true;
    await expect(collect(answers)).rejects.toMatchObject({ message: 'my disk broke' });
    await until(() => pair.seen.aborted.length > before);
    expect(pair.seen.aborted.at(-1)).toMatchObject({ reason: 'cancelled' });
  });

  test('a role that is not in the access table is refused, method and role named', async () => {
    const other = await start('routing');
    const refused = collect(other.client.bidi(chunks(1, 1)));
    await expect(refused).rejects.toMatchObject({
      reason: 'access_denied',
      message: 'Cannot call skerry.testing.v1.EchoService/Bidi as "routing": allowed are processing',
    });
    expect(await other.client.unary({ text: 'may' })).toMatchObject({ text: 'may', callerRole: 'routing' });
    await other.close();
  });
  test('a unary call past its deadline fails, and its handler is told', async () => {
    const before = pair.seen.aborted.length;
    await expect(pair.client.unary({ delayMs: 60_000 }, { deadlineMs: 40 })).rejects.toMatchObject({
      reason: 'deadline',
    });
    await until(() => pair.seen.aborted.length > before);
  });
  test('a stream without progress is stalled, and its handler is told', async () => {
    const before = pair.seen.aborted.length;
    async function* source() {
      yield { chunk: chunk(10) };
      await new Promise<never>(() => undefined);
    }
    const answers = collect(pair.client.bidi(source(), { progressDeadlineMs: 60 }));
    await expect(answers).rejects.toMatchObject({ reason: 'stalled', code: 'deadline_exceeded' });
    await until(() => pair.seen.aborted.length > before);
  });
  test('a stream that makes progress outlives its progress deadline', async () => {
    const progressDeadlineMs = 150;
    const end = performance.now() + 2 * progressDeadlineMs;
    let [given, answered] = [0, 0];
    async function* source() {
      for (; performance.now() < end; given++) {
        yield { chunk: chunk(10) };
        await until(() => answered > given);
      }
    }
    for await (const _ of pair.client.bidi(source(), { progressDeadlineMs })) answered += 1;
    expect(given).toBeGreaterThan(1);
    expect(answered).toBe(given);
  });

  test('an aborted signal cancels a unary call', async () => {
    const controller = new AbortController();
    const before = pair.seen.unary;
    const call = pair.client.unary({ delayMs: 60_000 }, { signal: controller.signal });
    void until(() => pair.seen.unary > before).then(() => controller.abort());
    await expect(call).rejects.toMatchObject({ reason: 'cancelled' });
    await expect(pair.client.unary({}, { signal: controller.signal })).rejects.toMatchObject({ reason: 'cancelled' });
  });
  test('an aborted signal cancels a stream, and its handler is told', async () => {
    const controller = new AbortController();
    const before = pair.seen.aborted.length;
    async function* source() {
      yield { chunk: chunk(10) };
      await new Promise<never>(() => undefined);
    }
    const answers = pair.client.bidi(source(), { signal: controller.signal });
    const iterator = answers[Symbol.asyncIterator]();
    expect((await iterator.next()).value).toMatchObject({ chunk: { crc32: expect.any(Number) } });
    controller.abort();
    await expect(iterator.next()).rejects.toMatchObject({ reason: 'cancelled' });
    await until(() => pair.seen.aborted.length > before);
  });
  test('a reader that stops cancels the stream; the producer is cleaned up', async () => {
    const before = pair.seen.cleanedUp;
    for await (const message of pair.client.serverStream({ count: 1_000_000, size: 1_000 })) {
      expect(message.chunk?.data).toHaveLength(1_000);
      break;
    }
    await until(() => pair.seen.cleanedUp > before);
  });
  test('a slow reader holds its producer back', async () => {
    const before = pair.seen.produced;
    const size = 256 * 1024;
    const iterator = pair.client.serverStream({ count: 4_000, size })[Symbol.asyncIterator]();
    await iterator.next();
    const last = await standing(() => pair.seen.produced);
    // Windows of 4 MiB, the buffers of both ends, and those of the sockets: far from the gigabyte that it would send.
    expect((last - before) * size).toBeLessThan(32 * 1024 * 1024);
    await iterator.return?.();
  });
  test('a slow handler holds its caller back', async () => {
    let given = 0;
    const size = 256 * 1024;
    async function* source() {
      for (; given < 4_000; given++) yield { chunk: chunk(size) };
    }
    const answers = pair.client.bidi(source())[Symbol.asyncIterator]();
    await answers.next();
    const last = await standing(() => given);
    expect(last * size).toBeLessThan(64 * 1024 * 1024);
    await answers.return?.();
  });

  test('the first message of a stream has a header, and one of each 64 after it', async () => {
    pair.seen.headers.length = 0;
    await pair.client.clientStream(chunks(130, 1));
    expect(pair.seen.headers).toHaveLength(3);
    expect(pair.seen.headers[0]).toMatchObject({
      messageId: expect.stringMatching(uuid),
      source: 'processing_1',
      destination: 'data_1',
      operation: 'skerry.testing.v1.EchoService/ClientStream',
    });
    const clock = (pair.seen.headers[0] as { vectorClock: Record<string, number> }).vectorClock;
    expect(clock['processing_1']).toBeGreaterThan(0);
    const [first, second] = await collect(pair.client.serverStream({ count: 2, size: 1 }));
    expect(first?.header).toMatchObject({ source: 'data_1', destination: 'processing_1' });
    expect(first?.header?.vectorClock['processing_1']).toBeGreaterThan(clock['processing_1'] ?? 0);
    expect(second?.header).toBeUndefined();
  });

  test('figures are counted on both sides', async () => {
    await pair.client.unary({});
    for (const [node, side] of [
      [pair.server, 'server'],
      [pair.caller, 'client'],
    ] as const) {
      const text = await node.metrics();
      expect(text).toMatch(
        new RegExp(`skerry_rpc_calls_total{[^}]*side="${side}",method="[^"]*EchoService/Unary",code="ok"[^}]*} [1-9]`),
      );
      expect(text).toMatch(new RegExp(`skerry_rpc_${side}_calls_in_flight{[^}]*} 0`));
      if (side === 'server') expect(text).toMatch(/skerry_rpc_call_seconds_count{[^}]*Unary[^}]*} [1-9]/);
    }
  });
  test('a node that drains answers `shutting_down`, and lets calls under way finish', async () => {
    const other = await start('processing');
    const slow = other.client.unary({ text: 'last', delayMs: 150 });
    await until(() => other.seen.unary === 1);
    const closed = other.server.rpc.close(5_000);
    await expect(other.client.unary({})).rejects.toMatchObject({ reason: 'shutting_down' });
    expect(await slow).toMatchObject({ text: 'last' });
    await closed;
    await expect(other.client.unary({})).rejects.toMatchObject({ code: 'unavailable' });
    await other.close();
  });
  test('calls that outlast the grace are cut', async () => {
    const other = await start('processing');
    const slow = other.client.unary({ delayMs: 60_000 }, { deadlineMs: 60_000 });
    await until(() => other.seen.unary === 1);
    void other.server.rpc.close(20);
    await expect(slow).rejects.toMatchObject({ code: 'unavailable' });
    await other.close();
  });
});
