import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { AddressCounts } from './address-counts.ts';
import { newsWaitMs, roundMs } from './exchange.ts';
import { RouterNet } from './fixture.ts';
import { sessionsGoneAfterMs } from './tables.ts';

let net: RouterNet;
let ours: AddressCounts;
let theirs: AddressCounts;
beforeEach(async () => {
  net = new RouterNet();
  ours = new AddressCounts(net.add('routing_1').tables.addresses, 'routing_1');
  theirs = new AddressCounts(net.add('routing_2').tables.addresses, 'routing_2');
  await net.clock.pass(roundMs);
});
afterEach(() => net.close());

describe('sessions by address', () => {
  test('the others know of a change a tenth of a second later; our own do not count as elsewhere', async () => {
    ours.tell('192.0.2.1', 3);
    theirs.tell('192.0.2.1', 1);
    await net.clock.pass(newsWaitMs);
    expect([ours.elsewhere('192.0.2.1'), theirs.elsewhere('192.0.2.1')]).toEqual([1, 3]);
    ours.tell('192.0.2.1', 0);
    await net.clock.pass(newsWaitMs);
    expect([theirs.elsewhere('192.0.2.1'), theirs.elsewhere('192.0.2.2')]).toEqual([0, 0]);
  });
  test('a third router has the sum', async () => {
    ours.tell('a', 3);
    theirs.tell('a', 4);
    const third = new AddressCounts(net.add('routing_3').tables.addresses, 'routing_3');
    await net.clock.pass(2 * roundMs);
    expect(third.elsewhere('a')).toBe(7);
  });
  test('a look tells what was not told, takes back what is over, and repeats nothing', async () => {
    ours.tell('gone', 1);
    ours.tell('same', 2);
    ours.look(
      new Map([
        ['same', 2],
        ['new', 5],
      ]),
    );
    await net.clock.pass(roundMs);
    expect(['gone', 'same', 'new'].map((host) => theirs.elsewhere(host))).toEqual([0, 2, 5]);
    const sequence = (): number => net.routers.get('routing_1')?.tables.addresses.versions()[0]?.sequence ?? 0;
    const before = sequence();
    ours.look(
      new Map([
        ['same', 2],
        ['new', 5],
      ]),
    );
    expect(sequence()).toBe(before);
  });
  test('those of a router that is gone do not count for long', async () => {
    ours.tell('a', 3);
    await net.clock.pass(roundMs);
    net.remove('routing_1');
    await net.clock.pass(sessionsGoneAfterMs + 2 * roundMs);
    expect(theirs.elsewhere('a')).toBe(0);
  });
  test('a row that is none counts as none', async () => {
    net.routers.get('routing_2')?.tables.addresses.put('a', new Uint8Array([0xff]));
    await net.clock.pass(roundMs);
    expect(ours.elsewhere('a')).toBe(0);
  });
});
