import { describe, expect, test } from '@jest/globals';
import type { RunFigures } from '@skerry/domain-table';
import { chooseRuns, mergedRunsMax, PurgePolicy, runCountMax, smallRunBytes } from './merge-policy.ts';

const runs = (...mebibytes: number[]): RunFigures[] =>
  mebibytes.map((size, i) => ({
    number: i + 1,
    table: 1,
    blockCount: 1,
    sizeBytes: size * 1024 * 1024,
    partitionCount: 1,
    newestHi: 0,
    newestLo: 0,
    oldestHi: 0,
    oldestLo: 0,
    deadFrom: 100,
  }));
const sizes = (chosen: readonly RunFigures[]): number[] => chosen.map(({ sizeBytes }) => sizeBytes / 1024 / 1024);

describe('the runs to merge', () => {
  test.each<[string, number[], number[]]>([
    ['none of three', [10, 10, 10], []],
    ['four of about one size', [10, 12, 11, 10], [10, 10, 11, 12]],
    ['none when each is another size', [1000, 250, 60, 15], []],
    ['the smaller ones of two sizes', [400, 400, 400, 400, 10, 10, 10, 10], [10, 10, 10, 10]],
    ['without the one that is much larger', [4000, 10, 10, 10, 10], [10, 10, 10, 10]],
    ['small ones are of one size', [0.001, 3, 0.1, 1], [0.001, 0.1, 1, 3]],
  ])('%s', (_name, given, wanted) => {
    expect(sizes(chooseRuns(runs(...given)))).toEqual(wanted);
  });
  test('are not too many at once', () => {
    expect(chooseRuns(runs(...Array.from({ length: 40 }, () => 10)))).toHaveLength(mergedRunsMax);
  });
  test('are some, whatever their sizes, before there are too many', () => {
    const odd = Array.from({ length: runCountMax / 2 }, (_, i) => (smallRunBytes / 1024 / 1024) * 2 ** i);
    expect(chooseRuns(runs(...odd))).not.toEqual([]);
  });
});

describe('the run to purge', () => {
  const [run] = runs(10);
  test('is one with something that is dead for longer than its grace', () => {
    const policy = new PurgePolicy();
    expect(policy.choose(runs(10), 50, 150)).toBeUndefined();
    expect(policy.choose(runs(10), 50, 151)).toEqual(run);
  });
  test('is not looked through again at once', () => {
    const policy = new PurgePolicy();
    policy.note(7, 1, 200);
    expect(policy.choose(runs(10), 50, 201)).toBeUndefined();
    expect(policy.choose(runs(10), 50, 900)).toEqual(run);
  });
});
