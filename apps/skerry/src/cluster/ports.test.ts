import { once } from 'node:events';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { afterEach, expect, test } from '@jest/globals';
import { claimPorts, ephemeralFirst, nodePortFirst, portBlockCount } from './ports.ts';

const host = '127.0.0.1';
const servers: Server[] = [];
const serverOf = (): Server => {
  const server = createServer();
  servers.push(server);
  return server;
};
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});
const portOf = (server: Server): number => (server.address() as AddressInfo).port;

// Found by npm run soak -- --seed 7: a router that was killed could not come back, since a connection had got its port.
test('ports of nodes are none that the system gives to connections, all different, and free', async () => {
  const ports = await claimPorts(serverOf(), host, 45);
  expect(new Set(ports).size).toBe(45);
  for (const port of ports) {
    expect(port).toBeGreaterThanOrEqual(nodePortFirst);
    expect(port).toBeLessThan(ephemeralFirst());
    const server = serverOf().listen(port, host);
    await once(server, 'listening');
  }
});
test('what the system gives by itself lies beyond', async () => {
  const server = serverOf().listen(0, host);
  await once(server, 'listening');
  expect(portOf(server)).toBeGreaterThanOrEqual(ephemeralFirst());
});
test('two clusters never share a block, also while their nodes are down', async () => {
  const owners = Array.from({ length: 40 }, serverOf);
  const claimed = await Promise.all(owners.map((owner) => claimPorts(owner, host, 15)));
  const blockOf = (port: number): number => Math.floor((port - nodePortFirst) / portBlockCount);
  expect(new Set(owners.map((owner) => blockOf(portOf(owner)))).size).toBe(owners.length);
  expect(new Set(claimed.flat()).size).toBe(40 * 15);
  for (const [i, ports] of claimed.entries())
    expect(ports.every((port) => blockOf(port) === blockOf(portOf(owners[i] as Server)))).toBe(true);
});
test('an address that is none of this machine: says so', async () => {
  await expect(claimPorts(serverOf(), '203.0.113.1', 1)).rejects.toThrow(
    /^Cannot find 1 free ports of 203\.0\.113\.1: .*EADDRNOTAVAIL/,
  );
});
