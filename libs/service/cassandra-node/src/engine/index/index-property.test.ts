import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Bench } from '../bench.fixture.ts';
import { questions, rangeQuestions, step, tableText, targets } from './index-statements.fixture.ts';

/** An index is asked, and the scan that it stands for. */
function compare(b: Bench, question: string): void {
  const text = `SELECT * FROM t WHERE ${question} ALLOW FILTERING`;
  const byIndex = b.rows(text);
  const numbers = [...(b.snapshot.keyspaces.get('ks')?.indexes.values() ?? [])].map((index) => index.number);
  for (const each of numbers) b.unbuilt.add(each);
  const byScan = b.rows(text);
  b.unbuilt.clear();
  expect({ question, rows: byIndex }).toEqual({ question, rows: byScan });
}

describe('a SELECT by an index answers what a scan does', () => {
  const kinds = [
    { kind: "Cassandra's own", suffix: '', asked: questions },
    { kind: 'storage-attached', suffix: ` USING 'sai'`, asked: [...questions, ...rangeQuestions] },
  ];
  const cases = kinds.flatMap((kind) => (['before', 'after'] as const).map((when) => ({ ...kind, when })));
  for (const { kind, when, suffix, asked } of cases)
    test(`${kind} indexes made ${when} the rows, random writes`, () => {
      fc.assert(
        fc.property(fc.array(step, { minLength: 5, maxLength: 60 }), (steps) => {
          const b = new Bench();
          b.run(tableText);
          const make = (): void => {
            for (const [i, target] of targets.entries()) b.run(`CREATE INDEX i${i} ON t (${target})${suffix}`);
          };
          if (when === 'before') make();
          for (const each of steps) {
            if (each.kind === 'write') b.run(each.text);
            else if (each.kind === 'later') b.micros += each.seconds * 1_000_000;
            else if (when === 'before') compare(b, each.text);
          }
          if (when === 'after') {
            make();
            for (const [i] of targets.entries()) b.fill('t', `i${i}`);
          }
          for (const question of asked) compare(b, question);
          b.micros += 6_000_000;
          for (const question of asked) compare(b, question);
        }),
        { numRuns: Number(process.env['SKERRY_RUNS'] ?? 4) },
      );
    });
});
