/** Texts of floating-point numbers as Java writes and reads them. Source: java.lang.Double.toString, Double.parseDouble. */

const floatingPattern = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?[fFdD]?$/;

/** Undefined: no number. */
export function parseFloating(text: string): number | undefined {
  const source = text.trim();
  const special = /^([+-]?)(nan|infinity)$/i.exec(source);
  if (special !== null) {
    if (special[2]?.toLowerCase() === 'nan') return Number.NaN;
    return special[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  }
  return floatingPattern.test(source) ? Number(source.replace(/[fFdD]$/, '')) : undefined;
}

/** The fewest digits that a float of 32 bits can be told by; of two digits, as Java, the nearest. */
function floatDigits(value: number): string {
  for (let precision = 2; precision < 9; precision++) {
    const text = value.toExponential(precision - 1);
    if (Math.fround(Number(text)) === value) return text;
  }
  return value.toExponential(8);
}

function doubleDigits(value: number): string {
  const short = value.toExponential();
  const two = value.toExponential(1);
  return short.includes('.') || Number(two) !== value ? short : two;
}
export const doubleText = (value: number): string => javaText(value, doubleDigits(value));
/** @param value of 32 bits. */
export const floatText = (value: number): string => javaText(value, Number.isFinite(value) ? floatDigits(value) : '');

/** Plain from 10^-3 to below 10^7, else `1.0E10`; always with a digit behind the point. */
function javaText(value: number, exponential: string): string {
  if (Number.isNaN(value)) return 'NaN';
  const sign = value < 0 || Object.is(value, -0) ? '-' : '';
  if (!Number.isFinite(value)) return `${sign}Infinity`;
  if (value === 0) return `${sign}0.0`;
  const [mantissa = '', power = '0'] = exponential.split('e');
  const digits = mantissa.replace(/[.-]/g, '').replace(/(?<=.)0+$/, '');
  const exponent = Number(power);
  if (exponent >= 7 || exponent < -3) return `${sign}${digits.charAt(0)}.${digits.slice(1) || '0'}E${exponent}`;
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`;
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, '0');
  return `${sign}${whole}.${digits.slice(exponent + 1) || '0'}`;
}
