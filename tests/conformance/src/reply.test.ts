import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseEntry } from './facts.ts';
import { Mismatch } from './outcome.ts';
import { ReplyReader } from './reply.ts';

const read = (text: string | Uint8Array): readonly unknown[] =>
  new ReplyReader(() => undefined).push(Buffer.from(text)).map(({ code, lines }) => [code, ...lines]);

const good: readonly (readonly [rule: string, text: string, replies: unknown[]])[] = [
  ['one line', '200 Fine.\r\n', [[200, 'Fine.']]],
  ['an empty text', '200 \r\n', [[200, '']]],
  [
    'two replies in one chunk',
    '200 a\r\n331 b\r\n',
    [
      [200, 'a'],
      [331, 'b'],
    ],
  ],
  ['many lines', '211-a\r\n b\r\n211 c\r\n', [[211, 'a', ' b', 'c']]],
  ['each line with the code and a hyphen', '211-a\r\n211-b\r\n211 c\r\n', [[211, 'a', 'b', 'c']]],
  ['UTF-8', '257 "ü"\r\n', [[257, '"ü"']]],
  ['a reply without its end', '211-a\r\n b\r\n', []],
];
const bad: readonly (readonly [rule: string, text: string | Uint8Array])[] = [
  ['a bare LF', '200 Fine.\n'],
  ['a CR inside', '200 Fi\rne.\r\n'],
  ['no code', 'Fine.\r\n'],
  ['a code alone', '200\r\n'],
  ['a code of four digits', '2000 a\r\n'],
  ['a second digit that is none', '290 a\r\n'],
  ['another code inside', '211-a\r\n212 b\r\n'],
  ['digits inside that are not padded', '211-a\r\n123\r\n211 c\r\n'],
  ['a control character', '200 a\u0001b\r\n'],
  ['a byte that is no UTF-8', Uint8Array.from([0x32, 0x30, 0x30, 0x20, 0xff, 0x0d, 0x0a])],
];

describe('replies', () => {
  it.each(good)('%s is read', (_, text, replies) => expect(read(text)).toEqual(replies));
  it.each(bad)('%s is refused', (_, text) => expect(() => read(text)).toThrow(Mismatch));
  it("Telnet's answers are taken out where they may come", () => {
    const reader = new ReplyReader(() => undefined);
    reader.telnet = [];
    expect(reader.push(Buffer.from([0xff, 0xfe, 1, ...Buffer.from('200 a\r\n')]))[0]?.code).toBe(200);
    expect(reader.telnet).toEqual([[0xfe, 1]]);
  });
  it('segments do not matter', () => {
    const text = Buffer.from('211-a\r\n b\r\n211 c\r\n200 ü\r\n');
    fc.assert(
      fc.property(fc.array(fc.nat(text.length)), (cuts) => {
        const reader = new ReplyReader(() => undefined);
        const borders = [0, ...cuts.toSorted((a, b) => a - b), text.length];
        const replies = borders.slice(1).flatMap((end, i) => reader.push(text.subarray(borders[i], end)));
        expect(replies.map(({ code }) => code)).toEqual([211, 200]);
        expect(reader.midway).toBe(false);
      }),
    );
  });
});

describe('entries', () => {
  it('facts and a name with a blank', () =>
    expect(parseEntry('Type=file;size=3; a b ')).toEqual({ name: 'a b ', facts: { type: 'file', size: '3' } }));
  it('no facts', () => expect(parseEntry(' a')).toEqual({ name: 'a', facts: {} }));
  it.each([['type=file a'], ['type=file;'], ['type=file;size=1;size=2; a'], ['type=a b; c=']])(
    '%s is refused',
    (line) => expect(() => parseEntry(line)).toThrow(Mismatch),
  );
});
