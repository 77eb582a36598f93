/** Linearizable reads of this node: those of one turn share one question to the leader (ReadIndex, thesis §6.4). */
import { type GroupId, StatusError } from '@skerry/kernel';
import { readWaitTicksMax, readRepeatTicks, readWaitersMax } from './limits.ts';

type Waiter = { resolve(): void; reject(error: StatusError): void };
/** In ticks: when they began to wait, and when the leader was asked last. */
type Asked = { readonly waiters: readonly Waiter[]; readonly since: number; readonly asked: number };

export class ReadBarriers {
  readonly #group: GroupId;
  readonly #ask: (request: number) => void;
  #waiting: Waiter[] = [];
  readonly #asked = new Map<number, Asked>();
  #request = 0;
  #now = 0;
  #count = 0;

  constructor(group: GroupId, ask: (request: number) => void) {
    this.#group = group;
    this.#ask = ask;
  }
  wait(): Promise<void> {
    if (this.#count >= readWaitersMax)
      return Promise.reject(
        new StatusError('overloaded', `Cannot read from group "${this.#group}": ${this.#count} reads wait`),
      );
    this.#count += 1;
    return new Promise((resolve, reject) => {
      if (this.#waiting.length === 0) queueMicrotask(() => this.#send());
      this.#waiting.push({
        resolve: () => {
          this.#count -= 1;
          resolve();
        },
        reject: (error) => {
          this.#count -= 1;
          reject(error);
        },
      });
    });
  }
  #send(): void {
    const waiters = this.#waiting;
    this.#waiting = [];
    if (waiters.length > 0) this.#put(waiters, this.#now);
  }
  /** A number is never used again: a late answer is of another time (raft.md 34). */
  #put(waiters: readonly Waiter[], since: number): void {
    this.#request += 1;
    this.#asked.set(this.#request, { waiters, since, asked: this.#now });
    this.#ask(this.#request);
  }

  ready(request: number): void {
    for (const { resolve } of this.#take(request)) resolve();
  }
  /** There is no leader to ask, or it is none any more: asked again at the next tick. */
  refused(request: number): void {
    const asked = this.#asked.get(request);
    if (asked !== undefined) this.#asked.set(request, { ...asked, asked: -Infinity });
  }
  /** Whom they asked may be dead, and the answer never come: asked again at the next tick. */
  leaderChanged(): void {
    for (const [request, asked] of this.#asked) this.#asked.set(request, { ...asked, asked: -Infinity });
  }
  /** Questions and answers may be lost: what has no answer is asked again, and given up at last. */
  tick(): void {
    this.#now += 1;
    const due = [...this.#asked].filter(([, { asked }]) => this.#now - asked >= readRepeatTicks);
    for (const [request, { waiters, since }] of due) {
      this.#asked.delete(request);
      if (this.#now - since < readWaitTicksMax) this.#put(waiters, since);
      else for (const { reject } of waiters) reject(this.#noLeader());
    }
  }
  #take(request: number): readonly Waiter[] {
    const asked = this.#asked.get(request);
    this.#asked.delete(request);
    return asked?.waiters ?? [];
  }
  rejectAll(error: StatusError): void {
    const waiters = [...this.#waiting, ...[...this.#asked.values()].flatMap((asked) => asked.waiters)];
    this.#waiting = [];
    this.#asked.clear();
    for (const { reject } of waiters) reject(error);
  }
  #noLeader(): StatusError {
    return new StatusError(
      'not_leader',
      `Cannot read from group "${this.#group}": no leader answered; a majority of the group must be up and connected`,
    );
  }
}
