import { describe, expect, test } from '@jest/globals';
import { fromHex, toHex, utf8 } from '@skerry/kernel';
import fc from 'fast-check';
import { fromConstant } from './constant.ts';
import { fromJsonText } from './from-json.ts';
import { jsonText } from './json-text.ts';
import { literalText, plainText } from './text.ts';
import { type NativeKind, nativeKinds, type NativeType, type ValueType } from './type.ts';
import { validate } from './validate.ts';
import { anyType, anyValue, nativeValue } from './values.fixture.ts';

const bytesOf = (kind: NativeKind, text: string): Uint8Array => {
  const made = fromConstant(kind, text);
  if (!made.ok) throw new Error(made.error);
  return made.value;
};

describe('what a constant comes back as', () => {
  const rows: readonly (readonly [NativeKind, string, string])[] = [
    ['int', '-7', '-7'],
    ['tinyint', '-128', '-128'],
    ['smallint', '32767', '32767'],
    ['bigint', '-9223372036854775808', '-9223372036854775808'],
    ['varint', '-123456789012345678901234567890', '-123456789012345678901234567890'],
    ['decimal', '1.10', '1.10'],
    ['decimal', '-.5', '-0.5'],
    ['decimal', '12e3', '1.2E+4'],
    ['decimal', '0.0000001', '1E-7'],
    ['decimal', '0.000001', '0.000001'],
    ['decimal', '1e2147483647', '1E+2147483647'],
    ['float', '1', '1.0'],
    ['float', '0.1', '0.1'],
    ['float', '-0.0', '-0.0'],
    ['float', '3.4028235e38', '3.4028235E38'],
    ['float', '1.4e-45', '1.4E-45'],
    ['double', '4.9e-324', '4.9E-324'],
    ['double', '100', '100.0'],
    ['float', '16777216', '1.6777216E7'],
    ['float', 'nan', 'NaN'],
    ['double', '-Infinity', '-Infinity'],
    ['double', '1e7', '1.0E7'],
    ['double', '9999999', '9999999.0'],
    ['double', '0.001', '0.001'],
    ['double', '0.00099', '9.9E-4'],
    ['double', '-123.25', '-123.25'],
    ['boolean', 'TRUE', 'true'],
    ['inet', '127.0.0.1', '127.0.0.1'],
    ['inet', '::1', '0:0:0:0:0:0:0:1'],
    ['inet', '2001:db8::ff00:42:8329', '2001:db8:0:0:0:ff00:42:8329'],
    ['inet', '::ffff:1.2.3.4', '1.2.3.4'],
    ['uuid', 'F81D4FAE-7DEC-11D0-A765-00A0C91E6BF6', 'f81d4fae-7dec-11d0-a765-00a0c91e6bf6'],
    ['blob', '00ff', '0x00ff'],
    ['date', '1970-01-01', '1970-01-01'],
    ['date', '2147483649', '1970-01-02'],
    ['date', '1582-02-28', '1582-02-28'],
    ['date', '0', '-5877641-06-23'],
    ['date', '4294967295', '+5881580-07-11'],
    ['time', '08:12:54.123456789', '08:12:54.123456789'],
    ['time', '8:12:54.1', '08:12:54.100000000'],
    ['time', '86399999999999', '23:59:59.999999999'],
    ['timestamp', '2011-02-03', '2011-02-03T00:00:00.000Z'],
    ['timestamp', '2011-02-03 04:05', '2011-02-03T04:05:00.000Z'],
    ['timestamp', '2011-02-03 04:05+0100', '2011-02-03T03:05:00.000Z'],
    ['timestamp', '2011-02-03T04:05:06.789-08:30', '2011-02-03T12:35:06.789Z'],
    ['timestamp', '2011-02-03 04:05:06 PST', '2011-02-03T12:05:06.000Z'],
    ['timestamp', '2011-02-03 04:05:06.7 GMT+01:30', '2011-02-03T02:35:06.700Z'],
    ['timestamp', '2011-02-03+0000', '2011-02-03T00:00:00.000Z'],
    ['timestamp', '1969-12-31T23:59:59.999Z', '1969-12-31T23:59:59.999Z'],
    ['timestamp', '-1', '1969-12-31T23:59:59.999Z'],
    ['timestamp', '2000-02-29 23:59:59Z', '2000-02-29T23:59:59.000Z'],
    ['duration', '1y2mo3w4d5h6m7s8ms9us10ns', '1y2mo25d5h6m7s8ms9us10ns'],
    ['duration', '-P1Y2M3DT4H5M6S', '-1y2mo3d4h5m6s'],
    ['duration', 'P3W', '21d'],
    ['duration', 'P0001-02-03T04:05:06', '1y2mo3d4h5m6s'],
    ['duration', '89h4m48s', '89h4m48s'],
  ];
  for (const [kind, text, back] of rows)
    test(`${kind} ${text}`, () => {
      const bytes = bytesOf(kind, text);
      expect(validate({ kind }, bytes)).toBeUndefined();
      expect(plainText({ kind }, bytes)).toBe(back);
    });
});

describe('what is no constant', () => {
  const rows: readonly (readonly [NativeKind, string, string])[] = [
    ['int', '2147483648', "Unable to make int from '2147483648'"],
    ['bigint', '1.5', "Unable to make long from '1.5'"],
    ['tinyint', '128', "Unable to make byte from '128'"],
    ['smallint', 'x', "Unable to make short from 'x'"],
    ['varint', '1e5', "unable to make int from '1e5'"],
    ['decimal', 'e5', "unable to make BigDecimal from 'e5'"],
    ['float', 'x', "Unable to make float from 'x'"],
    ['double', '1 2', "Unable to make double from '1 2'"],
    ['boolean', 'yes', "Unable to make boolean from 'yes'"],
    [
      'ascii',
      'é',
      'Invalid ASCII character in string literal: java.nio.charset.UnmappableCharacterException: Input length = 1',
    ],
    ['blob', '0', "cannot parse '0' as hex bytes"],
    ['inet', '1.2.3', "Unable to make inet address from '1.2.3'"],
    ['inet', '1::2::3', "Unable to make inet address from '1::2::3'"],
    ['uuid', 'x', "Unable to make UUID from 'x'"],
    ['timeuuid', 'f81d4fae-7dec-41d0-a765-00a0c91e6bf6', 'TimeUUID supports only version 1 UUIDs'],
    ['timestamp', '2011-02-32', "Unable to parse a date/time from '2011-02-32'"],
    ['timestamp', '2011-2-3', "Unable to parse a date/time from '2011-2-3'"],
    ['date', '10000-01-01', "Unable to coerce '10000-01-01' to a formatted date (long)"],
    ['timestamp', '9223372036854775808', "Unable to make long (for date) from: '9223372036854775808'"],
    ['date', '4294967296', "Unable to make unsigned int (for date) from: '4294967296'"],
    ['date', '2011-13-01', "Unable to coerce '2011-13-01' to a formatted date (long)"],
    ['time', '24:00:00', "(TimeType) Unable to coerce '24:00:00' to a formatted time (long)"],
    ['time', '86400000000000', "Unable to make long (for time) from: '86400000000000'"],
    ['duration', '1x', "Unable to convert '1x' to a duration"],
    ['duration', '1d1d', 'Invalid duration. The days are specified multiple times'],
    ['duration', '1d1y', 'Invalid duration. The days should be after years'],
    ['duration', '178956971y', 'Invalid duration. The total number of months must be less or equal to 2147483647'],
  ];
  for (const [kind, text, fault] of rows)
    test(`${kind} ${text}`, () => expect(fromConstant(kind, text)).toEqual({ ok: false, error: fault }));
});

describe('literals and JSON', () => {
  const text: NativeType = { kind: 'text' };
  const int: NativeType = { kind: 'int' };
  const user: ValueType = {
    kind: 'udt',
    keyspace: 'k',
    name: 'u',
    fields: [
      { name: 'a', type: int },
      { name: 'Bb', type: text },
    ],
    frozen: true,
  };
  const rows: readonly (readonly [string, ValueType, string, string, string])[] = [
    ['text', text, '"it\'s \\"x\\"\\n"', "'it''s \"x\"\n'", '"it\'s \\"x\\"\\n"'],
    ['a list', { kind: 'list', element: int, frozen: false }, '[2, "1"]', '[2, 1]', '[2, 1]'],
    ['a set', { kind: 'set', element: int, frozen: false }, '[2,1,-1,2]', '{-1, 1, 2}', '[-1, 1, 2]'],
    [
      'a map',
      { kind: 'map', key: int, value: text, frozen: false },
      '{"2":"b","-1":"a"}',
      "{-1: 'a', 2: 'b'}",
      '{"-1": "a", "2": "b"}',
    ],
    [
      'a map of lists',
      { kind: 'map', key: { kind: 'list', element: text, frozen: true }, value: int, frozen: true },
      '{"[\\"a\\"]": 1}',
      "{['a']: 1}",
      '{"[\\"a\\"]": 1}',
    ],
    ['a tuple', { kind: 'tuple', elements: [int, text] }, '[1, null]', '(1, null)', '[1, null]'],
    ['a user type', user, '{"A": 1, "\\"Bb\\"": "x"}', `{a: 1, "Bb": 'x'}`, '{"a": 1, "\\"Bb\\"": "x"}'],
    ['a vector', { kind: 'vector', element: { kind: 'float' }, dimension: 2 }, '[1, 2.5]', '[1.0, 2.5]', '[1.0, 2.5]'],
    ['a vector of texts', { kind: 'vector', element: text, dimension: 2 }, '["a", ""]', "['a', '']", '["a", ""]'],
    ['a blob', { kind: 'blob' }, '"0x00ff"', '0x00ff', '"0x00ff"'],
    [
      'a timestamp',
      { kind: 'timestamp' },
      '"2014-02-27 01:02:03"',
      "'2014-02-27T01:02:03.000Z'",
      '"2014-02-27 01:02:03.000Z"',
    ],
    [
      'a number of milliseconds',
      { kind: 'timestamp' },
      '5',
      "'1970-01-01T00:00:00.005Z'",
      '"1970-01-01 00:00:00.005Z"',
    ],
    ['a bigint past 2^53', { kind: 'bigint' }, '9007199254740993', '9007199254740993', '9007199254740993'],
    ['NaN', { kind: 'double' }, '"NaN"', 'NaN', 'null'],
    ['an empty text of a number', int, '""', 'null', '""'],
  ];
  for (const [name, type, json, literal, back] of rows)
    test(name, () => {
      const made = fromJsonText(type, json);
      if (!made.ok) throw new Error(made.error);
      expect(literalText(type, made.value)).toBe(literal);
      expect(jsonText(type, made.value)).toBe(back);
    });
  const faults: readonly (readonly [ValueType, string, string])[] = [
    [int, '1.5', 'Expected an int value, but got a Double: 1.5'],
    [int, '2147483648', 'Expected an int value, but got a Long: 2147483648'],
    [int, 'true', 'Expected an int value, but got a Boolean: true'],
    [int, '"x"', "Unable to make int from 'x'"],
    [{ kind: 'tinyint' }, '300', "Unable to make byte from '300'"],
    [text, '{"a": [1]}', 'Expected a UTF-8 string, but got a LinkedHashMap: {a=[1]}'],
    [{ kind: 'varint' }, 'true', "Value 'true' is not a valid representation of a varint value"],
    [
      { kind: 'blob' },
      '"00"',
      "Value '00' is not a valid blob representation: String representation of blob is missing 0x prefix: 00",
    ],
    [{ kind: 'list', element: int, frozen: true }, '1', 'Expected a list, but got a Integer: 1'],
    [{ kind: 'list', element: int, frozen: true }, '[null]', 'Invalid null element in list'],
    [{ kind: 'tuple', elements: [int] }, '[]', 'Tuple is missing items (expected 1): []'],
    [user, '{"c": 1}', "Unknown field 'c' in value of user defined type u"],
    [int, '[1', "Could not decode JSON string '[1': Unexpected end-of-input"],
    [int, '['.repeat(70), `Could not decode JSON string '${'['.repeat(70)}': Nested more than 64 levels deep`],
  ];
  for (const [type, json, fault] of faults)
    test(fault.slice(0, 80), () => expect(fromJsonText(type, json)).toEqual({ ok: false, error: fault }));
});

describe('by chance', () => {
  for (const kind of nativeKinds)
    test(`${kind} comes back from its text`, () => {
      fc.assert(
        fc.property(nativeValue(kind, false), (value) => {
          const shown = plainText({ kind }, value) ?? '';
          const back = fromConstant(kind, kind === 'blob' ? shown.slice(2) : shown);
          if (kind === 'boolean') expect(back.ok).toBe(true);
          else expect(back.ok && toHex(back.value)).toBe(toHex(value));
        }),
      );
    });
  // JSON has no NaN, no number with scale but its own, and no true but one.
  const jsonKinds = nativeKinds.filter((kind) => !['float', 'double', 'boolean', 'decimal'].includes(kind));
  test('values come back from their JSON', () => {
    const cases = anyType(2, jsonKinds).chain((type) => fc.tuple(fc.constant(type), anyValue(type, false)));
    fc.assert(
      fc.property(cases, ([type, value]) => {
        const back = fromJsonText(type, jsonText(type, value));
        expect(back.ok ? toHex(back.value ?? utf8('null')) : back.error).toBe(toHex(value));
      }),
      { numRuns: 500 },
    );
  });
  test('whatever the bytes, they are checked, and what passes can be shown', () => {
    const small = fc.array(fc.constantFrom(0, 0, 0, 1, 2, 4, 16, 0x80, 0xff), { maxLength: 40 });
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      small.map((each) => Uint8Array.from(each)),
    );
    let passed = 0;
    fc.assert(
      fc.property(anyType(2), bytes, (type, value) => {
        if (validate(type, value) !== undefined) return;
        passed++;
        expect(typeof literalText(type, value)).toBe('string');
        JSON.parse(jsonText(type, value));
      }),
      { numRuns: 3000 },
    );
    expect(passed).toBeGreaterThan(100);
  });
});

describe('faults of bytes', () => {
  const list: ValueType = { kind: 'list', element: { kind: 'int' }, frozen: true };
  const pair: ValueType = { kind: 'tuple', elements: [{ kind: 'int' }, { kind: 'text' }] };
  const rows: readonly (readonly [ValueType, string, string | undefined])[] = [
    [{ kind: 'int' }, '010203', 'Expected 4 or 0 byte int (3)'],
    [{ kind: 'int' }, '', undefined],
    [{ kind: 'text' }, 'c0', "String didn't validate."],
    [{ kind: 'text' }, 'eda080', "String didn't validate."],
    [{ kind: 'text' }, 'f09f9880c3a9e282ac', undefined],
    [{ kind: 'ascii' }, '80', 'Invalid byte for ascii: -128'],
    [{ kind: 'smallint' }, '', 'Expected 2 bytes for a smallint (0)'],
    [{ kind: 'timeuuid' }, '00'.repeat(16), 'Invalid version for TimeUUID type: 0x0'],
    [{ kind: 'inet' }, '0102', 'Expected 4 or 16 byte inetaddress; got 0102'],
    [{ kind: 'decimal' }, '00', 'Expected 0 or at least 4 bytes (1)'],
    [{ kind: 'duration' }, '000000', undefined],
    [
      { kind: 'duration' },
      '010200',
      'The duration months, days and nanoseconds must be all of the same sign (-1, 1, 0)',
    ],
    [list, '', 'Not enough bytes to read a list'],
    [list, '00000001ffffffff', 'Null value read when not allowed'],
    [list, '7fffffff', 'Not enough bytes to read a list'],
    [list, '0000000000', 'Unexpected extraneous bytes after list value'],
    [list, '000000010000000101', 'Expected 4 or 0 byte int (1)'],
    [pair, '', undefined],
    [pair, '0000', 'Not enough bytes to read size of 0th component'],
    [pair, '0000000400000001', undefined],
    [pair, 'ffffffffffffffff00', 'Invalid remaining data after end of tuple value'],
    [
      { kind: 'vector', element: { kind: 'float' }, dimension: 2 },
      '00000000',
      'Not enough bytes to read a vector<float, 2>',
    ],
  ];
  for (const [type, hex, fault] of rows)
    test(`${type.kind} ${hex}: ${fault}`, () => expect(validate(type, fromHex(hex)!)).toBe(fault));
});
