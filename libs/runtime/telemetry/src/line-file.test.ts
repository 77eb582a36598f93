import { existsSync, mkdirSync, readFileSync, renameSync, rmdirSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { eventually } from '@skerry/testing';
import { temporaryDirectory } from '@skerry/testing/node';
import { LineFile, type LineFileOptions } from './line-file.ts';

let path: string;
let troubles: { error?: unknown; dropped: number }[];
beforeEach(() => {
  path = join(temporaryDirectory(), 'a.log');
  troubles = [];
});
const opened = (over: Partial<LineFileOptions> = {}): LineFile =>
  new LineFile({ path, sizeMaxBytes: 1_000_000, keepCount: 2, troubled: (trouble) => troubles.push(trouble), ...over });
const read = (name = path): string => readFileSync(name, 'utf8');

describe('line file', () => {
  test('lines stand in order, and a later life goes on behind them', async () => {
    const file = opened();
    for (let i = 0; i < 1_000; i++) file.write(`line ${i}`);
    await file.close();
    const next = opened();
    next.write('after');
    await next.close();
    expect(read().split('\n')).toEqual([...Array.from({ length: 1_000 }, (_, i) => `line ${i}`), 'after', '']);
    expect(statSync(path).mode & 0o777 & ~process.umask()).toBe(0o640 & ~process.umask());
  });
  test('a full file is put aside, and so many of them are kept', async () => {
    const file = opened({ sizeMaxBytes: 10 });
    for (const line of ['one-------', 'two-------', 'three-----', 'four------', 'five']) {
      file.write(line);
      await file.flush();
    }
    await file.close();
    expect([read(), read(`${path}.1`), read(`${path}.2`)]).toEqual(['five\n', 'four------\n', 'three-----\n']);
    expect(existsSync(`${path}.3`)).toBe(false);
  });
  test('after logrotate has moved the file, the next line is in a new one', async () => {
    const file = opened();
    file.write('before');
    await file.flush();
    renameSync(path, `${path}.moved`);
    file.reopen();
    file.write('after');
    await file.close();
    expect([read(`${path}.moved`), read()]).toEqual(['before\n', 'after\n']);
  });
  test('a disk that refuses is told once, its lines are counted, and it goes on when the disk does', async () => {
    mkdirSync(path); // What cannot be opened for writing.
    const file = opened();
    for (const line of ['lost', 'lost too']) {
      file.write(line);
      await file.flush();
    }
    expect(troubles).toMatchObject([{ dropped: 1 }]);
    expect(troubles[0]?.error).toMatchObject({ code: 'EISDIR' });
    expect(file.dropped).toBe(2);
    rmdirSync(path);
    file.write('there');
    await file.close();
    expect(read().trim()).toBe('there');
  });
  test('beyond the queue lines are dropped and counted, not kept in memory', async () => {
    const file = opened({ queueMaxBytes: 10 });
    for (let i = 0; i < 5; i++) file.write('12345');
    expect(file.dropped).toBe(4);
    expect(troubles).toEqual([{ dropped: 1 }]);
    await file.close();
    expect(read()).toBe('12345\n');
  });
});

describe('syncs of a line file', () => {
  let syncs: jest.SpiedFunction<() => Promise<void>>;
  beforeEach(async () => {
    const handle = await open(path, 'a');
    syncs = jest.spyOn(Object.getPrototypeOf(handle) as typeof handle, 'datasync');
    await handle.close();
  });
  afterEach(() => syncs.mockRestore());

  test('what is written is synced in time, many lines by one sync', async () => {
    const file = opened({ syncMs: 50 });
    for (let i = 0; i < 100; i++) {
      file.write(`line ${i}`);
      await file.flush();
    }
    await eventually(() => syncs.mock.calls.length > 0);
    expect(syncs.mock.calls.length).toBeLessThan(50);
    await file.close();
  });
  test('a file is synced before it is closed, and before it is put aside', async () => {
    const file = opened({ sizeMaxBytes: 10, syncMs: 60_000 });
    for (const line of ['one-------', 'two']) {
      file.write(line);
      await file.flush();
    }
    expect(syncs).toHaveBeenCalledTimes(1);
    await file.close();
    expect(syncs).toHaveBeenCalledTimes(2);
  });
  test('a sync that fails is told, and the file is opened anew', async () => {
    syncs.mockRejectedValueOnce(new Error('broken'));
    const file = opened({ syncMs: 1 });
    file.write('one');
    await eventually(() => troubles.length > 0);
    file.write('two');
    await file.close();
    expect(troubles).toMatchObject([{ error: new Error('broken'), dropped: 0 }]);
    expect(read()).toBe('one\ntwo\n');
  });
});
