/** Numbers of every type, taken from bytes and put into those of another. Source: java.lang.Number's conversions. */
import { unreachable } from '@skerry/kernel';
import { type Decimal, decimalBytes, decimalOf, decimalText, parseDecimal, wholePart } from '../decimal.ts';
import { doubleText } from '../floating.ts';
import {
  doubleAt,
  doubleBytes,
  floatAt,
  floatBytes,
  int16Bytes,
  int32At,
  int32Bytes,
  int64At,
  int64Bytes,
  int8Bytes,
  varintBytes,
  varintOf,
} from '../integers.ts';
import type { ValueType } from '../type.ts';

export const numberKinds = [
  'tinyint',
  'smallint',
  'int',
  'bigint',
  'float',
  'double',
  'decimal',
  'varint',
  'counter',
] as const;
export type NumberKind = (typeof numberKinds)[number];
export const isNumber = (type: ValueType): type is { readonly kind: NumberKind } =>
  numberKinds.some((kind) => kind === type.kind);

export type Numeric =
  | { readonly is: 'whole'; readonly value: bigint }
  | { readonly is: 'floating'; readonly value: number }
  | { readonly is: 'decimal'; readonly value: Decimal };

/** Of a value that is not empty. */
export function numberOf(kind: NumberKind, bytes: Uint8Array): Numeric {
  switch (kind) {
    case 'tinyint':
      return { is: 'whole', value: BigInt(((bytes[0] ?? 0) << 24) >> 24) };
    case 'smallint':
      return { is: 'whole', value: BigInt(int32At(bytes, 0) >> 16) };
    case 'int':
      return { is: 'whole', value: BigInt(int32At(bytes, 0)) };
    case 'bigint':
    case 'counter':
      return { is: 'whole', value: int64At(bytes, 0) };
    case 'varint':
      return { is: 'whole', value: varintOf(bytes) };
    case 'float':
      return { is: 'floating', value: floatAt(bytes, 0) };
    case 'double':
      return { is: 'floating', value: doubleAt(bytes, 0) };
    case 'decimal':
      return { is: 'decimal', value: decimalOf(bytes) };
    default:
      return unreachable(kind);
  }
}

export function toNumber(from: Numeric): number {
  if (from.is === 'floating') return from.value;
  return Number(from.is === 'whole' ? from.value : decimalText(from.value));
}
/** Undefined: NaN and infinities are no decimals. */
export function toDecimal(from: Numeric): Decimal | undefined {
  if (from.is === 'decimal') return from.value;
  if (from.is === 'whole') return { unscaled: from.value, scale: 0 };
  return Number.isFinite(from.value) ? parseDecimal(doubleText(from.value)) : undefined;
}

/** Of a floating number, as Java: the nearest that the bits hold, NaN is 0. */
function saturated(value: number, bits: 32 | 64): bigint {
  if (Number.isNaN(value)) return 0n;
  const limit = 2 ** (bits - 1);
  if (value >= limit) return 2n ** BigInt(bits - 1) - 1n;
  return value <= -limit ? -(2n ** BigInt(bits - 1)) : BigInt(Math.trunc(value));
}
/** Past the digits that we write out, 10^n is a multiple of 2^64. */
const wholeOf = (from: Numeric, bits: 32 | 64): bigint =>
  from.is === 'whole'
    ? from.value
    : from.is === 'decimal'
      ? (wholePart(from.value) ?? 0n)
      : saturated(from.value, bits);

/** Of whole types the low bits. */
export function wholeBytes(
  kind: 'tinyint' | 'smallint' | 'int' | 'bigint' | 'counter' | 'varint',
  value: bigint,
): Uint8Array {
  switch (kind) {
    case 'tinyint':
      return int8Bytes(Number(BigInt.asIntN(8, value)));
    case 'smallint':
      return int16Bytes(Number(BigInt.asIntN(16, value)));
    case 'int':
      return int32Bytes(Number(BigInt.asIntN(32, value)));
    case 'bigint':
    case 'counter':
      return int64Bytes(value);
    case 'varint':
      return varintBytes(value);
    default:
      return unreachable(kind);
  }
}

/** As a cast does; undefined: it cannot be one. */
export function numberBytes(kind: NumberKind, from: Numeric): Uint8Array | undefined {
  switch (kind) {
    case 'tinyint':
    case 'smallint':
    case 'int':
      return wholeBytes(kind, wholeOf(from, 32));
    case 'bigint':
    case 'counter':
      return wholeBytes(kind, wholeOf(from, 64));
    case 'varint':
      return varintBytes(BigInt.asIntN(64, wholeOf(from, 64)));
    case 'float':
      return floatBytes(toNumber(from));
    case 'double':
      return doubleBytes(toNumber(from));
    case 'decimal': {
      const value = toDecimal(from);
      return value && decimalBytes(value);
    }
    default:
      return unreachable(kind);
  }
}
