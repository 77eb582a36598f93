import { describe, expect, test } from '@jest/globals';
import type { Machine } from '@skerry/kernel';
import { eventually } from '@skerry/testing';
import { Driver, type DriverOptions } from './index.ts';

type Input =
  | { readonly kind: 'append' }
  | { readonly kind: 'persisted'; readonly upTo: number }
  | { readonly kind: 'tick' };
type Effect = { readonly kind: 'persist'; readonly index: number } | { readonly kind: 'send'; readonly text: string };

/** Gives each append an index, says so at once, and acknowledges it when it is on disk. */
class Appender implements Machine<Input, Effect> {
  #last = 0;
  #acknowledged = 0;
  step(input: Input): readonly Effect[] {
    switch (input.kind) {
      case 'append':
        this.#last += 1;
        return [
          { kind: 'send', text: `took ${this.#last}` },
          { kind: 'persist', index: this.#last },
          { kind: 'send', text: `persisting ${this.#last}` },
        ];
      case 'persisted': {
        const acks: Effect[] = [];
        while (this.#acknowledged < input.upTo) {
          this.#acknowledged += 1;
          acks.push({ kind: 'send', text: `ack ${this.#acknowledged}` });
        }
        return acks;
      }
      case 'tick':
        return [{ kind: 'send', text: 'tick' }];
    }
  }
}

const append: Input = { kind: 'append' };

function bench(over: Partial<DriverOptions<Input, Effect>> = {}) {
  const sent: string[] = [];
  const writes: number[][] = [];
  const failures: unknown[] = [];
  let finish: (() => void) | undefined;
  let fail: ((error: Error) => void) | undefined;
  const driver = new Driver<Input, Effect>({
    machine: new Appender(),
    effects: {
      perform: (effect) => {
        if (effect.kind === 'send') sent.push(effect.text);
      },
      durable: {
        upTo: (effect) => (effect.kind === 'persist' ? effect.index : undefined),
        persist: (effects) => {
          writes.push(effects.flatMap((effect) => (effect.kind === 'persist' ? [effect.index] : [])));
          return new Promise((resolve, reject) => {
            finish = resolve;
            fail = reject;
          });
        },
        persisted: (upTo) => ({ kind: 'persisted', upTo }),
      },
    },
    inboxCapacity: 4,
    onFailure: (error) => failures.push(error),
    ...over,
  });
  return { driver, sent, writes, failures, finish: () => finish?.(), fail: (error: Error) => fail?.(error) };
}

describe('driver', () => {
  test('effects are performed in order, those that need no disk at once', async () => {
    const { driver, sent, writes } = bench();
    driver.offer(append);
    expect(sent).toEqual([]);
    await eventually(() => writes.length === 1);
    expect(sent).toEqual(['took 1', 'persisting 1']);
  });
  test('queued inputs share one write; those that come while it runs share the next', async () => {
    const { driver, sent, writes, finish } = bench();
    for (let i = 0; i < 3; i++) driver.offer(append);
    await eventually(() => writes.length === 1);
    driver.offer(append);
    driver.offer(append);
    await eventually(() => sent.includes('persisting 5'));
    expect(writes).toEqual([[1, 2, 3]]);
    finish();
    await eventually(() => writes.length === 2);
    expect(writes).toEqual([
      [1, 2, 3],
      [4, 5],
    ]);
    expect(sent.slice(-3)).toEqual(['ack 1', 'ack 2', 'ack 3']);
    finish();
    await driver.idle();
    expect(sent.slice(-2)).toEqual(['ack 4', 'ack 5']);
  });
  test('nothing is acknowledged before it is on disk', async () => {
    const { driver, sent, writes, finish } = bench();
    driver.offer(append);
    await eventually(() => writes.length === 1);
    driver.tick({ kind: 'tick' });
    await eventually(() => sent.includes('tick'));
    expect(sent.some((text) => text.startsWith('ack'))).toBe(false);
    finish();
    await driver.idle();
    expect(sent).toContain('ack 1');
  });
  test('a full inbox says no, and takes inputs again later', async () => {
    const { driver, writes } = bench();
    expect(Array.from({ length: 6 }, () => driver.offer(append))).toEqual([true, true, true, true, false, false]);
    expect(driver.waitingCount).toBe(4);
    await eventually(() => writes.length === 1);
    expect(driver.offer(append)).toBe(true);
  });
  test('a stalled disk says no in time, while ticks still pass', async () => {
    const { driver, sent, writes, finish } = bench({ unpersistedCountMax: 2 });
    driver.offer(append);
    driver.offer(append);
    await eventually(() => writes.length === 1);
    expect(driver.offer(append)).toBe(false);
    driver.tick({ kind: 'tick' });
    await eventually(() => sent.includes('tick'));
    finish();
    await driver.idle();
    expect(driver.offer(append)).toBe(true);
  });
  test('close steps what was taken, waits for the disk, and takes no more', async () => {
    const { driver, sent, writes, finish } = bench();
    driver.offer(append);
    let closed = false;
    const closing = driver.close().then(() => (closed = true));
    expect(driver.offer(append)).toBe(false);
    driver.tick({ kind: 'tick' });
    await eventually(() => writes.length === 1);
    expect(closed).toBe(false);
    finish();
    await closing;
    expect(sent).toEqual(['took 1', 'persisting 1', 'ack 1']);
  });
  test('a failed write stops the driver, and says why', async () => {
    const { driver, sent, writes, failures, fail } = bench();
    driver.offer(append);
    await eventually(() => writes.length === 1);
    const error = new Error('fsync failed');
    fail(error);
    await driver.idle();
    expect(failures).toEqual([error]);
    expect(driver.offer(append)).toBe(false);
    expect(sent).not.toContain('ack 1');
  });
  test('a step that throws stops the driver', async () => {
    const bug = new Error('our bug');
    const machine = {
      step: (): readonly Effect[] => {
        throw bug;
      },
    };
    const { driver, failures } = bench({ machine });
    driver.offer(append);
    driver.offer(append);
    await driver.close();
    expect(failures).toEqual([bug]);
  });
  test('inputs that effects offer are stepped in a later turn', async () => {
    const seen: number[] = [];
    const driver: Driver<number, number> = new Driver<number, number>({
      machine: { step: (input) => (input < 5 ? [input + 1] : []) },
      effects: {
        perform: (effect) => {
          seen.push(effect);
          driver.offer(effect);
        },
      },
      inboxCapacity: 1,
      onFailure: (error) => seen.push(error instanceof Error ? -1 : -2),
    });
    driver.offer(0);
    await driver.idle();
    expect(seen).toEqual([1, 2, 3, 4, 5]);
  });
});
