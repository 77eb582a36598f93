/** One seeded run: trouble, then peace. */
import { Prng } from '@skerry/kernel';
import { Cluster, type Faults } from './cluster.fixture.ts';

/** Each seed draws which faults are on, and how often. */
function faultsOf(random: Prng): Faults {
  const maybe = (rate: number): number => (random.chance(0.5) ? rate * random.next() : 0);
  return {
    lossRate: maybe(0.2),
    duplicateRate: maybe(0.1),
    delayMax: random.between(2, 40),
    diskDelayMax: random.between(1, 30),
    crashRate: maybe(0.05),
    cutRate: maybe(0.05),
    pauseRate: maybe(0.02),
    compactRate: maybe(0.1),
    memberRate: maybe(0.2),
    transferRate: maybe(0.02),
    wipeRate: maybe(0.01),
  };
}

export { rules } from './rules.fixture.ts';

/** Ticks of faults; of peace at most, an election and a catch-up taking some 100. */
const troubleTicks = 600;
const peaceTicks = 1_500;

/** @throws AssertionError when an invariant breaks, or peace brings no progress. */
export function runSeed(seed: number): Cluster {
  const random = new Prng(seed ^ 0x5eed);
  const size = random.pick([1, 3, 3, 3, 5, 5, 7]);
  const cluster = new Cluster(seed, size, faultsOf(random), random.below(3));
  cluster.trouble(troubleTicks);
  cluster.heal();
  cluster.expectLiveness(peaceTicks);
  return cluster;
}
