/** Exponential and logarithms of decimals, by whole numbers with digits to spare. Source: power series of exp and atanh. */
import { fail, ok, type Result } from '@skerry/kernel';
import { type Decimal, decimalShape, digitCount, divideRounded, powerOfTen, rescale, toPrecision } from '../decimal.ts';

/** Digits of a result at least, as Cassandra has them; more when the argument has more. */
const digitsMin = 32;
/** Digits of a result at most. */
export const decimalMathDigitsMax = 1000;
/** Digits before the point of what is raised: beyond, the result's scale has no room in 32 bits. */
const exponentDigitsMax = 9;
const guard = 15;

const precisionOf = (value: Decimal): number =>
  Math.min(decimalMathDigitsMax, Math.max(digitsMin, digitCount(value.unscaled)));

/** 2 atanh(a ÷ b), in units of 1 ÷ `one`. */
function logarithmSeries(a: bigint, b: bigint, one: bigint): bigint {
  const ratio = (a * one) / b;
  const square = (ratio * ratio) / one;
  let sum = 0n;
  let power = ratio;
  for (let n = 1n; power !== 0n; n += 2n) {
    sum += power / n;
    power = (power * square) / one;
  }
  return 2n * sum;
}
/** ln 10 = 3 ln 2 + ln 1.25. */
const lnTen = (one: bigint): bigint => 3n * logarithmSeries(1n, 3n, one) + logarithmSeries(1n, 9n, one);

/** e^value. */
export function decimalExp(value: Decimal): Result<Decimal, string> {
  const precision = precisionOf(value);
  if (value.unscaled === 0n) return ok({ unscaled: 1n, scale: 0 });
  const { exponent } = decimalShape(value);
  if (exponent > exponentDigitsMax) return fail('Overflow');
  const digits = precision + guard + Math.max(0, exponent);
  const one = powerOfTen(digits);
  const x = rescale(value, digits, 'halfEven')?.unscaled ?? 0n;
  const ten = lnTen(one);
  const tens = divideRounded(x, ten, 'halfEven');
  const rest = x - tens * ten;
  let sum = one;
  let term = one;
  for (let n = 1n; ; n++) {
    term = (term * rest) / (one * n);
    if (term === 0n) break;
    sum += term;
  }
  return ok(toPrecision({ unscaled: sum, scale: digits - Number(tens) }, precision, 'halfEven'));
}

function naturalLog(value: Decimal, digits: number): bigint {
  const one = powerOfTen(digits);
  const shape = decimalShape(value);
  // 0.1 to 1 first, then near 1 by doubling.
  let mantissa = (BigInt(shape.digits) * one) / powerOfTen(shape.digits.length);
  let halvings = 0n;
  while (mantissa * 10n < 7n * one) {
    mantissa *= 2n;
    halvings++;
  }
  const two = logarithmSeries(1n, 3n, one);
  return logarithmSeries(mantissa - one, mantissa + one, one) - halvings * two + BigInt(shape.exponent) * lnTen(one);
}
const logFault = (name: string): { readonly ok: false; readonly error: string } =>
  fail(`${name} of number zero or less`);

export function decimalLn(value: Decimal): Result<Decimal, string> {
  if (value.unscaled <= 0n) return logFault('Natural log');
  const precision = precisionOf(value);
  const digits = 2 * precision + guard;
  const unscaled = naturalLog(value, digits);
  return ok(unscaled === 0n ? { unscaled, scale: 0 } : toPrecision({ unscaled, scale: digits }, precision, 'halfEven'));
}
export function decimalLog10(value: Decimal): Result<Decimal, string> {
  if (value.unscaled <= 0n) return logFault('Log10');
  const shape = decimalShape(value);
  if (shape.digits === '1') return ok({ unscaled: BigInt(shape.exponent - 1), scale: 0 });
  const precision = precisionOf(value);
  const digits = 2 * precision + guard;
  const one = powerOfTen(digits);
  const unscaled = (naturalLog(value, digits) * one) / lnTen(one);
  return ok(toPrecision({ unscaled, scale: digits }, precision, 'halfEven'));
}
