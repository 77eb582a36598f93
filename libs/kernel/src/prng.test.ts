import { describe, expect, test } from '@jest/globals';
import { Prng } from './prng.ts';

const take = (prng: Prng, count: number): number[] => Array.from({ length: count }, () => prng.u32());

describe('prng', () => {
  test('golden values of mulberry32: a seed is a bug report for ever', () => {
    expect(take(new Prng(0), 3)).toEqual([1144304738, 1416247, 958946056]);
    expect(take(new Prng(1), 3)).toEqual([2693262067, 11749833, 2265367787]);
  });
  test('a fork is a stream of its own, and of its seed', () => {
    const [a, b] = [new Prng(5), new Prng(5)];
    expect(take(a.fork(), 5)).toEqual(take(b.fork(), 5));
    expect(take(a, 5)).toEqual(take(b, 5));
    expect(take(a.fork(), 5)).not.toEqual(take(a, 5));
  });
  test('numbers stay in their ranges, and reach both ends', () => {
    const prng = new Prng(3);
    const seen = new Set<number>();
    let within = true;
    for (let i = 0; i < 1_000; i++) {
      seen.add(prng.between(-2, 2));
      const next = prng.next();
      within &&= next >= 0 && next < 1 && prng.below(3) < 3;
    }
    expect(within).toBe(true);
    expect([...seen].toSorted((a, b) => a - b)).toEqual([-2, -1, 0, 1, 2]);
    expect(prng.below(1)).toBe(0);
  });
  test('chance is about what was asked; 0 is never, 1 is always', () => {
    const prng = new Prng(4);
    let count = 0;
    for (let i = 0; i < 10_000; i++) if (prng.chance(0.25)) count += 1;
    const sure = Array.from({ length: 1_000 }, () => prng.chance(1) && !prng.chance(0));
    expect(sure.every(Boolean)).toBe(true);
    expect(count).toBeGreaterThan(2_300);
    expect(count).toBeLessThan(2_700);
  });
  test('bytes take all values; pick takes each item', () => {
    const prng = new Prng(5);
    expect(new Set(prng.bytes(10_000)).size).toBe(256);
    expect(new Set(Array.from({ length: 100 }, () => prng.pick(['a', 'b', 'c']))).size).toBe(3);
  });
});
