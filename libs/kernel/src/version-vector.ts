/**
 * Version vectors: for each replica (node, or epoch of a log) the highest position seen.
 *
 * Source: D. S. Parker et al., "Detection of Mutual Inconsistency in Distributed Systems", 1983.
 */
import type { ByteReader } from './byte-reader.ts';
import type { ByteWriter } from './byte-writer.ts';

/** Key: node id or epoch id; value: position, from 1. An absent key is 0. */
export type VersionVector = ReadonlyMap<string, number>;
export type Causality = 'equal' | 'before' | 'after' | 'concurrent';

export const versionVectorZero: VersionVector = new Map();

export function compareVectors(a: VersionVector, b: VersionVector): Causality {
  let less = false;
  let greater = false;
  for (const [key, position] of a) {
    const other = b.get(key) ?? 0;
    if (position > other) greater = true;
    else if (position < other) less = true;
  }
  for (const [key, position] of b) if (position > (a.get(key) ?? 0)) less = true;
  if (less && greater) return 'concurrent';
  if (less) return 'before';
  return greater ? 'after' : 'equal';
}

/** The least vector that covers both. */
export function mergeVectors(a: VersionVector, b: VersionVector): VersionVector {
  const merged = new Map(a);
  for (const [key, position] of b) if (position > (merged.get(key) ?? 0)) merged.set(key, position);
  return merged;
}

export const advanceVector = (vector: VersionVector, key: string, position: number): VersionVector =>
  mergeVectors(vector, new Map([[key, position]]));

/** Sorted by key, so that equal vectors have equal bytes. */
export function writeVector(writer: ByteWriter, vector: VersionVector): void {
  const entries = [...vector].filter(([, position]) => position > 0).toSorted(([a], [b]) => (a < b ? -1 : 1));
  writer.u16(entries.length);
  for (const [key, position] of entries) writer.text(key).u64(position);
}

export function readVector(reader: ByteReader): VersionVector {
  const vector = new Map<string, number>();
  for (let left = reader.u16(); left > 0; left--) vector.set(reader.text(), reader.u64());
  return vector;
}
