/** Commands and outcomes, as bytes in the log. */
import { ByteReader, ByteWriter, emptyBytes, isReason, StatusError, unreachable, type Reason } from '@skerry/kernel';
import {
  readGroupFields,
  readRules,
  readTexts,
  readUserFields,
  readVersion,
  usersFormatVersion,
  writeGroupFields,
  writeRules,
  writeTexts,
  writeUserFields,
} from './codec.ts';
import type { GroupChange, GroupFields } from './group.ts';
import type { UserChange, UserFields } from './user.ts';

export type Command =
  | { readonly kind: 'add'; readonly user: UserFields }
  | { readonly kind: 'change'; readonly name: string; readonly change: UserChange }
  | { readonly kind: 'remove'; readonly name: string }
  | { readonly kind: 'add-group'; readonly group: GroupFields }
  | { readonly kind: 'change-group'; readonly name: string; readonly change: GroupChange }
  | { readonly kind: 'remove-group'; readonly name: string }
  /** A piece of an import, kept aside: a record of the log is bounded. */
  | {
      readonly kind: 'stage-import';
      readonly importId: string;
      readonly part: number;
      readonly users: readonly UserFields[];
      readonly groups?: readonly GroupFields[] | undefined;
    }
  /** Takes all staged parts, 0 to `partCount` − 1, or none. */
  | { readonly kind: 'commit-import'; readonly importId: string; readonly partCount: number }
  /** One session, remembered until `expiresAtMs`; or, without an id, all sessions of the user until now. */
  | {
      readonly kind: 'revoke';
      readonly name: string;
      readonly session: { readonly id: string; readonly expiresAtMs: number } | undefined;
    };

export type Outcome =
  | { readonly kind: 'done' }
  | {
      readonly kind: 'imported';
      readonly added: number;
      readonly replaced: number;
      readonly groupsAdded: number;
      readonly groupsReplaced: number;
    }
  | { readonly kind: 'failed'; readonly reason: Reason; readonly message: string };

/** Users or groups in one part of an import: bounds the memory that a damaged count can ask for. */
export const usersPerPartMax = 10_000;
/**
 * Size at which a part of an import is full, in bytes: with one more of the largest users it still fits a log record.
 */
export const importPartSizeBytes = 128 * 1024;

export type ImportPart = { readonly users: readonly UserFields[]; readonly groups: readonly GroupFields[] };
/** Cuts an import into parts that each fit a log record: the groups before the users that name them. */
export function importParts(users: readonly UserFields[], groups: readonly GroupFields[] = []): readonly ImportPart[] {
  return [
    ...cut(groups, writeGroupFields).map((some) => ({ users: [], groups: some })),
    ...cut(users, writeUserFields).map((some) => ({ users: some, groups: [] })),
  ];
}
function cut<T>(items: readonly T[], write: (writer: ByteWriter, item: T) => void): readonly (readonly T[])[] {
  const parts: T[][] = [];
  let sizeBytes = importPartSizeBytes;
  for (const item of items) {
    if (sizeBytes >= importPartSizeBytes || parts.at(-1)?.length === usersPerPartMax) {
      parts.push([]);
      sizeBytes = 0;
    }
    parts.at(-1)?.push(item);
    const writer = new ByteWriter();
    write(writer, item);
    sizeBytes += writer.length;
  }
  return parts;
}

const commandKinds = {
  add: 1,
  change: 2,
  remove: 3,
  'stage-import': 4,
  'commit-import': 5,
  revoke: 6,
  'add-group': 7,
  'change-group': 8,
  'remove-group': 9,
} as const;
const kindOf = (byte: number): Command['kind'] | undefined =>
  (Object.keys(commandKinds) as Command['kind'][]).find((kind) => commandKinds[kind] === byte);

// One bit for each field that is present, in this order; a limit has a byte more for "removed".
const bits = {
  passwordHash: 1,
  home: 2,
  groups: 4,
  disabled: 8,
  administrator: 16,
  quotaBytes: 32,
  quotaFiles: 64,
  rules: 128,
} as const;
/** In a second byte, since format 2. */
const laterBits = {
  expiresAtMs: 1,
  rateUpBytesPerSecond: 2,
  rateDownBytesPerSecond: 4,
  sessionsMax: 8,
  networks: 16,
} as const;

function presence(change: UserChange, of: Readonly<Partial<Record<keyof UserChange, number>>>): number {
  let present = 0;
  for (const [field, bit] of Object.entries(of)) if (change[field as keyof UserChange] !== undefined) present |= bit;
  return present;
}
function writeLimit(writer: ByteWriter, limit: number | null | undefined): void {
  if (limit === undefined) return;
  writer.u8(limit === null ? 0 : 1);
  if (limit !== null) writer.u64(limit);
}

function writeChange(writer: ByteWriter, change: UserChange): void {
  writer.u8(presence(change, bits)).u8(presence(change, laterBits));
  if (change.passwordHash !== undefined) writer.text(change.passwordHash);
  if (change.home !== undefined) writer.text(change.home);
  if (change.groups !== undefined) writeTexts(writer, change.groups);
  if (change.disabled !== undefined) writer.u8(change.disabled ? 1 : 0);
  if (change.administrator !== undefined) writer.u8(change.administrator ? 1 : 0);
  writeLimit(writer, change.quotaBytes);
  writeLimit(writer, change.quotaFiles);
  if (change.rules !== undefined) writeRules(writer, change.rules);
  writeLimit(writer, change.expiresAtMs);
  writeLimit(writer, change.rateUpBytesPerSecond);
  writeLimit(writer, change.rateDownBytesPerSecond);
  writeLimit(writer, change.sessionsMax);
  if (change.networks !== undefined) writeTexts(writer, change.networks);
}

function readChange(reader: ByteReader, version: number): UserChange {
  const present = reader.u8();
  const later = version === 1 ? 0 : reader.u8();
  const when = <T>(bit: number, read: () => T, set = present): T | undefined =>
    (set & bit) === 0 ? undefined : read();
  const limit = (): number | null => (reader.u8() === 0 ? null : reader.u64());
  return {
    passwordHash: when(bits.passwordHash, () => reader.text()),
    home: when(bits.home, () => reader.text()),
    groups: when(bits.groups, () => readTexts(reader)),
    disabled: when(bits.disabled, () => reader.u8() !== 0),
    administrator: when(bits.administrator, () => reader.u8() !== 0),
    quotaBytes: when(bits.quotaBytes, limit),
    quotaFiles: when(bits.quotaFiles, limit),
    rules: when(bits.rules, () => readRules(reader)),
    expiresAtMs: when(laterBits.expiresAtMs, limit, later),
    rateUpBytesPerSecond: when(laterBits.rateUpBytesPerSecond, limit, later),
    rateDownBytesPerSecond: when(laterBits.rateDownBytesPerSecond, limit, later),
    sessionsMax: when(laterBits.sessionsMax, limit, later),
    networks: when(laterBits.networks, () => readTexts(reader), later),
  };
}

/** A group's change is a user's, of fewer fields. */
function readGroupChange(reader: ByteReader, version: number): GroupChange {
  const {
    passwordHash: _p,
    groups: _g,
    disabled: _d,
    administrator: _a,
    expiresAtMs: _e,
    ...change
  } = readChange(reader, version);
  return change;
}

export function encodeCommand(command: Command): Uint8Array {
  const writer = new ByteWriter().u8(usersFormatVersion).u8(commandKinds[command.kind]);
  switch (command.kind) {
    case 'add':
      writeUserFields(writer, command.user);
      break;
    case 'change':
      writeChange(writer.text(command.name), command.change);
      break;
    case 'remove':
    case 'remove-group':
      writer.text(command.name);
      break;
    case 'add-group':
      writeGroupFields(writer, command.group);
      break;
    case 'change-group':
      writeChange(writer.text(command.name), command.change);
      break;
    case 'stage-import':
      writer.text(command.importId).u32(command.part).u32(command.users.length);
      for (const user of command.users) writeUserFields(writer, user);
      writer.u32(command.groups?.length ?? 0);
      for (const group of command.groups ?? []) writeGroupFields(writer, group);
      break;
    case 'commit-import':
      writer.text(command.importId).u32(command.partCount);
      break;
    case 'revoke':
      writer.text(command.name).u8(command.session === undefined ? 0 : 1);
      if (command.session !== undefined) writer.text(command.session.id).u64(command.session.expiresAtMs);
      break;
    default:
      unreachable(command);
  }
  return writer.finish();
}

function readMany<T>(reader: ByteReader, read: () => T): readonly T[] {
  const count = reader.u32();
  if (count > usersPerPartMax)
    throw new StatusError('malformed', `Cannot read import: ${count} records in one part, limit ${usersPerPartMax}`);
  return Array.from({ length: count }, read);
}

function readCommand(kind: Command['kind'], reader: ByteReader, version: number): Command {
  switch (kind) {
    case 'add':
      return { kind, user: readUserFields(reader, version) };
    case 'change':
      return { kind, name: reader.text(), change: readChange(reader, version) };
    case 'remove':
    case 'remove-group':
      return { kind, name: reader.text() };
    case 'add-group':
      return { kind, group: readGroupFields(reader) };
    case 'change-group':
      return { kind, name: reader.text(), change: readGroupChange(reader, version) };
    case 'stage-import': {
      const [importId, part] = [reader.text(), reader.u32()];
      const users = readMany(reader, () => readUserFields(reader, version));
      const groups = version === 1 ? [] : readMany(reader, () => readGroupFields(reader));
      return { kind, importId, part, users, groups };
    }
    case 'commit-import':
      return { kind, importId: reader.text(), partCount: reader.u32() };
    case 'revoke': {
      const name = reader.text();
      const session = reader.u8() === 0 ? undefined : { id: reader.text(), expiresAtMs: reader.u64() };
      return { kind, name, session };
    }
    default:
      return unreachable(kind);
  }
}

/** @throws StatusError `malformed`, or `format_newer` for a version not known. */
export function decodeCommand(bytes: Uint8Array): Command {
  const reader = new ByteReader(bytes);
  const version = readVersion(reader, 'users command', usersFormatVersion);
  const byte = reader.u8();
  const kind = kindOf(byte);
  if (kind === undefined) throw new StatusError('malformed', `Cannot read users command: unknown kind ${byte}`);
  const command = readCommand(kind, reader, version);
  reader.end();
  return command;
}

export function encodeOutcome(outcome: Outcome): Uint8Array {
  const writer = new ByteWriter(64);
  switch (outcome.kind) {
    case 'done':
      return emptyBytes;
    case 'imported':
      return writer
        .u8(1)
        .u32(outcome.added)
        .u32(outcome.replaced)
        .u32(outcome.groupsAdded)
        .u32(outcome.groupsReplaced)
        .finish();
    case 'failed':
      return writer.u8(2).text(outcome.reason).text(outcome.message).finish();
    default:
      return unreachable(outcome);
  }
}

/** @throws StatusError `malformed`. */
export function decodeOutcome(bytes: Uint8Array): Outcome {
  if (bytes.length === 0) return { kind: 'done' };
  const reader = new ByteReader(bytes);
  const kind = reader.u8();
  if (kind === 1) {
    const users = { added: reader.u32(), replaced: reader.u32() };
    // One that was remembered before there were groups ends here.
    const old = reader.remaining === 0;
    return { kind: 'imported', ...users, groupsAdded: old ? 0 : reader.u32(), groupsReplaced: old ? 0 : reader.u32() };
  }
  if (kind !== 2) throw new StatusError('malformed', `Cannot read users outcome: unknown kind ${kind}`);
  const reason = reader.text();
  return { kind: 'failed', reason: isReason(reason) ? reason : 'unexpected', message: reader.text() };
}
