/**
 * SELECTs that take longer than a turn: in each turn of the event loop one of them goes on for a while, in turn. So many are
 * under way at once, the others wait in order.
 */
import type { Client } from '../contract.ts';

/** SELECTs that go on in later turns, at once. */
export const longReadsMax = 16;
/** Of one connection. */
export const longReadsOfClientMax = 4;
/** Milliseconds between two looks at those that wait: whether their time is over, or their client gone. */
const sweepMs = 100;

export type LongRead = {
  readonly client: Client;
  /** Milliseconds from now on that it may take. */
  readonly timeoutMs: number;
  /** What it ends with then. */
  readonly late: () => Error;
  /** Does a part of it. True: it is answered. @throws what it failed with. */
  readonly turn: () => boolean;
};
type Work = LongRead & {
  readonly endMs: number;
  resolve(): void;
  reject(error: unknown): void;
};

export class LongReads {
  readonly #nowMs: () => number;
  #active: Work[] = [];
  #waiting: Work[] = [];
  /** Whose turn is next, among the active. */
  #next = 0;
  #isScheduled = false;
  #sweptMs = 0;
  #isStopped = false;
  readonly #step = (): void => {
    this.#isScheduled = false;
    this.#turn();
  };

  /** @param nowMs monotonic, in milliseconds. */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }
  get active(): number {
    return this.#active.length;
  }
  get waiting(): number {
    return this.#waiting.length;
  }
  /** One that comes now would not wait for others. */
  hasPlace(client: Client): boolean {
    return this.#waiting.every((work) => work.client !== client) && this.#mayBegin(client);
  }
  #mayBegin(client: Client): boolean {
    if (this.#active.length >= longReadsMax) return false;
    let own = 0;
    for (const work of this.#active) if (work.client === client) own += 1;
    return own < longReadsOfClientMax;
  }
  /** Resolves when it is answered, or nobody waits for it any more. Rejects with what it failed with. */
  read(read: LongRead): Promise<void> {
    return new Promise((resolve, reject) => {
      const work = { ...read, endMs: this.#nowMs() + read.timeoutMs, resolve, reject };
      if (this.#isStopped) return resolve();
      if (this.hasPlace(read.client)) this.#active.push(work);
      else this.#waiting.push(work);
      this.#schedule();
    });
  }
  /** Nobody waits any more. */
  stop(): void {
    this.#isStopped = true;
    for (const work of [...this.#active, ...this.#waiting]) work.resolve();
    this.#active = [];
    this.#waiting = [];
  }

  #schedule(): void {
    if (this.#isScheduled || this.#active.length === 0) return;
    this.#isScheduled = true;
    setImmediate(this.#step);
  }
  #turn(): void {
    const nowMs = this.#nowMs();
    if (nowMs - this.#sweptMs >= sweepMs) this.#sweep(nowMs);
    if (this.#next >= this.#active.length) this.#next = 0;
    const work = this.#active[this.#next];
    if (work !== undefined && this.#goesOn(work, nowMs)) this.#next += 1;
    else if (work !== undefined) this.#active = this.#active.filter((other) => other !== work);
    this.#admit();
    this.#schedule();
  }
  /** True: it is not over. */
  #goesOn(work: Work, nowMs: number): boolean {
    if (this.#isOver(work, nowMs)) return false;
    try {
      if (!work.turn()) return true;
      work.resolve();
    } catch (thrown) {
      work.reject(thrown);
    }
    return false;
  }
  #isOver(work: Work, nowMs: number): boolean {
    if (work.client.isGone) work.resolve();
    else if (nowMs >= work.endMs) work.reject(work.late());
    else return false;
    return true;
  }
  #sweep(nowMs: number): void {
    this.#sweptMs = nowMs;
    this.#waiting = this.#waiting.filter((work) => !this.#isOver(work, nowMs));
  }
  /** Those that wait, in order; who has as many as may be lets others pass. */
  #admit(): void {
    if (this.#waiting.length === 0 || this.#active.length >= longReadsMax) return;
    this.#waiting = this.#waiting.filter((work) => {
      if (!this.#mayBegin(work.client)) return true;
      this.#active.push(work);
      return false;
    });
  }
}
