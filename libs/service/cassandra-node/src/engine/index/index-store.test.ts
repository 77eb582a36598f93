import { describe, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import { temporaryDirectory } from '@skerry/testing/node';
import { CorpusEngine } from '../../corpus/corpus-engine.fixture.ts';
import { questions, rangeQuestions, step, tableText, targets } from './index-statements.fixture.ts';

const tombstones = [1e9, 1e9] as const;
const asked = [...questions, ...rangeQuestions];

/** By index, page by page, and by the scan that it stands for. */
async function compare(engine: CorpusEngine, question: string): Promise<void> {
  const text = `SELECT * FROM t WHERE ${question} ALLOW FILTERING`;
  const byIndex = await engine.handle(text);
  const paged = await engine.handle(`page 2 ${text}`);
  const unbuilt = jest.spyOn(engine.builds, 'isBuilt').mockReturnValue(false);
  const byScan = await engine.handle(text);
  unbuilt.mockRestore();
  const rows = (lines: string): readonly string[] =>
    lines.split('\n').filter((line) => line !== '--' && !line.startsWith('warning'));
  expect({ question, rows: rows(byIndex) }).toEqual({ question, rows: rows(byScan) });
  expect({ question, rows: rows(paged) }).toEqual({ question, rows: rows(byScan) });
}

describe('indexes over a store on disk', () => {
  test('answer what a scan does, through flushes and restarts', async () => {
    const life = fc.oneof(
      { weight: 20, arbitrary: step },
      { weight: 2, arbitrary: fc.constant({ kind: 'flush' as const }) },
      { weight: 1, arbitrary: fc.constant({ kind: 'restart' as const }) },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(life, { minLength: 40, maxLength: 120 }), fc.boolean(), async (steps, attached) => {
        const folder = temporaryDirectory();
        let engine = await CorpusEngine.open(folder, undefined, tombstones);
        try {
          expect(await engine.handle(tableText)).toBe('CREATED TABLE ks.t');
          for (const [i, target] of targets.entries())
            expect(await engine.handle(`CREATE INDEX i${i} ON t (${target})${attached ? ` USING 'sai'` : ''}`)).toBe(
              'UPDATED TABLE ks.t',
            );
          for (const each of steps) {
            if (each.kind === 'write') expect(await engine.handle(each.text)).toMatch(/^$|^\[applied\]/);
            else if (each.kind === 'later') await engine.handle(`later ${each.seconds}`);
            else if (each.kind === 'flush') await engine.flush();
            else if (each.kind === 'ask') await compare(engine, each.text);
            else {
              const { micros } = engine;
              await engine.close();
              engine = await CorpusEngine.open(folder, micros, tombstones);
            }
          }
          for (const question of asked) if (attached || questions.includes(question)) await compare(engine, question);
        } finally {
          await engine.close();
        }
      }),
      { numRuns: Number(process.env['SKERRY_RUNS'] ?? 2), endOnFailure: true },
    );
  }, 120_000);
});
