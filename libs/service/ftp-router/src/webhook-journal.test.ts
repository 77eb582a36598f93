import { describe, expect, test } from '@jest/globals';
import { fromUtf8, utf8 } from '@skerry/kernel';
import { Simulation } from '@skerry/runtime-simulation';
import type { Disk } from '@skerry/runtime-world';
import { readDiskFile, seeds } from '@skerry/testing';
import { WebhookJournal } from './webhook-journal.ts';
import { type Delivery, readLines } from './webhook-lines.ts';

const [node, path, url] = ['node', 'webhooks.jsonl', 'http://a/'];
const delivery = (id: string, body = '{}'): Delivery => ({ id, kind: 'upload', body });
const opened = (disk: Disk, failures: unknown[] = []): ReturnType<typeof WebhookJournal.open> =>
  WebhookJournal.open(disk, path, (error) => failures.push(error));
const idsOf = (before: ReadonlyMap<string, readonly Delivery[]>): string[] =>
  (before.get(url) ?? []).map(({ id }) => id);

/** What a life of the journal may rely on. */
class Known {
  readonly added = new Set<string>();
  readonly settled = new Set<string>();
  readonly over = new Set<string>();
}
let counter = 0;
async function live(simulation: Simulation, known: Known): Promise<void> {
  const { prng } = simulation;
  const { journal, before } = await opened(simulation.world(node).disk);
  const found = idsOf(before);
  for (const id of found) expect(known.added.has(id)).toBe(true);
  for (const id of known.settled) if (!known.over.has(id)) expect(found).toContain(id);
  // A second time in order, and each once.
  expect(found).toEqual([...new Set(found)].toSorted((a, b) => Number(a) - Number(b)));
  for (;;) {
    const fresh: string[] = [];
    for (let i = prng.between(1, 5); i > 0; i--) {
      const id = String((counter += 1));
      known.added.add(id);
      fresh.push(id);
      journal.add(url, delivery(id, 'x'.repeat(prng.pick([0, 400, 400, 9_000, 120_000]))));
    }
    for (const id of [...known.settled]) {
      if (known.over.has(id) || prng.chance(0.3)) continue;
      known.over.add(id);
      journal.over(url, id);
    }
    if (await journal.settled()) for (const id of fresh) known.settled.add(id);
  }
}

describe('the journal of webhooks', () => {
  for (const seed of seeds(8))
    test(`power cuts at any point lose nothing that was settled, seed ${seed}`, async () => {
      const simulation = new Simulation(seed);
      const known = new Known();
      for (let lives = 0; lives < 6; lives++) {
        let left = simulation.prng.between(5, simulation.prng.pick([20, 60, 200]));
        const failed: unknown[] = [];
        // A life that is cut off never ends.
        live(simulation, known).catch((thrown: unknown) => failed.push(thrown));
        await simulation.run(() => failed.length > 0 || left-- <= 0);
        expect(failed).toEqual([]);
        simulation.crash(node);
      }
      expect(known.settled.size).toBeGreaterThan(0);
    });

  test('a disk that fails is told once, and what waited meanwhile is kept when it works again', async () => {
    const simulation = new Simulation(3);
    const failures: unknown[] = [];
    const { disk } = simulation.world(node);
    const { journal } = await simulation.complete(() => opened(disk, failures));
    const settled = async (id: string): Promise<boolean> => {
      journal.add(url, delivery(id));
      return simulation.complete(() => journal.settled());
    };
    expect(await settled('1')).toBe(true);
    simulation.disk(node).failingSyncCount = 2;
    expect([await settled('2'), await settled('3'), failures.length]).toEqual([false, false, 1]);
    expect(await settled('4')).toBe(true);
    simulation.crash(node);
    const { before } = await simulation.complete(() => opened(simulation.world(node).disk));
    expect(idsOf(before)).toEqual(['1', '2', '3', '4']);
  });
  test('the file stays short, however many come and go', async () => {
    const simulation = new Simulation(4);
    const { disk } = simulation.world(node);
    const { journal } = await simulation.complete(() => opened(disk));
    const body = 'x'.repeat(10_000);
    journal.add(url, delivery('stays', body));
    for (let i = 0; i < 500; i++) {
      journal.add(url, delivery(String(i), body));
      journal.over(url, String(i));
      if (i % 20 === 0) await simulation.complete(() => journal.settled());
    }
    await simulation.complete(() => journal.close());
    expect(await simulation.complete(() => disk.sizeBytes(path))).toBeLessThan(1_600_000);
    expect(idsOf((await simulation.complete(() => opened(disk))).before)).toEqual(['stays']);
  });
  test('more than may wait for the disk is not lost to it', async () => {
    const simulation = new Simulation(5);
    const { journal } = await simulation.complete(() => opened(simulation.world(node).disk));
    const body = 'x'.repeat(1_000_000);
    for (let i = 0; i < 9; i++) journal.add(url, delivery(String(i), body));
    expect(await simulation.complete(() => journal.settled())).toBe(true);
    simulation.crash(node);
    const { before } = await simulation.complete(() => opened(simulation.world(node).disk));
    expect(idsOf(before)).toEqual(['0', '1', '2', '3', '4', '5', '6', '7', '8']);
  });
  test('an end alone costs no sync', async () => {
    const simulation = new Simulation(6);
    const { disk } = simulation.world(node);
    const { journal } = await simulation.complete(() => opened(disk));
    journal.add(url, delivery('1'));
    await simulation.complete(() => journal.settled());
    // It would fail.
    simulation.disk(node).failingSyncCount = 1;
    journal.over(url, '1');
    expect(await simulation.complete(() => journal.settled())).toBe(true);
    const text = fromUtf8(await simulation.complete(() => readDiskFile(disk, path))) ?? '';
    expect([...readLines(text)]).toEqual([[url, []]]);
  });
  test.each([
    ['half a line', `{"url":"${url}","id":"2","ki`],
    ['zeros', '\0'.repeat(100)],
    ['another language', '{"url":1}\n[]\n7\n'],
  ])('%s at the end takes nothing else with it', async (_, rest) => {
    const simulation = new Simulation(7);
    const { disk } = simulation.world(node);
    await simulation.complete(async () => {
      const file = await disk.open(path, 'create');
      await file.write([utf8(`{"url":"${url}","id":"1","kind":"upload","body":"{}"}\n${rest}`)], 0);
      await file.close();
    });
    expect(idsOf((await simulation.complete(() => opened(disk))).before)).toEqual(['1']);
  });
});
