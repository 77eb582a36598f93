import { describe, expect, test } from '@jest/globals';
import { concatBytes, fromUtf8, utf8 } from '@skerry/kernel';
import { pause, type Connection } from '@skerry/runtime-world';
import { expectReason, reasonOf, seeds } from '@skerry/testing';
import { Simulation } from './index.ts';

const port = 7_400;

async function pair(simulation: Simulation): Promise<{ readonly client: Connection; readonly server: Connection }> {
  let server: Connection | undefined;
  await simulation.world('b').network.listen({ host: 'b', port }, (connection) => (server = connection));
  const client = await simulation.world('a').network.connect({ host: 'b', port });
  if (server === undefined) throw new Error('nothing was accepted');
  return { client, server };
}
async function readAll(connection: Connection): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of connection.incoming) chunks.push(chunk);
  return concatBytes(chunks);
}
const row = (rule: string, body: (simulation: Simulation, seed: number) => Promise<void>): void => {
  for (const seed of seeds(3))
    test(`${rule}, seed ${seed}`, () => {
      const simulation = new Simulation(seed);
      simulation.world('a');
      simulation.world('b');
      return simulation.complete(() => body(simulation, seed));
    });
};

describe('streams', () => {
  row('what a cut keeps back arrives after it is healed', async (simulation) => {
    const { client, server } = await pair(simulation);
    const received = readAll(server);
    simulation.links.cut('a', 'b');
    await client.send(utf8('late'));
    const ended = client.end();
    const clock = simulation.world('a').clock;
    await pause(clock, 10_000);
    const start = simulation.nowMs;
    simulation.links.heal();
    expect(fromUtf8(await received)).toBe('late');
    await ended;
    expect(simulation.nowMs - start).toBeLessThan(1_000);
  });
  row('a cut is one-way', async (simulation) => {
    const { client, server } = await pair(simulation);
    simulation.links.cut('a', 'b');
    await server.send(utf8('still heard'));
    await server.end();
    expect(fromUtf8(await readAll(client))).toBe('still heard');
  });
  row('a sender that gets nothing through loses the connection', async (simulation) => {
    const { client } = await pair(simulation);
    simulation.links.partition(['a'], ['b']);
    await client.send(utf8('x'));
    expect(await reasonOf(readAll(client))).toBe('connection_lost');
    await expectReason(client.send(utf8('y')), 'connection_lost');
  });
  row('connect over a cut waits, and gives up with deadline', async (simulation) => {
    await simulation.world('b').network.listen({ host: 'b', port }, () => undefined);
    simulation.links.partition(['a'], ['b']);
    const { network, clock } = simulation.world('a');
    const waiting = network.connect({ host: 'b', port });
    await pause(clock, 3_000);
    simulation.links.heal();
    await waiting;
    simulation.links.partition(['a'], ['b']);
    await expectReason(network.connect({ host: 'b', port }), 'deadline');
  });
  row('a clog delays all, and loses nothing', async (simulation) => {
    const { client, server } = await pair(simulation);
    simulation.links.clog('a', 'b', 5_000);
    const start = simulation.nowMs;
    await client.send(utf8('slow'));
    await client.end();
    expect(fromUtf8(await readAll(server))).toBe('slow');
    expect(simulation.nowMs - start).toBeGreaterThanOrEqual(5_000);
  });
  row('a node that dies cuts its connections', async (simulation) => {
    const { client, server } = await pair(simulation);
    const atServer = reasonOf(readAll(server));
    let atClient = false;
    void readAll(client).catch(() => (atClient = true));
    simulation.crash('a');
    expect(await atServer).toBe('connection_lost');
    expect(atClient).toBe(true);
    await expectReason(simulation.world('b').network.connect({ host: 'a', port }), 'deadline');
  });
  row('a node that was started again has no open ports', async (simulation) => {
    await pair(simulation);
    simulation.kill('b');
    simulation.world('b');
    await expectReason(simulation.world('a').network.connect({ host: 'b', port }), 'connection_lost');
  });
  row('a broken connection is lost on both sides, and a new one works', async (simulation) => {
    const { client, server } = await pair(simulation);
    simulation.breakConnections('b', 'a');
    expect(await reasonOf(readAll(client))).toBe('connection_lost');
    expect(await reasonOf(readAll(server))).toBe('connection_lost');
    await simulation.world('a').network.connect({ host: 'b', port });
  });
  row('nobody has the name', async (simulation) => {
    await expectReason(simulation.world('a').network.connect({ host: 'nobody', port }), 'connection_lost');
  });
});

describe('datagrams', () => {
  const numbers = async (simulation: Simulation, count: number): Promise<number[]> => {
    const received: number[] = [];
    const { network } = simulation.world('b');
    await network.bindDatagrams({ host: '0.0.0.0', port }, (bytes) => received.push(bytes[0] ?? -1));
    const socket = await simulation.world('a').network.bindDatagrams({ host: '0.0.0.0', port: 0 }, () => undefined);
    for (let i = 0; i < count; i++) socket.send(Uint8Array.of(i), { host: 'b', port });
    await pause(simulation.world('a').clock, 100);
    return received;
  };
  const inOrder = (items: readonly number[]): number[] => items.toSorted((a, b) => a - b);
  const all = Array.from({ length: 50 }, (_, i) => i);

  row('they are reordered by different delays, and none is lost by default', async (simulation) => {
    const received = await numbers(simulation, 50);
    expect(received).not.toEqual(all);
    expect(inOrder(received)).toEqual(all);
  });
  row('some are lost when told', async (simulation) => {
    simulation.links.settings.datagramLossProbability = 0.5;
    const received = await numbers(simulation, 50);
    expect(received.length).toBeGreaterThan(5);
    expect(received.length).toBeLessThan(45);
  });
  row('some arrive twice when told', async (simulation) => {
    simulation.links.settings.datagramDuplicateProbability = 0.5;
    const received = await numbers(simulation, 50);
    expect(received.length).toBeGreaterThan(55);
    expect(inOrder([...new Set(received)])).toEqual(all);
  });
  row('over a cut none arrives', async (simulation) => {
    simulation.links.cut('a', 'b');
    expect(await numbers(simulation, 50)).toEqual([]);
  });
  row('a broadcast reaches every node that listens', async (simulation) => {
    const heard: string[] = [];
    for (const name of ['a', 'b', 'c'])
      await simulation
        .world(name)
        .network.bindDatagrams({ host: '0.0.0.0', port }, (_, from) => heard.push(`${name} from ${from.host}`));
    const socket = await simulation.world('a').network.bindDatagrams({ host: 'a', port: 0 }, () => undefined);
    socket.send(utf8('anyone?'), { host: '255.255.255.255', port });
    await pause(simulation.world('a').clock, 100);
    expect(heard.toSorted()).toEqual(['a from 10.0.0.1', 'b from 10.0.0.1', 'c from 10.0.0.1']);
  });
});
