/**
 * Every cell of the matrix in docs/clients/README.md: a client does what the row says, and the server holds what it
 * must. The page is made from the same data: a cell without a test cannot be written down. UPDATE=1 rewrites it.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '@skerry/testing/node';
import { commandLineColumns } from './matrix/command-line.ts';
import { features, names, seedTreesBy, type Column, type Feature } from './matrix/features.ts';
import { libraryColumns } from './matrix/libraries.ts';
import { listReaders } from './matrix/list-readers.ts';
import { renderMatrix, withMatrix } from './matrix/page.ts';
import { Stage, type Entrance } from './matrix/stage.ts';
import { windowsColumns } from './matrix/windows.ts';
import { RawFtp } from './raw-ftp-fixture.ts';
import { adminPassword, removeFolder, root, System, temporaryFolder } from './system.ts';

const columns: readonly Column[] = [...commandLineColumns, ...libraryColumns, ...windowsColumns];
const folder = temporaryFolder('matrix');
let system: System;
let systemIpv6: System;
const login = (at: System): Promise<RawFtp> => RawFtp.login(at, 'admin', adminPassword);

beforeAll(async () => {
  const ftpsPort = await freePort();
  [system, systemIpv6] = await Promise.all([
    System.start(['up', '--ftp-port', '0', '--passive-ports', '0-0'], join(folder, 'data'), {
      SKERRY_FTPS_PORT: String(ftpsPort),
    }),
    System.embedded(join(folder, 'data-ipv6'), '--bind', '::1'),
  ]);
  seedTreesBy(columns.find(({ name }) => name === 'lftp')?.actions.putTree);
}, 60_000);
afterAll(async () => {
  expect(await Promise.all([system.stop(), systemIpv6.stop()])).toEqual([0, 0]);
  removeFolder(folder);
}, 60_000);

async function stageOf({ name }: Column, { id, entrance }: Feature): Promise<Stage> {
  const at = entrance === 'ipv6' ? systemIpv6 : system;
  const implicit = new URL(system.ready.endpoints['ftps'] ?? '');
  const security = entrance === 'explicit' || entrance === 'implicit' ? entrance : 'none';
  const door: Entrance = {
    ...at.ftp,
    ...(entrance === 'implicit' ? { port: Number(implicit.port) } : {}),
    user: 'admin',
    password: adminPassword,
    security,
    active: entrance === 'active',
  };
  return Stage.open(door, name, id, join(folder, 'local'), () => login(at));
}

describe.each(columns)('$name', (column) => {
  const cells = features.filter(({ id }) => column.cannot[id] === undefined);
  it.each(cells)(
    '$title',
    async (feature) => {
      const stage = await stageOf(column, feature);
      await feature.play(stage, column.actions, column);
      stage.close();
    },
    60_000,
  );
});

describe('a line of LIST', () => {
  let lines: readonly string[];
  const monthAgo = new Date(Date.now() - 30 * 86_400_000).toISOString().replace(/\D/g, '').slice(0, 14);
  const entries: readonly (readonly [name: string, size: number, time: string])[] = [
    ['recent.bin', 3_000, monthAgo],
    ['old.txt', 1, '20200304050607'],
    ['very old.txt', 0, '19850102030405'],
    [' a leading blank.txt', 17, '20200229000000'],
    ['  two of them', 5, '20200229000000'],
    ['ends with a blank ', 5, '20200229000000'],
    ['2020 Mar  4  2020 looks like a date', 9, '20200304050607'],
    ...names.slice(2).map((name) => [name, 8, '20210304050607'] as const),
  ];
  beforeAll(async () => {
    const stage = await Stage.open({ ...system.ftp } as Entrance, 'readers', 'list', folder, () => login(system));
    for (const [name, size, time] of entries) {
      await stage.give(name, Buffer.alloc(size));
      await stage.touch(name, time);
    }
    await stage.make('a directory');
    const ftp = await login(system);
    await ftp.ask(`CWD ${stage.directory}`);
    lines = await ftp.lines('LIST');
    await ftp.quit();
    stage.close();
  });
  it.each(listReaders)('is read by %s', (_, read) => {
    const now = new Date();
    const got = lines.map((line) => read(line, now));
    expect(got.filter(({ directory }) => directory).map(({ name }) => name)).toEqual(['a directory']);
    const wanted = entries.map(([name, size]) => `${size} ${name}`);
    const files = got.filter(({ directory }) => !directory);
    expect(files.map(({ name, size }) => `${size} ${name}`).toSorted()).toEqual(wanted.toSorted());
    for (const [name, , time] of entries) {
      const modified = files.find((entry) => entry.name === name)?.modified ?? '';
      const told = modified.replace(/\D/g, '');
      expect([8, 12]).toContain(told.length);
      expect(time.startsWith(told)).toBe(true);
    }
  });
});

describe('docs/clients/README.md', () => {
  it('has the matrix that is tested here', () => {
    const path = join(root, 'docs/clients/README.md');
    const page = readFileSync(path, 'utf8');
    const wanted = withMatrix(page, renderMatrix(columns, features));
    if (process.env['UPDATE'] === '1') writeFileSync(path, wanted);
    else expect(page).toBe(wanted);
  });
});
