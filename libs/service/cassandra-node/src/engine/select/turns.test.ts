/** SELECTs that take several turns of the event loop: here one for each row. */
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import { temporaryDirectory } from '@skerry/testing/node';
import { CorpusEngine } from '../../corpus/corpus-engine.fixture.ts';
import { questions, rangeQuestions, step, tableText, targets } from '../index/index-statements.fixture.ts';
import type { TurnLimits } from './turn-time.ts';

jest.setTimeout(120_000);
const oneRowEach: TurnLimits = { turnMs: 0, rowsBetweenLooks: 1 };
const open: CorpusEngine[] = [];
afterEach(async () => {
  for (const engine of open.splice(0)) await engine.close();
});
async function engineOf(limits?: TurnLimits, tombstones?: readonly [number, number]): Promise<CorpusEngine> {
  const engine = await CorpusEngine.open(temporaryDirectory(), undefined, tombstones, limits);
  open.push(engine);
  return engine;
}
/** Rows (p, c, v) of so many partitions. */
async function fill(engine: CorpusEngine, partitions: number, rows: number): Promise<void> {
  await engine.handle('CREATE TABLE t (p int, c int, v int, s int static, PRIMARY KEY (p, c))');
  for (let p = 0; p < partitions; p++)
    for (let c = 0; c < rows; c++) await engine.handle(`INSERT INTO t (p, c, v) VALUES (${p}, ${c}, ${c % 3})`);
}
const count = 'SELECT count(*) FROM t';
const counted = (answer: string): number => Number(answer.split('\n')[1]);

describe('in turns a SELECT answers what it does in one', () => {
  const asked = [...questions, ...rangeQuestions];
  const forms = (question: string): readonly string[] => [
    `SELECT * FROM t WHERE ${question} ALLOW FILTERING`,
    `page 2 SELECT * FROM t WHERE ${question} ALLOW FILTERING`,
    `SELECT p, q, c, count(*), max(v), min(w), sum(v) FROM t WHERE ${question} GROUP BY p, q, c ALLOW FILTERING`,
    `page 1 SELECT p, q, s, count(v) FROM t WHERE ${question} GROUP BY p, q ALLOW FILTERING`,
    `SELECT JSON p, q, c, v FROM t WHERE ${question} PER PARTITION LIMIT 2 ALLOW FILTERING`,
  ];
  const whole = [
    'SELECT * FROM t',
    'page 3 SELECT * FROM t',
    'SELECT DISTINCT p, q, s FROM t',
    'page 1 SELECT DISTINCT p, q, s FROM t',
    'SELECT count(*), avg(v), max(c) FROM t',
    'SELECT * FROM t LIMIT 5',
    'page 2 SELECT * FROM t PER PARTITION LIMIT 3',
    'SELECT * FROM t WHERE p IN (1, 2) AND q IN (0, 1) ORDER BY c DESC',
    'page 2 SELECT * FROM t WHERE p = 1 AND q = 0 ORDER BY c DESC',
    'SELECT * FROM t WHERE p IN (1, 2) AND q = 1 AND c > 0 PER PARTITION LIMIT 2',
  ];
  for (const suffix of ['', " USING 'sai'"])
    test(`of random rows, with indexes${suffix}`, async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(step, { minLength: 5, maxLength: 50 }),
          fc.uniqueArray(fc.constantFrom(...asked), { minLength: 8, maxLength: 8 }),
          async (steps, some) => {
            const engines = [await engineOf(), await engineOf(oneRowEach)] as const;
            const both = async (command: string): Promise<void> => {
              const [expected, actual] = [await engines[0].handle(command), await engines[1].handle(command)];
              expect({ command, answer: actual }).toEqual({ command, answer: expected });
            };
            await both(tableText);
            for (const [i, target] of targets.entries()) await both(`CREATE INDEX i${i} ON t (${target})${suffix}`);
            for (const each of steps)
              if (each.kind === 'write') await both(each.text);
              else if (each.kind === 'later') await both(`later ${each.seconds}`);
            for (const text of [...some.flatMap(forms), ...whole]) await both(text);
          },
        ),
        { numRuns: Number(process.env['SKERRY_RUNS'] ?? 3) },
      );
    });
});

describe('while a SELECT is under way', () => {
  test('others are answered, and what they write behind it is seen', async () => {
    const engine = await engineOf(oneRowEach);
    await fill(engine, 4, 50);
    let isOver = false;
    const answer = engine.handle(count).finally(() => (isOver = true));
    let written = 0;
    for (; written < 20; written++) await engine.handle(`INSERT INTO t (p, c, v) VALUES (${written % 4}, 1000, 9)`);
    expect(isOver).toBe(false);
    const seen = counted(await answer);
    // Of four partitions those count that it had not come to.
    expect(seen).toBeGreaterThanOrEqual(200);
    expect(seen).toBeLessThanOrEqual(204);
    expect(counted(await engine.handle(count))).toBe(204);
  });
  test('rows that are deleted before it comes to them are not told', async () => {
    const engine = await engineOf(oneRowEach);
    await fill(engine, 1, 200);
    const answer = engine.handle('SELECT max(c) FROM t WHERE p = 0');
    await engine.handle('DELETE FROM t WHERE p = 0 AND c > 150');
    expect((await answer).split('\n')[1]).toBe('150');
  });
  test('the whole partition may go, and its successors are read', async () => {
    const engine = await engineOf(oneRowEach, [1_000, 1_000]);
    await fill(engine, 6, 20);
    await engine.handle('UPDATE t SET s = 1 WHERE p = 99');
    const answer = engine.handle('SELECT p, c, s FROM t');
    for (let p = 0; p < 6; p++) await engine.handle(`DELETE FROM t WHERE p = ${p}`);
    const lines = (await answer).split('\n');
    // A partition of static columns alone is one row: none of what was deleted before it hides that.
    expect(lines).toContain('99 | null | 1');
    expect(lines.length).toBeLessThan(122);
  });
  for (const [what, ...then] of [
    ['its table is dropped: the read fails'],
    ['another table of the same name is not read in its place', 'CREATE TABLE t (p int PRIMARY KEY)'],
  ])
    test(what ?? '', async () => {
      const engine = await engineOf(oneRowEach);
      await fill(engine, 4, 50);
      // So many that some are under way when the table goes, and some wait.
      const answers = Promise.all(Array.from({ length: 100 }, () => engine.handle(count)));
      await engine.handle('DROP TABLE t');
      for (const text of then) expect(await engine.handle(text)).toMatch(/^CREATED/);
      const failed = /^read_failure: Operation failed - received 0 responses and 1 failures: /;
      const all = await answers;
      expect(all.at(-1)).toMatch(failed);
      for (const answer of all) if (!failed.test(answer)) expect(counted(answer)).toBe(200);
    });
  test('its table is truncated: it ends with what it has', async () => {
    const engine = await engineOf(oneRowEach);
    await fill(engine, 4, 50);
    const answer = engine.handle(count);
    await engine.handle('TRUNCATE t');
    expect(counted(await answer)).toBeLessThan(200);
    expect(counted(await engine.handle(count))).toBe(0);
  });
  test('columns come and go: it tells those that it was asked for', async () => {
    const engine = await engineOf(oneRowEach);
    await fill(engine, 4, 50);
    const answer = engine.handle('SELECT p, c, v FROM t');
    await engine.handle('ALTER TABLE t ADD w text');
    await engine.handle("INSERT INTO t (p, c, w) VALUES (3, 1000, 'w')");
    await engine.handle('ALTER TABLE t DROP s');
    const lines = (await answer).split('\n');
    expect(lines[0]).toBe('p | c | v');
    expect(lines.length).toBeGreaterThanOrEqual(201);
  });
  test('its index is dropped: it goes on with a scan', async () => {
    const engine = await engineOf(oneRowEach);
    await fill(engine, 10, 20);
    await engine.handle('CREATE INDEX i ON t (v)');
    const expected = await engine.handle('SELECT p, c FROM t WHERE v = 1');
    const asked = Array.from({ length: 100 }, () => engine.handle('SELECT p, c FROM t WHERE v = 1'));
    await engine.handle('DROP INDEX i');
    for (const answer of await Promise.all(asked)) expect(answer).toBe(expected);
  });
  test('what is in memory goes to the disk: it reads on there', async () => {
    const engine = await engineOf(oneRowEach);
    await fill(engine, 4, 50);
    const answer = engine.handle(count);
    await engine.flush();
    expect(counted(await answer)).toBe(200);
  });
  test('the same text is executed at the same time, each with what is its own', async () => {
    const engine = await engineOf(oneRowEach);
    await fill(engine, 4, 20);
    const texts = [count, count, 'SELECT sum(c) FROM t', count, `${count} WHERE p = 1`, count];
    const answers = await Promise.all(texts.map((text) => engine.handle(text)));
    expect(answers.map(counted)).toEqual([80, 80, 760, 80, 20, 80]);
  });
});

describe('tombstones', () => {
  test('of all turns count: too many end it', async () => {
    const engine = await engineOf(oneRowEach, [10, 50]);
    await fill(engine, 8, 20);
    for (let p = 0; p < 8; p++)
      for (let c = 0; c < 20; c += 2) await engine.handle(`DELETE FROM t WHERE p = ${p} AND c = ${c}`);
    expect(await engine.handle(count)).toMatch(/^read_failure: .*scanned over \d+ tombstones/);
    const few = await engine.handle(`${count} WHERE p IN (1, 2)`);
    expect(counted(few)).toBe(20);
    expect(few).toContain('warning: Read 20 tombstone cells for query of ks.t');
  });
  test('one after the other hold nobody up: a run of them is passed in several turns', async () => {
    const engine = await engineOf(oneRowEach, [100_000, 1_000_000]);
    await engine.handle('CREATE TABLE t (p int, c int, v int, s int static, PRIMARY KEY (p, c))');
    const rows = 2_500;
    for (let c = 0; c < rows; c++) await engine.handle(`INSERT INTO t (p, c, v) VALUES (1, ${c}, 1)`);
    for (let c = 0; c < rows; c++) await engine.handle(`DELETE FROM t WHERE p = 1 AND c = ${c}`);
    await engine.handle('UPDATE t SET s = 7 WHERE p = 1');
    const answer = engine.handle('SELECT p, c, s FROM t');
    await engine.handle(`INSERT INTO t (p, c, v) VALUES (1, ${rows}, 1)`);
    // It was passing them when that row came.
    expect(await answer).toBe(`p | c | s\n1 | ${rows} | 7`);
    await engine.handle(`DELETE FROM t WHERE p = 1 AND c = ${rows}`);
    // No row lives, the static column does.
    expect(await engine.handle('SELECT p, c, s FROM t')).toBe('p | c | s\n1 | null | 7');
  });
});
