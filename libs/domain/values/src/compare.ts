/** The order of values: what sorts clustering columns, sets and maps. Source: Cassandra 5.0, `org.apache.cassandra.db.marshal`. */
import { unreachable } from '@skerry/kernel';
import { compareDecimals, decimalOf } from './decimal.ts';
import { doubleAt, floatAt, varintOf } from './integers.ts';
import { compareLexicalUuids, isLexicalUuid } from './lexical-uuid.ts';
import { collectionParts, fieldParts, fieldTypes, type Part, vectorParts } from './parts.ts';
import type { ListType, MapType, SetType, TupleType, UserType, ValueType, VectorType } from './type.ts';

/**
 * Negative, zero or positive. Both must be valid. Empty values come first. Of durations, which CQL does not order, by bytes.
 * Zero does not mean the same bytes: 1.0 and 1.00, or two NaN.
 */
export const compare = (type: ValueType, a: Uint8Array, b: Uint8Array): number =>
  comparePart(type, a, 0, a.length, b, 0, b.length);

/** The same of a's bytes [from, to) and b's. */
export function comparePart(
  type: ValueType,
  a: Uint8Array,
  aFrom: number,
  aTo: number,
  b: Uint8Array,
  bFrom: number,
  bTo: number,
): number {
  if (aFrom === aTo || bFrom === bTo) return aFrom === aTo ? (bFrom === bTo ? 0 : -1) : 1;
  switch (type.kind) {
    case 'ascii':
    case 'blob':
    case 'text':
    case 'inet':
    case 'date':
    case 'time':
    case 'duration':
      return compareRange(a, aFrom, aTo, b, bFrom, bTo);
    case 'custom':
      return isLexicalUuid(type) ? compareLexicalUuids(a, aFrom, b, bFrom) : compareRange(a, aFrom, aTo, b, bFrom, bTo);
    case 'tinyint':
    case 'smallint':
    case 'int':
    case 'bigint':
    case 'counter':
    case 'timestamp': {
      const first = signed(a, aFrom) - signed(b, bFrom);
      return first !== 0 ? first : compareRange(a, aFrom + 1, aTo, b, bFrom + 1, bTo);
    }
    case 'boolean':
      return Number(a[aFrom] !== 0) - Number(b[bFrom] !== 0);
    case 'float':
      return compareFloats(floatAt(a, aFrom), floatAt(b, bFrom));
    case 'double':
      return compareFloats(doubleAt(a, aFrom), doubleAt(b, bFrom));
    case 'timeuuid':
      return compareTimes(a, aFrom, b, bFrom) || compareSigned(a, aFrom + 8, b, bFrom + 8);
    case 'uuid':
      return compareUuids(a, aFrom, b, bFrom);
    case 'varint': {
      const left = varintOf(a.subarray(aFrom, aTo));
      const right = varintOf(b.subarray(bFrom, bTo));
      return left < right ? -1 : left > right ? 1 : 0;
    }
    case 'decimal':
      return compareDecimals(decimalOf(a.subarray(aFrom, aTo)), decimalOf(b.subarray(bFrom, bTo)));
    case 'list':
    case 'set':
    case 'map':
      return compareCollections(type, a.subarray(aFrom, aTo), b.subarray(bFrom, bTo));
    case 'tuple':
    case 'udt':
      return compareFields(type, a.subarray(aFrom, aTo), b.subarray(bFrom, bTo));
    case 'vector':
      return compareVectors(type, a.subarray(aFrom, aTo), b.subarray(bFrom, bTo));
    default:
      return unreachable(type);
  }
}

const signed = (bytes: Uint8Array, at: number): number => ((bytes[at] as number) << 24) >> 24;

function compareRange(a: Uint8Array, aFrom: number, aTo: number, b: Uint8Array, bFrom: number, bTo: number): number {
  const count = Math.min(aTo - aFrom, bTo - bFrom);
  for (let i = 0; i < count; i++) {
    const difference = (a[aFrom + i] as number) - (b[bFrom + i] as number);
    if (difference !== 0) return difference;
  }
  return aTo - aFrom - (bTo - bFrom);
}
/** Eight bytes, each with its sign. */
function compareSigned(a: Uint8Array, aFrom: number, b: Uint8Array, bFrom: number): number {
  for (let i = 0; i < 8; i++) {
    const difference = signed(a, aFrom + i) - signed(b, bFrom + i);
    if (difference !== 0) return difference;
  }
  return 0;
}
/** Of UUIDs of version 1: high, middle and low part of the timestamp. */
const compareTimes = (a: Uint8Array, aFrom: number, b: Uint8Array, bFrom: number): number =>
  compareRange(a, aFrom + 6, aFrom + 8, b, bFrom + 6, bFrom + 8) ||
  compareRange(a, aFrom + 4, aFrom + 6, b, bFrom + 4, bFrom + 6) ||
  compareRange(a, aFrom, aFrom + 4, b, bFrom, bFrom + 4);
function compareUuids(a: Uint8Array, aFrom: number, b: Uint8Array, bFrom: number): number {
  const version = (a[aFrom + 6] as number) >> 4;
  const difference = version - ((b[bFrom + 6] as number) >> 4);
  if (difference !== 0) return difference;
  const byTime = version === 1 ? compareTimes(a, aFrom, b, bFrom) : 0;
  return (
    byTime ||
    compareRange(a, version === 1 ? aFrom + 8 : aFrom, aFrom + 16, b, version === 1 ? bFrom + 8 : bFrom, bFrom + 16)
  );
}
/** As Float.compare: NaN is the greatest and equals itself, -0 is less than 0. */
export function compareFloats(a: number, b: number): number {
  if (a < b) return -1;
  if (a > b) return 1;
  if (Object.is(a, b)) return 0;
  if (Number.isNaN(a)) return 1;
  if (Number.isNaN(b)) return -1;
  return Object.is(a, -0) ? -1 : 1;
}

function compareCollections(type: ListType | SetType | MapType, a: Uint8Array, b: Uint8Array): number {
  const left = partsOr(collectionParts(type.kind, a));
  const right = partsOr(collectionParts(type.kind, b));
  for (const [i, part] of left.entries()) {
    const other = right[i];
    if (part === undefined || other === undefined) break;
    const order = compare(type.kind === 'map' ? (i % 2 === 0 ? type.key : type.value) : type.element, part, other);
    if (order !== 0) return order;
  }
  return left.length - right.length;
}
function compareFields(type: TupleType | UserType, a: Uint8Array, b: Uint8Array): number {
  const left = partsOr(fieldParts(type, a));
  const right = partsOr(fieldParts(type, b));
  for (const [i, of] of fieldTypes(type).entries()) {
    const part = left[i];
    const other = right[i];
    if (part === undefined && other === undefined) continue;
    if (part === undefined) return -1;
    if (other === undefined) return 1;
    const order = compare(of, part, other);
    if (order !== 0) return order;
  }
  return 0;
}
function compareVectors(type: VectorType, a: Uint8Array, b: Uint8Array): number {
  const left = partsOr(vectorParts(type, a));
  const right = partsOr(vectorParts(type, b));
  for (const [i, part] of left.entries()) {
    const other = right[i];
    const order = part === undefined || other === undefined ? 0 : compare(type.element, part, other);
    if (order !== 0) return order;
  }
  return 0;
}
/** Only what was validated is compared. */
const partsOr = (
  parts: { readonly ok: true; readonly value: readonly Part[] } | { readonly ok: false },
): readonly Part[] => (parts.ok ? parts.value : []);
