import type { Scheduled, Scheduler } from './scheduler.ts';

/**
 * One life of a node's process. After `die` nothing that it began ever completes: its promises stay pending, its timers
 * do not fire. While paused (SIGSTOP) all that would happen to it waits.
 */
export class Process {
  readonly name: string;
  readonly #scheduler: Scheduler;
  #alive = true;
  #paused = false;
  /** While it is paused, and until what was held is through: so that nothing overtakes it. */
  #holding = false;
  #held: (() => void)[] = [];

  constructor(name: string, scheduler: Scheduler) {
    this.name = name;
    this.#scheduler = scheduler;
  }
  get alive(): boolean {
    return this.#alive;
  }
  get nowMs(): number {
    return this.#scheduler.nowMs;
  }
  /** Something that happens to this process. */
  after(delayMs: number, label: string, run: () => void): Scheduled {
    if (!this.#alive) return { cancel: () => undefined };
    let cancelled = false;
    const act = (): void => {
      if (this.#alive && !cancelled) run();
    };
    const event = this.#scheduler.after(delayMs, `${this.name} ${label}`, () => {
      if (this.#holding) this.#held.push(act);
      else act();
    });
    return {
      cancel: () => {
        cancelled = true;
        event.cancel();
      },
    };
  }
  /** An operation of this process that takes `delayMs`; `body` runs at its end. */
  operation<T>(delayMs: number, label: string, body: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      this.after(delayMs, label, () => {
        try {
          resolve(body());
        } catch (thrown) {
          reject(thrown);
        }
      });
    });
  }
  die(): void {
    this.#alive = false;
    this.#held = [];
  }
  pause(): void {
    this.#paused = true;
    this.#holding = true;
  }
  /** What waited happens from now on, in the order in which it reached the process. */
  resume(): void {
    this.#paused = false;
    this.#release();
  }
  #release(): void {
    this.#scheduler.after(0, `${this.name} resumed`, () => {
      if (this.#paused) return;
      const next = this.#held.shift();
      if (next === undefined) {
        this.#holding = false;
        return;
      }
      next();
      this.#release();
    });
  }
}
