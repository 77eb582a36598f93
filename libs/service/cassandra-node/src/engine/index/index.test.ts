import { beforeEach, describe, expect, test } from '@jest/globals';
import { int32Bytes } from '@skerry/domain-values';
import { present } from '@skerry/kernel';
import { Answer, Bench } from '../bench.fixture.ts';
import { buildRowsMax } from './build-steps.ts';
import { rangeEntriesMax } from './entries.ts';
import { indexTable, termSizeMaxBytes } from './index-table.ts';

describe('entries of an index', () => {
  let b: Bench;
  /** All that the hidden table has. */
  const entries = (name: string): number => {
    const of = present(b.snapshot.keyspaces.get('ks'), 'keyspace');
    const definition = present(of.indexes.get(name), 'index');
    const { layout } = indexTable(present(of.tables.get(definition.table), 'table'), definition);
    const reader = b.store.reader();
    const ring = { fromHi: -0x8000_0000, fromLo: 0, fromInclusive: true, toHi: 0x7fff_ffff, toLo: -1 };
    reader.openScan(layout, ring, undefined, false, Math.floor(b.micros / 1e6));
    let count = 0;
    while (reader.nextPartition()) while (reader.nextRow()) count += 1;
    return count;
  };
  beforeEach(() => {
    b = new Bench();
    b.run('CREATE TABLE t (k int, c int, v text, w int, l list<int>, s int static, PRIMARY KEY (k, c))');
  });
  test('that a row has outlived are shown to nobody, and go with the SELECT that meets them', () => {
    b.run('CREATE INDEX i ON t (v)');
    b.run(`INSERT INTO t (k, c, v) VALUES (1, 1, 'a')`);
    b.run(`UPDATE t SET v = 'b' WHERE k = 1 AND c = 1`);
    expect(entries('i')).toBe(2);
    expect(b.rows(`SELECT k FROM t WHERE v = 'a'`)).toEqual([]);
    expect(entries('i')).toBe(1);
    b.run(`UPDATE t SET v = 'a' WHERE k = 1 AND c = 1`);
    expect(b.rows(`SELECT k FROM t WHERE v = 'a'`)).toEqual(['1']);
  });
  for (const [what, text] of [
    ['a row', 'DELETE FROM t WHERE k = 1 AND c = 1'],
    ['a range', 'DELETE FROM t WHERE k = 1 AND c > 0'],
    ['a partition', 'DELETE FROM t WHERE k = 1'],
    ['a cell', 'DELETE v, s FROM t WHERE k = 1 AND c = 1'],
  ])
    test(`go after the deletion of ${what}`, () => {
      b.run('CREATE INDEX i ON t (v)');
      b.run(`INSERT INTO t (k, c, v, s) VALUES (1, 1, 'a', 5)`);
      b.run(text ?? '');
      expect(b.rows(`SELECT k FROM t WHERE v = 'a'`)).toEqual([]);
      expect(entries('i')).toBe(0);
    });
  test('of a static column go when it is another', () => {
    b.run('CREATE INDEX i ON t (s)');
    b.run('INSERT INTO t (k, c, s) VALUES (1, 1, 5)');
    b.run('INSERT INTO t (k, c) VALUES (1, 2)');
    expect(b.rows('SELECT k, c FROM t WHERE s = 5')).toEqual(['1, 1', '1, 2']);
    b.run('UPDATE t SET s = 6 WHERE k = 1');
    expect(b.rows('SELECT k, c FROM t WHERE s = 5')).toEqual([]);
    expect(entries('i')).toBe(1);
  });
  test('go with the TTL of their cell', () => {
    b.run('CREATE INDEX i ON t (v)');
    b.run(`INSERT INTO t (k, c, v) VALUES (1, 1, 'a') USING TTL 5`);
    expect(entries('i')).toBe(1);
    b.micros += 6_000_000;
    expect(entries('i')).toBe(0);
  });
  test('of a key live as long as anything of the row', () => {
    b.run('CREATE INDEX i ON t (c)');
    b.run('INSERT INTO t (k, c) VALUES (1, 7) USING TTL 5');
    b.run('UPDATE t USING TTL 100 SET w = 1 WHERE k = 1 AND c = 7');
    b.run('UPDATE t USING TTL 10 AND TIMESTAMP 1 SET l = [1] WHERE k = 1 AND c = 7');
    b.micros += 50_000_000;
    expect(b.rows('SELECT k, w FROM t WHERE c = 7')).toEqual(['1, 1']);
    b.micros += 60_000_000;
    expect(b.rows('SELECT k, w FROM t WHERE c = 7')).toEqual([]);
    expect(entries('i')).toBe(0);
  });
  test('tell equal elements of a list apart: one may go before the other', () => {
    b.run('CREATE INDEX i ON t (l)');
    b.run('UPDATE t SET l = l + [1] WHERE k = 1 AND c = 1');
    b.run('UPDATE t USING TTL 5 SET l = l + [1] WHERE k = 1 AND c = 1');
    expect(entries('i')).toBe(2);
    expect(b.rows('SELECT l FROM t WHERE l CONTAINS 1')).toEqual(['[1, 1]']);
    b.micros += 6_000_000;
    expect(b.rows('SELECT l FROM t WHERE l CONTAINS 1')).toEqual(['[1]']);
  });
  test('are not written for a table without indexes', () => {
    b.run('CREATE TABLE u (k int PRIMARY KEY, v int)');
    b.run('CREATE INDEX i ON t (v)');
    b.run('INSERT INTO u (k, v) VALUES (1, 1)');
    expect(entries('i')).toBe(0);
  });
  test('of long values stand under their digest', () => {
    b.run('CREATE INDEX i ON t (v)');
    const long = 'x'.repeat(termSizeMaxBytes);
    b.run(`INSERT INTO t (k, c, v) VALUES (1, 1, '${long}')`);
    b.run(`INSERT INTO t (k, c, v) VALUES (1, 2, '${long}y')`);
    expect(b.rows(`SELECT c FROM t WHERE v = '${long}'`)).toEqual(['1']);
  });
  test('refuse a value of 64 KiB, in the words of Cassandra, and nothing of the statement is written', () => {
    b.run('CREATE INDEX i ON t (v)');
    expect(b.fault(`INSERT INTO t (k, c, v) VALUES (1, 1, '${'x'.repeat(65_535)}')`)).toBe(
      'Cannot index value of size 65535 for index i on ks.t(v) (maximum allowed size=65535)',
    );
    expect(b.rows('SELECT k FROM t')).toEqual([]);
    b.run(`INSERT INTO t (k, c, v) VALUES (1, 1, 'a')`);
    expect(b.rows(`SELECT k FROM t WHERE v = 'a'`)).toEqual(['1']);
  });
  test('of vectors have no entries: the nearest are looked for among all rows', () => {
    b.run('CREATE TABLE n (k int PRIMARY KEY, v vector<float, 2>)');
    b.run(`CREATE INDEX i ON n (v) USING 'sai'`);
    b.run('INSERT INTO n (k, v) VALUES (1, [1.0, 2.0])');
    expect(entries('i')).toBe(0);
    expect(b.rows('SELECT k FROM n ORDER BY v ANN OF [1.0, 2.0] LIMIT 1')).toEqual(['1']);
  });
  test('are built in steps, and a SELECT scans until they are', () => {
    for (let c = 0; c < 2 * buildRowsMax; c++) b.run(`INSERT INTO t (k, c, v) VALUES (${c % 2}, ${c}, '${c % 3}')`);
    b.run('CREATE INDEX i ON t (v)');
    const number = present(b.snapshot.keyspaces.get('ks')?.indexes.get('i'), 'index').number;
    b.unbuilt.add(number);
    const scanned = b.rows(`SELECT c FROM t WHERE v = '1'`);
    expect(scanned).toHaveLength(171);
    expect(b.fill('t', 'i')).toBe(2);
    expect(b.rows(`SELECT c FROM t WHERE v = '1'`)).toEqual(scanned);
    expect(entries('i')).toBe(2 * buildRowsMax);
  });
  test('of a range that memory does not hold come in the order of tokens all the same', () => {
    b.run(`CREATE INDEX i ON t (w) USING 'sai'`);
    const rows = 2 * rangeEntriesMax + 100;
    const insert = b.plan('INSERT INTO t (k, c, w) VALUES (1, ?, ?)');
    for (let c = 0; c < rows; c++)
      void insert.execute(b.execution([int32Bytes(c), int32Bytes(rows - c)]), new Answer());
    const found = b.rows('SELECT c FROM t WHERE w > 0').map(Number);
    expect(found).toEqual(Array.from({ length: rows }, (_, i) => i));
  });
});
