/** Counters: for each host a shard of 16 bytes of host id, i64 clock, i64 count; sorted by host. */
import { compareRanges } from './sink.ts';

export const shardSizeBytes = 32;
const hostSizeBytes = 16;

/** Of each host the shard with the higher clock. Source: Cassandra 5.0, CounterContext.merge. */
export function mergeShards(a: Uint8Array, b: Uint8Array): Uint8Array {
  const merged = new Uint8Array(a.length + b.length);
  let size = 0;
  let i = 0;
  let j = 0;
  const take = (from: Uint8Array, at: number): void => {
    merged.set(from.subarray(at, at + shardSizeBytes), size);
    size += shardSizeBytes;
  };
  while (i < a.length && j < b.length) {
    const order = compareRanges(a, i, i + hostSizeBytes, b, j, j + hostSizeBytes);
    if (order < 0) take(a, i);
    else if (order > 0) take(b, j);
    else if (shardWins(a, i, b, j)) take(a, i);
    else take(b, j);
    if (order <= 0) i += shardSizeBytes;
    if (order >= 0) j += shardSizeBytes;
  }
  for (; i < a.length; i += shardSizeBytes) take(a, i);
  for (; j < b.length; j += shardSizeBytes) take(b, j);
  return merged.subarray(0, size);
}

/** By clock, then by count. Both are signed; clocks are never negative. */
function shardWins(a: Uint8Array, i: number, b: Uint8Array, j: number): boolean {
  const byClock = compareRanges(a, i + 16, i + 24, b, j + 16, j + 24);
  if (byClock !== 0) return byClock > 0;
  const aNegative = (a[i + 24] as number) >= 0x80;
  const bNegative = (b[j + 24] as number) >= 0x80;
  if (aNegative !== bNegative) return bNegative;
  return compareRanges(a, i + 24, i + 32, b, j + 24, j + 32) >= 0;
}

/** The counter's value as an i64, left in the eight bytes at `to` of `into`. */
export function sumShards(bytes: Uint8Array, from: number, size: number, into: DataView, to: number): void {
  let hi = 0;
  let lo = 0;
  for (let at = from; at < from + size; at += shardSizeBytes) {
    const sum = lo + word(bytes, at + 28);
    hi = (hi + word(bytes, at + 24) + (sum > 0xffffffff ? 1 : 0)) | 0;
    lo = sum >>> 0;
  }
  into.setInt32(to, hi);
  into.setUint32(to + 4, lo);
}
const word = (bytes: Uint8Array, at: number): number =>
  (((bytes[at] as number) << 24) |
    ((bytes[at + 1] as number) << 16) |
    ((bytes[at + 2] as number) << 8) |
    (bytes[at + 3] as number)) >>>
  0;
