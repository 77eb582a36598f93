import { describe, expect, test } from '@jest/globals';
import { commandSizeMaxBytes, StatusError, type VersionVector } from '@skerry/kernel';
import fc from 'fast-check';
import {
  decodeGroupRecord,
  decodeTombstone,
  decodeUserRecord,
  encodeGroupRecord,
  encodeTombstone,
  encodeUserRecord,
} from './codec.ts';
import {
  decodeCommand,
  decodeOutcome,
  encodeCommand,
  encodeOutcome,
  importParts,
  type Command,
  type Outcome,
} from './command.ts';
import { rights } from './rules.ts';
import { fieldGroups, type Stamps, type UserRecord } from './user.ts';

const text = fc.string({ maxLength: 12 });
const natural = fc.maxSafeNat();
const rule = fc.record({ path: text, allow: fc.subarray([...rights]), deny: fc.subarray([...rights]) });
const optional = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(arbitrary, { nil: undefined });
const fields = fc.record({
  name: text,
  passwordHash: text,
  home: text,
  groups: fc.array(text, { maxLength: 3 }),
  disabled: fc.boolean(),
  administrator: fc.boolean(),
  quotaBytes: optional(natural),
  quotaFiles: optional(natural),
  rules: fc.array(rule, { maxLength: 3 }),
  expiresAtMs: optional(natural),
  rateUpBytesPerSecond: optional(natural),
  rateDownBytesPerSecond: optional(natural),
  sessionsMax: optional(natural),
  networks: fc.array(text, { maxLength: 3 }),
});
const group = fields.map(
  ({ passwordHash: _p, groups: _g, disabled: _d, administrator: _a, expiresAtMs: _e, ...own }) => own,
);
const quota = optional(fc.option(natural));
const change = fc.record({
  passwordHash: optional(text),
  home: optional(text),
  groups: optional(fc.array(text, { maxLength: 3 })),
  disabled: optional(fc.boolean()),
  administrator: optional(fc.boolean()),
  quotaBytes: quota,
  quotaFiles: quota,
  rules: optional(fc.array(rule, { maxLength: 3 })),
  expiresAtMs: quota,
  rateUpBytesPerSecond: quota,
  rateDownBytesPerSecond: quota,
  sessionsMax: quota,
  networks: optional(fc.array(text, { maxLength: 3 })),
});
const groupChange = change.map(
  ({ passwordHash: _p, groups: _g, disabled: _d, administrator: _a, expiresAtMs: _e, ...own }) => own,
);
const u32 = fc.nat(0xffffffff);
const command: fc.Arbitrary<Command> = fc.oneof(
  fc.record({ kind: fc.constant('add' as const), user: fields }),
  fc.record({ kind: fc.constant('change' as const), name: text, change }),
  fc.record({ kind: fc.constant('remove' as const), name: text }),
  fc.record({
    kind: fc.constant('stage-import' as const),
    importId: text,
    part: u32,
    users: fc.array(fields, { maxLength: 3 }),
    groups: fc.array(group, { maxLength: 3 }),
  }),
  fc.record({ kind: fc.constant('add-group' as const), group }),
  fc.record({ kind: fc.constant('change-group' as const), name: text, change: groupChange }),
  fc.record({ kind: fc.constant('remove-group' as const), name: text }),
  fc.record({ kind: fc.constant('commit-import' as const), importId: text, partCount: u32 }),
  fc.record({
    kind: fc.constant('revoke' as const),
    name: text,
    session: optional(fc.record({ id: text, expiresAtMs: natural })),
  }),
);
const vector: fc.Arbitrary<VersionVector> = fc
  .dictionary(fc.stringMatching(/^[a-f0-9]{4}$/), fc.integer({ min: 1 }), { maxKeys: 3 })
  .map((entries) => new Map(Object.entries(entries)));
const stamp = fc.record({ time: fc.record({ wallMs: natural, counter: fc.nat(0xffff) }), vector });
const record: fc.Arbitrary<UserRecord> = fc
  .record({
    fields,
    createdAtMs: natural,
    changedAtMs: natural,
    sessionsVoidUntilMs: natural,
    stamps: fc.array(stamp, { minLength: fieldGroups.length, maxLength: fieldGroups.length }),
  })
  .map(({ fields: user, createdAtMs, changedAtMs, sessionsVoidUntilMs, stamps }) => ({
    user: { ...user, createdAtMs, changedAtMs },
    sessionsVoidUntilMs,
    stamps: Object.fromEntries(fieldGroups.map((group, index) => [group, stamps[index]])) as Stamps,
  }));
const outcome: fc.Arbitrary<Outcome> = fc.oneof(
  fc.constant({ kind: 'done' as const }),
  fc.record({
    kind: fc.constant('imported' as const),
    added: u32,
    replaced: u32,
    groupsAdded: u32,
    groupsReplaced: u32,
  }),
  fc.record({
    kind: fc.constant('failed' as const),
    reason: fc.constantFrom('malformed' as const, 'no_such_user' as const),
    message: text,
  }),
);

/** Random bytes, and true encodings with one byte changed: a value or a StatusError, nothing else. */
function neverSurprises(decode: (bytes: Uint8Array) => unknown, valid: fc.Arbitrary<Uint8Array>): void {
  const flipped = fc.tuple(valid, fc.nat(), fc.nat(255)).map(([bytes, at, value]) => {
    const copy = bytes.slice();
    if (copy.length > 0) copy[at % copy.length] = value;
    return copy;
  });
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 64 }), flipped), (bytes) => {
      try {
        decode(bytes);
      } catch (thrown) {
        expect(thrown).toBeInstanceOf(StatusError);
      }
    }),
  );
}

describe('codec', () => {
  test('a command comes back as it was', () => {
    fc.assert(fc.property(command, (value) => expect(decodeCommand(encodeCommand(value))).toEqual(value)));
  });
  test('a record comes back as it was', () => {
    fc.assert(fc.property(record, (value) => expect(decodeUserRecord(encodeUserRecord(value))).toEqual(value)));
  });
  test('a group comes back as it was', () => {
    const value = fc.record({ group, createdAtMs: natural, changedAtMs: natural, stamp });
    fc.assert(
      fc.property(value, ({ group: own, createdAtMs, changedAtMs, stamp: by }) => {
        const before = { group: { ...own, createdAtMs, changedAtMs }, stamp: by };
        expect(decodeGroupRecord(encodeGroupRecord(before))).toEqual(before);
      }),
    );
  });
  // Bytes that the first release wrote: logs and states of then must be read for ever.
  const old: readonly [what: string, hex: string, command: Command][] = [
    [
      'add of format 1',
      '010106000000036f6c6400000003247824000000022f680001000000016700000000000000050001000000012f0204',
      {
        kind: 'add',
        user: {
          name: 'old',
          passwordHash: '$x$',
          home: '/h',
          groups: ['g'],
          disabled: false,
          administrator: true,
          quotaBytes: 5,
          quotaFiles: undefined,
          rules: [{ path: '/', allow: ['read'], deny: ['write'] }],
        },
      },
    ],
    [
      'change of format 1',
      '0102000000036f6c642801010000000000000007',
      { kind: 'change', name: 'old', change: { disabled: true, quotaBytes: 7 } },
    ],
  ];
  test.each(old)('%s is read', (_, hex, value) => {
    const bytes = hex.match(/../g)?.map((byte) => Number.parseInt(byte, 16)) ?? [];
    expect(decodeCommand(Uint8Array.from(bytes))).toEqual(value);
  });
  test('an outcome comes back as it was', () => {
    fc.assert(fc.property(outcome, (value) => expect(decodeOutcome(encodeOutcome(value))).toEqual(value)));
  });
  test('parts of an import hold all users in order, and the largest users fit a log record', () => {
    const path = `/${'x'.repeat(255)}`.repeat(15);
    const big = {
      name: 'a',
      passwordHash: 'x'.repeat(512),
      home: path,
      groups: Array.from({ length: 64 }, () => 'g'.repeat(64)),
      disabled: true,
      administrator: true,
      quotaBytes: 1,
      quotaFiles: 1,
      rules: Array.from({ length: 16 }, () => ({ path, allow: [...rights], deny: [] })),
    };
    const users = Array.from({ length: 50 }, (_, i) => ({ ...big, name: `u${i}` }));
    const groups = [{ name: 'g', home: '/home/%u', quotaBytes: 1, quotaFiles: undefined, rules: big.rules }];
    const parts = importParts(users, groups);
    expect(parts.flatMap((part) => part.users)).toEqual(users);
    expect(parts.flatMap((part) => part.groups)).toEqual(groups);
    expect(parts.length).toBeGreaterThan(1);
    for (const part of parts) {
      const bytes = encodeCommand({ kind: 'stage-import', importId: '0'.repeat(32), part: 1, ...part });
      expect(commandSizeMaxBytes).toBeGreaterThan(bytes.length);
    }
    expect(importParts([])).toEqual([]);
  });
  test('a tombstone comes back as it was', () => {
    fc.assert(fc.property(stamp, (value) => expect(decodeTombstone(encodeTombstone(value))).toEqual(value)));
    const ofUser = fc.tuple(stamp, fc.nat()).map(([of, sessionsVoidUntilMs]) => ({ ...of, sessionsVoidUntilMs }));
    fc.assert(fc.property(ofUser, (value) => expect(decodeTombstone(encodeTombstone(value))).toEqual(value)));
  });
  test('damaged commands, records and outcomes give a StatusError or a value', () => {
    neverSurprises(decodeCommand, command.map(encodeCommand));
    neverSurprises(decodeUserRecord, record.map(encodeUserRecord));
    neverSurprises(decodeOutcome, outcome.map(encodeOutcome));
  });
  test('a command of a newer format is refused as such', () => {
    const bytes = encodeCommand({ kind: 'remove', name: 'ann' }).slice();
    bytes[0] = 3;
    expect(() => decodeCommand(bytes)).toThrow('its format is 3');
  });
});
