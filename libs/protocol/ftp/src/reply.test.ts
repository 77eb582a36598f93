import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { formatReply, quotePath } from './reply.ts';

const text = (code: number, ...lines: readonly string[]): string => new TextDecoder().decode(formatReply(code, lines));

describe('replies (RFC 959 §4.2)', () => {
  test.each([
    ['one line', text(200, 'Fine.'), '200 Fine.\r\n'],
    ['no text', text(200), '200 \r\n'],
    ['two lines', text(211, 'Features:', 'End'), '211-Features:\r\n211 End\r\n'],
    [
      'lines between stand as they are',
      text(211, 'Features:', ' UTF8', 'End'),
      '211-Features:\r\n UTF8\r\n211 End\r\n',
    ],
    ['a line between that begins with a digit', text(213, 'a', '213 b', 'c'), '213-a\r\n 213 b\r\n213 c\r\n'],
    ['a line break in the text', text(550, 'a\r\n226 b'), '550 a??226 b\r\n'],
  ])('%s', (_rule, got, wanted) => {
    expect(got).toBe(wanted);
  });

  test('a client finds the end: only the last line has code and space', () => {
    const line = fc.string({ unit: fc.constantFrom('2', '0', '5', ' ', '-', 'a', '\r', '\n') });
    fc.assert(
      fc.property(fc.array(line, { minLength: 1, maxLength: 8 }), (lines) => {
        const got = text(250, ...lines).split('\r\n');
        expect(got.pop()).toBe('');
        expect(got).toHaveLength(lines.length);
        expect(got.findIndex((each) => each.startsWith('250 '))).toBe(lines.length - 1);
      }),
    );
  });

  test('a code of two digits is our bug', () => {
    expect(() => formatReply(99, [])).toThrow('three digits');
  });
});

test('quotes in a path are doubled (appendix II)', () => {
  expect(quotePath('/a"b')).toBe('"/a""b"');
});
