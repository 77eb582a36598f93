import { existsSync, mkdirSync, readFileSync, renameSync, rmdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from '@jest/globals';
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
