import { describe, expect, test } from '@jest/globals';
import { crc32, fromHex, fromUtf8, toHex, utf8 } from '@skerry/kernel';
import fc from 'fast-check';
import { decompressBlock, lz4 } from './compression.ts';
import {
  crc24,
  payloadChecksum,
  readSegmentHeader,
  segmentPayloadSizeMaxBytes,
  segmentSizeOf,
  writeSegment,
  type SegmentHeader,
} from './segment.ts';

const hex = (text: string): Uint8Array => fromHex(text) ?? new Uint8Array(0);
const written = (payload: Uint8Array, selfContained: boolean, compressed: boolean): Uint8Array => {
  const out = new Uint8Array(segmentSizeOf(payload.length, compressed));
  return out.slice(0, writeSegment(out, 0, payload, selfContained, compressed ? lz4 : undefined, crc32));
};
const emptyHeader = (): SegmentHeader => ({ payloadLength: 0, rawLength: 0, selfContained: false });

describe('bytes of the Python driver', () => {
  test('a short segment', () =>
    expect(toHex(written(hex('050000020500000000'), true, false))).toBe('090002a4c8c10500000205000000001b27e000'));
  test('a short one of a compressed connection, sent as it is', () =>
    expect(toHex(written(utf8('abc'), true, true))).toBe('0300000004772283616263087a36c5'));
  test('a compressed one', () => {
    const bytes = hex('0f00200304e8a0c94f616263640400ff755064616263640e1d63b0');
    const header = emptyHeader();
    expect(readSegmentHeader(bytes, 0, true, header)).toBe(true);
    expect(header).toEqual({ payloadLength: 15, rawLength: 400, selfContained: true });
    const payload = bytes.subarray(8, 23);
    const raw = decompressBlock(lz4, payload, 400);
    expect(typeof raw === 'string' ? raw : fromUtf8(raw)).toBe('abcd'.repeat(100));
    expect(payloadChecksum(crc32, payload)).toBe(0xb0631d0e);
    expect(written(utf8('abcd'.repeat(100)), true, true).subarray(0, 8)).toEqual(bytes.subarray(0, 8));
  });
  test('a full one, the first of two', () => {
    const payload = Uint8Array.from({ length: segmentPayloadSizeMaxBytes }, (_, i) => i % 251);
    expect(toHex(written(payload, false, false).subarray(0, 6))).toBe('ffff013891fe');
  });
});

describe('header', () => {
  const length = fc.integer({ min: 0, max: segmentPayloadSizeMaxBytes });
  test('says what was written, compressed and not', () =>
    fc.assert(
      fc.property(length, fc.boolean(), fc.boolean(), (size, selfContained, compressed) => {
        const payload = new Uint8Array(size);
        const bytes = written(payload, selfContained, compressed);
        const header = emptyHeader();
        expect(readSegmentHeader(bytes, 0, compressed, header)).toBe(true);
        expect(header.selfContained).toBe(selfContained);
        const smaller = header.payloadLength < size;
        expect(header.rawLength).toBe(smaller ? size : 0);
        expect(smaller).toBe(compressed && size >= 256);
      }),
    ));
  test('any bit that changed is seen', () => {
    for (const compressed of [false, true]) {
      const bytes = written(new Uint8Array(100), true, compressed);
      for (let bit = 0; bit < (compressed ? 64 : 48); bit++) {
        const changed = bytes.slice();
        changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        expect(readSegmentHeader(changed, 0, compressed, emptyHeader())).toBe(false);
      }
    }
  });
  test('CRC-24 of nothing is its initial value', () => expect(crc24(new Uint8Array(0), 0, 0)).toBe(0x875060));
});
