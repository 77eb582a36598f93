import { temporaryDirectory } from '@skerry/testing/node';
import { eventually, expectReason } from '@skerry/testing';
import { existsSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  BlobId,
  concatBytes,
  MemoryStore,
  type OrderedReader,
  StatusError,
  prefixedReader,
  prefixedWriter,
  utf8,
} from '@skerry/kernel';
import { nodeWorld } from '@skerry/runtime-node';
import { Simulation } from '@skerry/runtime-simulation';
import { frameSizeBytes, headerSizeBytes } from './format.ts';
import { type BlobsOptions, type BlobStore, openBlobs, smallSizeMaxBytes } from './index.ts';

const id = (n: number): BlobId => BlobId(n.toString(16).padStart(32, '0'));
const prefix = utf8('l/');

/** A node's disk and store, over several lives. */
class Node {
  readonly root = temporaryDirectory();
  readonly store = new MemoryStore();
  readonly events: string[] = [];
  readonly world = nodeWorld(this.root);
  get local(): OrderedReader {
    return prefixedReader(this.store, prefix);
  }
  open(more: Partial<BlobsOptions> = {}): Promise<BlobStore> {
    return openBlobs({
      world: this.world,
      directory: 'content',
      telemetry: { emit: ({ event }) => this.events.push(event) },
      local: () => this.local,
      changeLocal: (body) => this.store.transaction((writer) => body(prefixedWriter(writer, prefix))),
      flushLocal: () => this.store.flush(),
      ...more,
    });
  }
  put(blobs: BlobStore, blob: BlobId, content: Uint8Array): void {
    this.store.transaction((writer) => blobs.putSmall(blob, content, prefixedWriter(writer, prefix)));
  }
  forget(blobs: BlobStore, blob: BlobId): void {
    this.store.transaction((writer) => blobs.forget(blob, prefixedWriter(writer, prefix)));
  }
  path(blob: BlobId, published = true): string {
    return join(this.root, 'content', ...(published ? ['blobs', blob.slice(0, 2)] : ['staging']), blob);
  }
  packed(): string[] {
    return readdirSync(join(this.root, 'content/packed')).map((name) => join(this.root, 'content/packed', name));
  }
}
/** Bytes that differ from place to place. */
const pattern = (length: number, from = 0): Uint8Array => {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = ((from + i) * 2_654_435_761) >>> 24;
  return bytes;
};
const collect = async (blobs: BlobStore, blob: BlobId, offset: number, length: number): Promise<Uint8Array> => {
  const parts: Uint8Array[] = [];
  for await (const part of blobs.read(blob, { offset, length }, { reuseBuffers: true })) parts.push(part.slice());
  return concatBytes(parts);
};
const same = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;
const publish = async (blobs: BlobStore, blob: BlobId, content: Uint8Array): Promise<void> => {
  const writer = await blobs.create(blob);
  await writer.write(content);
  await writer.publish();
};
const flip = (file: string, at: number): void => {
  const bytes = readFileSync(file);
  bytes[at] = (bytes[at] ?? 0) ^ 4;
  writeFileSync(file, bytes);
};

describe('a large blob', () => {
  for (const length of [0, 1, frameSizeBytes - 1, frameSizeBytes, frameSizeBytes + 1, 5 * frameSizeBytes + 77])
    test(`of ${length} bytes comes back whole, and any range of it`, async () => {
      const node = new Node();
      const blobs = await node.open();
      const content = pattern(length);
      await publish(blobs, id(1), content);
      expect(same(await collect(blobs, id(1), 0, length), content)).toBe(true);
      for (const [from, to] of [
        [0, 1],
        [length - 1, length],
        [Math.floor(length / 3), Math.floor(length / 2)],
      ] as const)
        if (from >= 0 && to <= length)
          expect(same(await collect(blobs, id(1), from, to - from), content.subarray(from, to))).toBe(true);
      await blobs.close();
    });
  test('is the same however it was written: pieces, syncs, suspensions', async () => {
    const node = new Node();
    const blobs = await node.open();
    let next = 100;
    const step = fc.record({
      size: fc.oneof(fc.nat(3_000), fc.integer({ min: frameSizeBytes - 9, max: frameSizeBytes + 9 })),
      after: fc.constantFrom('go on', 'sync', 'suspend', 'read'),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 8 }), async (steps) => {
        const blob = id(next++);
        let writer = await blobs.create(blob);
        let length = 0;
        for (const { size, after } of steps) {
          await writer.write(pattern(size, length));
          length += size;
          if (after === 'sync') expect(await writer.sync()).toBe(length);
          if (after === 'read') expect(same(await collect(blobs, blob, 0, length), pattern(length))).toBe(true);
          if (after === 'suspend') {
            await writer.suspend();
            writer = await blobs.resume(blob, length);
          }
          expect(writer.length).toBe(length);
        }
        await writer.publish();
        expect(same(await collect(blobs, blob, 0, length), pattern(length))).toBe(true);
      }),
      { numRuns: 25 },
    );
    await blobs.close();
  });
  test('has no name but a stage before it is published, and none after it was discarded', async () => {
    const node = new Node();
    const blobs = await node.open();
    const writer = await blobs.create(id(1));
    await writer.write(pattern(10));
    await expectReason(blobs.create(id(1)), 'entry_exists');
    expect(existsSync(node.path(id(1)))).toBe(false);
    await writer.discard();
    expect(existsSync(node.path(id(1), false))).toBe(false);
    await expectReason(collect(blobs, id(1), 0, 1), 'no_such_entry');
    await publish(blobs, id(1), pattern(10));
    await expectReason(blobs.create(id(1)), 'entry_exists');
    await blobs.close();
  });
  test('a write that is still waiting when its writer is discarded is cancelled', async () => {
    const node = new Node();
    const blobs = await node.open();
    const writer = await blobs.create(id(1));
    const waiting = writer.write(new Uint8Array(40 * 1024 * 1024));
    await Promise.all([expectReason(waiting, 'cancelled'), writer.discard()]);
    await blobs.close();
  });
  test('writing goes on while a sync runs', async () => {
    const node = new Node();
    const blobs = await node.open();
    const writer = await blobs.create(id(1));
    const syncs: Promise<number>[] = [];
    const total = 60;
    const size = 50_000;
    for (let i = 0; i < total; i++) {
      await writer.write(pattern(size, i * size));
      if (i % 7 === 0) syncs.push(writer.sync());
    }
    await Promise.all(syncs);
    await writer.publish();
    expect(same(await collect(blobs, id(1), 0, total * size), pattern(total * size))).toBe(true);
    await blobs.close();
  });
  test('is listed with its length, published or not', async () => {
    const node = new Node();
    const blobs = await node.open();
    await publish(blobs, id(1), pattern(300_000));
    const stage = await blobs.create(id(2));
    await stage.write(pattern(70_000));
    await stage.suspend();
    const found = [];
    for await (const each of blobs.list()) found.push(each);
    expect(found).toEqual([
      { id: id(1), published: true, lengthBytes: 300_000 },
      { id: id(2), published: false, lengthBytes: 70_000 },
    ]);
    await blobs.close();
  });
});

describe('a stage after a crash', () => {
  /** A stage with `durable` bytes synced and more behind them, torn as told. */
  const torn = async (durable: number, more: number, tear: (file: string) => void): Promise<[Node, BlobStore]> => {
    const node = new Node();
    const blobs = await node.open();
    const writer = await blobs.create(id(1));
    await writer.write(pattern(durable));
    await writer.sync();
    await writer.write(pattern(more, durable + 1_000));
    await writer.suspend();
    tear(node.path(id(1), false));
    return [node, blobs];
  };
  const durable = frameSizeBytes + 1_000;
  const dataAt = headerSizeBytes + frameSizeBytes + 4;
  for (const [what, tear] of [
    ['nothing more was lost', (): void => undefined],
    ['the last checksum was lost', (file: string): void => flip(file, statSync(file).size - 2)],
    ['all behind was lost', (file: string): void => truncateSync(file, dataAt + 1_000)],
    ['what was durable lost its old checksum', (file: string): void => truncateSync(file, dataAt + 1_300)],
  ] as const)
    test(`goes on where it was durable: ${what}`, async () => {
      const [, blobs] = await torn(durable, 500, tear);
      const writer = await blobs.resume(id(1), durable);
      await writer.write(pattern(frameSizeBytes, durable));
      await writer.publish();
      const total = durable + frameSizeBytes;
      expect(same(await collect(blobs, id(1), 0, total), pattern(total))).toBe(true);
      await blobs.close();
    });
  test('is refused when durable bytes are damaged', async () => {
    const [, blobs] = await torn(durable, 500, (file) => flip(file, dataAt + 500));
    await expectReason(blobs.resume(id(1), durable), 'corrupt');
    await blobs.close();
  });
  test('is refused when it is shorter than what was durable', async () => {
    const [, blobs] = await torn(durable, 500, (file) => truncateSync(file, dataAt));
    await expectReason(blobs.resume(id(1), durable), 'corrupt');
    await expectReason(blobs.resume(id(9), 0), 'no_such_entry');
    await blobs.close();
  });
});

describe('damage', () => {
  test('any flipped byte of a file is found before a wrong byte is given, file and offset named', async () => {
    const node = new Node();
    const blobs = await node.open();
    const content = pattern(2 * frameSizeBytes + 100);
    await publish(blobs, id(1), content);
    const file = node.path(id(1));
    const image = readFileSync(file);
    await fc.assert(
      fc.asyncProperty(fc.nat(image.length - 1), fc.integer({ min: 1, max: 255 }), async (at, change) => {
        const bytes = Buffer.from(image);
        bytes[at] = (bytes[at] ?? 0) ^ change;
        writeFileSync(file, bytes);
        let given = 0;
        try {
          for await (const part of blobs.read(id(1), { offset: 0, length: content.length })) {
            expect(same(part, content.subarray(given, given + part.length))).toBe(true);
            given += part.length;
          }
          expect(given).toBe(content.length);
        } catch (thrown) {
          expect(thrown).toMatchObject({ name: 'StatusError', message: expect.stringContaining(id(1)) });
          expect(String(thrown)).toMatch(/at \d+|format/);
        }
      }),
      { numRuns: 60 },
    );
    await blobs.close();
  });
  test('a file that lost its end is corrupt, not shorter', async () => {
    const node = new Node();
    const blobs = await node.open();
    await publish(blobs, id(1), pattern(frameSizeBytes + 10));
    truncateSync(node.path(id(1)), headerSizeBytes + frameSizeBytes + 4);
    await expectReason(collect(blobs, id(1), 0, frameSizeBytes + 10), 'corrupt');
    await blobs.close();
  });
  test('a scrub names what is damaged, large and small, and nothing else', async () => {
    const node = new Node();
    const blobs = await node.open();
    for (const n of [1, 2, 3]) await publish(blobs, id(n), pattern(1_000, n));
    for (const n of [4, 5]) node.put(blobs, id(n), utf8(`small ${n}`));
    flip(node.path(id(2)), headerSizeBytes + 10);
    const file = node.packed()[0] ?? '';
    flip(file, readFileSync(file).indexOf('small 5'));
    const found = [];
    for await (const each of blobs.scrub()) found.push([each.id, (each.error as { reason?: string }).reason]);
    expect(found).toEqual([
      [id(2), 'corrupt'],
      [id(5), 'corrupt'],
    ]);
    await blobs.close();
  });
});

describe('small contents', () => {
  test('come back after a restart; the same id again changes nothing', async () => {
    const node = new Node();
    const first = await node.open();
    node.put(first, id(1), utf8('one'));
    node.put(first, id(2), utf8(''));
    node.put(first, id(1), utf8('one'));
    await first.sync();
    await first.close();
    const blobs = await node.open();
    expect(same(await collect(blobs, id(1), 1, 2), utf8('ne'))).toBe(true);
    expect(await collect(blobs, id(2), 0, 0)).toHaveLength(0);
    await expectReason(collect(blobs, id(1), 0, 4), 'corrupt');
    await expectReason(blobs.create(id(1)), 'entry_exists');
    expect(statSync(node.packed()[0] ?? '').size).toBe(2 * 24 + 3);
    await blobs.close();
  });
  test('what a crash left behind the known end is written over, and the log brings it again', async () => {
    const node = new Node();
    const first = await node.open();
    node.put(first, id(1), utf8('kept'));
    // In the file, but its transaction was lost.
    expect(() =>
      node.store.transaction((writer) => {
        first.putSmall(id(2), utf8('lost and longer'), prefixedWriter(writer, prefix));
        throw new Error('crash');
      }),
    ).toThrow('crash');
    await first.close();
    const blobs = await node.open();
    await expectReason(collect(blobs, id(2), 0, 1), 'no_such_entry');
    node.put(blobs, id(2), utf8('again'));
    expect(same(await collect(blobs, id(1), 0, 4), utf8('kept'))).toBe(true);
    expect(same(await collect(blobs, id(2), 0, 5), utf8('again'))).toBe(true);
    await blobs.close();
  });
  test('a segment that is over half dead is compacted; what lives stays readable, also after a restart', async () => {
    const node = new Node();
    const blobs = await node.open({ packedSegmentSizeBytes: 4_096 });
    let count = 0;
    while (node.packed().length < 6) {
      count += 1;
      node.put(blobs, id(count), pattern(500, count));
      // The next segment is made beside.
      await new Promise((resolve) => setImmediate(resolve));
    }
    const before = node.packed().length;
    for (let n = 1; n <= count; n++) if (n % 4 !== 0) node.forget(blobs, id(n));
    await eventually(() => node.packed().length < before - 1);
    for (let n = 4; n <= count; n += 4) expect(same(await collect(blobs, id(n), 0, 500), pattern(500, n))).toBe(true);
    await blobs.close();
    const again = await node.open({ packedSegmentSizeBytes: 4_096 });
    for (let n = 4; n <= count; n += 4) expect(same(await collect(again, id(n), 0, 500), pattern(500, n))).toBe(true);
    expect(node.events).toEqual([]);
    await again.close();
  });
  test('may have up to 64 KiB', async () => {
    const node = new Node();
    const blobs = await node.open();
    node.put(blobs, id(1), pattern(smallSizeMaxBytes));
    expect(same(await collect(blobs, id(1), 0, smallSizeMaxBytes), pattern(smallSizeMaxBytes))).toBe(true);
    expect(() => node.put(blobs, id(2), pattern(smallSizeMaxBytes + 1))).toThrow('65537');
    await blobs.close();
  });
});

describe('forget', () => {
  test('removes a large blob, again without effect', async () => {
    const node = new Node();
    const blobs = await node.open();
    await publish(blobs, id(1), pattern(10));
    node.forget(blobs, id(1));
    await eventually(() => !existsSync(node.path(id(1))));
    node.forget(blobs, id(1));
    await blobs.close();
    expect(node.events).toEqual([]);
  });
  test('waits for the last pin, large and small', async () => {
    const node = new Node();
    const blobs = await node.open();
    await publish(blobs, id(1), pattern(10));
    node.put(blobs, id(2), utf8('small'));
    const releases = [blobs.pin(id(1)), blobs.pin(id(1)), blobs.pin(id(2))];
    node.forget(blobs, id(1));
    node.forget(blobs, id(2));
    releases[0]?.();
    releases[0]?.();
    expect(same(await collect(blobs, id(1), 0, 10), pattern(10))).toBe(true);
    expect(same(await collect(blobs, id(2), 0, 5), utf8('small'))).toBe(true);
    releases[1]?.();
    releases[2]?.();
    await eventually(() => !existsSync(node.path(id(1))));
    await expectReason(collect(blobs, id(2), 0, 5), 'no_such_entry');
    await blobs.close();
  });
});

test('a disk that fills up in mid-blob fails the writer, and nothing waits for what could not be written', async () => {
  const node = new Node();
  const { disk } = node.world;
  let roomBytes = 3_000_000;
  const filling: typeof disk = {
    ...disk,
    open: async (path, mode) => {
      const file = await disk.open(path, mode);
      const write: typeof file.write = async (parts, offset) => {
        roomBytes -= parts.reduce((sum, { length }) => sum + length, 0);
        if (roomBytes < 0) throw new StatusError('disk_full', `Cannot write "${path}": no space left`);
        await file.write(parts, offset);
      };
      return new Proxy(file, {
        get: (target, name) => {
          if (name === 'write') return write;
          const value: unknown = Reflect.get(target, name, target);
          return typeof value === 'function' ? (value.bind(target) as unknown) : value;
        },
      });
    },
    rename: (from, to) => disk.rename(from, to),
    remove: (path) => disk.remove(path),
    list: (path) => disk.list(path),
    makeDirectory: (path) => disk.makeDirectory(path),
    syncDirectory: (path) => disk.syncDirectory(path),
    sizeBytes: (path) => disk.sizeBytes(path),
  };
  const blobs = await node.open({ world: { ...node.world, disk: filling } });
  const writer = await blobs.create(id(1));
  const writing = async (): Promise<void> => {
    for (let i = 0; i < 40; i++) await writer.write(pattern(262_144, i));
    await writer.sync();
  };
  await expectReason(writing(), 'disk_full');
  await writer.discard();
  await blobs.close();
});

describe('when a sync of small contents fails', () => {
  test('the next one fails too: it must not say that all is on disk', async () => {
    const simulation = new Simulation(1);
    const node = new Node();
    const blobs = await simulation.complete(() => node.open({ world: simulation.world('node') }));
    node.put(blobs, id(1), utf8('small'));
    simulation.disk('node').failingSyncCount = 1;
    await simulation.complete(() => expectReason(blobs.sync(), 'disk_failed'));
    await simulation.complete(() => expectReason(blobs.sync(), 'disk_failed'));
  });
});
