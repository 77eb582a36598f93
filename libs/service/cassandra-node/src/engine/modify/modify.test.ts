import { describe, expect, test } from '@jest/globals';
import { int32Bytes, int64Bytes, typeName } from '@skerry/domain-values';
import { utf8 } from '@skerry/kernel';
import { Bench } from '../bench.fixture.ts';

const bench = (...statements: readonly string[]): Bench => {
  const made = new Bench();
  for (const statement of statements) made.run(statement);
  return made;
};

const plain = 'CREATE TABLE t (k int PRIMARY KEY, v text, w int)';
const wide = 'CREATE TABLE t (k int, c int, s int STATIC, v text, PRIMARY KEY (k, c))';
const rows5 = [1, 2, 3, 4, 5].map((c) => `INSERT INTO t (k, c, v) VALUES (1, ${c}, 'v${c}')`);
const deep =
  'CREATE TABLE t (k int, a int, b int, c int, v int, PRIMARY KEY (k, a, b, c)) WITH CLUSTERING ORDER BY (a ASC, b DESC, c ASC)';
const rows8 = [0, 1].flatMap((a) =>
  [0, 1].flatMap((b) =>
    [0, 1].map((c) => `INSERT INTO t (k, a, b, c, v) VALUES (1, ${a}, ${b}, ${c}, ${100 * a + 10 * b + c})`),
  ),
);
const lists = 'CREATE TABLE t (k int PRIMARY KEY, l list<int>, s set<text>, m map<text, int>)';

type Story = readonly [
  name: string,
  table: string,
  changes: readonly string[],
  select: string,
  rows: readonly string[],
];
const stories: Readonly<Record<string, readonly Story[]>> = {
  rows: [
    ['INSERT writes a row', plain, [`INSERT INTO t (k, v) VALUES (1, 'a')`], 'SELECT * FROM t', [`1, 'a', null`]],
    [
      'INSERT of the key alone leaves a row',
      plain,
      ['INSERT INTO t (k) VALUES (1)'],
      'SELECT * FROM t',
      ['1, null, null'],
    ],
    [
      'a second INSERT overwrites what it names',
      plain,
      [`INSERT INTO t (k, v, w) VALUES (1, 'a', 1)`, `INSERT INTO t (k, v) VALUES (1, 'b')`],
      'SELECT * FROM t',
      [`1, 'b', 1`],
    ],
    [
      'null deletes a value',
      plain,
      [`INSERT INTO t (k, v, w) VALUES (1, 'a', 1)`, `INSERT INTO t (k, v) VALUES (1, null)`],
      'SELECT * FROM t',
      ['1, null, 1'],
    ],
    [
      'UPDATE makes a row of its cells',
      plain,
      [`UPDATE t SET v = 'a' WHERE k = 1`],
      'SELECT * FROM t',
      [`1, 'a', null`],
    ],
    [
      'a row that UPDATE made goes with its last cell',
      plain,
      [`UPDATE t SET v = 'a' WHERE k = 1`, 'UPDATE t SET v = null WHERE k = 1'],
      'SELECT * FROM t',
      [],
    ],
    [
      'a row that INSERT made stays without cells',
      plain,
      [`INSERT INTO t (k, v) VALUES (1, 'a')`, 'DELETE v FROM t WHERE k = 1'],
      'SELECT * FROM t',
      ['1, null, null'],
    ],
    [
      'UPDATE of several partitions',
      plain,
      [`UPDATE t SET v = 'a' WHERE k IN (1, 2, 2)`],
      'SELECT k, v FROM t WHERE k IN (1, 2)',
      [`1, 'a'`, `2, 'a'`],
    ],
    [
      'DELETE of a partition',
      plain,
      [`INSERT INTO t (k) VALUES (1)`, `INSERT INTO t (k) VALUES (2)`, 'DELETE FROM t WHERE k = 1'],
      'SELECT k FROM t',
      ['2'],
    ],
    [
      'an older timestamp loses',
      plain,
      [
        `INSERT INTO t (k, v) VALUES (1, 'new') USING TIMESTAMP 20`,
        `INSERT INTO t (k, v) VALUES (1, 'old') USING TIMESTAMP 10`,
      ],
      'SELECT v, writetime(v) FROM t',
      [`'new', 20`],
    ],
    [
      'a DELETE with a timestamp takes what is older',
      plain,
      [
        `INSERT INTO t (k, v) VALUES (1, 'a') USING TIMESTAMP 20`,
        `UPDATE t USING TIMESTAMP 40 SET w = 1 WHERE k = 1`,
        'DELETE FROM t USING TIMESTAMP 30 WHERE k = 1',
      ],
      'SELECT * FROM t',
      ['1, null, 1'],
    ],
    [
      'TTL is told',
      plain,
      [`INSERT INTO t (k, v) VALUES (1, 'a') USING TTL 100`, 'UPDATE t USING TTL 50 SET w = 1 WHERE k = 1'],
      'SELECT ttl(v), ttl(w) FROM t',
      ['100, 50'],
    ],
    [
      "the table's own TTL, and none",
      'CREATE TABLE t (k int PRIMARY KEY, v text, w int) WITH default_time_to_live = 60',
      [`INSERT INTO t (k, v) VALUES (1, 'a')`, 'UPDATE t USING TTL 0 SET w = 1 WHERE k = 1'],
      'SELECT ttl(v), ttl(w) FROM t',
      ['60, null'],
    ],
    [
      'a key of several columns',
      'CREATE TABLE t (a int, b text, v int, PRIMARY KEY ((a, b)))',
      [`INSERT INTO t (a, b, v) VALUES (1, 'x', 1)`, `UPDATE t SET v = 2 WHERE a IN (1, 2) AND b IN ('x', 'y')`],
      `SELECT * FROM t WHERE a IN (1, 2) AND b IN ('x', 'y')`,
      [`1, 'x', 2`, `1, 'y', 2`, `2, 'x', 2`, `2, 'y', 2`],
    ],
    [
      'functions are values',
      'CREATE TABLE t (k int PRIMARY KEY, v bigint, d date)',
      [
        `INSERT INTO t (k, v, d) VALUES (1, to_unix_timestamp((timestamp) '2020-01-01'), to_date(mintimeuuid('2020-01-02')))`,
      ],
      'SELECT v, d FROM t',
      [`1577836800000, '2020-01-02'`],
    ],
    [
      'arithmetic is a value',
      'CREATE TABLE t (k int PRIMARY KEY, v bigint)',
      ['INSERT INTO t (k, v) VALUES (1 + 1, 2 * 3 - 1)'],
      'SELECT * FROM t',
      ['2, 5'],
    ],
    [
      'token of a key',
      'CREATE TABLE t (k int PRIMARY KEY, v bigint)',
      ['INSERT INTO t (k, v) VALUES (1, token(1))'],
      'SELECT v FROM t',
      ['-4069959284402364209'],
    ],
  ],
  'clustering and statics': [
    [
      'a static column is the partition’s',
      wide,
      [...rows5.slice(0, 2), 'UPDATE t SET s = 7 WHERE k = 1'],
      'SELECT c, s, v FROM t',
      [`1, 7, 'v1'`, `2, 7, 'v2'`],
    ],
    ['INSERT of statics alone', wide, ['INSERT INTO t (k, s) VALUES (1, 7)'], 'SELECT * FROM t', ['1, null, 7, null']],
    ['INSERT of both', wide, [`INSERT INTO t (k, c, s, v) VALUES (1, 2, 7, 'a')`], 'SELECT * FROM t', [`1, 2, 7, 'a'`]],
    [
      'DELETE of a static',
      wide,
      [`INSERT INTO t (k, c, s, v) VALUES (1, 2, 7, 'a')`, 'DELETE s FROM t WHERE k = 1'],
      'SELECT * FROM t',
      [`1, 2, null, 'a'`],
    ],
    [
      'DELETE of a row',
      wide,
      [...rows5, 'DELETE FROM t WHERE k = 1 AND c = 2'],
      'SELECT c FROM t',
      ['1', '3', '4', '5'],
    ],
    [
      'DELETE of rows by IN',
      wide,
      [...rows5, 'DELETE FROM t WHERE k = 1 AND c IN (2, 4, 9)'],
      'SELECT c FROM t',
      ['1', '3', '5'],
    ],
    [
      'DELETE of a range',
      wide,
      [...rows5, 'DELETE FROM t WHERE k = 1 AND c > 2 AND c <= 4'],
      'SELECT c FROM t',
      ['1', '2', '5'],
    ],
    ['DELETE from a bound on', wide, [...rows5, 'DELETE FROM t WHERE k = 1 AND c >= 3'], 'SELECT c FROM t', ['1', '2']],
    [
      'DELETE below a bound',
      wide,
      [...rows5, 'DELETE FROM t WHERE k = 1 AND c < 3'],
      'SELECT c FROM t',
      ['3', '4', '5'],
    ],
    [
      'an empty range deletes nothing',
      wide,
      [...rows5, 'DELETE FROM t WHERE k = 1 AND c > 4 AND c < 2'],
      'SELECT c FROM t',
      ['1', '2', '3', '4', '5'],
    ],
    [
      'DELETE of a column of a row',
      wide,
      [...rows5.slice(0, 2), 'DELETE v FROM t WHERE k = 1 AND c = 2'],
      'SELECT c, v FROM t',
      [`1, 'v1'`, '2, null'],
    ],
    [
      'DELETE of a partition takes its statics',
      wide,
      [...rows5, 'UPDATE t SET s = 1 WHERE k = 1', 'DELETE FROM t WHERE k = 1'],
      'SELECT * FROM t',
      [],
    ],
    [
      'UPDATE by IN of the last clustering column',
      wide,
      [`UPDATE t SET v = 'x' WHERE k = 1 AND c IN (1, 2)`],
      'SELECT c, v FROM t',
      [`1, 'x'`, `2, 'x'`],
    ],
    [
      'DELETE by a prefix',
      deep,
      [...rows8, 'DELETE FROM t WHERE k = 1 AND a = 0'],
      'SELECT v FROM t',
      ['110', '111', '100', '101'],
    ],
    [
      'DELETE by a prefix and a bound of a descending column',
      deep,
      [...rows8, 'DELETE FROM t WHERE k = 1 AND a = 0 AND b > 0'],
      'SELECT v FROM t WHERE k = 1 AND a = 0',
      ['0', '1'],
    ],
    [
      'DELETE below a bound of a descending column',
      deep,
      [...rows8, 'DELETE FROM t WHERE k = 1 AND a = 0 AND b < 1'],
      'SELECT v FROM t WHERE k = 1 AND a = 0',
      ['10', '11'],
    ],
    [
      'DELETE by several prefixes',
      deep,
      [...rows8, 'DELETE FROM t WHERE k = 1 AND a IN (0, 1) AND b = 1'],
      'SELECT v FROM t',
      ['0', '1', '100', '101'],
    ],
    [
      'DELETE by tuples',
      deep,
      [...rows8, 'DELETE FROM t WHERE k = 1 AND (a, b, c) IN ((0, 0, 0), (1, 1, 1))'],
      'SELECT v FROM t',
      ['10', '11', '1', '110', '100', '101'],
    ],
    [
      'DELETE by tuples behind a prefix',
      deep,
      [...rows8, 'DELETE FROM t WHERE k = 1 AND a = 1 AND (b, c) IN ((0, 0), (1, 1))'],
      'SELECT v FROM t WHERE k = 1 AND a = 1',
      ['110', '101'],
    ],
    [
      'DELETE by a tuple that equals',
      deep,
      [...rows8, 'DELETE FROM t WHERE k = 1 AND (a, b) = (1, 1)'],
      'SELECT v FROM t WHERE k = 1 AND a = 1',
      ['100', '101'],
    ],
    [
      'DELETE between tuples',
      'CREATE TABLE t (k int, a int, b int, PRIMARY KEY (k, a, b))',
      [
        ...[0, 1, 2].flatMap((a) => [0, 1, 2].map((b) => `INSERT INTO t (k, a, b) VALUES (1, ${a}, ${b})`)),
        'DELETE FROM t WHERE k = 1 AND (a, b) > (0, 1) AND (a, b) <= (2, 0)',
      ],
      'SELECT a, b FROM t',
      ['0, 0', '0, 1', '2, 1', '2, 2'],
    ],
  ],
  collections: [
    [
      'a list as a whole',
      lists,
      ['INSERT INTO t (k, l) VALUES (1, [1, 2])', 'UPDATE t SET l = [3] WHERE k = 1'],
      'SELECT l FROM t',
      ['[3]'],
    ],
    [
      'a list grows at its end',
      lists,
      ['UPDATE t SET l = l + [1, 2] WHERE k = 1', 'UPDATE t SET l += [3] WHERE k = 1'],
      'SELECT l FROM t',
      ['[1, 2, 3]'],
    ],
    [
      'a list grows at its front, in order',
      lists,
      [
        'UPDATE t SET l = [3] WHERE k = 1',
        'UPDATE t SET l = [1, 2] + l WHERE k = 1',
        'UPDATE t SET l = [0] + l WHERE k = 1',
      ],
      'SELECT l FROM t',
      ['[0, 1, 2, 3]'],
    ],
    [
      'elements go by value',
      lists,
      ['UPDATE t SET l = [1, 2, 1, 3] WHERE k = 1', 'UPDATE t SET l = l - [1, 9] WHERE k = 1'],
      'SELECT l FROM t',
      ['[2, 3]'],
    ],
    [
      'an element by its place',
      lists,
      ['UPDATE t SET l = [1, 2, 3] WHERE k = 1', 'UPDATE t SET l[1] = 9 WHERE k = 1'],
      'SELECT l FROM t',
      ['[1, 9, 3]'],
    ],
    [
      'an element set to null is gone',
      lists,
      ['UPDATE t SET l = [1, 2, 3] WHERE k = 1', 'UPDATE t SET l[1] = null WHERE k = 1'],
      'SELECT l FROM t',
      ['[1, 3]'],
    ],
    [
      'DELETE of an element by its place',
      lists,
      ['UPDATE t SET l = [1, 2, 3] WHERE k = 1', 'DELETE l[0] FROM t WHERE k = 1'],
      'SELECT l FROM t',
      ['[2, 3]'],
    ],
    [
      'a set is sorted, each once',
      lists,
      [`INSERT INTO t (k, s) VALUES (1, {'b', 'a', 'b'})`, `UPDATE t SET s = s + {'c', 'a'} WHERE k = 1`],
      'SELECT s FROM t',
      [`{'a', 'b', 'c'}`],
    ],
    [
      'elements leave a set',
      lists,
      [
        `INSERT INTO t (k, s) VALUES (1, {'b', 'a', 'c'})`,
        `UPDATE t SET s = s - {'b'} WHERE k = 1`,
        `DELETE s['a'] FROM t WHERE k = 1`,
      ],
      'SELECT s FROM t',
      [`{'c'}`],
    ],
    [
      'a set as a whole takes what was',
      lists,
      [`INSERT INTO t (k, s) VALUES (1, {'a'})`, `UPDATE t SET s = {'z'} WHERE k = 1`],
      'SELECT s FROM t',
      [`{'z'}`],
    ],
    [
      'a map',
      lists,
      [
        `INSERT INTO t (k, m) VALUES (1, {'b': 2, 'a': 1})`,
        `UPDATE t SET m = m + {'c': 3} WHERE k = 1`,
        `UPDATE t SET m['a'] = 9 WHERE k = 1`,
      ],
      'SELECT m FROM t',
      [`{'a': 9, 'b': 2, 'c': 3}`],
    ],
    [
      'keys leave a map',
      lists,
      [
        `INSERT INTO t (k, m) VALUES (1, {'a': 1, 'b': 2, 'c': 3, 'd': 4})`,
        `UPDATE t SET m = m - {'a'} WHERE k = 1`,
        `DELETE m['b'] FROM t WHERE k = 1`,
        `UPDATE t SET m['c'] = null WHERE k = 1`,
      ],
      'SELECT m FROM t',
      [`{'d': 4}`],
    ],
    [
      '{} empties a map',
      lists,
      [`INSERT INTO t (k, m) VALUES (1, {'a': 1})`, `UPDATE t SET m = {} WHERE k = 1`],
      'SELECT m FROM t',
      ['null'],
    ],
    [
      'null empties a list',
      lists,
      ['INSERT INTO t (k, l) VALUES (1, [1])', 'UPDATE t SET l = null WHERE k = 1'],
      'SELECT l FROM t',
      ['null'],
    ],
    [
      'DELETE of a collection',
      lists,
      ['INSERT INTO t (k, l) VALUES (1, [1])', 'DELETE l FROM t WHERE k = 1'],
      'SELECT k, l FROM t',
      ['1, null'],
    ],
    [
      'a frozen collection is one value',
      'CREATE TABLE t (k int PRIMARY KEY, l frozen<list<int>>, s frozen<set<int>>)',
      ['INSERT INTO t (k, l, s) VALUES (1, [2, 1], {2, 1, 2})'],
      'SELECT l, s FROM t',
      ['[2, 1], {1, 2}'],
    ],
    [
      'two changes of one list',
      lists,
      ['UPDATE t SET l = [1] WHERE k = 1', 'UPDATE t SET l = [0] + l, l = l + [2] WHERE k = 1'],
      'SELECT l FROM t',
      ['[0, 1, 2]'],
    ],
  ],
  counters: [
    [
      'counts',
      'CREATE TABLE t (k int PRIMARY KEY, c counter, d counter)',
      [
        'UPDATE t SET c = c + 5 WHERE k = 1',
        'UPDATE t SET c = c - 2, d += 1 WHERE k = 1',
        'UPDATE t SET c -= 1 WHERE k = 1',
      ],
      'SELECT c, d FROM t',
      ['2, 1'],
    ],
    [
      'a counter of a row, and a static one',
      'CREATE TABLE t (k int, r int, s counter STATIC, c counter, PRIMARY KEY (k, r))',
      [
        'UPDATE t SET c = c + 1 WHERE k = 1 AND r = 1',
        'UPDATE t SET s = s + 2 WHERE k = 1',
        'UPDATE t SET s = s + 2 WHERE k = 1',
      ],
      'SELECT r, s, c FROM t',
      ['1, 4, 1'],
    ],
    [
      'a counter that was deleted stays so (CASSANDRA-7346)',
      'CREATE TABLE t (k int PRIMARY KEY, c counter)',
      ['UPDATE t SET c = c + 5 WHERE k = 1', 'DELETE c FROM t WHERE k = 1', 'UPDATE t SET c = c + 2 WHERE k = 1'],
      'SELECT c FROM t',
      [],
    ],
    [
      'after DELETE of the row it counts anew',
      'CREATE TABLE t (k int PRIMARY KEY, c counter)',
      ['UPDATE t SET c = c + 5 WHERE k = 1', 'DELETE FROM t WHERE k = 1', 'UPDATE t SET c = c + 2 WHERE k = 1'],
      'SELECT c FROM t',
      ['2'],
    ],
  ],
  json: [
    ['INSERT JSON', plain, [`INSERT INTO t JSON '{"k": 1, "v": "a", "w": 2}'`], 'SELECT * FROM t', [`1, 'a', 2`]],
    [
      'what JSON lacks becomes null',
      plain,
      [`INSERT INTO t (k, v, w) VALUES (1, 'a', 1)`, `INSERT INTO t JSON '{"k": 1, "w": 2}'`],
      'SELECT * FROM t',
      ['1, null, 2'],
    ],
    [
      'or stays, with DEFAULT UNSET',
      plain,
      [`INSERT INTO t (k, v, w) VALUES (1, 'a', 1)`, `INSERT INTO t JSON '{"k": 1, "w": 2}' DEFAULT UNSET`],
      'SELECT * FROM t',
      [`1, 'a', 2`],
    ],
  ],
};

for (const [group, all] of Object.entries(stories))
  describe(group, () => {
    for (const [name, table, changes, select, rows] of all)
      test(name, () => {
        expect(bench(table, ...changes).rows(select)).toEqual(rows);
      });
  });

test('a counter that is named twice counts both', () => {
  const b = bench('CREATE TABLE t (k int PRIMARY KEY, c counter)', 'UPDATE t SET c = c + 5, c = c - 2 WHERE k = 1');
  expect(b.rows('SELECT c FROM t')).toEqual(['3']);
});

describe('user types', () => {
  const table = ['CREATE TYPE ut (a int, b text)', 'CREATE TABLE t (k int PRIMARY KEY, u ut, f frozen<ut>)'];
  test('fields are set one by one', () => {
    const b = bench(
      ...table,
      `INSERT INTO t (k, u, f) VALUES (1, {a: 1, b: 'x'}, {a: 2})`,
      'UPDATE t SET u.a = 5 WHERE k = 1',
    );
    expect(b.rows('SELECT u, f FROM t')).toEqual([`{a: 5, b: 'x'}, {a: 2, b: null}`]);
    b.run('DELETE u.b FROM t WHERE k = 1');
    expect(b.rows('SELECT u FROM t')).toEqual(['{a: 5, b: null}']);
    b.run('UPDATE t SET u.a = null WHERE k = 1');
    expect(b.rows('SELECT u FROM t')).toEqual(['null']);
  });
});

describe('bound values', () => {
  const table = 'CREATE TABLE t (k int, c text, v int, l list<int>, m map<text, int>, PRIMARY KEY (k, c))';
  const one = int32Bytes(1);
  test('are written, unset ones leave a column alone, null ones delete', () => {
    const b = bench(table);
    const insert = 'INSERT INTO t (k, c, v, l) VALUES (?, ?, ?, ?)';
    const list = Uint8Array.of(0, 0, 0, 1, 0, 0, 0, 4, 0, 0, 0, 9);
    b.run(insert, [one, utf8('a'), one, list]);
    expect(b.rows('SELECT * FROM t')).toEqual([`1, 'a', [9], null, 1`]);
    b.run(insert, [one, utf8('a'), undefined, undefined]);
    expect(b.rows('SELECT * FROM t')).toEqual([`1, 'a', [9], null, 1`]);
    b.run(insert, [one, utf8('a'), null, null]);
    expect(b.rows('SELECT * FROM t')).toEqual([`1, 'a', null, null, null`]);
  });
  test('an UPDATE whose values are all unset writes nothing', () => {
    const b = bench(table);
    b.run('UPDATE t SET v = ? WHERE k = ? AND c = ?', [undefined, one, utf8('a')]);
    expect(b.rows('SELECT * FROM t')).toEqual([]);
  });
  test('IN takes a list', () => {
    const b = bench(table);
    const two = Uint8Array.of(0, 0, 0, 2, 0, 0, 0, 1, 97, 0, 0, 0, 1, 98);
    b.run('UPDATE t SET v = 1 WHERE k = ? AND c IN ?', [one, two]);
    expect(b.rows('SELECT c FROM t')).toEqual([`'a'`, `'b'`]);
  });
  test('TTL and timestamp', () => {
    const b = bench(table);
    const using = 'INSERT INTO t (k, c, v) VALUES (1, ?, 1) USING TIMESTAMP ? AND TTL ?';
    b.run(using, [utf8('a'), int64Bytes(77n), int32Bytes(5)]);
    expect(b.rows('SELECT writetime(v), ttl(v) FROM t')).toEqual(['77, 5']);
    b.run(using, [utf8('b'), undefined, undefined]);
    expect(b.rows(`SELECT ttl(v) FROM t WHERE k = 1 AND c = 'b'`)).toEqual(['null']);
  });
  type Names = readonly [text: string, names: readonly string[], key: readonly number[]];
  const named: readonly Names[] = [
    ['INSERT INTO t (c, k, v) VALUES (?, ?, ?)', ['c text', 'k int', 'v int'], [1]],
    ['INSERT INTO t (k, c, v) VALUES (:x, :y, :x)', ['x int', 'y text', 'x int'], [0]],
    [
      'UPDATE t USING TTL ? AND TIMESTAMP ? SET v = ? WHERE k = ? AND c IN ?',
      ['[ttl] int', '[timestamp] bigint', 'v int', 'k int', 'in(c) frozen<list<text>>'],
      [3],
    ],
    [
      'UPDATE t SET m[?] = ?, l[?] = ? WHERE k = 1 AND c = ?',
      ['key(m) text', 'value(m) int', 'idx(l) int', 'value(l) int', 'c text'],
      [],
    ],
    [
      'UPDATE t SET m = m - ? WHERE k = ? AND c = ? IF v IN ? AND m[?] = ?',
      ['m set<text>', 'k int', 'c text', 'in(v) frozen<list<int>>', 'key(m) text', 'value(m) int'],
      [1],
    ],
    ['UPDATE t SET v = blob_as_int(?) WHERE k = 1 AND c = ?', ['arg0(system.blob_as_int) blob', 'c text'], []],
    ['INSERT INTO t JSON ?', ['[json] text'], []],
    ['DELETE FROM t WHERE k = ? AND (c) > ?', ['k int', '(c) frozen<tuple<text>>'], [0]],
  ];
  for (const [text, names, key] of named)
    test(`markers of ${text}`, () => {
      const plan = bench(table).plan(text);
      expect(plan.markers.map(({ name, type }) => `${name} ${typeName(type)}`)).toEqual(names);
      expect(plan.partitionKeyMarkers).toEqual(key);
    });
});
