/** What stands inside a value of several: elements, entries, fields. Source: native protocol v5 §6; CEP-30 for vectors. */
import { fail, ok, type Result } from '@skerry/kernel';
import { ByteSink } from './byte-sink.ts';
import { int32At } from './integers.ts';
import { typeName } from './type-name.ts';
import type { ListType, MapType, SetType, TupleType, UserType, ValueType, VectorType } from './type.ts';
import { readUnsignedVint, writeUnsignedVint } from './vint.ts';

export type Part = Uint8Array | undefined;
export type CollectionType = ListType | SetType | MapType;

/** Of a type all of whose values have it; undefined: they differ. Cassandra counts the small ones and time among those. */
export function fixedSizeBytes(type: ValueType): number | undefined {
  switch (type.kind) {
    case 'boolean':
      return 1;
    case 'int':
    case 'float':
      return 4;
    case 'bigint':
    case 'double':
    case 'timestamp':
      return 8;
    case 'uuid':
    case 'timeuuid':
      return 16;
    case 'vector': {
      const size = fixedSizeBytes(type.element);
      return size === undefined ? undefined : size * type.dimension;
    }
    case 'ascii':
    case 'blob':
    case 'counter':
    case 'custom':
    case 'date':
    case 'decimal':
    case 'duration':
    case 'inet':
    case 'list':
    case 'map':
    case 'set':
    case 'smallint':
    case 'text':
    case 'time':
    case 'tinyint':
    case 'tuple':
    case 'udt':
    case 'varint':
    default:
      return undefined;
  }
}

/** Elements; of a map keys and values by turns. The error is Cassandra's text. */
export function collectionParts(kind: CollectionType['kind'], bytes: Uint8Array): Result<Uint8Array[], string> {
  const short = fail(`Not enough bytes to read a ${kind}`);
  if (bytes.length < 4) return short;
  const count = int32At(bytes, 0);
  if (count < 0) return fail(`The data cannot be deserialized as a ${kind}`);
  const partCount = kind === 'map' ? 2 * count : count;
  // Each takes at least its length: a count that lies costs nothing.
  if (partCount * 4 > bytes.length - 4) return short;
  const parts: Uint8Array[] = [];
  let at = 4;
  for (let i = 0; i < partCount; i++) {
    if (at + 4 > bytes.length) return short;
    const length = int32At(bytes, at);
    if (length < 0) return fail('Null value read when not allowed');
    at += 4;
    if (length > bytes.length - at) return short;
    parts.push(bytes.subarray(at, at + length));
    at += length;
  }
  if (at !== bytes.length) return fail(`Unexpected extraneous bytes after ${kind} value`);
  return ok(parts);
}

export function collectionBytes(kind: CollectionType['kind'], parts: readonly Uint8Array[]): Uint8Array {
  const sink = new ByteSink();
  sink.int32(kind === 'map' ? parts.length / 2 : parts.length);
  for (const part of parts) {
    sink.int32(part.length);
    sink.raw(part);
  }
  return sink.copy();
}

/** Types of the fields of a tuple or user type, in order. */
export const fieldTypes = (type: TupleType | UserType): readonly ValueType[] =>
  type.kind === 'tuple' ? type.elements : type.fields.map((field) => field.type);

/** Those that are there: fewer than the type has when the rest is missing. */
export function fieldParts(type: TupleType | UserType, bytes: Uint8Array): Result<Part[], string> {
  const count = type.kind === 'tuple' ? type.elements.length : type.fields.length;
  const named = (i: number): string =>
    type.kind === 'tuple' ? `${i}th component` : `${i}th field ${type.fields[i]?.name ?? ''}`;
  const parts: Part[] = [];
  let at = 0;
  for (let i = 0; i < count && at < bytes.length; i++) {
    if (at + 4 > bytes.length) return fail(`Not enough bytes to read size of ${named(i)}`);
    const length = int32At(bytes, at);
    at += 4;
    if (length < 0) {
      parts.push(undefined);
      continue;
    }
    if (length > bytes.length - at) return fail(`Not enough bytes to read ${named(i)}`);
    parts.push(bytes.subarray(at, at + length));
    at += length;
  }
  if (at < bytes.length)
    return fail(
      type.kind === 'tuple'
        ? 'Invalid remaining data after end of tuple value'
        : 'Invalid remaining data after end of UDT value',
    );
  return ok(parts);
}
export function fieldBytes(parts: readonly Part[]): Uint8Array {
  const sink = new ByteSink();
  for (const part of parts) {
    sink.int32(part === undefined ? -1 : part.length);
    if (part !== undefined) sink.raw(part);
  }
  return sink.copy();
}

/** Of a vector that is not empty. */
export function vectorParts(type: VectorType, bytes: Uint8Array): Result<Uint8Array[], string> {
  const size = fixedSizeBytes(type.element);
  const parts: Uint8Array[] = [];
  let at = 0;
  for (let i = 0; i < type.dimension; i++) {
    let length = size;
    if (length === undefined) {
      const read = readUnsignedVint(bytes, at, bytes.length);
      if (read === undefined || read.value > BigInt(bytes.length))
        return fail(`Not enough bytes to read a ${typeName(type)}`);
      at = read.next;
      length = Number(read.value);
    }
    if (length > bytes.length - at) return fail(`Not enough bytes to read a ${typeName(type)}`);
    parts.push(bytes.subarray(at, at + length));
    at += length;
  }
  if (at !== bytes.length)
    return fail(`Unexpected ${bytes.length - at} extraneous bytes after ${typeName(type)} value`);
  return ok(parts);
}
export function vectorBytes(type: VectorType, parts: readonly Uint8Array[]): Uint8Array {
  const sized = fixedSizeBytes(type.element) !== undefined;
  const sink = new ByteSink();
  for (const part of parts) {
    if (!sized) writeUnsignedVint(sink, BigInt(part.length));
    sink.raw(part);
  }
  return sink.copy();
}
