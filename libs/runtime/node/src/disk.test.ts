import { chmodSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { utf8 } from '@skerry/kernel';
import { expectReason } from '@skerry/testing';
import { temporaryDirectory } from '@skerry/testing/node';
import { diskError } from './errors.ts';
import { NodeDisk, nodeWorld } from './index.ts';

const systemError = (code: string): Error => Object.assign(new Error(`${code}: as the system says`), { code });

describe('system errors', () => {
  const rows = [
    ['ENOENT', false, 'no_such_entry'],
    ['EEXIST', true, 'entry_exists'],
    ['ENOSPC', true, 'disk_full'],
    ['EDQUOT', true, 'disk_full'],
    ['EROFS', true, 'read_only_disk'],
    ['EACCES', true, 'read_only_disk'],
    ['EACCES', false, 'disk_failed'],
    ['EMFILE', true, 'overloaded'],
    ['EIO', true, 'disk_failed'],
  ] as const;
  for (const [code, writing, reason] of rows)
    test(`${code} while ${writing ? 'writing' : 'reading'} is ${reason}`, () => {
      const thrown = systemError(code);
      const error = diskError('open "a"', thrown, writing);
      expect(error.reason).toBe(reason);
      expect(error.cause).toBe(thrown);
      expect(error.message).toBe(`Cannot open "a": ${code}: as the system says`);
    });
  test('what has a reason keeps it', () => {
    const error = diskError('open "a"', systemError('ENOSPC'), true);
    expect(diskError('again', error, false)).toBe(error);
  });
});

describe('NodeDisk', () => {
  test('writes under its root, for its owner only', async () => {
    const root = temporaryDirectory();
    const disk = new NodeDisk(root);
    await disk.makeDirectory('a/b');
    const file = await disk.open('a/b/c', 'create');
    file.writeNow([utf8('here')], 0);
    await file.close();
    expect(readFileSync(join(root, 'a/b/c'), 'utf8')).toBe('here');
    expect(statSync(join(root, 'a/b/c')).mode & 0o777).toBe(0o600);
    expect(statSync(join(root, 'a/b')).mode & 0o777).toBe(0o700);
  });
  test('allocated space is on disk: an overwrite takes no more blocks', async () => {
    const root = temporaryDirectory();
    const file = await new NodeDisk(root).open('log', 'create');
    const sizeBytes = 3 * 1024 * 1024 + 5;
    await file.allocate(sizeBytes);
    const blocks = statSync(join(root, 'log')).blocks;
    expect(blocks * 512).toBeGreaterThanOrEqual(sizeBytes);
    await file.write([new Uint8Array(100_000).fill(1)], 50_000);
    await file.sync();
    await file.close();
    expect(statSync(join(root, 'log')).blocks).toBe(blocks);
    expect(statSync(join(root, 'log')).size).toBe(sizeBytes);
  });
  test('a path through a file is no entry to be read', async () => {
    const disk = new NodeDisk(temporaryDirectory());
    await (await disk.open('a', 'create')).close();
    await expectReason(disk.open('a/b', 'read'), 'disk_failed');
  });
  // Root may write everywhere, so there the rule cannot be seen.
  const unprivileged = process.getuid?.() === 0 ? test.skip : test;
  unprivileged('a directory without the right to write is a read-only disk', async () => {
    const root = temporaryDirectory();
    mkdirSync(join(root, 'locked'));
    chmodSync(join(root, 'locked'), 0o500);
    await expectReason(new NodeDisk(root).open('locked/a', 'create'), 'read_only_disk');
  });
});

describe('nodeWorld', () => {
  test('makes its root', async () => {
    const root = join(temporaryDirectory(), 'deep/data');
    expect(await nodeWorld(root).disk.list('')).toEqual([]);
  });
  test('a root that is a file is refused', async () => {
    const root = temporaryDirectory();
    await (await new NodeDisk(root).open('file', 'create')).close();
    expect(() => nodeWorld(join(root, 'file'))).toThrow(/Cannot make directory ".*file": EEXIST/);
  });
});
