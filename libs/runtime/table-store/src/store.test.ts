import { cp, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { StatusError } from '@skerry/kernel';
import { eventually } from '@skerry/testing';
import { openSorted } from '@skerry/runtime-kv';
import type { OpenTableStore, TableStoreOptions } from './open.ts';
import { formatNote } from './meta.ts';
import { blockKey, runNumbersIn } from './run-keys.ts';
import { insert, newFolder, openIn, removeFolder, rowsOf, tables } from './test-tables.ts';

let folder = '';
let opened: OpenTableStore[] = [];
let folders: string[] = [];
const open = async (path = folder, over: Partial<TableStoreOptions> = {}): Promise<OpenTableStore> => {
  const store = await openIn(path, over);
  opened.push(store);
  return store;
};
/** What a kill of the process would leave: all that the operating system has. */
const killed = async (): Promise<string> => {
  const copy = await newFolder();
  folders.push(copy);
  await cp(folder, copy, { recursive: true });
  return copy;
};
beforeEach(async () => {
  folder = await newFolder();
  folders = [folder];
  opened = [];
});
afterEach(async () => {
  for (const store of opened) await store.close().catch(() => undefined);
  for (const path of folders) await removeFolder(path);
});
const reasonOf = async (body: Promise<unknown>): Promise<string> => {
  const thrown: unknown = await body.then(
    () => undefined,
    (error: unknown) => error,
  );
  return thrown instanceof StatusError ? `${thrown.reason}: ${thrown.message}` : String(thrown);
};

describe('table store', () => {
  test('is read at once, and after it was closed', async () => {
    const store = await open();
    insert(store, 'k', 'a', '1');
    expect(rowsOf(store, 'k')).toEqual({ a: '1' });
    await store.close();
    const again = await open();
    expect(rowsOf(again, 'k')).toEqual({ a: '1' });
    insert(again, 'k', 'b', '2');
    insert(again, 'k', 'a', '3');
    expect(rowsOf(again, 'k')).toEqual({ a: '3', b: '2' });
    await again.flush();
    expect(rowsOf(again, 'k')).toEqual({ a: '3', b: '2' });
  });
  test.each(['periodic', 'batch'] as const)('finds after a kill what was acknowledged (%s)', async (mode) => {
    const store = await open(folder, { mode });
    insert(store, 'k', 'a', '1');
    await store.endTurn();
    await store.flush();
    insert(store, 'k', 'b', '2');
    await store.endTurn();
    insert(store, 'k', 'c', 'not acknowledged');
    const again = await open(await killed());
    expect(rowsOf(again, 'k')).toEqual({ a: '1', b: '2' });
  });
  test('cuts the log when its content is in the store', async () => {
    const store = await open(folder, { logSegmentBytes: 10_000 });
    for (let i = 0; i < 500; i++) {
      insert(store, `k${i}`, 'a', 'x'.repeat(100));
      await store.endTurn();
      if (i % 50 === 0) await store.flush();
    }
    await store.flush();
    expect(store.statistics().logSegments).toBe(1);
    const again = await open(await killed());
    for (let i = 0; i < 500; i++) expect(rowsOf(again, `k${i}`)).toEqual({ a: 'x'.repeat(100) });
  });
  test('takes more than memory holds, by back-pressure', async () => {
    const store = await open();
    const value = 'v'.repeat(1000);
    for (let i = 0; i < 6000; i++) {
      insert(store, `k${i % 700}`, `r${i}`, value);
      if (i % 20 === 0) {
        await store.endTurn();
        await store.room();
        expect(store.statistics().memoryBytes).toBeLessThan(2.2 * 1024 * 1024);
      }
    }
    await store.flush();
    expect(Object.keys(rowsOf(store, 'k5'))).toHaveLength(9);
  });
  test('refuses what has no room, keeping nothing of it', async () => {
    const store = await open();
    const value = 'v'.repeat(10_000);
    const refused = (): string => {
      for (let i = 0; ; i++)
        try {
          insert(store, `k${i}`, 'a', value);
        } catch (thrown) {
          return thrown instanceof StatusError ? `${thrown.reason} ${i}` : String(thrown);
        }
    };
    const [reason, number] = refused().split(' ');
    expect(reason).toBe('overloaded');
    expect(rowsOf(store, `k${number}`)).toEqual({});
    await store.endTurn();
    await store.room();
    insert(store, `k${number}`, 'a', value);
    expect(rowsOf(store, `k${number}`)).toEqual({ a: value });
  });
  test('replays more than memory holds', async () => {
    const store = await open(folder, { memtableBytes: 16 * 1024 * 1024 });
    for (let i = 0; i < 3000; i++) insert(store, `k${i}`, 'a', 'v'.repeat(1000));
    await store.endTurn();
    const again = await open(await killed());
    for (let i = 0; i < 3000; i += 100) expect(Object.keys(rowsOf(again, `k${i}`))).toEqual(['a']);
    expect(again.statistics().flushes).toBeGreaterThan(0);
  });
  test('a truncated table stays empty, after a kill too, and takes writes', async () => {
    const store = await open();
    insert(store, 'k', 'a', '1');
    await store.flush();
    insert(store, 'k', 'b', '2');
    insert(store, 'k', 'b', '2', tables[1]);
    await store.truncate(() => [1]);
    expect(rowsOf(store, 'k')).toEqual({});
    insert(store, 'k', 'c', '3');
    await store.endTurn();
    const again = await open(await killed());
    expect(rowsOf(again, 'k')).toEqual({ c: '3' });
    expect(rowsOf(again, 'k', tables[1])).toEqual({ b: '2' });
  });
  test('tables that are truncated together are empty at one moment, and after a kill at any moment', async () => {
    const store = await open();
    const of = (from: OpenTableStore): readonly [string[], string[]] => [
      Object.keys(rowsOf(from, 'k')),
      Object.keys(rowsOf(from, 'k', tables[1])),
    ];
    insert(store, 'k', 'old', '1');
    insert(store, 'k', 'old', '1', tables[1]);
    await store.flush();
    insert(store, 'k', 'older', '1');
    insert(store, 'k', 'older', '1', tables[1]);
    let done = false;
    const truncated = store.truncate(() => [1, 2]).then(() => (done = true));
    const copies: { readonly path: string; readonly seen: readonly [string[], string[]] }[] = [];
    for (let turn = 0; !done; turn++) {
      insert(store, 'k', `t${turn}`, 'x');
      insert(store, 'k', `t${turn}`, 'x', tables[1]);
      await store.endTurn();
      const seen = of(store);
      expect(seen[1]).toEqual(seen[0]);
      if (copies.length < 6) copies.push({ path: await killed(), seen: of(store) });
      await new Promise((resolve) => setImmediate(resolve));
    }
    await truncated;
    expect(of(store)[0]).not.toContain('old');
    for (const { path, seen } of copies) {
      const again = await open(path);
      const found = of(again);
      expect(found[1]).toEqual(found[0]);
      // What was gone when the process was killed is gone.
      if (!seen[0].includes('old')) expect(found[0]).not.toContain('old');
      expect(found[0].includes('older')).toBe(found[0].includes('old'));
      await again.close();
    }
  });
  test('what a dropped table had goes at the next start, when a kill came before', async () => {
    const store = await open();
    insert(store, 'k', 'a', 'x'.repeat(10_000));
    insert(store, 'k', 'a', '1', tables[1]);
    await store.flush();
    expect(store.stored(1).runs).toBe(1);
    const copy = await killed();
    const again = await open(copy, { tables: [tables[1]] });
    expect(again.stored(1)).toEqual({ blocks: 0, bytes: 0, runs: 0 });
    expect(rowsOf(again, 'k', tables[1])).toEqual({ a: '1' });
    // Its bytes go in the background; a close may come before, and the start behind that goes on.
    insert(again, 'k', 'b', '2', tables[1]);
    await again.flush();
    await again.close();
    await (await open(copy, { tables: [tables[1]] })).close();
    const blocks = await openSorted(join(copy, 'blocks'), 1024 ** 3);
    try {
      expect(runNumbersIn(blocks.place())).not.toContain(1);
    } finally {
      await blocks.close();
    }
  });
  test('a dropped table takes no writes', async () => {
    const store = await open();
    insert(store, 'k', 'a', '1');
    await store.dropTable(1);
    expect(() => insert(store, 'k', 'a', '1')).toThrow('it is not there');
    insert(store, 'k', 'a', '1', tables[1]);
    expect(rowsOf(store, 'k', tables[1])).toEqual({ a: '1' });
  });
  test('a snapshot is a store as it was', async () => {
    const store = await open();
    insert(store, 'k', 'a', '1');
    const copy = await newFolder();
    folders.push(copy);
    await store.snapshot(join(copy, 'blocks'));
    insert(store, 'k', 'a', '2');
    const restored = await open(copy);
    expect(rowsOf(restored, 'k')).toEqual({ a: '1' });
  });
  test('names the damage of a block', async () => {
    const store = await open();
    insert(store, 'k', 'a', 'to be found');
    await store.close();
    opened = [];
    const file = join(folder, 'blocks', 'data.mdb');
    const bytes = await readFile(file);
    for (let at = bytes.indexOf('to be found'); at >= 0; at = bytes.indexOf('to be found', at + 1)) bytes[at] = 0x21;
    await writeFile(file, bytes);
    const again = await open();
    expect(() => rowsOf(again, 'k')).toThrow(
      /Cannot read table 1: the block at token -?\d+, run \d+, block \d+, is damaged/,
    );
  });
  test('cuts a torn tail of the log', async () => {
    const store = await open();
    insert(store, 'k', 'a', '1');
    await store.endTurn();
    insert(store, 'k', 'b', 'torn');
    await store.endTurn();
    const copy = await killed();
    const name = (await readdir(join(copy, 'log')))[0] ?? '';
    const bytes = await readFile(join(copy, 'log', name));
    await writeFile(join(copy, 'log', name), bytes.subarray(0, bytes.length - 3));
    const again = await open(copy);
    expect(rowsOf(again, 'k')).toEqual({ a: '1' });
    insert(again, 'k', 'c', '2');
    await again.endTurn();
    await again.close();
    const third = await open(copy);
    expect(rowsOf(third, 'k')).toEqual({ a: '1', c: '2' });
  });
  test('a file of the log that a kill left without its head is no damage, now or later', async () => {
    const store = await open();
    insert(store, 'k', 'a', '1');
    await store.endTurn();
    const copy = await killed();
    const last = (await readdir(join(copy, 'log'))).toSorted().at(-1) ?? '';
    const next = `log-${String(Number(last.slice(4)) + 1).padStart(10, '0')}`;
    await writeFile(join(copy, 'log', next), '');
    const again = await open(copy);
    expect(rowsOf(again, 'k')).toEqual({ a: '1' });
    insert(again, 'k', 'b', '2');
    await again.endTurn();
    const third = await newFolder();
    folders.push(third);
    await cp(copy, third, { recursive: true });
    expect(rowsOf(await open(third), 'k')).toEqual({ a: '1', b: '2' });
  });
  test('refuses a log that is damaged where it was on disk', async () => {
    const store = await open(folder, { mode: 'batch' });
    for (const row of ['a', 'b', 'c']) {
      insert(store, 'k', row, 'acknowledged');
      await store.endTurn();
    }
    const copy = await killed();
    const name = (await readdir(join(copy, 'log')))[0] ?? '';
    const bytes = await readFile(join(copy, 'log', name));
    bytes[bytes.indexOf('acknowledged')] = 0;
    await writeFile(join(copy, 'log', name), bytes);
    expect(await reasonOf(open(copy))).toMatch(/^corrupt: Cannot read commit log: "log\/log-\d+" at \d+ is damaged/);
  });
  test('has what a thread flushed and merged, after it was opened anew too', async () => {
    // Larger than what is done in line.
    const store = await open(folder, { memtableBytes: 8 * 1024 * 1024 });
    const rounds = 5;
    const value = (round: number, i: number): string => `${round}.${i} `.repeat(100);
    for (let round = 0; round < rounds; round++) {
      for (let i = 0; i < 8_000; i++) {
        insert(store, `k${i % 4_000}`, `r${i}`, value(round, i));
        if (i % 50 === 0) {
          await store.endTurn();
          await store.room();
        }
      }
      await store.flush();
    }
    await eventually(() => store.statistics().compactions.completed > 0 && store.stored(1).runs < 8);
    const check = (from: OpenTableStore): void => {
      for (let i = 0; i < 4_000; i += 97)
        expect(rowsOf(from, `k${i}`)).toEqual({
          [`r${i}`]: value(rounds - 1, i),
          [`r${i + 4_000}`]: value(rounds - 1, i + 4_000),
        });
    };
    check(store);
    const copy = await newFolder();
    folders.push(copy);
    await store.snapshot(join(copy, 'blocks'));
    await store.close();
    check(await open(folder));
    check(await open(copy));
  }, 120_000);
  test('what a killed flush left half is taken out', async () => {
    const store = await open();
    insert(store, 'k', 'a', '1');
    await store.flush();
    await store.close();
    const blocks = await openSorted(join(folder, 'blocks'), 1024 ** 3);
    await blocks.write([0, 1, 2].map((block) => ({ key: blockKey(900, block), value: Uint8Array.of(1) })));
    await blocks.close();
    const again = await open();
    expect(rowsOf(again, 'k')).toEqual({ a: '1' });
    insert(again, 'k', 'b', '2');
    await again.close();
    const third = await openSorted(join(folder, 'blocks'), 1024 ** 3);
    try {
      expect(runNumbersIn(third.place()).includes(900)).toBe(false);
    } finally {
      await third.close();
    }
  });
  test('a store of the format before is refused by name', async () => {
    const blocks = await openSorted(join(folder, 'blocks'), 1024 ** 3);
    await blocks.write([{ ...formatNote(), value: Uint8Array.of(0, 0, 0, 1) }]);
    await blocks.close();
    expect(await reasonOf(open())).toMatch(/^malformed: Cannot open table store ".*": its format is 1/);
  });
  test('refuses a newer format, and touches nothing', async () => {
    const blocks = await openSorted(join(folder, 'blocks'), 1024 ** 3);
    await blocks.write([{ ...formatNote(), value: Uint8Array.of(0, 0, 0, 9) }]);
    await blocks.close();
    expect(await reasonOf(open())).toMatch(/^format_newer/);
    expect(await readdir(folder)).toEqual(['blocks']);
  });
});
