import { describe, expect, test } from '@jest/globals';
import { toHex, utf8 } from '@skerry/kernel';
import { pause } from '@skerry/runtime-world';
import { seeds } from '@skerry/testing';
import { Simulation } from './index.ts';

/** A small cluster with a bit of everything; gives its trace and what it saw. */
async function story(seed: number): Promise<string> {
  const simulation = new Simulation(seed);
  const seen: string[] = [];
  const say = (text: string): void => void seen.push(`${simulation.nowMs} ${text}`);
  simulation.links.settings.datagramLossProbability = 0.2;

  const start = async (name: string): Promise<void> => {
    const { network, disk, clock, random } = simulation.world(name);
    const file = await disk.open('log', 'create').catch(() => disk.open('log', 'write'));
    await network.listen({ host: name, port: 1 }, (connection) => {
      void (async () => {
        for await (const chunk of connection.incoming) {
          await file.write([chunk], (await file.sizeBytes()) ?? 0);
          await file.sync();
          say(`${name} stored ${chunk.length}`);
          await connection.send(utf8('ok'));
        }
      })().catch(() => say(`${name} lost a client`));
    });
    const socket = await network.bindDatagrams({ host: name, port: 2 }, (bytes) =>
      say(`${name} heard ${toHex(bytes)}`),
    );
    for (let beat = 0; beat < 20; beat++) {
      await pause(clock, 10 * (random(1)[0] ?? 0));
      socket.send(random(2), { host: '255.255.255.255', port: 2 });
    }
  };
  const talk = async (from: string, to: string): Promise<void> => {
    const { network, random } = simulation.world(from);
    const connection = await network.connect({ host: to, port: 1 });
    for (let i = 0; i < 20; i++) await connection.send(random(100));
    await connection.end();
    for await (const chunk of connection.incoming) say(`${from} got ${chunk.length}`);
  };
  for (const name of ['a', 'b', 'c']) void start(name);
  await simulation.run(50);
  void talk('a', 'b').catch(() => say('a gave up'));
  void talk('c', 'b').catch(() => say('c gave up'));
  simulation.links.cut('a', 'b');
  await simulation.run(500);
  simulation.links.heal();
  await simulation.run(200);
  simulation.crash('b');
  void start('b');
  await simulation.run(3_000);
  return `${simulation.traceHash} ${seen.join('\n')}`;
}

describe('simulation', () => {
  for (const seed of seeds(5))
    test(`the same seed gives the same run, seed ${seed}`, async () => {
      const first = await story(seed);
      expect(first).toMatch(/b stored/);
      expect(await story(seed)).toBe(first);
    });
  test('another seed gives another run', async () => {
    const traces = await Promise.all([1, 2, 3, 4].map(story));
    expect(new Set(traces).size).toBe(4);
  });
  test('long chains of promises run between two events', async () => {
    const simulation = new Simulation(1);
    const { clock } = simulation.world('a');
    let links = 0;
    clock.setTimer(1, () => {
      void (async () => {
        for (; links < 10_000; links++) await Promise.resolve();
      })();
    });
    clock.setTimer(2, () => expect(links).toBe(10_000));
    await simulation.run(3);
    expect(links).toBe(10_000);
  });
  test('hours pass in no time', async () => {
    const simulation = new Simulation(1);
    const { clock } = simulation.world('a');
    await simulation.complete(() => pause(clock, 3_000_000));
    expect(clock.monotonicMs()).toBe(3_000_000);
  });
  test('run stops at its time, and when its condition holds', async () => {
    const simulation = new Simulation(1);
    const { clock } = simulation.world('a');
    let count = 0;
    const tick = (): void => {
      count += 1;
      clock.setTimer(10, tick);
    };
    clock.setTimer(10, tick);
    await simulation.run(35);
    expect([count, simulation.nowMs]).toEqual([3, 35]);
    await simulation.run(() => count === 7);
    expect(simulation.nowMs).toBe(70);
    await expect(simulation.run(() => false, 100)).rejects.toThrow('not within 100 ms');
  });
  test('a body that nothing can finish is reported, with the seed', async () => {
    const simulation = new Simulation(77);
    await expect(simulation.complete(() => new Promise(() => undefined))).rejects.toThrow(
      'seed 77 is stuck at 0 ms: no event is left',
    );
  });
  test('a failure in the body is passed on', async () => {
    const simulation = new Simulation(1);
    const failing = simulation.complete(async () => {
      await pause(simulation.world('a').clock, 1);
      throw new Error('expected');
    });
    await expect(failing).rejects.toThrow('expected');
  });
  test('an unknown node is our bug', () => {
    expect(() => new Simulation(1).crash('x')).toThrow('no node "x"');
  });
});

describe('processes', () => {
  test('a paused process does nothing, and catches up in order', async () => {
    const simulation = new Simulation(3);
    const { clock } = simulation.world('a');
    const fired: number[] = [];
    for (const ms of [10, 20, 30, 110]) clock.setTimer(ms, () => fired.push(ms));
    simulation.pause('a');
    await simulation.run(100);
    expect(fired).toEqual([]);
    simulation.resume('a');
    await simulation.run(1);
    expect(fired).toEqual([10, 20, 30]);
    await simulation.run(20);
    expect(fired).toEqual([10, 20, 30, 110]);
  });
  test('timers of a dead process are dropped; its next life starts its own clock', async () => {
    const simulation = new Simulation(1);
    const first = simulation.world('a');
    let fired = 0;
    first.clock.setTimer(10, () => (fired += 1));
    await simulation.run(5);
    simulation.kill('a');
    const second = simulation.world('a');
    expect(second.clock.monotonicMs()).toBe(0);
    second.clock.setTimer(10, () => (fired += 10));
    await simulation.run(50);
    expect(fired).toBe(10);
    expect(simulation.world('a')).toBe(second);
  });
  test('the wall clock steps, the monotonic clock does not', async () => {
    const simulation = new Simulation(1);
    const { clock } = simulation.world('a');
    const wallMs = clock.wallMs();
    simulation.stepClock('a', -5_000);
    expect(clock.wallMs() - wallMs).toBe(-5_000);
    expect(clock.monotonicMs()).toBe(0);
  });
});
