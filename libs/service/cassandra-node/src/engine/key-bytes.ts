/** Partition keys put together. */
import { appendKeyComponent, Sink } from '@skerry/domain-table';

/** A partition key of its parts. */
export function joinKey(parts: readonly Uint8Array[]): Uint8Array {
  const [only] = parts;
  if (only !== undefined && parts.length === 1) return only;
  const sink = new Sink(64);
  for (const part of parts) appendKeyComponent(sink, { bytes: part, from: 0, size: part.length });
  return sink.bytes.slice(0, sink.length);
}
