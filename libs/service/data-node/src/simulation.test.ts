/** The data role under power cuts, kills, failing syncs, full and stalled disks: nothing that it acknowledged is lost. */
import { expect, test } from '@jest/globals';
import { equalBytes, type Prng } from '@skerry/kernel';
import { Simulation } from '@skerry/runtime-simulation';
import { CrashableStore, expectReason, seeds } from '@skerry/testing';
import { Owner } from './owner-fixture.ts';
import { drawFaults, Life, machine } from './simulation-fixture.ts';
import type { Sizes } from './start.ts';
import { content } from './test-doubles.ts';

const lifeCount = 6;
const small: Sizes = { checkpointBytes: 150_000, logSegmentBytes: 100_000, packedSegmentSizeBytes: 120_000 };

type Story = { readonly simulation: Simulation; readonly owners: readonly Owner[]; readonly sizes: Sizes };

async function live({ simulation, owners, sizes }: Story, store: CrashableStore, life: Life, last: boolean) {
  const prng = simulation.prng.fork();
  await life.start(store, sizes);
  for (const owner of owners) await owner.enter(life);
  const rounds = last ? 4 : prng.pick([3, 10, 30]);
  const working = Promise.all(owners.map((owner) => owner.work(life, rounds)));
  if (last) {
    await working;
    for (const owner of owners) await owner.check(life);
    expect(await life.tidy()).toEqual({ stages: 0, orphans: 0, damaged: 0 });
  } else {
    const suffering = life.suffer(drawFaults(prng), store);
    await working;
    await Promise.all([life.stop(), suffering]);
  }
  if (!life.ending) await life.stop();
}

/** Lives until each has ended or is cut; gives the trace of all that happened. */
async function play(seed: number): Promise<{ readonly traceHash: number; readonly owners: readonly Owner[] }> {
  const simulation = new Simulation(seed);
  const { prng } = simulation;
  const owners = ['ada', 'bob', 'eve'].map((user) => new Owner(user, prng.fork()));
  const story = { simulation, owners, sizes: prng.chance(0.7) ? small : {} };
  let store = new CrashableStore();
  for (let count = 1; count <= lifeCount; count++) {
    const last = count === lifeCount;
    const life = new Life(simulation);
    const disk = simulation.disk(machine);
    disk.capacityBytes = Infinity;
    disk.failingSyncCount = 0;
    let left = last ? Infinity : prng.between(5, prng.pick([60, 300, 900, 3_000]));
    let over = false;
    const lived = live(story, store, life, last).finally(() => (over = true));
    // A life that is cut off never ends; one that fails does so in the `await` below.
    lived.catch(() => undefined);
    await simulation.run(() => over || left-- <= 0);
    if (over) await lived;
    life.requireNoTrouble();
    end(simulation, prng, over);
    store = store.crash();
  }
  return { traceHash: simulation.traceHash, owners };
}
/** The machine loses its power, or only the process ends. */
function end(simulation: Simulation, prng: Prng, over: boolean): void {
  if (prng.chance(over ? 0.3 : 0.7)) simulation.crash(machine);
  else simulation.kill(machine);
}

const replay = (seed: number): string =>
  `Seed ${seed} fails; to replay it, from the root:\n` +
  `(cd libs/service/data-node && SKERRY_SEED=${seed} node --experimental-vm-modules ` +
  `../../../node_modules/jest/bin/jest.js src/simulation.test.ts)`;

for (const seed of seeds(6))
  test(`what was acknowledged is there, whole, whatever happens to the disk (seed ${seed})`, async () => {
    const { owners } = await play(seed).catch((cause: unknown) => {
      throw new Error(`${replay(seed)}\n${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    });
    expect(owners.reduce((sum, { done }) => sum + done, 0)).toBeGreaterThan(0);
  });

test('the same seed gives the same run, so that a failure can be replayed', async () => {
  const first = await play(3);
  expect((await play(3)).traceHash).toBe(first.traceHash);
});

test('a disk that becomes read-only: what is there can be read, nothing is lost, and no start hides it', async () => {
  const simulation = new Simulation(1);
  let store = new CrashableStore();
  const start = (): Promise<Life> =>
    simulation.complete(async () => {
      const life = new Life(simulation);
      await life.start(store, {});
      return life;
    });
  const bytes = content(300_000);
  const first = await start();
  await simulation.complete(() => first.client('ada').put('/old', bytes));
  simulation.disk(machine).readOnly = true;
  await simulation.complete(async () => {
    const client = first.client('ada');
    await expectReason(client.put('/old', content(200_000, 2)), 'read_only_disk');
    expect(equalBytes(await client.get('/old'), bytes)).toBe(true);
    await expectReason(client.put('/small', content(10)), 'read_only_disk');
    expect(first.ending).toBe(false);
  });
  simulation.disk(machine).readOnly = false;
  await simulation.complete(() => first.client('ada').put('/again', content(10)));
  simulation.disk(machine).readOnly = true;
  simulation.kill(machine);
  store = store.crash();
  await expectReason(start(), 'read_only_disk');
  simulation.kill(machine);
  simulation.disk(machine).readOnly = false;
  store = store.crash();
  const last = await start();
  await simulation.complete(async () => {
    expect(await last.client('ada').names('/')).toEqual(['again', 'old']);
    expect(equalBytes(await last.client('ada').get('/old'), bytes)).toBe(true);
    await last.client('ada').put('/small', content(10));
    await last.stop();
  });
});

test('a node whose disk fails while it stops closes its store all the same', async () => {
  const simulation = new Simulation(1);
  let closed = false;
  const store = new (class extends CrashableStore {
    override async close(): Promise<void> {
      closed = true;
      await super.close();
    }
  })();
  await simulation.complete(async () => {
    const life = new Life(simulation);
    await life.start(store, {});
    await life.client('ada').put('/small', content(10));
    simulation.disk(machine).syncFailureProbability = 1;
    await expectReason(life.stop(), 'disk_failed');
  });
  expect(closed).toBe(true);
});
