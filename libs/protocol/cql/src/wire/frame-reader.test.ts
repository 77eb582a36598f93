import { describe, expect, test } from '@jest/globals';
import { concatBytes, crc32, fromHex, utf8 } from '@skerry/kernel';
import fc from 'fast-check';
import { errorCodes, opcodes, type ProtocolVersion } from './codes.ts';
import { compressBody, lz4, type Compression } from './compression.ts';
import { FrameReader } from './frame-reader.ts';
import { RequestWriter } from './request-writer.ts';
import { ResponseWriter } from './response-writer.ts';
import { writeSegment } from './segment.ts';
import { compressionsOf, cutInto, readAll, stream, version, versions } from './wire-fixture.ts';

const hex = (text: string): Uint8Array => fromHex(text) ?? new Uint8Array(0);
const requests = { direction: 'request' } as const;
const frame = (first: number, opcode: number, body: Uint8Array, onStream = 258, flags = 0): Uint8Array =>
  concatBytes([
    Uint8Array.of(first, flags, onStream >>> 8, onStream, opcode),
    Uint8Array.of(body.length >>> 24, body.length >>> 16, body.length >>> 8, body.length),
    body,
  ]);
const nothing = new Uint8Array(0);
const options = frame(4, opcodes.options, nothing);
const queryText = (size: number): Uint8Array => new Uint8Array(size).fill(0x61);

describe('faults', () => {
  const unsupported = (told: number): string =>
    `Invalid or unsupported protocol version (${told}); supported versions are (3/v3, 4/v4, 5/v5)`;
  const rows: readonly [string, Uint8Array, string, number, ProtocolVersion, number, boolean][] = [
    ['DSE 2', frame(66, 1, nothing), unsupported(66), 258, 5, errorCodes.protocol, true],
    ['DSE 1', frame(65, 1, nothing), unsupported(65), 258, 5, errorCodes.protocol, true],
    ['version 6', frame(6, 1, nothing), unsupported(6), 258, 5, errorCodes.protocol, true],
    ['version 0', frame(0, 1, nothing), unsupported(0), 1, 5, errorCodes.protocol, true],
    ['version 2, whose stream has one byte', hex('0200070100000000'), unsupported(2), 7, 5, errorCodes.protocol, true],
    ['version 1, stream −1', hex('0100ff'), unsupported(1), -1, 5, errorCodes.protocol, true],
    ['HTTP', utf8('GET / HTTP/1.1'), unsupported(0x47), 0x5420, 5, errorCodes.protocol, true],
    [
      'a response',
      frame(0x84, 2, nothing),
      'Wrong protocol direction (expected REQUEST, got RESPONSE) for opcode 2',
      258,
      4,
      errorCodes.protocol,
      true,
    ],
    [
      "a response's opcode",
      frame(4, 8, nothing),
      'Wrong protocol direction (expected REQUEST, got RESPONSE) for opcode 8',
      258,
      4,
      errorCodes.protocol,
      true,
    ],
    ['CREDENTIALS, which v1 had', frame(3, 4, nothing), 'Unknown opcode 4', 258, 3, errorCodes.protocol, false],
    ['an unknown opcode', frame(5, 0x7f, utf8('abc')), 'Unknown opcode 127', 258, 5, errorCodes.protocol, false],
    [
      'a body over the limit',
      frame(4, 7, queryText(101), -2),
      'Request is too big: length 101 exceeds maximum allowed length 100.',
      -2,
      4,
      errorCodes.invalid,
      false,
    ],
    [
      'compressed, when nothing was agreed',
      frame(4, 7, utf8('x'), 3, 1),
      'Cannot read a compressed frame: no compression was agreed in STARTUP',
      3,
      4,
      errorCodes.protocol,
      false,
    ],
  ];
  for (const [what, bytes, message, onStream, inVersion, code, fatal] of rows)
    test(what, () => {
      const whole = concatBytes([bytes, options]);
      for (const chunks of [
        [whole],
        cutInto(
          whole,
          Array.from(whole, (_, i) => i / whole.length),
        ),
      ]) {
        const { frames, faults } = readAll(chunks, { ...requests, bodySizeMaxBytes: 100 });
        expect(faults).toEqual([
          expect.objectContaining({ message, stream: onStream, version: inVersion, code, fatal }),
        ]);
        expect(frames.length).toBe(fatal ? 0 : 1);
      }
    });

  test('a second version on one connection', () => {
    const { faults } = readAll([frame(3, 5, nothing)], requests, (reader) => reader.startup(4));
    expect(faults).toEqual([
      expect.objectContaining({
        message: 'Invalid message version. Got 3/v3 but previous messages on this connection had version 4/v4',
        version: 4,
        fatal: true,
      }),
    ]);
  });
  test('a fatal one stays', () => {
    const reader = new FrameReader(requests);
    reader.push(hex('42000000'));
    expect([reader.next(), reader.next()]).toEqual(['fault', 'fault']);
    reader.push(options);
    expect(reader.next()).toBe('fault');
  });
  test('an announced length takes no memory before its bytes come', () => {
    const readers = Array.from({ length: 4000 }, () => {
      const reader = new FrameReader(requests);
      reader.push(hex('04000001070fffffff00'));
      expect(reader.next()).toBe('more');
      return reader;
    });
    // 4,000 times 256 MiB would not be there.
    expect(readers.length).toBe(4000);
  });
  test('a compressed body that would be too large', () => {
    const body = concatBytes([hex('7fffffff'), queryText(20)]);
    const { frames, faults } = readAll([frame(4, 7, body, 9, 1), options], requests, (reader) =>
      reader.startup(4, lz4),
    );
    expect(faults.map((fault) => fault.message)).toEqual([
      'Request is too big: length 2147483647 exceeds maximum allowed length 268435456.',
    ]);
    expect(frames.length).toBe(1);
  });
});

describe('a frame that lies whole in a chunk', () => {
  test('is not copied', () => {
    const reader = new FrameReader(requests);
    const chunk = concatBytes([options, frame(4, 7, queryText(10)), options.subarray(0, 3)]);
    reader.push(chunk);
    const seen: [boolean, number, number][] = [];
    while (reader.next() === 'frame') seen.push([reader.frame.buffer === chunk, reader.frame.start, reader.frame.end]);
    expect(seen).toEqual([
      [true, 9, 9],
      [true, 18, 28],
    ]);
  });
  test('nor is one in a segment', () => {
    const writer = new RequestWriter();
    writer.started(5);
    writer.options(1);
    writer.register(2, ['STATUS_CHANGE']);
    const chunk = writer.take();
    const reader = new FrameReader(requests);
    reader.startup(5);
    reader.push(chunk);
    expect(reader.next()).toBe('frame');
    expect(reader.next()).toBe('frame');
    expect(reader.frame.buffer.buffer).toBe(chunk.buffer);
  });
});

describe('any chunks', () => {
  const sizes = fc.array(fc.oneof({ weight: 8, arbitrary: fc.nat(300) }, { weight: 1, arbitrary: fc.nat(400_000) }), {
    maxLength: 6,
  });
  const cuts = fc.array(fc.double({ min: 0, max: 0.999, noNaN: true }), { maxLength: 20 });
  for (const of of versions)
    for (const compression of compressionsOf(of))
      test(`v${of} ${compression?.name ?? 'plain'} gives what was written`, () =>
        fc.assert(
          fc.property(sizes, cuts, stream, (lengths, places, first) => {
            const writer = new RequestWriter();
            writer.version = of;
            writer.started(of, compression);
            for (const [i, length] of lengths.entries())
              writer.authResponse(
                (first + i) & 0x7fff,
                Uint8Array.from({ length }, (_, at) => (i % 2 === 0 ? at : Math.imul(at, 0x9e3779b1) >>> 13)),
              );
            const chunks = cutInto(writer.take(), places);
            const { frames, faults } = readAll(chunks, requests, (reader) => reader.startup(of, compression));
            expect(faults).toEqual([]);
            expect(frames.map((one) => [one.stream, one.opcode, one.version, one.body.length])).toEqual(
              lengths.map((length, i) => [(first + i) & 0x7fff, opcodes.authResponse, of, length + 4]),
            );
            for (const [i, one] of frames.entries())
              for (let at = 0; at < one.body.length - 4; at += 97)
                if (one.body[at + 4] !== ((i % 2 === 0 ? at : Math.imul(at, 0x9e3779b1) >>> 13) & 0xff))
                  expect([i, at]).toBe('the byte that was written');
          }),
          { numRuns: 40 },
        ));
});

describe('STARTUP and its answer', () => {
  for (const of of versions)
    for (const compression of compressionsOf(of))
      test(`v${of} ${compression?.name ?? 'plain'}: the answer is the last without segments`, () => {
        const server = new ResponseWriter();
        server.startup(of, compression);
        server.ready(1);
        const ready = server.take();
        expect([ready[0], ready.length]).toEqual([0x80 | of, 9]);
        server.authenticate(2, 'x'.repeat(1000));
        server.void(3);
        const rest = server.take();
        if (of === 5 || compression !== undefined) expect(rest.length === 9 + 1002 + 13).toBe(false);
        const { frames } = readAll([rest], { direction: 'response' }, (reader) => reader.startup(of, compression));
        expect(frames.map((one) => [one.stream, one.body.length])).toEqual([
          [2, 1002],
          [3, 4],
        ]);
      });
  test('v5: both sides of it may leave in one piece', () => {
    const server = new ResponseWriter();
    server.startup(5);
    server.ready(1);
    server.void(2);
    const bytes = server.take();
    const reader = new FrameReader({ direction: 'response' });
    reader.push(bytes);
    expect([reader.next(), reader.frame.opcode]).toEqual(['frame', opcodes.ready]);
    reader.startup(5);
    expect([reader.next(), reader.frame.stream, reader.next()]).toEqual(['frame', 2, 'more']);
  });
});

describe('segments', () => {
  const segmented = (compression: Compression | undefined, ...sizes: number[]): Uint8Array => {
    const writer = new RequestWriter();
    writer.started(5, compression);
    for (const size of sizes) writer.authResponse(1, new Uint8Array(size));
    return writer.take().slice();
  };
  const kinds = (bytes: Uint8Array): string[] =>
    readAll([bytes], requests, (reader) => reader.startup(5)).faults.map((fault) => `${fault.kind} ${fault.fatal}`);
  test('many frames in one, a long one in several', () => {
    expect(segmented(undefined, 10, 10, 10).length).toBe(10 + 3 * (9 + 4 + 10));
    expect(segmented(undefined, 131_071).length).toBe(2 * 10 + 9 + 4 + 131_071);
  });
  test('a flipped bit is a fatal fault wherever it is', () => {
    const good = segmented(undefined, 30, 30);
    for (let at = 0; at < good.length; at++) {
      const bad = good.slice();
      bad[at] = (bad[at] ?? 0) ^ 0x10;
      expect(kinds(bad)).toEqual(['checksum true']);
    }
  });
  test('a self-contained one whose last frame is cut', () => {
    const out = new Uint8Array(100);
    const cut = frame(5, opcodes.query, queryText(30)).subarray(0, 20);
    const end = writeSegment(out, 0, concatBytes([frame(5, opcodes.options, nothing), cut]), true, undefined, crc32);
    expect(kinds(out.subarray(0, end))).toEqual(['segment true']);
  });
  test('a self-contained one inside of a frame of several', () => {
    const first = segmented(undefined, 200_000).subarray(0, 131_071 + 10);
    expect(kinds(concatBytes([first, segmented(undefined, 1)]))).toEqual(['segment true']);
  });
  test('compressed to nothing that can be read', () => {
    const writer = new RequestWriter();
    writer.started(5, { name: 'lz4', compress: (raw) => raw.slice(1), decompress: lz4.decompress });
    writer.authResponse(1, new Uint8Array(1000));
    const { faults } = readAll([writer.take()], requests, (reader) => reader.startup(5, lz4));
    expect(faults.map((fault) => fault.kind)).toEqual(['compression']);
  });
});

test('an LZ4 body of the driver: four bytes of length, big-endian', () => {
  const body = compressBody(lz4, utf8('hello hello hello hello hello hello'));
  expect(body.subarray(0, 4)).toEqual(Uint8Array.of(0, 0, 0, 35));
});

test('random bytes end in frames or faults, in every version', () =>
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 8 }),
      version,
      fc.boolean(),
      (chunks, of, started) => {
        const first = chunks[0];
        if (first !== undefined && first.length > 0 && !started) first[0] = of;
        const { faults } = readAll(chunks, requests, (reader) => {
          if (started) reader.startup(of, lz4);
        });
        for (const fault of faults) expect(fault.message).not.toBe('');
      },
    ),
    { numRuns: 2000 },
  ));
