import { beforeEach, describe, expect, test } from '@jest/globals';
import { Prng } from '@skerry/kernel';
import { recordOf } from './fixture.ts';
import { failureAvoidedMs, fixedDirectory, NodeTable, unconfirmedKeptMs } from './node-table.ts';

let nowMs = 0;
let timers: { readonly atMs: number; readonly fire: () => void }[] = [];
const clock = {
  monotonicMs: () => nowMs,
  wallMs: () => nowMs,
  setTimer: (delayMs: number, fire: () => void) => {
    const timer = { atMs: nowMs + delayMs, fire };
    timers.push(timer);
    return { cancel: () => void (timers = timers.filter((each) => each !== timer)) };
  },
};
function pass(ms: number): void {
  nowMs += ms;
  for (const timer of timers.filter(({ atMs }) => atMs <= nowMs)) timer.fire();
}
const prng = new Prng(7);
let table: NodeTable;
beforeEach(() => {
  nowMs = 0;
  timers = [];
  table = new NodeTable({ clock, random: (count) => prng.bytes(count) });
});
const picks = (count: number, except?: ReadonlySet<string>): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (let i = 0; i < count; i++) {
    const { nodeId } = table.pick('data', except);
    counts[nodeId] = (counts[nodeId] ?? 0) + 1;
  }
  return counts;
};
const names = (): string[] => table.nodes('data').map(({ nodeId }) => nodeId);

describe('pick', () => {
  test('nobody of that role', () => {
    table.put(recordOf('a', { role: 'auth' }));
    expect(() => table.pick('data')).toThrow('No node of role "data"');
  });
  test('equal load: all get their share', () => {
    for (const name of ['a', 'b', 'c']) table.put(recordOf(name));
    const counts = picks(3_000);
    for (const name of ['a', 'b', 'c']) expect(counts[name]).toBeGreaterThan(700);
  });
  test('the busiest of several is only drawn against itself', () => {
    for (const [name, load] of [
      ['a', 1],
      ['b', 1],
      ['c', 9],
    ] as const)
      table.put(recordOf(name, { load }));
    const counts = picks(3_000);
    expect(counts['c'] ?? 0).toBeGreaterThan(100);
    expect(counts['c'] ?? 0).toBeLessThan(700);
  });
  test('those excepted only when there is no other', () => {
    for (const name of ['a', 'b']) table.put(recordOf(name));
    expect(picks(50, new Set(['a']))).toEqual({ b: 50 });
    expect(Object.keys(picks(50, new Set(['a', 'b']))).toSorted()).toEqual(['a', 'b']);
  });
  test('one that failed is passed over for a while', () => {
    for (const name of ['a', 'b']) table.put(recordOf(name));
    table.reportFailure('a');
    expect(picks(50)).toEqual({ b: 50 });
    pass(failureAvoidedMs);
    expect(picks(50)['a'] ?? 0).toBeGreaterThan(0);
  });
  test('the only one is picked, failed or not', () => {
    table.put(recordOf('a'));
    table.reportFailure('a');
    expect(picks(5)).toEqual({ a: 5 });
  });
  test('a new life has not failed', () => {
    for (const name of ['a', 'b']) table.put(recordOf(name));
    table.reportFailure('a');
    table.put(recordOf('a', { incarnation: 2 }));
    expect(picks(50)['a'] ?? 0).toBeGreaterThan(0);
  });
});

describe('table', () => {
  test('news of an older life change nothing', () => {
    table.put(recordOf('a', { incarnation: 2 }));
    table.put(recordOf('a', { incarnation: 1, address: 'old:1' }));
    table.drop(recordOf('a', { incarnation: 1 }));
    expect(table.nodes('data')).toEqual([recordOf('a', { incarnation: 2 })]);
  });
  test('who is missing in a new table is kept until he could have come back', () => {
    table.replaceAll([recordOf('a'), recordOf('b')]);
    table.replaceAll([recordOf('b')]);
    expect(names()).toEqual(['a', 'b']);
    pass(unconfirmedKeptMs - 1);
    table.dropUnconfirmed();
    expect(names()).toEqual(['a', 'b']);
    pass(1);
    table.dropUnconfirmed();
    expect(names()).toEqual(['b']);
  });
  test('who is named again stays', () => {
    table.replaceAll([recordOf('a')]);
    table.replaceAll([]);
    table.put(recordOf('a'));
    pass(unconfirmedKeptMs);
    table.dropUnconfirmed();
    expect(names()).toEqual(['a']);
  });
  test('listeners hear of every change until they stop', () => {
    let heard = 0;
    const stop = table.listen(() => {
      heard += 1;
    });
    table.put(recordOf('a'));
    table.drop(recordOf('a'));
    stop();
    table.put(recordOf('a'));
    expect(heard).toBe(2);
  });
});

describe('waitFor', () => {
  test('who is there already', async () => {
    table.put(recordOf('a'));
    expect((await table.waitFor('data', 10)).nodeId).toBe('a');
  });
  test('who comes in time', async () => {
    const waiting = table.waitFor('data', 100);
    table.put(recordOf('x', { role: 'auth' }));
    table.put(recordOf('a'));
    expect((await waiting).nodeId).toBe('a');
    expect(timers).toHaveLength(0);
  });
  test('nobody comes', async () => {
    const waiting = table.waitFor('data', 100);
    pass(100);
    await expect(waiting).rejects.toMatchObject({ reason: 'no_node' });
  });
  test('an abort, before and while', async () => {
    const ending = new AbortController();
    const waiting = table.waitFor('data', 100, ending.signal);
    ending.abort();
    await expect(waiting).rejects.toMatchObject({ reason: 'cancelled' });
    await expect(table.waitFor('data', 100, ending.signal)).rejects.toMatchObject({ reason: 'cancelled' });
  });
  test('the end of the node', async () => {
    const waiting = table.waitFor('data', 100);
    table.close();
    await expect(waiting).rejects.toMatchObject({ reason: 'shutting_down' });
    await expect(table.waitFor('data', 100)).rejects.toMatchObject({ reason: 'shutting_down' });
  });
});

test('a fixed directory knows what it was told', () => {
  const directory = fixedDirectory({ clock, random: (count) => prng.bytes(count) }, [recordOf('b'), recordOf('a')]);
  expect(directory.nodes('data').map(({ nodeId }) => nodeId)).toEqual(['a', 'b']);
});
