import type { Clock } from '@skerry/runtime-world';

/** A rest of one loop that news can cut short. */
export class Wake {
  #end: (() => void) | undefined;

  /** Ends the rest that is under way. */
  wake(): void {
    this.#end?.();
  }
  /** Resolves after `delayMs`, undefined: never by itself; or at the next {@link Wake.wake}. */
  rest(clock: Clock, delayMs?: number): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        timer?.cancel();
        this.#end = undefined;
        resolve();
      };
      const timer = delayMs === undefined ? undefined : clock.setTimer(delayMs, end);
      this.#end = end;
    });
  }
}
