/**
 * Drives one {@link Machine}: takes its inputs from a bounded inbox, one at a time, and performs the effects in order.
 *
 * Effects that must be on disk are collected, those of all inputs that are queued into one write with one fsync (group
 * commit); while it runs the machine goes on, and the next write takes all that came together meanwhile. When a write is
 * done the machine hears of it as an input. All other effects are performed at once: a machine orders "on disk first,
 * then send" by sending in the step of that input.
 *
 * Source: the Ready loop of etcd-io/raft; P. Helland et al., "Group Commit Timers and High Volume Transaction Systems", 1987.
 * Assumes: `perform` neither blocks nor throws for what the world does; a throw in a step or an effect is our bug.
 */
import { assert, BoundedQueue, type Machine } from '@skerry/kernel';

/** What effects mean to the world. */
export type Effects<Input, Effect> = {
  /** Performs one effect, or begins to; never blocks. May call {@link Driver.offer}. */
  perform(effect: Effect): void;
  /** Absent: the machine has no effects that must be on disk. */
  readonly durable?: {
    /** How far the log is on disk when this effect is, such as a log index; undefined when it need not be on disk. */
    upTo(effect: Effect): number | undefined;
    /** Writes the effects, in this order, and syncs once. A rejection stops the driver. */
    persist(effects: readonly Effect[]): Promise<void>;
    /** The input that tells the machine: all effects up to and with this one are on disk. */
    persisted(upTo: number): Input;
  };
};

export type DriverOptions<Input, Effect> = {
  readonly machine: Machine<Input, Effect>;
  readonly effects: Effects<Input, Effect>;
  /** Inputs that wait to be stepped, before `offer` says no. */
  readonly inboxCapacity: number;
  /** Effects that wait for the disk, before `offer` says no: a stalled disk must not fill the memory. Default 4,096. */
  readonly unpersistedCountMax?: number;
  /** Called once, when a step, an effect or a write failed; the driver has stopped. The node should crash and recover from disk. */
  readonly onFailure: (error: unknown) => void;
};

export class Driver<Input, Effect> {
  readonly #options: Required<DriverOptions<Input, Effect>>;
  readonly #inbox: BoundedQueue<Input>;
  /** Inputs of our own, stepped before the inbox: few, and must not be refused. */
  #urgent: Input[] = [];
  #unpersisted: Effect[] = [];
  #persistingCount = 0;
  #draining = false;
  #state: 'running' | 'closing' | 'stopped' = 'running';
  #idle: (() => void)[] = [];

  constructor(options: DriverOptions<Input, Effect>) {
    this.#options = { unpersistedCountMax: 4_096, ...options };
    this.#inbox = new BoundedQueue(options.inboxCapacity);
  }
  /** False when the inbox is full, too much waits for the disk, or the driver was closed: the caller answers `overloaded` or tries later. */
  offer(input: Input): boolean {
    const waiting = this.#unpersisted.length + this.#persistingCount;
    if (this.#state !== 'running' || waiting >= this.#options.unpersistedCountMax) return false;
    if (!this.#inbox.offer(input)) return false;
    this.#schedule();
    return true;
  }
  /** For ticks: taken before the inbox, also while the disk is stalled. The caller keeps no more than a few waiting. */
  tick(input: Input): void {
    if (this.#state !== 'running') return;
    this.#urgent.push(input);
    this.#schedule();
  }
  /** Inputs that were not stepped yet. */
  get waitingCount(): number {
    return this.#inbox.length + this.#urgent.length;
  }
  /** Takes no more inputs; resolves when those taken are stepped and their effects are on disk, or the driver failed. */
  close(): Promise<void> {
    if (this.#state === 'running') this.#state = 'closing';
    return this.idle();
  }
  /** Resolves when nothing waits: no input and no write. */
  idle(): Promise<void> {
    if (this.#isIdle()) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }
  #isIdle(): boolean {
    if (this.#state === 'stopped') return true;
    return this.waitingCount === 0 && !this.#draining && this.#unpersisted.length + this.#persistingCount === 0;
  }

  #schedule(): void {
    if (this.#draining) return;
    this.#draining = true;
    queueMicrotask(() => this.#drain());
  }
  #drain(): void {
    try {
      // Not more than was there at the start: what effects add meanwhile waits for the next turn, after the write began.
      for (let left = this.waitingCount; left > 0 && this.#state !== 'stopped'; left--) this.#step();
      this.#persist();
    } catch (thrown) {
      return this.#fail(thrown);
    } finally {
      this.#draining = false;
    }
    if (this.waitingCount > 0) this.#schedule();
    else this.#settle();
  }
  #step(): void {
    const { machine, effects } = this.#options;
    const input = this.#urgent.length > 0 ? this.#urgent.shift() : this.#inbox.poll();
    assert(input !== undefined, 'an input was counted and is not there');
    for (const effect of machine.step(input))
      if (effects.durable?.upTo(effect) === undefined) effects.perform(effect);
      else this.#unpersisted.push(effect);
  }
  #persist(): void {
    const { durable } = this.#options.effects;
    if (durable === undefined || this.#persistingCount > 0 || this.#unpersisted.length === 0) return;
    const batch = this.#unpersisted;
    this.#unpersisted = [];
    this.#persistingCount = batch.length;
    const upTo = batch.reduce((most, effect) => Math.max(most, durable.upTo(effect) ?? 0), 0);
    durable.persist(batch).then(
      () => {
        this.#persistingCount = 0;
        if (this.#state === 'stopped') return;
        this.#urgent.push(durable.persisted(upTo));
        this.#schedule();
      },
      (error: unknown) => this.#fail(error),
    );
  }
  #fail(error: unknown): void {
    if (this.#state === 'stopped') return;
    this.#state = 'stopped';
    this.#inbox.clear();
    this.#urgent = [];
    this.#unpersisted = [];
    this.#settle();
    this.#options.onFailure(error);
  }
  #settle(): void {
    if (this.#isIdle()) for (const resolve of this.#idle.splice(0)) resolve();
  }
}
