/** Seeded runs under faults: safety at every step, liveness when the faults stop. `SKERRY_SIM_SEEDS=n` for more, `SKERRY_SEED=n` to replay one. */
import { describe, expect, it } from '@jest/globals';
import { seeds } from '@skerry/testing';
import type { Cluster } from './cluster.fixture.ts';
import { runSeed } from './seed.fixture.ts';

const marks = new Map<string, number>();

function run(seed: number): Cluster {
  const cluster = runSeed(seed);
  for (const [name, count] of cluster.marks) marks.set(name, (marks.get(name) ?? 0) + count);
  marks.set('read', (marks.get('read') ?? 0) + cluster.readsServed);
  return cluster;
}

describe('Raft under seeded faults', () => {
  it.each(seeds(300))('seed %i: safe at every step, and alive when the faults stop', (seed) => {
    expect(run(seed).acknowledged.size).toBeGreaterThan(0);
  });
  const rare = [
    'crash',
    'torn write',
    'wiped disk',
    'compacted',
    'snapshot sent',
    'snapshot installed',
    'truncated',
    'joint',
    'read',
    'elected',
  ];
  it('reaches the rare states', () => {
    for (const name of rare) expect([name, marks.get(name) ?? 0]).not.toEqual([name, 0]);
  });
});
