/** An answer whose rows were copied as they lie is the answer whose rows were written cell by cell, page by page. */
import { describe, expect, test } from '@jest/globals';
import { present } from '@skerry/kernel';
import fc from 'fast-check';
import { Answer, Bench } from '../bench.fixture.ts';

const partitions = 6;
const rows = 9;
const noRows = Number.MAX_SAFE_INTEGER;

function filled(): Bench {
  const bench = new Bench();
  bench.run(`CREATE TABLE wide (p text, q int, c int, v text, w blob, PRIMARY KEY ((p, q), c))`);
  bench.run(`CREATE TABLE narrow (k int PRIMARY KEY, v text, w blob)`);
  for (let p = 0; p < partitions; p++) {
    for (let c = 0; c < (p === 2 ? 1 : rows); c++) {
      const using = (p + c) % 5 === 4 ? ' USING TTL 1000' : '';
      bench.run(`INSERT INTO wide (p, q, c, v, w) VALUES ('p${p}', ${p}, ${c}, 'value ${p * c}', 0x00)${using}`);
    }
    bench.run(
      p === 3 ? `UPDATE narrow SET v = 'x' WHERE k = 3` : `INSERT INTO narrow (k, v, w) VALUES (${p}, 'y', 0x)`,
    );
  }
  bench.run(`DELETE FROM wide WHERE p = 'p1' AND q = 1 AND c > 2 AND c < 5`);
  bench.run(`DELETE FROM narrow WHERE k = 1`);
  return bench;
}
/** Page after page: its rows, as told, and whether more are promised. */
function pages(bench: Bench, text: string, pageSize: number, isCopied: boolean): readonly (readonly string[])[] {
  const plan = bench.plan(text);
  const told: (readonly string[])[] = [];
  let pagingState: Uint8Array | undefined;
  do {
    const answer = new Answer(isCopied);
    void plan.execute(bench.execution([], { pageSize, pagingState }), answer);
    told.push(answer.texts(true));
    pagingState = answer.pagingState;
  } while (pagingState !== undefined && told.length <= partitions * rows);
  return told;
}

const statement = fc
  .record({
    from: fc.constantFrom(
      'wide',
      'narrow',
      `wide WHERE p = 'p0' AND q = 0`,
      `wide WHERE p = 'p0' AND q = 0 ORDER BY c DESC`,
      `wide WHERE p = 'p1' AND q = 1 AND c >= 1 AND c < 7`,
      `wide WHERE p IN ('p0', 'p2', 'p1') AND q IN (0, 1, 2)`,
      `narrow WHERE token(k) > -6000000000000000000`,
    ),
    perPartition: fc.option(fc.integer({ min: 1, max: rows + 1 }), { nil: undefined }),
    limit: fc.option(fc.integer({ min: 1, max: partitions * rows }), { nil: undefined }),
  })
  .map(
    ({ from, perPartition, limit }) =>
      `SELECT * FROM ${from}${perPartition === undefined ? '' : ` PER PARTITION LIMIT ${perPartition}`}` +
      `${limit === undefined ? '' : ` LIMIT ${limit}`}`,
  );

describe('copies', () => {
  test('pages are the same, whether their rows are copied or written', () => {
    const bench = filled();
    fc.assert(
      fc.property(statement, fc.constantFrom(-1, 1, 2, 3, 8, 9, 10, 100), (text, pageSize) => {
        expect(pages(bench, text, pageSize, true)).toEqual(pages(bench, text, pageSize, false));
      }),
      { numRuns: 120 },
    );
  });
  test('rows are copied when they are plain and alone, all but the last of a page or a limit', () => {
    const bench = filled();
    const copied = (text: string, pageSize = noRows): number => bench.run(text, [], { pageSize }).copied;
    expect(copied(`SELECT * FROM wide WHERE p = 'p5' AND q = 5`)).toBe(rows - 1);
    expect(copied(`SELECT * FROM wide WHERE p = 'p5' AND q = 5`, 3)).toBe(2);
    expect(copied(`SELECT * FROM wide WHERE p = 'p5' AND q = 5 LIMIT 3`)).toBe(2);
    expect(copied(`SELECT * FROM narrow`)).toBe(partitions - 1);
    expect(copied(`SELECT p, q, c, v FROM wide WHERE p = 'p5' AND q = 5`)).toBe(0);
    expect(copied(`SELECT * FROM wide WHERE p = 'p1' AND q = 1`)).toBe(0);
    expect(present(bench.run(`SELECT * FROM wide WHERE p = 'p5' AND q = 5`).rows[0], 'a row')).toHaveLength(5);
  });
});
