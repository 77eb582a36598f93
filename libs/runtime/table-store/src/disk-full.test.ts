/** A disk without room, in earnest: a small file system in memory, where this program may mount one. */
import { spawnSync } from 'node:child_process';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { StatusError } from '@skerry/kernel';
import { eventually } from '@skerry/testing';
import type { OpenTableStore } from './open.ts';
import { insert, newFolder, openIn, removeFolder, rowsOf } from './test-tables.ts';

const mebibyte = 1024 * 1024;
const mount = (...args: readonly string[]): boolean => spawnSync(args[0] ?? '', args.slice(1)).status === 0;
let folder = '';
let opened: OpenTableStore | undefined;
afterEach(async () => {
  await opened?.close().catch(() => undefined);
  opened = undefined;
  mount('umount', '--lazy', folder);
  await removeFolder(folder);
});

const value = 'v'.repeat(1_000);
const rowsInTurn = 20;
/** Writes until it is refused. @returns the reason, and how many rows were acknowledged and how many were applied. */
async function fill(store: OpenTableStore, first: number): Promise<{ reason: string; sure: number; applied: number }> {
  let sure = first;
  for (let row = first; ;) {
    await store.room();
    try {
      for (let i = 0; i < rowsInTurn; i++, row++) insert(store, `k${row}`, `${row}`, value);
    } catch (thrown) {
      if (!(thrown instanceof StatusError)) throw thrown;
      const durable = store.endTurn();
      if (durable === undefined) sure = row;
      return { reason: thrown.reason, sure, applied: row };
    }
    const durable = store.endTurn();
    if (durable === undefined) sure = row;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('a full disk', () => {
  test.each([
    ['is met by the flush', { memtableBytes: 2 * mebibyte, logSegmentBytes: mebibyte }, 32],
    ['is met by the flush of a thread', { memtableBytes: 8 * mebibyte, logSegmentBytes: mebibyte }, 48],
    ['is met by the log', { memtableBytes: 64 * mebibyte, logSegmentBytes: mebibyte }, 48],
  ])(
    '%s: writes are refused, reads go on, and with room again so do writes',
    async (_name, options, sizeMebibytes) => {
      folder = await newFolder();
      if (!mount('mount', '-t', 'tmpfs', '-o', `size=${sizeMebibytes}m`, 'tmpfs', folder)) {
        process.stderr.write('no tmpfs here, a full disk not tried\n');
        return;
      }
      const ballast = join(folder, 'ballast');
      await writeFile(ballast, new Uint8Array(((sizeMebibytes * 3) / 4) * mebibyte));
      const fatal: StatusError[] = [];
      const store = (opened = await openIn(folder, { ...options, onFatal: (error) => void fatal.push(error) }));
      const { reason, sure, applied } = await fill(store, 0);
      expect(reason).toBe('disk_full');
      expect(store.statistics().diskFull).toMatch(/the disk is full/);
      for (const row of [0, Math.floor(sure / 2), sure - 1]) expect(rowsOf(store, `k${row}`)).toEqual({ [row]: value });
      expect(() => insert(store, 'k', 'refused', value)).toThrow('the disk is full');
      await rm(ballast);
      await eventually(() => store.statistics().diskFull === undefined, { timeoutMs: 20_000 });
      for (let row = applied; row < applied + 1_000; row++) {
        await store.room();
        insert(store, `k${row}`, `${row}`, value);
        await store.endTurn();
      }
      expect(fatal).toEqual([]);
      await store.close();
      const again = (opened = await openIn(folder, options));
      for (let row = 0; row < applied + 1_000; row++)
        if (row < sure || row >= applied) expect(rowsOf(again, `k${row}`)).toEqual({ [row]: value });
    },
    120_000,
  );
});
