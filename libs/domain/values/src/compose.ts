/** Values of several parts, put together as Cassandra serializes them. */
import { fail, ok, type Result } from '@skerry/kernel';
import { compare } from './compare.ts';
import { collectionBytes, collectionParts, fieldBytes, fieldParts, type Part, vectorBytes } from './parts.ts';
import type { TupleType, UserType, ValueType, VectorType } from './type.ts';

export const listBytes = (elements: readonly Uint8Array[]): Uint8Array => collectionBytes('list', elements);

/** In order, each once: of equal ones the first stays. */
export function setBytes(element: ValueType, elements: readonly Uint8Array[]): Uint8Array {
  const sorted = elements.toSorted((a, b) => compare(element, a, b));
  return collectionBytes(
    'set',
    sorted.filter((each, i) => isFirst(element, each, sorted[i - 1])),
  );
}
const isFirst = (type: ValueType, each: Uint8Array, before: Uint8Array | undefined): boolean =>
  before === undefined || compare(type, before, each) !== 0;

export type Entry = readonly [key: Uint8Array, value: Uint8Array];
/** In order of keys; of equal keys the last entry stays. */
export function mapBytes(key: ValueType, entries: readonly Entry[]): Uint8Array {
  const sorted = entries.toReversed().sort((a, b) => compare(key, a[0], b[0]));
  return collectionBytes('map', sorted.filter((each, i) => isFirst(key, each[0], sorted[i - 1]?.[0])).flat());
}
export function mapEntries(bytes: Uint8Array): Result<Entry[], string> {
  const parts = collectionParts('map', bytes);
  if (!parts.ok) return parts;
  const entries: Entry[] = [];
  for (let i = 0; i + 1 < parts.value.length; i += 2)
    entries.push([parts.value[i] ?? new Uint8Array(0), parts.value[i + 1] ?? new Uint8Array(0)]);
  return ok(entries);
}

/** Of a tuple or user type; fields that are not given are null. */
export const fieldsValue = (parts: readonly Part[]): Uint8Array => fieldBytes(parts);
/** All fields of the type: those that the bytes lack are null. */
export function allFields(type: TupleType | UserType, bytes: Uint8Array): Result<Part[], string> {
  const parts = fieldParts(type, bytes);
  if (!parts.ok) return parts;
  const count = type.kind === 'tuple' ? type.elements.length : type.fields.length;
  return ok(Array.from({ length: count }, (_, i) => parts.value[i]));
}

export function vectorValue(type: VectorType, elements: readonly Uint8Array[]): Result<Uint8Array, string> {
  if (elements.length !== type.dimension)
    return fail(`Required ${type.dimension} elements, but saw ${elements.length}`);
  return ok(vectorBytes(type, elements));
}
