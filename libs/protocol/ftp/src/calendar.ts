/**
 * Dates of the Gregorian calendar, in UTC, without a clock.
 *
 * Source: RFC 3659 §2.3 (time values); H. Hinnant, "chrono-Compatible Low-Level Date Algorithms", for the arithmetic.
 */

export type CivilTime = {
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
  /** 1 to 31. */
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
};

const dayMs = 86_400_000;
/** The calendar repeats itself after so many days, which are 400 years. */
const eraDays = 146_097;
/** From 0000-03-01, where an era begins, to 1970-01-01. */
const epochDays = 719_468;

/** Days since 1970 of a date of the proleptic Gregorian calendar. */
function daysFromCivil(year: number, month: number, day: number): number {
  const shifted = month <= 2 ? year - 1 : year;
  const era = Math.floor(shifted / 400);
  const yearOfEra = shifted - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * eraDays + dayOfEra - epochDays;
}

/** @param timeMs milliseconds since 1970. */
export function civilTime(timeMs: number): CivilTime {
  const days = Math.floor(timeMs / dayMs);
  const seconds = Math.floor((timeMs - days * dayMs) / 1000);
  const shifted = days + epochDays;
  const era = Math.floor(shifted / eraDays);
  const dayOfEra = shifted - era * eraDays;
  const leaps = Math.floor(dayOfEra / 1460) - Math.floor(dayOfEra / 36_524) + Math.floor(dayOfEra / 146_096);
  const yearOfEra = Math.floor((dayOfEra - leaps) / 365);
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153);
  const month = monthFromMarch + (monthFromMarch < 10 ? 3 : -9);
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    day: dayOfYear - Math.floor((153 * monthFromMarch + 2) / 5) + 1,
    hour: Math.floor(seconds / 3600),
    minute: Math.floor(seconds / 60) % 60,
    second: seconds % 60,
  };
}

const two = (value: number): string => (value < 10 ? `0${value}` : String(value));
/** Of the day asked for last: a listing asks for the same few again and again. */
let lastDate = { days: Number.NaN, text: '' };
function dateText(days: number): string {
  if (lastDate.days === days) return lastDate.text;
  const { year, month, day } = civilTime(days * dayMs);
  lastDate = { days, text: digits(year, 4) + two(month) + two(day) };
  return lastDate.text;
}
const digits = (value: number, count: number): string => String(value).padStart(count, '0');

/** `YYYYMMDDHHMMSS`, as MDTM, MFMT and the facts `modify` and `create` write it; parts of a second are left out. */
export function formatTime(timeMs: number): string {
  const days = Math.floor(timeMs / dayMs);
  const seconds = Math.floor((timeMs - days * dayMs) / 1000);
  const hour = Math.floor(seconds / 3600);
  const minute = Math.floor(seconds / 60) % 60;
  return dateText(days) + two(hour) + two(minute) + two(seconds % 60);
}

/** Milliseconds since 1970 of `YYYYMMDDHHMMSS[.sss]`; undefined when it is no time of the calendar since 1970. */
export function parseTime(text: string): number | undefined {
  const found = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(?:\.(\d{1,9}))?$/.exec(text);
  if (found === null) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = found.slice(1, 7).map(Number);
  if (month < 1 || month > 12 || hour > 23 || minute > 59 || second > 60) return undefined;
  const days = daysFromCivil(year, month, day);
  const civil = civilTime(days * dayMs);
  if (day < 1 || days < 0 || civil.month !== month || civil.day !== day) return undefined;
  const partMs = Math.floor(Number(`0.${found[7] ?? '0'}`) * 1000);
  return days * dayMs + ((hour * 60 + minute) * 60 + second) * 1000 + partMs;
}
