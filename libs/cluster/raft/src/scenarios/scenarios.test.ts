/** Stories: commands and what comes of them. `npm run sim -- raft --scenarios` rewrites what comes; its diff is the review. */
import { describe, expect, it } from '@jest/globals';
import { scenarios } from './all.fixture.ts';
import { play } from './play.fixture.ts';

describe('scenarios', () => {
  it.each(scenarios.map((scenario) => [scenario.name, scenario] as const))('%s', async (_, scenario) => {
    expect(await play(scenario)).toBe(`${scenario.text.trim()}\n`);
  });
});
