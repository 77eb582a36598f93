import { temporaryDirectory } from '@skerry/testing/node';
import { expectReason } from '@skerry/testing';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { StatusError, utf8 } from '@skerry/kernel';
import { nodeWorld } from '@skerry/runtime-node';
import type { Disk, DiskFile, World } from '@skerry/runtime-world';
import { pendingBytesMax, pendingCountMax, recordSizeMaxBytes, Wal, type WalOptions } from './index.ts';

const small = { segmentSizeBytes: 2_048, allocationStepBytes: 1_024 };
type Place = { readonly root: string; readonly world: World };
const place = (): Place => {
  const root = temporaryDirectory();
  return { root, world: nodeWorld(root) };
};
const open = (at: Place, more: Partial<WalOptions> = {}): ReturnType<typeof Wal.open> =>
  Wal.open({ world: at.world, directory: 'log', ...small, ...more });
const contents = async (wal: Wal, from = wal.firstPosition): Promise<string[]> => {
  const found: string[] = [];
  for await (const { position, bytes } of wal.read(from)) found.push(`${position}:${Buffer.from(bytes).toString()}`);
  return found;
};
const segments = (at: Place): string[] => readdirSync(join(at.root, 'log')).map((name) => join(at.root, 'log', name));
const named = (count: number, from = 1): string[] => Array.from({ length: count }, (_, i) => `record ${from + i}`);
const appendAll = (wal: Wal, texts: readonly string[]): Promise<number[]> =>
  Promise.all(texts.map((text) => wal.append(utf8(text))));

describe('a log', () => {
  test('gives positions from 1 in call order, and reads back what was appended', async () => {
    const { wal, report } = await open(place());
    expect(report).toMatchObject({ firstPosition: 1, lastPosition: 0 });
    expect(await appendAll(wal, named(3))).toEqual([1, 2, 3]);
    expect(await wal.append(utf8(''))).toBe(4);
    expect(await contents(wal)).toEqual(['1:record 1', '2:record 2', '3:record 3', '4:']);
    expect(await contents(wal, 3)).toEqual(['3:record 3', '4:']);
    expect(await contents(wal, 5)).toEqual([]);
    await wal.close();
  });
  test('is the same after a clean close, over many segments', async () => {
    const at = place();
    const first = await open(at);
    const texts = named(200);
    for (let i = 0; i < texts.length; i += 10) await appendAll(first.wal, texts.slice(i, i + 10));
    const before = await contents(first.wal);
    await first.wal.close();
    expect(segments(at).length).toBeGreaterThan(3);
    const { wal, report } = await open(at);
    expect(report).toMatchObject({ lastPosition: 200, closedCleanly: true, tornTail: undefined });
    expect(await contents(wal)).toEqual(before);
    expect(await wal.append(utf8('next'))).toBe(201);
    expect((await contents(wal, 200)).at(-1)).toBe('201:next');
    await wal.close();
  });
  test('encodes a record when its position is known', async () => {
    const { wal } = await open(place());
    await wal.append(utf8('x'));
    expect(await wal.appendEncoded(1, (position) => utf8(String(position)))).toBe(2);
    expect(await contents(wal)).toEqual(['1:x', '2:2']);
    await wal.close();
  });
  test('takes several records at once, between others, and none', async () => {
    const at = place();
    const { wal } = await open(at);
    const all = [
      wal.append(utf8('a')),
      wal.appendAll(named(3).map(utf8)),
      wal.append(utf8('b')),
      wal.appendAll([utf8('c')]),
    ];
    expect(await Promise.all(all)).toEqual([1, 2, 5, 6]);
    expect(() => wal.appendAll([])).toThrow(/no records/);
    await wal.close();
    const again = await open(at);
    expect(await contents(again.wal)).toEqual(['1:a', '2:record 1', '3:record 2', '4:record 3', '5:b', '6:c']);
    await again.wal.close();
  });
  test('takes a record larger than a segment', async () => {
    const { wal } = await open(place());
    const large = new Uint8Array(recordSizeMaxBytes).fill(3);
    await wal.append(utf8('a'));
    expect(await wal.append(large)).toBe(2);
    expect(await wal.append(utf8('b'))).toBe(3);
    const sizes = [];
    for await (const { bytes } of wal.read(1)) sizes.push(bytes.length);
    expect(sizes).toEqual([1, recordSizeMaxBytes, 1]);
    await wal.close();
  });
  test('cut drops whole segments below a position, and reading there fails', async () => {
    const at = place();
    const { wal } = await open(at);
    for (const text of named(150)) await wal.append(utf8(text));
    const count = segments(at).length;
    await wal.cut(100);
    expect(segments(at).length).toBeLessThan(count);
    expect(wal.firstPosition).toBeGreaterThan(1);
    expect(wal.firstPosition).toBeLessThan(101);
    expect((await contents(wal, 100))[0]).toBe('100:record 100');
    await expectReason(contents(wal, 1), 'no_such_entry');
    const kept = wal.firstPosition;
    await wal.close();
    const again = await open(at);
    expect(again.report).toMatchObject({ firstPosition: kept, lastPosition: 150 });
    await again.wal.close();
  });
  for (const keep of [0, 1, 40, 99, 100])
    test(`truncateAfter(${keep}) drops what is behind, for good`, async () => {
      const at = place();
      const { wal } = await open(at);
      for (const text of named(100)) await wal.append(utf8(text));
      await wal.truncateAfter(keep);
      expect(wal.lastPosition).toBe(keep);
      expect(await appendAll(wal, ['other a', 'other b'])).toEqual([keep + 1, keep + 2]);
      const expected = [
        ...named(keep).map((text, i) => `${i + 1}:${text}`),
        `${keep + 1}:other a`,
        `${keep + 2}:other b`,
      ];
      expect(await contents(wal)).toEqual(expected);
      await wal.close();
      const again = await open(at);
      expect(await contents(again.wal)).toEqual(expected);
      await again.wal.close();
    });
});

describe('limits', () => {
  test('a record over the limit is refused', async () => {
    const { wal } = await open(place());
    await expectReason(wal.append(new Uint8Array(recordSizeMaxBytes + 1)), 'too_large');
    await wal.close();
  });
  test('several records at once count each: one over the limit refuses all, and so do too many', async () => {
    const { wal } = await open(place());
    await expectReason(wal.appendAll([utf8('a'), new Uint8Array(recordSizeMaxBytes + 1)]), 'too_large');
    const many = Array.from({ length: pendingCountMax }, () => utf8(''));
    const waiting = wal.appendAll(many);
    await expectReason(wal.append(utf8('a')), 'overloaded');
    expect(await waiting).toBe(1);
    expect(await wal.append(utf8('b'))).toBe(pendingCountMax + 1);
    await wal.close();
  });
  test('appends beyond the pending bytes are refused, the others arrive', async () => {
    const { wal } = await open(place(), { segmentSizeBytes: 2 ** 26, allocationStepBytes: 2 ** 20 });
    const record = new Uint8Array(recordSizeMaxBytes);
    const count = pendingBytesMax / recordSizeMaxBytes + 4;
    const results = await Promise.allSettled(Array.from({ length: count }, () => wal.append(record)));
    const refused = results.filter((each) => each.status === 'rejected');
    expect(refused.length).toBeGreaterThan(0);
    for (const each of refused) expect(each.reason).toMatchObject({ reason: 'overloaded' });
    expect(wal.lastPosition).toBe(count - refused.length);
    await wal.close();
  });
  test('a closed log refuses', async () => {
    const { wal } = await open(place());
    const last = wal.append(utf8('a'));
    await wal.close();
    expect(await last).toBe(1);
    await expectReason(wal.append(utf8('b')), 'shutting_down');
  });
});

/** Copies of the file before the close: what a killed process leaves. */
async function unclean(at: Place, texts: readonly string[], groupLength: number): Promise<string> {
  const { wal } = await open(at, { segmentSizeBytes: 2 ** 20, allocationStepBytes: 4_096 });
  for (let i = 0; i < texts.length; i += groupLength) await appendAll(wal, texts.slice(i, i + groupLength));
  const file = segments(at)[0] ?? '';
  const image = readFileSync(file);
  await wal.close();
  writeFileSync(file, image);
  return file;
}
const damage = (file: string, at: number): Buffer => {
  const bytes = readFileSync(file);
  bytes[at] = (bytes[at] ?? 0) ^ 0x10;
  writeFileSync(file, bytes);
  return bytes;
};

describe('after a crash', () => {
  test('a damaged last record is a torn tail: cut, and reported', async () => {
    const at = place();
    const file = await unclean(at, named(5), 1);
    const offset = readFileSync(file).indexOf('record 5');
    damage(file, offset + 2);
    const { wal, report } = await open(at);
    expect(report).toMatchObject({ lastPosition: 4, closedCleanly: false });
    expect(report.tornTail?.offset).toBe(offset - 24);
    expect(await appendAll(wal, ['new 5'])).toEqual([5]);
    await wal.close();
    const again = await open(at);
    expect((await contents(again.wal)).at(-1)).toBe('5:new 5');
    await again.wal.close();
  });
  test('a hole in the last, unsynced group is a torn tail, though whole records follow', async () => {
    const at = place();
    const file = await unclean(at, named(6), 3);
    damage(file, readFileSync(file).indexOf('record 4') + 2);
    const { wal, report } = await open(at);
    expect(report.lastPosition).toBe(3);
    // Records of the same size in the same places: the old 5 and 6 must not come back behind the new 4.
    await appendAll(wal, ['record X']);
    await wal.close();
    const again = await open(at);
    expect((await contents(again.wal)).slice(-2)).toEqual(['3:record 3', '4:record X']);
    await again.wal.close();
  });
  test('damage in what was durable is refused, file and offset named, nothing changed', async () => {
    const at = place();
    const file = await unclean(at, named(6), 1);
    const offset = readFileSync(file).indexOf('record 3');
    const image = damage(file, offset);
    await expect(open(at)).rejects.toMatchObject({
      reason: 'corrupt',
      message: expect.stringContaining(`at ${offset - 24}: record 3 is damaged`),
    });
    expect(readFileSync(file)).toEqual(image);
  });
  test('damage to the last record of a log that was closed in order is refused', async () => {
    const at = place();
    const { wal } = await open(at);
    await appendAll(wal, named(2));
    await wal.close();
    const file = segments(at)[0] ?? '';
    damage(file, readFileSync(file).indexOf('record 2'));
    await expectReason(open(at), 'corrupt');
  });
  test('damage in an older segment is refused', async () => {
    const at = place();
    const { wal } = await open(at);
    for (const text of named(120)) await wal.append(utf8(text));
    await wal.close();
    const file = segments(at)[1] ?? '';
    const bytes = readFileSync(file);
    damage(file, bytes.lastIndexOf('record'));
    await expectReason(open(at), 'corrupt');
  });
  test('a missing segment is refused', async () => {
    const at = place();
    const { wal } = await open(at);
    for (const text of named(120)) await wal.append(utf8(text));
    await wal.close();
    await at.world.disk.remove(`log/${readdirSync(join(at.root, 'log'))[1]}`);
    await expectReason(open(at), 'corrupt');
  });
  test('a newer format is refused and left untouched', async () => {
    const at = place();
    const { wal } = await open(at);
    await wal.append(utf8('a'));
    await wal.close();
    const file = segments(at)[0] ?? '';
    const bytes = readFileSync(file);
    bytes.writeUInt32BE(2, 8);
    writeFileSync(file, bytes);
    await expectReason(open(at), 'format_newer');
    expect(readFileSync(file)).toEqual(bytes);
  });
  test('any damage gives the records, fewer from the end, or a refusal: never another record', async () => {
    const at = place();
    const texts = named(12).map((text, i) => text + '-'.repeat(i * 7));
    const file = await unclean(at, texts, 3);
    const image = readFileSync(file);
    const end = image.lastIndexOf('record 12') + 200;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(end), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 30 }),
        async (flips) => {
          const bytes = Buffer.from(image);
          for (const [offset, value] of flips) bytes[offset] = value;
          writeFileSync(file, bytes);
          const opened = await open(at).catch((thrown: StatusError) => thrown);
          if (opened instanceof Error) {
            expect(['corrupt', 'format_newer']).toContain(opened.reason);
            expect(readFileSync(file)).toEqual(bytes);
            return;
          }
          const found = await contents(opened.wal);
          expect(found).toEqual(texts.slice(0, found.length).map((text, i) => `${i + 1}:${text}`));
          // The first nine were durable before the last group was written; one flip leaves a record of it that says so.
          if (flips.length === 1) expect(found.length).toBeGreaterThan(8);
          await opened.wal.close();
        },
      ),
      { numRuns: 60 },
    );
  });
});

/** A disk whose calls fail as told. */
class FaultyDisk {
  fault: { readonly on: 'sync' | 'writeNow' | 'allocate'; readonly error: StatusError } | undefined;
  writesWhole = true;
  wrap(disk: Disk): Disk {
    const wrapped: Disk = Object.create(disk) as Disk;
    wrapped.open = async (path, mode) => this.#wrapFile(await disk.open(path, mode));
    for (const name of ['rename', 'remove', 'list', 'makeDirectory', 'syncDirectory', 'sizeBytes'] as const)
      Object.assign(wrapped, { [name]: disk[name].bind(disk) });
    return wrapped;
  }
  #check(on: 'sync' | 'writeNow' | 'allocate'): void {
    if (this.fault?.on === on) throw this.fault.error;
  }
  #wrapFile(file: DiskFile): DiskFile {
    return {
      read: (into, offset) => file.read(into, offset),
      readParts: (into, offset) => file.readParts(into, offset),
      write: (parts, offset) => file.write(parts, offset),
      writeNow: (parts, offset) => {
        if (this.fault?.on === 'writeNow' && parts.some((part) => part.some((byte) => byte !== 0))) {
          if (this.writesWhole) file.writeNow(parts, offset);
          throw this.fault.error;
        }
        file.writeNow(parts, offset);
      },
      allocate: async (size) => {
        this.#check('allocate');
        await file.allocate(size);
      },
      truncate: (size) => file.truncate(size),
      sync: async () => {
        this.#check('sync');
        await file.sync();
      },
      sizeBytes: () => file.sizeBytes(),
      close: () => file.close(),
    };
  }
}

describe('when the disk fails', () => {
  const faulty = async (): Promise<{ at: Place; disk: FaultyDisk; wal: Wal; fatal: Error[] }> => {
    const at = place();
    const disk = new FaultyDisk();
    const fatal: Error[] = [];
    const world = { ...at.world, disk: disk.wrap(at.world.disk) };
    const { wal } = await open({ ...at, world }, { onFatal: (error) => fatal.push(error) });
    return { at, disk, wal, fatal };
  };
  test('a failed sync is final: waiting and later appends are refused, and it is told once', async () => {
    const { disk, wal, fatal } = await faulty();
    await wal.append(utf8('a'));
    disk.fault = { on: 'sync', error: new StatusError('disk_failed', 'EIO') };
    const waiting = [wal.append(utf8('b')), wal.append(utf8('c'))];
    for (const each of waiting) await expectReason(each, 'disk_failed');
    disk.fault = undefined;
    await expectReason(wal.append(utf8('d')), 'disk_failed');
    expect(fatal).toHaveLength(1);
    expect(wal.lastPosition).toBe(1);
    await wal.close();
  });
  for (const on of ['allocate', 'writeNow'] as const)
    test(`a full disk at ${on} refuses, keeps nothing, and later appends succeed`, async () => {
      const { at, disk, wal, fatal } = await faulty();
      await wal.append(utf8('a'));
      disk.fault = { on, error: new StatusError('disk_full', 'ENOSPC') };
      const refused = 'x'.repeat(1_500);
      await expectReason(wal.append(utf8(refused)), 'disk_full');
      await expectReason(wal.appendAll([utf8('y'), utf8(refused), utf8('z')]), 'disk_full');
      disk.fault = undefined;
      expect(await wal.append(utf8('b'))).toBe(2);
      await wal.close();
      expect(fatal).toHaveLength(0);
      const again = await open(at);
      expect(await contents(again.wal)).toEqual(['1:a', '2:b']);
      await again.wal.close();
    });
  for (const on of ['allocate', 'writeNow'] as const)
    test(`a disk that is read-only at ${on} refuses, and later appends succeed in its place`, async () => {
      const { at, disk, wal, fatal } = await faulty();
      await wal.append(utf8('a'));
      disk.fault = { on, error: new StatusError('read_only_disk', 'EROFS') };
      for (let i = 0; i < 3; i++) await expectReason(wal.append(utf8('x'.repeat(1_500))), 'read_only_disk');
      disk.fault = undefined;
      expect(await wal.append(utf8('b'))).toBe(2);
      await wal.close();
      expect(fatal).toHaveLength(0);
      const again = await open(at);
      expect(await contents(again.wal)).toEqual(['1:a', '2:b']);
      await again.wal.close();
    });
  test('a log on a read-only disk closes, and opens again as it was', async () => {
    const { at, disk, wal, fatal } = await faulty();
    await wal.append(utf8('a'));
    disk.fault = { on: 'writeNow', error: new StatusError('read_only_disk', 'EROFS') };
    await expectReason(wal.append(utf8('refused')), 'read_only_disk');
    await wal.close();
    expect(fatal).toHaveLength(0);
    const again = await open(at);
    expect(await contents(again.wal)).toEqual(['1:a']);
    await again.wal.close();
  });
  test('a refused record does not come back after a crash', async () => {
    const { at, disk, wal } = await faulty();
    await wal.append(utf8('a'));
    disk.fault = { on: 'writeNow', error: new StatusError('disk_full', 'ENOSPC') };
    await expectReason(wal.append(utf8('refused')), 'disk_full');
    const file = segments(at)[0] ?? '';
    const image = readFileSync(file);
    expect(image.includes('refused')).toBe(false);
    await wal.close();
    writeFileSync(file, image);
    const again = await open(at);
    expect(await contents(again.wal)).toEqual(['1:a']);
    await again.wal.close();
  });
});
