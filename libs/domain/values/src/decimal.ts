/** Decimal numbers of any size: unscaled × 10^-scale. Source: native protocol v5 §6.7, java.math.BigDecimal for texts and scales. */
import { int32At, int32Bytes, varintBytes, varintOf } from './integers.ts';

export type Decimal = { readonly unscaled: bigint; /** 32 bits, with its sign. */ readonly scale: number };
export const decimalZero: Decimal = { unscaled: 0n, scale: 0 };

/** Digits that a decimal may be written out to, where another type must hold it: past it a number of some bytes would be a text of gigabytes. */
export const decimalDigitsMax = 20_000;

/** Of at least four bytes; none after them: 0. */
export const decimalOf = (bytes: Uint8Array): Decimal => ({
  unscaled: varintOf(bytes.subarray(4)),
  scale: int32At(bytes, 0),
});
export function decimalBytes(value: Decimal): Uint8Array {
  const unscaled = varintBytes(value.unscaled);
  const bytes = new Uint8Array(4 + unscaled.length);
  bytes.set(int32Bytes(value.scale));
  bytes.set(unscaled, 4);
  return bytes;
}

const decimalPattern = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,10}))?$/;

/** As java.math.BigDecimal reads it; undefined: it does not. */
export function parseDecimal(text: string): Decimal | undefined {
  const found = decimalPattern.exec(text);
  if (found === null) return undefined;
  const [, sign, whole = '', fraction = '', exponent = '0'] = found;
  if (whole === '' && fraction === '') return undefined;
  const scale = fraction.length - Number(exponent);
  if (scale !== (scale | 0)) return undefined;
  const magnitude = BigInt(whole + fraction);
  return { unscaled: sign === '-' ? -magnitude : magnitude, scale };
}

/** As BigDecimal.toString writes it: digits while the exponent is not below -6, else scientific. */
export function decimalText({ unscaled, scale }: Decimal): string {
  const sign = unscaled < 0n ? '-' : '';
  const digits = (unscaled < 0n ? -unscaled : unscaled).toString();
  if (scale === 0) return sign + digits;
  const adjusted = digits.length - 1 - scale;
  if (scale >= 0 && adjusted >= -6) {
    const padded = digits.padStart(scale + 1, '0');
    return `${sign}${padded.slice(0, -scale)}.${padded.slice(-scale)}`;
  }
  const mantissa = digits.length > 1 ? `${digits.charAt(0)}.${digits.slice(1)}` : digits;
  if (adjusted === 0) return sign + mantissa;
  return `${sign}${mantissa}E${adjusted < 0 ? '' : '+'}${adjusted}`;
}

/** Sign, significant digits without zeros at either end, and the exponent of the first (0.d1d2… × 10^exponent). */
export type DecimalShape = { readonly sign: -1 | 0 | 1; readonly digits: string; readonly exponent: number };
export function decimalShape({ unscaled, scale }: Decimal): DecimalShape {
  if (unscaled === 0n) return { sign: 0, digits: '', exponent: 0 };
  const all = (unscaled < 0n ? -unscaled : unscaled).toString();
  let end = all.length;
  while (all.charCodeAt(end - 1) === 0x30) end--;
  return { sign: unscaled < 0n ? -1 : 1, digits: all.slice(0, end), exponent: all.length - scale };
}

/** By number, whatever the scales: no power of ten is written out. */
export function compareDecimals(a: Decimal, b: Decimal): number {
  if (a.scale === b.scale) return a.unscaled < b.unscaled ? -1 : a.unscaled > b.unscaled ? 1 : 0;
  const left = decimalShape(a);
  const right = decimalShape(b);
  if (left.sign !== right.sign) return left.sign - right.sign;
  if (left.exponent !== right.exponent) return left.sign * (left.exponent < right.exponent ? -1 : 1);
  if (left.digits === right.digits) return 0;
  return left.sign * (left.digits < right.digits ? -1 : 1);
}

export const powerOfTen = (exponent: number): bigint => 10n ** BigInt(exponent);
export const digitCount = (value: bigint): number => (value < 0n ? -value : value).toString().length;

export type Rounding = 'down' | 'halfUp' | 'halfEven';
/** `dividend` ÷ `divisor` (not 0) as a whole number. */
export function divideRounded(dividend: bigint, divisor: bigint, rounding: Rounding): bigint {
  const quotient = dividend / divisor;
  const rest = dividend % divisor;
  if (rest === 0n || rounding === 'down') return quotient;
  const twice = 2n * (rest < 0n ? -rest : rest);
  const whole = divisor < 0n ? -divisor : divisor;
  const away = dividend < 0n !== divisor < 0n ? -1n : 1n;
  const up = twice > whole || (twice === whole && (rounding === 'halfUp' || quotient % 2n !== 0n));
  return up ? quotient + away : quotient;
}

/** The same number to `scale`; undefined: it would be longer than {@link decimalDigitsMax}. */
export function rescale(value: Decimal, scale: number, rounding: Rounding): Decimal | undefined {
  const more = scale - value.scale;
  if (more === 0 || value.unscaled === 0n) return { unscaled: value.unscaled, scale };
  if (more > 0) {
    if (more > decimalDigitsMax) return undefined;
    return { unscaled: value.unscaled * powerOfTen(more), scale };
  }
  // Less than half of the last digit that stays.
  if (-more > digitCount(value.unscaled) + 1) return { unscaled: 0n, scale };
  return { unscaled: divideRounded(value.unscaled, powerOfTen(-more), rounding), scale };
}

/** At most `precision` digits, as a MathContext with HALF_UP. */
export function toPrecision(value: Decimal, precision: number, rounding: Rounding = 'halfUp'): Decimal {
  let { unscaled, scale } = value;
  for (let extra = digitCount(unscaled) - precision; extra > 0; extra = digitCount(unscaled) - precision) {
    unscaled = divideRounded(unscaled, powerOfTen(extra), rounding);
    scale -= extra;
  }
  return { unscaled, scale };
}

export function stripZeros(value: Decimal): Decimal {
  if (value.unscaled === 0n) return decimalZero;
  const text = value.unscaled.toString();
  let end = text.length;
  while (text.charCodeAt(end - 1) === 0x30) end--;
  const extra = text.length - end;
  return extra === 0 ? value : { unscaled: BigInt(text.slice(0, end)), scale: value.scale - extra };
}

/** The whole part; undefined: longer than {@link decimalDigitsMax}. */
export const wholePart = (value: Decimal): bigint | undefined => rescale(value, 0, 'down')?.unscaled;
