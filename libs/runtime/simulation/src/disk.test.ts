import { describe, expect, test } from '@jest/globals';
import { emptyBytes, utf8 } from '@skerry/kernel';
import type { Disk, DiskFile } from '@skerry/runtime-world';
import { expectReason, readDiskFile, seeds } from '@skerry/testing';
import { sectorSizeBytes, Simulation } from './index.ts';

/** Runs `before`, then the power fails, then `after` sees what is left. */
async function acrossCrash(
  seed: number,
  before: (disk: Disk, simulation: Simulation) => Promise<void>,
  after: (disk: Disk, simulation: Simulation) => Promise<void>,
  how: 'crash' | 'kill' = 'crash',
): Promise<void> {
  const simulation = new Simulation(seed);
  await simulation.complete(() => before(simulation.world('node').disk, simulation));
  simulation[how]('node');
  await simulation.complete(() => after(simulation.world('node').disk, simulation));
}
async function create(disk: Disk, path: string, content: Uint8Array = emptyBytes): Promise<DiskFile> {
  const file = await disk.open(path, 'create');
  await file.write([content], 0);
  return file;
}
/** A file that is durable, name and all. */
async function settle(disk: Disk, path: string, content: Uint8Array): Promise<DiskFile> {
  const file = await create(disk, path, content);
  await file.sync();
  await disk.syncDirectory('');
  return file;
}
const sectors = (bytes: Uint8Array): number[] =>
  Array.from({ length: bytes.length / sectorSizeBytes }, (_, i) => bytes[i * sectorSizeBytes] ?? -1);

describe('after a crash', () => {
  for (const seed of seeds(10))
    test(`what was synced is there, seed ${seed}`, () =>
      acrossCrash(
        seed,
        async (disk) => void (await settle(disk, 'a', utf8('durable'))),
        async (disk) => expect(await readDiskFile(disk, 'a')).toEqual(utf8('durable')),
      ));

  test('of what was not synced some sectors are left, each whole', async () => {
    const outcomes = new Set<string>();
    for (const seed of seeds(20))
      await acrossCrash(
        seed,
        async (disk) => {
          const file = await settle(disk, 'a', new Uint8Array(4 * sectorSizeBytes).fill(1));
          await file.write([new Uint8Array(4 * sectorSizeBytes).fill(2)], 0);
        },
        async (disk) => {
          const bytes = await readDiskFile(disk, 'a');
          expect(bytes.every((byte, at) => byte === bytes[at - (at % sectorSizeBytes)])).toBe(true);
          outcomes.add(sectors(bytes).join(''));
        },
      );
    for (const outcome of outcomes) expect(outcome).toMatch(/^[12]{4}$/);
    // Torn in more than one way: not all old, not all new.
    if (seeds(20).length > 1) expect([...outcomes].filter((text) => /12|21/.test(text)).length).toBeGreaterThan(1);
  });
  test('a name that was not synced may be gone, with its file', async () => {
    const found = new Set<number>();
    for (const seed of seeds(20))
      await acrossCrash(
        seed,
        async (disk) => (await create(disk, 'a', utf8('x'))).sync(),
        async (disk) => void found.add((await disk.list('')).length),
      );
    if (seeds(20).length > 1) expect([...found].toSorted()).toEqual([0, 1]);
  });
  for (const seed of seeds(10))
    test(`a rename that was not synced happened whole or not at all, seed ${seed}`, () =>
      acrossCrash(
        seed,
        async (disk) => {
          await settle(disk, 'old', utf8('old'));
          await disk.makeDirectory('d');
          await disk.syncDirectory('');
          await (await create(disk, 'd/new', utf8('new'))).sync();
          await disk.syncDirectory('d');
          await disk.rename('d/new', 'old');
        },
        async (disk) => {
          const now = await readDiskFile(disk, 'old');
          const isNew = now.length === 3 && now[0] === 'n'.charCodeAt(0);
          expect(now).toEqual(utf8(isNew ? 'new' : 'old'));
          if (!isNew) expect(await readDiskFile(disk, 'd/new')).toEqual(utf8('new'));
        },
      ));
  test('after kill -9 all that was written is there: the system has it', () =>
    acrossCrash(
      1,
      async (disk) => {
        await disk.makeDirectory('d');
        await create(disk, 'd/a', utf8('in the page cache'));
      },
      async (disk) => expect(await readDiskFile(disk, 'd/a')).toEqual(utf8('in the page cache')),
      'kill',
    ));
  test('what a dead process began never completes', async () => {
    const simulation = new Simulation(1);
    const { disk, clock } = simulation.world('node');
    const file = await simulation.complete(() => settle(disk, 'a', utf8('kept')));
    const done: string[] = [];
    void file.sync().then(() => done.push('sync'));
    clock.setTimer(1, () => done.push('timer'));
    simulation.crash('node');
    file.writeNow([utf8('lost')], 0);
    void disk.list('').then(() => done.push('list'));
    await simulation.run(1_000);
    expect(done).toEqual([]);
    const content = await simulation.complete(() => readDiskFile(simulation.world('node').disk, 'a'));
    expect(content).toEqual(utf8('kept'));
  });
  for (const seed of seeds(10))
    test(`an allocated file keeps its size, seed ${seed}`, () =>
      acrossCrash(
        seed,
        async (disk) => {
          const file = await settle(disk, 'a', emptyBytes);
          await file.allocate(10_000);
          await file.write([new Uint8Array(2_000).fill(1)], 700);
        },
        async (disk) => {
          const bytes = await readDiskFile(disk, 'a');
          expect(bytes).toHaveLength(10_000);
          expect(bytes.subarray(2_700).every((byte) => byte === 0)).toBe(true);
        },
      ));
});

describe('disk faults', () => {
  for (const seed of seeds(5))
    test(`a failed fsync loses the pages, and a later fsync does not bring them back, seed ${seed}`, () =>
      acrossCrash(
        seed,
        async (disk, simulation) => {
          const file = await settle(disk, 'a', utf8('old'));
          await file.write([utf8('new')], 0);
          simulation.disk('node').failingSyncCount = 1;
          await expectReason(file.sync(), 'disk_failed');
          await expectReason(file.sync(), 'disk_failed');
          await expectReason(file.write([utf8('x')], 0), 'disk_failed');
          const again = await disk.open('a', 'write');
          await again.sync();
          expect(await readDiskFile(disk, 'a')).toEqual(utf8('new'));
        },
        async (disk) => expect(await readDiskFile(disk, 'a')).toEqual(utf8('old')),
      ));

  const row = (rule: string, body: (disk: Disk, simulation: Simulation) => Promise<void>): void =>
    test(rule, () => {
      const simulation = new Simulation(1);
      const { disk } = simulation.world('node');
      return simulation.complete(() => body(disk, simulation));
    });
  row('a full disk refuses to grow, and still overwrites', async (disk, simulation) => {
    const file = await create(disk, 'a', new Uint8Array(1_000));
    simulation.disk('node').capacityBytes = 1_500;
    await expectReason(file.write([new Uint8Array(600)], 1_000), 'disk_full');
    await expectReason(file.allocate(2_000), 'disk_full');
    await file.write([new Uint8Array(1_000)], 0);
    await file.write([new Uint8Array(500)], 1_000);
    await disk.remove('a');
    await create(disk, 'b', new Uint8Array(1_500));
  });
  row('a read-only disk is read, not changed', async (disk, simulation) => {
    const file = await create(disk, 'a', utf8('kept'));
    simulation.disk('node').readOnly = true;
    await expectReason(disk.open('b', 'create'), 'read_only_disk');
    await expectReason(disk.open('a', 'write'), 'read_only_disk');
    await expectReason(disk.remove('a'), 'read_only_disk');
    await expectReason(disk.rename('a', 'b'), 'read_only_disk');
    await expectReason(disk.makeDirectory('d'), 'read_only_disk');
    await expectReason(file.write([utf8('x')], 0), 'read_only_disk');
    expect(await readDiskFile(disk, 'a')).toEqual(utf8('kept'));
  });
  row('a rotten bit is read as it is', async (disk, simulation) => {
    await create(disk, 'a', new Uint8Array(100));
    simulation.rotBit('node', 'a');
    const changed = (await readDiskFile(disk, 'a')).filter((byte) => byte !== 0);
    expect(changed).toHaveLength(1);
    expect([1, 2, 4, 8, 16, 32, 64, 128]).toContain(changed[0]);
  });
  row('a stalled disk completes nothing until the stall is over', async (disk, simulation) => {
    const file = await create(disk, 'a', utf8('x'));
    simulation.stallDisk('node', 5_000);
    const start = simulation.nowMs;
    await file.sync();
    expect(simulation.nowMs - start).toBeGreaterThanOrEqual(5_000);
  });
});
