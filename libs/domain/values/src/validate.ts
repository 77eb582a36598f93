/** Whether bytes are a value of a type, with Cassandra's words when not. Source: Cassandra 5.0, `org.apache.cassandra.serializers`. */
import { isLexicalUuid } from './lexical-uuid.ts';
import { toHexPart, unreachable } from '@skerry/kernel';
import { collectionParts, fieldParts, fieldTypes, vectorParts } from './parts.ts';
import type { ListType, MapType, SetType, TupleType, UserType, ValueType, VectorType } from './type.ts';
import { asciiFault, isUtf8 } from './utf8-check.ts';
import { readVint } from './vint.ts';

/** What is wrong with the bytes; undefined: nothing. */
export const validate = (type: ValueType, bytes: Uint8Array): string | undefined =>
  validatePart(type, bytes, 0, bytes.length);

/** The same of the bytes [from, to): what is bound to a statement stands in its frame. */
export function validatePart(type: ValueType, bytes: Uint8Array, from: number, to: number): string | undefined {
  const size = to - from;
  switch (type.kind) {
    case 'text':
      return isUtf8(bytes, from, to) ? undefined : "String didn't validate.";
    case 'ascii': {
      const at = asciiFault(bytes, from, to);
      return at < 0 ? undefined : `Invalid byte for ascii: ${(bytes[at] ?? 0) - 256}`;
    }
    case 'int':
      return size === 4 || size === 0 ? undefined : `Expected 4 or 0 byte int (${size})`;
    case 'bigint':
    case 'counter':
      return size === 8 || size === 0 ? undefined : `Expected 8 or 0 byte long (${size})`;
    case 'timestamp':
      return size === 8 || size === 0 ? undefined : `Expected 8 or 0 byte long for date (${size})`;
    case 'uuid':
      return size === 16 || size === 0 ? undefined : `UUID should be 16 or 0 bytes (${size})`;
    case 'timeuuid':
      if (size === 0) return undefined;
      if (size !== 16) return `UUID should be 16 or 0 bytes (${size})`;
      return ((bytes[from + 6] ?? 0) & 0xf0) === 0x10
        ? undefined
        : `Invalid version for TimeUUID type: 0x${((bytes[from + 6] ?? 0) & 0x0f).toString(16)}`;
    case 'boolean':
      return size === 1 || size === 0 ? undefined : `Expected 1 or 0 byte value (${size})`;
    case 'smallint':
      return size === 2 ? undefined : `Expected 2 bytes for a smallint (${size})`;
    case 'tinyint':
      return size === 1 ? undefined : `Expected 1 byte for a tinyint (${size})`;
    case 'float':
      return size === 4 || size === 0 ? undefined : `Expected 4 or 0 byte value for a float (${size})`;
    case 'double':
      return size === 8 || size === 0 ? undefined : `Expected 8 or 0 byte value for a double (${size})`;
    case 'date':
      return size === 4 ? undefined : `Expected 4 byte long for date (${size})`;
    case 'time':
      return size === 8 ? undefined : `Expected 8 byte long for time (${size})`;
    case 'inet':
      if (size === 0 || size === 4 || size === 16) return undefined;
      return `Expected 4 or 16 byte inetaddress; got ${toHexPart(bytes, from, to)}`;
    case 'decimal':
      return size === 0 || size >= 4 ? undefined : `Expected 0 or at least 4 bytes (${size})`;
    case 'duration':
      return durationFault(bytes, from, to);
    case 'blob':
    case 'varint':
      return undefined;
    case 'custom':
      if (!isLexicalUuid(type) || size === 16 || size === 0) return undefined;
      return `LexicalUUID should be 16 or 0 bytes (${size})`;
    case 'list':
    case 'set':
    case 'map':
      return collectionFault(type, bytes.subarray(from, to));
    case 'tuple':
    case 'udt':
      return fieldsFault(type, bytes.subarray(from, to));
    case 'vector':
      return size === 0 ? 'Invalid empty vector value' : vectorFault(type, bytes.subarray(from, to));
    default:
      return unreachable(type);
  }
}

function durationFault(bytes: Uint8Array, from: number, to: number): string | undefined {
  if (to - from < 3) return `Expected at least 3 bytes for a duration (${to - from})`;
  const months = readVint(bytes, from, to);
  const days = months && readVint(bytes, months.next, to);
  const nanoseconds = days && readVint(bytes, days.next, to);
  if (months === undefined || days === undefined || nanoseconds === undefined)
    return 'Not enough bytes to read a duration';
  if (nanoseconds.next !== to) return 'Unexpected extraneous bytes after duration value';
  if (BigInt.asIntN(32, months.value) !== months.value)
    return `The duration months must be a 32 bits integer but was: ${months.value}`;
  if (BigInt.asIntN(32, days.value) !== days.value)
    return `The duration days must be a 32 bits integer but was: ${days.value}`;
  const all = [months.value, days.value, nanoseconds.value];
  if (all.every((value) => value >= 0n) || all.every((value) => value <= 0n)) return undefined;
  return `The duration months, days and nanoseconds must be all of the same sign (${all.join(', ')})`;
}

function collectionFault(type: ListType | SetType | MapType, bytes: Uint8Array): string | undefined {
  const parts = collectionParts(type.kind, bytes);
  if (!parts.ok) return parts.error;
  for (const [i, part] of parts.value.entries()) {
    const fault = validate(type.kind === 'map' ? (i % 2 === 0 ? type.key : type.value) : type.element, part);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function fieldsFault(type: TupleType | UserType, bytes: Uint8Array): string | undefined {
  const parts = fieldParts(type, bytes);
  if (!parts.ok) return parts.error;
  const types = fieldTypes(type);
  for (const [i, part] of parts.value.entries()) {
    const of = types[i];
    const fault = part === undefined || of === undefined ? undefined : validate(of, part);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function vectorFault(type: VectorType, bytes: Uint8Array): string | undefined {
  const parts = vectorParts(type, bytes);
  if (!parts.ok) return parts.error;
  for (const part of parts.value) {
    const fault = validate(type.element, part);
    if (fault !== undefined) return fault;
  }
  return undefined;
}
