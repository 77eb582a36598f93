import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { corpus } from './corpus.fixture.ts';
import { nestingDepthMax, operatorsMaxCount } from './cursor.ts';
import { parse, textMaxChars } from './parse.ts';
import { splitStatements } from './split.ts';

const texts = corpus.map(({ text }) => text);
const pieces = [
  ...[
    '(',
    ')',
    '[',
    ']',
    '{',
    '}',
    '<',
    '>',
    ',',
    ';',
    ':',
    '?',
    '.',
    '..',
    '=',
    '+',
    '-',
    '--',
    '/*',
    '$$',
    "'",
    '"',
    '\0',
  ],
  ...[
    'µ',
    '😀',
    '\uD800',
    '\n',
    ' SELECT ',
    ' key ',
    ' 1',
    " 'x'",
    ' 0x1',
    ' P1Y',
    ' 1e',
    ' -NaN',
    ' NULL ',
    ' frozen<',
  ],
];
/** Places and pieces from whole numbers: a mutation costs no more than what it tests. */
const mutate = (text: string, choice: number, other: string): string => {
  const at = choice % (text.length + 1);
  const piece = pieces[(choice >>> 8) % pieces.length] ?? '';
  switch ((choice >>> 16) % 6) {
    case 0:
      return text.slice(0, at) + piece + text.slice(at);
    case 1:
      return text.slice(0, at) + text.slice(at + 1 + ((choice >>> 20) % 8));
    case 2:
      return text.slice(0, at);
    case 3:
      return text.slice(0, at) + other.slice(choice % (other.length + 1));
    case 4:
      return text.slice(0, at) + piece.repeat(1 + ((choice >>> 20) % 50)) + text.slice(at);
    default:
      return text.slice(0, at) + text.slice(at >> 1, at) + text.slice(at);
  }
};
const outcome = (text: string): string => {
  const parsed = parse(text);
  return parsed.ok ? 'read' : parsed.error.message;
};

test('100,000 mutated statements are read or refused with a message, and split', () => {
  let read = 0;
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 0x7f_ff_ff_ff }), { minLength: 1000, maxLength: 1000 }),
      (choices) => {
        for (const [index, choice] of choices.entries()) {
          const text = texts[choice % texts.length] ?? '';
          const other = texts[(choice >>> 5) % texts.length] ?? '';
          let mutated = mutate(text, choice, other);
          if (index % 3 === 0) mutated = mutate(mutated, choice ^ 0x2a_5a_5a_5a, other);
          const said = outcome(mutated);
          if (said === 'read') read += 1;
          else if (said.length <= 10) throw new Error(`${mutated}: ${said}`);
          if (splitStatements(mutated).rest.length > mutated.length) throw new Error(mutated);
        }
      },
    ),
    { numRuns: 100 },
  );
  expect(read).toBeGreaterThan(5000);
}, 120_000);

test('any text at all', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
      expect(outcome(text)).toMatch(/^line /);
    }),
    { numRuns: 2000 },
  );
});

describe('deep and long texts are refused in a breath', () => {
  const deep = 100_000;
  const within = (count: number, open: string, inner: string, close: string): string =>
    open.repeat(count) + inner + close.repeat(count);
  const rows: [string, (text: string) => string, string, string, string][] = [
    ['lists', (text) => `INSERT INTO t (a) VALUES (${text})`, '[', '1', ']'],
    ['tuples', (text) => `INSERT INTO t (a) VALUES (${text})`, '(', '1', ')'],
    ['sets', (text) => `INSERT INTO t (a) VALUES (${text})`, '{', '1', '}'],
    ['user values', (text) => `INSERT INTO t (a) VALUES (${text})`, '{a:', '1', '}'],
    ['calls', (text) => `INSERT INTO t (a) VALUES (${text})`, 'f(', '1', ')'],
    ['hints', (text) => `INSERT INTO t (a) VALUES (${text})`, '(int)', '1', ''],
    ['casts', (text) => `INSERT INTO t (a) VALUES (${text})`, 'CAST(', '1', ' AS int)'],
    ['types', (text) => `CREATE TABLE t (a ${text})`, 'frozen<', 'int', '>'],
    ['types of hints', (text) => `INSERT INTO t (a) VALUES ((${text}) 1)`, 'list<', 'int', '>'],
    ['selectors', (text) => `SELECT ${text} FROM t`, '(', 'a', ')'],
    ['selected hints', (text) => `SELECT ${text} FROM t`, '(int)', 'a', ''],
    ['negations', (text) => `SELECT ${text} FROM t`, '- ', 'a', ''],
    ['selected maps', (text) => `SELECT ${text} FROM t`, '{1:', 'a', '}'],
    ['relations', (text) => `SELECT * FROM t WHERE ${text}`, '(', 'a = 1', ')'],
  ];
  test.each(rows)('%s', (_name, wrap, open, inner, close) => {
    expect(outcome(wrap(within(nestingDepthMax - 5, open, inner, close)))).toMatch(/^read$|types? in|nested|viable/);
    expect(outcome(wrap(within(20, open, inner, close)))).toBe('read');
    expect(outcome(wrap(within(deep, open, inner, close)))).toMatch(/nested more than|no viable alternative/);
  });
  test.each([
    ['sums', (count: number) => `SELECT a${' + a'.repeat(count)} FROM t`],
    ['products', (count: number) => `INSERT INTO t (a) VALUES (1${' * 1'.repeat(count)})`],
    ['fields', (count: number) => `SELECT a${'.a'.repeat(count)} FROM t`],
    ['elements', (count: number) => `SELECT a${'[1]'.repeat(count)} FROM t`],
  ])('%s in a row', (_name, text) => {
    expect(outcome(text(operatorsMaxCount - 1))).toBe('read');
    expect(outcome(text(operatorsMaxCount + 1))).toContain(`more than ${operatorsMaxCount} operators`);
  });
  test('a text too long, and a long one that is not', () => {
    expect(outcome(' '.repeat(textMaxChars + 1))).toBe(`Statement is longer than ${textMaxChars} characters`);
    expect(outcome(`SELECT '${'x'.repeat(1_000_000)}' FROM t`)).toBe('read');
    expect(outcome(','.repeat(3_000_000))).toBe('Statement has more than 2000000 tokens');
    expect(outcome(`${','.repeat(300_000)}`)).toMatch(/^line 1:0 no viable/);
  });
  test('one statement leaves nothing behind for the next', () => {
    expect(outcome(`INSERT INTO t (a) VALUES (${'1,'.repeat(100_000)}1)`)).toBe('read');
    expect(outcome('SELECT')).toBe("line 0:-1 no viable alternative at input '<EOF>'");
    expect(outcome('GRANT')).toBe("line 0:-1 no viable alternative at input '<EOF>'");
  });
});
