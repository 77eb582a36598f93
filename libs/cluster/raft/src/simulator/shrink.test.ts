import { describe, expect, it } from '@jest/globals';
import { planOf } from './plan.fixture.ts';
import { planWith, type Less } from './seed.fixture.ts';
import { replayCommand, shrink } from './shrink.fixture.ts';

/** A seed whose plan has enough in it. */
const seed = Array.from({ length: 50 }, (_, n) => n + 1).find((each) => {
  const { actions, rates } = planOf(each);
  return actions.length > 20 && rates.loss > 0;
})!;
const guilty = [3, 17];

function fails(_seed: number, { kept, without = [] }: Less): void {
  const isThere = (place: number): boolean => kept === undefined || kept.includes(place);
  if (!without.includes('loss') && guilty.every(isThere)) throw new Error(`n1 decided ${kept?.length ?? 0}`);
  if (kept?.length === 1) throw new Error('another failure');
}

describe('a failing seed', () => {
  it('is shrunk to the faults that the failure needs', () => {
    const shrunk = shrink(seed, fails);
    expect(shrunk?.less.kept).toEqual(guilty);
    expect(shrunk?.less.without).not.toContain('loss');
    expect(shrunk?.less.without).toContain('late');
    expect(shrunk?.actions).toEqual(guilty.map((place) => planOf(seed).actions[place]));
    expect(planWith(seed, shrunk?.less ?? {}).actions).toHaveLength(guilty.length);
  });
  it('is printed as one command', () => {
    const less = { ticks: 40, kept: [3, 17], without: ['late'] };
    expect(replayCommand(seed, less)).toBe(`npm run sim -- raft --seed ${seed} --ticks 40 --kept 3,17 --without late`);
  });
  it('that holds is not shrunk', () => {
    expect(shrink(seed, () => undefined)).toBeUndefined();
  });
});
