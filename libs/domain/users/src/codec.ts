/** Users as bytes, in commands and in the state. */
import { ByteReader, ByteWriter, readVector, StatusError, writeVector } from '@skerry/kernel';
import { rights, type Right, type Rule } from './rules.ts';
import { fieldGroups, type FieldGroup, type Stamp, type Stamps, type UserFields, type UserRecord } from './user.ts';

export const userRecordVersion = 1;

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
}

export function readUserFields(reader: ByteReader): UserFields {
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
  const writer = new ByteWriter(512).u8(userRecordVersion);
  writeUserFields(writer, user);
  writer.u64(user.createdAtMs).u64(user.changedAtMs).u64(sessionsVoidUntilMs);
  for (const group of fieldGroups) writeStamp(writer, stamps[group]);
  return writer.finish();
}

/** @throws StatusError `malformed`, or `format_newer` for a version not known. */
export function decodeUserRecord(bytes: Uint8Array): UserRecord {
  const reader = new ByteReader(bytes);
  const version = reader.u8();
  if (version !== userRecordVersion)
    throw new StatusError(
      'format_newer',
      `Cannot read user: its format is ${version}, this program knows ${userRecordVersion}`,
    );
  const fields = readUserFields(reader);
  const user = { ...fields, createdAtMs: reader.u64(), changedAtMs: reader.u64() };
  const sessionsVoidUntilMs = reader.u64();
  const stamps = Object.fromEntries(
    fieldGroups.map((group): [FieldGroup, Stamp] => [group, readStamp(reader)]),
  ) as Stamps; // Every group of the list, which is what Stamps says.
  reader.end();
  return { user, sessionsVoidUntilMs, stamps };
}

/** Who was removed: kept for the merge of islands, where a deletion wins over what its deleter had seen. */
export type Tombstone = Stamp;
export function encodeTombstone(tombstone: Tombstone): Uint8Array {
  const writer = new ByteWriter(64);
  writeStamp(writer, tombstone);
  return writer.finish();
}
export function decodeTombstone(bytes: Uint8Array): Tombstone {
  const reader = new ByteReader(bytes);
  const stamp = readStamp(reader);
  reader.end();
  return stamp;
}
