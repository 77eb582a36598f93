/**
 * Readers of LIST as clients of Windows and Java have them: each takes a line apart by its own rules, and refuses what
 * it does not know. Written from the known forms; no client's code.
 *
 * Source: POSIX `ls -l`; the documented form of Apache Commons Net's UnixFTPEntryParser.
 */
export type ReadEntry = {
  readonly name: string;
  readonly directory: boolean;
  /** Bytes. */
  readonly size: number;
  /** UTC, to the minute, or to the day where the line tells a year. */
  readonly modified: string;
};
type Reader = (line: string, now: Date) => ReadEntry;

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
/** A time without a year is within the last twelve months. */
function dateOf(month: string, day: string, timeOrYear: string, now: Date): string {
  const index = months.indexOf(month);
  if (index < 0 || Number(day) < 1 || Number(day) > 31) throw new Error(`no date: ${month} ${day}`);
  const two = (value: number): string => String(value).padStart(2, '0');
  const monthDay = `${two(index + 1)}-${two(Number(day))}`;
  if (/^\d{4}$/.test(timeOrYear)) return `${timeOrYear}-${monthDay}`;
  const thisYear = now.getUTCFullYear();
  const dayAheadMs = 86_400_000;
  const ahead = Date.parse(`${thisYear}-${monthDay}T${timeOrYear}Z`) > now.getTime() + dayAheadMs;
  return `${ahead ? thisYear - 1 : thisYear}-${monthDay} ${timeOrYear}`;
}
const joined = (...parts: readonly RegExp[]): RegExp => new RegExp(parts.map(({ source }) => source).join(''));
function refuse(line: string): never {
  throw new Error(`a line that it cannot read: ${JSON.stringify(line)}`);
}

/** WinInet's way: nine words parted by blanks, the rest of the line is the name; it keeps blanks before a name. */
const words: Reader = (line, now) => {
  const found = /^([d-])[rwxsStT-]{9} +\d+ +\S+ +\S+ +(\d+) +(\w{3}) +(\d{1,2}) +(\d\d:\d\d|\d{4}) (.+)$/.exec(line);
  if (found === null) return refuse(line);
  const [, kind, size, month = '', day = '', time = '', name = ''] = found;
  return { name, directory: kind === 'd', size: Number(size), modified: dateOf(month, day, time, now) };
};
/** The way of the older clients: fixed columns, found once in the first line's form. */
const columns: Reader = (line, now) => {
  const name = line.slice(59);
  const date = line.slice(46, 58);
  if (line[45] !== ' ' || line[58] !== ' ' || name === '') return refuse(line);
  const size = line.slice(33, 45).trim();
  if (!/^\d+$/.test(size)) return refuse(line);
  const modified = dateOf(date.slice(0, 3), date.slice(4, 6).trim(), date.slice(7).trim(), now);
  return { name, directory: line.startsWith('d'), size: Number(size), modified };
};
/** WinSCP's and FileZilla's way: token by token from the left; a group may be missing, so the month is looked for. */
const tokens: Reader = (line, now) => {
  const parts = [...line.matchAll(/\S+/g)];
  const text = (index: number): string => parts[index]?.[0] ?? '';
  if (!/^[d-][rwxsStT-]{9}$/.test(text(0)) || !/^\d+$/.test(text(1))) return refuse(line);
  const month = parts.findIndex((part, i) => i >= 4 && months.includes(part[0]) && /^\d+$/.test(text(i - 1)));
  const last = parts[month + 2];
  if (month < 0 || last === undefined) return refuse(line);
  const name = line.slice(last.index + last[0].length + 1);
  const modified = dateOf(text(month), text(month + 1), last[0], now);
  return { name, directory: text(0).startsWith('d'), size: Number(text(month - 1)), modified };
};
/** .NET's samples: one pattern with named groups. */
const named: Reader = (line, now) => {
  const pattern = joined(
    /^(?<dir>[-d])(?<permission>(?:[-r][-w][-xst]){3})\s+\d+\s+\w+\s+\w+\s+(?<size>\d+)\s+/,
    /(?<month>\w{3})\s+(?<day>\d{1,2})\s+(?<time>\d{1,2}:\d{2}|\d{4})\s(?<name>.+)$/,
  );
  const groups = pattern.exec(line)?.groups;
  if (groups === undefined) return refuse(line);
  const { dir, size, month = '', day = '', time = '', name = '' } = groups;
  return { name, directory: dir === 'd', size: Number(size), modified: dateOf(month, day, time, now) };
};
/**
 * Commons Net's form: type, three times three permissions with an optional `+`, links, owner and an optional group that
 * may hold blanks, size, a numeric or a usual date, year or time, and the name, whose leading blanks it keeps.
 */
const commonsNet: Reader = (line, now) => {
  const pattern = joined(
    /^([bcdelfmpSs-])((?:[r-][w-][xsStTL-]){3})\+?\s*(\d+)\s+/,
    /(?:(\S+(?:\s\S+)*?)\s+)?(?:(\S+(?:\s\S+)*)\s+)?(\d+(?:,\s*\d+)?)\s+/,
    /((?:\d+[-/]\d+[-/]\d+)|(?:\S{3}\s+\d{1,2})|(?:\d{1,2}\s+\S{3}))\s+(\d+(?::\d+)?)\s(.*)$/,
  );
  const found = pattern.exec(line);
  if (found === null) return refuse(line);
  const [, kind, , , , , size, date = '', time = '', name = ''] = found;
  const [month = '', day = ''] = date.split(/\s+/);
  return { name, directory: kind === 'd', size: Number(size), modified: dateOf(month, day, time, now) };
};

export const listReaders: readonly (readonly [name: string, read: Reader])[] = [
  ['words parted by blanks (WinInet, Explorer)', words],
  ['fixed columns (older clients)', columns],
  ['tokens, the month looked for (WinSCP, FileZilla)', tokens],
  ['one pattern with named groups (.NET)', named],
  ['the form of UnixFTPEntryParser (Commons Net)', commonsNet],
];
/** As {@link listReaders} has them. */
export const readAsWinInet = words;
export const readAsWinScp = tokens;
