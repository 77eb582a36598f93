import { describe, expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { NodeId } from '@skerry/kernel';
import { temporaryDirectory } from '@skerry/testing/node';
import { openNodeFolder } from './node-folder.ts';

const owner = { nodeId: NodeId('data_1'), role: 'data' };
const snapshot = async (path: string): Promise<Record<string, string>> => {
  const names = await readdir(path);
  return Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await readFile(join(path, name), 'utf8')])),
  );
};

describe('the folder of a node', () => {
  test('is made, with its format, and opens again', async () => {
    const path = join(temporaryDirectory(), 'deep', 'data_1');
    await (await openNodeFolder(path, owner, 1000)).close();
    expect(JSON.parse(await readFile(join(path, 'format.json'), 'utf8'))).toEqual({
      format: 1,
      node: 'data_1',
      role: 'data',
    });
    const again = await openNodeFolder(path, owner, 2000);
    expect(again.incarnation).toBe(2000);
    await again.close();
  });
  test('each life has a larger incarnation, also when the clock stepped back', async () => {
    const path = temporaryDirectory();
    const seen: number[] = [];
    for (const wallMs of [5000.7, 100, 100, 9000]) {
      const folder = await openNodeFolder(path, owner, wallMs);
      seen.push(folder.incarnation);
      await folder.close();
    }
    expect(seen).toEqual([5000, 5001, 5002, 9000]);
  });
  test('of a newer format is refused, and left untouched', async () => {
    const path = temporaryDirectory();
    await writeFile(join(path, 'format.json'), '{"format":2,"node":"data_1","role":"data","more":1}');
    await writeFile(join(path, 'strange'), 'x');
    const before = await snapshot(path);
    await expect(openNodeFolder(path, owner, 1)).rejects.toMatchObject({ reason: 'format_newer' });
    expect(await snapshot(path)).toEqual(before);
  });
  test.each([
    [
      'of another node',
      '{"format":1,"node":"data_2","role":"data"}',
      /must be of data node "data_1": is of data node "data_2"/,
    ],
    ['of another role', '{"format":1,"node":"data_1","role":"auth"}', /is of auth node/],
    ['whose format is no JSON', '{', /format\.json/],
    ['whose format is none', '{"format":0,"node":"a","role":"b"}', /format\.json/],
  ])('%s is refused', async (_, json, message) => {
    const path = temporaryDirectory();
    await writeFile(join(path, 'format.json'), json);
    await expect(openNodeFolder(path, owner, 1)).rejects.toThrow(message);
  });
  test('that holds something, but no format, is refused', async () => {
    const path = temporaryDirectory();
    await mkdir(join(path, 'wal'));
    await expect(openNodeFolder(path, owner, 1)).rejects.toMatchObject({ reason: 'corrupt' });
  });
  test('may hold its identity before its first start', async () => {
    const path = temporaryDirectory();
    await mkdir(join(path, 'identity'));
    await (await openNodeFolder(path, owner, 1)).close();
    expect(await readdir(path)).toContain('format.json');
  });
  test('under a file is told by the operating system', async () => {
    const path = join(temporaryDirectory(), 'file');
    await writeFile(path, '');
    await expect(openNodeFolder(join(path, 'data_1'), owner, 1)).rejects.toMatchObject({ reason: 'disk_failed' });
  });
});

describe('the lock', () => {
  test('keeps a second one out, of several that start at once too', async () => {
    const path = temporaryDirectory();
    const opened = await Promise.allSettled(Array.from({ length: 5 }, () => openNodeFolder(path, owner, 1)));
    const good = opened.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    expect(good).toHaveLength(1);
    for (const result of opened)
      if (result.status === 'rejected') expect(result.reason).toMatchObject({ reason: 'fenced' });
    await good[0]?.close();
    await (await openNodeFolder(path, owner, 1)).close();
    expect((await readdir(path)).toSorted()).toEqual(['format.json', 'life.json', 'lock']);
  });
  test('a copy of a folder is another folder only with a lock of its own', async () => {
    const [path, other] = [temporaryDirectory(), temporaryDirectory()];
    const first = await openNodeFolder(path, owner, 1);
    await (await openNodeFolder(other, owner, 1)).close();
    await first.close();
  });
  test('is free at once after kill -9 of its holder', async () => {
    const path = temporaryDirectory();
    const module = JSON.stringify(fileURLToPath(new URL('node-folder.ts', import.meta.url)));
    const script = `import { openNodeFolder } from ${module};
      await openNodeFolder(${JSON.stringify(path)}, { nodeId: 'data_1', role: 'data' }, 1);
      console.log('open');
      setInterval(() => undefined, 1000);`;
    const flags = ['--import', 'tsx', '--conditions=@skerry/source', '--input-type=module', '-e', script];
    const cwd = fileURLToPath(new URL('..', import.meta.url));
    const holder = spawn(process.execPath, flags, { cwd, stdio: ['ignore', 'pipe', 'inherit'] });
    await once(holder.stdout, 'data');
    await expect(openNodeFolder(path, owner, 1)).rejects.toMatchObject({ reason: 'fenced' });
    holder.kill('SIGKILL');
    await once(holder, 'exit');
    await (await openNodeFolder(path, owner, 1)).close();
  });
});
