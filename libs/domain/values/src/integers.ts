/** Whole numbers of CQL as bytes, big-endian, two's complement. Source: native protocol v5 §6. */

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

export const int32At = (bytes: Uint8Array, at: number): number =>
  ((bytes[at] ?? 0) << 24) | ((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0);

/** A view costs more than a copy of eight bytes. */
const scratch = new Uint8Array(8);
const scratchView = viewOf(scratch);
function copied(bytes: Uint8Array, at: number, size: number): DataView {
  for (let i = 0; i < size; i++) scratch[i] = bytes[at + i] ?? 0;
  return scratchView;
}
export const int64At = (bytes: Uint8Array, at: number): bigint => copied(bytes, at, 8).getBigInt64(0);
export const floatAt = (bytes: Uint8Array, at: number): number => copied(bytes, at, 4).getFloat32(0);
export const doubleAt = (bytes: Uint8Array, at: number): number => copied(bytes, at, 8).getFloat64(0);

/** The low 8 bits. */
export const int8Bytes = (value: number): Uint8Array => Uint8Array.of(value);
/** The low 16 bits. */
export const int16Bytes = (value: number): Uint8Array => Uint8Array.of(value >> 8, value);
/** The low 32 bits. */
export const int32Bytes = (value: number): Uint8Array => Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);
/** The low 64 bits. */
export function int64Bytes(value: bigint): Uint8Array {
  const bytes = new Uint8Array(8);
  viewOf(bytes).setBigInt64(0, BigInt.asIntN(64, value));
  return bytes;
}
export function floatBytes(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  viewOf(bytes).setFloat32(0, value);
  return bytes;
}
export function doubleBytes(value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  viewOf(bytes).setFloat64(0, value);
  return bytes;
}

const hexOf = (bytes: Uint8Array): string => {
  let text = '';
  for (const byte of bytes) text += byte < 16 ? `0${byte.toString(16)}` : byte.toString(16);
  return text;
};

/** A number of any size. No bytes: 0. */
export function varintOf(bytes: Uint8Array): bigint {
  if (bytes.length === 0) return 0n;
  return BigInt.asIntN(8 * bytes.length, BigInt(`0x${hexOf(bytes)}`));
}
/** As short as it can be. */
export function varintBytes(value: bigint): Uint8Array {
  const magnitude = value < 0n ? -value - 1n : value;
  // One bit more, for the sign.
  const digits = magnitude.toString(16);
  const bitCount = 4 * (digits.length - 1) + (32 - Math.clz32(Number.parseInt(digits.charAt(0), 16))) + 1;
  const bytes = new Uint8Array(Math.max(1, Math.ceil(bitCount / 8)));
  const text = digits.padStart(2 * bytes.length, '0');
  const flip = value < 0n ? 0xff : 0;
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(text.slice(2 * i, 2 * i + 2), 16) ^ flip;
  return bytes;
}
