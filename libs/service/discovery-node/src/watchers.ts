/** Those who follow the table, each with a bounded queue of news. */
import { BoundedQueue, StatusError } from '@skerry/kernel';
import type { discovery } from '@skerry/proto';
import type { Clock } from '@skerry/runtime-world';

/** News that wait for one watcher: the whole table joining at once. One that is slower is cut, and begins anew. */
export const newsWaitingMax = 2_048;
/** Streams in all: every node of the largest cluster, and some tools. */
export const watcherCountMax = 2_048;
/** So often, in ms, a stream says that it lives when there is no news. */
export const keepAliveMs = 5_000;

type News = discovery.WatchEvent;

export class Watchers {
  readonly #clock: Clock;
  readonly #all = new Set<Watcher>();
  #closed = false;
  constructor(clock: Clock) {
    this.#clock = clock;
  }
  get count(): number {
    return this.#all.size;
  }
  /** @param roles empty: all. @throws StatusError `overloaded`, `shutting_down`. */
  open(roles: readonly string[]): Watcher {
    if (this.#closed) throw new StatusError('shutting_down', 'Cannot watch: this discovery node is stopping');
    if (this.#all.size >= watcherCountMax)
      throw new StatusError('overloaded', `Cannot watch: there are ${watcherCountMax} watchers, which is the limit`);
    const watcher = new Watcher(this.#clock, roles, () => this.#all.delete(watcher));
    this.#all.add(watcher);
    return watcher;
  }
  publish(news: News): void {
    for (const watcher of this.#all) watcher.offer(news);
  }
  /** All streams end. */
  close(): void {
    this.#closed = true;
    for (const watcher of this.#all) watcher.close();
  }
}

export class Watcher {
  readonly #clock: Clock;
  readonly #roles: ReadonlySet<string>;
  readonly #onClose: () => void;
  readonly #news = new BoundedQueue<News>(newsWaitingMax);
  #state: 'open' | 'overrun' | 'closed' = 'open';
  #wake: () => void = () => undefined;

  constructor(clock: Clock, roles: readonly string[], onClose: () => void) {
    this.#clock = clock;
    this.#roles = new Set(roles);
    this.#onClose = onClose;
  }
  covers(role: string): boolean {
    return this.#roles.size === 0 || this.#roles.has(role);
  }
  offer(news: News): void {
    if (news.change === undefined || !this.covers(news.change.value.role) || this.#state !== 'open') return;
    if (!this.#news.offer(news)) {
      this.#state = 'overrun';
      this.#news.clear();
    }
    this.#wake();
  }
  close(): void {
    this.#state = 'closed';
    this.#onClose();
    this.#wake();
  }

  /**
   * What is new; `event` undefined: nothing for {@link keepAliveMs}. Ends when closed or aborted. @throws StatusError
   * `overloaded` when it was too slow.
   */
  async *follow(signal: AbortSignal): AsyncGenerator<{ readonly event: News | undefined }> {
    while (!signal.aborted) {
      if (this.#state === 'closed') return;
      if (this.#state === 'overrun')
        throw new StatusError('overloaded', `Watch was cut: ${newsWaitingMax} news were waiting; watch again`);
      const event = this.#news.poll();
      if (event !== undefined) yield { event };
      else if (!(await this.#newsWithin(keepAliveMs, signal))) yield { event: undefined };
    }
  }

  /** False when nothing came. */
  #newsWithin(ms: number, signal: AbortSignal): Promise<boolean> {
    return new Promise((resolve) => {
      const finish = (woken: boolean): void => {
        timer.cancel();
        signal.removeEventListener('abort', woke);
        this.#wake = () => undefined;
        resolve(woken);
      };
      const woke = (): void => finish(true);
      const timer = this.#clock.setTimer(ms, () => finish(false));
      signal.addEventListener('abort', woke, { once: true });
      this.#wake = woke;
    });
  }
}
