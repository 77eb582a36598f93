/** The users of the file service, as a deterministic state machine (F6). */
import {
  advanceVector,
  ByteReader,
  ByteWriter,
  concatBytes,
  emptyBytes,
  mergeVectors,
  prefixEnd,
  StatusError,
  unreachable,
  utf8,
  versionVectorZero,
  type Applied,
  type Entry,
  type OrderedReader,
  type OrderedWriter,
  type StateMachine,
  type VersionVector,
} from '@skerry/kernel';
import {
  decodeTombstone,
  decodeUserRecord,
  encodeTombstone,
  encodeUserRecord,
  readUserFields,
  writeUserFields,
} from './codec.ts';
import { decodeCommand, encodeOutcome, usersPerPartMax, type Command, type Outcome } from './command.ts';
import {
  checkChange,
  checkUser,
  fieldGroups,
  sortedGroups,
  userCountMax,
  type FieldGroup,
  type Stamp,
  type Stamps,
  type UserChange,
  type UserFields,
  type UserRecord,
} from './user.ts';

/**
 * How long a removed user is remembered, in milliseconds of log time: longer than any partition is left standing (30
 * days).
 */
export const tombstoneLifeMs = 30 * 24 * 3_600_000;
/** How long a staged import waits for its commit, in milliseconds of log time: one hour. */
export const stagedImportLifeMs = 3_600_000;
/** Parts of one import: {@link userCountMax} users, a hundred to each part. */
export const importPartCountMax = 1_000;
/** Sessions revoked and not yet expired, in all. */
export const revokedSessionCountMax = 100_000;
/** Expired records dropped by one command: bounds its time, and is more than one command can add. */
const expiredPerCommandMax = 64;

const userPrefix = utf8('users/user/');
const tombstonePrefix = utf8('users/tombstone/');
const stagePrefix = utf8('users/stage/');
const revokedPrefix = utf8('users/revoked/');
/** Key: when, then which record; value: the key to drop then. */
const expiryPrefix = utf8('users/expiry/');
const countsKey = utf8('users/counts');

const keyOf = (prefix: Uint8Array, name: string): Uint8Array => concatBytes([prefix, utf8(name)]);
const stageKey = (importId: string, part: number): Uint8Array =>
  concatBytes([stagePrefix, utf8(importId), new ByteWriter(4).u32(part).finish()]);
const expiryKey = (atMs: number, key: Uint8Array): Uint8Array =>
  concatBytes([expiryPrefix, new ByteWriter(8).u64(atMs).finish(), key]);

type Counts = { readonly users: number; readonly revoked: number };
function readCounts(state: OrderedReader): Counts {
  const bytes = state.get(countsKey);
  if (bytes === undefined) return { users: 0, revoked: 0 };
  const reader = new ByteReader(bytes);
  return { users: reader.u32(), revoked: reader.u32() };
}
const writeCounts = (state: OrderedWriter, counts: Counts): void =>
  state.put(countsKey, new ByteWriter(8).u32(counts.users).u32(counts.revoked).finish());

/** Undefined when there is no such user. */
export function findUser(state: OrderedReader, name: string): UserRecord | undefined {
  const bytes = state.get(keyOf(userPrefix, name));
  return bytes === undefined ? undefined : decodeUserRecord(bytes);
}
export const countUsers = (state: OrderedReader): number => readCounts(state).users;
/** In order of names. */
export function* listUsers(state: OrderedReader): Iterable<UserRecord> {
  for (const [, value] of state.range({ from: userPrefix, to: prefixEnd(userPrefix) })) yield decodeUserRecord(value);
}
export const isSessionRevoked = (state: OrderedReader, sessionId: string): boolean =>
  state.get(keyOf(revokedPrefix, sessionId)) !== undefined;

/** A command that cannot be carried out throws before it writes anything: the outcome says why. */
function performCommand(command: Command, entry: Entry, state: OrderedWriter): Outcome {
  switch (command.kind) {
    case 'add':
      return add(command.user, entry, state);
    case 'change':
      return change(command.name, command.change, entry, state);
    case 'remove':
      return remove(command.name, entry, state);
    case 'stage-import':
      return stageImport(command, entry, state);
    case 'commit-import':
      return commitImport(command, entry, state);
    case 'revoke':
      return revoke(command, entry, state);
    default:
      return unreachable(command);
  }
}

export class UsersMachine implements StateMachine<never> {
  initialise(state: OrderedWriter): void {
    writeCounts(state, { users: 0, revoked: 0 });
  }
  apply(entry: Entry, state: OrderedWriter): Applied<never> {
    dropExpired(entry.time.wallMs, state);
    // Not caught: a command that this program cannot read must stop it, or it would part from the other replicas.
    const command = decodeCommand(entry.command);
    return { result: encodeOutcome(outcomeOf(command, entry, state)), effects: [] };
  }
}

function outcomeOf(command: Command, entry: Entry, state: OrderedWriter): Outcome {
  try {
    return performCommand(command, entry, state);
  } catch (thrown) {
    if (!(thrown instanceof StatusError)) throw thrown;
    return { kind: 'failed', reason: thrown.reason, message: thrown.message };
  }
}

function known(name: string, state: OrderedReader): UserRecord {
  const record = findUser(state, name);
  if (record === undefined) throw new StatusError('no_such_user', `No user ${JSON.stringify(name)}`);
  return record;
}

const stampOf = (entry: Entry, seen: VersionVector): Stamp => ({
  time: entry.time,
  vector: advanceVector(seen, entry.epoch, entry.index),
});
const restamped = (before: Stamps, groups: readonly FieldGroup[], entry: Entry): Stamps => ({
  ...before,
  ...Object.fromEntries(groups.map((group) => [group, stampOf(entry, before[group].vector)])),
});

/** `seen`: of the removed user of that name, so that the new one is known to come after. */
function newRecord(fields: UserFields, entry: Entry, seen: VersionVector): UserRecord {
  const stamp = stampOf(entry, seen);
  const atMs = entry.time.wallMs;
  return {
    user: { ...fields, groups: sortedGroups(fields.groups), createdAtMs: atMs, changedAtMs: atMs },
    sessionsVoidUntilMs: atMs,
    stamps: Object.fromEntries(fieldGroups.map((group) => [group, stamp])) as Stamps, // Every group of the list.
  };
}

/** Takes the name, whether it is free, removed or, for an import, in use. Returns whether it was in use. */
function putUser(fields: UserFields, entry: Entry, state: OrderedWriter): boolean {
  const key = keyOf(userPrefix, fields.name);
  const before = findUser(state, fields.name);
  if (before !== undefined) {
    const { user, sessionsVoidUntilMs } = newRecord(fields, entry, versionVectorZero);
    const kept = { ...user, createdAtMs: before.user.createdAtMs };
    const stamps = restamped(before.stamps, fieldGroups, entry);
    state.put(key, encodeUserRecord({ user: kept, sessionsVoidUntilMs, stamps }));
    return true;
  }
  const tombstoneKey = keyOf(tombstonePrefix, fields.name);
  const tombstone = state.get(tombstoneKey);
  const seen = tombstone === undefined ? versionVectorZero : decodeTombstone(tombstone).vector;
  state.delete(tombstoneKey);
  state.put(key, encodeUserRecord(newRecord(fields, entry, seen)));
  return false;
}

function requireRoom(added: number, state: OrderedReader): Counts {
  const counts = readCounts(state);
  if (counts.users + added > userCountMax)
    throw new StatusError(
      'too_large',
      `Cannot add ${added} users: there are ${counts.users}, the limit is ${userCountMax}`,
    );
  return counts;
}

function add(user: UserFields, entry: Entry, state: OrderedWriter): Outcome {
  checkUser(user);
  if (findUser(state, user.name) !== undefined)
    throw new StatusError('user_exists', `Cannot add user ${JSON.stringify(user.name)}: there is one`);
  const counts = requireRoom(1, state);
  putUser(user, entry, state);
  writeCounts(state, { ...counts, users: counts.users + 1 });
  return { kind: 'done' };
}

function changedGroups(change: UserChange): readonly FieldGroup[] {
  const groups: FieldGroup[] = [];
  // Whoever knew the old password is shown out.
  if (change.passwordHash !== undefined) groups.push('password', 'sessions');
  if (change.home !== undefined) groups.push('home');
  if (change.groups !== undefined) groups.push('groups');
  if (change.disabled !== undefined || change.administrator !== undefined) groups.push('state');
  if (change.quotaBytes !== undefined || change.quotaFiles !== undefined) groups.push('quota');
  if (change.rules !== undefined) groups.push('rules');
  return groups;
}

function change(name: string, wanted: UserChange, entry: Entry, state: OrderedWriter): Outcome {
  checkChange(wanted);
  const { user, sessionsVoidUntilMs, stamps } = known(name, state);
  const atMs = entry.time.wallMs;
  const quota = (now: number | null | undefined, before: number | undefined): number | undefined =>
    now === undefined ? before : (now ?? undefined);
  const changed: UserRecord = {
    user: {
      ...user,
      passwordHash: wanted.passwordHash ?? user.passwordHash,
      home: wanted.home ?? user.home,
      groups: wanted.groups === undefined ? user.groups : sortedGroups(wanted.groups),
      disabled: wanted.disabled ?? user.disabled,
      administrator: wanted.administrator ?? user.administrator,
      quotaBytes: quota(wanted.quotaBytes, user.quotaBytes),
      quotaFiles: quota(wanted.quotaFiles, user.quotaFiles),
      rules: wanted.rules ?? user.rules,
      changedAtMs: atMs,
    },
    sessionsVoidUntilMs: wanted.passwordHash === undefined ? sessionsVoidUntilMs : later(atMs, sessionsVoidUntilMs),
    stamps: restamped(stamps, changedGroups(wanted), entry),
  };
  state.put(keyOf(userPrefix, name), encodeUserRecord(changed));
  return { kind: 'done' };
}

function remove(name: string, entry: Entry, state: OrderedWriter): Outcome {
  const { stamps } = known(name, state);
  const seen = fieldGroups.reduce((vector, group) => mergeVectors(vector, stamps[group].vector), versionVectorZero);
  state.delete(keyOf(userPrefix, name));
  const tombstoneKey = keyOf(tombstonePrefix, name);
  state.put(tombstoneKey, encodeTombstone(stampOf(entry, seen)));
  state.put(expiryKey(entry.time.wallMs + tombstoneLifeMs, tombstoneKey), emptyBytes);
  const counts = readCounts(state);
  writeCounts(state, { ...counts, users: counts.users - 1 });
  return { kind: 'done' };
}

function stageImport(command: Extract<Command, { kind: 'stage-import' }>, entry: Entry, state: OrderedWriter): Outcome {
  const { importId, part, users } = command;
  if (part >= importPartCountMax || users.length > usersPerPartMax)
    throw new StatusError(
      'too_large',
      `Cannot import: part ${part} with ${users.length} users is over the limit of ` +
        `${importPartCountMax} parts with ${usersPerPartMax} users each`,
    );
  for (const user of users) checkUser(user);
  const writer = new ByteWriter(4096).u32(users.length);
  for (const user of users) writeUserFields(writer, user);
  const key = stageKey(importId, part);
  state.put(key, writer.finish());
  state.put(expiryKey(entry.time.wallMs + stagedImportLifeMs, key), emptyBytes);
  return { kind: 'done' };
}

function stagedUsers(importId: string, partCount: number, state: OrderedReader): readonly UserFields[] {
  const users: UserFields[] = [];
  for (let part = 0; part < partCount; part++) {
    const bytes = state.get(stageKey(importId, part));
    if (bytes === undefined)
      throw new StatusError('version_conflict', `Cannot import: part ${part} of ${partCount} is not there`);
    const reader = new ByteReader(bytes);
    for (let left = reader.u32(); left > 0; left--) users.push(readUserFields(reader));
  }
  return users;
}

function commitImport(
  { importId, partCount }: Extract<Command, { kind: 'commit-import' }>,
  entry: Entry,
  state: OrderedWriter,
): Outcome {
  const users = stagedUsers(importId, Math.min(partCount, importPartCountMax), state);
  const names = new Set(users.map(({ name }) => name));
  if (names.size !== users.length) throw new StatusError('malformed', 'Cannot import: a name is there twice');
  const added = users.filter(({ name }) => findUser(state, name) === undefined).length;
  const counts = requireRoom(added, state);
  for (const user of users) putUser(user, entry, state);
  for (let part = 0; part < partCount; part++) state.delete(stageKey(importId, part));
  writeCounts(state, { ...counts, users: counts.users + added });
  return { kind: 'imported', added, replaced: users.length - added };
}

function revoke({ name, session }: Extract<Command, { kind: 'revoke' }>, entry: Entry, state: OrderedWriter): Outcome {
  if (session === undefined) {
    const record = known(name, state);
    const stamps = restamped(record.stamps, ['sessions'], entry);
    const sessionsVoidUntilMs = later(entry.time.wallMs, record.sessionsVoidUntilMs);
    const voided = { ...record, sessionsVoidUntilMs, stamps };
    state.put(keyOf(userPrefix, name), encodeUserRecord(voided));
    return { kind: 'done' };
  }
  const key = keyOf(revokedPrefix, session.id);
  if (state.get(key) !== undefined || session.expiresAtMs <= entry.time.wallMs) return { kind: 'done' };
  const counts = readCounts(state);
  if (counts.revoked >= revokedSessionCountMax)
    throw new StatusError('overloaded', `Cannot revoke session: ${counts.revoked} are revoked, which is the limit`);
  state.put(key, emptyBytes);
  state.put(expiryKey(session.expiresAtMs, key), emptyBytes);
  writeCounts(state, { ...counts, revoked: counts.revoked + 1 });
  return { kind: 'done' };
}

const startsWith = (bytes: Uint8Array, prefix: Uint8Array): boolean =>
  bytes.length >= prefix.length && prefix.every((byte, index) => bytes[index] === byte);

/** Forgets what the log's time has passed: revoked sessions, removed users, staged imports. */
function dropExpired(nowMs: number, state: OrderedWriter): void {
  const range = { from: expiryPrefix, to: expiryKey(nowMs, emptyBytes), limit: expiredPerCommandMax };
  const due = Array.from(state.range(range), ([key]) => key.slice());
  let revoked = 0;
  for (const key of due) {
    const expired = key.slice(expiryPrefix.length + 8);
    // A name that was removed, added and removed again has two expiries: the tombstone's own time decides.
    if (startsWith(expired, tombstonePrefix) && !isOver(state.get(expired), nowMs)) {
      state.delete(key);
      continue;
    }
    if (startsWith(expired, revokedPrefix)) revoked += 1;
    state.delete(expired);
    state.delete(key);
  }
  if (revoked === 0) return;
  const counts = readCounts(state);
  writeCounts(state, { ...counts, revoked: Math.max(0, counts.revoked - revoked) });
}

const isOver = (tombstone: Uint8Array | undefined, nowMs: number): boolean =>
  tombstone === undefined || decodeTombstone(tombstone).time.wallMs + tombstoneLifeMs < nowMs;

/** A session may have begun a millisecond past the last void, to be told from those before it: this one covers it too. */
const later = (atMs: number, voidUntilMs: number): number => Math.max(atMs, voidUntilMs + 1);
