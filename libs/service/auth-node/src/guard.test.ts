import { beforeEach, describe, expect, test } from '@jest/globals';
import { failuresForgottenMs, keysRememberedMax, lockFirstMs, lockMaxMs, LoginGuard } from './guard.ts';

let nowMs = 0;
const clock = { monotonicMs: () => nowMs, wallMs: () => nowMs, setTimer: () => ({ cancel: () => undefined }) };
let guard: LoginGuard;
beforeEach(() => {
  nowMs = 0;
  guard = new LoginGuard(clock);
});
const fail = (times: number, user = 'ann', address = 'h'): void => {
  for (let i = 0; i < times; i++) guard.failed(user, address);
};

describe('guard', () => {
  const rows: readonly [rule: string, failures: number, verdict: object][] = [
    ['who never failed is free', 0, { kind: 'free' }],
    ['two failures are free: people mistype', 2, { kind: 'free' }],
    ['the third costs an eighth of a second', 3, { kind: 'wait', forMs: 125 }],
    ['each further failure doubles it', 5, { kind: 'wait', forMs: 500 }],
    ['up to two seconds', 9, { kind: 'wait', forMs: 2_000 }],
    ['the tenth locks for a minute', 10, { kind: 'locked', forMs: lockFirstMs }],
    ['each further failure doubles it too', 11, { kind: 'locked', forMs: 2 * lockFirstMs }],
    ['up to a quarter of an hour', 50, { kind: 'locked', forMs: lockMaxMs }],
  ];
  test.each(rows)('%s', (_, failures, verdict) => {
    fail(failures);
    expect(guard.verdict('ann', 'other')).toEqual(verdict);
  });
  test('the failure that locks is told', () => {
    const locked = Array.from({ length: 11 }, () => guard.failed('ann', 'h'));
    expect(locked.indexOf(true)).toBe(9);
    expect(locked.lastIndexOf(true)).toBe(9);
  });
  test('a lock ends with its time, and one more failure brings it back twice as long', () => {
    fail(10);
    nowMs += lockFirstMs;
    expect(guard.verdict('ann', 'h').kind).toBe('free');
    fail(1);
    expect(guard.verdict('ann', 'h')).toEqual({ kind: 'locked', forMs: 2 * lockFirstMs });
  });
  test('failures are forgotten after a while without one', () => {
    fail(10);
    nowMs += failuresForgottenMs;
    expect(guard.verdict('ann', 'h').kind).toBe('free');
    fail(1);
    expect(guard.verdict('ann', 'h').kind).toBe('free');
  });
  test('an address that tries many names is slowed down, then locked', () => {
    for (let i = 0; i < 30; i++) guard.failed(`user${i}`, 'h');
    expect(guard.verdict('somebody', 'h').kind).toBe('wait');
    expect(guard.verdict('somebody', 'elsewhere').kind).toBe('free');
    for (let i = 30; i < 100; i++) guard.failed(`user${i}`, 'h');
    expect(guard.verdict('somebody', 'h').kind).toBe('locked');
  });
  test('a success clears the user, not the address', () => {
    fail(30);
    guard.succeeded('ann');
    expect(guard.verdict('ann', 'elsewhere').kind).toBe('free');
    expect(guard.verdict('ann', 'h').kind).toBe('wait');
  });
  test('a suspect is checked once at a time, others as often as they like', () => {
    expect([guard.begin('ann'), guard.begin('ann')]).toEqual([true, true]);
    fail(3);
    expect([guard.begin('ann'), guard.begin('ann')]).toEqual([true, false]);
    guard.ended('ann');
    expect(guard.begin('ann')).toBe(true);
  });
  test('what is remembered is bounded', () => {
    for (let i = 0; i < keysRememberedMax + 100; i++) guard.failed(`u${i}`, `a${i}`);
    expect(guard.remembered).toBe(2 * keysRememberedMax);
  });
});
