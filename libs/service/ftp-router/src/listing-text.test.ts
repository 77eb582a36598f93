import { describe, expect, it } from '@jest/globals';
import { data, processing } from '@skerry/proto';
import { ListingText, sortedEntryCountMax } from './listing-text.ts';

const { EntryKind } = data;
const { ListFormat, ListOrder } = processing;
const nowMs = 1_718_452_800_000;
type Fields = Partial<data.DirectoryEntry>;
const entry = (name: string, fields: Fields = {}): data.DirectoryEntry =>
  data.DirectoryEntry.fromPartial({ name, kind: EntryKind.FILE, modifiedAtMs: nowMs, mode: 0o644, ...fields });
const directory = (name: string): data.DirectoryEntry => entry(name, { kind: EntryKind.DIRECTORY, mode: 0o755 });
const message = (fields: Partial<data.ListResponse>): data.ListResponse => data.ListResponse.fromPartial(fields);

/** The names, and the lines without one as they are. */
function listed(transfer: Partial<processing.Transfer>, messages: readonly Partial<data.ListResponse>[]): string[] {
  const whole = processing.Transfer.fromPartial({ format: ListFormat.LIST, ...transfer });
  const text = new ListingText(whole, nowMs);
  const [first = {}, ...more] = messages;
  const out = text.begin(message(first)) + more.map((each) => text.push(message(each))).join('') + text.end();
  return out
    .split('\r\n')
    .slice(0, -1)
    .map((line) => line.replace(/^[-d]r\S+ .* \d\d:\d\d /, ''));
}
const files = [entry('b', { size: 2, modifiedAtMs: 3 }), entry('.h'), entry('c', { size: 9, modifiedAtMs: nowMs })];

describe('a listing', () => {
  it.each<[string, Partial<processing.Transfer>, string[]]>([
    ['as it comes, without hidden names', {}, ['b', 'c']],
    ['with them', { allNames: true }, ['b', '.h', 'c']],
    ['-r', { reverse: true }, ['c', 'b']],
    ['-S', { order: ListOrder.SIZE }, ['c', 'b']],
    ['-t', { order: ListOrder.TIME }, ['c', 'b']],
    ['-tr', { order: ListOrder.TIME, reverse: true }, ['b', 'c']],
    ['of a pattern', { pattern: 'c*' }, ['c']],
  ])('%s', (_, transfer, names) => {
    const found = listed({ format: ListFormat.NLST, ...transfer }, [{ self: directory(''), entries: files }]);
    expect(found).toEqual(names);
  });
  it('-d: the directory itself, under the name that was asked for', () => {
    const transfer = { itself: true, namePrefix: '.' };
    expect(listed(transfer, [{ self: directory('home'), entries: [] }])).toEqual(['.']);
  });
  it('of a file: the file', () => {
    expect(listed({}, [{ self: entry('f') }])).toEqual(['f']);
  });
  it('-R: each directory behind its name, hidden ones with all that is in them left out', () => {
    const messages = [
      { self: directory('') },
      { directory: '', entries: [] },
      { entries: [directory('a'), directory('.x')] },
      { directory: 'a', entries: [] },
      { entries: [entry('f')] },
      { directory: '.x', entries: [] },
      { entries: [entry('secret')] },
      { directory: '.x/y', entries: [entry('secret')] },
    ];
    expect(listed({ recursive: true }, messages)).toEqual(['a', '', './a:', 'f']);
    expect(listed({ recursive: true, allNames: true }, messages)).toContain('secret');
  });
  it('-Rt: each directory in order by itself', () => {
    const messages = [
      { self: directory('') },
      { directory: '', entries: [entry('old', { modifiedAtMs: nowMs - 60_000 }), directory('a')] },
      { directory: 'a', entries: [entry('older', { modifiedAtMs: nowMs - 90_000 }), entry('new')] },
    ];
    const transfer = { recursive: true, order: ListOrder.TIME };
    expect(listed(transfer, messages)).toEqual(['a', 'old', '', './a:', 'new', 'older']);
  });
  it('that is too long to be put in order comes in order of names', () => {
    const many = Array.from({ length: sortedEntryCountMax + 1 }, (_, i) => entry(String(i), { size: i }));
    const transfer = { format: ListFormat.NLST, order: ListOrder.SIZE };
    const found = listed(transfer, [{ self: directory(''), entries: many.slice(0, 10) }, { entries: many.slice(10) }]);
    expect(found).toEqual(many.map(({ name }) => name));
  });
});
