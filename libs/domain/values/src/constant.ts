/** Values of native types from their texts: string constants of CQL and JSON. Source: Cassandra 5.0, `AbstractType.fromString`. */
import { fail, fromHex, ok, type Result, unreachable, utf8 } from '@skerry/kernel';
import { parseInet, parseUuid } from './addresses.ts';
import { decimalBytes, parseDecimal } from './decimal.ts';
import { durationBytes, parseDuration } from './duration.ts';
import { parseFloating } from './floating.ts';
import { doubleBytes, floatBytes, int16Bytes, int32Bytes, int64Bytes, int8Bytes, varintBytes } from './integers.ts';
import { parseDate, parseTime, parseTimestamp } from './times.ts';
import type { NativeKind, ValueType } from './type.ts';

/** Digits that a constant of any size may have: past it, reading it would take longer than a statement may. */
export const constantDigitsMax = 100_000;

const none = new Uint8Array(0);
const mapped = <T>(result: Result<T, string>, encode: (value: T) => Uint8Array): Result<Uint8Array, string> =>
  result.ok ? ok(encode(result.value)) : result;

function wholeNumber(text: string, bits: number, fault: string): Result<bigint, string> {
  if (!/^[+-]?\d+$/.test(text) || text.length > constantDigitsMax) return fail(fault);
  const value = BigInt(text.replace('+', ''));
  return bits === 0 || BigInt.asIntN(bits, value) === value ? ok(value) : fail(fault);
}

/**
 * @param now milliseconds since 1970, for a timestamp that is "now". The error is Cassandra's text.
 * A blob is hexadecimal, without 0x.
 */
export function fromConstant(kind: NativeKind, text: string, now?: bigint): Result<Uint8Array, string> {
  switch (kind) {
    case 'text':
      return ok(utf8(text));
    case 'ascii': {
      const at = Array.from(text).findIndex((letter) => (letter.codePointAt(0) ?? 0) > 0x7f);
      return at < 0
        ? ok(utf8(text))
        : fail(
            'Invalid ASCII character in string literal: java.nio.charset.UnmappableCharacterException: Input length = 1',
          );
    }
    case 'blob': {
      const bytes = fromHex(text);
      return bytes === undefined ? fail(`cannot parse '${text}' as hex bytes`) : ok(bytes);
    }
    case 'boolean': {
      const word = text.toLowerCase();
      if (word === '' || word === 'false') return ok(Uint8Array.of(0));
      return word === 'true' ? ok(Uint8Array.of(1)) : fail(`Unable to make boolean from '${text}'`);
    }
    case 'date':
      return mapped(parseDate(text), int32Bytes);
    case 'time':
      return mapped(parseTime(text), int64Bytes);
    case 'duration':
      return mapped(parseDuration(text), durationBytes);
    case 'bigint':
    case 'counter':
    case 'decimal':
    case 'double':
    case 'float':
    case 'inet':
    case 'int':
    case 'smallint':
    case 'timestamp':
    case 'timeuuid':
    case 'tinyint':
    case 'uuid':
    case 'varint':
    default:
      // An empty text is an empty value.
      return text === '' ? ok(none) : fromText(kind, text, now);
  }
}

type Emptiable = Exclude<NativeKind, 'text' | 'ascii' | 'blob' | 'boolean' | 'date' | 'time' | 'duration'>;
function fromText(kind: Emptiable, text: string, now: bigint | undefined): Result<Uint8Array, string> {
  const cannot = (what: string): string => `Unable to make ${what} from '${text}'`;
  switch (kind) {
    case 'tinyint':
      return mapped(wholeNumber(text, 8, cannot('byte')), (value) => int8Bytes(Number(value)));
    case 'smallint':
      return mapped(wholeNumber(text, 16, cannot('short')), (value) => int16Bytes(Number(value)));
    case 'int':
      return mapped(wholeNumber(text, 32, cannot('int')), (value) => int32Bytes(Number(value)));
    case 'bigint':
    case 'counter':
      return mapped(wholeNumber(text, 64, cannot('long')), int64Bytes);
    case 'varint':
      return mapped(wholeNumber(text, 0, `unable to make int from '${text}'`), varintBytes);
    case 'decimal': {
      const value = text.length > constantDigitsMax ? undefined : parseDecimal(text);
      return value === undefined ? fail(`unable to make BigDecimal from '${text}'`) : ok(decimalBytes(value));
    }
    case 'float': {
      const value = parseFloating(text);
      return value === undefined ? fail(cannot('float')) : ok(floatBytes(value));
    }
    case 'double': {
      const value = parseFloating(text);
      return value === undefined ? fail(cannot('double')) : ok(doubleBytes(value));
    }
    case 'inet': {
      const bytes = parseInet(text);
      return bytes === undefined ? fail(cannot('inet address')) : ok(bytes);
    }
    case 'uuid': {
      const bytes = parseUuid(text);
      return bytes === undefined ? fail(cannot('UUID')) : ok(bytes);
    }
    case 'timeuuid': {
      const bytes = parseUuid(text);
      if (bytes === undefined) return fail(`Unknown timeuuid representation: ${text}`);
      return (bytes[6] ?? 0) >> 4 === 1 ? ok(bytes) : fail('TimeUUID supports only version 1 UUIDs');
    }
    case 'timestamp':
      return mapped(parseTimestamp(text, now), int64Bytes);
    default:
      return unreachable(kind);
  }
}

export type LiteralKind = 'integer' | 'float' | 'string' | 'uuid' | 'blob' | 'duration' | 'boolean';
const literalTargets: Readonly<Record<LiteralKind, readonly NativeKind[]>> = {
  string: ['ascii', 'text', 'inet', 'date', 'time', 'timestamp'],
  integer: [
    'bigint',
    'counter',
    'date',
    'decimal',
    'double',
    'duration',
    'float',
    'int',
    'smallint',
    'time',
    'timestamp',
    'tinyint',
    'varint',
  ],
  uuid: ['uuid', 'timeuuid'],
  float: ['decimal', 'double', 'float'],
  boolean: ['boolean'],
  blob: ['blob'],
  duration: ['duration'],
};
/** Whether a constant that is written so may stand for a value of the type; of a tuple it tells all components. */
export const literalFits = (literal: LiteralKind, type: ValueType): boolean =>
  (type.kind === 'tuple' && literal !== 'blob') || literalTargets[literal].some((kind) => kind === type.kind);
/** What a constant is when nothing says what it should be: as `SELECT (…)` and function calls take it. */
export function literalType(literal: LiteralKind, text: string): ValueType {
  switch (literal) {
    case 'integer': {
      const value = text.length > 20 ? undefined : BigInt(text.replace('+', ''));
      if (value === undefined || BigInt.asIntN(64, value) !== value) return { kind: 'varint' };
      return { kind: BigInt.asIntN(32, value) === value ? 'int' : 'bigint' };
    }
    case 'float':
      return { kind: /nan|infinity/i.test(text) || Number.isFinite(Number(text)) ? 'double' : 'decimal' };
    case 'string':
      return { kind: 'text' };
    case 'uuid':
    case 'blob':
    case 'duration':
    case 'boolean':
      return { kind: literal };
    default:
      return unreachable(literal);
  }
}
