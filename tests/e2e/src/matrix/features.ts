/** The rows of the matrix: what a client does, and what must be true then. The same for every client. */
import { expect } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { mkdirSync, statSync } from 'node:fs';
import { hashTree, makeTree } from '../tree.ts';
import type { Entrance, Stage } from './stage.ts';

type Move = (door: Entrance, from: string, to: string) => Promise<void>;
type Act = (door: Entrance, path: string) => Promise<void>;
/** What a client can do. Paths on the server are absolute. What it cannot is named in {@link Column.cannot}. */
export type Actions = {
  readonly login: (door: Entrance) => Promise<void>;
  /** The listing as the client shows it. */
  readonly list: (door: Entrance, directory: string) => Promise<string>;
  readonly put?: Move;
  readonly get: Move;
  readonly resumePut?: Move;
  readonly resumeGet?: Move;
  readonly rename?: Move;
  readonly remove?: Act;
  readonly makeDirectory?: Act;
  readonly removeDirectory?: Act;
  readonly putKeepingTime?: Move;
  readonly getKeepingTime?: Move;
  readonly chmod?: (door: Entrance, path: string, mode: string) => Promise<void>;
  readonly putTree?: Move;
  readonly getTree?: Move;
  /** Fetches all of the directory that the pattern names, into a folder. */
  readonly getMatching?: (door: Entrance, directory: string, pattern: string, folder: string) => Promise<void>;
  /** Breaks the download of a large file off in its midst; then fetches a small one. */
  readonly breakOff?: (door: Entrance, large: string, small: string, local: string) => Promise<void>;
  /** Fetches a file, and keeps the control connection alive meanwhile. */
  readonly keepAlive?: Move;
};
export type Column = {
  readonly name: string;
  /** What stands for the client. */
  readonly driven: string;
  readonly actions: Actions;
  /** Why there is no cell: a clause, put into a footnote. */
  readonly cannot: Readonly<Partial<Record<FeatureId, string>>>;
  /** It takes times from LIST, which tells the day alone of an old file. */
  readonly timeToTheDay?: true;
};

export type Feature = {
  readonly id: FeatureId;
  readonly title: string;
  readonly entrance?: 'ipv6' | 'explicit' | 'implicit' | 'active';
  readonly play: (stage: Stage, actions: Actions, column: Column) => Promise<void>;
};
export type FeatureId =
  | 'login'
  | 'list'
  | 'names'
  | 'upload'
  | 'download'
  | 'resume-upload'
  | 'resume-download'
  | 'rename'
  | 'delete'
  | 'directories'
  | 'time'
  | 'permissions'
  | 'tree'
  | 'glob'
  | 'break-off'
  | 'active'
  | 'ipv6'
  | 'explicit-tls'
  | 'implicit-tls'
  | 'keep-alive';

const whole = randomBytes(1_000_000);
const half = whole.subarray(0, 400_000);
const large = randomBytes(8_000_000);
const small = Buffer.from('small');
const keptTime = '20200304050607';
const keptSeconds = Date.UTC(2020, 2, 4, 5, 6, 7) / 1_000;
export const names = [
  'two  blanks in it.txt',
  ' a leading blank.txt',
  'größe-ñandú.txt',
  '日本語ファイル.txt',
  'emoji-🦭.dat',
  '#100% & + ; =.txt',
  `${'x'.repeat(251)}.txt`,
];

function must<T>(action: T | undefined): T {
  if (action === undefined) throw new Error('the column has no such action, and does not say why');
  return action;
}
const same = (got: Uint8Array, wanted: Uint8Array): void => expect(Buffer.compare(got, wanted)).toBe(0);

/** Up where the client uploads, and down again; and a listing. */
async function roundTrip(stage: Stage, { put, get, list }: Actions): Promise<void> {
  if (put === undefined) await stage.give('f', whole);
  else await put(stage.door, stage.write('up', whole), stage.at('f'));
  same(await stage.holds('f'), whole);
  await get(stage.door, stage.at('f'), stage.local('down'));
  same(stage.read('down'), whole);
  expect(await list(stage.door, stage.directory)).toMatch(/\bf\b/);
}

async function keepTime(stage: Stage, actions: Actions, { timeToTheDay }: Column): Promise<void> {
  const { putKeepingTime, getKeepingTime } = actions;
  if (putKeepingTime === undefined && getKeepingTime === undefined) must(undefined);
  if (putKeepingTime !== undefined) {
    await putKeepingTime(stage.door, stage.write('up', whole, keptSeconds), stage.at('up'));
    expect(await stage.fact('up', 'modify')).toBe(keptTime);
  }
  if (getKeepingTime === undefined) return;
  await stage.give('f', whole);
  await stage.touch('f', keptTime);
  await getKeepingTime(stage.door, stage.at('f'), stage.local('f'));
  const wanted = timeToTheDay ? keptSeconds - (keptSeconds % 86_400) : keptSeconds;
  expect(Math.floor(statSync(stage.local('f')).mtimeMs / 1_000)).toBe(wanted);
}

async function tree(stage: Stage, { putTree, getTree }: Actions): Promise<void> {
  const source = stage.local('source');
  makeTree(source);
  const seed = must(putTree ?? seedTree);
  await seed(stage.door, source, stage.at('tree'));
  const target = stage.local('target');
  mkdirSync(target);
  await must(getTree)(stage.door, stage.at('tree'), target);
  expect(hashTree(target)).toEqual(hashTree(source));
}
let seedTree: Move | undefined;
/** For a client that only downloads. */
export const seedTreesBy = (move: Move | undefined): void => void (seedTree = move);

export const features: readonly Feature[] = [
  { id: 'login', title: 'login', play: ({ door }, { login }) => login(door) },
  {
    id: 'list',
    title: 'list',
    play: async (stage, { list }) => {
      await stage.give('file one.txt', small);
      await stage.give('old.bin', whole);
      await stage.touch('old.bin', keptTime);
      await stage.make('sub');
      const text = decodeURIComponent(await list(stage.door, stage.directory));
      for (const name of ['file one.txt', 'old.bin', 'sub']) expect(text).toContain(name);
    },
  },
  {
    id: 'names',
    title: 'long names, Unicode, blanks',
    play: async (stage, { put, get }) => {
      for (const [i, name] of names.entries()) {
        const bytes = Buffer.from(`${name}\n${i}`);
        if (put === undefined) await stage.give(name, bytes);
        else await put(stage.door, stage.write(`up-${i}`, bytes), stage.at(name));
        await get(stage.door, stage.at(name), stage.local(`down-${i}`));
        same(stage.read(`down-${i}`), bytes);
      }
      expect(await stage.names()).toEqual(names.toSorted());
    },
  },
  {
    id: 'upload',
    title: 'upload',
    play: async (stage, { put }) => {
      await must(put)(stage.door, stage.write('f', whole), stage.at('f'));
      same(await stage.holds('f'), whole);
    },
  },
  {
    id: 'download',
    title: 'download',
    play: async (stage, { get }) => {
      await stage.give('f', whole);
      await get(stage.door, stage.at('f'), stage.local('f'));
      same(stage.read('f'), whole);
    },
  },
  {
    id: 'resume-upload',
    title: 'resume an upload',
    play: async (stage, { resumePut }) => {
      await stage.cut('f', half);
      await must(resumePut)(stage.door, stage.write('f', whole), stage.at('f'));
      same(await stage.holds('f'), whole);
    },
  },
  {
    id: 'resume-download',
    title: 'resume a download',
    play: async (stage, { resumeGet }) => {
      await stage.give('f', whole);
      // Other bytes than the server's: a client that begins anew overwrites them.
      const there = Buffer.alloc(half.length, 'x');
      await must(resumeGet)(stage.door, stage.at('f'), stage.write('f', there));
      same(stage.read('f'), Buffer.concat([there, whole.subarray(half.length)]));
    },
  },
  {
    id: 'rename',
    title: 'rename',
    play: async (stage, { rename }) => {
      await stage.give('before', small);
      await must(rename)(stage.door, stage.at('before'), stage.at('after'));
      expect(await stage.names()).toEqual(['after']);
    },
  },
  {
    id: 'delete',
    title: 'delete',
    play: async (stage, { remove }) => {
      await stage.give('gone', small);
      await stage.give('stays', small);
      await must(remove)(stage.door, stage.at('gone'));
      expect(await stage.names()).toEqual(['stays']);
    },
  },
  {
    id: 'directories',
    title: 'make and remove directories',
    play: async (stage, { makeDirectory, removeDirectory }) => {
      await must(makeDirectory)(stage.door, stage.at('made'));
      expect([await stage.names(), await stage.fact('made', 'type')]).toEqual([['made'], 'dir']);
      await must(removeDirectory)(stage.door, stage.at('made'));
      expect(await stage.names()).toEqual([]);
    },
  },
  { id: 'time', title: 'time kept', play: keepTime },
  {
    id: 'permissions',
    title: 'permissions set',
    play: async (stage, { chmod }) => {
      await stage.give('f', small);
      await must(chmod)(stage.door, stage.at('f'), '640');
      expect(await stage.fact('f', 'UNIX.mode')).toBe('0640');
    },
  },
  { id: 'tree', title: 'a tree', play: tree },
  {
    id: 'glob',
    title: 'patterns',
    play: async (stage, { getMatching }) => {
      for (const name of ['a.txt', 'b.txt', 'c.bin']) await stage.give(name, Buffer.from(name));
      mkdirSync(stage.local('all'));
      await must(getMatching)(stage.door, stage.directory, '*.txt', stage.local('all'));
      expect(Object.keys(hashTree(stage.local('all')))).toEqual(['a.txt', 'b.txt']);
    },
  },
  {
    id: 'break-off',
    title: 'break a transfer off, go on',
    play: async (stage, { breakOff }) => {
      await stage.give('large', large);
      await stage.give('small', small);
      await must(breakOff)(stage.door, stage.at('large'), stage.at('small'), stage.local('small'));
      same(stage.read('small'), small);
    },
  },
  { id: 'active', title: 'active mode', entrance: 'active', play: roundTrip },
  { id: 'ipv6', title: 'IPv6', entrance: 'ipv6', play: roundTrip },
  { id: 'explicit-tls', title: 'explicit TLS', entrance: 'explicit', play: roundTrip },
  { id: 'implicit-tls', title: 'implicit TLS', entrance: 'implicit', play: roundTrip },
  {
    id: 'keep-alive',
    title: 'kept alive during a transfer',
    play: async (stage, { keepAlive }) => {
      await stage.give('f', large);
      await must(keepAlive)(stage.door, stage.at('f'), stage.local('f'));
      same(stage.read('f'), large);
    },
  },
];
