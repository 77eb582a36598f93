import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { StatusError } from './errors.ts';
import { clockSkewMaxMs, compareHybridTime, HybridClock, hybridTimeZero, type HybridTime } from './hybrid-clock.ts';

const step = fc.oneof(
  fc.record({ kind: fc.constant('tick' as const), wallMs: fc.nat(1_000) }),
  fc.record({
    kind: fc.constant('observe' as const),
    wallMs: fc.nat(1_000),
    seen: fc.record({ wallMs: fc.nat(200_000), counter: fc.integer({ min: 0, max: 0xffff }) }),
  }),
);

describe('hybrid clock', () => {
  test('is the wall clock while that goes on', () => {
    const clock = new HybridClock();
    expect([clock.tick(5), clock.tick(6), clock.tick(60)]).toEqual([
      { wallMs: 5, counter: 0 },
      { wallMs: 6, counter: 0 },
      { wallMs: 60, counter: 0 },
    ]);
  });
  test('counts while the wall clock stands or steps back', () => {
    const clock = new HybridClock();
    expect([clock.tick(5), clock.tick(5), clock.tick(1), clock.tick(6)]).toEqual([
      { wallMs: 5, counter: 0 },
      { wallMs: 5, counter: 1 },
      { wallMs: 5, counter: 2 },
      { wallMs: 6, counter: 0 },
    ]);
  });
  test('a full counter goes over into the milliseconds', () => {
    expect(new HybridClock({ wallMs: 5, counter: 0xffff }).tick(5)).toEqual({ wallMs: 6, counter: 0 });
  });
  test('is never behind what it has seen', () => {
    const clock = new HybridClock();
    clock.observe({ wallMs: 50, counter: 7 }, 10);
    expect(clock.tick(11)).toEqual({ wallMs: 50, counter: 8 });
    clock.observe({ wallMs: 20, counter: 0 }, 12);
    expect(clock.last).toEqual({ wallMs: 50, counter: 8 });
  });
  test('a timestamp too far ahead is refused and changes nothing; at the limit it is taken', () => {
    const clock = new HybridClock();
    expect(() => clock.observe({ wallMs: 1_000 + clockSkewMaxMs + 1, counter: 0 }, 1_000)).toThrow(StatusError);
    expect(clock.last).toEqual(hybridTimeZero);
    clock.observe({ wallMs: 1_000 + clockSkewMaxMs, counter: 0 }, 1_000);
    expect(clock.last.wallMs).toBe(1_000 + clockSkewMaxMs);
  });
  test('only ever grows, whatever the wall clock does and whatever is seen', () =>
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const clock = new HybridClock();
        let last: HybridTime = clock.last;
        for (const each of steps) {
          if (each.kind === 'tick') {
            const now = clock.tick(each.wallMs);
            expect(compareHybridTime(now, last)).toBeGreaterThan(0);
            expect(now.wallMs).toBeGreaterThanOrEqual(each.wallMs);
          } else {
            const tooFar = each.seen.wallMs > each.wallMs + clockSkewMaxMs;
            if (tooFar) expect(() => clock.observe(each.seen, each.wallMs)).toThrow(StatusError);
            else {
              clock.observe(each.seen, each.wallMs);
              expect(compareHybridTime(clock.last, each.seen)).toBeGreaterThanOrEqual(0);
            }
          }
          expect(compareHybridTime(clock.last, last)).toBeGreaterThanOrEqual(0);
          expect(clock.last.counter).toBeLessThanOrEqual(0xffff);
          last = clock.last;
        }
      }),
    ));
});
