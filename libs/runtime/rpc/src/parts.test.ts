/** The small parts, each alone. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { codes, crc32, crc32c, NodeId, Prng, reasons, StatusError, type Reason } from '@skerry/kernel';
import { common } from '@skerry/proto';
import type { Clock } from '@skerry/runtime-world';
import { chunkOf, chunkSizeMaxBytes, verifiedBytes } from './chunk.ts';
import { CuttableStream, type StreamEnd } from './cuttable-stream.ts';
import { Deadlines } from './deadlines.ts';
import { lengthDelimited } from './descriptors.ts';
import { Encoded } from './encoded.ts';
import { endMark, isEndMark } from './end-mark.ts';
import { abortError, forCaller, fromWireStatus, toWireStatus } from './errors.ts';
import { scanHeader } from './header-scan.ts';
import { Headers } from './header.ts';
import { messageIds } from './message-id.ts';
import { errorMessageLengthMax, sendBufferMaxBytes } from './limits.ts';
import { Outbox } from './outbox.ts';
import { ProgressWatch } from './progress.ts';
import { VectorClock, vectorClockNodesMax } from './vector-clock.ts';

/** Time that stands still until it is moved. */
class HandClock implements Clock {
  #nowMs = 0;
  readonly #timers = new Set<{ dueMs: number; callback: () => void }>();
  monotonicMs = (): number => this.#nowMs;
  wallMs = (): number => this.#nowMs;
  setTimer = (delayMs: number, callback: () => void) => {
    const timer = { dueMs: this.#nowMs + delayMs, callback };
    this.#timers.add(timer);
    return { cancel: () => void this.#timers.delete(timer) };
  };
  get timers(): number {
    return this.#timers.size;
  }
  advance(ms: number): void {
    const endMs = this.#nowMs + ms;
    for (;;) {
      const next = [...this.#timers].sort((a, b) => a.dueMs - b.dueMs)[0];
      if (next === undefined || next.dueMs > endMs) break;
      this.#nowMs = next.dueMs;
      this.#timers.delete(next);
      next.callback();
    }
    this.#nowMs = endMs;
  }
}

describe('errors', () => {
  test('every reason travels there and back', () => {
    for (const reason of Object.keys(reasons) as Reason[]) {
      const { code, details, detail } = toWireStatus(new StatusError(reason, `why ${reason}`));
      expect(code).toBe(codes[reasons[reason]].wire);
      expect(fromWireStatus(code, details, detail)).toMatchObject({ reason, message: `why ${reason}` });
    }
  });
  test("a stranger's status gets a reason of its code, where there is one that says no more", () => {
    for (const { wire } of Object.values(codes)) {
      const failure = fromWireStatus(wire, 'from a proxy', undefined);
      const exact = codes[failure.code].wire === wire;
      expect(exact || failure.reason === 'unexpected').toBe(true);
    }
    expect(fromWireStatus(14, '', undefined).reason).toBe('connection_lost');
    expect(fromWireStatus(99, '', undefined).reason).toBe('unexpected');
  });
  test('a reason that we do not know, and bytes that are no detail, fall back to the code', () => {
    const detail = common.ErrorDetail.encode({ reason: 'of_tomorrow', message: 'm' }).finish();
    expect(fromWireStatus(8, 'd', detail)).toMatchObject({ reason: 'overloaded', message: 'd' });
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        expect(fromWireStatus(5, 'd', bytes)).toBeInstanceOf(StatusError);
      }),
    );
  });
  test('a message has a limit', () => {
    const { details } = toWireStatus(new StatusError('quota', 'x'.repeat(100_000)));
    expect(details).toHaveLength(errorMessageLengthMax);
  });
  test('the caller gets no cause, and nothing of a bug', () => {
    const given = forCaller(new StatusError('quota', 'full', { cause: 'secret' }), 'data_1', 'id');
    expect(given).toMatchObject({ reason: 'quota', message: 'full' });
    expect(given.cause).toBeUndefined();
    expect(forCaller(new Error('secret'), 'data_1', 'id').message).not.toContain('secret');
  });
  test('an abort without a reason of ours is `cancelled`', () => {
    expect(abortError(AbortSignal.abort('enough'))).toMatchObject({ reason: 'cancelled' });
    expect(abortError(AbortSignal.abort(new StatusError('stalled', 's')))).toMatchObject({ reason: 'stalled' });
  });
});

describe('header', () => {
  const base = { messageId: 'm', destination: 'data_1', operation: 'skerry.x.v1.X/Y' };
  const nodeId = fc.stringMatching(/^[a-z0-9][a-z0-9_-]{0,62}$/);
  test('is encoded as the generated code does it', () => {
    const counts = fc.array(fc.tuple(nodeId, fc.maxSafeNat()), { maxLength: 70 });
    fc.assert(
      fc.property(counts, fc.string({ minLength: 1 }), fc.string({ minLength: 1 }), (seen, messageId, operation) => {
        const clock = new VectorClock(NodeId('data_1'));
        clock.merge(Object.fromEntries(seen));
        const headers = new Headers(NodeId('data_1'), clock);
        const bytes = headers.encode({ ...base, messageId, operation });
        const header = common.Header.decode(bytes);
        expect(header).toMatchObject({ messageId, source: 'data_1', destination: 'data_1', operation });
        const { vectorClock, ...rest } = header;
        expect({ ...vectorClock }).toEqual({ ...headers.make(base).vectorClock, data_1: 1 });
        expect(Buffer.from(common.Header.encode({ ...rest, vectorClock }).finish()).equals(bytes)).toBe(true);
      }),
      { numRuns: 50 },
    );
  });
  test('is scanned as the generated code decodes it, or left to that', () => {
    const count = fc.maxSafeInteger().map((value) => Math.abs(value) || 1);
    const counts = fc.dictionary(nodeId, count, { maxKeys: 70, noNullPrototype: true });
    const text = fc.string({ unit: 'grapheme', maxLength: 140 });
    fc.assert(
      fc.property(counts, text, text, (vectorClock, messageId, destination) => {
        const header = { messageId, source: 'auth_1', destination, operation: base.operation, vectorClock };
        const bytes = Buffer.from(common.Header.encode(header).finish());
        const long = [messageId, destination].some((field) => Buffer.byteLength(field) > 127);
        expect(scanHeader(bytes)).toEqual(long ? undefined : { messageId, destination, vectorClock });
      }),
    );
  });
  for (const [name, hex] of [
    ['field that is unknown', '3201ff'],
    ['length beyond the end', '0a05ff'],
    ['tag alone', '0a'],
    ['entry without a count', '2a030a0161'],
    ['entry with more than key and count', '2a070a0161100118' + '01'],
    ['count beyond 2^53', '2a0c0a016110ffffffffffffff7f'],
    ['count that does not end', '2a050a0161' + '10ff'],
  ] as const)
    test(`is left to the generated code: ${name}`, () => {
      expect(scanHeader(Buffer.from(hex, 'hex'))).toBeUndefined();
    });
  const headers = () => new Headers(NodeId('data_1'), new VectorClock(NodeId('data_1')));
  test('what is no header is `malformed`, what is for another `no_such_node`; nothing else is ever thrown', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        try {
          return ['', 'data_1'].includes(headers().read(Buffer.from(bytes)).destination);
        } catch (thrown) {
          return thrown instanceof StatusError && ['malformed', 'no_such_node'].includes(thrown.reason);
        }
      }),
    );
    expect(() => headers().read(Buffer.alloc(10_000))).toThrow('Cannot read message header of 10000 bytes');
    expect(() => headers().read(headers().encode({ ...base, destination: 'data_2' }))).toThrow('this is node "data_1"');
  });
  test('without a destination it is for whoever reads it', () => {
    expect(headers().read(headers().encode({ ...base, destination: '' })).messageId).toBe('m');
  });
});

describe('message ids', () => {
  test('are UUIDs of version 4 (RFC 9562), no two alike, whatever the draw', () => {
    const prng = new Prng(1);
    const next = messageIds((count) => prng.bytes(count));
    const made = Array.from({ length: 600 }, next);
    for (const id of made) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(new Set(made).size).toBe(made.length);
  });
});

describe('vector clock', () => {
  test('meetings of neighbours leave what messages would', () => {
    const nodes = ['a', 'b', 'c', 'far'];
    const meeting = fc.record({ from: fc.nat(2), to: fc.nat(2), far: fc.option(fc.integer({ min: 1, max: 9 })) });
    fc.assert(
      fc.property(fc.array(meeting, { maxLength: 40 }), (meetings) => {
        const [direct, byMessage] = [0, 1].map(() => nodes.map((name) => new VectorClock(NodeId(name)))) as [
          VectorClock[],
          VectorClock[],
        ];
        for (const { from, to, far } of meetings) {
          if (from === to) continue;
          // News of a node that is no neighbour.
          if (far !== null) for (const clocks of [direct, byMessage]) clocks[from]?.merge({ far });
          direct[to]?.meet(direct[from] as VectorClock);
          byMessage[to]?.merge({ ...byMessage[from]?.tick() });
        }
        for (const at of [0, 1, 2]) expect({ ...direct[at]?.tick() }).toEqual({ ...byMessage[at]?.tick() });
      }),
    );
  });
  const clock = () => new VectorClock(NodeId('data_1'));
  test('counts own events, keeps the greatest count heard of others', () => {
    const one = clock();
    one.merge({ auth_1: 5, auth_2: 1 });
    one.merge({ auth_1: 3, auth_2: 2 });
    expect({ ...one.tick() }).toEqual({ data_1: 1, auth_1: 5, auth_2: 2 });
  });
  test('nobody else counts our events', () => {
    const one = clock();
    one.merge({ data_1: 1_000 });
    expect({ ...one.tick() }).toEqual({ data_1: 1 });
  });
  test('names and counts of no sense are left out', () => {
    const one = clock();
    one.merge({ '': 1, 'A B': 1, __proto__: 1, x: -1, y: 1.5, z: Number.NaN } as Record<string, number>);
    expect({ ...one.tick() }).toEqual({ data_1: 1 });
  });
  test('beyond the limit the node heard from longest ago is forgotten', () => {
    const one = clock();
    for (let i = 0; i < vectorClockNodesMax; i++) {
      one.merge({ [`n${i}`]: 1 });
      one.merge({ n0: 2 + i });
    }
    const counts = one.tick();
    expect(Object.keys(counts)).toHaveLength(vectorClockNodesMax);
    expect(counts['n0']).toBeDefined();
    expect(counts['n1']).toBeUndefined();
    expect(one.size).toBe(vectorClockNodesMax);
  });
});

describe('chunks', () => {
  const checksums = { checksum: crc32c, crc32 };
  test('a chunk holds the same memory and its checksum', () => {
    const bytes = new Uint8Array([1, 2, 3]);
    const chunk = chunkOf(bytes, crc32);
    expect(chunk.data).toBe(bytes);
    expect(verifiedBytes(chunk, checksums)).toBe(bytes);
  });
  test('a flipped bit anywhere is `corrupt`', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 100 }), fc.nat(), (bytes, at) => {
        const chunk = { data: bytes.slice(), crc32c: 0, crc32: crc32(bytes) };
        const index = at % bytes.length;
        chunk.data[index] = (chunk.data[index] ?? 0) ^ (1 << (at % 8));
        expect(() => verifiedBytes(chunk, checksums)).toThrow('its CRC-32 is');
      }),
    );
  });
  test('one of a stranger, with a CRC-32C alone, is checked by that', () => {
    const data = new Uint8Array([1, 2, 3]);
    expect(verifiedBytes({ data, crc32c: crc32c(data), crc32: undefined }, checksums)).toBe(data);
    expect(() => verifiedBytes({ data, crc32c: crc32(data), crc32: undefined }, checksums)).toThrow('its CRC-32C is');
  });
  test('what was verified goes on with its checksum, which is not made again', () => {
    const data = new Uint8Array([4, 5, 6]);
    verifiedBytes({ data, crc32c: 0, crc32: crc32(data) }, checksums);
    const again = chunkOf(data, () => {
      throw new Error('made again');
    });
    expect(again.crc32).toBe(crc32(data));
  });
  test('a chunk over the limit is refused', () => {
    const chunk = chunkOf(new Uint8Array(chunkSizeMaxBytes + 1), crc32);
    expect(() => verifiedBytes(chunk, checksums)).toThrow(`limit ${chunkSizeMaxBytes}`);
  });
});

describe('progress watch', () => {
  test('a touch puts the end off; silence brings it once', () => {
    const clock = new HandClock();
    let stalls = 0;
    const watch = new ProgressWatch(clock, 100, () => (stalls += 1));
    clock.advance(99);
    watch.touch();
    clock.advance(99);
    expect(stalls).toBe(0);
    clock.advance(1);
    expect(stalls).toBe(1);
    clock.advance(1_000);
    expect([stalls, clock.timers]).toEqual([1, 0]);
  });
  test('stopped, it leaves no timer', () => {
    const clock = new HandClock();
    new ProgressWatch(clock, 100, () => undefined).stop();
    expect(clock.timers).toBe(0);
  });
});

describe('deadlines', () => {
  const call = (expired: string[], name: string) => ({ expire: () => void expired.push(name) });
  test('each ends at its time, those taken out do not, and one timer serves all of a duration', () => {
    const clock = new HandClock();
    const deadlines = new Deadlines(clock);
    const expired: string[] = [];
    const [a, b, c, short] = ['a', 'b', 'c', 'short'].map((name) => call(expired, name));
    deadlines.add(100, a!);
    clock.advance(40);
    const lane = deadlines.add(100, b!);
    clock.advance(10);
    deadlines.add(100, c!);
    deadlines.add(20, short!);
    expect(clock.timers).toBe(2);
    deadlines.remove(lane, b!);
    clock.advance(20);
    expect(expired).toEqual(['short']);
    clock.advance(30);
    expect(expired).toEqual(['short', 'a']);
    clock.advance(50);
    expect(expired).toEqual(['short', 'a', 'c']);
    expect(clock.timers).toBe(0);
  });
  test('stopped, it leaves no timer', () => {
    const clock = new HandClock();
    const deadlines = new Deadlines(clock);
    deadlines.add(100, call([], 'x'));
    deadlines.stop();
    expect(clock.timers).toBe(0);
  });
});

describe('cuttable stream', () => {
  async function* numbers(count: number) {
    for (let i = 0; i < count; i++) yield i;
  }
  const stream = (source: AsyncIterable<number>, ahead = false) => {
    const ends: StreamEnd[] = [];
    return {
      ends,
      it: new CuttableStream(
        source,
        (n: number) => n * 2,
        (end) => ends.push(end),
        ahead,
      ),
    };
  };
  test.each([false, true])('gives what the source gives, mapped (ahead: %s)', async (ahead) => {
    const { it, ends } = stream(numbers(4), ahead);
    const got = [];
    for await (const n of it) got.push(n);
    expect([got, ends]).toEqual([[0, 2, 4, 6], [{}]]);
    expect(await it.next()).toEqual({ done: true, value: undefined });
  });
  test('a cut reaches a reader that waits on a stuck source', async () => {
    const stuck = { [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => undefined) }) };
    const { it, ends } = stream(stuck);
    const waiting = it.next();
    it.cut(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    await expect(it.next()).rejects.toThrow('enough');
    expect(ends).toEqual([]);
  });
  test('a reader that stops stops the source', async () => {
    let stopped = false;
    async function* source() {
      try {
        yield 1;
        yield 2;
      } finally {
        stopped = true;
      }
    }
    const { it, ends } = stream(source());
    for await (const n of it) {
      expect(n).toBe(2);
      break;
    }
    expect([stopped, ends]).toEqual([true, [{ returned: true }]]);
  });
  test('a source that fails, and a map that throws, end the stream', async () => {
    const failure = new Error('broken');
    async function* broken() {
      yield 1;
      throw failure;
    }
    const { it, ends } = stream(broken(), true);
    await it.next();
    await expect(it.next()).rejects.toThrow('broken');
    expect(ends).toEqual([{ failure }]);
    const mapped = new CuttableStream(
      numbers(1),
      () => {
        throw failure;
      },
      () => undefined,
    );
    await expect(mapped.next()).rejects.toThrow('broken');
  });
});

describe('outbox', () => {
  const encoded = (size: number): Encoded => new Encoded([new Uint8Array(size)]);
  test('takes what fits, then makes the sender wait, one write at a time', async () => {
    const written: (() => void)[] = [];
    const outbox = new Outbox((_bytes, done) => written.push(done));
    const half = encoded(sendBufferMaxBytes / 2);
    expect(outbox.send(half)).toBeUndefined();
    const room = outbox.send(half);
    expect(room).toBeInstanceOf(Promise);
    expect(written).toHaveLength(1);
    written[0]?.();
    await room;
    expect(written).toHaveLength(2);
    const drained = outbox.drained();
    written[1]?.();
    await drained;
  });
  test('small messages are bounded in number too', () => {
    const outbox = new Outbox(() => undefined);
    let count = 0;
    while (outbox.send(encoded(0)) === undefined) count += 1;
    expect(count).toBeLessThan(5_000);
  });
  test('a failure reaches whoever waits, and whoever comes later', async () => {
    const outbox = new Outbox(() => undefined);
    const waiting = outbox.send(encoded(sendBufferMaxBytes));
    const drained = outbox.drained();
    outbox.fail(new StatusError('stalled', 's'));
    await expect(waiting).rejects.toMatchObject({ reason: 'stalled' });
    await expect(drained).rejects.toMatchObject({ reason: 'stalled' });
    expect(() => outbox.send(encoded(1))).toThrow('s');
  });
});

describe('wire odds and ends', () => {
  test('the end mark is an unknown field to every message', () => {
    expect(isEndMark(Buffer.from(endMark))).toBe(true);
    expect(isEndMark(Buffer.alloc(0))).toBe(false);
    expect(common.Chunk.decode(endMark)).toEqual({ data: Buffer.alloc(0), crc32c: 0, crc32: undefined });
  });
  test('descriptors are read as encoded: fields with a length, others skipped', () => {
    const bytes = common.Chunk.encode({ data: new Uint8Array([1, 2]), crc32c: 300, crc32: undefined }).finish();
    expect(lengthDelimited(bytes)).toEqual([{ number: 1, bytes: new Uint8Array([1, 2]) }]);
  });
});
