import { describe, expect, test } from '@jest/globals';
import { compareBytes, toHex } from '@skerry/kernel';
import fc from 'fast-check';
import { ByteSink } from './byte-sink.ts';
import { compare } from './compare.ts';
import { decimalBytes } from './decimal.ts';
import { int32Bytes, varintBytes } from './integers.ts';
import { lexicalUuid } from './lexical-uuid.ts';
import { decodeSized, orderedCodec } from './ordered.ts';
import { int32At } from './integers.ts';
import { nativeKinds, type ValueType } from './type.ts';
import { validate } from './validate.ts';
import { anyType, anyValue, nativeValue } from './values.fixture.ts';

const keyOf = (type: ValueType, value: Uint8Array, reversed = false): Uint8Array => {
  const sink = new ByteSink(4);
  // Where a value stands in its buffer does not matter.
  const shifted = Uint8Array.of(9, ...value, 9);
  orderedCodec(type, reversed).append(sink, shifted, 1, 1 + value.length);
  return sink.copy();
};
const valueOf = (type: ValueType, key: Uint8Array, at: number, reversed = false) => {
  const sink = new ByteSink(4);
  const next = decodeSized(orderedCodec(type, reversed), key, at, sink);
  expect(int32At(sink.bytes, 0)).toBe(sink.length - 4);
  return { value: sink.copy().subarray(4), next };
};

const sign = (order: number): number => (order < 0 ? -1 : order > 0 ? 1 : 0);
/** Of these, values that are equal have the same bytes. */
const exactKinds = nativeKinds.filter((kind) => !['boolean', 'decimal', 'double', 'float', 'varint'].includes(kind));

const agree = (type: ValueType, a: Uint8Array, b: Uint8Array, ordered = true): void => {
  expect(validate(type, a)).toBeUndefined();
  for (const reversed of [false, true]) {
    const order = sign(reversed ? compare(type, b, a) : compare(type, a, b));
    expect(sign(reversed ? compare(type, a, b) : compare(type, b, a)) + order).toBe(0);
    const left = keyOf(type, a, reversed);
    const right = keyOf(type, b, reversed);
    const keys = sign(compareBytes(left, right));
    if (order !== 0 && ordered)
      expect(`${toHex(left)} ${toHex(right)} ${keys}`).toBe(`${toHex(left)} ${toHex(right)} ${order}`);
    if (order === 0 && toHex(a) === toHex(b)) expect(keys).toBe(0);
    // One behind the other: each ends where it says.
    const both = Uint8Array.of(...left, ...right);
    const first = valueOf(type, both, 0, reversed);
    expect(toHex(first.value)).toBe(toHex(a));
    expect(first.next).toBe(left.length);
    expect(toHex(valueOf(type, both, first.next, reversed).value)).toBe(toHex(b));
  }
};

describe('key bytes are ordered as values are, come back as they were, and end by themselves', () => {
  for (const kind of nativeKinds)
    test(kind, () => {
      fc.assert(
        fc.property(nativeValue(kind), nativeValue(kind), (a, b) => agree({ kind }, a, b)),
        { numRuns: 200 },
      );
    });
  test('LexicalUUIDType, in the order of Java', () => {
    fc.assert(fc.property(anyValue(lexicalUuid), anyValue(lexicalUuid), (a, b) => agree(lexicalUuid, a, b)));
    const of = (first: number, ninth: number): Uint8Array =>
      Uint8Array.from({ length: 16 }, (_, i) => (i === 0 ? first : i === 8 ? ninth : 0));
    expect(compare(lexicalUuid, of(0x80, 0), of(0x7f, 0))).toBeLessThan(0);
    expect(compare(lexicalUuid, of(1, 0x80), of(1, 0))).toBeLessThan(0);
    expect(validate(lexicalUuid, new Uint8Array(3))).toBe('LexicalUUID should be 16 or 0 bytes (3)');
  });
  test('types within types', () => {
    const exact = anyType(2, exactKinds).chain((type) =>
      fc.tuple(fc.constant(type), anyValue(type, false), anyValue(type, false)),
    );
    fc.assert(
      fc.property(exact, ([type, a, b]) => agree(type, a, b)),
      { numRuns: 400 },
    );
    // What only its end tells from an equal one may stand before what follows in a greater value.
    const odd = anyType(2).chain((type) => fc.tuple(fc.constant(type), anyValue(type), anyValue(type)));
    fc.assert(
      fc.property(odd, ([type, a, b]) => agree(type, a, b, false)),
      { numRuns: 400 },
    );
    const short = fc.constantFrom<ValueType>({
      kind: 'tuple',
      elements: [{ kind: 'int' }, { kind: 'text' }, { kind: 'int' }],
    });
    const shorts = short.chain((type) => fc.tuple(fc.constant(type), anyValue(type), anyValue(type)));
    fc.assert(fc.property(shorts, ([type, a, b]) => agree(type, a, b)));
  });
  test('numbers that are near one another', () => {
    const near = fc.tuple(fc.integer({ min: -30, max: 30 }), fc.integer({ min: -3, max: 3 }));
    const decimals = near.map(([unscaled, scale]) => decimalBytes({ unscaled: BigInt(unscaled), scale }));
    fc.assert(fc.property(decimals, decimals, (a, b) => agree({ kind: 'decimal' }, a, b)));
    const varints = fc
      .constantFrom(
        ...[8, 16, 24, 64, 896, 904].flatMap((bits) =>
          [-1n, 0n, 1n].flatMap((d) => [2n ** BigInt(bits - 1) + d, -(2n ** BigInt(bits - 1)) + d]),
        ),
      )
      .map(varintBytes);
    fc.assert(fc.property(varints, varints, (a, b) => agree({ kind: 'varint' }, a, b)));
  });
  test('fewer columns are a prefix', () => {
    const codec = orderedCodec({ kind: 'text' });
    const sink = new ByteSink();
    codec.append(sink, Uint8Array.of(0x61, 0, 1, 0x62), 0, 4);
    const one = sink.copy();
    orderedCodec({ kind: 'int' }).append(sink, int32Bytes(-1), 0, 4);
    expect(toHex(one)).toBe('610101010262' + '00');
    expect(toHex(sink.copy())).toBe(`${toHex(one)}027fffffff`);
  });
  test('the key of a tuple does not change when its type gets a field', () => {
    const value = Uint8Array.of(0, 0, 0, 4, 0, 0, 0, 7);
    const int: ValueType = { kind: 'int' };
    const short = keyOf({ kind: 'tuple', elements: [int] }, value);
    expect(toHex(keyOf({ kind: 'tuple', elements: [int, int] }, value))).toBe(toHex(short));
  });
});
