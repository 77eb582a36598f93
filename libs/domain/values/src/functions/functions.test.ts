import { describe, expect, test } from '@jest/globals';
import { toHex } from '@skerry/kernel';
import fc from 'fast-check';
import { fromJsonText } from '../from-json.ts';
import { literalText } from '../text.ts';
import type { Part } from '../parts.ts';
import type { ValueType } from '../type.ts';
import { parseMarshalName } from '../marshal.ts';
import { anyNative, nativeValue } from '../values.fixture.ts';
import { validate } from '../validate.ts';
import { aggregateFunction, type AggregateName, countRows } from './aggregate.ts';
import { arithmeticFunction, type ArithmeticOperator, negationOf } from './arithmetic.ts';
import { castFunction } from './convert.ts';
import type { FunctionWorld, Outcome, ScalarFunction } from './function.ts';
import {
  literalArgument,
  resolveAggregate,
  resolveFunction,
  scalarFunctionNames,
  signatureText,
  typedArgument,
  unknownArgument,
} from './table.ts';

/** By the names of classes, which we can parse: `map<int,text>`. */
const type = (text: string): ValueType => {
  const classes: Record<string, string> = {
    int: 'Int32Type',
    bigint: 'LongType',
    smallint: 'ShortType',
    tinyint: 'ByteType',
    varint: 'IntegerType',
    decimal: 'DecimalType',
    float: 'FloatType',
    double: 'DoubleType',
    text: 'UTF8Type',
    ascii: 'AsciiType',
    blob: 'BytesType',
    timestamp: 'TimestampType',
    date: 'SimpleDateType',
    time: 'TimeType',
    timeuuid: 'TimeUUIDType',
    uuid: 'UUIDType',
    duration: 'DurationType',
    boolean: 'BooleanType',
    inet: 'InetAddressType',
    counter: 'CounterColumnType',
    list: 'ListType',
    set: 'SetType',
    map: 'MapType',
    tuple: 'TupleType',
    vector: 'VectorType',
  };
  const made = parseMarshalName(
    text
      .replace(/[a-z]+/g, (word) => classes[word] ?? word)
      .replaceAll('<', '(')
      .replaceAll('>', ')'),
  );
  if (!made.ok) throw new Error(made.error);
  return made.value.type;
};
/** From JSON text, which every type has; null is null. */
const value = (of: ValueType, json: string): Part => {
  const made = fromJsonText(of, json.replaceAll("'", '"'));
  if (!made.ok) throw new Error(made.error);
  return made.value;
};
const world: FunctionWorld = {
  nowMs: 86_400_005n,
  timeuuid: () => new Uint8Array(16).fill(0x11),
  random: () => new Uint8Array(16).fill(0xff),
  hash: (algorithm, bytes) => (algorithm === 'SHA-256' ? Uint8Array.of(bytes.length) : undefined),
};
const shown = (of: ValueType, outcome: Outcome): string =>
  outcome.ok ? literalText(of, outcome.value) : `${outcome.error.kind}: ${outcome.error.message}`;
const run = (made: ScalarFunction, values: readonly string[]): string =>
  shown(
    made.returns,
    made.apply(
      made.argTypes.map((each, i) => value(each, values[i] ?? 'null')),
      world,
    ),
  );

describe('calls', () => {
  const rows: readonly (readonly [string, readonly string[], readonly string[], string])[] = [
    ['now', [], [], '11111111-1111-1111-1111-111111111111'],
    ['uuid', [], [], 'ffffffff-ffff-4fff-bfff-ffffffffffff'],
    ['current_timestamp', [], [], "'1970-01-02T00:00:00.005Z'"],
    ['currentdate', [], [], "'1970-01-02'"],
    ['current_time', [], [], "'00:00:00.005000000'"],
    ['min_timeuuid', ['timestamp'], ["'2013-02-02 10:00+0000'"], '4e52d000-6d1f-11e2-8080-808080808080'],
    ['maxtimeuuid', ['timestamp'], ["'2013-01-01 00:05+0000'"], 'e23f450f-53a6-11e2-7f7f-7f7f7f7f7f7f'],
    ['to_timestamp', ['timeuuid'], ["'f81d4fae-7dec-11d0-a765-00a0c91e6bf6'"], "'1997-02-03T17:43:12.216Z'"],
    ['todate', ['timestamp'], ["'1969-12-31 23:59:59.999Z'"], "'1969-12-31'"],
    ['tounixtimestamp', ['date'], ["'1970-01-02'"], '86400000'],
    ['floor', ['timestamp', 'duration'], ["'2016-09-27 16:12:00Z'", "'2h'"], "'2016-09-27T16:00:00.000Z'"],
    [
      'floor',
      ['timestamp', 'duration', 'timestamp'],
      ["'2016-09-27 18:14:00Z'", "'2h'", "'2016-09-27 16:12:00Z'"],
      "'2016-09-27T18:12:00.000Z'",
    ],
    [
      'floor',
      ['timestamp', 'duration', 'timestamp'],
      ["'2018-01-31 00:00Z'", "'1mo'", "'2016-01-31 00:00Z'"],
      "'2018-01-31T00:00:00.000Z'",
    ],
    [
      'floor',
      ['timestamp', 'duration', 'timestamp'],
      ["'2016-02-28 00:00Z'", "'1mo'", "'2016-01-31 00:00Z'"],
      "'2016-01-31T00:00:00.000Z'",
    ],
    [
      'floor',
      ['timestamp', 'duration'],
      ["'2016-09-27 16:12:00Z'", "'1ns'"],
      'invalid: The floor cannot be computed for the 1ns duration as precision is below 1 millisecond',
    ],
    [
      'floor',
      ['timestamp', 'duration'],
      ["'2016-09-27 16:12:00Z'", "'-2h'"],
      'invalid: Negative durations are not supported by the floor function',
    ],
    [
      'floor',
      ['timestamp', 'duration'],
      ["'1960-01-01'", "'2h'"],
      'invalid: The floor function starting time is greater than the provided time',
    ],
    ['floor', ['date', 'duration'], ["'2016-09-27'", "'1mo'"], "'2016-09-01'"],
    [
      'floor',
      ['date', 'duration'],
      ["'2016-09-27'", "'1h'"],
      'invalid: The floor on date values cannot be computed for the 1h duration as precision is below 1 day',
    ],
    ['floor', ['time', 'duration'], ["'16:12:00'", "'2h'"], "'16:00:00.000000000'"],
    ['int_as_blob', ['int'], ['258'], '0x00000102'],
    [
      'blobasbigint',
      ['blob'],
      ["'0x0000007b'"],
      'invalid: In call to function system.blobasbigint, value 0x0000007b is not a valid binary representation for type bigint',
    ],
    ['blob_as_varchar', ['blob'], ["'0x61'"], "'a'"],
    ['abs', ['int'], ['-5'], '5'],
    ['abs', ['int'], ['-2147483648'], '-2147483648'],
    ['abs', ['decimal'], ['-5.50'], '5.50'],
    ['round', ['double'], ['-2.5'], '-2.0'],
    ['round', ['decimal'], ['2.5'], '3'],
    ['round', ['float'], ['1e20'], '2.1474836E9'],
    ['exp', ['int'], ['5'], '148'],
    ['exp', ['tinyint'], ['9'], '-89'],
    ['exp', ['double'], ['0'], '1.0'],
    ['exp', ['decimal'], ['1'], '2.7182818284590452353602874713527'],
    ['exp', ['decimal'], ['-0.5'], '0.60653065971263342360379953499118'],
    ['exp', ['decimal'], ['1e20'], 'execution: Overflow'],
    ['exp', ['varint'], ['5'], '148'],
    ['log', ['decimal'], ['2'], '0.69314718055994530941723212145818'],
    ['log', ['decimal'], ['12345.678'], '9.4210613212918319765267839910714'],
    ['log', ['decimal'], ['0'], 'execution: Natural log of number zero or less'],
    ['log10', ['decimal'], ['1000'], '3'],
    ['log10', ['decimal'], ['2'], '0.30102999566398119521373889472449'],
    ['log10', ['bigint'], ['1000'], '3'],
    ['map_keys', ['map<int,text>'], ["{'2':'b','1':'a'}"], '{1, 2}'],
    ['map_values', ['map<int,text>'], ["{'2':'b','1':'a'}"], "['a', 'b']"],
    ['collection_count', ['set<int>'], ['[1,2,2]'], '2'],
    ['collection_min', ['list<text>'], ["['b','a']"], "'a'"],
    ['collection_max', ['list<int>'], ['[]'], 'null'],
    ['collection_sum', ['list<tinyint>'], ['[100,100]'], '-56'],
    ['collection_avg', ['list<int>'], ['[1,2,4]'], '2'],
    ['similarity_cosine', ['vector<float,2>', 'vector<float,2>'], ['[1,0]', '[0,1]'], '0.5'],
    [
      'similarity_cosine',
      ['vector<float,2>', 'vector<float,2>'],
      ['[0,0]', '[0,1]'],
      "invalid: Function system.similarity_cosine doesn't support all-zero vectors.",
    ],
    ['similarity_euclidean', ['vector<float,2>', 'vector<float,2>'], ['[1,0]', '[0,1]'], '0.33333334'],
    ['similarity_dot_product', ['vector<float,2>', 'vector<float,2>'], ['[1,2]', '[3,4]'], '6.0'],
    ['mask_null', ['int'], ['5'], 'null'],
    ['mask_default', ['text'], ["'secret'"], "'****'"],
    ['mask_default', ['tuple<int,text>'], ["[1,'a']"], "(0, '****')"],
    ['mask_default', ['date'], ["'2020-01-01'"], "'1970-01-01'"],
    ['mask_replace', ['int', 'int'], ['5', '7'], '7'],
    ['mask_inner', ['text', 'int', 'int'], ["'abcdef'", '1', '2'], "'a***ef'"],
    ['mask_outer', ['text', 'int', 'int', 'text'], ["'abcdef'", '1', 'null', "'#'"], "'#bcdef'"],
    [
      'mask_inner',
      ['text', 'int', 'int', 'text'],
      ["'abcdef'", '1', '2', "'##'"],
      "invalid: The padding argument for function system.mask_inner should be single-character, but '##' has 2 characters.",
    ],
    ['mask_hash', ['text'], ["'abc'"], '0x03'],
    ['mask_hash', ['text', 'text'], ["'abc'", "'MD9'"], 'invalid: Hash algorithm not found: MD9'],
    ['to_json', ['list<int>'], ['[1,2]'], "'[1, 2]'"],
  ];
  for (const [name, types, values, wanted] of rows)
    test(`${name}(${types.join(', ')}) of ${values.join(', ')}`, () => {
      const made = resolveFunction(
        name,
        types.map((each) => typedArgument(type(each))),
      );
      if (!made.ok || made.value === undefined) throw new Error(made.ok ? 'none' : made.error.message);
      expect(run(made.value, values)).toBe(wanted);
    });
  test('from_json makes what is wanted', () => {
    const made = resolveFunction('from_json', [literalArgument('string', '1')], type('int'));
    expect(made.ok && made.value && run(made.value, ["'7'"])).toBe('7');
    expect(made.ok && made.value && run(made.value, ["'x'"])).toBe(
      "execution: Could not decode JSON string 'x': Unexpected character ('x') at position 0",
    );
  });
});

describe('calls that are refused', () => {
  const int = typedArgument(type('int'), 'v');
  const rows: readonly (readonly [string, Parameters<typeof resolveFunction>[1], ValueType | undefined, string])[] = [
    ['now', [int], undefined, 'Invalid number of arguments in call to function system.now: 0 required but 1 provided'],
    [
      'min_timeuuid',
      [typedArgument(type('text'), 't')],
      undefined,
      'Type error: t cannot be passed as argument 0 of function system.min_timeuuid of type timestamp',
    ],
    [
      'to_date',
      [int],
      undefined,
      'Invalid call to function to_date, none of its type signatures match (known type signatures: system.to_date : (timeuuid) -> date, system.to_date : (timestamp) -> date)',
    ],
    [
      'to_date',
      [unknownArgument()],
      undefined,
      'Ambiguous call to function to_date (can be matched by following signatures: system.to_date : (timeuuid) -> date, system.to_date : (timestamp) -> date): use type casts to disambiguate',
    ],
    ['_add', [int, typedArgument(type('text'), 't')], undefined, "the '+' operation is not supported between v and t"],
    [
      '_add',
      [int, unknownArgument()],
      undefined,
      "Ambiguous '+' operation with args v and ?: use type hint to disambiguate, example '(int) ?'",
    ],
    ['from_json', [int], undefined, 'from_json() cannot be used in the selection clause of a SELECT statement'],
    [
      'similarity_cosine',
      [int, int],
      undefined,
      'Function system.similarity_cosine requires a float vector argument, but found argument v of type int',
    ],
  ];
  for (const [name, args, receiver, message] of rows)
    test(message.slice(0, 90), () => {
      expect(resolveFunction(name, args, receiver)).toEqual({ ok: false, error: { kind: 'invalid', message } });
    });
  test('a name that is none, and one that a literal settles', () => {
    expect(resolveFunction('nothing', [])).toEqual({ ok: true, value: undefined });
    const made = resolveFunction('_add', [literalArgument('integer', '1'), typedArgument(type('bigint'))]);
    expect(made.ok && made.value && signatureText(made.value)).toBe('system._add : (int, bigint) -> bigint');
    expect(scalarFunctionNames).toContain('text_as_blob');
  });
});

describe('arithmetic', () => {
  const rows: readonly (readonly [string, string, ArithmeticOperator, string, string, string, string])[] = [
    ['tinyint', '127', '+', 'tinyint', '1', 'tinyint', '-128'],
    ['tinyint', '1', '+', 'smallint', '1', 'smallint', '2'],
    ['int', '2147483647', '+', 'int', '1', 'int', '-2147483648'],
    ['int', '7', '/', 'int', '-2', 'int', '-3'],
    ['int', '7', '%', 'int', '-2', 'int', '1'],
    ['int', '7', '/', 'int', '0', 'int', "execution: the operation 'int / int' failed: / by zero"],
    [
      'varint',
      '7',
      '%',
      'int',
      '0',
      'varint',
      "execution: the operation 'varint % int' failed: BigInteger divide by zero",
    ],
    ['int', '1', '+', 'float', '0.5', 'float', '1.5'],
    ['bigint', '1', '/', 'float', '3', 'double', '0.3333333333333333'],
    ['counter', '1', '+', 'int', '1', 'bigint', '2'],
    ['varint', '1', '+', 'double', '0.5', 'decimal', '1.5'],
    ['decimal', '1', '/', 'decimal', '3', 'decimal', '0.33333333333333333333333333333333'],
    ['decimal', '10', '/', 'int', '4', 'decimal', '2.5'],
    ['decimal', '1.10', '*', 'decimal', '2.0', 'decimal', '2.200'],
    ['decimal', '10.5', '%', 'decimal', '3', 'decimal', '1.5'],
    ['decimal', '1e1000000000', '+', 'decimal', '1', 'decimal', '1E+1000000000'],
    [
      'decimal',
      '1',
      '+',
      'double',
      "'NaN'",
      'decimal',
      "execution: the operation 'decimal + double' failed: A NaN cannot be converted into a decimal",
    ],
    ['double', '1', '/', 'int', '0', 'double', 'Infinity'],
    ['timestamp', "'2016-01-31'", '+', 'duration', "'1mo'", 'timestamp', "'2016-02-29T00:00:00.000Z'"],
    ['timestamp', "'2016-03-31'", '-', 'duration', "'1mo1h'", 'timestamp', "'2016-02-28T23:00:00.000Z'"],
    ['date', "'2016-03-01'", '-', 'duration', "'2d'", 'date', "'2016-02-28'"],
    [
      'date',
      "'2016-03-01'",
      '-',
      'duration',
      "'2h'",
      'date',
      "execution: the operation 'date - duration' failed: The duration must have a day precision. Was: 2h",
    ],
    ['int', 'null', '+', 'int', '1', 'int', 'null'],
  ];
  for (const [left, a, operator, right, b, returns, wanted] of rows)
    test(`${left} ${a} ${operator} ${right} ${b}`, () => {
      const made = arithmeticFunction(operator, type(left), type(right));
      expect(made?.returns).toEqual(type(returns));
      expect(made && run(made, [a, b])).toBe(wanted);
    });
  test('negation', () => {
    expect(['int', 'decimal', 'float', 'varint'].map((each) => run(negationOf(type(each))!, ['5']))).toEqual([
      '-5',
      '-5',
      '-5.0',
      '-5',
    ]);
    expect(negationOf(type('text'))).toBeUndefined();
  });
});

describe('casts', () => {
  const rows: readonly (readonly [string, string, string, string])[] = [
    ['double', '300.7', 'tinyint', '44'],
    ['double', '1e20', 'int', '2147483647'],
    ['double', "'NaN'", 'bigint', '0'],
    ['decimal', '1.99', 'int', '1'],
    ['decimal', '1e100', 'bigint', '0'],
    ['bigint', '9007199254740993', 'decimal', '9007199254740993'],
    ['float', '1.5', 'decimal', '1.5'],
    ['varint', '99999999999999999999', 'bigint', '7766279631452241919'],
    ['int', '5', 'text', "'5'"],
    ['timestamp', '0', 'text', "'1970-01-01T00:00:00.000Z'"],
    ['timestamp', '0', 'date', "'1970-01-01'"],
    ['boolean', 'true', 'ascii', "'true'"],
    ['counter', '7', 'int', '7'],
  ];
  for (const [from, json, to, wanted] of rows)
    test(`${from} ${json} as ${to}`, () => expect(run(castFunction(type(from), type(to))!, [json])).toBe(wanted));
  test('there is none from a list, a blob, a duration', () => {
    for (const from of ['list<int>', 'blob', 'duration'])
      expect(castFunction(type(from), type('text'))).toBeUndefined();
  });
});

describe('aggregates', () => {
  const rows: readonly (readonly [AggregateName, string, readonly string[], string])[] = [
    ['count', 'int', ['1', 'null', '3'], '2'],
    ['sum', 'int', ['2147483647', '1', 'null'], '-2147483648'],
    ['avg', 'int', ['2147483647', '2147483647'], '2147483647'],
    ['avg', 'int', ['-3', '0'], '-1'],
    ['avg', 'int', [], '0'],
    ['sum', 'double', ['0.1', '0.2', '0.3'], '0.6'],
    ['sum', 'double', ["'Infinity'", '1'], 'Infinity'],
    ['avg', 'float', ['1', '2'], '1.5'],
    ['sum', 'decimal', ['1.10', '2'], '3.10'],
    ['avg', 'decimal', ['1.0', '2.0'], '1.5'],
    ['avg', 'decimal', ['1', '2'], '1'],
    ['avg', 'decimal', ['1', '4'], '3'],
    ['sum', 'counter', ['1', '2'], '3'],
    ['min', 'text', ["'b'", "'a'", 'null'], "'a'"],
    ['max', 'timestamp', ['-1', '0'], "'1970-01-01T00:00:00.000Z'"],
    ['max', 'int', [], 'null'],
  ];
  for (const [name, of, values, wanted] of rows)
    test(`${name}(${of}) of ${values.join(', ')}`, () => {
      const made = aggregateFunction(name, type(of))!;
      const group = made.start();
      for (const each of values) group.add(value(type(of), each));
      expect(literalText(made.returns, group.finish())).toBe(wanted);
    });
  test('rows, and what is none', () => {
    const group = countRows.start();
    group.add(undefined);
    expect(toHex(group.finish()!)).toBe('0000000000000001');
    expect(resolveAggregate('count', [])).toEqual({ ok: true, value: countRows });
    expect(resolveAggregate('sum', [typedArgument(type('text'))]).ok).toBe(false);
    expect(resolveAggregate('now', [])).toEqual({ ok: true, value: undefined });
  });
});

test('whatever the arguments, a function gives a value of its type or says why not', () => {
  const call = fc
    .tuple(
      fc.constantFrom(...scalarFunctionNames, '_add', '_substract', '_multiply', '_divide', '_modulo', '_negate'),
      fc.array(anyNative, { maxLength: 3 }),
    )
    .filter(
      ([name, types]) =>
        resolveFunction(
          name,
          types.map((each) => typedArgument(each)),
        ).ok,
    )
    .chain(([name, types]) =>
      fc.tuple(fc.constant(name), fc.constant(types), ...types.map((each) => nativeValue(each.kind, false))),
    );
  fc.assert(
    fc.property(call, ([name, types, ...values]) => {
      const made = resolveFunction(
        name,
        types.map((each) => typedArgument(each)),
      );
      if (!made.ok || made.value === undefined) throw new Error('none');
      const outcome = made.value.apply(values, world);
      if (outcome.ok && outcome.value !== undefined)
        expect(validate(made.value.returns, outcome.value)).toBeUndefined();
    }),
    { numRuns: 300 },
  );
});
