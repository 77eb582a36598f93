import { joinBytes, prefixEnd } from './bytes.ts';
import type { KeyRange, KeyValue, OrderedReader, OrderedWriter } from './ordered-store.ts';

/** The part of a store whose keys start with `prefix`, seen without it: one store holds several that cannot meet. */
export function prefixedReader(inner: OrderedReader, prefix: Uint8Array): OrderedReader {
  return {
    get: (key) => inner.get(joinBytes(prefix, key)),
    range: (range) => strippedRange(inner, prefix, range),
  };
}

/** The same, to write in. */
export function prefixedWriter(inner: OrderedWriter, prefix: Uint8Array): OrderedWriter {
  const reader = prefixedReader(inner, prefix);
  return {
    get: reader.get,
    range: reader.range,
    put: (key, value) => inner.put(joinBytes(prefix, key), value),
    delete: (key) => inner.delete(joinBytes(prefix, key)),
  };
}

function* strippedRange(inner: OrderedReader, prefix: Uint8Array, range: KeyRange): Iterable<KeyValue> {
  const { from, to } = range;
  const outer = {
    ...range,
    from: joinBytes(prefix, from),
    to: to === undefined ? prefixEnd(prefix) : joinBytes(prefix, to),
  };
  for (const [key, value] of inner.range(outer)) {
    yield [behind(key, prefix.length), value];
  }
}

/** A copy: for a few bytes it costs less than a view, and a listing has thousands of keys. */
function behind(key: Uint8Array, sizeBytes: number): Uint8Array {
  const rest = new Uint8Array(key.length - sizeBytes);
  for (let at = 0; at < rest.length; at++) rest[at] = key[sizeBytes + at] ?? 0;
  return rest;
}
