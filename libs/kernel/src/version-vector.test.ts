import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ByteReader } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';
import { toHex } from './bytes.ts';
import { StatusError } from './errors.ts';
import {
  advanceVector,
  compareVectors,
  mergeVectors,
  readVector,
  versionVectorZero,
  writeVector,
  type VersionVector,
} from './version-vector.ts';

const vector: fc.Arbitrary<VersionVector> = fc
  .array(fc.tuple(fc.constantFrom('a', 'b', 'c', 'd'), fc.nat(4)), { maxLength: 5 })
  .map((entries) => new Map(entries));
const bytesOf = (each: VersionVector): Uint8Array => {
  const writer = new ByteWriter();
  writeVector(writer, each);
  return writer.finish();
};
/** Equal vectors have equal bytes; a zero is as good as nothing. */
const same = (a: VersionVector, b: VersionVector): void => expect(toHex(bytesOf(a))).toBe(toHex(bytesOf(b)));
const of = (entries: Readonly<Record<string, number>>): VersionVector => new Map(Object.entries(entries));

describe('version vectors', () => {
  const rows = [
    [{}, {}, 'equal'],
    [{ a: 1 }, { a: 1, b: 0 }, 'equal'],
    [{ a: 1 }, { a: 2 }, 'before'],
    [{ a: 1 }, { a: 1, b: 1 }, 'before'],
    [{ a: 2, b: 1 }, { a: 1 }, 'after'],
    [{ a: 1 }, { b: 1 }, 'concurrent'],
    [{ a: 2, b: 1 }, { a: 1, b: 2 }, 'concurrent'],
  ] as const;
  for (const [a, b, causality] of rows)
    test(`${JSON.stringify(a)} is ${causality} ${JSON.stringify(b)}`, () =>
      expect(compareVectors(of(a), of(b))).toBe(causality));

  test('merge is commutative, associative and idempotent', () =>
    fc.assert(
      fc.property(vector, vector, vector, (a, b, c) => {
        same(mergeVectors(a, b), mergeVectors(b, a));
        same(mergeVectors(mergeVectors(a, b), c), mergeVectors(a, mergeVectors(b, c)));
        same(mergeVectors(a, a), a);
        same(mergeVectors(a, versionVectorZero), a);
      }),
    ));
  test('a merge covers both, and is the least that does', () =>
    fc.assert(
      fc.property(vector, vector, vector, (a, b, other) => {
        const merged = mergeVectors(a, b);
        const covers = (big: VersionVector, small: VersionVector): boolean =>
          ['after', 'equal'].includes(compareVectors(big, small));
        expect(covers(merged, a) && covers(merged, b)).toBe(true);
        if (covers(other, a) && covers(other, b)) expect(covers(other, merged)).toBe(true);
      }),
    ));
  test('before and after are each other, seen from the other side', () =>
    fc.assert(
      fc.property(vector, vector, (a, b) => {
        const mirror = { before: 'after', after: 'before', equal: 'equal', concurrent: 'concurrent' } as const;
        expect(compareVectors(b, a)).toBe(mirror[compareVectors(a, b)]);
        if (compareVectors(a, b) === 'equal') same(a, b);
      }),
    ));
  test('advance raises one position, and never lowers it', () => {
    expect(advanceVector(of({ a: 1 }), 'a', 3)).toEqual(of({ a: 3 }));
    expect(advanceVector(of({ a: 3 }), 'a', 1)).toEqual(of({ a: 3 }));
    expect(advanceVector(of({ a: 3 }), 'b', 1)).toEqual(of({ a: 3, b: 1 }));
  });
  test('golden bytes: sorted, without zeros', () =>
    expect(toHex(bytesOf(of({ b: 2, a: 1, c: 0 })))).toBe(
      ['0002', '0000000161', '0000000000000001', '0000000162', '0000000000000002'].join(''),
    ));
  test('round trip', () =>
    fc.assert(
      fc.property(vector, (each) => {
        const reader = new ByteReader(bytesOf(each));
        expect(compareVectors(readVector(reader), each)).toBe('equal');
        reader.end();
      }),
    ));
  test('random bytes never throw anything but StatusError', () =>
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        try {
          readVector(new ByteReader(bytes));
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(StatusError);
        }
      }),
    ));
});
