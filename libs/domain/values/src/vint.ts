/** Numbers as long as they need: ones before the first zero say how many bytes follow. Source: native protocol v5 §3, `[unsigned vint]`, `[vint]`. */
import type { ByteSink } from './byte-sink.ts';

/** Bytes of the one that begins with `first`: 1 to 9. */
export const vintLength = (first: number): number => Math.clz32(~(first << 24)) + 1;

/** Of at most 64 bits; undefined: it goes past `to`. `next` is behind it. */
export function readUnsignedVint(
  bytes: Uint8Array,
  from: number,
  to: number,
): { readonly value: bigint; readonly next: number } | undefined {
  if (from >= to) return undefined;
  const first = bytes[from] ?? 0;
  const length = vintLength(first);
  if (from + length > to) return undefined;
  let value = BigInt(length >= 8 ? 0 : first & (0xff >> length));
  for (let i = 1; i < length; i++) value = (value << 8n) | BigInt(bytes[from + i] ?? 0);
  return { value, next: from + length };
}
/** Zigzag: small negative numbers are short. */
export function readVint(
  bytes: Uint8Array,
  from: number,
  to: number,
): { readonly value: bigint; readonly next: number } | undefined {
  const read = readUnsignedVint(bytes, from, to);
  return read && { value: (read.value >> 1n) ^ -(read.value & 1n), next: read.next };
}

export function writeUnsignedVint(sink: ByteSink, value: bigint): void {
  let extra = 0;
  while (extra < 8 && value >> BigInt(7 * (extra + 1)) !== 0n) extra++;
  const at = sink.take(extra + 1);
  for (let i = extra; i > 0; i--) sink.bytes[at + i] = Number((value >> BigInt(8 * (extra - i))) & 0xffn);
  const top = extra === 8 ? 0 : Number(value >> BigInt(8 * extra));
  sink.bytes[at] = ((0xff << (8 - extra)) & 0xff) | top;
}
export const writeVint = (sink: ByteSink, value: bigint): void =>
  writeUnsignedVint(sink, BigInt.asUintN(64, (value << 1n) ^ (value >> 63n)));
