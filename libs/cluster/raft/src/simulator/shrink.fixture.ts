/** Makes a failing seed small: faults are left out while it still fails. Source: A. Zeller, "ddmin", 2002, one pass. */
import type { Cluster } from './cluster.fixture.ts';
import { planOf, type Planned } from './plan.fixture.ts';
import { runSeed, type Less } from './seed.fixture.ts';

export type Shrunk = { readonly less: Less; readonly message: string; readonly actions: readonly Planned[] };

/** Runs that are spent on one seed. */
const runsMax = 400;
const rateNames = ['loss', 'duplicate', 'late', 'delayMax', 'diskDelayMax', 'slowWrite', 'drift'] as const;

/** The first line of what is wrong, without the numbers: another failure is another bug. */
const kindOf = (message: string): string => (message.split('\n')[0] ?? '').replaceAll(/n?\d+|\{.*/g, '#');

/** @returns undefined when the seed does not fail. */
export function shrink(seed: number, run: Run = runSeed): Shrunk | undefined {
  const first = failureOf(seed, {}, run);
  if (first === undefined) return undefined;
  const wanted = kindOf(first.message);
  let runs = 0;
  let best: Less = { kept: planOf(seed).actions.map((_, place) => place), without: [], ticks: planOf(seed).ticks };
  let { message } = first;
  const accept = (less: Less): boolean => {
    runs += 1;
    const failure = runs > runsMax ? undefined : failureOf(seed, less, run);
    if (failure === undefined || kindOf(failure.message) !== wanted) return false;
    best = less;
    message = failure.message;
    return true;
  };
  accept({ ...best, ticks: Math.min(first.tick, best.ticks ?? 0) });
  for (let size = Math.ceil((best.kept?.length ?? 0) / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < (best.kept?.length ?? 0);) {
      const kept = best.kept ?? [];
      if (!accept({ ...best, kept: kept.toSpliced(at, size) })) at += size;
    }
  }
  for (const name of rateNames) accept({ ...best, without: [...(best.without ?? []), name] });
  const { actions } = planOf(seed);
  return { less: best, message, actions: actions.filter((_, place) => best.kept?.includes(place)) };
}

type Run = (seed: number, less: Less, onStart: (cluster: Cluster) => void) => unknown;

function failureOf(
  seed: number,
  less: Less,
  run: Run,
): { readonly message: string; readonly tick: number } | undefined {
  let cluster: Cluster | undefined;
  try {
    run(seed, less, (started) => (cluster = started));
    return undefined;
  } catch (thrown) {
    return {
      message: thrown instanceof Error ? thrown.message : String(thrown),
      tick: Math.ceil((cluster?.now ?? 0) / 10),
    };
  }
}

/** One line for a shell. */
export function replayCommand(seed: number, { kept, without, ticks }: Less): string {
  const parts = [`npm run sim -- raft --seed ${seed}`];
  if (ticks !== undefined) parts.push(`--ticks ${ticks}`);
  if (kept !== undefined) parts.push(`--kept ${kept.join(',') || 'none'}`);
  if (without !== undefined && without.length > 0) parts.push(`--without ${without.join(',')}`);
  return parts.join(' ');
}
