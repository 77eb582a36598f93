import { beforeEach, describe, expect, test } from '@jest/globals';
import { revocationCountMax, revocationLifeMaxMs, Revocations } from './revocations.ts';

let nowMs = 1_000;
const clock = { monotonicMs: () => nowMs, wallMs: () => nowMs, setTimer: () => ({ cancel: () => undefined }) };
let list: Revocations;
beforeEach(() => {
  nowMs = 1_000;
  list = new Revocations(clock);
});
const add = (id: string, expiresAtMs: number): void => list.add([{ id, expiresAtMs }]);

describe('revocations', () => {
  test('who has the newest list gets none', () => {
    add('a', 5_000);
    const given = list.since(0);
    expect(given?.ids).toEqual(['a']);
    expect(list.since(given?.version ?? 0)).toBeUndefined();
  });
  test('what is new makes a newer list, what is known does not', () => {
    const versions = [list.version];
    for (const id of ['a', 'a', 'b']) {
      add(id, 5_000);
      versions.push(list.version);
    }
    expect(versions[1]).toBeGreaterThan(versions[0] ?? 0);
    expect(versions[2]).toBe(versions[1]);
    expect(versions[3]).toBeGreaterThan(versions[2] ?? 0);
  });
  test('a list made after a restart is newer than all before', () => {
    for (let i = 0; i < 10; i++) add(`t${i}`, 5_000);
    nowMs += 1_000;
    expect(new Revocations(clock).version).toBeGreaterThan(list.version);
  });
  test('what has expired is dropped, and the later of two times counts', () => {
    add('a', 2_000);
    add('b', 2_000);
    add('b', 3_000);
    nowMs = 2_000;
    list.dropExpired();
    expect(list.since(0)?.ids).toEqual(['b']);
  });
  test.each([
    ['an empty id', '', 5_000],
    ['an endless id', 'x'.repeat(200), 5_000],
    ['an id that has expired', 'a', 1_000],
  ])('%s is not kept', (_, id, expiresAtMs) => {
    add(id, expiresAtMs);
    expect(list.count).toBe(0);
  });
  test('nothing is kept for ever', () => {
    add('a', Number.MAX_SAFE_INTEGER);
    nowMs += revocationLifeMaxMs;
    list.dropExpired();
    expect(list.count).toBe(0);
  });
  test('over the limit those that expire first go', () => {
    const all = Array.from({ length: revocationCountMax + 2 }, (_, i) => ({ id: `t${i}`, expiresAtMs: 5_000 + i }));
    list.add(all.toReversed());
    expect(list.count).toBe(revocationCountMax);
    const ids = new Set(list.since(0)?.ids);
    expect([ids.has('t0'), ids.has('t1'), ids.has('t2')]).toEqual([false, false, true]);
  });
});
