/** Texts of timestamps, dates and times of day. Source: Cassandra 5.0, TimestampSerializer, SimpleDateSerializer, TimeSerializer. */
import { fail, ok, type Result } from '@skerry/kernel';
import { civilOfDays, dayMs, daysOfCivil, isCivil, padded, yearText } from './civil.ts';

const longMax = 2n ** 63n - 1n;
const isLong = (value: bigint): boolean => value >= -longMax - 1n && value <= longMax;

/** Hours from UTC. Names of zones whose rules change with the season stand for what the name says. */
const zoneHours: Readonly<Record<string, number>> = {
  UTC: 0,
  GMT: 0,
  UT: 0,
  WET: 0,
  WEST: 1,
  BST: 1,
  CET: 1,
  CEST: 2,
  EET: 2,
  EEST: 3,
  MSK: 3,
  IST: 5.5,
  JST: 9,
  KST: 9,
  AEST: 10,
  AEDT: 11,
  NZST: 12,
  NZDT: 13,
  EST: -5,
  EDT: -4,
  CST: -6,
  CDT: -5,
  MST: -7,
  MDT: -6,
  PST: -8,
  PDT: -7,
  AKST: -9,
  AKDT: -8,
  HST: -10,
};

const timestampPattern =
  /^(\d{4}|\+\d{5,9})-(\d{2})-(\d{2})(?:[ T](\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d{0,9}))?)?)?(?:(Z|[+-]\d{2}(?::?\d{2})?)| ([+-]\d{4}|GMT[+-]\d{2}:\d{2}|[A-Za-z]{1,5}))?$/;

/** Minutes from UTC; undefined: no such zone. */
function zoneMinutes(text: string | undefined): number | undefined {
  if (text === undefined || text === 'Z') return 0;
  const signed = /^(?:GMT)?([+-])(\d{1,2}):?(\d{2})?$/.exec(text);
  if (signed === null) {
    const hours = Object.hasOwn(zoneHours, text) ? zoneHours[text] : undefined;
    return hours === undefined ? undefined : hours * 60;
  }
  const [, sign, hours = '0', minutes = '0'] = signed;
  const total = Number(hours) * 60 + Number(minutes);
  if (Number(minutes) > 59 || total > 18 * 60) return undefined;
  return sign === '-' ? -total : total;
}

/** Milliseconds since 1970. Without a zone: UTC. `now` (milliseconds) for the text "now", where there is one. */
export function parseTimestamp(text: string, now?: bigint): Result<bigint, string> {
  if (/^now$/i.test(text) && now !== undefined) return ok(now);
  if (/^-?\d+$/.test(text)) {
    const value = BigInt(text);
    return isLong(value) ? ok(value) : fail(`Unable to make long (for date) from: '${text}'`);
  }
  const refused = fail(`Unable to parse a date/time from '${text}'`);
  const found = timestampPattern.exec(text);
  if (found === null) return refused;
  const [year = 0, month = 0, written = 0, hour = 0, minute = 0, second = 0] = found
    .slice(1, 7)
    .map((part) => Number(part ?? '0'));
  const ms = Number((found[7] ?? '').slice(0, 3).padEnd(3, '0'));
  const zone = zoneMinutes(found[8] ?? found[9]);
  // Java takes the last day of a month for a later one, and 24:00 for the next midnight.
  const day = written > 28 && written <= 31 && !isCivil(year, month, written) ? lastDay(year, month) : written;
  if (zone === undefined || year < 1 || !isCivil(year, month, day)) return refused;
  const isMidnight = hour === 24 && minute === 0 && second === 0 && ms === 0;
  if ((hour > 23 && !isMidnight) || minute > 59 || second > 59) return refused;
  const seconds = hour * 3600 + (minute - zone) * 60 + second;
  return ok(BigInt(daysOfCivil(year, month, day)) * BigInt(dayMs) + BigInt(seconds * 1000 + ms));
}

const lastDay = (year: number, month: number): number => [31, 30, 29].find((day) => isCivil(year, month, day)) ?? 28;
const floorDivide = (value: bigint, by: bigint): bigint => (value - (((value % by) + by) % by)) / by;

/** Such as `2011-02-03 04:05:00.000Z`. A year before Christ is counted backwards, as Java's pattern does. */
export function timestampText(ms: bigint, separator: ' ' | 'T' = ' '): string {
  const days = floorDivide(ms, BigInt(dayMs));
  const rest = Number(ms - days * BigInt(dayMs));
  const { year, month, day } = civilOfDays(Number(days));
  const clock = `${padded(Math.floor(rest / 3_600_000), 2)}:${padded(Math.floor(rest / 60_000) % 60, 2)}`;
  const seconds = `${padded(Math.floor(rest / 1000) % 60, 2)}.${padded(rest % 1000, 3)}`;
  return `${yearText(year < 1 ? 1 - year : year)}-${padded(month, 2)}-${padded(day, 2)}${separator}${clock}:${seconds}Z`;
}

/** What a date's number is for 1970-01-01. */
export const dateEpoch = 2 ** 31;
/** The number of a date, 0 to 2^32 - 1: days since 1970 above {@link dateEpoch}. */
export function parseDate(text: string): Result<number, string> {
  if (/^-?\d+$/.test(text)) {
    const value = BigInt(text);
    if (value >= 0n && value < 2n ** 32n) return ok(Number(value));
    return fail(`Unable to make unsigned int (for date) from: '${text}'`);
  }
  const found = /^(\d{4}|\+\d{5,9}|-\d{4,9})-(\d{2})-(\d{2})$/.exec(text);
  const [year = 0, month = 0, day = 0] = (found?.slice(1) ?? []).map(Number);
  if (found === null || !isCivil(year, month, day))
    return fail(`Unable to coerce '${text}' to a formatted date (long)`);
  const value = daysOfCivil(year, month, day) + dateEpoch;
  if (value < 0) return fail(`Input date ${text} is less than min supported date -5877641-06-23T00:00Z`);
  if (value >= 2 ** 32) return fail(`Input date ${text} is greater than max supported date +5881580-07-11T00:00Z`);
  return ok(value);
}
export function dateText(value: number): string {
  const { year, month, day } = civilOfDays(value - dateEpoch);
  return `${yearText(year)}-${padded(month, 2)}-${padded(day, 2)}`;
}

export const dayNanoseconds = 86_400_000_000_000n;
/** Nanoseconds since midnight. */
export function parseTime(text: string): Result<bigint, string> {
  if (/^-?\d+$/.test(text)) {
    const value = BigInt(text);
    if (value >= 0n && value < dayNanoseconds) return ok(value);
    return fail(`Unable to make long (for time) from: '${text}'`);
  }
  const found = /^(\d{1,2}):(\d{1,2}):(\d{1,2})(?:\.(\d{1,9}))?$/.exec(text.trim());
  const [hour = 24, minute = 0, second = 0] = (found?.slice(1, 4) ?? []).map(Number);
  if (found === null || hour > 23 || minute > 59 || second > 59)
    return fail(`(TimeType) Unable to coerce '${text}' to a formatted time (long)`);
  const fraction = BigInt((found[4] ?? '').padEnd(9, '0'));
  return ok(BigInt(hour * 3600 + minute * 60 + second) * 1_000_000_000n + fraction);
}
export function timeText(nanoseconds: bigint): string {
  const seconds = Number(nanoseconds / 1_000_000_000n);
  const fraction = String(nanoseconds % 1_000_000_000n).padStart(9, '0');
  const clock = `${padded(Math.floor(seconds / 3600), 2)}:${padded(Math.floor(seconds / 60) % 60, 2)}`;
  return `${clock}:${padded(seconds % 60, 2)}.${fraction}`;
}
