import { beforeEach, describe, expect, test } from '@jest/globals';
import { Bench } from '../bench.fixture.ts';

describe('materialized views', () => {
  let b: Bench;
  const view = (): readonly string[] => b.rows('SELECT * FROM mv').toSorted();
  beforeEach(() => {
    b = new Bench();
    b.run('CREATE TABLE t (k int, c int, v text, w int, l list<int>, PRIMARY KEY (k, c))');
    b.run(
      'CREATE MATERIALIZED VIEW mv AS SELECT * FROM t WHERE v IS NOT NULL AND k IS NOT NULL AND c IS NOT NULL PRIMARY KEY (v, k, c)',
    );
    b.run(`INSERT INTO t (k, c, v, w, l) VALUES (1, 1, 'a', 5, [1, 2])`);
  });
  test('show what is inserted', () => expect(view()).toEqual([`'a', 1, 1, [1, 2], 5`]));
  test('move a row whose key changes, there and back', () => {
    b.run(`UPDATE t SET v = 'b' WHERE k = 1 AND c = 1`);
    expect(view()).toEqual([`'b', 1, 1, [1, 2], 5`]);
    b.run(`UPDATE t SET v = 'a', w = 6, l = l + [3] WHERE k = 1 AND c = 1`);
    expect(view()).toEqual([`'a', 1, 1, [1, 2, 3], 6`]);
  });
  test('lose a row whose key is null, and show it again', () => {
    b.run('UPDATE t SET v = null WHERE k = 1 AND c = 1');
    expect(view()).toEqual([]);
    b.run(`UPDATE t SET v = 'a' WHERE k = 1 AND c = 1`);
    expect(view()).toEqual([`'a', 1, 1, [1, 2], 5`]);
  });
  for (const text of [
    'DELETE FROM t WHERE k = 1',
    'DELETE FROM t WHERE k = 1 AND c = 1',
    'DELETE FROM t WHERE k = 1 AND c < 3',
    'BEGIN BATCH DELETE FROM t WHERE k = 1 AND c = 1; APPLY BATCH',
    'DELETE FROM t WHERE k = 1 AND c = 1 IF EXISTS',
  ])
    test(`follow ${text}`, () => {
      b.run(text);
      expect(view()).toEqual([]);
    });
  test('an older write that changes nothing changes no view', () => {
    b.run(`INSERT INTO t (k, c, v) VALUES (1, 1, 'old') USING TIMESTAMP 1`);
    expect(view()).toEqual([`'a', 1, 1, [1, 2], 5`]);
  });
  test('go with the TTL of what is in their key', () => {
    b.run(`UPDATE t USING TTL 10 SET v = 'x' WHERE k = 1 AND c = 1`);
    expect(view()).toEqual([`'x', 1, 1, [1, 2], 5`]);
    b.micros += 20_000_000;
    expect(view()).toEqual([]);
  });
  test('filter by their WHERE', () => {
    b.run(
      'CREATE MATERIALIZED VIEW big AS SELECT k, c, w FROM t WHERE c > 1 AND k IS NOT NULL AND w IS NOT NULL PRIMARY KEY (w, k, c)',
    );
    b.run('UPDATE t SET w = 20 WHERE k = 1 AND c IN (1, 2)');
    expect(b.rows('SELECT * FROM big')).toEqual(['20, 1, 2']);
    b.run('UPDATE t SET w = 3 WHERE k = 1 AND c = 2');
    expect(b.rows('SELECT * FROM big')).toEqual(['3, 1, 2']);
  });
  test('are filled from what is there', () => {
    for (let k = 2; k < 5; k++)
      for (let c = 0; c < 300; c++) b.run(`INSERT INTO t (k, c, v, w) VALUES (${k}, ${c}, 'x', ${c})`);
    b.run(
      'CREATE MATERIALIZED VIEW late AS SELECT k, c, w FROM t WHERE k IS NOT NULL AND c IS NOT NULL AND w IS NOT NULL PRIMARY KEY (k, w, c)',
    );
    expect(b.rows('SELECT COUNT(*) FROM late')).toEqual(['0']);
    const steps = b.fill('t', 'late');
    expect(steps).toBe(4);
    expect(b.rows('SELECT COUNT(*) FROM late')).toEqual(['901']);
    expect(b.rows('SELECT c FROM late WHERE k = 3 AND w > 297')).toEqual(['298', '299']);
  });
  test('are not written themselves', () => {
    expect(b.fault(`INSERT INTO mv (v, k, c) VALUES ('a', 1, 1)`)).toBe('Cannot directly modify a materialized view');
  });
});
