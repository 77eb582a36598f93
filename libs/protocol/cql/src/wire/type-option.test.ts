import { describe, expect, test } from '@jest/globals';
import { fromHex, toHex, utf8 } from '@skerry/kernel';
import fc from 'fast-check';
import { BodyReader } from './body-reader.ts';
import { classNameOf, typeOfClassName } from './class-name.ts';
import type { ProtocolVersion } from './codes.ts';
import { Output } from './output.ts';
import { readType, writeType } from './type-option.ts';
import { version, wireType } from './wire-fixture.ts';
import { typeDepthMax, type WireType } from './wire-type.ts';

const marshal = 'org.apache.cassandra.db.marshal.';
const bytesOf = (type: WireType, of: ProtocolVersion): Uint8Array => {
  const out = new Output(1e6);
  writeType(out, type, of);
  return out.take();
};
const typeOf = (bytes: Uint8Array): WireType | string => {
  const reader = new BodyReader();
  reader.reset(bytes, 0, bytes.length);
  const type = readType(reader);
  return reader.problem ?? (reader.remaining > 0 ? 'bytes are left' : type);
};
const custom = (className: string): string =>
  `0000${className.length.toString(16).padStart(4, '0')}${toHex(utf8(className))}`;
const int: WireType = { kind: 'int' };
const text: WireType = { kind: 'text' };

describe('known bytes', () => {
  const udt: WireType = { kind: 'udt', keyspace: 'ks', name: 'u', fields: [{ name: 'a', type: int }], frozen: false };
  const rows: readonly [string, WireType, ProtocolVersion, string][] = [
    ['ascii', { kind: 'ascii' }, 4, '0001'],
    ['text is varchar', text, 4, '000d'],
    ['timeuuid', { kind: 'timeuuid' }, 3, '000f'],
    ['smallint', { kind: 'smallint' }, 4, '0013'],
    ['smallint in v3', { kind: 'smallint' }, 3, custom(`${marshal}ShortType`)],
    ['date in v3', { kind: 'date' }, 3, custom(`${marshal}SimpleDateType`)],
    ['duration in v5', { kind: 'duration' }, 5, '0015'],
    ['duration in v4', { kind: 'duration' }, 4, custom(`${marshal}DurationType`)],
    ['list', { kind: 'list', element: int, frozen: false }, 4, '00200009'],
    ['set', { kind: 'set', element: text, frozen: false }, 4, '0022000d'],
    ['map', { kind: 'map', key: text, value: int, frozen: false }, 4, '0021000d0009'],
    ['tuple', { kind: 'tuple', elements: [int, text] }, 4, '003100020009000d'],
    ['udt', udt, 4, '003000026b7300017500010001610009'],
    [
      'vector',
      { kind: 'vector', element: { kind: 'float' }, dimension: 3 },
      5,
      custom(`${marshal}VectorType(${marshal}FloatType , 3)`),
    ],
    [
      // What is within a vector is frozen, and Cassandra does not say so.
      'vector of sets',
      { kind: 'vector', element: { kind: 'set', element: text, frozen: false }, dimension: 2 },
      5,
      custom(`${marshal}VectorType(${marshal}SetType(${marshal}UTF8Type) , 2)`),
    ],
    ['custom', { kind: 'custom', className: 'org.example.Mine' }, 4, custom('org.example.Mine')],
  ];
  for (const [what, type, of, digits] of rows)
    test(what, () => {
      expect(toHex(bytesOf(type, of))).toBe(digits);
      expect(typeOf(fromHex(digits) ?? new Uint8Array(0))).toEqual(type);
    });
  test('the old number of text', () => expect(typeOf(Uint8Array.of(0, 0x0a))).toEqual(text));
  test('an unknown number', () => expect(typeOf(Uint8Array.of(0, 0x77))).toBe('Unknown type 119'));
});

test('round trip in every version', () =>
  fc.assert(fc.property(wireType, version, (type, of) => expect(typeOf(bytesOf(type, of))).toEqual(type))));

describe('class names', () => {
  const rows: readonly [string, WireType][] = [
    ['Int32Type', int],
    [`${marshal}ReversedType(${marshal}TimestampType)`, { kind: 'timestamp' }],
    [`${marshal}FrozenType(${marshal}ListType(${marshal}Int32Type))`, { kind: 'list', element: int, frozen: true }],
    [
      `${marshal}MapType(${marshal}UTF8Type,${marshal}Int32Type)`,
      { kind: 'map', key: text, value: int, frozen: false },
    ],
    [
      `${marshal}UserType(ks,75,61:${marshal}Int32Type)`,
      { kind: 'udt', keyspace: 'ks', name: 'u', fields: [{ name: 'a', type: int }], frozen: false },
    ],
    ['VectorType(FloatType, 12)', { kind: 'vector', element: { kind: 'float' }, dimension: 12 }],
  ];
  for (const [name, type] of rows) test(name, () => expect(typeOfClassName(name)).toEqual(type));
  for (const name of [
    '',
    'Int32Type)',
    'ListType(',
    'ListType()',
    'ListType(Int32Type',
    'VectorType(FloatType,x)',
    'UserType(ks,7',
    'MapType(Int32Type)',
    'TupleType(Int32Type,)',
    'Whatever(Int32Type)',
    'ListType('.repeat(5000),
  ])
    test(`"${name.slice(0, 30)}" is custom`, () =>
      expect(typeOfClassName(name)).toEqual({ kind: 'custom', className: name }));
  test('frozen is told once, outside', () => {
    const inner: WireType = { kind: 'set', element: int, frozen: true };
    expect(classNameOf({ kind: 'list', element: inner, frozen: true })).toBe(
      `${marshal}FrozenType(${marshal}ListType(${marshal}SetType(${marshal}Int32Type)))`,
    );
    expect(classNameOf({ kind: 'list', element: inner, frozen: false })).toBe(
      `${marshal}ListType(${marshal}FrozenType(${marshal}SetType(${marshal}Int32Type)))`,
    );
  });
  test('any text is a type or custom', () =>
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('(', ')', ',', ' ', ':', 'ListType', 'MapType', 'Int32Type', '61') }),
        (name) => expect(typeOfClassName(name).kind).not.toBe(''),
      ),
    ));
});

test('deeper nesting than is allowed', () => {
  const deep = (depth: number): Uint8Array => {
    const bytes = new Uint8Array(2 * depth + 2);
    for (let i = 0; i < depth; i++) bytes[2 * i + 1] = 0x20;
    bytes[2 * depth + 1] = 0x09;
    return bytes;
  };
  expect(typeof typeOf(deep(typeDepthMax))).toBe('object');
  expect(typeOf(deep(typeDepthMax + 1))).toMatch('nests deeper');
  expect(typeOf(deep(100_000))).toMatch('nests deeper');
});
