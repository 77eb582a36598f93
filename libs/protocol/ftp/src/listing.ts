/**
 * Lines of LIST, NLST, MLSD and MLST, without their ends.
 *
 * Source: RFC 3659 §7 (facts); POSIX `ls -l` for LIST, which no RFC describes and every client parses.
 * Assumes: times are shown in UTC.
 */
import { data } from '@skerry/proto';
import { civilTime, formatTime } from './calendar.ts';

export type ListedEntry = Readonly<data.DirectoryEntry>;

/** What a user may do with an entry. */
export type Right = 'list' | 'read' | 'write' | 'delete' | 'make' | 'rename';
export const allRights: readonly Right[] = ['list', 'read', 'write', 'delete', 'make', 'rename'];

const monthNames = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
/** Half of a Gregorian year: older dates show the year instead of the time, as POSIX asks of `ls`. */
const recentMs = 15_778_476_000;
/** A date so far ahead still shows its time: the clocks of writer and reader differ. */
const aheadMs = 3_600_000;

const isDirectory = (entry: ListedEntry): boolean => entry.kind === data.EntryKind.DIRECTORY;
const two = (value: number): string => (value < 10 ? `0${value}` : String(value));
// A name with a line break would be two entries to the client.
const oneLine = (text: string): string => (/[\r\n\0]/.test(text) ? text.replace(/[\r\n\0]/g, '?') : text);

/** Remembers the answer to the question asked last: in one listing owners, modes and minutes repeat themselves. */
function lastAnswer<Q, A>(answer: (question: Q) => A): (question: Q) => A {
  let last: { readonly question: Q; readonly answer: A } | undefined;
  return (question) => {
    if (last === undefined || last.question !== question) last = { question, answer: answer(question) };
    return last.answer;
  };
}
/** A column without blanks. */
const toColumn = (text: string): string => (text === '' ? 'ftp' : text.replace(/[\s;=]/g, '_'));
const owners = { plain: lastAnswer(toColumn), padded: lastAnswer((text: string) => toColumn(text).padEnd(8)) };
const groups = { plain: lastAnswer(toColumn), padded: lastAnswer((text: string) => toColumn(text).padEnd(8)) };

const modeLetters = lastAnswer((mode: number): string => {
  let letters = '';
  for (let bit = 8; bit >= 0; bit--) letters += (mode >> bit) & 1 ? 'xwr'[bit % 3] : '-';
  return letters;
});
const modeDigits = lastAnswer((mode: number): string => `0${(mode & 0o777).toString(8).padStart(3, '0')}`);

/** Month, day and time of a minute since 1970, and the year instead of the time. */
const minuteText = lastAnswer((minutes: number): { readonly recent: string; readonly old: string } => {
  const { year, month, day, hour, minute } = civilTime(minutes * 60_000);
  const date = `${monthNames[month - 1]} ${String(day).padStart(2)}`;
  return { recent: `${date} ${two(hour)}:${two(minute)}`, old: `${date}  ${year}` };
});

function listDate(timeMs: number, nowMs: number): string {
  const { recent, old } = minuteText(Math.floor(timeMs / 60_000));
  return timeMs > nowMs - recentMs && timeMs <= nowMs + aheadMs ? recent : old;
}

export type ListLineOptions = {
  /** Put before the name, such as `sub/`. */
  readonly prefix?: string;
};

/** As `ls -l` writes it, columns padded so that a fixed-width parser finds them. */
export function formatListLine(entry: ListedEntry, nowMs: number, { prefix = '' }: ListLineOptions = {}): string {
  const kind = isDirectory(entry) ? 'd' : '-';
  const links = isDirectory(entry) ? '2' : '1';
  const owner = owners.padded(entry.owner);
  const group = groups.padded(entry.group);
  const size = String(entry.size).padStart(12);
  const date = listDate(entry.modifiedAtMs, nowMs);
  const name = oneLine(prefix + entry.name);
  return `${kind}${modeLetters(entry.mode)}   ${links} ${owner} ${group} ${size} ${date} ${name}`;
}

/** A name as NLST gives it: usable as it stands in RETR (RFC 1123 §4.1.2.7). */
export const formatNameLine = (entry: ListedEntry, prefix = ''): string => oneLine(prefix + entry.name);

type Letters = readonly (readonly [letter: string, right: Right])[];
const directoryLetters: Letters = [
  ['c', 'write'],
  ['d', 'delete'],
  ['e', 'list'],
  ['f', 'rename'],
  ['l', 'list'],
  ['m', 'make'],
  ['p', 'delete'],
];
const fileLetters: Letters = [
  ['a', 'write'],
  ['d', 'delete'],
  ['f', 'rename'],
  ['r', 'read'],
  ['w', 'write'],
];
/** `perm` (RFC 3659 §7.5.5), of directories and of files. */
const permissions = lastAnswer((rights: readonly string[]) => {
  const held = (letters: Letters): string =>
    letters.map(([letter, right]) => (rights.includes(right) ? letter : '')).join('');
  return { directory: held(directoryLetters), file: held(fileLetters) };
});

export type MachineLineOptions = {
  /** For `perm`, each a {@link Right}, as `processing.Transfer.rights` has them. Default: all. */
  readonly rights?: readonly string[];
  /** Instead of the entry's name: MLST gives the whole path. */
  readonly name?: string;
  /** Instead of the entry's own type: the listed directory itself, or its parent. */
  readonly type?: 'cdir' | 'pdir';
};

type FactRow = {
  /** As written in replies; compared without case (RFC 3659 §7.5). */
  readonly name: string;
  readonly value: (entry: ListedEntry, options: MachineLineOptions) => string | undefined;
};
const factRows: readonly FactRow[] = [
  { name: 'type', value: (entry, { type }) => type ?? (isDirectory(entry) ? 'dir' : 'file') },
  { name: 'size', value: (entry) => (isDirectory(entry) ? undefined : String(entry.size)) },
  { name: 'modify', value: (entry) => formatTime(entry.modifiedAtMs) },
  { name: 'create', value: (entry) => formatTime(entry.createdAtMs) },
  {
    name: 'perm',
    value: (entry, { rights = allRights }) => permissions(rights)[isDirectory(entry) ? 'directory' : 'file'],
  },
  { name: 'unique', value: (entry) => (entry.id === '' ? undefined : entry.id) },
  { name: 'UNIX.mode', value: (entry) => modeDigits(entry.mode) },
  { name: 'UNIX.owner', value: (entry) => owners.plain(entry.owner) },
  { name: 'UNIX.group', value: (entry) => groups.plain(entry.group) },
];

/** Names of the facts that can be chosen, as FEAT writes them. */
export const factNames: readonly string[] = factRows.map((row) => row.name);
/** The choice of no fact at all, which an empty list cannot say: that means all of them. */
export const noFacts: readonly string[] = ['none'];

const factKeys = factRows.map((row) => ({ ...row, key: row.name.toLowerCase() }));

/** @param facts names in lower case; empty: all. Unknown ones are passed over. */
export function formatMachineLine(
  entry: ListedEntry,
  facts: readonly string[],
  options: MachineLineOptions = {},
): string {
  let line = '';
  for (const { name, key, value } of factKeys) {
    if (facts.length > 0 && !facts.includes(key)) continue;
    const text = value(entry, options);
    if (text !== undefined) line += `${name}=${text};`;
  }
  return `${line} ${oneLine(options.name ?? entry.name)}`;
}
