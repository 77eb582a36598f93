/** abs, exp, log, log10, round of every type of number. Source: Cassandra 5.0, `MathFcts`, `NumberType`. */
import { ok, type Result } from '@skerry/kernel';
import { type Decimal, decimalBytes, rescale, wholePart } from '../decimal.ts';
import { varintBytes } from '../integers.ts';
import { decimalExp, decimalLn, decimalLog10 } from './decimal-math.ts';
import { execution, type ScalarFunction, strict } from './function.ts';
import { numberBytes, type NumberKind, numberKinds, numberOf, toNumber, wholeBytes } from './number.ts';

type MathName = 'abs' | 'exp' | 'log' | 'log10' | 'round';
const ofFloating: Readonly<Record<MathName, (value: number) => number>> = {
  abs: Math.abs,
  exp: Math.exp,
  log: Math.log,
  log10: Math.log10,
  // Java rounds halves up, to a whole number of 64 bits.
  round: (value) => Math.floor(value + 0.5) + 0,
};
const ofDecimal: Readonly<Record<MathName, (value: Decimal) => Result<Decimal, string>>> = {
  abs: ({ unscaled, scale }) => ok({ unscaled: unscaled < 0n ? -unscaled : unscaled, scale }),
  exp: decimalExp,
  log: decimalLn,
  log10: decimalLog10,
  round: (value) => ok(rescale(value, 0, 'halfUp') ?? value),
};

function mathBytes(name: MathName, kind: NumberKind, bytes: Uint8Array): Result<Uint8Array | undefined, string> {
  const number = numberOf(kind, bytes);
  if (number.is === 'floating') {
    const value = ofFloating[name](number.value);
    if (name !== 'round') return ok(numberBytes(kind, { is: 'floating', value }));
    const whole = numberBytes(kind === 'float' ? 'int' : 'bigint', { is: 'floating', value });
    return ok(whole && numberBytes(kind, numberOf(kind === 'float' ? 'int' : 'bigint', whole)));
  }
  if (number.is === 'decimal') {
    const made = ofDecimal[name](number.value);
    return made.ok ? ok(decimalBytes(made.value)) : made;
  }
  if (name === 'round') return ok(bytes);
  if (name === 'abs' && kind !== 'float' && kind !== 'double' && kind !== 'decimal')
    return ok(wholeBytes(kind, number.value < 0n ? -number.value : number.value));
  if (kind !== 'varint') return ok(numberBytes(kind, { is: 'floating', value: ofFloating[name](toNumber(number)) }));
  const made = ofDecimal[name]({ unscaled: number.value, scale: 0 });
  return made.ok ? ok(varintBytes(wholePart(made.value) ?? 0n)) : made;
}

export const mathFunctions: readonly ScalarFunction[] = (['abs', 'exp', 'log', 'log10', 'round'] as const).flatMap(
  (name) =>
    numberKinds.map((kind) =>
      strict(name, [{ kind }], { kind }, ([bytes]) => {
        if (bytes === undefined) return ok(undefined);
        const made = mathBytes(name, kind, bytes);
        return made.ok ? made : execution(made.error);
      }),
    ),
);
