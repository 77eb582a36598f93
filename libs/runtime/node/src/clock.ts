import type { Clock, Timer } from '@skerry/runtime-world';

/** Longest delay that Node's setTimeout takes, in milliseconds: a longer one would fire at once. */
const timeoutMaxMs = 2 ** 31 - 1;

/** The machine's clocks. Timers are unref'ed: they never keep the process alive. */
export const nodeClock: Clock = {
  monotonicMs: () => performance.now(),
  wallMs: () => Date.now(),
  setTimer(delayMs: number, callback: () => void): Timer {
    const due = performance.now() + delayMs;
    let handle: NodeJS.Timeout | undefined;
    // Node rounds to whole milliseconds and may fire a little early: what is left is waited for again.
    const arm = (leftMs: number): void => {
      handle = setTimeout(fire, Math.min(timeoutMaxMs, Math.max(1, Math.ceil(leftMs)))).unref();
    };
    const fire = (): void => {
      const leftMs = due - performance.now();
      if (leftMs > 0) return arm(leftMs);
      handle = undefined;
      callback();
    };
    arm(delayMs);
    return {
      cancel: () => {
        clearTimeout(handle);
      },
    };
  },
};
