import { describe, expect, it } from '@jest/globals';
import { concatBytes } from '@skerry/kernel';
import { encodeCommand } from './command-codec.ts';
import { rootDirectory } from './ids.ts';
import { deadMarkKeptRecords, extentCountMax, inlineSizeMaxBytes, stageCountMax } from './limits.ts';
import {
  entryAt,
  isDead,
  isReferenced,
  listContent,
  listDirectory,
  lookup,
  stageOf,
  treeHash,
  usageOf,
} from './read.ts';
import { stageLength } from './stage.ts';
import { blob, epoch, id, inRoot, noQuota, startMs, TestLog, verdict } from './test-log.ts';
import { deadKey } from './keys.ts';

type Rule = readonly [rule: string, act: (log: TestLog) => ReturnType<TestLog['mkdir']>, verdict: string];

/** /dir/ with /dir/file of 10 bytes, /empty/, /top of 5 bytes. */
function furnished(): TestLog {
  const log = new TestLog();
  for (const outcome of [log.mkdir('/dir'), log.put('/dir/file', 10), log.mkdir('/empty'), log.put('/top', 5)])
    expect(verdict(outcome)).toBe('ok');
  return log;
}
const quota = (bytes?: number, files?: number) => ({ quota: { bytes, files } });
const gone = { directory: id(999), name: 'x' };

const names: readonly Rule[] = [
  ['a file may be put into a directory', (log) => log.put('/dir/new', 1), 'ok'],
  ['a file replaces a file', (log) => log.put('/top', 1), 'ok'],
  ['a file never replaces a directory', (log) => log.put('/dir', 1), 'is_a_directory'],
  ['a directory that is gone takes no file', (log) => log.put('/x', 1, { place: gone }), 'no_such_entry'],
  ['a name with a slash is refused', (log) => log.put('/x', 1, { place: inRoot('a/b') }), 'path_invalid'],
  ['a name with NUL is refused', (log) => log.put('/x', 1, { place: inRoot('a\0') }), 'path_invalid'],
  ['".." is no name', (log) => log.put('/x', 1, { place: inRoot('..') }), 'path_invalid'],
  ['a name of 255 bytes is taken', (log) => log.put('/x', 1, { place: inRoot('x'.repeat(255)) }), 'ok'],
  ['a name of 256 bytes is refused', (log) => log.put('/x', 1, { place: inRoot('ö'.repeat(128)) }), 'name_too_long'],
  ['an owner with NUL is refused', (log) => log.put('/x', 1, { user: 'a\0b' }), 'malformed'],
  ['a directory may be made once', (log) => log.mkdir('/dir'), 'entry_exists'],
  ['a directory never replaces a file', (log) => log.mkdir('/top'), 'entry_exists'],
  ['an empty directory may go', (log) => log.apply({ kind: 'removeDirectory', place: inRoot('empty') }), 'ok'],
  ['a full one may not', (log) => log.apply({ kind: 'removeDirectory', place: inRoot('dir') }), 'directory_not_empty'],
  ['RMD removes no file', (log) => log.apply({ kind: 'removeDirectory', place: inRoot('top') }), 'not_a_directory'],
  ['RMD of nothing fails', (log) => log.apply({ kind: 'removeDirectory', place: inRoot('no') }), 'no_such_entry'],
  ['DELE removes a file', (log) => log.remove('/top'), 'ok'],
  ['DELE removes no directory', (log) => log.remove('/dir'), 'is_a_directory'],
  ['DELE of nothing fails', (log) => log.remove('/no'), 'no_such_entry'],
  ['a file may move', (log) => log.rename('/top', '/dir/top'), 'ok'],
  ['a file may move onto a file', (log) => log.rename('/top', '/dir/file'), 'ok'],
  ['a file never moves onto a directory', (log) => log.rename('/top', '/dir'), 'entry_exists'],
  ['a directory never moves onto a file', (log) => log.rename('/dir', '/top'), 'entry_exists'],
  ['a directory never moves onto a directory', (log) => log.rename('/dir', '/empty'), 'entry_exists'],
  ['a directory may move', (log) => log.rename('/dir', '/empty/dir'), 'ok'],
  ['a directory never moves into itself', (log) => log.rename('/dir', '/dir/in'), 'directory_cycle'],
  ['a name may be renamed to itself', (log) => log.rename('/dir', '/dir'), 'ok'],
  ['what is not there cannot move', (log) => log.rename('/no', '/yes'), 'no_such_entry'],
  ['files may be combined to a new one', (log) => log.combine('/new', ['/top', '/dir/file']), 'ok'],
  ['files may be appended to one', (log) => log.combine('/top', ['/dir/file']), 'ok'],
  ['a part that is not there combines nothing', (log) => log.combine('/top', ['/dir/file', '/no']), 'no_such_entry'],
  ['a directory is no part', (log) => log.combine('/top', ['/dir']), 'is_a_directory'],
  ['a directory is no whole', (log) => log.combine('/dir', ['/top']), 'is_a_directory'],
  ['a part counts once', (log) => log.combine('/new', ['/top', '/top']), 'malformed'],
  ['the whole is no part', (log) => log.combine('/top', ['/dir/file', '/top']), 'malformed'],
  ['combining the own costs no quota', (log) => log.combine('/new', ['/top', '/dir/file'], quota(1, 1)), 'ok'],
  [
    "combining another's does",
    (log) => log.combine('/new', ['/top', '/dir/file'], { user: 'bob', ...quota(14) }),
    'quota',
  ],
  [
    'attributes need an entry',
    (log) => log.apply({ kind: 'setAttributes', place: inRoot('no'), modifiedMs: 1, mode: 1 }),
    'no_such_entry',
  ],
];
it('combining shares the pieces: nothing is copied, the parts are gone, what was refused changed nothing', () => {
  const log = furnished();
  const before = treeHash(log.store);
  expect(verdict(log.combine('/top', ['/dir/file', '/no']))).toBe('no_such_entry');
  expect(treeHash(log.store)).toBe(before);
  const pieces = ['top', 'dir/file'].flatMap((path) => entryAt(log.store, log.place(`/${path}`))?.extents ?? []);
  expect(verdict(log.combine('/top', ['/dir/file']))).toBe('ok');
  const whole = entryAt(log.store, inRoot('top'));
  expect(whole?.extents).toEqual(pieces);
  expect(whole?.size).toBe(15);
  expect(lookup(log.store, '/dir/file').kind).toBe('vacant');
  expect(usageOf(log.store, 'ada')).toMatchObject({ bytes: 15, files: 1 });
  expect(log.effects).toEqual([]);
});

const content: readonly Rule[] = [
  ['content in the record has a limit', (log) => log.put('/x', inlineSizeMaxBytes + 1), 'too_large'],
  ['content at the limit is taken', (log) => log.put('/x', inlineSizeMaxBytes), 'ok'],
  [
    'a put of a unique name wants nothing there',
    (log) => log.put('/top', 1, { condition: { kind: 'absent' } }),
    'entry_exists',
  ],
  [
    'an append wants the version that it saw',
    (log) => log.put('/top', 1, { condition: { kind: 'version', version: 4 } }),
    'ok',
  ],
  [
    'an append to another version conflicts',
    (log) => log.put('/top', 1, { condition: { kind: 'version', version: 3 } }),
    'version_conflict',
  ],
  ['version 0 is nothing', (log) => log.put('/new', 1, { condition: { kind: 'version', version: 0 } }), 'ok'],
  [
    'shared content must be there',
    (log) => log.put('/x', 1, { prefix: [{ blob: blob(1), offset: 0, length: 1 }] }),
    'blob_dead',
  ],
  [
    'a dead blob is never used again',
    (log) => {
      log.apply({ kind: 'forget', blobs: [blob(1)] });
      return log.put('/x', 0, { tail: { kind: 'blob', blob: blob(1), length: 9 } });
    },
    'blob_dead',
  ],
  [
    'a version has a bounded number of pieces',
    (log) => {
      const shared = entryAt(log.store, inRoot('top'))?.extents[0]?.blob ?? blob(0);
      const piece = { blob: shared, offset: 0, length: 1 };
      return log.put('/x', 0, { prefix: Array.from({ length: extentCountMax + 1 }, () => piece) });
    },
    'overloaded',
  ],
  ['quota bytes: up to it', (log) => log.put('/x', 5, quota(20)), 'ok'],
  ['quota bytes: not beyond it', (log) => log.put('/x', 6, quota(20)), 'quota'],
  ['what is replaced is freed', (log) => log.put('/dir/file', 15, quota(20)), 'ok'],
  ['over quota already, less is still allowed', (log) => log.put('/dir/file', 9, quota(1)), 'ok'],
  ['quota files: up to it', (log) => log.put('/x', 1, quota(undefined, 3)), 'ok'],
  ['quota files: not beyond it', (log) => log.put('/x', 1, quota(undefined, 2)), 'quota'],
  ['quota files: a replaced file is no new one', (log) => log.put('/top', 1, quota(undefined, 2)), 'ok'],
  [
    "another's file counts as a new one of the writer's",
    (log) => log.put('/top', 1, { user: 'bob', ...quota(9, 0) }),
    'quota',
  ],
];
const staging: readonly Rule[] = [
  ['a stage may be opened where nothing is', (log) => log.openStage('/x'), 'ok'],
  ['no stage of a directory', (log) => log.openStage('/dir'), 'is_a_directory'],
  ['a stage never goes on from one that is gone', (log) => log.openStage('/x', { from: 3 }), 'stage_moved'],
  ['a stage over quota is refused', (log) => log.openStage('/x', { blobLength: 6, ...quota(20) }), 'quota'],
  ['a put with a foreign token is fenced', (log) => log.put('/x', 1, { token: 1 }), 'fenced'],
  [
    'a put without a token needs no stage',
    (log) => {
      log.openStage('/x');
      return log.put('/x', 1);
    },
    'ok',
  ],
  [
    'a put without a token leaves a live stage alone: it may still be published',
    (log) => {
      const opened = log.openStage('/x', { blob: blob(1) });
      log.put('/x', 1);
      const token = opened.ok ? opened.token : undefined;
      return log.put('/x', 0, { token, tail: { kind: 'blob', blob: blob(1), length: 9 } });
    },
    'ok',
  ],
  [
    'a put without a token drops what a cut left',
    (log) => {
      const opened = log.openStage('/x', { blob: blob(1), cut: true });
      log.put('/x', 1);
      return log.put('/x', 0, { token: opened.ok ? opened.token : undefined });
    },
    'fenced',
  ],
  [
    'an extension with an old token is fenced',
    (log) => {
      log.openStage('/x');
      log.openStage('/x');
      const more = { user: 'ada', token: 5, blobLength: 1, cut: false, quota: noQuota };
      return log.apply({ kind: 'extendStage', place: inRoot('x'), ...more });
    },
    'fenced',
  ],
  [
    'an extension over quota is refused',
    (log) => {
      log.openStage('/x');
      const more = { user: 'ada', token: 5, blobLength: 6, cut: false, ...quota(20) };
      return log.apply({ kind: 'extendStage', place: inRoot('x'), ...more });
    },
    'quota',
  ],
  [
    'a cut over quota is kept',
    (log) => {
      log.openStage('/x');
      const more = { user: 'ada', token: 5, blobLength: 6, cut: true, ...quota(20) };
      return log.apply({ kind: 'extendStage', place: inRoot('x'), ...more });
    },
    'ok',
  ],
  [
    'a stage is dropped by its token only',
    (log) => {
      log.openStage('/x');
      return log.apply({ kind: 'dropStage', place: inRoot('x'), user: 'ada', token: 4 });
    },
    'fenced',
  ],
  [
    'DELE of a name that is only a stage drops it',
    (log) => {
      log.openStage('/x');
      return log.remove('/x');
    },
    'ok',
  ],
];

describe.each([
  ['names', names],
  ['content', content],
  ['stages', staging],
])('%s', (_, rules) => {
  it.each(rules)('%s', (_rule, act, expected) => {
    const log = furnished();
    const before = treeHash(log.store);
    const outcome = act(log);
    expect(verdict(outcome)).toBe(expected);
    const single = log.index === 5;
    if (!outcome.ok && single) expect(treeHash(log.store)).toBe(before);
  });
});

describe('a version', () => {
  it('keeps id, mode and birth of what it replaces, and knows all that it replaced', () => {
    const log = new TestLog();
    log.put('/f', 3, { mode: 0o600 });
    const first = entryAt(log.store, inRoot('f'));
    log.put('/f', 4, { mode: 0o644, user: 'bob' });
    const second = entryAt(log.store, inRoot('f'));
    expect(second).toMatchObject({ id: first?.id, mode: 0o600, createdMs: startMs + 1, owner: 'bob', size: 4 });
    expect([...(second?.context ?? [])]).toEqual([[epoch, 2]]);
    expect(second).toMatchObject({ version: 2, modifiedMs: startMs + 2 });
    expect([usageOf(log.store, 'ada').files, usageOf(log.store, 'bob').bytes]).toEqual([0, 4]);
  });
  it('shares the prefix of the one before: ten bytes onto it cost ten bytes', () => {
    const log = new TestLog();
    log.put('/f', 100);
    const prefix = entryAt(log.store, inRoot('f'))?.extents ?? [];
    log.put('/f', 10, { prefix });
    expect(log.effects).toHaveLength(1);
    expect(entryAt(log.store, inRoot('f'))).toMatchObject({ size: 110 });
    expect(usageOf(log.store, 'ada')).toMatchObject({ bytes: 110, files: 1 });
    const blobs = entryAt(log.store, inRoot('f'))?.extents.map((extent) => extent.blob) ?? [];
    log.remove('/f');
    expect(log.effects).toEqual(blobs.map((gone) => ({ kind: 'forget', blob: gone })));
    expect(blobs.map((gone) => isDead(log.store, gone))).toEqual([true, true]);
  });
  it('may be compacted: same bytes, times and version', () => {
    const log = new TestLog();
    log.put('/f', 3);
    log.put('/f', 4, { prefix: entryAt(log.store, inRoot('f'))?.extents ?? [] });
    const before = entryAt(log.store, inRoot('f'));
    const replaced = before?.extents ?? [];
    const tail = { kind: 'inline', blob: blob(5), bytes: new Uint8Array(7) } as const;
    const compact = { kind: 'compact', place: inRoot('f'), version: 2, first: 0, replaced, tail } as const;
    expect(verdict(log.apply({ ...compact, tail: { ...tail, bytes: new Uint8Array(6) } }))).toBe('malformed');
    expect(verdict(log.apply(compact))).toBe('ok');
    expect(log.effects.map((effect) => effect.kind)).toEqual(['content', 'forget', 'forget']);
    const after = entryAt(log.store, inRoot('f'));
    expect(after).toEqual({ ...before, extents: [{ blob: blob(5), offset: 0, length: 7 }] });
    expect(verdict(log.apply({ ...compact, tail: { ...tail, blob: blob(6) } }))).toBe('version_conflict');
  });
});

describe('all content', () => {
  it('is listed in pages: what versions and stages name, also while it changes', () => {
    const log = new TestLog();
    log.mkdir('/d');
    const sizes = [3, 4, 5];
    sizes.forEach((size, n) => log.put(`/d/f${n}`, size));
    log.openStage('/d/s', { blob: blob(77), blobLength: 9 });
    log.openStage('/d/empty', { blob: blob(78), blobLength: 0 });
    for (const limit of [1, 2, 100]) {
      const lengths: number[] = [];
      let after: Uint8Array | undefined;
      do {
        const page = listContent(log.store, after, limit);
        lengths.push(...page.extents.map(({ length }) => length));
        ({ after } = page);
      } while (after !== undefined);
      expect(lengths).toEqual([3, 4, 5, 9]);
    }
    const { after } = listContent(log.store, undefined, 2);
    log.remove('/d/f0');
    expect(listContent(log.store, after, 100).extents.map(({ length }) => length)).toEqual([4, 5, 9]);
  });
});

describe('a stage', () => {
  it('is one for each user and path: the newer fences the older and takes its blob over', () => {
    const log = new TestLog();
    log.openStage('/f', { blob: blob(1), blobLength: 8, cut: true });
    log.openStage('/f', { user: 'bob', blob: blob(2), blobLength: 9 });
    log.openStage('/f', { blob: blob(1), blobLength: 5, from: 1 });
    expect(log.effects).toEqual([{ kind: 'needed', blob: blob(1), length: 5 }]);
    expect(stageOf(log.store, 'ada', inRoot('f'))).toMatchObject({ token: 3, blobLength: 5, openedMs: startMs + 1 });
    expect(usageOf(log.store, 'ada')).toMatchObject({ stages: 1, stagedBytes: 5, files: 0, bytes: 0 });
    log.openStage('/f', { blob: blob(3) });
    expect(log.effects).toEqual([{ kind: 'forget', blob: blob(1) }]);
  });
  it('becomes a version: its blob is kept, the stage goes', () => {
    const log = new TestLog();
    log.put('/f', 4);
    const prefix = entryAt(log.store, inRoot('f'))?.extents ?? [];
    const opened = log.openStage('/f', { blob: blob(1), prefix });
    const token = opened.ok ? opened.token : undefined;
    log.remove('/f');
    expect(stageOf(log.store, 'ada', inRoot('f'))).toBeUndefined();
    expect(isReferenced(log.store, blob(1))).toBe(false);
    expect(verdict(log.put('/f', 0, { token, prefix, tail: { kind: 'blob', blob: blob(1), length: 6 } }))).toBe(
      'fenced',
    );

    const again = log.openStage('/f', { blob: blob(2) });
    const put = { token: again.ok ? again.token : 0, tail: { kind: 'blob', blob: blob(2), length: 6 } } as const;
    expect(verdict(log.put('/f', 0, put))).toBe('ok');
    expect(log.effects).toEqual([{ kind: 'needed', blob: blob(2), length: 6 }]);
    expect(usageOf(log.store, 'ada')).toEqual({ bytes: 6, files: 1, stages: 0, stagedBytes: 0 });
  });
  it('keeps the content that it shares, also when the version goes', () => {
    const log = new TestLog();
    log.put('/f', 4);
    const prefix = entryAt(log.store, inRoot('f'))?.extents ?? [];
    log.openStage('/f', { prefix, blobLength: 3, user: 'bob' });
    log.remove('/f');
    expect(log.effects).toEqual([]);
    const stage = stageOf(log.store, 'bob', inRoot('f'));
    expect(stage === undefined ? 0 : stageLength(stage)).toBe(7);
  });
  it('goes with its directory, and follows it when it is moved', () => {
    const log = new TestLog();
    log.mkdir('/a');
    log.openStage('/a/f', { blob: blob(1) });
    log.rename('/a', '/b');
    expect(stageOf(log.store, 'ada', log.place('/b/f'))?.blob).toBe(blob(1));
    log.apply({ kind: 'removeDirectory', place: inRoot('b') });
    expect(log.effects).toEqual([{ kind: 'forget', blob: blob(1) }]);
    expect(usageOf(log.store, 'ada').stages).toBe(0);
  });
  it('beside which another upload ran stays superseded, however it goes on', () => {
    const mark = (log: TestLog): string | undefined => stageOf(log.store, 'ada', inRoot('f'))?.mark;
    const log = new TestLog();
    log.openStage('/f', { blob: blob(1), blobLength: 1 });
    expect(mark(log)).toBe('live');
    log.apply({ kind: 'supersedeStage', place: inRoot('f'), user: 'ada' });
    const more = { user: 'ada', token: 1, blobLength: 2, cut: true, quota: noQuota };
    log.apply({ kind: 'extendStage', place: inRoot('f'), ...more });
    expect(mark(log)).toBe('superseded');
    log.openStage('/f', { blob: blob(1), blobLength: 2, from: 1 });
    expect(mark(log)).toBe('superseded');
    log.openStage('/f', { blob: blob(2) });
    expect(mark(log)).toBe('live');
    log.openStage('/f', { blob: blob(3), superseded: true });
    expect(mark(log)).toBe('superseded');
    expect(usageOf(log.store, 'ada')).toMatchObject({ stages: 1, stagedBytes: 0 });
  });
  it('is dropped by a rename onto its path', () => {
    const log = new TestLog();
    log.put('/a', 1);
    log.openStage('/b', { blob: blob(1) });
    log.rename('/a', '/b');
    expect(log.effects).toEqual([{ kind: 'forget', blob: blob(1) }]);
  });
  it('has no more than the limit beside it', () => {
    const log = new TestLog();
    for (let i = 0; i < stageCountMax; i++) log.openStage(`/${i}`);
    expect(verdict(log.openStage('/one-more'))).toBe('quota');
    expect(verdict(log.openStage('/0'))).toBe('ok');
  });
});

describe('a directory', () => {
  it('is made with its parents; those that are there are no failure', () => {
    const log = new TestLog();
    const make = { kind: 'makeDirectory', directory: rootDirectory, user: 'ada', group: 'g', mode: 0o700 } as const;
    const names = ['a', 'b', 'c'];
    const ids = [id(1), id(2), id(3)];
    expect(verdict(log.apply({ ...make, names, ids, parents: false }))).toBe('malformed');
    expect(log.apply({ ...make, names, ids, parents: true })).toMatchObject({
      ok: true,
      entry: { name: 'c', id: id(3) },
    });
    expect(log.apply({ ...make, names, ids: [id(4), id(5), id(6)], parents: true })).toMatchObject({
      entry: { id: id(3) },
    });
    log.put('/a/f', 1);
    expect(verdict(log.apply({ ...make, names: ['a', 'f', 'x'], ids, parents: true }))).toBe('not_a_directory');
    expect(lookup(log.store, '/a/f/x')).toMatchObject({ kind: 'unreachable', error: { reason: 'not_a_directory' } });
    expect(lookup(log.store, '/a/x/x')).toMatchObject({ kind: 'unreachable', error: { reason: 'no_such_entry' } });
    expect(lookup(log.store, '/a/b/c')).toMatchObject({ kind: 'entry', entry: { kind: 'directory', mode: 0o700 } });
    expect(lookup(log.store, '/')).toMatchObject({ kind: 'root', entry: { modifiedMs: startMs + 2 } });
  });
  it('changes its time when a name comes, goes or is replaced', () => {
    const log = new TestLog();
    const time = () => (entryAt(log.store, inRoot('d'))?.modifiedMs ?? 0) - startMs;
    log.mkdir('/d');
    log.put('/d/f', 1);
    expect(time()).toBe(2);
    log.put('/d/f', 1);
    expect(time()).toBe(3);
    log.rename('/d/f', '/f');
    expect(time()).toBe(4);
    log.rename('/f', '/d/g');
    log.remove('/d/g');
    expect(time()).toBe(6);
    expect(entryAt(log.store, inRoot('d'))?.version).toBe(1);
  });
  it('is never deeper than the limit', () => {
    const log = new TestLog();
    const names = Array.from({ length: 256 }, (_, i) => `${i}`);
    const ids = names.map((_, i) => id(i + 1));
    const make = { kind: 'makeDirectory', parents: true, user: 'ada', group: 'g', mode: 0o755 } as const;
    expect(verdict(log.apply({ ...make, directory: rootDirectory, names, ids }))).toBe('ok');
    expect(verdict(log.apply({ ...make, directory: id(256), names: ['x'], ids: [id(999)] }))).toBe('name_too_long');
  });
  it('is listed in pages, in order of bytes, and a page reads no more than itself', () => {
    const log = new TestLog();
    for (const name of ['b', 'a', 'ö', 'B', 'a b', 'aa']) log.put(`/${name}`, 1);
    const list = (after: string | undefined, limit: number) =>
      listDirectory(log.store, rootDirectory, after, limit).map(({ name }) => name);
    expect(list(undefined, 100)).toEqual(['B', 'a', 'a b', 'aa', 'b', 'ö']);
    expect(list('a', 2)).toEqual(['a b', 'aa']);
    expect(list('ö', 2)).toEqual([]);
  });
});

describe('the log', () => {
  it('keeps a dead mark for a number of records, then lets it go', () => {
    const log = new TestLog();
    log.apply({ kind: 'forget', blobs: [blob(1), blob(2)] });
    const [first] = log.entries;
    const at = (index: number) => ({ ...first, index, command: encodeCommand({ kind: 'forget', blobs: [] }) }) as never;
    const later = deadMarkKeptRecords - (deadMarkKeptRecords % 64);
    log.replay({ ...(at(later) as object), operationId: id(1) } as never);
    expect(isDead(log.store, blob(1))).toBe(true);
    log.replay({ ...(at(later + 128) as object), operationId: id(2) } as never);
    expect(log.store.get(deadKey(blob(1)))).toBeUndefined();
  });
  it('answers bytes that are no command with a failure, and stops at a format that it does not know', () => {
    const log = new TestLog();
    log.put('/f', 1);
    const [entry] = log.entries;
    if (entry === undefined) throw new Error('no entry');
    const broken = { ...entry, operationId: id(3) as never, command: concatBytes([entry.command, new Uint8Array(1)]) };
    expect(verdict(log.replay(broken))).toBe('malformed');
    expect(() => log.replay({ ...broken, operationId: id(4) as never, command: new Uint8Array([9]) })).toThrow(
      /format is 9/,
    );
  });
});
