import { describe, expect, test } from '@jest/globals';
import { int32Bytes } from '@skerry/domain-values';
import { Bench } from '../bench.fixture.ts';

const bench = (...statements: readonly string[]): Bench => {
  const made = new Bench();
  for (const statement of statements) made.run(statement);
  return made;
};
const plain = 'CREATE TABLE t (k int PRIMARY KEY, v text, w int, l list<int>, s set<text>, m map<text, int>)';
const row = `INSERT INTO t (k, v, w, l, s, m) VALUES (1, 'a', 5, [7, 8], {'x', 'y'}, {'p': 1})`;
const wide = 'CREATE TABLE t (k int, c int, s int STATIC, v int, PRIMARY KEY (k, c))';

type Row = readonly [condition: string, answer: string];
const yes = '[applied]=true';
const tests: readonly Row[] = [
  [`v = 'a'`, yes],
  [`v = 'b'`, `[applied]=false, v='a'`],
  [`v != 'b'`, yes],
  ['w > 4 AND w <= 5', yes],
  [`w < 5 AND v = 'a'`, `[applied]=false, w=5, v='a'`],
  ['w IN (1, 5)', yes],
  ['w IN (1, null)', '[applied]=false, w=5'],
  ['w = null', '[applied]=false, w=5'],
  ['w != null', yes],
  ['l = [7, 8]', yes],
  ['l = [8, 7]', '[applied]=false, l=[7, 8]'],
  ['l > [7]', yes],
  ['l[1] = 8', yes],
  ['l[5] = null', yes],
  ['l[0] IN (1, 2)', '[applied]=false, l=[7, 8]'],
  [`s = {'y', 'x'}`, yes],
  [`s CONTAINS 'x'`, yes],
  [`s CONTAINS 'z'`, `[applied]=false, s={'x', 'y'}`],
  ['l CONTAINS 7', yes],
  [`m['p'] = 1`, yes],
  [`m['q'] = null`, yes],
  [`m['p'] > 1`, `[applied]=false, m={'p': 1}`],
  [`m CONTAINS KEY 'p'`, yes],
  ['m CONTAINS 2', `[applied]=false, m={'p': 1}`],
];

describe('conditions', () => {
  for (const [condition, answer] of tests)
    test(`IF ${condition}`, () => {
      const b = bench(plain, row);
      expect(b.rows(`UPDATE t SET v = 'done' WHERE k = 1 IF ${condition}`)).toEqual([answer]);
      expect(b.rows('SELECT v FROM t')).toEqual([answer === yes ? `'done'` : `'a'`]);
    });
  test('of user types, as a whole and by field', () => {
    const b = bench(
      'CREATE TYPE ut (a int, b text)',
      'CREATE TABLE t (k int PRIMARY KEY, u ut, v int)',
      `INSERT INTO t (k, u) VALUES (1, {a: 1, b: 'x'})`,
    );
    expect(b.rows(`UPDATE t SET v = 1 WHERE k = 1 IF u = {a: 1, b: 'x'}`)).toEqual([yes]);
    expect(b.rows('UPDATE t SET v = 2 WHERE k = 1 IF u.a = 2')).toEqual([`[applied]=false, u={a: 1, b: 'x'}`]);
  });
  test('IN takes a list', () => {
    const b = bench(plain, row);
    const list = Uint8Array.of(0, 0, 0, 1, 0, 0, 0, 4, 0, 0, 0, 5);
    expect(b.rows('UPDATE t SET w = 6 WHERE k = 1 IF w IN ?', [list])).toEqual([yes]);
    expect(b.rows('UPDATE t SET w = 6 WHERE k = 1 IF w IN ?', [list])).toEqual(['[applied]=false, w=6']);
  });
  test('the same condition with other values', () => {
    const b = bench(plain, row);
    const plan = b.plan('UPDATE t SET w = ? WHERE k = ? IF w = ?');
    expect(plan.needs).toEqual([
      { permission: 'MODIFY', resource: 'data/ks/t' },
      { permission: 'SELECT', resource: 'data/ks/t' },
    ]);
    const text = 'UPDATE t SET w = ? WHERE k = ? IF w = ?';
    expect(b.rows(text, [int32Bytes(6), int32Bytes(1), int32Bytes(5)])).toEqual([yes]);
    expect(b.rows(text, [int32Bytes(7), int32Bytes(1), int32Bytes(5)])).toEqual(['[applied]=false, w=6']);
  });
});

describe('existence', () => {
  test('IF NOT EXISTS shows the row that is there', () => {
    const b = bench('CREATE TABLE t (k int PRIMARY KEY, v text)');
    expect(b.rows(`INSERT INTO t (k, v) VALUES (1, 'a') IF NOT EXISTS`)).toEqual([yes]);
    expect(b.rows(`INSERT INTO t (k, v) VALUES (1, 'b') IF NOT EXISTS`)).toEqual([`[applied]=false, k=1, v='a'`]);
  });
  test('IF EXISTS of no row tells nothing more', () => {
    const b = bench(plain);
    expect(b.rows('UPDATE t SET w = 1 WHERE k = 1 IF EXISTS')).toEqual(['[applied]=false']);
    expect(b.rows('DELETE FROM t WHERE k = 1 IF EXISTS')).toEqual(['[applied]=false']);
    expect(b.rows('UPDATE t SET w = 1 WHERE k = 1 IF w = 1')).toEqual(['[applied]=false']);
    expect(b.rows('UPDATE t SET w = 1 WHERE k = 1 IF w = null')).toEqual([yes]);
    expect(b.rows('DELETE FROM t WHERE k = 1 IF EXISTS')).toEqual([yes]);
    expect(b.rows('SELECT * FROM t')).toEqual([]);
  });
  test('of a row with statics', () => {
    const b = bench(wide, 'INSERT INTO t (k, s) VALUES (1, 9)');
    expect(b.rows('INSERT INTO t (k, c, v) VALUES (1, 1, 1) IF NOT EXISTS')).toEqual([yes]);
    expect(b.rows('INSERT INTO t (k, c, s, v) VALUES (1, 1, 2, 2) IF NOT EXISTS')).toEqual([
      '[applied]=false, k=1, c=1, s=9, v=1',
    ]);
    expect(b.rows('INSERT INTO t (k, s) VALUES (1, 3) IF NOT EXISTS')).toEqual([
      '[applied]=false, k=1, c=1, s=9, v=null',
    ]);
    expect(b.rows('UPDATE t SET s = 4 WHERE k = 1 IF s = 9')).toEqual([yes]);
    expect(b.rows('UPDATE t SET v = 5 WHERE k = 1 AND c = 1 IF s = 9')).toEqual(['[applied]=false, s=4']);
    expect(b.rows('UPDATE t SET v = 5 WHERE k = 1 AND c = 7 IF v = 5 AND s = 9')).toEqual([
      '[applied]=false, v=null, s=4',
    ]);
    expect(b.rows('DELETE s FROM t WHERE k = 1 IF s = 4')).toEqual([yes]);
    expect(b.rows('SELECT * FROM t')).toEqual(['1, 1, null, 1']);
  });
  test('each comes behind what the last one wrote, whatever the clock', () => {
    const b = bench('CREATE TABLE t (k int PRIMARY KEY, v int)');
    for (let v = 0; v < 5; v++) {
      expect(
        b.rows(
          v === 0
            ? 'INSERT INTO t (k, v) VALUES (1, 0) IF NOT EXISTS'
            : `UPDATE t SET v = ${v} WHERE k = 1 IF v = ${v - 1}`,
        ),
      ).toEqual([yes]);
      b.micros -= 1000;
    }
    expect(b.rows('SELECT v FROM t')).toEqual(['4']);
  });
  test('operations that read see the row', () => {
    const b = bench(plain, row);
    expect(b.rows('UPDATE t SET l[0] = 1 WHERE k = 1 IF EXISTS')).toEqual([yes]);
    expect(b.rows('SELECT l FROM t')).toEqual(['[1, 8]']);
  });
});
