/** What a node needs whose contents have copies elsewhere: what is here, how much of it is sound, putting damage aside. */
import { existsSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { BlobId, equalBytes, MemoryStore, prefixedReader, prefixedWriter, utf8 } from '@skerry/kernel';
import { nodeWorld } from '@skerry/runtime-node';
import type { Disk } from '@skerry/runtime-world';
import { eventually, expectReason } from '@skerry/testing';
import { temporaryDirectory } from '@skerry/testing/node';
import { frameSizeBytes } from './format.ts';
import { type BlobStore, openBlobs } from './index.ts';

const prefix = utf8('l/');
const blob = BlobId('ab'.repeat(16));
const content = new Uint8Array(3 * frameSizeBytes + 1_000).map((_, i) => (i * 7 + (i >> 8)) % 251);

type Looks = Pick<Disk, 'rename' | 'sizeBytes'>;
async function open(change: (disk: Looks) => Partial<Looks> = () => ({})) {
  const root = temporaryDirectory();
  const store = new MemoryStore();
  const world = nodeWorld(root);
  const { disk } = world;
  Object.assign(disk, change({ rename: disk.rename.bind(disk), sizeBytes: disk.sizeBytes.bind(disk) }));
  const telemetry = { emit: () => undefined };
  const local = () => prefixedReader(store, prefix);
  const blobs = await openBlobs({ world, directory: 'content', telemetry, local });
  const changeLocal = (body: Parameters<BlobStore['forget']>[1] extends infer W ? (local: W) => void : never): void =>
    store.transaction((writer) => body(prefixedWriter(writer, prefix)));
  return { blobs, root, change: changeLocal, stage: join(root, 'content', 'staging', blob) };
}
async function stageOf(blobs: BlobStore, length: number): Promise<void> {
  const writer = await blobs.create(blob);
  await writer.write(content.slice(0, length));
  await writer.suspend();
}
async function readAll(blobs: BlobStore, length: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const bytes of blobs.read(blob, { offset: 0, length })) parts.push(bytes.slice());
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

describe('what is here of a blob', () => {
  test('is told by its kind and length', async () => {
    const { blobs, change } = await open();
    expect(await blobs.describe(blob)).toBeUndefined();
    const writer = await blobs.create(blob);
    await writer.write(content.slice(0, 500));
    expect(await blobs.describe(blob)).toEqual({ kind: 'writing', lengthBytes: 0 });
    await writer.sync();
    expect(await blobs.describe(blob)).toEqual({ kind: 'writing', lengthBytes: 500 });
    await writer.suspend();
    expect(await blobs.describe(blob)).toEqual({ kind: 'stage', lengthBytes: 500 });
    await (await blobs.resume(blob, 400)).publish();
    expect(await blobs.describe(blob)).toEqual({ kind: 'published', lengthBytes: 400 });
    const small = BlobId('cd'.repeat(16));
    change((local) => blobs.putSmall(small, content.subarray(0, 9), local));
    expect(await blobs.describe(small)).toEqual({ kind: 'small', lengthBytes: 9 });
    expect([...blobs.listSmall()]).toEqual([small]);
    await blobs.close();
  });
});

test('a stage that is published between two looks is here', async () => {
  let rename = (): void => undefined;
  const renamed = new Promise<void>((resolve) => (rename = resolve));
  let renaming = false;
  let between = async (): Promise<void> => undefined;
  const { blobs } = await open((disk) => ({
    rename: async (from, to) => {
      renaming = true;
      await renamed;
      return disk.rename(from, to);
    },
    sizeBytes: async (path) => {
      if (path.includes('staging')) await between();
      return disk.sizeBytes(path);
    },
  }));
  const writer = await blobs.create(blob);
  await writer.write(content.slice(0, 500));
  const publishing = writer.publish();
  await eventually(() => renaming);
  between = () => {
    rename();
    return publishing;
  };
  expect(await blobs.describe(blob)).toEqual({ kind: 'published', lengthBytes: 500 });
  await blobs.close();
});

describe('a stage that a crash may have torn', () => {
  test.each([0, 1, 1_000, frameSizeBytes, frameSizeBytes + 1, content.length])(
    'whole with %i bytes, stays',
    async (n) => {
      const { blobs } = await open();
      await stageOf(blobs, n);
      expect(await blobs.recover(blob)).toBe(n);
      expect(equalBytes(await readAll(blobs, n), content.subarray(0, n))).toBe(true);
      const writer = await blobs.resume(blob, n);
      await writer.write(content.slice(n));
      await writer.publish();
      expect(equalBytes(await readAll(blobs, content.length), content)).toBe(true);
      await blobs.close();
    },
  );
  test.each([
    ['ends in the middle of a frame', 2 * frameSizeBytes + 5_000, 2 * frameSizeBytes],
    ['ends in its first frame', 10_000, 0],
  ])('that %s is cut to its last whole frame', async (_, size, left) => {
    const { blobs, stage } = await open();
    await stageOf(blobs, content.length);
    truncateSync(stage, size);
    expect(await blobs.recover(blob)).toBe(left);
    expect(equalBytes(await readAll(blobs, left), content.subarray(0, left))).toBe(true);
    await blobs.close();
  });
  test('is cut before a frame that never came to the disk', async () => {
    const { blobs, stage } = await open();
    await stageOf(blobs, content.length);
    const bytes = readFileSync(stage);
    bytes.fill(0, 4_096 + frameSizeBytes + 100, 4_096 + frameSizeBytes + 600);
    writeFileSync(stage, bytes);
    expect(await blobs.recover(blob)).toBe(frameSizeBytes);
    await blobs.close();
  });
  test('without a sound header is gone', async () => {
    const { blobs, stage } = await open();
    await stageOf(blobs, 1_000);
    writeFileSync(stage, new Uint8Array(100));
    expect(await blobs.recover(blob)).toBeUndefined();
    expect(existsSync(stage)).toBe(false);
    await expectReason(blobs.recover(blob), 'no_such_entry');
    await blobs.close();
  });
  test('is not touched while it is written', async () => {
    const { blobs } = await open();
    const writer = await blobs.create(blob);
    await expectReason(blobs.recover(blob), 'entry_exists');
    await writer.discard();
    await blobs.close();
  });
});

describe('a damaged copy', () => {
  test('is read no more, and kept until another one came; a forgotten one goes', async () => {
    const { blobs, root, change } = await open();
    const aside = join(root, 'content', 'damaged', blob);
    await stageOf(blobs, 1_000);
    await (await blobs.resume(blob, 1_000)).publish();
    await blobs.setAside(blob);
    expect(existsSync(aside)).toBe(true);
    await expectReason(readAll(blobs, 1_000), 'no_such_entry');
    await stageOf(blobs, 1_000);
    expect(equalBytes(await readAll(blobs, 1_000), content.subarray(0, 1_000))).toBe(true);
    await blobs.dropSetAside(blob);
    expect(existsSync(aside)).toBe(false);
    await blobs.dropSetAside(blob);
    await blobs.setAside(blob);
    change((local) => blobs.forget(blob, local));
    await eventually(() => !existsSync(aside));
    await blobs.close();
  });
});

test('two syncs at once leave a stage that is sound', async () => {
  const { blobs } = await open();
  const writer = await blobs.create(blob);
  let at = 0;
  const syncs: Promise<number>[] = [];
  for (const step of [100, 300_000, 5, 400_000, 80_000]) {
    await writer.write(content.slice(at, at + step));
    at += step;
    syncs.push(writer.sync(), writer.sync());
  }
  await Promise.all(syncs);
  await writer.suspend();
  const length = Math.min(at, content.length);
  expect(await blobs.recover(blob)).toBe(length);
  expect(equalBytes(await readAll(blobs, length), content.subarray(0, length))).toBe(true);
  await blobs.close();
});
