import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Latency, latencyBounds } from './latency.ts';

test('what is observed is counted in the least bucket whose bound it does not pass', () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 40_000, noNaN: true }), (ms) => {
      const latency = new Latency();
      latency.observe(ms);
      const { counts, sum } = latency.reading();
      const wanted = latencyBounds.findIndex((bound) => ms * 1000 <= Math.round(bound * 1e6));
      expect(Array.from(counts).findIndex((count) => count === 1)).toBe(wanted === -1 ? latencyBounds.length : wanted);
      expect(sum).toBeCloseTo(ms / 1000);
    }),
  );
});
test.each([
  [0.001, 0],
  [0.0011, 1],
  [0.002, 1],
  [0.004, 2],
  [0.0041, 3],
  [2 ** 24 / 1000, 24],
  [2 ** 24 / 1000 + 0.001, 25],
])('%d ms: bucket %d', (ms, bucket) => {
  const latency = new Latency();
  latency.observe(ms);
  expect(latency.reading().counts[bucket]).toBe(1);
});
