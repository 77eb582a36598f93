/**
 * Compression of frames (v3, v4) and of segments (v5). The algorithms come in from outside.
 *
 * Source: native_protocol_v4.spec §5, native_protocol_v5.spec §2.3; Snappy's format description §1 (its preamble).
 */

import { compressLz4, decompressLz4 } from './lz4.ts';
import { compressSnappy, decompressSnappy } from './snappy.ts';

/** `lz4` means bare blocks; `snappy` blocks with their own length in front, as Snappy's raw format has them. */
export type Compression = {
  readonly name: 'lz4' | 'snappy';
  compress(bytes: Uint8Array): Uint8Array;
  /** @returns exactly `rawLength` bytes. @throws anything when the bytes are broken: it becomes a fault. */
  decompress(bytes: Uint8Array, rawLength: number): Uint8Array;
};

/** Bytes below which a body or a segment is sent as it is. */
export const compressedSizeMinBytes = 256;
const lengthSizeBytes = 4;
/** A length of 32 bits in groups of seven. */
const snappyLengthSizeMaxBytes = 5;

/** The raw length that a legacy frame's compressed body tells; -1: it tells none. */
function rawLengthOf(name: Compression['name'], bytes: Uint8Array, start: number, end: number): number {
  if (name === 'lz4') {
    if (end - start < lengthSizeBytes) return -1;
    const [a = 0, b = 0, c = 0, d = 0] = bytes.subarray(start, start + lengthSizeBytes);
    return a * 2 ** 24 + ((b << 16) | (c << 8) | d);
  }
  let length = 0;
  for (let i = 0; i < snappyLengthSizeMaxBytes && start + i < end; i++) {
    const byte = bytes[start + i] ?? 0;
    length += (byte & 0x7f) * 2 ** (7 * i);
    if (byte < 0x80) return length;
  }
  return -1;
}

/** Decompressed bytes, or why there are none. */
export function decompressBlock(compression: Compression, bytes: Uint8Array, rawLength: number): Uint8Array | string {
  try {
    const raw = compression.decompress(bytes, rawLength);
    return raw.length === rawLength
      ? raw
      : `Cannot decompress: ${raw.length} bytes came out where ${rawLength} were announced`;
  } catch (error) {
    return `Cannot decompress ${bytes.length} bytes of ${compression.name}: ${String(error)}`;
  }
}

/** Body of a v3 or v4 frame with the compression flag; a text says what is wrong with it. */
export function decompressBody(
  compression: Compression,
  bytes: Uint8Array,
  start: number,
  end: number,
  rawSizeMaxBytes: number,
): Uint8Array | string {
  const { name } = compression;
  const rawLength = rawLengthOf(name, bytes, start, end);
  if (rawLength < 0) return `Cannot decompress ${end - start} bytes of ${name}: they do not tell their length`;
  if (rawLength > rawSizeMaxBytes)
    return `Request is too big: length ${rawLength} exceeds maximum allowed length ${rawSizeMaxBytes}.`;
  if (rawLength === 0) return new Uint8Array(0);
  return decompressBlock(compression, bytes.subarray(name === 'lz4' ? start + lengthSizeBytes : start, end), rawLength);
}

/** The body of a v3 or v4 frame as it is sent with the compression flag. */
export function compressBody(compression: Compression, body: Uint8Array): Uint8Array {
  const block = compression.compress(body);
  if (compression.name === 'snappy') return block;
  const out = new Uint8Array(lengthSizeBytes + block.length);
  out[0] = body.length >>> 24;
  out[1] = body.length >>> 16;
  out[2] = body.length >>> 8;
  out[3] = body.length;
  out.set(block, lengthSizeBytes);
  return out;
}

/** In TypeScript, where nothing faster is at hand. */
export const lz4: Compression = { name: 'lz4', compress: compressLz4, decompress: decompressLz4 };
export const snappy: Compression = { name: 'snappy', compress: compressSnappy, decompress: decompressSnappy };
