/**
 * v5's outer framing: header with CRC-24, payload, CRC-32. All of it is little-endian.
 *
 * Source: native_protocol_v5.spec §2; Cassandra's `net/Crc.java`. The polynomial is Ph. Koopman's.
 */
import { crc32, type Checksum } from '@skerry/kernel';
import { compressedSizeMinBytes, type Compression } from './compression.ts';

/** Bytes of a segment's payload, compressed or not: 17 bits. */
export const segmentPayloadSizeMaxBytes = 131_071;
export const plainSegmentHeaderSizeBytes = 6;
export const compressedSegmentHeaderSizeBytes = 8;
export const segmentTrailerSizeBytes = 4;

const crc24Initial = 0x875060;
const crc24Polynomial = 0x1974f0b;
const crc24Table = Int32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 16;
  for (let bit = 0; bit < 8; bit++) {
    crc <<= 1;
    if (crc & 0x1000000) crc ^= crc24Polynomial;
  }
  return crc & 0xffffff;
});

/** Of the bytes [start, end). */
export function crc24(bytes: Uint8Array, start: number, end: number): number {
  let crc = crc24Initial;
  for (let at = start; at < end; at++)
    crc = ((crc << 8) & 0xffffff) ^ (crc24Table[((crc >>> 16) ^ (bytes[at] as number)) & 0xff] as number);
  return crc;
}

/** Every CRC-32 begins behind these bytes, so that zeros are not the checksum of zeros. */
const crc32Initial = crc32(Uint8Array.of(0xfa, 0x2d, 0x55, 0xca));
export const payloadChecksum = (checksum: Checksum, payload: Uint8Array): number => checksum(payload, crc32Initial);

/** Header of a segment as read; reused. */
export type SegmentHeader = { payloadLength: number; rawLength: number; selfContained: boolean };

/** @returns whether its checksum holds. `rawLength` is 0 when the payload is not compressed. */
export function readSegmentHeader(bytes: Uint8Array, at: number, compressed: boolean, into: SegmentHeader): boolean {
  const size = compressed ? 5 : 3;
  const byte = (i: number): number => bytes[at + i] as number;
  const low = byte(0) | (byte(1) << 8) | (byte(2) << 16);
  into.payloadLength = low & 0x1ffff;
  if (compressed) {
    const high = byte(3) | (byte(4) << 8);
    into.rawLength = ((low >>> 17) & 0x7f) | ((high & 0x3ff) << 7);
    into.selfContained = (high & 0x400) !== 0;
  } else {
    into.rawLength = 0;
    into.selfContained = (low & 0x20000) !== 0;
  }
  return crc24(bytes, at, at + size) === (byte(size) | (byte(size + 1) << 8) | (byte(size + 2) << 16));
}

function writeHeader(
  out: Uint8Array,
  at: number,
  payloadLength: number,
  rawLength: number,
  selfContained: boolean,
  compressed: boolean,
): void {
  const size = compressed ? 5 : 3;
  const bit17 = compressed ? rawLength & 1 : selfContained ? 1 : 0;
  out[at] = payloadLength;
  out[at + 1] = payloadLength >>> 8;
  out[at + 2] = ((payloadLength >>> 16) & 1) | (bit17 << 1) | (compressed ? ((rawLength >>> 1) << 2) & 0xfc : 0);
  if (compressed) {
    out[at + 3] = rawLength >>> 7;
    out[at + 4] = ((rawLength >>> 15) & 3) | (selfContained ? 4 : 0);
  }
  const crc = crc24(out, at, at + size);
  out[at + size] = crc;
  out[at + size + 1] = crc >>> 8;
  out[at + size + 2] = crc >>> 16;
}

/** The longest segment that `payloadLength` bytes can make. */
export const segmentSizeOf = (payloadLength: number, compressed: boolean): number =>
  (compressed ? compressedSegmentHeaderSizeBytes : plainSegmentHeaderSizeBytes) +
  payloadLength +
  segmentTrailerSizeBytes;

/** Writes one segment at `at`; returns where it ends. What compression does not make smaller stays as it is. */
export function writeSegment(
  out: Uint8Array,
  at: number,
  payload: Uint8Array,
  selfContained: boolean,
  compression: Compression | undefined,
  checksum: Checksum,
): number {
  const isCompressed = compression !== undefined;
  const packed = isCompressed && payload.length >= compressedSizeMinBytes ? compression.compress(payload) : payload;
  const smaller = packed.length < payload.length;
  const body = smaller ? packed : payload;
  writeHeader(out, at, body.length, smaller ? payload.length : 0, selfContained, isCompressed);
  const start = at + (isCompressed ? compressedSegmentHeaderSizeBytes : plainSegmentHeaderSizeBytes);
  out.set(body, start);
  const end = start + body.length;
  writeTrailer(out, end, payloadChecksum(checksum, body));
  return end + segmentTrailerSizeBytes;
}

/** Fills header and trailer of a segment whose payload stands between them already: whole frames, not compressed. */
export function sealSegment(segment: Uint8Array, checksum: Checksum): void {
  const end = segment.length - segmentTrailerSizeBytes;
  writeHeader(segment, 0, end - plainSegmentHeaderSizeBytes, 0, true, false);
  writeTrailer(segment, end, payloadChecksum(checksum, segment.subarray(plainSegmentHeaderSizeBytes, end)));
}
function writeTrailer(out: Uint8Array, end: number, crc: number): void {
  out[end] = crc;
  out[end + 1] = crc >>> 8;
  out[end + 2] = crc >>> 16;
  out[end + 3] = crc >>> 24;
}
