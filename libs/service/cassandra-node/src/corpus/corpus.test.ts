/** Plays the pages of the corpus: what Cassandra 5.0 answers to each statement. See README. */
import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { runScenario, temporaryDirectory } from '@skerry/testing/node';
import { CorpusEngine } from './corpus-engine.fixture.ts';

/** What is promised of the corpus: it only grows. */
const statementsMin = 2_100;
const pages = readdirSync(import.meta.dirname).filter((name) => name.endsWith('.txt'));

/** Each SELECT gives the event loop back behind each row. */
const oneRowEach = { turnMs: 0, rowsBetweenLooks: 1 };
/** Pages that are played a second time so; all of them by `SKERRY_CORPUS=all`. */
const readingPages =
  /^(select|where|group|order|paging|aggregat|functions|static|index|materialized|json|lwt|collections|batch)/;
const inTurns = pages.filter((page) => process.env['SKERRY_CORPUS'] === 'all' || readingPages.test(page));

describe.each([
  ['', undefined, pages],
  [', its SELECTs in turns of one row', oneRowEach, inTurns],
] as const)('the conformance corpus%s', (_how, limits, played) => {
  test.each(played)('%s', async (page) => {
    const directory = temporaryDirectory();
    const engine = await CorpusEngine.open(directory, undefined, undefined, limits);
    try {
      await runScenario(join(import.meta.dirname, page), (command, args) =>
        engine.handle([command, ...args].join(' ')),
      );
    } finally {
      await engine.close();
    }
  });
});
test('the corpus is as large as promised', async () => {
  const texts = await Promise.all(pages.map((page) => readFile(join(import.meta.dirname, page), 'utf8')));
  const count = texts.reduce((sum, text) => sum + text.split('\n----').length - 1, 0);
  expect(count).toBeGreaterThanOrEqual(statementsMin);
});
