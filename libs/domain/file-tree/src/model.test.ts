/**
 * Random commands against a plain model: a tree of objects whose files hold their text. After each command both must
 * agree on the verdict; after all, on names, contents, usage and references.
 */
import { describe, expect, it } from '@jest/globals';
import { type BlobId, fromUtf8, MemoryStore, Once, prefixEnd, toHex } from '@skerry/kernel';
import fc from 'fast-check';
import { decodeEntry } from './entry.ts';
import { type Extent, prefixOf } from './extents.ts';
import { FileTree } from './file-tree.ts';
import { type EntryId, type Place, rootDirectory } from './ids.ts';
import { blobInKey, ownerInKey, referencesPrefix, treePrefixes, usagePrefix } from './keys.ts';
import {
  entryAt,
  isDead,
  listDirectory,
  listStages,
  readUsage,
  referenceCount,
  stageOf,
  treeHash,
  type Usage,
} from './read.ts';
import { stageLength, type StageMark } from './stage.ts';
import { blob, id, noQuota, putOf, TestLog, verdict } from './test-log.ts';

type ModelFile = { kind: 'file'; owner: string; text: string };
type ModelStage = { text: string; mark: StageMark };
type ModelDirectory = {
  kind: 'directory';
  id: EntryId;
  children: Map<string, ModelNode>;
  stages: Map<string, ModelStage>;
};
type ModelNode = ModelFile | ModelDirectory;
type Spot = { directory: ModelDirectory; name: string };

const names = ['a', 'b', 'c'];
const users = ['ada', 'bob'];
const quotaBytes = 120;
const step = fc.record({
  act: fc.constantFrom(
    'put',
    'append',
    'mkdir',
    'rmdir',
    'remove',
    'rename',
    'open',
    'extend',
    'commit',
    'drop',
    'supersede',
    'forget',
    'compact',
    'combine',
  ),
  directory: fc.nat(7),
  name: fc.constantFrom(...names),
  otherDirectory: fc.nat(7),
  otherName: fc.constantFrom(...names),
  user: fc.constantFrom(...users),
  size: fc.integer({ min: 0, max: 40 }),
  limited: fc.boolean(),
});
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

class World {
  readonly log = new TestLog();
  readonly root: ModelDirectory = { kind: 'directory', id: rootDirectory, children: new Map(), stages: new Map() };
  readonly contents = new Map<BlobId, string>();
  #letters = 0;

  directories(): ModelDirectory[] {
    const all = [this.root];
    for (const directory of all)
      for (const child of directory.children.values()) if (child.kind === 'directory') all.push(child);
    return all;
  }
  files(): ModelFile[] {
    return this.directories().flatMap(({ children }) =>
      [...children.values()].filter((child) => child.kind === 'file'),
    );
  }
  spot(directory: number, name: string): Spot {
    const all = this.directories();
    return { directory: all[directory % all.length] ?? this.root, name };
  }
  text(size: number): string {
    return String.fromCharCode(97 + (this.#letters++ % 26)).repeat(size);
  }
  read(extents: readonly Extent[]): string {
    return extents
      .map(({ blob: at, offset, length }) => (this.contents.get(at) ?? '').slice(offset, offset + length))
      .join('');
  }
  used(user: string): number {
    return this.files()
      .filter(({ owner }) => owner === user)
      .reduce((sum, file) => sum + file.text.length, 0);
  }
  /** Publishes in the model, as the user's stage or without one. */
  publish({ directory, name }: Spot, user: string, text: string, limited: boolean, staged = false): string {
    const before = directory.children.get(name);
    if (before?.kind === 'directory') return 'is_a_directory';
    const used = this.used(user);
    const own = before?.owner === user ? before.text.length : 0;
    const after = used + text.length - own;
    if (limited && after > quotaBytes && after > used) return 'quota';
    directory.children.set(name, { kind: 'file', owner: user, text });
    const stage = directory.stages.get(`${name} ${user}`);
    if (stage !== undefined && !staged && stage.mark !== 'cut') stage.mark = 'superseded';
    else directory.stages.delete(`${name} ${user}`);
    return 'ok';
  }
}

const placeOf = ({ directory, name }: Spot): Place => ({ directory: directory.id, name });
const inside = (inner: ModelDirectory, outer: ModelNode): boolean =>
  inner === outer || (outer.kind === 'directory' && [...outer.children.values()].some((child) => inside(inner, child)));

/** Performs the step on both; gives both verdicts. */
function perform(world: World, { act, user, size, limited, ...where }: Step): [real: string, model: string] {
  const { log } = world;
  const spot = world.spot(where.directory, where.name);
  const other = world.spot(where.otherDirectory, where.otherName);
  const place = placeOf(spot);
  const { children, stages } = spot.directory;
  const node = children.get(spot.name);
  const stageName = `${spot.name} ${user}`;
  const quota = limited ? { bytes: quotaBytes, files: undefined } : noQuota;
  const real = (command: Parameters<TestLog['apply']>[0]): string => verdict(log.apply(command));
  const fresh = (text: string): BlobId => {
    const made = blob(log.nextId());
    world.contents.set(made, text);
    return made;
  };
  switch (act) {
    case 'put': {
      const text = world.text(size);
      const put = putOf(place, fresh(text), size, { user, quota, fileId: id(log.nextId()) });
      return [real(put), world.publish(spot, user, text, limited)];
    }
    case 'append': {
      const prefix = prefixOf(entryAt(log.store, place)?.extents ?? [], size + 5);
      const text = world.text(size);
      const put = putOf(place, fresh(text), size, { user, quota, prefix, fileId: id(log.nextId()) });
      const before = node?.kind === 'file' ? node.text.slice(0, size + 5) : '';
      return [real(put), world.publish(spot, user, before + text, limited)];
    }
    case 'mkdir': {
      const made = id(log.nextId());
      const more = { names: [spot.name], ids: [made], parents: false, user, group: 'g', mode: 0o755 };
      const outcome = real({ kind: 'makeDirectory', directory: spot.directory.id, ...more });
      if (node !== undefined) return [outcome, 'entry_exists'];
      children.set(spot.name, { kind: 'directory', id: made, children: new Map(), stages: new Map() });
      return [outcome, 'ok'];
    }
    case 'rmdir': {
      const outcome = real({ kind: 'removeDirectory', place });
      if (node === undefined) return [outcome, 'no_such_entry'];
      if (node.kind === 'file') return [outcome, 'not_a_directory'];
      if (node.children.size > 0) return [outcome, 'directory_not_empty'];
      children.delete(spot.name);
      return [outcome, 'ok'];
    }
    case 'remove': {
      const outcome = real({ kind: 'removeFile', place, user });
      if (node?.kind === 'directory') return [outcome, 'is_a_directory'];
      const dropped = stages.delete(stageName);
      return [outcome, children.delete(spot.name) || dropped ? 'ok' : 'no_such_entry'];
    }
    case 'rename': {
      const outcome = real({ kind: 'rename', from: place, to: placeOf(other), user });
      if (node === undefined) return [outcome, 'no_such_entry'];
      if (spot.directory === other.directory && spot.name === other.name) return [outcome, 'ok'];
      const before = other.directory.children.get(other.name);
      if (before !== undefined && (before.kind === 'directory' || node.kind === 'directory'))
        return [outcome, 'entry_exists'];
      if (inside(other.directory, node)) return [outcome, 'directory_cycle'];
      children.delete(spot.name);
      other.directory.children.set(other.name, node);
      other.directory.stages.delete(`${other.name} ${user}`);
      return [outcome, 'ok'];
    }
    case 'combine': {
      const at = placeOf(other);
      const more = { user, group: 'g', mode: 0o644, fileId: id(log.nextId()), quota };
      const outcome = real({ kind: 'combine', place, parts: [at], ...more });
      const part = other.directory.children.get(other.name);
      if (node?.kind === 'directory') return [outcome, 'is_a_directory'];
      if (spot.directory === other.directory && spot.name === other.name) return [outcome, 'malformed'];
      if (part === undefined) return [outcome, 'no_such_entry'];
      if (part.kind === 'directory') return [outcome, 'is_a_directory'];
      const whole = (node?.text ?? '') + part.text;
      const used = world.used(user);
      const own = [node, part].reduce((sum, file) => sum + (file?.owner === user ? file.text.length : 0), 0);
      const after = used + whole.length - own;
      if (limited && after > quotaBytes && after > used) return [outcome, 'quota'];
      other.directory.children.delete(other.name);
      other.directory.stages.delete(`${other.name} ${user}`);
      return [outcome, world.publish(spot, user, whole, false, true)];
    }
    case 'open': {
      const prefix = prefixOf(entryAt(log.store, place)?.extents ?? [], size);
      const made = fresh('');
      const more = {
        user,
        from: 0,
        prefix,
        blob: made,
        blobLength: 0,
        cut: false,
        superseded: limited,
        quota: noQuota,
      };
      const outcome = real({ kind: 'openStage', place, ...more });
      if (node?.kind === 'directory') return [outcome, 'is_a_directory'];
      const mark = limited ? 'superseded' : 'live';
      stages.set(stageName, { text: node === undefined ? '' : node.text.slice(0, size), mark });
      return [outcome, 'ok'];
    }
    case 'extend': {
      const stage = stageOf(log.store, user, place);
      if (stage === undefined) return ['none', stages.has(stageName) ? 'stage' : 'none'];
      const text = world.text(size);
      const whole = (world.contents.get(stage.blob) ?? '') + text;
      world.contents.set(stage.blob, whole);
      const cut = size % 2 === 0;
      const more = { token: stage.token, blobLength: whole.length, cut, quota: noQuota };
      const before = stages.get(stageName);
      const mark = before?.mark === 'superseded' ? 'superseded' : cut ? 'cut' : 'live';
      stages.set(stageName, { text: (before?.text ?? '') + text, mark });
      return [real({ kind: 'extendStage', place, user, ...more }), 'ok'];
    }
    case 'commit': {
      const stage = stageOf(log.store, user, place);
      const text = stages.get(stageName)?.text;
      if (stage === undefined || text === undefined) return [`${stage === undefined}`, `${text === undefined}`];
      const tail = { kind: 'blob', blob: stage.blob, length: stage.blobLength } as const;
      const put = putOf(place, stage.blob, 0, {
        user,
        quota,
        prefix: stage.prefix,
        tail,
        token: stage.token,
        fileId: id(log.nextId()),
      });
      return [real(put), world.publish(spot, user, text, limited, true)];
    }
    case 'supersede': {
      const stage = stages.get(stageName);
      if (stage !== undefined) stage.mark = 'superseded';
      return [real({ kind: 'supersedeStage', place, user }), 'ok'];
    }
    case 'drop':
      stages.delete(stageName);
      return [real({ kind: 'dropStage', place, user, token: undefined }), 'ok'];
    case 'forget':
      return [real({ kind: 'forget', blobs: [...world.contents.keys()].slice(-3 - size, -size - 1) }), 'ok'];
    case 'compact': {
      const entry = entryAt(log.store, place);
      if (entry === undefined || entry.extents.length < 2) return ['none', 'none'];
      const replaced = entry.extents.slice(0, 2);
      const text = world.read(replaced);
      const tail = { kind: 'inline', blob: fresh(text), bytes: new TextEncoder().encode(text) } as const;
      return [real({ kind: 'compact', place, version: entry.version, first: 0, replaced, tail }), 'ok'];
    }
    default:
      throw new Error(`unknown act ${act as string}`);
  }
}

function compareTrees(world: World): void {
  const { store } = world.log;
  for (const directory of world.directories()) {
    const heads = listDirectory(store, directory.id, undefined, 1_000);
    expect(heads.map(({ name }) => name)).toEqual([...directory.children.keys()].toSorted());
    for (const [name, child] of directory.children) {
      const entry = entryAt(store, { directory: directory.id, name });
      if (child.kind === 'directory') expect(entry?.id).toBe(child.id);
      else {
        expect([entry?.owner, entry?.size, world.read(entry?.extents ?? [])]).toEqual([
          child.owner,
          child.text.length,
          child.text,
        ]);
      }
    }
    for (const [key, { text, mark }] of directory.stages) {
      const [name = '', user = ''] = key.split(' ');
      const stage = stageOf(store, user, { directory: directory.id, name });
      const extents =
        stage === undefined ? [] : [...stage.prefix, { blob: stage.blob, offset: 0, length: stage.blobLength }];
      const length = stage === undefined ? -1 : stageLength(stage);
      expect([world.read(extents), length, stage?.mark]).toEqual([text, text.length, mark]);
    }
  }
  const stages = world.directories().reduce((sum, directory) => sum + directory.stages.size, 0);
  expect(listStages(store, undefined, 1_000)).toHaveLength(stages);
}

/** What the counters say must be what a walk over everything finds. */
function recount(world: World): void {
  const { store } = world.log;
  const usage = new Map<string, Usage>();
  const add = (owner: string, by: Partial<Usage>): void => {
    const before = usage.get(owner) ?? { bytes: 0, files: 0, stagedBytes: 0, stages: 0 };
    const sum = (key: keyof Usage): number => before[key] + (by[key] ?? 0);
    usage.set(owner, {
      bytes: sum('bytes'),
      files: sum('files'),
      stagedBytes: sum('stagedBytes'),
      stages: sum('stages'),
    });
  };
  const references = new Map<string, number>();
  const refer = (at: BlobId): unknown => references.set(at, (references.get(at) ?? 0) + 1);
  for (const [, value] of store.range({ from: new Uint8Array([0x64, 0x2f]), to: new Uint8Array([0x64, 0x30]) }))
    for (const version of decodeEntry(value)) {
      if (version.kind === 'file') add(version.owner, { bytes: version.size, files: 1 });
      for (const extent of version.extents) refer(extent.blob);
    }
  for (const { user, stage } of listStages(store, undefined, 1_000)) {
    add(user, { stagedBytes: stage.blobLength, stages: 1 });
    for (const extent of stage.prefix) refer(extent.blob);
    refer(stage.blob);
  }
  const counted = new Map<string, Usage>();
  for (const [key, value] of store.range({ from: usagePrefix, to: prefixEnd(usagePrefix) }))
    counted.set(ownerInKey(key), readUsage(value));
  expect([...counted].toSorted()).toEqual([...usage].toSorted());
  const found = new Map<string, number>();
  for (const [key] of store.range({ from: referencesPrefix, to: prefixEnd(referencesPrefix) }))
    found.set(blobInKey(key), referenceCount(store, blobInKey(key)));
  expect([...found].toSorted()).toEqual([...references].toSorted());
  for (const at of references.keys()) expect(isDead(store, at as BlobId)).toBe(false);
}

/** Everything in the store, as text. */
const bytesOf = (store: MemoryStore): string[] =>
  [...store.range({ from: new Uint8Array(0) })].map(([key, value]) => `${key.join()}=${value.join()}`);

describe('the tree and a plain model agree', () => {
  it('on verdicts, names, contents, usage and references, whatever is done in whatever order', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 60 }), (steps) => {
        const world = new World();
        for (const each of steps) {
          const before = treeHash(world.log.store);
          const [real, model] = perform(world, each);
          expect(`${each.act}: ${real}`).toBe(`${each.act}: ${model}`);
          if (real !== 'ok') expect(treeHash(world.log.store)).toBe(before);
        }
        compareTrees(world);
        recount(world);
      }),
      { numRuns: 150 },
    );
  });

  it('the same log gives the same bytes, and a record applied twice changes nothing', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 40 }), (steps) => {
        const world = new World();
        for (const each of steps) perform(world, each);
        const [first, second] = [new MemoryStore(), new MemoryStore()];
        for (const [store, times] of [
          [first, 1],
          [second, 2],
        ] as const) {
          const machine = new Once(new FileTree());
          store.transaction((writer) => machine.initialise(writer));
          for (const entry of world.log.entries)
            for (let i = 0; i < times; i++) store.transaction((writer) => machine.apply(entry, writer));
        }
        expect(bytesOf(first)).toEqual(bytesOf(world.log.store));
        expect(bytesOf(second)).toEqual(bytesOf(world.log.store));
      }),
      { numRuns: 40 },
    );
  });

  it('the hash covers everything that the tree keeps', () => {
    const log = new TestLog();
    log.mkdir('/d');
    log.put('/d/f', 3);
    log.openStage('/d/g');
    log.remove('/d/f');
    const hashed = treePrefixes.flatMap((prefix) => [...log.store.range({ from: prefix, to: prefixEnd(prefix) })]);
    const isHashed = new Set(hashed.map(([key]) => toHex(key)));
    const others = [...log.store.range({ from: new Uint8Array(0) })].filter(([key]) => !isHashed.has(toHex(key)));
    // What `Once` remembers of operations.
    expect(others.map(([key]) => fromUtf8(key.subarray(0, 5)))).toEqual(['once/']);
    const before = treeHash(log.store);
    log.store.transaction((writer) => writer.put(usagePrefix, new Uint8Array(1)));
    expect(treeHash(log.store) === before).toBe(false);
  });
});
