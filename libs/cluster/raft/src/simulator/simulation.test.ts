/** Seeded runs under faults: safety at every step, liveness when the faults stop. `SKERRY_SIM_SEEDS=n` for more, `SKERRY_SEED=n` to replay one. */
import { describe, expect, it } from '@jest/globals';
import { seeds } from '@skerry/testing';
import { runSeed } from './seed.fixture.ts';

const marks = new Map<string, number>();

/** States that only some seeds reach, and where the bugs of others were: a simulator that never gets there proves nothing. */
const rare = [
  'crash',
  'crash between effects',
  'torn write',
  'torn snapshot',
  'wiped disk',
  'pause',
  'compacted',
  'snapshot sent',
  'snapshot installed',
  'truncated',
  'overwritten',
  'decided several at once',
  'joint',
  'elected',
  'read at the leader',
  'read at a follower',
  'client time-out',
  'outcome unknown',
  'operation repeated',
  'set as expected',
  'not as expected',
  'history linearizable',
  'refused change_pending',
  'refused learner_behind',
  'refused term_uncommitted',
  'refused transferring',
];

describe('Raft under seeded faults', () => {
  it.each(seeds(300))('seed %i: safe at every step, and alive when the faults stop', (seed) => {
    const { marks: reached, clients } = runSeed(seed);
    for (const [name, count] of reached) marks.set(name, (marks.get(name) ?? 0) + count);
    expect(clients.answered).toBeGreaterThan(0);
  });
  it('reaches the rare states', () => {
    const missed = rare.filter((name) => !marks.has(name));
    if (seeds(300).length > 100) expect(missed).toEqual([]);
  });
  it('decides almost every history', () => {
    expect(marks.get('history undecided') ?? 0).toBeLessThanOrEqual(seeds(300).length / 100);
  });
});
