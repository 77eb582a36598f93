/** What `npm run sim -- raft` bundles. */
import { assert } from '@skerry/kernel';
import { rules as singleRules } from '../rules/all.fixture.ts';
import { scenarios } from '../scenarios/all.fixture.ts';
import { play } from '../scenarios/play.fixture.ts';

export { runSeed } from './seed.fixture.ts';
export { replayCommand, shrink } from './shrink.fixture.ts';
export { bugCountMax, elsewhere, shownBy } from './catalogue.fixture.ts';
export { play, scenarios };

/** What shows a rule without chance: one machine by hand, or a scenario. */
export const rules: readonly { readonly name: string; readonly run: () => void | Promise<void> }[] = [
  ...singleRules,
  ...scenarios.map((scenario) => ({
    name: scenario.name,
    run: async () => assert((await play(scenario)) === `${scenario.text.trim()}\n`, 'something else comes of it'),
  })),
];
