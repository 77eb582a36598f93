import { describe, expect, test } from '@jest/globals';
import { int32Bytes } from '@skerry/domain-values';
import { utf8 } from '@skerry/kernel';
import { Bench } from '../bench.fixture.ts';

const bench = (statement: string): Bench => {
  const made = new Bench();
  made.run(statement);
  return made;
};

describe('bound values into a dense row', () => {
  const table = 'CREATE TABLE t (k int PRIMARY KEY, a text, b text, c text)';
  const key = int32Bytes(1);
  const rows: readonly (readonly [
    name: string,
    columns: string,
    values: readonly (Uint8Array | null)[],
    row: string,
  ])[] = [
    [
      'in the order of the row',
      'k, a, b, c',
      [key, utf8('x'), utf8(''), utf8('long'.repeat(50))],
      `1, 'x', '', '${'long'.repeat(50)}'`,
    ],
    ['in another order', 'c, b, a, k', [utf8('z'), utf8('y'), utf8('x'), key], `1, 'x', 'y', 'z'`],
    ['with a null between', 'k, a, b, c', [key, utf8('x'), null, utf8('z')], `1, 'x', null, 'z'`],
    ['with the key between', 'a, k, b, c', [utf8('x'), key, utf8('y'), utf8('z')], `1, 'x', 'y', 'z'`],
  ];
  for (const [name, columns, values, row] of rows)
    test(name, () => {
      const b = bench(table);
      b.run(`INSERT INTO t (${columns}) VALUES (?, ?, ?, ?)`, values);
      expect(b.rows('SELECT * FROM t WHERE k = 1')).toEqual([row]);
      expect(b.rows('SELECT * FROM t WHERE k = 2')).toEqual([]);
    });
});
