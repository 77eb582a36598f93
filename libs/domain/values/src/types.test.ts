import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { allFields, mapBytes, mapEntries, setBytes, vectorValue } from './compose.ts';
import { assignable, holdsDuration, typesCompatible } from './compatible.ts';
import { literalFits, literalType } from './constant.ts';
import { int32Bytes } from './integers.ts';
import { marshalName, parseMarshalName } from './marshal.ts';
import { fieldBytes } from './parts.ts';
import { literalText } from './text.ts';
import type { UserType, ValueType } from './type.ts';
import { frozenType, sameType, typeDepth, typeDepthMax, typeName } from './type-name.ts';
import { anyType } from './values.fixture.ts';

const int: ValueType = { kind: 'int' };
const text: ValueType = { kind: 'text' };
const list = (element: ValueType, frozen = false): ValueType => ({ kind: 'list', element, frozen });
const p = 'org.apache.cassandra.db.marshal.';
const user: UserType = {
  kind: 'udt',
  keyspace: 'ks',
  name: 'My',
  fields: [{ name: 'a', type: list(int) }],
  frozen: false,
};

describe('names of types', () => {
  const rows: readonly (readonly [ValueType, string, string])[] = [
    [text, 'text', `${p}UTF8Type`],
    [list(int), 'list<int>', `${p}ListType(${p}Int32Type)`],
    [
      { kind: 'map', key: text, value: list(int, true), frozen: true },
      'frozen<map<text, frozen<list<int>>>>',
      `${p}FrozenType(${p}MapType(${p}UTF8Type,${p}ListType(${p}Int32Type)))`,
    ],
    [
      { kind: 'set', element: list(int, true), frozen: false },
      'set<frozen<list<int>>>',
      `${p}SetType(${p}FrozenType(${p}ListType(${p}Int32Type)))`,
    ],
    [{ kind: 'tuple', elements: [int, text] }, 'frozen<tuple<int, text>>', `${p}TupleType(${p}Int32Type,${p}UTF8Type)`],
    [user, '"My"', `${p}UserType(ks,4d79,61:${p}ListType(${p}Int32Type))`],
    [
      { kind: 'vector', element: { kind: 'float' }, dimension: 3 },
      'vector<float, 3>',
      `${p}VectorType(${p}FloatType , 3)`,
    ],
    [{ kind: 'custom', className: 'com.x.Y' }, "'com.x.Y'", 'com.x.Y'],
  ];
  for (const [type, name, className] of rows)
    test(name, () => {
      expect(typeName(type)).toBe(name);
      expect(marshalName(type)).toBe(className);
      expect(parseMarshalName(className)).toEqual({ ok: true, value: { type, reversed: false } });
    });
  test('reversed, short and faulty classes', () => {
    expect(marshalName(int, true)).toBe(`${p}ReversedType(${p}Int32Type)`);
    expect(parseMarshalName('ReversedType( Int32Type )')).toEqual({ ok: true, value: { type: int, reversed: true } });
    expect(parseMarshalName('MyType')).toEqual({
      ok: true,
      value: { type: { kind: 'custom', className: `${p}MyType` }, reversed: false },
    });
    expect(parseMarshalName('ListType(Int32Type')).toEqual({
      ok: false,
      error: "Syntax error parsing 'ListType(Int32Type' at char 18: unexpected end of string",
    });
    expect(parseMarshalName('ListType('.repeat(100)).ok).toBe(false);
  });
  test('any type comes back from its class', () => {
    fc.assert(
      fc.property(anyType(3), (type) => {
        const back = parseMarshalName(marshalName(type));
        expect(back.ok && sameType(back.value.type, type)).toBe(true);
        expect(sameType(frozenType(type), type)).toBe(true);
        expect(typeDepth(type)).toBeLessThanOrEqual(4);
      }),
    );
  });
  test('depth is counted no further than its limit', () => {
    let deep: ValueType = list(int);
    for (let i = 0; i < 10_000; i++) deep = list(deep);
    expect(typeDepth(deep)).toBe(typeDepthMax + 1);
  });
  test('whatever the class, it is read or refused', () => {
    const word = fc.constantFrom(
      '(',
      ')',
      ',',
      ':',
      'ListType',
      'MapType',
      'UserType',
      'VectorType',
      'FrozenType',
      '61',
      ' ',
      '3',
      'x.y',
    );
    fc.assert(
      fc.property(fc.array(word), (words) => {
        expect(typeof parseMarshalName(words.join('')).ok).toBe('boolean');
      }),
    );
  });
});

test('which type may stand for which', () => {
  const rows: readonly (readonly [ValueType, ValueType, boolean])[] = [
    [{ kind: 'blob' }, int, true],
    [text, { kind: 'ascii' }, true],
    [{ kind: 'ascii' }, text, false],
    [{ kind: 'bigint' }, { kind: 'timestamp' }, true],
    [{ kind: 'timestamp' }, { kind: 'bigint' }, true],
    [{ kind: 'varint' }, int, true],
    [{ kind: 'bigint' }, int, false],
    [{ kind: 'uuid' }, { kind: 'timeuuid' }, true],
    [{ kind: 'timeuuid' }, { kind: 'uuid' }, false],
    [list(text, true), list({ kind: 'ascii' }, true), true],
    [list(text, true), list({ kind: 'ascii' }), false],
    [{ kind: 'set', element: { kind: 'varint' }, frozen: true }, { kind: 'set', element: int, frozen: true }, false],
    [{ kind: 'tuple', elements: [int, int] }, { kind: 'tuple', elements: [int] }, true],
    [{ kind: 'tuple', elements: [int] }, { kind: 'tuple', elements: [int, int] }, false],
  ];
  for (const [to, from, is] of rows)
    expect([typeName(to), typeName(from), typesCompatible(to, from)]).toEqual([typeName(to), typeName(from), is]);
  expect(assignable(list(int), list(int, true))).toBe(true);
  expect(holdsDuration(list({ kind: 'tuple', elements: [int, { kind: 'duration' }] }))).toBe(true);
  expect(holdsDuration(user)).toBe(false);
  expect(literalFits('string', { kind: 'inet' })).toBe(true);
  expect(literalFits('integer', text)).toBe(false);
  expect(literalType('integer', '2147483648')).toEqual({ kind: 'bigint' });
});

test('parts are put together as they are stored', () => {
  const set: ValueType = { kind: 'set', element: int, frozen: false };
  expect(literalText(set, setBytes(int, [3, -1, 3].map(int32Bytes)))).toBe('{-1, 3}');
  const map = mapBytes(int, [
    [int32Bytes(2), int32Bytes(1)],
    [int32Bytes(1), int32Bytes(5)],
    [int32Bytes(2), int32Bytes(9)],
  ]);
  expect(literalText({ kind: 'map', key: int, value: int, frozen: false }, map)).toBe('{1: 5, 2: 9}');
  expect(mapEntries(map)).toEqual({
    ok: true,
    value: [
      [int32Bytes(1), int32Bytes(5)],
      [int32Bytes(2), int32Bytes(9)],
    ],
  });
  expect(allFields({ kind: 'tuple', elements: [int, text] }, fieldBytes([int32Bytes(1)]))).toEqual({
    ok: true,
    value: [int32Bytes(1), undefined],
  });
  expect(vectorValue({ kind: 'vector', element: int, dimension: 2 }, [])).toEqual({
    ok: false,
    error: 'Required 2 elements, but saw 0',
  });
});
