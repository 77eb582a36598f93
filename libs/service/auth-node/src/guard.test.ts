import { beforeEach, describe, expect, test } from '@jest/globals';
import { failuresForgottenMs, loginPlaceOf, placeKnownForMs } from '@skerry/domain-users';
import type { auth } from '@skerry/proto';
import { keysRememberedMax, lockFirstMs, lockMaxMs, LoginGuard } from './guard.ts';

let nowMs = 0;
const clock = { monotonicMs: () => nowMs, wallMs: () => nowMs, setTimer: () => ({ cancel: () => undefined }) };
let guard: LoginGuard;
beforeEach(() => {
  nowMs = 0;
  guard = new LoginGuard(clock);
});
const fail = (times: number, user = 'ann', address = '10.0.0.1'): void => {
  for (let i = 0; i < times; i++) guard.failed(user, address);
};
/** Guesses for one user from many addresses, few from each. */
const failEverywhere = (times: number, user = 'ann'): void => {
  for (let i = 0; i < times; i++) guard.failed(user, `192.0.2.${i % 250}`);
};

describe('what the routers counted', () => {
  const past = (over: Partial<auth.LoginPast>): auth.LoginPast => ({
    pair: undefined,
    address: undefined,
    user: undefined,
    knownSinceMs: undefined,
    ...over,
  });
  const told = (over: Partial<auth.LoginPast>): void => guard.told('ann', '10.0.0.1', past(over));
  beforeEach(() => {
    nowMs = 10 * lockFirstMs;
  });
  test('locks also where this node has counted nothing, for what is left of the time', () => {
    told({ pair: { count: 10, sinceMs: 20_000 } });
    expect(guard.verdict('ann', '10.0.0.1')).toEqual({ kind: 'locked', forMs: lockFirstMs - 20_000 });
    expect(guard.verdict('ann', '10.0.0.2').kind).toBe('free');
    told({ address: { count: 100, sinceMs: 0 }, user: { count: 50, sinceMs: 0 } });
    expect(guard.verdict('bob', '10.0.0.1').kind).toBe('locked');
    expect(guard.verdict('ann', '10.0.0.2').kind).toBe('locked');
  });
  test('counts on from there', () => {
    told({ pair: { count: 9, sinceMs: 10_000 } });
    expect(guard.failed('ann', '10.0.0.1')).toBe(true);
  });
  test('does not lessen what this node counted itself', () => {
    fail(10);
    told({ pair: { count: 4, sinceMs: 0 } });
    expect(guard.verdict('ann', '10.0.0.1').kind).toBe('locked');
  });
  test('a router that has not heard of a login yet brings nothing back', () => {
    fail(9);
    nowMs += 1_000;
    guard.succeeded('ann', '10.0.0.1');
    nowMs += 100;
    told({ pair: { count: 9, sinceMs: 1_100 } });
    expect(guard.verdict('ann', '10.0.0.1').kind).toBe('free');
    told({ pair: { count: 10, sinceMs: 50 } });
    expect(guard.verdict('ann', '10.0.0.1').kind).toBe('locked');
  });
  test('a place where the user logged in is known here too', () => {
    told({ user: { count: 50, sinceMs: 0 }, knownSinceMs: 1_000 });
    expect(guard.verdict('ann', '10.0.0.1').kind).toBe('free');
    expect(guard.verdict('ann', '10.0.0.2').kind).toBe('locked');
  });
});

describe('one user at one address', () => {
  const rows: readonly [rule: string, failures: number, verdict: object][] = [
    ['who never failed is free', 0, { kind: 'free' }],
    ['two failures are free: people mistype', 2, { kind: 'free' }],
    ['the third costs an eighth of a second', 3, { kind: 'wait', forMs: 125 }],
    ['each further failure doubles it', 5, { kind: 'wait', forMs: 500 }],
    ['up to two seconds', 9, { kind: 'wait', forMs: 2_000 }],
    ['the tenth locks for a minute', 10, { kind: 'locked', forMs: lockFirstMs }],
    ['each further failure doubles it too', 11, { kind: 'locked', forMs: 2 * lockFirstMs }],
    ['up to a quarter of an hour', 40, { kind: 'locked', forMs: lockMaxMs }],
  ];
  test.each(rows)('%s', (_, failures, verdict) => {
    fail(failures);
    expect(guard.verdict('ann', '10.0.0.1')).toEqual(verdict);
  });
  test('the failure that locks is told', () => {
    const locked = Array.from({ length: 11 }, () => guard.failed('ann', '10.0.0.1'));
    expect(locked.indexOf(true)).toBe(9);
    expect(locked.lastIndexOf(true)).toBe(9);
  });
  test('a lock ends with its time, and one more failure brings it back twice as long', () => {
    fail(10);
    nowMs += lockFirstMs;
    expect(guard.verdict('ann', '10.0.0.1').kind).toBe('free');
    fail(1);
    expect(guard.verdict('ann', '10.0.0.1')).toEqual({ kind: 'locked', forMs: 2 * lockFirstMs });
  });
  test('failures are forgotten after a while without one', () => {
    fail(10);
    nowMs += failuresForgottenMs;
    expect(guard.verdict('ann', '10.0.0.1').kind).toBe('free');
    fail(1);
    expect(guard.verdict('ann', '10.0.0.1').kind).toBe('free');
  });
  test('a success clears it, not the address', () => {
    fail(30);
    guard.succeeded('ann', '10.0.0.1');
    expect(guard.verdict('ann', '10.0.0.1').kind).toBe('wait');
    expect(guard.verdict('bob', '10.0.0.1').kind).toBe('wait');
  });
  test('three passwords at once are checked, and one as often as it comes', () => {
    const begun = ['a', 'b', 'c', 'd', 'a', 'a'].map((password) => guard.begin('ann', '10.0.0.1', password));
    expect(begun).toEqual([true, true, true, false, true, true]);
    guard.ended('ann', '10.0.0.1', 'b');
    expect(guard.begin('ann', '10.0.0.1', 'd')).toBe(true);
  });
  test('of a suspect one at once, elsewhere three', () => {
    fail(3);
    expect([guard.begin('ann', '10.0.0.1', 'a'), guard.begin('ann', '10.0.0.1', 'b')]).toEqual([true, false]);
    expect(guard.begin('ann', '10.0.0.2', 'b')).toBe(true);
    guard.ended('ann', '10.0.0.1', 'a');
    expect(guard.begin('ann', '10.0.0.1', 'b')).toBe(true);
  });
});

describe('a lock-out is no weapon', () => {
  test('a guesser who is locked out hinders neither the user elsewhere nor other users there', () => {
    fail(15);
    expect(guard.verdict('ann', '10.0.0.1').kind).toBe('locked');
    expect(guard.verdict('ann', '10.0.0.2')).toEqual({ kind: 'free' });
    expect(guard.verdict('bob', '10.0.0.1')).toEqual({ kind: 'free' });
  });
  test('guesses from many addresses slow the user down, then lock it', () => {
    failEverywhere(25);
    expect(guard.verdict('ann', '10.0.0.9').kind).toBe('wait');
    failEverywhere(25);
    expect(guard.verdict('ann', '10.0.0.9')).toEqual({ kind: 'locked', forMs: lockFirstMs });
    expect(guard.verdict('bob', '10.0.0.9').kind).toBe('free');
  });
  test('but not where the user has logged in before, for a month', () => {
    guard.succeeded('ann', '10.0.0.9');
    failEverywhere(60);
    expect(guard.verdict('ann', '10.0.0.9')).toEqual({ kind: 'free' });
    fail(10, 'ann', '10.0.0.9');
    expect(guard.verdict('ann', '10.0.0.9').kind).toBe('locked');
    nowMs += placeKnownForMs;
    failEverywhere(60);
    expect(guard.verdict('ann', '10.0.0.9').kind).toBe('locked');
  });
});

describe('an address', () => {
  test('that tries many names is slowed down, then locked', () => {
    for (let i = 0; i < 30; i++) guard.failed(`user${i}`, '10.0.0.1');
    expect(guard.verdict('somebody', '10.0.0.1').kind).toBe('wait');
    expect(guard.verdict('somebody', '10.0.0.2').kind).toBe('free');
    for (let i = 30; i < 100; i++) guard.failed(`user${i}`, '10.0.0.1');
    expect(guard.verdict('somebody', '10.0.0.1').kind).toBe('locked');
  });
  test.each([
    ['IPv4, each for itself', '10.0.0.1', '10.0.0.2', false],
    ['IPv4 mapped into IPv6 is the same', '10.0.0.1', '::ffff:10.0.0.1', true],
    ['IPv6 of one network of 64 bits', '2001:db8:1:2::1', '2001:db8:1:2:ffff::9', true],
    ['IPv6 of two', '2001:db8:1:2::1', '2001:db8:1:3::1', false],
  ])('%s', (_, one, other, same) => {
    expect(loginPlaceOf(one) === loginPlaceOf(other)).toBe(same);
  });
});

describe('an operator unlocks', () => {
  beforeEach(() => {
    fail(12, 'ann', '10.0.0.1');
    fail(12, 'bob', '10.0.0.1');
    fail(12, 'ann', '10.0.0.2');
  });
  const locked = (): string[] =>
    ['ann 10.0.0.1', 'bob 10.0.0.1', 'ann 10.0.0.2'].filter((pair) => {
      const [user = '', address = ''] = pair.split(' ');
      return guard.verdict(user, address).kind === 'locked';
    });
  test.each([
    ['a user, everywhere', 'ann', '', 3, ['bob 10.0.0.1']],
    ['an address, for all', '', '10.0.0.1', 3, ['ann 10.0.0.2']],
    ['a user at an address', 'ann', '10.0.0.2', 3, ['ann 10.0.0.1', 'bob 10.0.0.1']],
    ['nobody of that name', 'eve', '', 0, ['ann 10.0.0.1', 'bob 10.0.0.1', 'ann 10.0.0.2']],
  ])('%s', (_, user, address, forgotten, left) => {
    expect(guard.unlock(user, address)).toBe(forgotten);
    expect(locked()).toEqual(left);
  });
});

test('what is remembered is bounded', () => {
  for (let i = 0; i < keysRememberedMax + 100; i++) guard.failed(`u${i}`, `a${i}`);
  expect(guard.remembered).toBe(3 * keysRememberedMax);
});
