/** Ranges of ordered clustering bytes, as sorted lists of ranges that do not touch. */

import { concatBytes } from '@skerry/kernel';

const empty = new Uint8Array(0);
const zero = new Uint8Array(1);

/** Bytes in [from, to); `to` undefined: no bound. */
export type ByteRange = { readonly from: Uint8Array; readonly to: Uint8Array | undefined };
export const everything: ByteRange = { from: empty, to: undefined };

export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const difference = (a[i] as number) - (b[i] as number);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}
export const joined = (a: Uint8Array, b: Uint8Array): Uint8Array => concatBytes([a, b]);
/** The first bytes behind all that begin with `prefix`; undefined: there are none. */
export function behind(prefix: Uint8Array): Uint8Array | undefined {
  let length = prefix.length;
  while (length > 0 && prefix[length - 1] === 0xff) length -= 1;
  if (length === 0) return undefined;
  const out = prefix.slice(0, length);
  out[length - 1] = (out[length - 1] as number) + 1;
  return out;
}
/** All that begin with it. */
export const prefixRange = (prefix: Uint8Array): ByteRange => ({ from: prefix, to: behind(prefix) });
/** The first bytes behind exactly these. */
export const following = (bytes: Uint8Array): Uint8Array => joined(bytes, zero);

const isEmpty = ({ from, to }: ByteRange): boolean => to !== undefined && compareBytes(from, to) >= 0;
const lowerOf = (a: Uint8Array | undefined, b: Uint8Array | undefined): Uint8Array | undefined =>
  a === undefined ? b : b === undefined ? a : compareBytes(a, b) <= 0 ? a : b;

/** Sorted, those that overlap or touch made one. */
export function union(ranges: readonly ByteRange[]): readonly ByteRange[] {
  const sorted = ranges.filter((range) => !isEmpty(range)).toSorted((a, b) => compareBytes(a.from, b.from));
  const out: ByteRange[] = [];
  for (const range of sorted) {
    const last = out.at(-1);
    if (last === undefined || (last.to !== undefined && compareBytes(last.to, range.from) < 0)) out.push(range);
    else if (last.to !== undefined && (range.to === undefined || compareBytes(range.to, last.to) > 0))
      out[out.length - 1] = { from: last.from, to: range.to };
  }
  return out;
}
/** Of two sorted lists. */
export function intersection(a: readonly ByteRange[], b: readonly ByteRange[]): readonly ByteRange[] {
  const out: ByteRange[] = [];
  for (const left of a)
    for (const right of b) {
      const from = compareBytes(left.from, right.from) >= 0 ? left.from : right.from;
      const both = { from, to: lowerOf(left.to, right.to) };
      if (!isEmpty(both)) out.push(both);
    }
  return out;
}
