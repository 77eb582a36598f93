/** Types and values by chance, for properties. */
import { isLexicalUuid } from './lexical-uuid.ts';
import fc from 'fast-check';
import { collectionBytes, fieldBytes, vectorBytes } from './parts.ts';
import { mapBytes, setBytes } from './compose.ts';
import { decimalBytes } from './decimal.ts';
import { durationBytes } from './duration.ts';
import { doubleBytes, floatBytes, int16Bytes, int32Bytes, int64Bytes, int8Bytes, varintBytes } from './integers.ts';
import { type NativeKind, nativeKinds, type UserType, type ValueType } from './type.ts';

const bytes = (size: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ minLength: size, maxLength: size });
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const long = fc.oneof(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), fc.bigInt({ min: -300n, max: 300n }));
const big = fc.oneof(fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n }), fc.bigInt({ min: -300n, max: 300n }));
/** Bytes that only repeat the sign change nothing. */
const paddedVarint = fc
  .tuple(fc.oneof(big, fc.bigInt({ min: -(2n ** 1200n), max: 2n ** 1200n })), fc.constantFrom(0, 0, 0, 1, 3, 200))
  .map(([value, padding]) => {
    const short = varintBytes(value);
    const out = new Uint8Array(padding + short.length).fill(value < 0n ? 0xff : 0);
    out.set(short, padding);
    return out;
  });
const empty = fc.constant(new Uint8Array(0));
const emptiable = (value: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Uint8Array> =>
  fc.oneof({ weight: 9, arbitrary: value }, { weight: 1, arbitrary: empty });
const versioned = (version: number | undefined) =>
  bytes(16).map((value) => {
    if (version !== undefined) value[6] = (value[6]! & 0xf) | (version << 4);
    return value;
  });
const span = fc
  .tuple(fc.nat(2 ** 31 - 1), fc.nat(2 ** 31 - 1), fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }), fc.constantFrom(1, -1))
  .map(([months, days, nanoseconds, sign]) => ({
    months: months * sign,
    days: days * sign,
    nanoseconds: nanoseconds * BigInt(sign),
  }));

/** `full`: no empty ones. */
const natives = {
  ascii: fc.string({ unit: 'binary-ascii' }).map(utf8),
  bigint: long.map(int64Bytes),
  blob: fc.oneof(
    fc.uint8Array({ maxLength: 20 }),
    fc.array(fc.constantFrom(0, 1, 2, 255)).map((each) => Uint8Array.from(each)),
  ),
  boolean: fc.constantFrom(0, 1, 7).map((value) => Uint8Array.of(value)),
  counter: long.map(int64Bytes),
  date: fc.nat(2 ** 32 - 1).map(int32Bytes),
  decimal: fc
    .tuple(big, fc.oneof(fc.integer({ min: -5, max: 50 }), fc.integer()))
    .map(([unscaled, scale]) => decimalBytes({ unscaled, scale })),
  double: fc.oneof(fc.double(), fc.constantFrom(0, -0, Infinity, -Infinity, NaN)).map(doubleBytes),
  duration: span.map(durationBytes),
  float: fc.oneof(fc.float(), fc.constantFrom(0, -0, Infinity, -Infinity, NaN)).map(floatBytes),
  inet: fc.oneof(bytes(4), bytes(16)),
  int: fc.integer().map(int32Bytes),
  smallint: fc.integer().map(int16Bytes),
  text: fc.string({ unit: 'binary' }).map(utf8),
  time: fc.bigInt({ min: 0n, max: 86_399_999_999_999n }).map(int64Bytes),
  timestamp: fc.bigInt({ min: -62_135_596_800_000n, max: 253_402_300_799_999n }).map(int64Bytes),
  timeuuid: versioned(1),
  tinyint: fc.integer().map(int8Bytes),
  uuid: fc.oneof(versioned(undefined), versioned(1), versioned(4)),
  varint: big.map(varintBytes),
} satisfies Record<NativeKind, fc.Arbitrary<Uint8Array>>;
const neverEmpty: readonly string[] = ['date', 'time', 'smallint', 'tinyint', 'duration'];

/** Values whose bytes any client could have sent: `odd` ones too, such as numbers longer than they need be. */
export const nativeValue = (kind: NativeKind, odd = true): fc.Arbitrary<Uint8Array> => {
  if (!odd) return natives[kind];
  if (kind === 'varint') return emptiable(paddedVarint);
  if (kind === 'decimal')
    return emptiable(
      fc.oneof(
        natives.decimal,
        fc.tuple(bytes(4), paddedVarint).map(([scale, value]) => Uint8Array.of(...scale, ...value)),
        bytes(4),
      ),
    );
  if (kind === 'float') return emptiable(fc.oneof(natives.float, bytes(4)));
  if (kind === 'double') return emptiable(fc.oneof(natives.double, bytes(8)));
  return neverEmpty.includes(kind) ? natives[kind] : emptiable(natives[kind]);
};

export const anyNative = fc.constantFrom(...nativeKinds).map((kind) => ({ kind }));
/** All frozen, as keys are. @param depth levels below this one. */
export function anyType(depth: number, kinds: readonly NativeKind[] = nativeKinds): fc.Arbitrary<ValueType> {
  const native: fc.Arbitrary<ValueType> = fc.constantFrom(...kinds).map((kind) => ({ kind }));
  if (depth === 0) return native;
  const inner = anyType(depth - 1, kinds);
  return fc.oneof(
    { weight: 3, arbitrary: native },
    inner.map((element): ValueType => ({ kind: 'list', element, frozen: true })),
    inner.map((element): ValueType => ({ kind: 'set', element, frozen: true })),
    fc.tuple(inner, inner).map(([key, value]): ValueType => ({ kind: 'map', key, value, frozen: true })),
    fc.array(inner, { minLength: 1, maxLength: 4 }).map((elements): ValueType => ({ kind: 'tuple', elements })),
    fc.array(inner, { minLength: 1, maxLength: 3 }).map((types): UserType => ({
      kind: 'udt',
      keyspace: 'ks',
      name: 'u',
      fields: types.map((type, i) => ({ name: i === 1 ? 'Big' : `f${i}`, type })),
      frozen: true,
    })),
    fc
      .tuple(inner, fc.integer({ min: 1, max: 4 }))
      .map(([element, dimension]): ValueType => ({ kind: 'vector', element, dimension })),
  );
}

/** @param odd see {@link nativeValue}; otherwise what has a text of its own and comes back from it. */
export function anyValue(type: ValueType, odd = true): fc.Arbitrary<Uint8Array> {
  switch (type.kind) {
    case 'list':
      return fc.array(anyValue(type.element, odd), { maxLength: 4 }).map((parts) => collectionBytes('list', parts));
    case 'set':
      return fc.array(anyValue(type.element, odd), { maxLength: 4 }).map((parts) => setBytes(type.element, parts));
    case 'map':
      return fc
        .array(fc.tuple(anyValue(type.key, odd), anyValue(type.value, odd)), { maxLength: 4 })
        .map((entries) => mapBytes(type.key, entries));
    case 'tuple':
    case 'udt': {
      const types = type.kind === 'tuple' ? type.elements : type.fields.map((field) => field.type);
      return fc
        .tuple(
          fc.nat(types.length),
          ...types.map((each) => fc.option(anyValue(each, odd), { nil: undefined, freq: 3 })),
        )
        .map(([count, ...parts]) => fieldBytes(odd ? parts.slice(0, count) : parts));
    }
    case 'vector': {
      const parts = fc.array(anyValue(type.element, false), { minLength: type.dimension, maxLength: type.dimension });
      return parts.map((each) => vectorBytes(type, each));
    }
    case 'custom':
      if (!isLexicalUuid(type)) return fc.uint8Array({ maxLength: 20 });
      return fc.oneof(fc.uint8Array({ minLength: 16, maxLength: 16 }), fc.constant(new Uint8Array(0)));
    default:
      return nativeValue(type.kind, odd);
  }
}
