import { describe, expect, test } from '@jest/globals';
import {
  fieldsValue,
  frozenType,
  holdsDuration,
  isMultiCell,
  listBytes,
  mapBytes,
  nativeKinds,
  setBytes,
  typeName,
  validate,
  vectorBytes,
  type NativeKind,
  type ValueType,
} from '@skerry/domain-values';
import { toHex, utf8 } from '@skerry/kernel';
import fc from 'fast-check';
import { Bench } from '../bench.fixture.ts';

const sizes: Partial<Record<NativeKind, number>> = {
  bigint: 8,
  boolean: 1,
  date: 4,
  double: 8,
  float: 4,
  int: 4,
  smallint: 2,
  timestamp: 8,
  tinyint: 1,
  uuid: 16,
};
const bytesOf = (size: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ minLength: size, maxLength: size });
const nativeBytes = (kind: NativeKind): fc.Arbitrary<Uint8Array> => {
  const size = sizes[kind];
  if (kind === 'boolean') return fc.boolean().map((value) => Uint8Array.of(value ? 1 : 0));
  if (size !== undefined) return bytesOf(size);
  switch (kind) {
    case 'ascii':
      return fc.string().map((text) => utf8(text.replaceAll(/[^ -~]/g, 'x')));
    case 'text':
      return fc.string({ unit: 'grapheme' }).map(utf8);
    case 'inet':
      return fc.oneof(bytesOf(4), bytesOf(16));
    case 'timeuuid':
      return bytesOf(16).map((bytes) => bytes.map((byte, i) => (i === 6 ? 0x10 | (byte & 0x0f) : byte)));
    case 'time':
      return fc.bigInt({ min: 0n, max: 86_399_999_999_999n }).map((value) => {
        const bytes = new Uint8Array(8);
        new DataView(bytes.buffer).setBigInt64(0, value);
        return bytes;
      });
    case 'decimal':
      return fc
        .tuple(fc.integer({ min: -30, max: 30 }), fc.uint8Array({ minLength: 1, maxLength: 12 }))
        .map(([scale, digits]) => {
          const bytes = new Uint8Array(4 + digits.length);
          new DataView(bytes.buffer).setInt32(0, scale);
          bytes.set(digits, 4);
          return bytes;
        });
    case 'duration':
      return fc.tuple(fc.nat(60), fc.nat(60), fc.nat(60)).map((parts) => Uint8Array.from(parts, (part) => part * 2));
    default:
      return fc.uint8Array({ minLength: 1, maxLength: 40 });
  }
};
const natives = nativeKinds.filter((kind) => kind !== 'counter');
/** A type, and a value of it. */
type Sample = readonly [ValueType, Uint8Array];
const samples = (type: ValueType): fc.Arbitrary<Uint8Array> => {
  switch (type.kind) {
    case 'list':
      return fc.array(samples(type.element), { maxLength: 4 }).map(listBytes);
    case 'set':
      return fc.array(samples(type.element), { maxLength: 4 }).map((values) => setBytes(type.element, values));
    case 'map':
      return fc
        .array(fc.tuple(samples(type.key), samples(type.value)), { maxLength: 4 })
        .map((entries) => mapBytes(type.key, entries));
    case 'tuple':
      return fc.tuple(...type.elements.map((each) => fc.option(samples(each), { nil: undefined }))).map(fieldsValue);
    case 'vector':
      return fc
        .tuple(...Array.from({ length: type.dimension }, () => samples(type.element)))
        .map((parts) => vectorBytes(type, parts));
    case 'udt':
    case 'custom':
      throw new Error('not made here');
    default:
      return nativeBytes(type.kind);
  }
};
const types: fc.Arbitrary<ValueType> = fc.letrec<{ type: ValueType; native: ValueType; key: ValueType }>((tie) => ({
  native: fc.constantFrom(...natives).map((kind) => ({ kind })),
  key: fc.constantFrom(...natives.filter((kind) => kind !== 'duration')).map((kind) => ({ kind })),
  type: fc.oneof(
    { maxDepth: 3 },
    tie('native'),
    tie('type').map((element) => ({ kind: 'list' as const, element: frozenType(element), frozen: true })),
    tie('key').map((element) => ({ kind: 'set' as const, element, frozen: true })),
    fc
      .tuple(tie('key'), tie('type'))
      .map(([key, value]) => ({ kind: 'map' as const, key, value: frozenType(value), frozen: true })),
    fc
      .array(tie('type'), { minLength: 1, maxLength: 3 })
      .map((elements) => ({ kind: 'tuple' as const, elements: elements.map(frozenType) })),
    fc
      .tuple(tie('native'), fc.integer({ min: 1, max: 3 }))
      .map(([element, dimension]) => ({ kind: 'vector' as const, element, dimension })),
  ),
})).type;
const thawed = (type: ValueType, isFrozen: boolean): ValueType =>
  'frozen' in type ? { ...type, frozen: isFrozen } : type;
const sampled: fc.Arbitrary<Sample> = fc
  .tuple(types, fc.boolean())
  .map(([type, isFrozen]) => thawed(type, isFrozen))
  .chain((type) => samples(type).map((value) => [type, value] as const));

const isEmptyCollection = (type: ValueType, value: Uint8Array): boolean =>
  isMultiCell(type) && value.every((byte) => byte === 0);

describe('any value of any type', () => {
  test('comes back as it was written, in a column', () => {
    fc.assert(
      fc.property(sampled, ([type, value]) => {
        expect(validate(type, value)).toBeUndefined();
        const bench = new Bench();
        bench.run(`CREATE TABLE t (k int PRIMARY KEY, v ${typeName(type)}, s text)`);
        bench.run('INSERT INTO t (k, v) VALUES (1, ?)', [value]);
        const [row] = bench.run('SELECT v FROM t WHERE k = 1').rows;
        const [read] = row ?? [];
        if (isEmptyCollection(type, value)) expect(read).toBeNull();
        else expect(toHex(read ?? new Uint8Array(0))).toBe(toHex(value));
      }),
      { numRuns: 150 },
    );
  });
  test('and in a key, and in a row’s clustering, either way round', () => {
    fc.assert(
      fc.property(sampled, fc.constantFrom('ASC', 'DESC'), ([type, value], order) => {
        const frozen = thawed(type, true);
        if (holdsDuration(frozen) || value.length === 0) return;
        const bench = new Bench();
        const name = typeName(frozen);
        bench.run(
          `CREATE TABLE t (k ${name}, c ${name}, v int, PRIMARY KEY (k, c)) WITH CLUSTERING ORDER BY (c ${order})`,
        );
        bench.run('UPDATE t SET v = 1 WHERE k = ? AND c = ?', [value, value]);
        const [row] = bench.run('SELECT k, c FROM t WHERE k = ? AND c = ?', [value, value]).rows;
        expect(row?.map((each) => toHex(each ?? new Uint8Array(0)))).toEqual([toHex(value), toHex(value)]);
        bench.run('DELETE FROM t WHERE k = ? AND c >= ?', [value, value]);
        expect(bench.run('SELECT k FROM t WHERE k = ?', [value]).rows).toEqual([]);
      }),
      { numRuns: 150 },
    );
  });
  test('a frozen set is sorted, however it was sent', () => {
    const bench = new Bench();
    bench.run('CREATE TABLE t (k int PRIMARY KEY, v frozen<set<text>>)');
    bench.run('INSERT INTO t (k, v) VALUES (1, ?)', [listBytes([utf8('b'), utf8('a'), utf8('b')])]);
    expect(bench.rows('SELECT v FROM t')).toEqual([`{'a', 'b'}`]);
  });
});
