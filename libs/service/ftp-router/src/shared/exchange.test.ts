import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { NodeId, StatusError, utf8 } from '@skerry/kernel';
import type { routing } from '@skerry/proto';
import { newsWaitMs, peersPerRoundMax, roundMs } from './exchange.ts';
import { RouterNet, type TestRouter } from './fixture.ts';
import { sessionsGoneAfterMs } from './tables.ts';

let net: RouterNet;
let one: TestRouter;
let two: TestRouter;
let three: TestRouter;
beforeEach(async () => {
  net = new RouterNet();
  [one, two, three] = [net.add('routing_1'), net.add('routing_2'), net.add('routing_3')];
  await net.clock.pass(roundMs);
});
afterEach(() => net.close());
const put = (router: TestRouter, key: string, size = 1): void => router.tables.sessions.put(key, new Uint8Array(size));

describe('routers', () => {
  test('hear of a change soon after it', async () => {
    put(one, 'x');
    await net.clock.pass(newsWaitMs + 1);
    for (const router of [two, three]) expect(net.shown(router, 'sessions')).toEqual(['routing_1 x']);
    one.tables.sessions.withdraw('x');
    await net.clock.pass(newsWaitMs + 1);
    expect(net.shown(two, 'sessions')).toEqual([]);
  });
  test('tell many changes together', async () => {
    const { calls } = two;
    for (let i = 0; i < 1_000; i++) {
      put(one, `k${i}`);
      if (i % 100 === 0) await net.clock.pass(1);
    }
    await net.clock.pass(newsWaitMs);
    expect(net.shown(two, 'sessions')).toHaveLength(1_000);
    expect(two.calls - calls).toBeLessThan(8);
  });
  test('a newcomer has all with its first talk', async () => {
    put(one, 'x');
    put(two, 'y');
    await net.clock.pass(newsWaitMs + 1);
    const late = net.add('routing_4');
    await net.clock.pass(1);
    expect(net.shown(late, 'sessions')).toEqual(['routing_1 x', 'routing_2 y']);
  });
  test('what fits into no message goes in several', async () => {
    for (const router of [one, two, three]) for (let i = 0; i < 400; i++) put(router, `k${i}`, 2_000);
    await net.clock.pass(newsWaitMs);
    const late = net.add('routing_4');
    await net.clock.pass(2 * roundMs);
    expect(net.shown(late, 'sessions')).toHaveLength(1_200);
  });
  test('two that do not reach each other hear through the third', async () => {
    net.cut.add('routing_1 routing_2');
    put(one, 'x');
    await net.clock.pass(2 * roundMs);
    expect(net.shown(two, 'sessions')).toEqual(['routing_1 x']);
    // And are there for each other as long as the third tells that they live.
    await net.clock.pass(3 * sessionsGoneAfterMs);
    expect(net.shown(two, 'sessions')).toEqual(['routing_1 x']);
  });
  test('each side of a cut goes on with what it knows; healed, all know all', async () => {
    put(one, 'x');
    one.tables.failures.put('f', utf8('1'));
    await net.clock.pass(roundMs);
    for (const other of ['routing_1', 'routing_2']) net.cut.add(`${other} routing_3`);
    await net.clock.pass(sessionsGoneAfterMs + roundMs);
    put(three, 'z');
    put(two, 'y');
    await net.clock.pass(roundMs);
    expect(net.shown(three, 'sessions')).toEqual(['routing_3 z']);
    // What was counted counts on.
    expect(net.shown(three, 'failures')).toEqual(['routing_1 f']);
    expect(net.shown(one, 'sessions')).toEqual(['routing_1 x', 'routing_2 y']);
    net.cut.clear();
    await net.clock.pass(2 * roundMs);
    for (const router of [one, two, three])
      expect(net.shown(router, 'sessions')).toEqual(['routing_1 x', 'routing_2 y', 'routing_3 z']);
  });
  test('one that ended has no sessions after a while; what it counted stays, also for its next life', async () => {
    put(one, 'x');
    one.tables.failures.put('f', utf8('1'));
    await net.clock.pass(roundMs);
    net.remove('routing_1');
    await net.clock.pass(sessionsGoneAfterMs);
    expect(net.shown(two, 'sessions')).toEqual([]);
    const back = net.add('routing_1', 2);
    await net.clock.pass(1);
    expect(net.shown(back, 'failures')).toEqual(['routing_1 f']);
    expect(net.shown(back, 'sessions')).toEqual([]);
  });
  test('lost messages delay, and nothing more; that one does not answer is told once', async () => {
    net.loss = 0.4;
    for (let i = 0; i < 20; i++) {
      put(one, `k${i}`);
      put(two, `k${i}`);
      if (i > 5) one.tables.sessions.withdraw(`k${i - 5}`);
      await net.clock.pass(200);
    }
    await net.clock.pass(8 * roundMs);
    expect(net.shown(three, 'sessions')).toEqual(net.shown(one, 'sessions'));
    expect(net.shown(two, 'sessions')).toEqual(net.shown(one, 'sessions'));
    net.loss = 1;
    await net.clock.pass(10 * roundMs);
    const warned = one.events.filter(({ event, level }) => event === 'router_exchange_failed' && level === 'warn');
    const failed = one.events.filter(({ event }) => event === 'router_exchange_failed');
    expect(warned.length).toBeLessThan(failed.length / 2);
  });
  test('of many, some are called in a round, and all hear', async () => {
    const many = Array.from({ length: 8 }, (_, i) => net.add(`routing_${i + 10}`));
    await net.clock.pass(3 * roundMs);
    put(one, 'x');
    const before = [...net.routers.values()].reduce((sum, { calls }) => sum + calls, 0);
    await net.clock.pass(roundMs - 1);
    const calls = [...net.routers.values()].reduce((sum, router) => sum + router.calls, 0) - before;
    // Each in its round, one more for the news, and a second call where the first showed what is lacking.
    expect(calls).toBeLessThanOrEqual(2 * (net.routers.size + 1) * peersPerRoundMax);
    await net.clock.pass(3 * roundMs);
    for (const router of many) expect(net.shown(router, 'sessions')).toEqual(['routing_1 x']);
  });
});

test('what a stranger sends is refused or harmless, never the end', () => {
  const version = fc.record({
    router: fc.oneof(fc.constantFrom('routing_1', 'routing_9'), fc.string()),
    incarnation: fc.nat(3),
    sequence: fc.nat(5),
    beat: fc.nat(5),
    quietMs: fc.nat(10_000),
  });
  const row = fc.record({
    key: fc.string({ maxLength: 300 }),
    value: fc.option(fc.uint8Array({ maxLength: 10 }), { nil: undefined }),
    sequence: fc.nat(9),
    ageMs: fc.nat(100_000),
  });
  const delta = fc.record({
    version: fc.option(version, { nil: undefined }),
    from: fc.nat(5),
    rows: fc.array(row, { maxLength: 5 }),
  });
  const table = fc.record({
    name: fc.oneof(fc.constantFrom('sessions', 'failures', 'logins'), fc.string()),
    versions: fc.array(version, { maxLength: 5 }),
    deltas: fc.array(delta, { maxLength: 5 }),
  });
  fc.assert(
    fc.property(fc.array(table, { maxLength: 4 }), (tables) => {
      const request: routing.ExchangeRequest = { tables };
      try {
        one.exchange.answer(request, { nodeId: NodeId('routing_8') });
      } catch (thrown) {
        expect(thrown).toBeInstanceOf(StatusError);
        expect(thrown).toMatchObject({ reason: 'malformed' });
      }
    }),
  );
});
