/** The schema of a node over its lives: what was acknowledged is there, and nothing damaged or foreign is read. */
import { expect, test } from '@jest/globals';
import { crc32c, fromUtf8, StatusError } from '@skerry/kernel';
import { Simulation } from '@skerry/runtime-simulation';
import type { Disk } from '@skerry/runtime-world';
import { Catalog, findTable } from './catalog.ts';
import { keyspaceDocuments } from './document.ts';
import type { CatalogPlace } from './catalog-file.ts';
import { add, contextOf, keyspace, md5, sample, table } from './fixture.ts';

const path = 'catalog/schema.skerry';
const placeOf = (simulation: Simulation): CatalogPlace => ({
  disk: simulation.world('node').disk,
  checksum: crc32c,
  directory: 'catalog',
});
const within = <T>(simulation: Simulation, work: () => Promise<T>): Promise<T> => simulation.complete(work);

test('what was acknowledged is there in the next life', async () => {
  const simulation = new Simulation(1);
  const before = await within(simulation, async () => {
    const catalog = await Catalog.open(placeOf(simulation), md5);
    for (const statement of sample) expect((await catalog.execute(statement, contextOf())).ok).toBe(true);
    return catalog.snapshot;
  });
  simulation.crash('node');
  await within(simulation, async () => {
    const { snapshot } = await Catalog.open(placeOf(simulation), md5);
    expect(snapshot.version).toBe(before.version);
    expect(snapshot.nextNumber).toBe(before.nextNumber);
    expect(keyspaceDocuments(snapshot.keyspaces)).toEqual(keyspaceDocuments(before.keyspaces));
    expect(findTable(snapshot, 'ks', 'users')).toEqual(findTable(before, 'ks', 'users'));
  });
});

test('statements that come together are executed one behind the other', async () => {
  const simulation = new Simulation(2);
  await within(simulation, async () => {
    const catalog = await Catalog.open(placeOf(simulation), md5);
    const results = await Promise.all([
      catalog.execute(keyspace('ks'), contextOf()),
      catalog.execute(table('t', 'k int PRIMARY KEY'), contextOf()),
      catalog.execute(table('t', 'k int PRIMARY KEY'), contextOf()),
      catalog.execute(add('t', 'v int'), contextOf()),
    ]);
    expect(results.map(({ ok }) => ok)).toEqual([true, true, false, true]);
    expect(findTable(catalog.snapshot, 'ks', 't')!.version).toBe(2);
  });
});

async function bytesOf({ disk }: CatalogPlace): Promise<Uint8Array> {
  const file = await disk.open(path, 'read');
  const bytes = new Uint8Array(await file.sizeBytes());
  await file.read(bytes, 0);
  await file.close();
  return bytes;
}
async function overwrite({ disk }: CatalogPlace, at: number, bytes: Uint8Array): Promise<void> {
  const file = await disk.open(path, 'write');
  await file.write([bytes], at);
  await file.close();
}

test.each([
  ['a newer format', 4, Uint8Array.of(0, 0, 0, 2), 'format_newer'],
  ['another beginning', 0, Uint8Array.of(0), 'corrupt'],
  ['another length', 8, Uint8Array.of(1), 'corrupt'],
  ['a bit of the payload', 40, Uint8Array.of(0xff), 'corrupt'],
])('%s is refused, and the file left as it is', async (_, at, bytes, reason) => {
  const simulation = new Simulation(3);
  await within(simulation, async () => {
    const place = placeOf(simulation);
    const catalog = await Catalog.open(place, md5);
    await catalog.execute(keyspace('ks'), contextOf());
    await overwrite(place, at, bytes);
    const damaged = await bytesOf(place);
    await expect(Catalog.open(place, md5)).rejects.toMatchObject({ reason });
    expect(await bytesOf(place)).toEqual(damaged);
  });
});

test('a statement that is refused writes nothing', async () => {
  const simulation = new Simulation(4);
  await within(simulation, async () => {
    const place = placeOf(simulation);
    const catalog = await Catalog.open(place, md5);
    expect((await catalog.execute(table('no.t', 'k int PRIMARY KEY'), contextOf())).ok).toBe(false);
    expect(await place.disk.sizeBytes(path)).toBeUndefined();
  });
});

test('when the disk fails nothing has changed, and the next statement finds all as it was', async () => {
  const simulation = new Simulation(5);
  await within(simulation, async () => {
    const place = placeOf(simulation);
    const { disk } = place;
    let isFull = false;
    const failing: Disk = {
      open: (of, mode) => disk.open(of, mode),
      rename: (from, to) => (isFull ? Promise.reject(new StatusError('disk_full', 'no space')) : disk.rename(from, to)),
      remove: (of) => disk.remove(of),
      list: (of) => disk.list(of),
      makeDirectory: (of) => disk.makeDirectory(of),
      syncDirectory: (of) => disk.syncDirectory(of),
      sizeBytes: (of) => disk.sizeBytes(of),
    };
    const catalog = await Catalog.open({ ...place, disk: failing }, md5);
    const { snapshot } = catalog;
    isFull = true;
    await expect(catalog.execute(keyspace('ks'), contextOf())).rejects.toMatchObject({ reason: 'disk_full' });
    expect(catalog.snapshot).toBe(snapshot);
    isFull = false;
    expect((await catalog.execute(keyspace('ks'), contextOf())).ok).toBe(true);
    expect(fromUtf8((await bytesOf(place)).subarray(16))).toContain('"name":"ks"');
  });
});

test('a crash at any moment leaves what was acknowledged, and of the rest all or nothing', async () => {
  const cut = new Set<number>();
  for (let seed = 0; seed < 60; seed++) {
    const simulation = new Simulation(seed);
    const acknowledged: string[] = [];
    const names = ['a', 'b', 'c', 'd', 'e', 'f'];
    let isOver = false;
    const writing = async (): Promise<void> => {
      const catalog = await Catalog.open(placeOf(simulation), md5);
      for (const of of names) {
        await catalog.execute(keyspace(of), contextOf());
        acknowledged.push(of);
      }
      isOver = true;
    };
    // It never ends when its machine crashes under it.
    void writing();
    let events = seed;
    await simulation.run(() => isOver || events-- <= 0);
    cut.add(acknowledged.length);
    simulation.crash('node');
    await within(simulation, async () => {
      const { snapshot } = await Catalog.open(placeOf(simulation), md5);
      const there = names.filter((of) => snapshot.keyspaces.has(of));
      expect(there.slice(0, acknowledged.length)).toEqual(acknowledged);
      expect(there).toEqual(names.slice(0, there.length));
    });
  }
  expect(cut.size).toBeGreaterThan(3);
});
