/** Bytes of partition keys. Source: Cassandra 5.0, CompositeType: `[u16 size][bytes][0]` for each of several components. */
import { StatusError } from '@skerry/kernel';
import type { Part } from './mutation-writer.ts';
import type { Sink } from './sink.ts';

const componentSizeMaxBytes = 65_535;

/** Appends one component of a key that has several; a key of one component is its bytes as they are. */
export function appendKeyComponent(sink: Sink, { bytes, from, size }: Part): void {
  if (size > componentSizeMaxBytes)
    throw new StatusError('too_large', `Key length of ${size} is longer than maximum of 65535`);
  sink.reserve(size + 3);
  sink.view.setUint16(sink.length, size);
  sink.length += 2;
  sink.append(bytes, from, size);
  sink.reserve(1);
  sink.bytes[sink.length] = 0;
  sink.length += 1;
}
/** Where each component of a key of `count` begins and how long it is, as [from, size] pairs. Undefined: it is no such key. */
export function keyComponents(key: Uint8Array, from: number, size: number, count: number): Int32Array | undefined {
  if (count === 1) return Int32Array.of(from, size);
  const parts = new Int32Array(2 * count);
  const end = from + size;
  let at = from;
  for (let i = 0; i < count; i++) {
    if (at + 3 > end) return undefined;
    const length = ((key[at] as number) << 8) | (key[at + 1] as number);
    parts[2 * i] = at + 2;
    parts[2 * i + 1] = length;
    at += length + 3;
  }
  return at === end ? parts : undefined;
}
