/** count, sum, avg, min, max over rows or over a collection. Source: Cassandra 5.0, `AggregateFcts`. */
import { unreachable } from '@skerry/kernel';
import { compare } from '../compare.ts';
import { type Decimal, decimalBytes, decimalZero, divideRounded } from '../decimal.ts';
import { doubleBytes, floatBytes, int64Bytes } from '../integers.ts';
import type { Part } from '../parts.ts';
import type { ValueType } from '../type.ts';
import { addDecimals } from './arithmetic.ts';
import { isNumber, type NumberKind, numberOf, toNumber, wholeBytes } from './number.ts';

/** One group's. */
export type Aggregate = {
  /** A value of the argument; null and empty ones are passed too. */
  readonly add: (value: Part) => void;
  readonly finish: () => Part;
};
export type AggregateFunction = {
  readonly name: string;
  /** None: of rows, `count(*)`. */
  readonly argTypes: readonly ValueType[];
  readonly returns: ValueType;
  readonly start: () => Aggregate;
};
export const aggregateNames = ['count', 'sum', 'avg', 'min', 'max'] as const;
export type AggregateName = (typeof aggregateNames)[number];

const bigint: ValueType = { kind: 'bigint' };
/** `count(*)`, `count(1)`: each row counts. */
export const countRows: AggregateFunction = {
  name: 'countRows',
  argTypes: [],
  returns: bigint,
  start() {
    let count = 0;
    return { add: () => void count++, finish: () => int64Bytes(BigInt(count)) };
  },
};

/** Undefined: not for that type. */
export function aggregateFunction(name: AggregateName, type: ValueType): AggregateFunction | undefined {
  switch (name) {
    case 'count':
      return { name, argTypes: [type], returns: bigint, start: () => counting() };
    case 'min':
    case 'max':
      return { name, argTypes: [type], returns: type, start: () => extreme(type, name === 'min' ? -1 : 1) };
    case 'sum':
    case 'avg': {
      if (!isNumber(type)) return undefined;
      const { kind } = type;
      return { name, argTypes: [type], returns: type, start: () => accumulating(kind, name === 'avg') };
    }
    default:
      return unreachable(name);
  }
}

function counting(): Aggregate {
  let count = 0;
  return {
    add(value) {
      if (value !== undefined) count++;
    },
    finish: () => int64Bytes(BigInt(count)),
  };
}
function extreme(type: ValueType, sign: number): Aggregate {
  let best: Part;
  return {
    add(value) {
      if (value === undefined) return;
      // The row's buffer may be another row's by the end.
      if (best === undefined || compare(type, value, best) * sign > 0) best = value.slice();
    },
    finish: () => best,
  };
}
function accumulating(kind: NumberKind, average: boolean): Aggregate {
  if (kind === 'float' || kind === 'double') return floatingSum(kind, average);
  if (kind === 'decimal') return average ? decimalAverage() : decimalSum();
  let sum = 0n;
  let count = 0n;
  return {
    add(value) {
      if (value === undefined || value.length === 0) return;
      const number = numberOf(kind, value);
      if (number.is === 'whole') sum += number.value;
      count++;
    },
    // A sum wraps round as its type does; an average is cut.
    finish: () => wholeBytes(kind, average ? (count === 0n ? 0n : sum / count) : sum),
  };
}
/** Kahan's summation; the plain sum tells infinities. */
function floatingSum(kind: 'float' | 'double', average: boolean): Aggregate {
  let [sum, compensation, simple, count] = [0, 0, 0, 0];
  return {
    add(value) {
      if (value === undefined || value.length === 0) return;
      const number = toNumber(numberOf(kind, value));
      count++;
      simple += number;
      const corrected = number - compensation;
      const next = sum + corrected;
      compensation = next - sum - corrected;
      sum = next;
    },
    finish() {
      const special = Number.isNaN(sum) && !Number.isFinite(simple);
      const total = special || !Number.isFinite(simple) ? simple : sum;
      const value = average ? (count === 0 ? 0 : total / count) : total;
      return kind === 'float' ? floatBytes(value) : doubleBytes(value);
    },
  };
}
const decimalOfValue = (value: Uint8Array): Decimal => {
  const number = numberOf('decimal', value);
  return number.is === 'decimal' ? number.value : decimalZero;
};
function decimalSum(): Aggregate {
  let sum = decimalZero;
  return {
    add(value) {
      if (value !== undefined && value.length > 0) sum = addDecimals(sum, decimalOfValue(value));
    },
    finish: () => decimalBytes(sum),
  };
}
/** Moves by a part of each difference, rounded to that difference's scale: as Cassandra's does, in its order of rows. */
function decimalAverage(): Aggregate {
  let average = decimalZero;
  let count = 0n;
  return {
    add(value) {
      if (value === undefined || value.length === 0) return;
      count++;
      const difference = addDecimals(decimalOfValue(value), { unscaled: -average.unscaled, scale: average.scale });
      const step = divideRounded(difference.unscaled, count, 'halfEven');
      average = addDecimals(average, { unscaled: step, scale: difference.scale });
    },
    finish: () => decimalBytes(average),
  };
}
