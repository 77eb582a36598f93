import { concatBytes, prefixEnd } from './bytes.ts';
import type { KeyRange, KeyValue, OrderedReader, OrderedWriter } from './ordered-store.ts';

/** The part of a store whose keys start with `prefix`, seen without it: one store holds several that cannot meet. */
export function prefixedReader(inner: OrderedReader, prefix: Uint8Array): OrderedReader {
  const end = prefixEnd(prefix);
  return {
    get: (key) => inner.get(concatBytes([prefix, key])),
    range: (range) => strippedRange(inner, prefix, end, range),
  };
}

/** The same, to write in. */
export function prefixedWriter(inner: OrderedWriter, prefix: Uint8Array): OrderedWriter {
  const reader = prefixedReader(inner, prefix);
  return {
    get: reader.get,
    range: reader.range,
    put: (key, value) => inner.put(concatBytes([prefix, key]), value),
    delete: (key) => inner.delete(concatBytes([prefix, key])),
  };
}

function* strippedRange(
  inner: OrderedReader,
  prefix: Uint8Array,
  end: Uint8Array | undefined,
  range: KeyRange,
): Iterable<KeyValue> {
  const { from, to } = range;
  const outer = {
    ...range,
    from: concatBytes([prefix, from]),
    to: to === undefined ? end : concatBytes([prefix, to]),
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
