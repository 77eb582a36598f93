/** Users as bytes, in commands and in the state. */
import { ByteReader, ByteWriter, readVector, StatusError, writeVector } from '@skerry/kernel';
import { rights, type Right, type Rule } from './rules.ts';
import type { Group, GroupFields } from './group.ts';
import {
  fieldGroups,
  type Allowances,
  type FieldGroup,
  type Stamp,
  type Stamps,
  type UserFields,
  type UserRecord,
} from './user.ts';

/** Of records and commands. 1: no expiry, rates, sessions and networks; no groups of their own. Both are read. */
export const usersFormatVersion = 2;
export const groupRecordVersion = 1;

/** @throws StatusError `format_newer` for a version not known. */
export function readVersion(reader: ByteReader, what: string, known: number): number {
  const version = reader.u8();
  if (version < 1 || version > known)
    throw new StatusError('format_newer', `Cannot read ${what}: its format is ${version}, this program knows ${known}`);
  return version;
}

export function writeTexts(writer: ByteWriter, texts: readonly string[]): void {
  writer.u16(texts.length);
  for (const text of texts) writer.text(text);
}
// Grows as it reads: a damaged count fails at the end of the bytes, before it takes memory.
function readMany<T>(reader: ByteReader, read: () => T): readonly T[] {
  const items: T[] = [];
  for (let left = reader.u16(); left > 0; left--) items.push(read());
  return items;
}
export const readTexts = (reader: ByteReader): readonly string[] => readMany(reader, () => reader.text());

const rightsToBits = (some: readonly Right[]): number =>
  some.reduce((bits, right) => bits | (1 << rights.indexOf(right)), 0);
const rightsFromBits = (bits: number): readonly Right[] => rights.filter((_, index) => (bits & (1 << index)) !== 0);

export function writeRules(writer: ByteWriter, rules: readonly Rule[]): void {
  writer.u16(rules.length);
  for (const { path, allow, deny } of rules) writer.text(path).u8(rightsToBits(allow)).u8(rightsToBits(deny));
}
export const readRules = (reader: ByteReader): readonly Rule[] =>
  readMany(reader, () => ({
    path: reader.text(),
    allow: rightsFromBits(reader.u8()),
    deny: rightsFromBits(reader.u8()),
  }));

export type Limits = Pick<
  Allowances,
  'quotaBytes' | 'quotaFiles' | 'rateUpBytesPerSecond' | 'rateDownBytesPerSecond' | 'sessionsMax'
> & { readonly expiresAtMs?: number | undefined };
/** A number each; the order is that of the bits and of the record. */
export const limitKeys = [
  'expiresAtMs',
  'rateUpBytesPerSecond',
  'rateDownBytesPerSecond',
  'sessionsMax',
  'quotaBytes',
  'quotaFiles',
] as const satisfies readonly (keyof Limits)[];
const laterKeys = limitKeys.slice(0, 4);

/** One bit for each that is there, then the numbers. */
function writeLimits(writer: ByteWriter, limits: Limits, keys: readonly (keyof Limits)[]): void {
  writer.u8(keys.reduce((set, key, index) => set | (limits[key] === undefined ? 0 : 1 << index), 0));
  for (const key of keys) {
    const value = limits[key];
    if (value !== undefined) writer.u64(value);
  }
}
function readLimits(reader: ByteReader, keys: readonly (keyof Limits)[]): Partial<Record<keyof Limits, number>> {
  const set = reader.u8();
  const limits: Partial<Record<keyof Limits, number>> = {};
  for (const [index, key] of keys.entries()) if ((set & (1 << index)) !== 0) limits[key] = reader.u64();
  return limits;
}

const flags = { disabled: 1, administrator: 2, quotaBytes: 4, quotaFiles: 8 };

export function writeUserFields(writer: ByteWriter, user: UserFields): void {
  const { quotaBytes, quotaFiles } = user;
  writer
    .u8(
      (user.disabled ? flags.disabled : 0) |
        (user.administrator ? flags.administrator : 0) |
        (quotaBytes === undefined ? 0 : flags.quotaBytes) |
        (quotaFiles === undefined ? 0 : flags.quotaFiles),
    )
    .text(user.name)
    .text(user.passwordHash)
    .text(user.home);
  writeTexts(writer, user.groups);
  if (quotaBytes !== undefined) writer.u64(quotaBytes);
  if (quotaFiles !== undefined) writer.u64(quotaFiles);
  writeRules(writer, user.rules);
  writeLimits(writer, user, laterKeys);
  writeTexts(writer, user.networks ?? []);
}

export function readUserFields(reader: ByteReader, version: number): UserFields {
  const fields = readFirstFields(reader);
  return version === 1 ? fields : { ...fields, ...readLimits(reader, laterKeys), networks: readTexts(reader) };
}
function readFirstFields(reader: ByteReader): UserFields {
  const set = reader.u8();
  return {
    disabled: (set & flags.disabled) !== 0,
    administrator: (set & flags.administrator) !== 0,
    name: reader.text(),
    passwordHash: reader.text(),
    home: reader.text(),
    groups: readTexts(reader),
    quotaBytes: (set & flags.quotaBytes) === 0 ? undefined : reader.u64(),
    quotaFiles: (set & flags.quotaFiles) === 0 ? undefined : reader.u64(),
    rules: readRules(reader),
  };
}

const writeStamp = (writer: ByteWriter, { time, vector }: Stamp): void =>
  writeVector(writer.u64(time.wallMs).u16(time.counter), vector);
const readStamp = (reader: ByteReader): Stamp => ({
  time: { wallMs: reader.u64(), counter: reader.u16() },
  vector: readVector(reader),
});

export function encodeUserRecord({ user, sessionsVoidUntilMs, stamps }: UserRecord): Uint8Array {
  const writer = new ByteWriter(512).u8(usersFormatVersion);
  writeUserFields(writer, user);
  writer.u64(user.createdAtMs).u64(user.changedAtMs).u64(sessionsVoidUntilMs);
  for (const group of fieldGroups) writeStamp(writer, stamps[group]);
  return writer.finish();
}

/** @throws StatusError `malformed`, or `format_newer` for a version not known. */
export function decodeUserRecord(bytes: Uint8Array): UserRecord {
  const reader = new ByteReader(bytes);
  const version = readVersion(reader, 'user', usersFormatVersion);
  const fields = readUserFields(reader, version);
  const user = { ...fields, createdAtMs: reader.u64(), changedAtMs: reader.u64() };
  const sessionsVoidUntilMs = reader.u64();
  const stamps = Object.fromEntries(
    fieldGroups.map((group): [FieldGroup, Stamp] => [group, readStamp(reader)]),
  ) as Stamps; // Every group of the list, which is what Stamps says.
  reader.end();
  return { user, sessionsVoidUntilMs, stamps };
}

export function writeGroupFields(writer: ByteWriter, group: GroupFields): void {
  writer.text(group.name).text(group.home);
  writeRules(writer, group.rules);
  writeLimits(writer, group, limitKeys);
  writeTexts(writer, group.networks ?? []);
}
export function readGroupFields(reader: ByteReader): GroupFields {
  const [name, home, rules] = [reader.text(), reader.text(), readRules(reader)];
  const { expiresAtMs: _, ...limits } = readLimits(reader, limitKeys);
  return { name, home, rules, quotaBytes: undefined, quotaFiles: undefined, ...limits, networks: readTexts(reader) };
}

/** A group as the log keeps it; it is written, and later merged between islands, as one. */
export type GroupRecord = { readonly group: Group; readonly stamp: Stamp };
export function encodeGroupRecord({ group, stamp }: GroupRecord): Uint8Array {
  const writer = new ByteWriter(256).u8(groupRecordVersion);
  writeGroupFields(writer, group);
  writer.u64(group.createdAtMs).u64(group.changedAtMs);
  writeStamp(writer, stamp);
  return writer.finish();
}
/** @throws StatusError `malformed`, or `format_newer` for a version not known. */
export function decodeGroupRecord(bytes: Uint8Array): GroupRecord {
  const reader = new ByteReader(bytes);
  readVersion(reader, 'group', groupRecordVersion);
  const fields = readGroupFields(reader);
  const group = { ...fields, createdAtMs: reader.u64(), changedAtMs: reader.u64() };
  const stamp = readStamp(reader);
  reader.end();
  return { group, stamp };
}

/** Who was removed: kept for the merge of islands, where a deletion wins over what its deleter had seen. */
export type Tombstone = Stamp & {
  /** Of a user: sessions that began until then are over, also those of the next user of that name. */
  readonly sessionsVoidUntilMs?: number;
};
export function encodeTombstone(tombstone: Tombstone): Uint8Array {
  const writer = new ByteWriter(64);
  writeStamp(writer, tombstone);
  if (tombstone.sessionsVoidUntilMs !== undefined) writer.u64(tombstone.sessionsVoidUntilMs);
  return writer.finish();
}
/** A group's has no sessions; nor has a user's that was written by an older program. */
export function decodeTombstone(bytes: Uint8Array): Tombstone {
  const reader = new ByteReader(bytes);
  const stamp = readStamp(reader);
  const sessions = reader.remaining === 0 ? {} : { sessionsVoidUntilMs: reader.u64() };
  reader.end();
  return { ...stamp, ...sessions };
}
