/** One seeded run: trouble, then peace; and with parts left out, to find which of them a failure needs. */
import { assert } from '@skerry/kernel';
import { Cluster } from './cluster.fixture.ts';
import { planOf, type Plan, type Rates } from './plan.fixture.ts';

/** Parts of a seed's plan that are left out. `kept`: of the actions, by their place; undefined: all. */
export type Less = {
  readonly kept?: readonly number[] | undefined;
  readonly without?: readonly string[] | undefined;
  readonly ticks?: number | undefined;
};

/** Of peace at most, an election and a catch-up taking some 100. */
const peaceTicks = 1_500;
/** Longer than any election timeout. */
const awayTicks = 45;

const quiet: Rates = { loss: 0, duplicate: 0, late: 0, delayMax: 2, diskDelayMax: 2, slowWrite: 0, drift: 0 };

export function planWith(seed: number, { kept, without = [], ticks }: Less): Plan {
  const plan = planOf(seed);
  const calmed = Object.fromEntries(Object.entries(quiet).filter(([name]) => without.includes(name)));
  return {
    ...plan,
    ticks: ticks ?? plan.ticks,
    rates: { ...plan.rates, ...calmed },
    actions: kept === undefined ? plan.actions : plan.actions.filter((_, place) => kept.includes(place)),
  };
}

/** @throws AssertionError when an invariant breaks, or peace brings no progress; `onStart` sees the cluster before it does. */
export function runSeed(seed: number, less: Less = {}, onStart: (cluster: Cluster) => void = () => undefined): Cluster {
  const plan = planWith(seed, less);
  const cluster = new Cluster(plan);
  onStart(cluster);
  cluster.run(plan.ticks);
  cluster.heal();
  cluster.expectLiveness(peaceTicks);
  cluster.expectSteadiness(awayTicks);
  const wrong = cluster.clients.check();
  assert(wrong === undefined, wrong ?? '');
  return cluster;
}
