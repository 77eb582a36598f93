import { describe, expect, test } from '@jest/globals';
import type { discovery } from '@skerry/proto';
import type { Clock } from '@skerry/runtime-world';
import { newsWaitingMax, watcherCountMax, Watchers } from './watchers.ts';

/** A clock whose timers fire when the test says so. */
class HandClock implements Clock {
  readonly #timers = new Set<() => void>();
  monotonicMs = (): number => 0;
  wallMs = (): number => 0;
  setTimer(_: number, callback: () => void): { cancel(): void } {
    this.#timers.add(callback);
    return { cancel: () => void this.#timers.delete(callback) };
  }
  fire(): void {
    for (const callback of [...this.#timers]) callback();
  }
}
const joined = (nodeId: string, role = 'data'): discovery.WatchEvent => ({
  change: {
    $case: 'joined',
    value: { nodeId, role, site: '', address: 'h:1', incarnation: 1, endpoints: {}, load: 0 },
  },
});

describe('watchers', () => {
  test('news come in order, only of the roles asked for', async () => {
    const watchers = new Watchers(new HandClock());
    const follow = watchers.open(['data']).follow(new AbortController().signal);
    for (const news of [joined('a'), joined('x', 'auth'), joined('b')]) watchers.publish(news);
    expect((await follow.next()).value).toEqual({ event: joined('a') });
    expect((await follow.next()).value).toEqual({ event: joined('b') });
  });
  test('without news a watcher says that it lives', async () => {
    const clock = new HandClock();
    const follow = new Watchers(clock).open([]).follow(new AbortController().signal);
    const next = follow.next();
    clock.fire();
    expect((await next).value).toEqual({ event: undefined });
  });
  test('who is too slow is cut, and the others are not', async () => {
    const watchers = new Watchers(new HandClock());
    const slow = watchers.open([]).follow(new AbortController().signal);
    for (let i = 0; i <= newsWaitingMax; i++) watchers.publish(joined(`n${i}`));
    const quick = watchers.open([]).follow(new AbortController().signal);
    watchers.publish(joined('last'));
    await expect(slow.next()).rejects.toMatchObject({ reason: 'overloaded' });
    expect((await quick.next()).value).toEqual({ event: joined('last') });
  });
  test('there is a limit to watchers, and a place is free again after one closed', () => {
    const watchers = new Watchers(new HandClock());
    const all = Array.from({ length: watcherCountMax }, () => watchers.open([]));
    expect(() => watchers.open([])).toThrow('which is the limit');
    all[0]?.close();
    expect(watchers.open([])).toBeDefined();
  });
  test('at the end all streams end', async () => {
    const watchers = new Watchers(new HandClock());
    const next = watchers.open([]).follow(new AbortController().signal).next();
    watchers.close();
    expect(await next).toEqual({ done: true, value: undefined });
    expect(() => watchers.open([])).toThrow('stopping');
  });
});
