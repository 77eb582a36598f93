import { describe, expect, test } from '@jest/globals';
import { StatusError, utf8 } from '@skerry/kernel';
import { eventually, expectReason } from '@skerry/testing';
import { networkError } from './errors.ts';
import { NodeNetwork } from './index.ts';

describe('network errors', () => {
  const rows = [
    ['EADDRINUSE', 'port_in_use'],
    ['ECONNREFUSED', 'connection_lost'],
    ['ECONNRESET', 'connection_lost'],
    ['EHOSTUNREACH', 'connection_lost'],
    ['ENOTFOUND', 'connection_lost'],
    ['ETIMEDOUT', 'deadline'],
    ['EACCES', 'access_denied'],
    ['EADDRNOTAVAIL', 'malformed'],
  ] as const;
  for (const [code, reason] of rows)
    test(`${code} is ${reason}`, () => {
      const thrown = Object.assign(new Error(code), { code });
      expect(networkError('connect', thrown).reason).toBe(reason);
      expect(networkError('connect', new AggregateError([thrown, new Error('other')])).reason).toBe(reason);
    });
});

describe('NodeNetwork', () => {
  const network = new NodeNetwork();
  test('the reason to abort a connect is passed on', async () => {
    const controller = new AbortController();
    const listener = await network.listen({ host: '127.0.0.1', port: 0 }, (connection) => connection.destroy());
    const connecting = network.connect(listener.address, controller.signal);
    controller.abort(new StatusError('deadline', 'too slow'));
    await expectReason(connecting, 'deadline');
    await listener.close();
  });
  test("an address that is not this machine's is refused", async () => {
    await expectReason(
      network.listen({ host: '192.0.2.1', port: 0 }, () => undefined),
      'malformed',
    );
  });
  test('a name is resolved', async () => {
    expect(await network.resolve('localhost')).toContain('127.0.0.1');
  });
  test('IPv6', async () => {
    const addresses = await network.resolve('::1');
    expect(addresses).toEqual(['::1']);
  });
  test('a broadcast is allowed', async () => {
    const received: Uint8Array[] = [];
    const a = await network.bindDatagrams({ host: '0.0.0.0', port: 0 }, (bytes) => received.push(bytes));
    const b = await network.bindDatagrams({ host: '0.0.0.0', port: 0 }, () => undefined);
    await eventually(() => {
      b.send(utf8('anyone?'), { host: '127.255.255.255', port: a.address.port });
      return received.length > 0;
    });
    expect(received[0]).toEqual(new Uint8Array(utf8('anyone?')));
    await a.close();
    await b.close();
  });
});
