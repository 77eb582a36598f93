import { describe, expect, test } from '@jest/globals';
import type { Clock } from '@skerry/runtime-world';
import { Pacer, paceMs } from './pacer.ts';

/** Time that goes on only when it is told to. */
class HandClock {
  nowMs = 0;
  #timers: { atMs: number; callback: () => void }[] = [];
  monotonicMs = (): number => this.nowMs;
  wallMs = (): number => this.nowMs;
  setTimer = (delayMs: number, callback: () => void): { cancel(): void } => {
    this.#timers.push({ atMs: this.nowMs + delayMs, callback });
    return { cancel: () => undefined };
  };
  pass(ms: number): void {
    this.nowMs += ms;
    const due = this.#timers.filter(({ atMs }) => atMs <= this.nowMs);
    this.#timers = this.#timers.filter(({ atMs }) => atMs > this.nowMs);
    for (const { callback } of due) callback();
  }
}
const fullBytes = 1_000_000;
/** Writes as much as is allowed, for as long as the flush takes. @returns bytes at each tenth. */
function fillDuring(pacer: Pacer, clock: HandClock, flushMs: number): number[] {
  const tenths: number[] = [];
  let used = 0;
  pacer.begin();
  for (let ms = 0; ms < flushMs; ms += paceMs) {
    while (used < fullBytes && pacer.room(used, fullBytes) === undefined) used += 50;
    if (ms % (flushMs / 10) === 0) tenths.push(used);
    clock.pass(paceMs);
  }
  pacer.end();
  return tenths;
}

describe('a pacer', () => {
  test('lets nobody wait while nothing is flushed', () => {
    const pacer = new Pacer(new HandClock() as unknown as Clock);
    expect(pacer.room(999_999, fullBytes)).toBeUndefined();
  });
  test('fills memory evenly over the time that the last flushes took', () => {
    const clock = new HandClock();
    const pacer = new Pacer(clock as unknown as Clock);
    for (let i = 0; i < 8; i++) fillDuring(pacer, clock, 4_000);
    const tenths = fillDuring(pacer, clock, 4_000);
    for (const [i, bytes] of tenths.entries()) {
      expect(bytes).toBeGreaterThan((i * fullBytes) / 10 - 60_000);
      expect(bytes).toBeLessThan((i * fullBytes) / 10 + 110_000);
    }
  });
  test('leaves room when a flush takes longer than any before', () => {
    const clock = new HandClock();
    const pacer = new Pacer(clock as unknown as Clock);
    const tenths = fillDuring(pacer, clock, 2_000);
    expect(tenths.at(-1)).toBeLessThan(fullBytes);
  });
});
