import { describe, expect, test } from '@jest/globals';
import { hostname } from 'node:os';
import { createTelemetry } from '@skerry/runtime-telemetry';
import { advertisedHost, hostsOf, isLoopback, openStatusDoor } from './addresses.ts';
import { metricsPortFirst } from './settings.ts';

test.each([
  ['127.0.0.1', true],
  ['127.9.9.9', true],
  ['::1', true],
  ['localhost', true],
  ['0.0.0.0', false],
  ['10.0.0.7', false],
  ['localhost.example', false],
])('%s is loopback: %p', (host, loopback) => expect(isLoopback(host)).toBe(loopback));

describe('others are told', () => {
  test.each([
    ['the host', { host: '10.0.0.7', advertise: undefined }, '10.0.0.7'],
    ['what is to be advertised, rather', { host: '10.0.0.7', advertise: 'data.example' }, 'data.example'],
    ['also when it listens everywhere', { host: '0.0.0.0', advertise: 'data.example' }, 'data.example'],
  ])('%s', (_, hosts, told) => {
    expect(advertisedHost(hosts)).toBe(told);
    expect(hostsOf(hosts)).toContain(told);
  });
  test.each(['0.0.0.0', '::'])('of %s something that can be called', (host) => {
    const told = advertisedHost({ host, advertise: undefined });
    expect(told).not.toBe(host);
    expect(told.length).toBeGreaterThan(0);
    expect(hostsOf({ host, advertise: 'a.example' })).toEqual([...new Set(['a.example', hostname()])]);
  });
});

describe('the status door', () => {
  const telemetry = createTelemetry({ nodeId: 'a', role: 'b', output: 'silent', processMetrics: false });
  const readers = { ready: () => true, status: () => ({}) };
  test('without a port: the first free one, so that several nodes of a machine each have theirs', async () => {
    const doors = await Promise.all(
      [1, 2, 3].map(() => openStatusDoor(telemetry, { host: '127.0.0.1', metricsPort: undefined }, readers)),
    );
    const ports = doors.map(({ address }) => address.port);
    expect(new Set(ports).size).toBe(3);
    for (const port of ports) expect(port).toBeGreaterThan(metricsPortFirst - 1);
    await Promise.all(doors.map((door) => door.close()));
  });
  test('with a port that is taken: refused', async () => {
    const first = await openStatusDoor(telemetry, { host: '127.0.0.1', metricsPort: 0 }, readers);
    const again = openStatusDoor(telemetry, { host: '127.0.0.1', metricsPort: first.address.port }, readers);
    await expect(again).rejects.toMatchObject({ reason: 'port_in_use' });
    await first.close();
  });
});
