import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { routing } from '@skerry/proto';
import { roundMs } from './exchange.ts';
import { RouterNet } from './fixture.ts';
import { atWorkAgainMs, SessionRows, textShownMax } from './session-rows.ts';

let net: RouterNet;
let rows: SessionRows;
let others: SessionRows;
beforeEach(async () => {
  net = new RouterNet();
  rows = new SessionRows(net.add('routing_1').tables.sessions, 'routing_1');
  others = new SessionRows(net.add('routing_2').tables.sessions, 'routing_2');
  await net.clock.pass(roundMs);
});
afterEach(() => net.close());
const session = (over: Partial<routing.SessionSummary> = {}): routing.SessionSummary =>
  routing.SessionSummary.fromPartial({
    sessionId: 's1',
    user: 'ann',
    clientAddress: '192.0.2.1:4000',
    connectedAtMs: 5,
    command: 'NOOP',
    idleMs: 0,
    router: 'routing_1',
    ...over,
  });
const look = (...sessions: readonly routing.SessionSummary[]): void => rows.look(sessions, net.clock.monotonicMs());
const told = (): number => net.routers.get('routing_1')?.tables.sessions.versions()[0]?.sequence ?? 0;

describe('sessions for the other routers', () => {
  test('come with their router, change and go; our own are not among them', async () => {
    look(session());
    await net.clock.pass(roundMs);
    expect(others.others()).toMatchObject(
      [{ sessionId: 's1', user: 'ann', router: 'routing_2' }].map((one) => ({ ...one, router: 'routing_1' })),
    );
    expect(rows.others()).toEqual([]);
    look(session({ command: 'STOR a', transferring: true, path: '/a' }));
    await net.clock.pass(roundMs);
    expect(others.others()).toMatchObject([{ command: 'STOR a', transferring: true, idleMs: 0 }]);
    look();
    await net.clock.pass(roundMs);
    expect(others.others()).toEqual([]);
  });
  test('one that does nothing is told once, and grows idle by itself', async () => {
    look(session({ idleMs: 1_000 }));
    const before = told();
    for (let i = 1; i <= 10; i++) {
      await net.clock.pass(roundMs);
      look(session({ idleMs: 1_000 + i * roundMs }));
    }
    expect(told()).toBe(before);
    expect(others.others()[0]?.idleMs).toBe(1_000 + 10 * roundMs);
  });
  test('one at work is told again, now and then', async () => {
    const looks = 20;
    const before = told();
    for (let i = 0; i < looks; i++) {
      look(session({ transferring: true, transferredBytes: i }));
      await net.clock.pass(roundMs);
    }
    const times = told() - before;
    expect(times).toBeGreaterThan(2);
    expect(times).toBeLessThanOrEqual(Math.ceil((looks * roundMs) / atWorkAgainMs) + 1);
  });
  test('long texts are cut', async () => {
    look(session({ user: 'u'.repeat(5_000), command: 'x'.repeat(5_000), path: '\u{1F4A9}'.repeat(3_000) }));
    await net.clock.pass(roundMs);
    expect(others.others()[0]?.command).toHaveLength(textShownMax);
  });
});
