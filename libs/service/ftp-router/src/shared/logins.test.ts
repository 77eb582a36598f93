import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { failuresForgottenMs, placeKnownForMs } from '@skerry/domain-users';
import type { auth } from '@skerry/proto';
import { EndedLogins, endedKeptMs } from './ended-logins.ts';
import { roundMs } from './exchange.ts';
import { FailedLogins } from './failed-logins.ts';
import { RouterNet } from './fixture.ts';

const here = '192.0.2.1';
const there = '198.51.100.7';
let net: RouterNet;
let one: FailedLogins;
let two: FailedLogins;
beforeEach(async () => {
  net = new RouterNet();
  [one, two] = [new FailedLogins(net.add('routing_1').tables), new FailedLogins(net.add('routing_2').tables)];
  await net.clock.pass(roundMs);
});
afterEach(() => net.close());
const spread = (): Promise<void> => net.clock.pass(roundMs);
const counts = ({ pair, address, user }: auth.LoginPast): readonly number[] => [
  pair?.count ?? 0,
  address?.count ?? 0,
  user?.count ?? 0,
];
const fail = (at: FailedLogins, times: number, user = 'ann', address = here): void => {
  for (let i = 0; i < times; i++) at.failed(user, address);
};

describe('failed logins', () => {
  test('of all routers are added up, by user, by address, and by both', async () => {
    fail(one, 2);
    fail(two, 3);
    fail(two, 1, 'bob');
    fail(two, 1, 'ann', there);
    await spread();
    for (const router of [one, two]) expect(counts(router.past('ann', here))).toEqual([5, 6, 6]);
    expect(counts(one.past('carl', '203.0.113.1'))).toEqual([0, 0, 0]);
  });
  test('an IPv6 network is one place', () => {
    fail(one, 1, 'ann', '2001:db8::1');
    fail(one, 1, 'ann', '2001:db8::2');
    expect(counts(one.past('ann', '2001:db8::3'))).toEqual([2, 2, 2]);
  });
  test('say when the last one was', async () => {
    fail(one, 1);
    await net.clock.pass(5_000);
    fail(two, 1);
    await net.clock.pass(3_000);
    expect(one.past('ann', here).pair?.sinceMs).toBe(3_000);
  });
  test('are forgotten when there was none for a while, each by the router that counted it', async () => {
    fail(one, 2);
    for (let half = 0; half < 2; half++) {
      net.clock.sleep(failuresForgottenMs / 2 - 5_000);
      await spread();
    }
    fail(two, 1);
    await net.clock.pass(10_000);
    expect(counts(two.past('ann', here))).toEqual([1, 1, 1]);
    fail(one, 1);
    expect(counts(one.past('ann', here))).toEqual([2, 2, 2]);
  });
  test('what does not count any more is withdrawn', async () => {
    fail(one, 2);
    one.succeeded('bob', here);
    net.clock.sleep(failuresForgottenMs);
    one.dropOld();
    const router = net.routers.get('routing_1');
    expect(router?.tables.failures.rowCount).toBe(0);
    expect(one.past('bob', here).knownSinceMs).toBe(failuresForgottenMs);
    expect(placeKnownForMs).toBeGreaterThan(failuresForgottenMs);
    expect(router?.tables.logins.rowCount).toBe(1);
  });
  test('a login forgives those of the user there, at all routers, and makes the place known', async () => {
    fail(one, 3);
    fail(two, 3);
    await spread();
    two.succeeded('ann', here);
    await spread();
    for (const router of [one, two]) expect(counts(router.past('ann', here))).toEqual([0, 6, 6]);
    expect(one.past('ann', here).knownSinceMs).toBe(roundMs);
    expect(one.past('ann', there).knownSinceMs).toBeUndefined();
    // And begins to count anew where it was forgiven by another.
    fail(one, 1);
    expect(counts(one.past('ann', here))).toEqual([1, 7, 7]);
  });
  test('a client that logs in for each file is not told of each time', async () => {
    one.succeeded('ann', here);
    const router = net.routers.get('routing_1');
    const version = (): number => router?.tables.logins.versions()[0]?.sequence ?? 0;
    const before = version();
    for (let i = 0; i < 50; i++) one.succeeded('ann', here);
    expect(version()).toBe(before);
  });
  type Row = readonly [
    what: string,
    user: string,
    address: string,
    annHere: number[],
    annThere: number[],
    bobHere: number[],
  ];
  const rows: readonly Row[] = [
    ['of a user', 'ann', '', [0, 3, 0], [0, 1, 0], [1, 3, 1]],
    ['of an address', '', here, [0, 0, 3], [1, 1, 3], [0, 0, 1]],
    ['of a user there', 'ann', here, [0, 0, 0], [1, 1, 0], [1, 0, 1]],
  ];
  test.each(rows)('an operator forgives those %s, at all routers', async (_, user, address, ...expected) => {
    fail(one, 1);
    fail(two, 1);
    fail(two, 1, 'bob');
    fail(two, 1, 'ann', there);
    await spread();
    // The others hear of it from this one.
    expect(one.forget(user, address)).toBeGreaterThan(0);
    await spread();
    for (const router of [one, two]) {
      const past = [router.past('ann', here), router.past('ann', there), router.past('bob', here)];
      expect(past.map(counts)).toEqual(expected);
    }
    expect(two.forget('nobody', '')).toBe(0);
  });
  test('outlive the router that counted them, and are known to its next life', async () => {
    fail(one, 4);
    await spread();
    net.remove('routing_1');
    await net.clock.pass(20_000);
    expect(counts(two.past('ann', here))).toEqual([4, 4, 4]);
    const again = new FailedLogins(net.add('routing_1', 2).tables);
    await spread();
    fail(again, 1);
    await spread();
    expect(counts(two.past('ann', here))).toEqual([5, 5, 5]);
  });
});

describe('logins that are over', () => {
  const login = { id: 'f'.repeat(32), user: 'ann', rates: {}, issuedAtMs: 500, userExpiresAtMs: undefined };
  let first: EndedLogins;
  let second: EndedLogins;
  beforeEach(() => {
    const ended = (name: string): EndedLogins => {
      const router = net.routers.get(name);
      if (router === undefined) throw new Error(name);
      return new EndedLogins(router.tables.logins);
    };
    [first, second] = [ended('routing_1'), ended('routing_2')];
  });
  test('those of a user that began until then, at all routers', async () => {
    first.add({ user: 'ann', beganUntilMs: 500, loginId: '' });
    await spread();
    for (const router of [first, second]) {
      expect(router.endOf(login, 0)).toBe('logged_out');
      expect(router.endOf({ ...login, issuedAtMs: 501 }, 0)).toBeUndefined();
      expect(router.endOf({ ...login, user: 'bob' }, 0)).toBeUndefined();
    }
  });
  test('an older end that comes late takes nothing back', () => {
    first.add({ user: 'ann', beganUntilMs: 500, loginId: '' });
    first.add({ user: 'ann', beganUntilMs: 400, loginId: '' });
    expect(first.endOf(login, 0)).toBe('logged_out');
  });
  test('one by its name', async () => {
    second.add({ user: 'ann', beganUntilMs: 0, loginId: login.id });
    await spread();
    expect(first.endOf(login, 0)).toBe('logged_out');
    expect(first.endOf({ ...login, id: 'e'.repeat(32) }, 0)).toBeUndefined();
  });
  test('those of an account whose time is over', () => {
    expect(first.endOf({ ...login, userExpiresAtMs: 900 }, 899)).toBeUndefined();
    expect(first.endOf({ ...login, userExpiresAtMs: 900 }, 900)).toBe('account_expired');
  });
  test('are forgotten in the end', async () => {
    first.add({ user: 'ann', beganUntilMs: 500, loginId: '' });
    net.clock.sleep(endedKeptMs);
    first.dropOld();
    expect(first.endOf(login, 0)).toBeUndefined();
  });
});
