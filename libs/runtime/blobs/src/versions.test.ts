/** Blobs of every version that was ever written are read and gone on with; newer ones are refused, and left as they are. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  BlobId,
  type Checksum,
  concatBytes,
  crc32,
  crc32c,
  equalBytes,
  MemoryStore,
  toStatusError,
} from '@skerry/kernel';
import { nodeWorld } from '@skerry/runtime-node';
import { expectReason } from '@skerry/testing';
import { temporaryDirectory } from '@skerry/testing/node';
import {
  blobVersion,
  encodeChecksum,
  encodeHeader,
  encodeSlot,
  fileOffset,
  frameSeed,
  frameSizeBytes,
  headerSizeBytes,
  slotOffset,
} from './format.ts';
import { type BlobStore, openBlobs } from './index.ts';

const blob = BlobId('cd'.repeat(16));
const contentOf = (length: number): Uint8Array => new Uint8Array(length).map((_, i) => (i * 13 + (i >> 7)) % 253);
const checksums: Readonly<Record<number, Checksum>> = { 1: crc32c, 2: crc32 };

/** As a program of that version would have left it; a stage has the slot of its last sync. */
function fileOf(version: number, content: Uint8Array, stage: boolean): Uint8Array {
  const checksum = checksums[version] ?? crc32;
  const parts = [encodeHeader(blob, version)];
  let last = 0;
  for (let at = 0; at < content.length; at += frameSizeBytes) {
    const frame = content.subarray(at, at + frameSizeBytes);
    last = checksum(frame, frameSeed(blob, at / frameSizeBytes));
    parts.push(frame, encodeChecksum(last));
  }
  const file = concatBytes(parts);
  if (stage) file.set(encodeSlot({ length: content.length, checksum: last }), slotOffset(0));
  return file;
}
async function place(version: number, content: Uint8Array, stage = false): Promise<[BlobStore, string]> {
  const root = temporaryDirectory();
  const path = join(root, 'content', ...(stage ? ['staging'] : ['blobs', blob.slice(0, 2)]), blob);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, fileOf(version, content, stage));
  const store = new MemoryStore();
  const telemetry = { emit: () => undefined };
  return [await openBlobs({ world: nodeWorld(root), directory: 'content', telemetry, local: () => store }), path];
}
async function read(blobs: BlobStore, offset: number, length: number, into: Uint8Array[] = []): Promise<Uint8Array> {
  for await (const bytes of blobs.read(blob, { offset, length })) into.push(bytes.slice());
  return concatBytes(into);
}

for (const version of [1, 2])
  describe(`a blob of version ${version}`, () => {
    test('gives any range of its content', async () => {
      const content = contentOf(6 * frameSizeBytes + 1_234);
      const [blobs] = await place(version, content);
      await fc.assert(
        fc.asyncProperty(fc.nat(content.length), fc.nat(content.length), async (a, b) => {
          const [from, to] = [Math.min(a, b), Math.max(a, b)];
          expect(equalBytes(await read(blobs, from, to - from), content.subarray(from, to))).toBe(true);
        }),
        { numRuns: 30 },
      );
      await blobs.close();
    });
    test('gives all that is sound before a damaged frame, then names its place', async () => {
      const content = contentOf(5 * frameSizeBytes + 99);
      const [blobs, path] = await place(version, content);
      const image = readFileSync(path);
      await fc.assert(
        fc.asyncProperty(
          fc.integer({ min: headerSizeBytes, max: image.length - 1 }),
          fc.integer({ min: 1, max: 255 }),
          async (at, change) => {
            const bytes = Buffer.from(image);
            bytes[at] = (bytes[at] ?? 0) ^ change;
            writeFileSync(path, bytes);
            const given: Uint8Array[] = [];
            const failure = toStatusError(await read(blobs, 0, content.length, given).catch((e: unknown) => e));
            const frame = Math.floor((at - headerSizeBytes) / (frameSizeBytes + 4));
            expect(failure.reason).toBe('corrupt');
            expect(failure.message).toContain(
              `at ${fileOffset(frame * frameSizeBytes)}: frame ${frame} does not match`,
            );
            expect(equalBytes(concatBytes(given), content.subarray(0, frame * frameSizeBytes))).toBe(true);
          },
        ),
        { numRuns: 40 },
      );
      await blobs.close();
    });
    test('is gone on with as it is, within a frame and between two', async () => {
      for (const length of [frameSizeBytes + 1_000, 2 * frameSizeBytes]) {
        const content = contentOf(length + frameSizeBytes);
        const [blobs, path] = await place(version, content.subarray(0, length), true);
        const writer = await blobs.resume(blob, length);
        await writer.write(content.slice(length));
        await writer.publish();
        expect(equalBytes(await read(blobs, 0, content.length), content)).toBe(true);
        const published = path.replace('staging', join('blobs', blob.slice(0, 2)));
        expect(readFileSync(published).readUInt32BE(8)).toBe(version);
        await blobs.close();
      }
    });
    test('is verified after a crash', async () => {
      const length = 2 * frameSizeBytes + 500;
      const [blobs, path] = await place(version, contentOf(length), true);
      expect(await blobs.recover(blob)).toBe(length);
      const bytes = readFileSync(path);
      bytes[headerSizeBytes + frameSizeBytes + 100] = (bytes[headerSizeBytes + frameSizeBytes + 100] ?? 0) ^ 1;
      writeFileSync(path, bytes);
      expect(await blobs.recover(blob)).toBe(frameSizeBytes);
      await blobs.close();
    });
  });

test('new blobs have the newest version', async () => {
  const [blobs, path] = await place(1, contentOf(10));
  const other = BlobId('ef'.repeat(16));
  await (await blobs.create(other)).suspend();
  expect(readFileSync(path.replace(join('blobs', 'cd', blob), join('staging', other))).readUInt32BE(8)).toBe(
    blobVersion,
  );
  await blobs.close();
});
test('a newer version is refused, and its file left as it is', async () => {
  for (const stage of [false, true]) {
    const [blobs, path] = await place(blobVersion + 1, contentOf(1_000), stage);
    const before = readFileSync(path);
    await expectReason(read(blobs, 0, 1_000), 'format_newer');
    if (stage) {
      await expectReason(blobs.resume(blob, 1_000), 'format_newer');
      await expectReason(blobs.recover(blob), 'format_newer');
    }
    expect(readFileSync(path)).toEqual(before);
    await blobs.close();
  }
});
test('a version that never was is damage', async () => {
  const [blobs] = await place(0, contentOf(1_000));
  await expectReason(read(blobs, 0, 1_000), 'corrupt');
  await blobs.close();
});
