import { expectReason, seeds } from '@skerry/testing';
import { expect, test } from '@jest/globals';
import { fromUtf8, type Prng, type StatusError, utf8 } from '@skerry/kernel';
import { Simulation } from '@skerry/runtime-simulation';
import { Wal } from './index.ts';

/** What a log must hold, as its callers know it, over many lives. */
class Known {
  /** By position; index 0 is unused. What was acknowledged, or found at a start. */
  texts: string[] = [''];
  /** By position: what was tried there and is not acknowledged. */
  readonly tried = new Map<number, Set<string>>();
  /** Positions up to this one may have been cut away. */
  cutUpTo = 0;
  /** Set while a truncation runs: what is behind it may be there or not. */
  truncatingTo = Infinity;

  get last(): number {
    return this.texts.length - 1;
  }
  /** Nothing acknowledged is missing or changed, nothing is there that nobody wrote. */
  check(first: number, found: readonly string[]): void {
    expect(first).toBeLessThan(this.cutUpTo + 2);
    const wanted = this.texts.slice(first, Math.min(this.last, this.truncatingTo) + 1);
    expect(found.slice(0, wanted.length)).toEqual(wanted);
    found.forEach((text, i) => {
      const position = first + i;
      if (this.texts[position] !== text) expect([...(this.tried.get(position) ?? [])]).toContain(text);
    });
    this.texts = [...this.texts.slice(0, first), ...found];
    this.truncatingTo = Infinity;
    this.tried.clear();
  }
}

type Life = { readonly simulation: Simulation; readonly known: Known; readonly prng: Prng; readonly final: boolean };
const node = 'node';

async function live({ simulation, known, prng, final }: Life): Promise<void> {
  const { wal } = await Wal.open({
    world: simulation.world(node),
    directory: 'group/log',
    segmentSizeBytes: prng.pick([600, 2_000, 8_000]),
    allocationStepBytes: prng.pick([512, 1_000, 4_096]),
  });
  const found: string[] = [];
  for await (const { bytes } of wal.read(wal.firstPosition)) found.push(fromUtf8(bytes) ?? '');
  known.check(wal.firstPosition, found);
  for (;;) {
    const choice = prng.below(20);
    if (choice < 14) await appendSome(wal, { simulation, known, prng, final });
    else if (choice < 16) {
      const before = prng.between(wal.firstPosition, wal.lastPosition + 1);
      known.cutUpTo = Math.max(known.cutUpTo, before - 1);
      await wal.cut(before);
    } else if (choice < 18 && wal.lastPosition >= wal.firstPosition)
      await truncate(wal, { simulation, known, prng, final });
    else if (choice === 18 && prng.chance(final ? 0.8 : 0.3)) return wal.close();
  }
}
let counter = 0;
async function appendSome(wal: Wal, { simulation, known, prng }: Life): Promise<void> {
  const disk = simulation.disk(node);
  if (prng.chance(0.05)) disk.capacityBytes = disk.usedBytes() + prng.below(3_000);
  else if (prng.chance(0.3)) disk.capacityBytes = Infinity;
  const one = async (): Promise<void> => {
    // Often of a sector's size: what a crash left behind then lies exactly where a successor is looked for.
    const text = `record ${String(counter++).padStart(6, '0')}`.padEnd(prng.pick([13, 488, 488, 488, 900]), '-');
    let at = 0;
    try {
      const position = await wal.appendEncoded(text.length, (given) => {
        at = given;
        known.tried.set(at, (known.tried.get(at) ?? new Set()).add(text));
        return utf8(text);
      });
      expect(position).toBe(known.texts.length);
      known.texts.push(text);
    } catch (thrown) {
      if ((thrown as StatusError).reason !== 'disk_full') throw thrown;
      known.tried.get(at)?.delete(text);
    }
  };
  await Promise.all(Array.from({ length: prng.pick([1, 1, 3, 9]) }, one));
}
async function truncate(wal: Wal, { simulation, known, prng }: Life): Promise<void> {
  const to = prng.between(wal.firstPosition - 1, wal.lastPosition);
  known.truncatingTo = to;
  simulation.disk(node).capacityBytes = Infinity;
  await wal.truncateAfter(to);
  known.texts.length = to + 1;
  known.truncatingTo = Infinity;
  known.tried.clear();
}

for (const seed of seeds(30))
  test(`power cuts at any point lose nothing acknowledged and bring nothing back (seed ${seed})`, async () => {
    const simulation = new Simulation(seed);
    const known = new Known();
    const prng = simulation.prng.fork();
    let crashes = 0;
    for (let lives = 0; lives < 10; lives++) {
      const final = lives === 9;
      let left = final ? Infinity : prng.between(3, prng.pick([12, 25, 80, 300]));
      let over = false;
      simulation.world(node);
      simulation.disk(node).capacityBytes = Infinity;
      const life = live({ simulation, known, prng, final }).finally(() => (over = true));
      // A life that is cut off never ends; one that fails does so in the `await` below.
      life.catch(() => undefined);
      await simulation.run(() => over || left-- <= 0);
      if (over) await life;
      else crashes += 1;
      simulation.crash(node);
    }
    expect(crashes).toBeGreaterThan(0);
  });

test('records that a failed sync left readable survive a power cut once the next process has read them', async () => {
  const simulation = new Simulation(9);
  const open = async (): Promise<Wal> =>
    (await Wal.open({ world: simulation.world(node), directory: 'log', allocationStepBytes: 4_096 })).wal;
  const first = await simulation.complete(open);
  await simulation.complete(() => first.append(utf8('acknowledged')));
  simulation.disk(node).failingSyncCount = 1;
  await simulation.complete(() => expectReason(first.append(utf8('unknown'.padEnd(900, '-'))), 'disk_failed'));
  simulation.kill(node);
  const second = await simulation.complete(open);
  // Whoever opens the log acts on them: what comes behind must not outlive them.
  expect(second.lastPosition).toBe(2);
  await simulation.complete(() => second.append(utf8('behind')));
  simulation.crash(node);
  const third = await simulation.complete(open);
  expect(third.lastPosition).toBe(3);
});

for (const seed of [1, 2, 3, 4, 5])
  test(`a name that a killed process has not synced survives a power cut in the next life (seed ${seed})`, async () => {
    const simulation = new Simulation(seed);
    const open = async (): Promise<Wal> =>
      (await Wal.open({ world: simulation.world(node), directory: 'log', allocationStepBytes: 4_096 })).wal;
    const isNamed = (): boolean => {
      const directory = simulation.disk(node).root.entries.get('log');
      return directory?.kind === 'directory' && directory.entries.has('0000000000000001.wal');
    };
    // Killed in the middle of its start: this one never ends.
    void open();
    await simulation.run(isNamed);
    simulation.kill(node);
    const second = await simulation.complete(open);
    await simulation.complete(() => second.append(utf8('acknowledged')));
    simulation.crash(node);
    expect((await simulation.complete(open)).lastPosition).toBe(1);
  });
