import { describe, expect, test } from '@jest/globals';
import { int32Bytes } from '@skerry/domain-values';
import { Bench, type Value } from '../bench.fixture.ts';
import type { BatchKind } from './index.ts';

const tables = [
  'CREATE TABLE t (k int, c int, v text, PRIMARY KEY (k, c))',
  'CREATE TABLE o (k int PRIMARY KEY, v int)',
  'CREATE TABLE n (k int PRIMARY KEY, c counter)',
  'CREATE TABLE z (k int PRIMARY KEY, v text) WITH gc_grace_seconds = 0',
];
const bench = (): Bench => {
  const made = new Bench();
  for (const table of tables) made.run(table);
  return made;
};
const batch = (kind: string, ...statements: readonly string[]): string =>
  `BEGIN ${kind} BATCH ${statements.map((each) => `${each};`).join(' ')} APPLY BATCH`;

describe('BATCH', () => {
  test('writes all of it with one timestamp', () => {
    const b = bench();
    b.run(
      batch(
        '',
        `INSERT INTO t (k, c, v) VALUES (1, 1, 'a')`,
        'INSERT INTO o (k, v) VALUES (1, 2)',
        `UPDATE t SET v = 'b' WHERE k = 2 AND c = 1`,
      ),
    );
    expect(b.rows('SELECT * FROM t WHERE k IN (1, 2)')).toEqual([`1, 1, 'a'`, `2, 1, 'b'`]);
    const times = [...b.rows('SELECT writetime(v) FROM t'), ...b.rows('SELECT writetime(v) FROM o')];
    expect(new Set(times).size).toBe(1);
  });
  test('a row that is deleted and inserted in one batch is deleted', () => {
    const b = bench();
    b.run(batch('', `INSERT INTO t (k, c, v) VALUES (1, 1, 'a')`, 'DELETE FROM t WHERE k = 1 AND c = 1'));
    expect(b.rows('SELECT * FROM t')).toEqual([]);
  });
  test('with a timestamp, and values', () => {
    const b = bench();
    const text =
      'BEGIN BATCH USING TIMESTAMP ? INSERT INTO o (k, v) VALUES (?, ?); INSERT INTO o (k, v) VALUES (:k, 7); APPLY BATCH';
    b.run(text, [Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 99), int32Bytes(1), int32Bytes(2), int32Bytes(3)]);
    expect(b.rows('SELECT k, v, writetime(v) FROM o WHERE k IN (1, 3)')).toEqual(['1, 2, 99', '3, 7, 99']);
  });
  test('an error in one of them writes nothing', () => {
    const b = bench();
    const text = batch('', 'INSERT INTO o (k, v) VALUES (1, 1)', 'INSERT INTO o (k, v) VALUES (?, 1)');
    expect(b.fault(text, [null])).toBe('Invalid null value in condition for column k');
    b.run('INSERT INTO o (k, v) VALUES (5, 5)');
    expect(b.rows('SELECT k FROM o')).toEqual(['5']);
  });
  test('counters count, the same one twice', () => {
    const b = bench();
    b.run(
      batch(
        'COUNTER',
        'UPDATE n SET c = c + 1 WHERE k = 1',
        'UPDATE n SET c = c + 2 WHERE k = 1',
        'UPDATE n SET c = c - 1 WHERE k = 2',
      ),
    );
    expect(b.rows('SELECT * FROM n WHERE k IN (1, 2)')).toEqual(['1, 3', '2, -1']);
  });
  test('nothing in it', () => {
    expect(bench().run('BEGIN BATCH APPLY BATCH').isVoid).toBe(true);
  });
  const faults: readonly (readonly [string, string])[] = [
    [
      'BEGIN BATCH USING TTL 1 INSERT INTO o (k) VALUES (1); APPLY BATCH',
      'Global TTL on the BATCH statement is not supported.',
    ],
    [
      'BEGIN BATCH USING TIMESTAMP 1 INSERT INTO o (k) VALUES (1) USING TIMESTAMP 2; APPLY BATCH',
      'Timestamp must be set either on BATCH or individual statements',
    ],
    [
      'BEGIN BATCH USING TIMESTAMP 1 INSERT INTO o (k) VALUES (1) IF NOT EXISTS; APPLY BATCH',
      'Cannot provide custom timestamp for conditional BATCH',
    ],
    [
      'BEGIN COUNTER BATCH USING TIMESTAMP 1 UPDATE n SET c = c + 1 WHERE k = 1; APPLY BATCH',
      'Cannot provide custom timestamp for counter BATCH',
    ],
    [
      'BEGIN UNLOGGED BATCH USING TIMESTAMP 1 UPDATE n SET c = c + 1 WHERE k = 1; APPLY BATCH',
      'Cannot provide custom timestamp for a BATCH containing counters',
    ],
    [batch('COUNTER', 'INSERT INTO o (k) VALUES (1)'), 'Cannot include non-counter statement in a counter batch'],
    [batch('', 'UPDATE n SET c = c + 1 WHERE k = 1'), 'Cannot include a counter statement in a logged batch'],
    [
      batch('UNLOGGED', 'UPDATE n SET c = c + 1 WHERE k = 1', 'INSERT INTO o (k) VALUES (1)'),
      'Counter and non-counter mutations cannot exist in the same batch',
    ],
    [
      batch('', 'INSERT INTO o (k) VALUES (1) IF NOT EXISTS', 'INSERT INTO t (k, c) VALUES (1, 1)'),
      'Batch with conditions cannot span multiple tables',
    ],
    [
      batch('', 'INSERT INTO o (k) VALUES (1) IF NOT EXISTS', 'INSERT INTO o (k) VALUES (2)'),
      'Batch with conditions cannot span multiple partitions',
    ],
  ];
  for (const [text, fault] of faults) test(text, () => expect(bench().fault(text)).toBe(fault));
});

describe('conditional batches', () => {
  test('all or nothing, with the rows that were tested', () => {
    const b = bench();
    const text = batch(
      '',
      `INSERT INTO t (k, c, v) VALUES (1, 1, 'a') IF NOT EXISTS`,
      `INSERT INTO t (k, c, v) VALUES (1, 2, 'b')`,
    );
    expect(b.rows(text)).toEqual(['[applied]=true']);
    expect(b.rows(text)).toEqual([`[applied]=false, k=1, c=1, v='a'`]);
    const tested = batch(
      '',
      `UPDATE t SET v = 'x' WHERE k = 1 AND c = 1 IF v = 'a'`,
      `UPDATE t SET v = 'y' WHERE k = 1 AND c = 2 IF v = 'no'`,
    );
    expect(b.rows(tested)).toEqual([`[applied]=false, k=1, c=1, v='a'`, `[applied]=false, k=1, c=2, v='b'`]);
    expect(b.rows('SELECT v FROM t')).toEqual([`'a'`, `'b'`]);
  });
});

describe('BATCH message', () => {
  const insert = 'INSERT INTO o (k, v) VALUES (?, ?)';
  const rows = (count: number): (readonly [string, readonly Value[]])[] =>
    Array.from({ length: count }, (_, k) => [insert, [int32Bytes(k), int32Bytes(k)]] as const);
  test('one plan again and again, each with its own values', () => {
    const b = bench();
    b.batch('logged', [...rows(3), ['INSERT INTO o (k, v) VALUES (7, 7)', []]]);
    expect(b.rows('SELECT * FROM o WHERE k IN (0, 1, 2, 7)')).toEqual(['0, 0', '1, 1', '2, 2', '7, 7']);
    expect(b.warnings).toEqual([]);
  });
  test('refuses what is no modification, and a wrong number of values', () => {
    const b = bench();
    expect(() => b.batch('logged', [['SELECT * FROM o', []]])).toThrow(
      'Invalid statement in batch: only UPDATE, INSERT and DELETE statements are allowed.',
    );
    expect(() => b.batch('logged', [[insert, [int32Bytes(1)]]])).toThrow(
      'There were 2 markers(?) in CQL but 1 bound variables',
    );
  });
  test('warns of an unlogged one over many partitions', () => {
    const b = bench();
    b.batch('unlogged', rows(11));
    expect(b.warnings).toEqual([
      'Unlogged batch covering 11 partitions detected against table [ks.o]. You should use a logged batch for atomicity, or asynchronous writes for performance.',
    ]);
    b.batch('unlogged', rows(10));
    expect(b.warnings).toEqual([]);
  });
  const large = (kind: BatchKind, partitions: number, size: number): Bench => {
    const b = bench();
    const text = `INSERT INTO t (k, c, v) VALUES (?, ?, ?)`;
    b.batch(
      kind,
      [1, 2].map((i) => [text, [int32Bytes(partitions === 1 ? 0 : i), int32Bytes(i), new Uint8Array(size).fill(97)]]),
    );
    return b;
  };
  test('warns of a large one, unless it is of one partition', () => {
    const [warning] = large('logged', 2, 4000).warnings;
    const [, size, over] =
      /^Batch for \[ks\.t\] is of size (\d+), exceeding specified threshold of 5120 by (\d+)\.$/.exec(warning ?? '') ??
      [];
    expect(Number(size) - Number(over)).toBe(5120);
    expect(Number(size)).toBeGreaterThan(8000);
    expect(large('logged', 1, 40_000).warnings).toEqual([]);
  });
  test('refuses a very large one', () => {
    expect(() => large('logged', 2, 30_000)).toThrow('Batch too large');
  });
  test('warns of a logged one on a table without grace', () => {
    const b = bench();
    b.batch('logged', [[`INSERT INTO z (k, v) VALUES (1, 'a')`, []]]);
    expect(b.warnings[0]).toContain(
      'Executing a LOGGED BATCH on table [ks.z], configured with a gc_grace_seconds of 0.',
    );
  });
});
