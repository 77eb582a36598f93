/**
 * Snappy's raw format in TypeScript: for where there is no native one.
 *
 * Source: github.com/google/snappy, format_description.txt. Anything that it reads is checked.
 */

const matchSizeMinBytes = 4;
/** Bytes of one copy element. */
const copySizeMaxBytes = 64;
const hashBits = 13;
const skipShift = 5;
/** A copy of three bytes makes 64. */
const expansionMax = 64;
const table = new Int32Array(1 << hashBits);

const read32 = (bytes: Uint8Array, at: number): number =>
  (bytes[at] as number) |
  ((bytes[at + 1] as number) << 8) |
  ((bytes[at + 2] as number) << 16) |
  ((bytes[at + 3] as number) << 24);

function writeLiterals(out: Uint8Array, start: number, bytes: Uint8Array, from: number, to: number): number {
  let at = start;
  const length = to - from;
  if (length === 0) return at;
  const told = length - 1;
  if (told < 60) out[at++] = told << 2;
  else {
    const size = told < 1 << 8 ? 1 : told < 1 << 16 ? 2 : told < 1 << 24 ? 3 : 4;
    out[at++] = (59 + size) << 2;
    for (let i = 0; i < size; i++) out[at++] = told >>> (8 * i);
  }
  out.set(bytes.subarray(from, to), at);
  return at + length;
}

export function compressSnappy(bytes: Uint8Array): Uint8Array {
  const size = bytes.length;
  const out = new Uint8Array(32 + size + Math.ceil(size / 6));
  table.fill(-1);
  let end = 0;
  let rest = size;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) out[end++] = (rest & 0x7f) | 0x80;
  out[end++] = rest;
  let anchor = 0;
  let misses = 1 << skipShift;
  for (let at = 0; at + matchSizeMinBytes <= size;) {
    const sequence = read32(bytes, at);
    const slot = Math.imul(sequence, 0x1e35a7bd) >>> (32 - hashBits);
    const match = table[slot] as number;
    table[slot] = at;
    if (match < 0 || at - match > 0xffff || read32(bytes, match) !== sequence) {
      at += misses++ >>> skipShift;
      continue;
    }
    misses = 1 << skipShift;
    let length = matchSizeMinBytes;
    while (at + length < size && bytes[at + length] === bytes[match + length]) length += 1;
    end = writeLiterals(out, end, bytes, anchor, at);
    const offset = at - match;
    for (let left = length; left > 0;) {
      const part = Math.min(left, copySizeMaxBytes);
      out[end++] = ((part - 1) << 2) | 2;
      out[end++] = offset;
      out[end++] = offset >>> 8;
      left -= part;
    }
    at += length;
    anchor = at;
  }
  return out.subarray(0, writeLiterals(out, end, bytes, anchor, size));
}

/** @throws RangeError when the bytes are broken, or do not hold exactly `rawLength`. */
export function decompressSnappy(bytes: Uint8Array, rawLength: number): Uint8Array {
  const size = bytes.length;
  if (rawLength > size * expansionMax) throw new RangeError(`${size} bytes of Snappy hold no ${rawLength}`);
  const out = new Uint8Array(rawLength);
  let at = 0;
  while (at < size && (bytes[at] as number) >= 0x80) at += 1;
  at += 1;
  let end = 0;
  const number = (count: number): number => {
    if (at + count > size) throw new RangeError(`the Snappy bytes end in an element, at ${at}`);
    let value = 0;
    for (let i = 0; i < count; i++) value += (bytes[at + i] as number) * 2 ** (8 * i);
    at += count;
    return value;
  };
  while (at < size) {
    const tag = bytes[at++] as number;
    const kind = tag & 3;
    if (kind === 0) {
      const told = tag >>> 2;
      const length = (told < 60 ? told : number(told - 59)) + 1;
      if (length > size - at || length > rawLength - end) throw new RangeError(`Snappy literals run out at ${at}`);
      out.set(bytes.subarray(at, at + length), end);
      at += length;
      end += length;
      continue;
    }
    const length = kind === 1 ? ((tag >>> 2) & 7) + 4 : (tag >>> 2) + 1;
    const offset = kind === 1 ? ((tag >>> 5) << 8) | number(1) : number(kind === 2 ? 2 : 4);
    if (offset === 0 || offset > end || length > rawLength - end)
      throw new RangeError(`Snappy copy of ${length} at distance ${offset} does not fit at ${end}`);
    if (offset >= length) out.copyWithin(end, end - offset, end - offset + length);
    else for (let i = 0; i < length; i++) out[end + i] = out[end + i - offset] as number;
    end += length;
  }
  if (end !== rawLength) throw new RangeError(`the Snappy bytes hold ${end}, not ${rawLength}`);
  return out;
}
