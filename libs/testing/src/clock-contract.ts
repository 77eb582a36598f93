import { describe, expect, test } from '@jest/globals';
import { pause, type Clock } from '@skerry/runtime-world';
import { withSubject, type MakeSubject } from './subject.ts';

/** What every {@link Clock} must do. */
export function clockContract(make: MakeSubject<Clock>): void {
  const row = (rule: string, body: (clock: Clock) => Promise<void>): void => test(rule, withSubject(make, body));

  describe('clock contract', () => {
    row('a timer does not fire before its delay', async (clock) => {
      for (const delayMs of [0, 1, 3.5, 10]) {
        const start = clock.monotonicMs();
        await new Promise<void>((resolve) => clock.setTimer(delayMs, resolve));
        expect(clock.monotonicMs() - start).toBeGreaterThanOrEqual(delayMs);
      }
    });
    row('a timer does not fire inside setTimer', async (clock) => {
      let fired = false;
      clock.setTimer(0, () => (fired = true));
      expect(fired).toBe(false);
      await pause(clock, 5);
      expect(fired).toBe(true);
    });
    row('timers fire in the order of their delays, each once', async (clock) => {
      const fired: number[] = [];
      for (const delayMs of [90, 10, 50]) clock.setTimer(delayMs, () => fired.push(delayMs));
      await pause(clock, 130);
      expect(fired).toEqual([10, 50, 90]);
    });
    row('a cancelled timer never fires, and cancel may be repeated', async (clock) => {
      let fired = 0;
      const cancelled = clock.setTimer(5, () => (fired += 1));
      cancelled.cancel();
      cancelled.cancel();
      const late = clock.setTimer(1, () => (fired += 10));
      await pause(clock, 20);
      late.cancel();
      expect(fired).toBe(10);
    });
    row('a delay longer than 2^31 ms does not fire at once', async (clock) => {
      let fired = false;
      const timer = clock.setTimer(2 ** 31 + 1, () => (fired = true));
      await pause(clock, 20);
      timer.cancel();
      expect(fired).toBe(false);
    });
    row('monotonic time never goes back', async (clock) => {
      let last = clock.monotonicMs();
      for (let step = 0; step < 50; step++) {
        if (step % 10 === 0) await pause(clock, 1);
        const now = clock.monotonicMs();
        expect(now).toBeGreaterThanOrEqual(last);
        last = now;
      }
    });
    row('wall time is in milliseconds since 1970', async (clock) => {
      expect(clock.wallMs()).toBeGreaterThan(Date.UTC(2024));
      expect(clock.wallMs()).toBeLessThan(Date.UTC(2100));
    });
    row('a pause ends at once when its signal aborts', async (clock) => {
      const controller = new AbortController();
      const start = clock.monotonicMs();
      const paused = pause(clock, 60_000, controller.signal);
      clock.setTimer(5, () => controller.abort());
      await paused;
      await pause(clock, 60_000, controller.signal);
      expect(clock.monotonicMs() - start).toBeLessThan(30_000);
    });
  });
}
