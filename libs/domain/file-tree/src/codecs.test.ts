import { describe, expect, it } from '@jest/globals';
import { BlobId, Epoch, OperationId, StatusError } from '@skerry/kernel';
import fc from 'fast-check';
import { decodeCommand, encodeCommand } from './command-codec.ts';
import type { FileTreeCommand } from './command.ts';
import { decodeEntry, decodeHead, encodeEntry, type EntryVersion } from './entry.ts';
import { compactableFrom, joinExtents, lengthOf, prefixOf } from './extents.ts';
import { EntryId } from './ids.ts';
import { compactAboveExtentCount } from './limits.ts';
import { decodeOutcome, encodeOutcome } from './outcome.ts';
import { formatPath, nameFault, parsePath } from './path.ts';
import { decodeStage, encodeStage, type StageMark } from './stage.ts';

const hex = fc
  .uint8Array({ minLength: 16, maxLength: 16 })
  .map((bytes) => [...bytes].map((b) => b.toString(16).padStart(2, '0')).join(''));
const entryId = hex.map(EntryId);
const blobId = hex.map(BlobId);
const text = fc.string({ unit: 'grapheme', maxLength: 20 });
const natural = fc.maxSafeNat();
const small = fc.integer({ min: 0, max: 0xffff });
const optional = fc.option(natural, { nil: undefined });
const quota = fc.record({ bytes: optional, files: optional });
const place = fc.record({ directory: entryId, name: text });
const extent = fc.record({ blob: blobId, offset: natural, length: natural });
const extents = fc.array(extent, { maxLength: 5 });
const tail = fc.oneof(
  fc.record({ kind: fc.constant('none' as const) }),
  fc.record({ kind: fc.constant('inline' as const), blob: blobId, bytes: fc.uint8Array({ maxLength: 40 }) }),
  fc.record({ kind: fc.constant('blob' as const), blob: blobId, length: natural }),
);
const condition = fc.oneof(
  fc.record({ kind: fc.constant('any' as const) }),
  fc.record({ kind: fc.constant('absent' as const) }),
  fc.record({ kind: fc.constant('version' as const), version: natural }),
);
const kind = <const K extends string>(name: K) => fc.constant(name);
const command: fc.Arbitrary<FileTreeCommand> = fc.oneof(
  fc.record({
    kind: kind('put'),
    place,
    user: text,
    group: text,
    mode: small,
    fileId: entryId,
    condition,
    quota,
    prefix: extents,
    tail,
    token: optional,
  }),
  fc.record({
    kind: kind('openStage'),
    place,
    user: text,
    from: natural,
    prefix: extents,
    blob: blobId,
    blobLength: natural,
    cut: fc.boolean(),
    superseded: fc.boolean(),
    quota,
  }),
  fc.record({ kind: kind('supersedeStage'), place, user: text }),
  fc.record({
    kind: kind('extendStage'),
    place,
    user: text,
    token: natural,
    blobLength: natural,
    cut: fc.boolean(),
    quota,
  }),
  fc.record({ kind: kind('dropStage'), place, user: text, token: optional }),
  fc.array(fc.tuple(text, entryId), { maxLength: 4 }).chain((made) =>
    fc.record({
      kind: kind('makeDirectory'),
      directory: entryId,
      names: fc.constant(made.map(([name]) => name)),
      ids: fc.constant(made.map(([, made_]) => made_)),
      parents: fc.boolean(),
      user: text,
      group: text,
      mode: small,
    }),
  ),
  fc.record({ kind: kind('removeDirectory'), place }),
  fc.record({ kind: kind('removeFile'), place, user: text }),
  fc.record({ kind: kind('rename'), from: place, to: place, user: text }),
  fc.record({ kind: kind('setAttributes'), place, modifiedMs: optional, mode: optional, createdMs: optional }),
  fc.record({ kind: kind('forget'), blobs: fc.array(blobId, { maxLength: 4 }) }),
  fc.record({
    kind: kind('combine'),
    place,
    parts: fc.array(place, { maxLength: 4 }),
    user: text,
    group: text,
    mode: small,
    fileId: entryId,
    quota,
  }),
  fc.record({ kind: kind('compact'), place, version: natural, first: small, replaced: extents, tail }),
);
const version: fc.Arbitrary<EntryVersion> = fc.record({
  kind: fc.constantFrom('file', 'directory'),
  id: entryId,
  size: natural,
  modifiedMs: natural,
  createdMs: natural,
  mode: small,
  owner: text,
  group: text,
  version: natural,
  epoch: hex.map(Epoch),
  time: fc.record({ wallMs: natural, counter: small }),
  operation: hex.map(OperationId),
  context: fc.array(fc.tuple(hex, fc.integer({ min: 1 })), { maxLength: 3 }).map((pairs) => new Map(pairs)),
  extents,
});
const stage = fc.record({
  token: natural,
  prefix: extents,
  blob: blobId,
  blobLength: natural,
  mark: fc.constantFrom<StageMark>('live', 'cut', 'superseded'),
  openedMs: natural,
  changedMs: natural,
});

/** Any bytes, and bytes that begin like ours. */
const noise = fc
  .tuple(fc.boolean(), fc.integer({ min: 0, max: 12 }), fc.uint8Array({ maxLength: 200 }))
  .map(([ours, second, bytes]) => (ours ? new Uint8Array([1, second, ...bytes]) : bytes));
function throwsOnlyStatus(decode: (bytes: Uint8Array) => unknown): void {
  fc.assert(
    fc.property(noise, (bytes) => {
      try {
        decode(bytes);
      } catch (thrown) {
        expect(thrown).toBeInstanceOf(StatusError);
      }
    }),
    { numRuns: 500 },
  );
}

describe('what is written is read again', () => {
  it('commands', () =>
    fc.assert(fc.property(command, (value) => expect(decodeCommand(encodeCommand(value))).toEqual(value))));
  it('entries, with all siblings', () =>
    fc.assert(
      fc.property(fc.array(version, { minLength: 1, maxLength: 3 }), (siblings) => {
        expect(decodeEntry(encodeEntry(siblings))).toEqual(siblings);
        expect(siblings[0]).toMatchObject(decodeHead(encodeEntry(siblings)));
      }),
    ));
  it('stages', () => fc.assert(fc.property(stage, (value) => expect(decodeStage(encodeStage(value))).toEqual(value))));
  it('outcomes', () =>
    fc.assert(
      fc.property(version, text, natural, (head, name, token) => {
        expect(decodeOutcome(encodeOutcome({ ok: true, entry: { ...head, name } }))).toMatchObject({
          ok: true,
          entry: { name, id: head.id },
        });
        expect(decodeOutcome(encodeOutcome({ ok: true, token }))).toEqual({ ok: true, token });
        const error = new StatusError('quota', name);
        expect(decodeOutcome(encodeOutcome({ ok: false, error }))).toEqual({ ok: false, error });
        expect(decodeOutcome(encodeOutcome({ ok: true }))).toEqual({ ok: true });
      }),
    ));
});

describe('random bytes give a value or a StatusError', () => {
  it('commands', () => throwsOnlyStatus(decodeCommand));
  it('entries', () => throwsOnlyStatus(decodeEntry));
  it('stages', () => throwsOnlyStatus(decodeStage));
  it('outcomes', () => throwsOnlyStatus(decodeOutcome));
});

it('a command has these bytes', () => {
  const place = { directory: EntryId('01'.repeat(16)), name: 'é' };
  const bytes = encodeCommand({ kind: 'dropStage', place, user: 'u', token: 258 });
  expect([...bytes]).toEqual([
    1,
    4,
    ...Array.from({ length: 16 }, () => 1),
    0,
    0,
    0,
    2,
    0xc3,
    0xa9,
    0,
    0,
    0,
    1,
    0x75,
    1,
    0,
    0,
    0,
    0,
    0,
    0,
    1,
    2,
  ]);
});

describe('paths', () => {
  it.each([
    ['/', []],
    ['/a', ['a']],
    ['/a b/ü', ['a b', 'ü']],
  ])('%s is read', (path, names) => {
    expect(parsePath(path)).toEqual(names);
    expect(formatPath(names)).toBe(path);
  });
  it.each([
    ['', 'path_invalid'],
    ['a', 'path_invalid'],
    ['//', 'path_invalid'],
    ['/a/', 'path_invalid'],
    ['/a//b', 'path_invalid'],
    ['/a/./b', 'path_invalid'],
    ['/a/..', 'path_invalid'],
    ['/a\0', 'path_invalid'],
    [`/${'x'.repeat(256)}`, 'name_too_long'],
    [`/${'x/'.repeat(2048)}x`, 'name_too_long'],
    [`/${'x/'.repeat(256)}x`, 'name_too_long'],
  ])('%j is refused', (path, reason) => {
    let thrown: unknown;
    try {
      parsePath(path);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({ reason });
  });
  it('any name is taken or refused, never both sides of the limit', () =>
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (name) => {
        const long = new TextEncoder().encode(name).length > 255;
        if (long) expect(nameFault(name)).toBeDefined();
        else if (!/^\.{0,2}$|[/\0]/.test(name)) expect(nameFault(name)).toBeUndefined();
      }),
      { numRuns: 40 },
    ));
});

describe('extents', () => {
  const shortExtents = fc.array(
    fc.record({ blob: blobId, offset: fc.nat(99), length: fc.integer({ min: 1, max: 1_000_000 }) }),
    { maxLength: 200 },
  );
  it('a prefix has the length asked for', () =>
    fc.assert(
      fc.property(shortExtents, fc.nat(), (list, length) =>
        expect(lengthOf(prefixOf(list, length))).toBe(Math.min(length, lengthOf(list))),
      ),
    ));
  it('neighbours in one blob become one', () => {
    const [one, two] = [BlobId('1'.repeat(32)), BlobId('2'.repeat(32))];
    const list = [
      { blob: one, offset: 0, length: 4 },
      { blob: one, offset: 4, length: 2 },
      { blob: two, offset: 0, length: 0 },
      { blob: one, offset: 7, length: 1 },
    ];
    expect(joinExtents(list)).toEqual([
      { blob: one, offset: 0, length: 6 },
      { blob: one, offset: 7, length: 1 },
    ]);
  });
  it('compaction leaves few, and never touches what is more than twice as long as all behind it', () =>
    fc.assert(
      fc.property(shortExtents, (list) => {
        const from = compactableFrom(list);
        expect(from).toBeLessThan(compactAboveExtentCount - 1);
        for (let i = 0; i < from; i++) expect(list[i]?.length).toBeGreaterThan(2 * lengthOf(list.slice(i + 1)));
      }),
    ));
});
