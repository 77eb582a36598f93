import { describe, expect, test } from '@jest/globals';
import { data } from '@skerry/proto';
import fc from 'fast-check';
import { parseTime } from './calendar.ts';
import {
  allRights,
  factNames,
  formatListLine,
  formatMachineLine,
  formatNameLine,
  noFacts,
  type ListedEntry,
} from './listing.ts';

const now = parseTime('20240615120000') ?? 0;
const file = (fields: Partial<ListedEntry> = {}): ListedEntry => ({
  name: 'notes.txt',
  kind: data.EntryKind.FILE,
  size: 4096,
  modifiedAtMs: parseTime('20240601083059') ?? 0,
  createdAtMs: parseTime('20230101000000') ?? 0,
  mode: 0o644,
  owner: 'ada',
  group: 'staff',
  id: '0123456789abcdef0123456789abcdef',
  version: 7,
  ...fields,
});
const directory = (fields: Partial<ListedEntry> = {}): ListedEntry =>
  file({ name: 'sub', kind: data.EntryKind.DIRECTORY, size: 0, mode: 0o755, ...fields });

describe('LIST', () => {
  test.each([
    ['a file', file(), '-rw-r--r--   1 ada      staff            4096 Jun  1 08:30 notes.txt'],
    ['a directory', directory(), 'drwxr-xr-x   2 ada      staff               0 Jun  1 08:30 sub'],
    [
      'older than half a year: the year',
      file({ modifiedAtMs: parseTime('20231201000000') ?? 0 }),
      '-rw-r--r--   1 ada      staff            4096 Dec  1  2023 notes.txt',
    ],
    [
      'in the future: the year',
      file({ modifiedAtMs: parseTime('20240616120000') ?? 0 }),
      '-rw-r--r--   1 ada      staff            4096 Jun 16  2024 notes.txt',
    ],
    [
      'an owner with a blank, no group',
      file({ owner: 'a b', group: '' }),
      '-rw-r--r--   1 a_b      ftp              4096 Jun  1 08:30 notes.txt',
    ],
    [
      'a line break in a name',
      file({ name: 'a\r\nb' }),
      '-rw-r--r--   1 ada      staff            4096 Jun  1 08:30 a??b',
    ],
  ])('%s', (_rule, entry, line) => {
    expect(formatListLine(entry, now)).toBe(line);
  });

  test('a client that splits at blanks finds every column', () => {
    const entry = fc.record({
      name: fc.string({ unit: fc.constantFrom('a', ' ', 'ß', '.'), minLength: 1 }),
      size: fc.nat({ max: Number.MAX_SAFE_INTEGER }),
      mode: fc.integer({ min: 0, max: 0o777 }),
      modifiedAtMs: fc.nat({ max: 4_000_000_000_000 }),
      kind: fc.constantFrom(data.EntryKind.FILE, data.EntryKind.DIRECTORY),
    });
    const pattern = /^([d-])([rwx-]{9}) +\d+ (\S+) +(\S+) +(\d+) ([A-Z][a-z]{2}) ([ \d]\d) (\d\d:\d\d| \d{4}) (.*)$/;
    fc.assert(
      fc.property(entry, (fields) => {
        const found = pattern.exec(formatListLine(file(fields), now)) ?? [];
        expect([found[5], found[9]]).toEqual([String(fields.size), fields.name]);
        expect(found[1] === 'd').toBe(fields.kind === data.EntryKind.DIRECTORY);
        const mode = [...(found[2] ?? '')].reduce((bits, letter) => bits * 2 + (letter === '-' ? 0 : 1), 0);
        expect(mode).toBe(fields.mode);
      }),
    );
  });
});

describe('MLSx (RFC 3659 §7)', () => {
  test('every fact of a file', () => {
    expect(formatMachineLine(file(), [])).toBe(
      'type=file;size=4096;modify=20240601083059;create=20230101000000;perm=adfrw;' +
        'unique=0123456789abcdef0123456789abcdef;UNIX.mode=0644;UNIX.owner=ada;UNIX.group=staff; notes.txt',
    );
  });
  test.each([
    ['chosen facts, in our order', file(), ['size', 'type'], {}, 'type=file;size=4096; notes.txt'],
    ['unknown facts are passed over', file(), ['size', 'colour'], {}, 'size=4096; notes.txt'],
    ['no facts', file(), noFacts, {}, ' notes.txt'],
    ['a directory has no size', directory(), ['type', 'size'], {}, 'type=dir; sub'],
    ['the directory itself', directory(), ['type'], { type: 'cdir', name: '/a' }, 'type=cdir; /a'],
    ['all rights on a directory', directory(), ['perm'], {}, 'perm=cdeflmp; sub'],
    ['a reader', file(), ['perm'], { rights: ['list', 'read'] }, 'perm=r; notes.txt'],
    ['a reader of a directory', directory(), ['perm'], { rights: ['list', 'read'] }, 'perm=el; sub'],
    ['no rights', file(), ['perm'], { rights: [] }, 'perm=; notes.txt'],
    ['an unknown id', file({ id: '' }), ['unique', 'type'], {}, 'type=file; notes.txt'],
  ] as const)('%s', (_rule, entry, facts, options, line) => {
    expect(formatMachineLine(entry, facts, options)).toBe(line);
  });

  test('facts and name are read back', () => {
    const name = fc.string({ unit: fc.constantFrom('a', ' ', ';', '='), minLength: 1 });
    const rights = fc.subarray([...allRights]);
    fc.assert(
      fc.property(name, fc.subarray([...factNames]), rights, (text, chosen, some) => {
        const asked = chosen.length === 0 ? noFacts : chosen.map((fact) => fact.toLowerCase());
        const line = formatMachineLine(file({ name: text }), asked, { rights: some });
        const gap = line.indexOf(' ');
        expect(line.slice(gap + 1)).toBe(text);
        const names = line
          .slice(0, gap)
          .split(';')
          .slice(0, -1)
          .map((fact) => fact.split('=')[0]);
        expect(names).toEqual(chosen);
      }),
    );
  });
});

test('NLST', () => {
  expect(formatNameLine(file())).toBe('notes.txt');
  expect(formatNameLine(file(), 'sub/')).toBe('sub/notes.txt');
});
