import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { compilePattern, hasPattern, patternLengthMax } from './glob.ts';

describe('patterns', () => {
  test.each([
    ['*', 'anything', true],
    ['*.txt', 'a.txt', true],
    ['*.txt', 'a.txt.gz', false],
    ['a*b*c', 'a-b-b-c', true],
    ['a*b*c', 'a-c-b', false],
    ['a**b', 'ab', true],
    ['?', 'é', true],
    ['?', '𝄞', true],
    ['?', '', false],
    ['a?c', 'abc', true],
    ['[abc]x', 'bx', true],
    ['[a-c]x', 'dx', false],
    ['[!a-c]x', 'dx', true],
    ['[^a-c]x', 'ax', false],
    ['[]]x', ']x', true],
    ['[a-]x', '-x', true],
    ['[a', '[a', true],
    ['a]', 'a]', true],
    ['abc', 'ABC', false],
    ['', 'all', true],
    [`${'a'.repeat(patternLengthMax)}*`, 'a'.repeat(patternLengthMax), false],
  ])('%s and %s: %s', (pattern, name, wanted) => {
    expect(compilePattern(pattern)(name)).toBe(wanted);
  });

  test('agrees with the definition', () => {
    const defined = (pattern: string, name: string): boolean => {
      if (pattern === '') return name === '';
      const [head = '', ...tail] = pattern;
      const rest = tail.join('');
      if (head === '*') return defined(rest, name) || (name !== '' && defined(pattern, name.slice(1)));
      return name !== '' && (head === '?' || head === name[0]) && defined(rest, name.slice(1));
    };
    const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?'), minLength: 1, maxLength: 8 });
    const name = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 10 });
    fc.assert(
      fc.property(pattern, name, (p, n) => {
        expect(compilePattern(p)(n)).toBe(defined(p, n));
      }),
      { numRuns: 500 },
    );
  });

  test('any pattern, any name: an answer; a name that holds no sign of a pattern matches itself alone', () => {
    const sign = fc.constantFrom('a', 'b', '*', '?', '[', ']', '!', '^', '-', 'é', '🦭', '.');
    const words = fc.string({ unit: sign, maxLength: 20 });
    fc.assert(
      fc.property(words, words, (pattern, name) => {
        const found = compilePattern(pattern)(name);
        if (pattern !== '' && !hasPattern(pattern)) expect(found).toBe(pattern === name);
        else expect(typeof found).toBe('boolean');
      }),
      { numRuns: 1_000 },
    );
  });

  test('a pattern made to be slow is not: 1,000 names of 255 signs', () => {
    const matches = compilePattern(`${'*a'.repeat(60)}*b`);
    const names = Array.from({ length: 1000 }, () => 'a'.repeat(255));
    expect(names.some(matches)).toBe(false);
  });

  test('what is a pattern', () => {
    expect(['a*', 'a?', '[a]', 'a', 'a]'].map(hasPattern)).toEqual([true, true, true, false, false]);
  });
});
