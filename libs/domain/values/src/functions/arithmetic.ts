/** + - * / % and the sign. Source: Cassandra 5.0, `OperationFcts`, `NumberType`, `DecimalType`. */
import { concatBytes, fail, ok, type Result, unreachable } from '@skerry/kernel';
import {
  compareDecimals,
  type Decimal,
  decimalBytes,
  decimalShape,
  digitCount,
  divideRounded,
  powerOfTen,
  rescale,
  stripZeros,
  toPrecision,
} from '../decimal.ts';
import { dayMs } from '../civil.ts';
import { addDuration, durationOf, durationText } from '../duration.ts';
import { doubleBytes, floatBytes, int32At, int32Bytes, int64At, int64Bytes } from '../integers.ts';
import { dateEpoch } from '../times.ts';
import { typeName } from '../type-name.ts';
import type { ValueType } from '../type.ts';
import { execution, type ScalarFunction, strict } from './function.ts';
import { isNumber, type NumberKind, numberOf, type Numeric, toDecimal, toNumber, wholeBytes } from './number.ts';

export type ArithmeticOperator = '+' | '-' | '*' | '/' | '%';
export const operatorFunctions: Readonly<Record<ArithmeticOperator, string>> = {
  '+': '_add',
  '-': '_substract',
  '*': '_multiply',
  '/': '_divide',
  '%': '_modulo',
};
export const negationFunction = '_negate';

/** Digits that sums and products of decimals keep. */
export const decimalPrecisionMax = 10_000;
/** Digits behind the point that a quotient has at least, and at most. */
const quotientScaleMin = 32;
const quotientScaleMax = 1000;

const sizes: Readonly<Record<NumberKind, number>> = {
  tinyint: 1,
  smallint: 2,
  int: 4,
  float: 4,
  bigint: 8,
  double: 8,
  counter: 8,
  decimal: Infinity,
  varint: Infinity,
};
const isFloating = (kind: NumberKind): boolean => kind === 'float' || kind === 'double' || kind === 'decimal';
/** Type of what comes of two numbers: as great as the greater, floating when one is. */
export function arithmeticKind(left: NumberKind, right: NumberKind): NumberKind {
  const size = Math.max(sizes[left], sizes[right]);
  if (isFloating(left) || isFloating(right)) return size <= 4 ? 'float' : size === 8 ? 'double' : 'decimal';
  return size === 1 ? 'tinyint' : size === 2 ? 'smallint' : size === 4 ? 'int' : size === 8 ? 'bigint' : 'varint';
}

function wholeOperation(operator: ArithmeticOperator, a: bigint, b: bigint): bigint | undefined {
  switch (operator) {
    case '+':
      return a + b;
    case '-':
      return a - b;
    case '*':
      return a * b;
    case '/':
      return b === 0n ? undefined : a / b;
    case '%':
      return b === 0n ? undefined : a % b;
    default:
      return unreachable(operator);
  }
}
function floatingOperation(operator: ArithmeticOperator, a: number, b: number): number {
  switch (operator) {
    case '+':
      return a + b;
    case '-':
      return a - b;
    case '*':
      return a * b;
    case '/':
      return a / b;
    case '%':
      return a % b;
    default:
      return unreachable(operator);
  }
}

/** To the greater scale; undefined: that would be too long, and the smaller does not count. */
function aligned(a: Decimal, b: Decimal): readonly [bigint, bigint, number] | undefined {
  const scale = Math.max(a.scale, b.scale);
  const left = rescale(a, scale, 'down');
  const right = rescale(b, scale, 'down');
  return left && right && [left.unscaled, right.unscaled, scale];
}
export function addDecimals(a: Decimal, b: Decimal): Decimal {
  const both = aligned(a, b);
  if (both !== undefined) return toPrecision({ unscaled: both[0] + both[1], scale: both[2] }, decimalPrecisionMax);
  const positive = (value: Decimal): Decimal => ({
    ...value,
    unscaled: value.unscaled < 0n ? -value.unscaled : value.unscaled,
  });
  return compareDecimals(positive(a), positive(b)) < 0 ? b : a;
}
const nanosPerMs = 1_000_000n;
const negated = (value: Decimal): Decimal => ({ unscaled: -value.unscaled, scale: value.scale });

export function divideDecimals(a: Decimal, b: Decimal): Result<Decimal, string> {
  if (b.unscaled === 0n) return fail(a.unscaled === 0n ? '/ by zero' : 'BigInteger divide by zero');
  const firstDigit = digitCount(a.unscaled) - a.scale - (digitCount(b.unscaled) - b.scale);
  const wanted = Math.max(quotientScaleMin - firstDigit, a.scale, b.scale, quotientScaleMin);
  const scale = Math.min(wanted, quotientScaleMax);
  const power = scale - a.scale + b.scale;
  if (a.unscaled === 0n) return ok({ unscaled: 0n, scale: 0 });
  // Less than half of its last digit.
  if (firstDigit + scale < -1) return ok({ unscaled: 0n, scale: 0 });
  if (Math.abs(power) > 2 * decimalPrecisionMax) return fail('Overflow');
  const dividend = power > 0 ? a.unscaled * powerOfTen(power) : a.unscaled;
  const divisor = power < 0 ? b.unscaled * powerOfTen(-power) : b.unscaled;
  return ok(stripZeros({ unscaled: divideRounded(dividend, divisor, 'halfUp'), scale }));
}
function decimalOperation(operator: ArithmeticOperator, a: Decimal, b: Decimal): Result<Decimal, string> {
  switch (operator) {
    case '+':
      return ok(addDecimals(a, b));
    case '-':
      return ok(addDecimals(a, negated(b)));
    case '*': {
      const scale = a.scale + b.scale;
      if (scale !== (scale | 0)) return fail(scale > 0 ? 'Underflow' : 'Overflow');
      return ok(toPrecision({ unscaled: a.unscaled * b.unscaled, scale }, decimalPrecisionMax));
    }
    case '/':
      return divideDecimals(a, b);
    case '%': {
      if (b.unscaled === 0n) return fail(a.unscaled === 0n ? 'Division undefined' : 'Division by zero');
      const both = aligned(a, b);
      if (both !== undefined) return ok({ unscaled: both[0] % both[1], scale: both[2] });
      return decimalShape(a).exponent < decimalShape(b).exponent ? ok(a) : fail('Division impossible');
    }
    default:
      return unreachable(operator);
  }
}

function computed(operator: ArithmeticOperator, kind: NumberKind, a: Numeric, b: Numeric): Result<Uint8Array, string> {
  switch (kind) {
    case 'float':
      return ok(floatBytes(floatingOperation(operator, Math.fround(toNumber(a)), Math.fround(toNumber(b)))));
    case 'double':
      return ok(doubleBytes(floatingOperation(operator, toNumber(a), toNumber(b))));
    case 'decimal': {
      const left = toDecimal(a);
      const right = toDecimal(b);
      if (left !== undefined && right !== undefined) {
        const made = decimalOperation(operator, left, right);
        return made.ok ? ok(decimalBytes(made.value)) : made;
      }
      const odd = left === undefined ? toNumber(a) : toNumber(b);
      return fail(`${Number.isNaN(odd) ? 'A NaN' : 'An infinite number'} cannot be converted into a decimal`);
    }
    case 'bigint':
    case 'counter':
    case 'int':
    case 'smallint':
    case 'tinyint':
    case 'varint':
    default: {
      // Both are whole, or one was floating.
      const value = a.is === 'whole' && b.is === 'whole' ? wholeOperation(operator, a.value, b.value) : undefined;
      if (value === undefined) return fail(kind === 'varint' ? 'BigInteger divide by zero' : '/ by zero');
      return ok(wholeBytes(kind, value));
    }
  }
}

/** Undefined: the operator is not for those types. */
const isText = ({ kind }: ValueType): boolean => kind === 'text' || kind === 'ascii';
export function arithmeticFunction(
  operator: ArithmeticOperator,
  left: ValueType,
  right: ValueType,
): ScalarFunction | undefined {
  const name = operatorFunctions[operator];
  const failed = (why: string) =>
    execution(`the operation '${typeName(left)} ${operator} ${typeName(right)}' failed: ${why}`);
  if (isNumber(left) && isNumber(right)) {
    const kind = arithmeticKind(left.kind, right.kind);
    return strict(name, [left, right], { kind }, ([a, b]) => {
      if (a === undefined || b === undefined) return ok(undefined);
      const made = computed(operator, kind, numberOf(left.kind, a), numberOf(right.kind, b));
      return made.ok ? made : failed(made.error);
    });
  }
  if (isText(left) && isText(right)) {
    if (operator !== '+') return undefined;
    const returns: ValueType = left.kind === 'ascii' && right.kind === 'ascii' ? left : { kind: 'text' };
    return strict(name, [left, right], returns, ([a, b]) => ok(a && b && concatBytes([a, b])));
  }
  const sign = operator === '+' ? 1 : -1;
  if (right.kind !== 'duration' || (operator !== '+' && operator !== '-')) return undefined;
  if (left.kind === 'timestamp')
    return strict(name, [left, right], left, ([time, span]) => {
      if (time === undefined || span === undefined) return ok(undefined);
      const duration = durationOf(span);
      if (duration.nanoseconds % nanosPerMs !== 0n)
        return failed(`The duration must have a millisecond precision. Was: ${durationText(duration)}`);
      return ok(int64Bytes(addDuration(int64At(time, 0), duration, sign)));
    });
  if (left.kind !== 'date') return undefined;
  return strict(name, [left, right], left, ([date, span]) => {
    if (date === undefined || span === undefined) return ok(undefined);
    const duration = durationOf(span);
    if (duration.nanoseconds !== 0n)
      return failed(`The duration must have a day precision. Was: ${durationText(duration)}`);
    const ms = BigInt((int32At(date, 0) >>> 0) - dateEpoch) * BigInt(dayMs);
    const value = Number(addDuration(ms, duration, sign) / BigInt(dayMs)) + dateEpoch;
    if (value < 0 || value >= 2 ** 32) return failed('The date is out of range');
    return ok(int32Bytes(value));
  });
}

export function negationOf(type: ValueType): ScalarFunction | undefined {
  if (!isNumber(type)) return undefined;
  const { kind } = type;
  return strict(negationFunction, [type], type, ([bytes]) => {
    if (bytes === undefined) return ok(undefined);
    const number = numberOf(kind, bytes);
    if (number.is === 'decimal') return ok(decimalBytes(negated(number.value)));
    if (number.is === 'floating') return ok(kind === 'float' ? floatBytes(-number.value) : doubleBytes(-number.value));
    return ok(
      kind === 'float' || kind === 'double' || kind === 'decimal' ? undefined : wholeBytes(kind, -number.value),
    );
  });
}
