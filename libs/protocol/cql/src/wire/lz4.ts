/**
 * LZ4 blocks in TypeScript: for where there is no native one. Greedy, one probe for each place.
 *
 * Source: the LZ4 block format (github.com/lz4/lz4, doc/lz4_Block_format.md). Anything that it reads is checked.
 */

const matchSizeMinBytes = 4;
/** The last match begins at least so far before the end, and so many last bytes are literals. */
const matchMarginBytes = 12;
const literalTailBytes = 5;
const hashBits = 13;
const runMask = 15;
const byteMax = 255;
/** After so many misses the search takes larger steps. */
const skipShift = 6;

const table = new Int32Array(1 << hashBits);

const read32 = (bytes: Uint8Array, at: number): number =>
  (bytes[at] as number) |
  ((bytes[at + 1] as number) << 8) |
  ((bytes[at + 2] as number) << 16) |
  ((bytes[at + 3] as number) << 24);

/** The rest of a length that its four bits could not hold. */
function writeLength(out: Uint8Array, start: number, length: number): number {
  let at = start;
  let rest = length - runMask;
  for (; rest >= byteMax; rest -= byteMax) out[at++] = byteMax;
  out[at++] = rest;
  return at;
}

function writeLiterals(out: Uint8Array, start: number, bytes: Uint8Array, from: number, to: number): number {
  const length = to - from;
  let at = start + 1;
  out[start] = Math.min(length, runMask) << 4;
  if (length >= runMask) at = writeLength(out, at, length);
  out.set(bytes.subarray(from, to), at);
  return at + length;
}

export function compressLz4(bytes: Uint8Array): Uint8Array {
  const size = bytes.length;
  const out = new Uint8Array(size + Math.ceil(size / byteMax) + 16);
  table.fill(-1);
  let end = 0;
  let anchor = 0;
  let misses = 1 << skipShift;
  for (let at = 0; at < size - matchMarginBytes;) {
    const sequence = read32(bytes, at);
    const slot = Math.imul(sequence, 0x9e3779b1) >>> (32 - hashBits);
    const match = table[slot] as number;
    table[slot] = at;
    if (match < 0 || at - match > 0xffff || read32(bytes, match) !== sequence) {
      at += misses++ >>> skipShift;
      continue;
    }
    misses = 1 << skipShift;
    let length = matchSizeMinBytes;
    while (at + length < size - literalTailBytes && bytes[at + length] === bytes[match + length]) length += 1;
    const token = end;
    end = writeLiterals(out, end, bytes, anchor, at);
    out[end++] = at - match;
    out[end++] = (at - match) >>> 8;
    const extra = length - matchSizeMinBytes;
    out[token] = (out[token] as number) | Math.min(extra, runMask);
    if (extra >= runMask) end = writeLength(out, end, extra);
    at += length;
    anchor = at;
  }
  return out.subarray(0, writeLiterals(out, end, bytes, anchor, size));
}

/** @throws RangeError when the block is broken, or does not hold exactly `rawLength` bytes. */
export function decompressLz4(bytes: Uint8Array, rawLength: number): Uint8Array {
  const size = bytes.length;
  // A byte of a block makes 255 at most: what announces more is no block, and gets no memory.
  if (rawLength > size * byteMax) throw new RangeError(`an LZ4 block of ${size} bytes holds no ${rawLength}`);
  const out = new Uint8Array(rawLength);
  let at = 0;
  let end = 0;
  const lengthOf = (nibble: number): number => {
    let length = nibble;
    if (nibble !== runMask) return length;
    for (;;) {
      if (at >= size) throw new RangeError(`the LZ4 block ends in a length, at ${at}`);
      const byte = bytes[at++] as number;
      length += byte;
      if (byte !== byteMax) return length;
    }
  };
  while (at < size) {
    const token = bytes[at++] as number;
    const literals = lengthOf(token >>> 4);
    if (literals > size - at || literals > rawLength - end) throw new RangeError(`LZ4 literals run out at ${at}`);
    out.set(bytes.subarray(at, at + literals), end);
    at += literals;
    end += literals;
    if (at === size) break;
    if (at + 2 > size) throw new RangeError(`the LZ4 block ends in an offset, at ${at}`);
    const offset = (bytes[at] as number) | ((bytes[at + 1] as number) << 8);
    at += 2;
    const length = lengthOf(token & runMask) + matchSizeMinBytes;
    if (offset === 0 || offset > end || length > rawLength - end)
      throw new RangeError(`LZ4 match of ${length} at distance ${offset} does not fit at ${end}`);
    if (offset >= length) out.copyWithin(end, end - offset, end - offset + length);
    else for (let i = 0; i < length; i++) out[end + i] = out[end + i - offset] as number;
    end += length;
  }
  if (end !== rawLength) throw new RangeError(`the LZ4 block holds ${end} bytes, not ${rawLength}`);
  return out;
}
