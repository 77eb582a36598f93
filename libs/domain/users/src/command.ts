/** Commands and outcomes, as bytes in the log. */
import { ByteReader, ByteWriter, emptyBytes, isReason, StatusError, unreachable, type Reason } from '@skerry/kernel';
import { readUserFields, readRules, writeRules, writeTexts, readTexts, writeUserFields } from './codec.ts';
import type { UserChange, UserFields } from './user.ts';

export type Command =
  | { readonly kind: 'add'; readonly user: UserFields }
  | { readonly kind: 'change'; readonly name: string; readonly change: UserChange }
  | { readonly kind: 'remove'; readonly name: string }
  /** A piece of an import, kept aside: a record of the log is bounded. */
  | {
      readonly kind: 'stage-import';
      readonly importId: string;
      readonly part: number;
      readonly users: readonly UserFields[];
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
  | { readonly kind: 'imported'; readonly added: number; readonly replaced: number }
  | { readonly kind: 'failed'; readonly reason: Reason; readonly message: string };

export const commandVersion = 1;
/** Users in one part of an import: bounds the memory that a damaged count can ask for. */
export const usersPerPartMax = 10_000;
/**
 * Size at which a part of an import is full, in bytes: with one more of the largest users it still fits a log record.
 */
export const importPartSizeBytes = 128 * 1024;

/** Cuts an import into parts that each fit a log record. */
export function importParts(users: readonly UserFields[]): readonly (readonly UserFields[])[] {
  const parts: UserFields[][] = [];
  let sizeBytes = importPartSizeBytes;
  for (const user of users) {
    if (sizeBytes >= importPartSizeBytes || parts.at(-1)?.length === usersPerPartMax) {
      parts.push([]);
      sizeBytes = 0;
    }
    parts.at(-1)?.push(user);
    const writer = new ByteWriter();
    writeUserFields(writer, user);
    sizeBytes += writer.length;
  }
  return parts;
}

const commandKinds = { add: 1, change: 2, remove: 3, 'stage-import': 4, 'commit-import': 5, revoke: 6 } as const;
const kindOf = (byte: number): Command['kind'] | undefined =>
  (Object.keys(commandKinds) as Command['kind'][]).find((kind) => commandKinds[kind] === byte);

// One bit for each field that is present, in this order; a quota has a second bit for "removed".
const bits = {
  passwordHash: 1,
  home: 2,
  groups: 4,
  disabled: 8,
  administrator: 16,
  quotaBytes: 32,
  quotaFiles: 64,
  rules: 128,
};

function writeQuota(writer: ByteWriter, quota: number | null | undefined): void {
  if (quota === undefined) return;
  writer.u8(quota === null ? 0 : 1);
  if (quota !== null) writer.u64(quota);
}

function writeChange(writer: ByteWriter, change: UserChange): void {
  let present = 0;
  for (const [field, bit] of Object.entries(bits)) if (change[field as keyof UserChange] !== undefined) present |= bit;
  writer.u8(present);
  if (change.passwordHash !== undefined) writer.text(change.passwordHash);
  if (change.home !== undefined) writer.text(change.home);
  if (change.groups !== undefined) writeTexts(writer, change.groups);
  if (change.disabled !== undefined) writer.u8(change.disabled ? 1 : 0);
  if (change.administrator !== undefined) writer.u8(change.administrator ? 1 : 0);
  writeQuota(writer, change.quotaBytes);
  writeQuota(writer, change.quotaFiles);
  if (change.rules !== undefined) writeRules(writer, change.rules);
}

function readChange(reader: ByteReader): UserChange {
  const present = reader.u8();
  const when = <T>(bit: number, read: () => T): T | undefined => ((present & bit) === 0 ? undefined : read());
  const quota = (): number | null => (reader.u8() === 0 ? null : reader.u64());
  return {
    passwordHash: when(bits.passwordHash, () => reader.text()),
    home: when(bits.home, () => reader.text()),
    groups: when(bits.groups, () => readTexts(reader)),
    disabled: when(bits.disabled, () => reader.u8() !== 0),
    administrator: when(bits.administrator, () => reader.u8() !== 0),
    quotaBytes: when(bits.quotaBytes, quota),
    quotaFiles: when(bits.quotaFiles, quota),
    rules: when(bits.rules, () => readRules(reader)),
  };
}

export function encodeCommand(command: Command): Uint8Array {
  const writer = new ByteWriter().u8(commandVersion).u8(commandKinds[command.kind]);
  switch (command.kind) {
    case 'add':
      writeUserFields(writer, command.user);
      break;
    case 'change':
      writeChange(writer.text(command.name), command.change);
      break;
    case 'remove':
      writer.text(command.name);
      break;
    case 'stage-import':
      writer.text(command.importId).u32(command.part).u32(command.users.length);
      for (const user of command.users) writeUserFields(writer, user);
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

function readUsers(reader: ByteReader): readonly UserFields[] {
  const count = reader.u32();
  if (count > usersPerPartMax)
    throw new StatusError('malformed', `Cannot read import: ${count} users in one part, limit ${usersPerPartMax}`);
  return Array.from({ length: count }, () => readUserFields(reader));
}

function readCommand(kind: Command['kind'], reader: ByteReader): Command {
  switch (kind) {
    case 'add':
      return { kind, user: readUserFields(reader) };
    case 'change':
      return { kind, name: reader.text(), change: readChange(reader) };
    case 'remove':
      return { kind, name: reader.text() };
    case 'stage-import':
      return { kind, importId: reader.text(), part: reader.u32(), users: readUsers(reader) };
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
  const version = reader.u8();
  if (version !== commandVersion)
    throw new StatusError(
      'format_newer',
      `Cannot read users command: its format is ${version}, this program knows ${commandVersion}`,
    );
  const byte = reader.u8();
  const kind = kindOf(byte);
  if (kind === undefined) throw new StatusError('malformed', `Cannot read users command: unknown kind ${byte}`);
  const command = readCommand(kind, reader);
  reader.end();
  return command;
}

export function encodeOutcome(outcome: Outcome): Uint8Array {
  const writer = new ByteWriter(64);
  switch (outcome.kind) {
    case 'done':
      return emptyBytes;
    case 'imported':
      return writer.u8(1).u32(outcome.added).u32(outcome.replaced).finish();
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
  if (kind === 1) return { kind: 'imported', added: reader.u32(), replaced: reader.u32() };
  if (kind !== 2) throw new StatusError('malformed', `Cannot read users outcome: unknown kind ${kind}`);
  const reason = reader.text();
  return { kind: 'failed', reason: isReason(reason) ? reason : 'unexpected', message: reader.text() };
}
