import { describe, expect, test } from '@jest/globals';
import { xferlogLine, type LoggedTransfer } from './xferlog.ts';

const at = new Date(2027, 0, 5, 3, 4, 9).getTime();
const transfer: LoggedTransfer = {
  kind: 'store',
  address: '192.0.2.7',
  user: 'ada',
  path: '/notes.txt',
  bytes: 42,
  ms: 2_600,
  ascii: false,
  complete: true,
};
describe('xferlog', () => {
  const rows: readonly [rule: string, over: Partial<LoggedTransfer>, line: string][] = [
    ['an upload', {}, '3 192.0.2.7 42 /notes.txt b _ i r ada ftp 0 * c'],
    ['a download', { kind: 'retrieve' }, '3 192.0.2.7 42 /notes.txt b _ o r ada ftp 0 * c'],
    ['ASCII, cut', { ascii: true, complete: false }, '3 192.0.2.7 42 /notes.txt a _ i r ada ftp 0 * i'],
    ['less than a second is one', { ms: 3 }, '1 192.0.2.7 42 /notes.txt b _ i r ada ftp 0 * c'],
    ['blanks and line ends in a name', { path: '/a b\n\tc' }, '3 192.0.2.7 42 /a_b__c b _ i r ada ftp 0 * c'],
    ['IPv6', { address: '2001:db8::1' }, '3 2001:db8::1 42 /notes.txt b _ i r ada ftp 0 * c'],
  ];
  test.each(rows)('%s', (_, over, rest) => {
    expect(xferlogLine({ ...transfer, ...over }, at)).toBe(`Tue Jan  5 03:04:09 2027 ${rest}`);
  });
});
