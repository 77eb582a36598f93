import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { NodeId, StatusError } from '@skerry/kernel';
import type { discovery } from '@skerry/proto';
import type { RpcNode, Target } from '@skerry/runtime-rpc';
import { createSealer } from '@skerry/runtime-security';
import type { World } from '@skerry/runtime-world';
import { eventually } from '@skerry/testing';
import { startDirectory } from './directory.ts';
import { fastClock, Lan, recordOf, silentTelemetry } from './fixture.ts';
import { discoveryPortDefault, startResponder } from './probe.ts';
import type { DirectoryOptions, NodeRecord, RunningDirectory } from './types.ts';

const sealer = createSealer(new Uint8Array(32).fill(1));

/** Discovery nodes by address, as the rpc would reach them; each call is noted. */
class Hubs {
  readonly calls: string[] = [];
  readonly alive = new Set<string>();
  /** What the next heartbeats are answered; known when there is none left. */
  readonly heartbeats: Partial<discovery.HeartbeatResponse>[] = [];
  snapshot: readonly NodeRecord[] = [];
  watching = 0;

  readonly rpc = {
    nodeId: NodeId('data_1'),
    client: (_: unknown, target: Target) => this.#client(target.address),
  } as unknown as RpcNode;

  #note(address: string, call: string): void {
    if (!this.alive.has(address)) throw new StatusError('connection_lost', `nobody at ${address}`);
    this.calls.push(`${call} ${address}`);
  }
  #client(address: string): unknown {
    // oxlint-disable-next-line typescript/no-this-alias
    const hubs = this;
    return {
      register: async ({ node: record }: discovery.RegisterRequest) => {
        this.#note(address, `register ${record?.nodeId}`);
        return { leaseMs: 300, revocations: undefined };
      },
      heartbeat: async ({ load }: discovery.HeartbeatRequest) => {
        this.#note(address, `heartbeat ${load}`);
        return { known: true, revocations: undefined, ...this.heartbeats.shift() };
      },
      unregister: async ({ nodeId }: discovery.UnregisterRequest) => {
        this.#note(address, `unregister ${nodeId}`);
        return {};
      },
      async *watch(_: unknown, { signal }: { signal: AbortSignal }) {
        hubs.#note(address, 'watch');
        hubs.watching += 1;
        try {
          yield { event: undefined, snapshot: [...hubs.snapshot] };
          await eventually(() => signal.aborted || !hubs.alive.has(address), { timeoutMs: watchMaxMs });
        } finally {
          hubs.watching -= 1;
        }
      },
    };
  }
  count(call: string): number {
    return this.calls.filter((each) => each.startsWith(call)).length;
  }
}

/** Longer than any test here goes on. */
const watchMaxMs = 60_000;

let hubs: Hubs;
let directory: RunningDirectory | undefined;
beforeEach(() => {
  hubs = new Hubs();
});
afterEach(async () => {
  await directory?.close();
  directory = undefined;
});
const open = async (over: Partial<DirectoryOptions> & { readonly world?: World } = {}): Promise<RunningDirectory> => {
  directory = await startDirectory({
    world: new Lan().world('10.0.0.2', '255.255.255.240', fastClock(20)),
    rpc: hubs.rpc,
    telemetry: silentTelemetry(),
    sealer,
    cluster: 'test',
    join: [],
    dnsNames: [],
    broadcast: false,
    onRevocations: () => undefined,
    ...over,
  });
  return directory;
};
const hub = { host: 'hub', port: 1 };

describe('registration', () => {
  test('begins with the announcement, and is renewed with the load', async () => {
    hubs.alive.add('hub:1');
    const running = await open({ join: [hub], load: () => 7 });
    await eventually(() => hubs.count('watch') > 0);
    expect(hubs.count('register')).toBe(0);
    await running.announce(recordOf('data_1'));
    expect(hubs.count('register data_1 hub:1')).toBe(1);
    await eventually(() => hubs.count('heartbeat 7') >= 3);
    expect(hubs.count('register')).toBe(1);
  });
  test('is made again when the discovery node does not know us any more', async () => {
    hubs.alive.add('hub:1');
    const running = await open({ join: [hub] });
    hubs.heartbeats.push({}, { known: false });
    await running.announce(recordOf('data_1'));
    await eventually(() => hubs.count('register') === 2);
  });
  test('is made again when the record changes', async () => {
    hubs.alive.add('hub:1');
    const running = await open({ join: [hub] });
    await running.announce(recordOf('data_1'));
    await running.announce(recordOf('data_1', { endpoints: { ftp: 'x' } }));
    expect(hubs.count('register')).toBe(2);
  });
  test('is made at every discovery node that the table names', async () => {
    for (const address of ['hub:1', 'hub:2']) hubs.alive.add(address);
    hubs.snapshot = [recordOf('discovery_2', { role: 'discovery', address: 'hub:2' })];
    const running = await open({ join: [hub] });
    await running.announce(recordOf('data_1'));
    await eventually(() => hubs.count('register data_1 hub:2') === 1);
  });
  test('of a discovery node begins with itself', async () => {
    hubs.alive.add('own:5');
    const running = await open();
    await running.announce(recordOf('discovery_1', { role: 'discovery', address: 'own:5' }));
    expect(hubs.count('register discovery_1 own:5')).toBe(1);
  });
  test('an announcement that nobody hears ends, and is made good later', async () => {
    const running = await open({ join: [hub] });
    await running.announce(recordOf('data_1'));
    expect(hubs.calls).toEqual([]);
    hubs.alive.add('hub:1');
    await eventually(() => hubs.count('register') === 1);
  });
  test('a node that was told of nobody and looks nowhere waits for nobody', async () => {
    // A clock that stands still: a wait would never end.
    const world = new Lan().world('10.0.0.2', '255.255.255.240', { ...fastClock(1), monotonicMs: () => 0 });
    const running = await open({ world });
    expect(running.isAlone).toBe(true);
    await running.announce(recordOf('data_1'));
    expect(hubs.calls).toEqual([]);
  });
  test.each<[string, Partial<DirectoryOptions>]>([
    ['an address', { join: [hub] }],
    ['names', { dnsNames: ['discovery_1'] }],
    ['the network', { broadcast: true }],
  ])('a node is not alone while it has %s to look at', async (_, over) => {
    expect((await open(over)).isAlone).toBe(false);
  });
  test('ends with a farewell, and then nothing more is said', async () => {
    hubs.alive.add('hub:1');
    const running = await open({ join: [hub] });
    await running.announce(recordOf('data_1'));
    await running.close();
    expect(hubs.calls.at(-1)).toBe('unregister data_1 hub:1');
    expect(hubs.watching).toBe(0);
    const said = hubs.calls.length;
    await running.close();
    expect(hubs.calls).toHaveLength(said);
  });
});

describe('table', () => {
  test('outlives the discovery nodes, and goes on with another of them', async () => {
    hubs.alive.add('hub:1');
    hubs.snapshot = [recordOf('a')];
    const running = await open({ join: [hub, { host: 'hub', port: 2 }] });
    expect((await running.waitFor('data', 60_000)).nodeId).toBe('a');
    hubs.alive.clear();
    await eventually(() => hubs.watching === 0);
    expect(running.nodes('data')).toEqual([recordOf('a')]);
    hubs.snapshot = [recordOf('a'), recordOf('b')];
    hubs.alive.add('hub:2');
    await eventually(() => running.nodes('data').length === 2);
  });
});

describe('revocations', () => {
  test('the union of what the discovery nodes say, told once for each change', async () => {
    hubs.alive.add('hub:1');
    const told: { version: number; ids: readonly string[] }[] = [];
    const running = await open({ join: [hub], onRevocations: (version, ids) => told.push({ version, ids }) });
    hubs.heartbeats.push(
      { revocations: { version: 5, ids: ['b', 'a'] } },
      { revocations: { version: 6, ids: ['a', 'b'] } },
      { revocations: { version: 7, ids: ['a', 'b', 'c'] } },
    );
    await running.announce(recordOf('data_1'));
    await eventually(() => told.length === 2);
    expect(told).toEqual([
      { version: 1, ids: ['a', 'b'] },
      { version: 2, ids: ['a', 'b', 'c'] },
    ]);
  });
});

describe('search', () => {
  const respond = (world: World): Promise<unknown> =>
    startResponder({
      world,
      sealer,
      telemetry: silentTelemetry(),
      cluster: 'test',
      nodeId: 'discovery_1',
      bind: { host: '0.0.0.0', port: discoveryPortDefault },
      address: () => '10.0.0.9:7400',
    });

  test('by name, before anything is broadcast', async () => {
    const lan = new Lan();
    const world = lan.world('10.0.0.2', '255.255.255.240', fastClock(20));
    const asked: string[] = [];
    const resolve = async (name: string): Promise<readonly string[]> => {
      asked.push(name);
      return name === 'discovery_2' ? ['10.9.9.9'] : [];
    };
    hubs.alive.add('10.9.9.9:7400');
    const named = { ...world, network: { ...world.network, resolve } };
    const running = await open({ world: named, dnsNames: ['discovery_1', 'discovery_2'], broadcast: true });
    await running.announce(recordOf('data_1'));
    await eventually(() => hubs.count('register data_1 10.9.9.9:7400') === 1);
    expect(asked.slice(0, 2)).toEqual(['discovery_1', 'discovery_2']);
    expect(lan.sent).toEqual([]);
  });
  test('by broadcast, when the names are not known', async () => {
    const lan = new Lan();
    await respond(lan.world('10.0.0.9', '255.255.255.240'));
    hubs.alive.add('10.0.0.9:7400');
    const running = await open({ world: lan.world('10.0.0.2', '255.255.255.240', fastClock(20)), broadcast: true });
    await running.announce(recordOf('data_1'));
    await eventually(() => hubs.count('register data_1 10.0.0.9:7400') === 1);
  });
  test('by broadcast, while a name service answers nothing', async () => {
    const lan = new Lan();
    await respond(lan.world('10.0.0.9', '255.255.255.240'));
    const world = lan.world('10.0.0.2', '255.255.255.240', fastClock(20));
    let asked = 0;
    const resolve = (): Promise<readonly string[]> => {
      asked += 1;
      return new Promise(() => undefined);
    };
    hubs.alive.add('10.0.0.9:7400');
    const silent = { ...world, network: { ...world.network, resolve } };
    const running = await open({ world: silent, dnsNames: ['discovery_1', 'discovery_2'], broadcast: true });
    await running.announce(recordOf('data_1'));
    await eventually(() => hubs.count('register data_1 10.0.0.9:7400') === 1);
    expect(asked).toBe(1);
  });
  test('not by broadcast on loopback', async () => {
    const lan = new Lan();
    await respond(lan.world('10.0.0.9', '255.255.255.240'));
    const running = await open({ world: lan.world('10.0.0.2', '255.255.255.240', fastClock(200)) });
    // Long enough for several searches at this clock's speed.
    await running.announce(recordOf('data_1'));
    await expect(running.waitFor('data', 20_000)).rejects.toMatchObject({ reason: 'no_node' });
    expect(lan.sent).toEqual([]);
  });
});
