import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { FrameReader } from './frame-reader.ts';
import type { EncodedColumns } from './metadata.ts';
import { ResponseWriter } from './response-writer.ts';
import {
  plainSegmentHeaderSizeBytes,
  readSegmentHeader,
  segmentPayloadSizeMaxBytes,
  segmentTrailerSizeBytes,
} from './segment.ts';

/** After its answer to STARTUP: all that follows is in segments. */
function started(): { readonly writer: ResponseWriter; readonly reader: FrameReader } {
  const writer = new ResponseWriter();
  const reader = new FrameReader({ direction: 'response' });
  writer.startup(5);
  writer.ready(0);
  reader.push(writer.take());
  expect(reader.next()).toBe('frame');
  reader.startup(5);
  return { writer, reader };
}
/** Streams and sizes of the frames in what was taken. */
function read(reader: FrameReader, bytes: Uint8Array): (readonly [stream: number, size: number])[] {
  const frames: (readonly [number, number])[] = [];
  reader.push(bytes);
  for (let outcome = reader.next(); outcome !== 'more'; outcome = reader.next()) {
    expect(outcome).toBe('frame');
    const { frame } = reader;
    for (let at = frame.start + 4; at < frame.end; at++)
      if (frame.buffer[at] !== frame.stream % 251) throw new Error('bytes');
    frames.push([frame.stream, frame.end - frame.start]);
  }
  return frames;
}
const noColumns: EncodedColumns = { version: 5, columnCount: 0, flags: 0, bytes: new Uint8Array(0) };
/** A frame with so many bytes behind its first four. */
const write = (writer: ResponseWriter, stream: number, size: number): void =>
  writer.prepared(stream, new Uint8Array(size).fill(stream % 251));

describe('frames in segments', () => {
  test('come out as they went in, whatever was taken back and whenever they are taken', () => {
    const size = fc.oneof(
      { weight: 6, arbitrary: fc.nat(3_000) },
      {
        weight: 1,
        arbitrary: fc.integer({ min: segmentPayloadSizeMaxBytes - 20, max: segmentPayloadSizeMaxBytes + 20 }),
      },
      { weight: 1, arbitrary: fc.constant(3 * segmentPayloadSizeMaxBytes) },
    );
    const step = fc.record({ size, takes: fc.boolean(), abandons: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
        const { writer, reader } = started();
        const wanted: (readonly [number, number])[] = [];
        const got: (readonly [number, number])[] = [];
        const taken: Uint8Array[] = [];
        for (const [stream, one] of steps.entries()) {
          if (one.abandons) {
            writer.beginRows(stream, noColumns, true);
            writer.abandon();
          }
          write(writer, stream, one.size);
          wanted.push([stream, one.size + 4]);
          if (one.takes) taken.push(writer.take());
        }
        taken.push(writer.take());
        expect(writer.length).toBe(0);
        // Read when all is written: nothing may have written over what was taken.
        for (const bytes of taken) got.push(...read(reader, bytes));
        expect(got).toEqual(wanted);
      }),
      { numRuns: 200 },
    );
  });
  test('come out as they went in, where what was taken is written over, and chunks are, when they were read', () => {
    const step = fc.record({ size: fc.nat(90_000), takes: fc.boolean(), reuses: fc.boolean(), cut: fc.nat() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
        const { writer, reader } = started();
        const memory = new Uint8Array(1024 * 1024);
        const wanted: (readonly [number, number])[] = [];
        const got: (readonly [number, number])[] = [];
        const hear = (bytes: Uint8Array): void => {
          memory.fill(0xff);
          memory.set(bytes);
          got.push(...read(reader, memory.subarray(0, bytes.length)));
        };
        for (const [stream, { size, takes, reuses, cut }] of steps.entries()) {
          write(writer, stream, size);
          wanted.push([stream, size + 4]);
          if (!takes) continue;
          const bytes = writer.take();
          const at = cut % (bytes.length + 1);
          hear(bytes.subarray(0, at));
          hear(bytes.subarray(at));
          if (reuses) writer.reuse();
        }
        hear(writer.take());
        expect(got).toEqual(wanted);
      }),
      { numRuns: 100 },
    );
  });
  test('that were not read are kept, though their chunk changes', () => {
    const { writer, reader } = started();
    for (const stream of [1, 2, 3]) write(writer, stream, 100 * stream);
    const bytes = writer.take().slice();
    reader.push(bytes);
    expect(reader.next()).toBe('frame');
    reader.keep();
    bytes.fill(0xff);
    write(writer, 4, 4);
    expect(read(reader, writer.take())).toEqual(
      [2, 3, 4].map((stream) => [stream, (stream === 4 ? 4 : 100 * stream) + 4]),
    );
  });
  test('that fit into one segment are one', () => {
    const { writer } = started();
    for (let stream = 0; stream < 100; stream++) write(writer, stream, 1000);
    const bytes = writer.take();
    const header = { payloadLength: 0, rawLength: 0, selfContained: false };
    expect(readSegmentHeader(bytes, 0, false, header)).toBe(true);
    expect(header).toEqual({
      payloadLength: bytes.length - plainSegmentHeaderSizeBytes - segmentTrailerSizeBytes,
      rawLength: 0,
      selfContained: true,
    });
  });
  test('of which none is left are nothing', () => {
    const { writer, reader } = started();
    writer.beginRows(1, noColumns, true);
    expect(writer.take()).toHaveLength(0);
    writer.abandon();
    expect(writer.length).toBe(0);
    expect(writer.take()).toHaveLength(0);
    write(writer, 7, 3);
    expect(read(reader, writer.take())).toEqual([[7, 7]]);
  });
});
