import { describe, expect, test } from '@jest/globals';
import type { Statement } from './ast.ts';
import { keywords, reservedWords } from './keywords.ts';
import { parse } from './parse.ts';

const treeOf = (text: string): Statement => {
  const parsed = parse(text);
  if (!parsed.ok) throw new Error(parsed.error.message);
  return parsed.value.statement;
};
const value = (text: string): unknown => {
  const tree = treeOf(`INSERT INTO t (a) VALUES (${text})`);
  return tree.kind === 'insert' ? tree.values[0] : undefined;
};
const selector = (text: string): unknown => {
  const tree = treeOf(`SELECT ${text} FROM t`);
  return tree.kind === 'select' ? tree.clauses[0]?.selector : undefined;
};
const int = (text: string): unknown => ({ kind: 'integer', text });
const column = (name: string): unknown => ({ kind: 'column', name });
const named = (name: string): unknown => ({ kind: 'named', name: { keyspace: undefined, name } });

// Found by random trees: a value in parentheses and a clause behind it are no type and what it is a hint for.
test.each([
  "SELECT * FROM t WHERE k = ('a') GROUP BY k",
  "SELECT * FROM t WHERE k = ('a') PER PARTITION LIMIT 1",
  'SELECT (int) per, (text) group FROM t',
])('%s', (text) => {
  expect(treeOf(text)).toMatchObject({ kind: 'select' });
});

describe('values', () => {
  test.each([
    ['1', int('1')],
    ['-1', int('-1')],
    ['1.', { kind: 'float', text: '1.' }],
    ['-1.5E+3', { kind: 'float', text: '-1.5E+3' }],
    ['nan', { kind: 'float', text: 'NaN' }],
    ['-infinity', { kind: 'float', text: '-Infinity' }],
    ['TRUE', { kind: 'boolean', value: true }],
    ['false', { kind: 'boolean', value: false }],
    ["'it''s'", { kind: 'string', text: "it's" }],
    ["$$it's $ ''$$", { kind: 'string', text: "it's $ ''" }],
    ['0xAb', { kind: 'blob', text: '0xAb' }],
    ['1y2mo3d', { kind: 'duration', text: '1y2mo3d' }],
    ['-5µs', { kind: 'duration', text: '-5µs' }],
    ['P1Y2M3DT4H', { kind: 'duration', text: 'P1Y2M3DT4H' }],
    ['P0020-01-02T03:04:05', { kind: 'duration', text: 'P0020-01-02T03:04:05' }],
    ['abcdefab-0000-0000-0000-000000000000', { kind: 'uuid', text: 'abcdefab-0000-0000-0000-000000000000' }],
    ['null', { kind: 'null' }],
    ['?', { kind: 'marker', index: 0, name: undefined }],
    [':Name', { kind: 'marker', index: 0, name: 'name' }],
    [': "Name"', { kind: 'marker', index: 0, name: 'Name' }],
    ['{}', { kind: 'set', elements: [] }],
    ['{1: 2}', { kind: 'map', entries: [[int('1'), int('2')]] }],
    ['{Field: 1}', { kind: 'user', fields: [['field', int('1')]] }],
    ['(1, 2)', { kind: 'tuple', elements: [int('1'), int('2')] }],
    ['{(1): 2}', { kind: 'map', entries: [[{ kind: 'tuple', elements: [int('1')] }, int('2')]] }],
    [
      "{('a'): 1}",
      { kind: 'map', entries: [[{ kind: 'tuple', elements: [{ kind: 'string', text: 'a' }] }, int('1')]] },
    ],
    ['(int) 1', { kind: 'hint', type: named('int'), of: int('1') }],
    ['ks.F(1)', { kind: 'call', name: { keyspace: 'ks', name: 'f' }, args: [int('1')] }],
    ['- 1', { kind: 'negative', of: int('1') }],
  ])('%s', (text, tree) => expect(value(text)).toEqual(tree));

  test('products bind closer than sums, and both to the left', () => {
    expect(value('1 + 2 * 3 - 4')).toEqual({
      kind: 'arithmetic',
      operator: '-',
      left: {
        kind: 'arithmetic',
        operator: '+',
        left: int('1'),
        right: { kind: 'arithmetic', operator: '*', left: int('2'), right: int('3') },
      },
      right: int('4'),
    });
  });
});

describe('selectors', () => {
  test.each([
    ['a', column('a')],
    ['"A b"', column('A b')],
    ['count(*)', { kind: 'count' }],
    ['count(1)', { kind: 'count' }],
    ['count(a)', { kind: 'call', name: { keyspace: undefined, name: 'count' }, args: [column('a')] }],
    ['ttl(a)', { kind: 'ttl', of: column('a') }],
    ['ttl', column('ttl')],
    ['json', column('json')],
    ['cast(a as int)', { kind: 'cast', of: column('a'), to: named('int') }],
    ['a.b', { kind: 'field', of: column('a'), field: 'b' }],
    ['a.b(c)', { kind: 'call', name: { keyspace: 'a', name: 'b' }, args: [column('c')] }],
    ['a[1..]', { kind: 'slice', of: column('a'), from: int('1'), to: undefined }],
    ['a[..2]', { kind: 'slice', of: column('a'), from: undefined, to: int('2') }],
    ['a[1]', { kind: 'element', of: column('a'), key: int('1') }],
    ['(a)', { kind: 'tuple', elements: [column('a')] }],
    ['(a) AS b', { kind: 'tuple', elements: [column('a')] }],
    ['{a: b}', { kind: 'user', fields: [['a', column('b')]] }],
    ['- -1', { kind: 'negative', of: { kind: 'term', term: int('-1') } }],
  ])('%s', (text, tree) => expect(selector(text)).toEqual(tree));
});

test('markers are numbered and placed as they stand', () => {
  const parsed = parse('SELECT a FROM t\nWHERE a = ? AND\n  b IN :B AND (c) IN (?) LIMIT :"C"');
  expect(parsed.ok ? parsed.value.markers : undefined).toEqual([
    { name: undefined, place: { line: 2, column: 10 } },
    { name: 'b', place: { line: 3, column: 7 } },
    { name: undefined, place: { line: 3, column: 22 } },
    { name: 'C', place: { line: 3, column: 31 } },
  ]);
});

describe('words as names', () => {
  const unreserved = [...keywords.keys()].filter((word) => !reservedWords.has(word.toLowerCase()));
  test('the counts', () => expect([unreserved.length, reservedWords.size]).toEqual([100, 59]));
  test.each(unreserved)('%s may be a table and a column', (word) => {
    const name = word.toLowerCase();
    expect(treeOf(`SELECT a.${word}, ${word} AS ${name} FROM ${word}.${word} WHERE ${word} = 1`)).toMatchObject({
      table: { keyspace: name, name },
      where: [{ column: name }],
    });
    expect(treeOf(`CREATE TABLE ${word} (${word} int PRIMARY KEY, "${word}" int)`)).toMatchObject({
      columns: [{ name }, { name: word }],
    });
    expect(treeOf(`UPDATE ${word} SET ${word} = ${word} + 1 WHERE ${word} = 1`)).toMatchObject({ table: { name } });
  });
  test.each([...reservedWords])('%s may not, but in quotes', (word) => {
    expect(parse(`SELECT * FROM ${word}`).ok).toBe(false);
    expect(parse(`CREATE TABLE t (${word} int PRIMARY KEY)`).ok).toBe(false);
    expect(treeOf(`SELECT "${word}" FROM "${word}"`)).toMatchObject({ table: { name: word } });
  });
});
