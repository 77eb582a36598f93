import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { quotePath } from './reply.ts';
import { byteCount, splitWords } from './words.ts';

describe('words', () => {
  test.each([
    ['', []],
    ['  ', []],
    ['a b', ['a', 'b']],
    ['  a   b  ', ['a', 'b']],
    ['"a b" c', ['a b', 'c']],
    ['""', ['']],
    ['"a""b"', ['a"b']],
    ['a"b', ['a"b']],
    ['"a', undefined],
    ['"a"b', undefined],
  ])('%j', (text, words) => {
    expect(splitWords(text)).toEqual(words);
  });
  test('what is quoted comes back, whatever it is', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme' }), { maxLength: 6 }), fc.nat(3), (words, blanks) => {
        expect(splitWords(words.map(quotePath).join(' '.repeat(blanks + 1)))).toEqual(words);
      }),
    );
  });
  test('any text: words without what was not there, never a throw, never long', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('"', ' ', 'a', '\n'), maxLength: 200 }), (text) => {
        for (const word of splitWords(text) ?? []) expect(word.length).toBeLessThanOrEqual(text.length);
      }),
    );
  });
});

test.each([
  ['0', 0],
  ['007', 7],
  ['9007199254740991', 9_007_199_254_740_991],
  ['9007199254740993', undefined],
  ['-1', undefined],
  ['1.5', undefined],
  ['', undefined],
  [' 1', undefined],
])('a number of bytes: %j', (text, value) => {
  expect(byteCount(text)).toBe(value);
});
