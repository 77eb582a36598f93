/** A directory's entries in order of their names' bytes, in pieces: one name changes, and its readers keep what they had. */
import type { data } from '@skerry/proto';
import { listBatchCount } from './limits.ts';

type Batch = readonly data.DirectoryEntry[];
export type Batches = readonly Batch[];

/** In the order of UTF-8, which is that of code points; that of JavaScript's strings has surrogates before U+E000. */
export function compareNames(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const [x, y] = [a.charCodeAt(i), b.charCodeAt(i)];
    if (x === y) continue;
    if (isSurrogate(x) === isSurrogate(y)) return x - y;
    return isSurrogate(x) ? 1 : -1;
  }
  return a.length - b.length;
}
const isSurrogate = (unit: number): boolean => (unit & 0xf800) === 0xd800;

/** With the entry in the place of what bears its name; undefined: without it. `grown`: entries more. */
export function withName(
  batches: Batches,
  name: string,
  entry: data.DirectoryEntry | undefined,
): { readonly batches: Batches; readonly grown: number } {
  const at = firstFrom(batches, (batch) => compareNames(batch.at(-1)?.name ?? '', name) >= 0);
  // Behind all: into the last one.
  const which = Math.min(at, batches.length - 1);
  const batch = batches[which] ?? [];
  const place = firstFrom(batch, (each) => compareNames(each.name, name) >= 0);
  const found = batch[place]?.name === name ? 1 : 0;
  const changed = batch.toSpliced(place, found, ...(entry === undefined ? [] : [entry]));
  return {
    batches: batches.toSpliced(Math.max(0, which), 1, ...split(changed)),
    grown: changed.length - batch.length,
  };
}
function split(batch: Batch): readonly Batch[] {
  if (batch.length === 0) return [];
  if (batch.length <= listBatchCount) return [batch];
  const half = batch.length >> 1;
  return [batch.slice(0, half), batch.slice(half)];
}
/** Index of the first item that fits, in items of which all behind one that fits do; their count when none does. */
function firstFrom<T>(items: readonly T[], fits: (item: T) => boolean): number {
  let [low, high] = [0, items.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const item = items[middle];
    if (item !== undefined && fits(item)) high = middle;
    else low = middle + 1;
  }
  return low;
}
