import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Pace } from './pace.ts';

describe('a pace', () => {
  it('lets a burst pass, then one at a time', () => {
    const pace = new Pace(10, 300);
    expect([1, 2, 3, 4, 5].map(() => pace.take(1, 1_000))).toEqual([0, 0, 0, 100, 200]);
  });
  it('gives the burst back to whoever rested, not more', () => {
    const pace = new Pace(10, 300);
    for (let i = 0; i < 5; i++) pace.take(1, 0);
    expect(pace.take(1, 1_000_000)).toBe(0);
    expect([pace.take(2, 1_000_000), pace.take(1, 1_000_000)]).toEqual([0, 100]);
  });
  it('without a burst takes its time for the first already', () => {
    expect(new Pace(1_000, 0).take(500, 7)).toBe(500);
  });
  it('never lets more pass than the burst and the time that went by, whatever is taken and however late timers come', () => {
    const step = fc.record({ count: fc.integer({ min: 1, max: 50 }), lateMs: fc.integer({ min: 0, max: 400 }) });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1 }), fc.integer({ min: 1, max: 500 }), (steps, perSecond) => {
        const pace = new Pace(perSecond, 200);
        let [nowMs, taken] = [0, 0];
        for (const { count, lateMs } of steps) {
          nowMs += pace.take(count, nowMs) + lateMs;
          taken += count;
          expect(taken).toBeLessThanOrEqual((perSecond * (nowMs + 200)) / 1_000 + 1e-6);
        }
      }),
    );
  });
});
