/** Months, days and nanoseconds, which are not interchangeable. Source: Cassandra 5.0, `cql3/Duration.java`; native protocol v5 §6.9. */
import { fail, ok, type Result } from '@skerry/kernel';
import { ByteSink } from './byte-sink.ts';
import { addMonths, civilOfDays, dayMs, daysOfCivil } from './civil.ts';
import { readVint, writeVint } from './vint.ts';

/** All of one sign. Months and days have 32 bits, nanoseconds 64. */
export type Duration = { readonly months: number; readonly days: number; readonly nanoseconds: bigint };

/** Of valid bytes. */
export function durationOf(bytes: Uint8Array): Duration {
  const months = readVint(bytes, 0, bytes.length);
  const days = months && readVint(bytes, months.next, bytes.length);
  const nanoseconds = days && readVint(bytes, days.next, bytes.length);
  return {
    months: Number(months?.value ?? 0n),
    days: Number(days?.value ?? 0n),
    nanoseconds: nanoseconds?.value ?? 0n,
  };
}
export function durationBytes({ months, days, nanoseconds }: Duration): Uint8Array {
  const sink = new ByteSink(24);
  writeVint(sink, BigInt(months));
  writeVint(sink, BigInt(days));
  writeVint(sink, nanoseconds);
  return sink.copy();
}

type UnitName =
  | 'years'
  | 'months'
  | 'weeks'
  | 'days'
  | 'hours'
  | 'minutes'
  | 'seconds'
  | 'milliseconds'
  | 'microseconds'
  | 'nanoseconds';
type Unit = { readonly name: UnitName; readonly of: 'months' | 'days' | 'nanoseconds'; readonly size: bigint };
/** From great to small, the order in which they must stand. */
const units: readonly Unit[] = [
  { name: 'years', of: 'months', size: 12n },
  { name: 'months', of: 'months', size: 1n },
  { name: 'weeks', of: 'days', size: 7n },
  { name: 'days', of: 'days', size: 1n },
  { name: 'hours', of: 'nanoseconds', size: 3_600_000_000_000n },
  { name: 'minutes', of: 'nanoseconds', size: 60_000_000_000n },
  { name: 'seconds', of: 'nanoseconds', size: 1_000_000_000n },
  { name: 'milliseconds', of: 'nanoseconds', size: 1_000_000n },
  { name: 'microseconds', of: 'nanoseconds', size: 1000n },
  { name: 'nanoseconds', of: 'nanoseconds', size: 1n },
];
const symbols: Readonly<Record<string, UnitName>> = {
  y: 'years',
  mo: 'months',
  w: 'weeks',
  d: 'days',
  h: 'hours',
  m: 'minutes',
  s: 'seconds',
  ms: 'milliseconds',
  us: 'microseconds',
  µs: 'microseconds',
  ns: 'nanoseconds',
};
const totalMax = { months: 2n ** 31n - 1n, days: 2n ** 31n - 1n, nanoseconds: 2n ** 63n - 1n };

const isoPattern = /^P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$/;
const isoDatePattern = /^P(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})$/;
const isoUnits: readonly UnitName[] = ['years', 'months', 'days', 'hours', 'minutes', 'seconds'];

/** `1y2mo3d4h5m6s7ms8us9ns`, `P1Y2M3DT4H5M6S`, `P1W` and `P0001-02-03T04:05:06`, each with a `-` before it. */
export function parseDuration(text: string): Result<Duration, string> {
  const negative = text.startsWith('-');
  const source = negative ? text.slice(1) : text;
  const amounts = source.startsWith('P') ? isoAmounts(source) : standardAmounts(source);
  if (amounts === undefined) return fail(`Unable to convert '${source}' to a duration`);
  const totals = { months: 0n, days: 0n, nanoseconds: 0n };
  let last: Unit | undefined;
  for (const [name, amount] of amounts) {
    const unit = units.find((each) => each.name === name);
    if (unit === undefined) continue;
    if (unit === last) return fail(`Invalid duration. The ${name} are specified multiple times`);
    if (last !== undefined && units.indexOf(unit) < units.indexOf(last))
      return fail(`Invalid duration. The ${last.name} should be after ${name}`);
    last = unit;
    totals[unit.of] += amount * unit.size;
    if (totals[unit.of] > totalMax[unit.of])
      return fail(`Invalid duration. The total number of ${unit.of} must be less or equal to 2147483647`);
  }
  const sign = negative ? -1 : 1;
  return ok({
    months: sign * Number(totals.months) + 0,
    days: sign * Number(totals.days) + 0,
    nanoseconds: BigInt(sign) * totals.nanoseconds,
  });
}
type Amounts = readonly (readonly [UnitName, bigint])[];
function isoAmounts(source: string): Amounts | undefined {
  const weeks = /^P(\d+)W$/.exec(source);
  if (weeks !== null) return [['weeks', BigInt(weeks[1] ?? '0')]];
  const found = isoDatePattern.exec(source) ?? isoPattern.exec(source);
  if (found === null) return undefined;
  return isoUnits.flatMap((name, i) => {
    const digits = found[i + 1];
    return digits === undefined ? [] : [[name, BigInt(digits)] as const];
  });
}
function standardAmounts(source: string): Amounts | undefined {
  if (!/^(?:\d+(?:mo|ms|us|µs|ns|[ywdhsm]))+$/i.test(source)) return undefined;
  return Array.from(source.matchAll(/(\d+)(mo|ms|us|µs|ns|[ywdhsm])/gi), ([, digits = '0', symbol = '']) => [
    symbols[symbol.toLowerCase()] ?? 'nanoseconds',
    BigInt(digits),
  ]);
}

export function durationText({ months, days, nanoseconds }: Duration): string {
  let text = months < 0 || days < 0 || nanoseconds < 0n ? '-' : '';
  const write = (amount: bigint, parts: readonly (readonly [string, bigint])[]): void => {
    let rest = amount < 0n ? -amount : amount;
    for (const [symbol, size] of parts) {
      if (rest >= size && rest !== 0n) text += `${rest / size}${symbol}`;
      rest %= size;
    }
  };
  write(BigInt(months), [
    ['y', 12n],
    ['mo', 1n],
  ]);
  write(BigInt(days), [['d', 1n]]);
  write(nanoseconds, [
    ['h', 3_600_000_000_000n],
    ['m', 60_000_000_000n],
    ['s', 1_000_000_000n],
    ['ms', 1_000_000n],
    ['us', 1000n],
    ['ns', 1n],
  ]);
  return text;
}

/** `ms` (milliseconds since 1970) and a duration. @param sign -1: it is subtracted. */
export function addDuration(ms: bigint, duration: Duration, sign: 1 | -1): bigint {
  const milliseconds = BigInt(sign) * (duration.nanoseconds / 1_000_000n);
  const days = BigInt(sign * duration.days) * BigInt(dayMs);
  if (duration.months === 0) return ms + days + milliseconds;
  const rest = ((ms % BigInt(dayMs)) + BigInt(dayMs)) % BigInt(dayMs);
  const date = addMonths(civilOfDays(Number((ms - rest) / BigInt(dayMs))), sign * duration.months);
  return BigInt(daysOfCivil(date.year, date.month, date.day)) * BigInt(dayMs) + rest + days + milliseconds;
}

/** `ms` rounded down to a multiple of `duration` since `start` (milliseconds). The error is Cassandra's text. */
export function floorToDuration(ms: bigint, duration: Duration, start: bigint): Result<bigint, string> {
  if (start > ms) return fail('The floor function starting time is greater than the provided time');
  if (duration.months < 0 || duration.days < 0 || duration.nanoseconds < 0n)
    return fail('Negative durations are not supported by the floor function');
  if (duration.months === 0) {
    const size = BigInt(duration.days) * BigInt(dayMs) + duration.nanoseconds / 1_000_000n;
    return ok(size === 0n ? ms : ms - ((ms - start) % size));
  }
  const times = (count: number): bigint =>
    addDuration(
      start,
      {
        months: duration.months * count,
        days: duration.days * count,
        nanoseconds: duration.nanoseconds * BigInt(count),
      },
      1,
    );
  let low = 0;
  // A multiple has at least as many months as `count`: past the distance in the shortest months it lies behind `ms`.
  let high = Number((ms - start) / BigInt(28 * dayMs * duration.months)) + 2;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (times(middle) <= ms) low = middle;
    else high = middle;
  }
  return ok(times(low));
}
