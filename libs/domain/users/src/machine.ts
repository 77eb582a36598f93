/** The users of the file service, as a deterministic state machine (F6). */
import {
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
} from '@skerry/kernel';
import {
  decodeTombstone,
  decodeUserRecord,
  encodeTombstone,
  encodeUserRecord,
  readGroupFields,
  readUserFields,
  usersFormatVersion,
  writeGroupFields,
  writeUserFields,
  type Tombstone,
} from './codec.ts';
import { decodeCommand, encodeOutcome, usersPerPartMax, type Command, type Outcome } from './command.ts';
import {
  addGroup,
  changeGroup,
  findGroup,
  groupTombstonePrefix,
  putGroup,
  removeGroup,
  requireGroupRoom,
} from './group-state.ts';
import { checkGroup, type GroupFields } from './group.ts';
import { allowancesAfter, expiryKey, expiryPrefix, keyOf, limitAfter, stampOf, tombstoneLifeMs } from './state.ts';
import {
  checkChange,
  checkUser,
  fieldGroups,
  sortedGroups,
  userCountMax,
  type FieldGroup,
  type Stamps,
  type UserChange,
  type UserFields,
  type UserRecord,
} from './user.ts';

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
// Parts of format 1 lay under users/stage/: what is left of them expires.
const stagePrefix = utf8('users/stage-2/');
const revokedPrefix = utf8('users/revoked/');
const countsKey = utf8('users/counts');

const stageKey = (importId: string, part: number): Uint8Array =>
  concatBytes([stagePrefix, utf8(importId), new ByteWriter(4).u32(part).finish()]);

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
    case 'add-group':
      return addGroup(command.group, entry, state);
    case 'change-group':
      return changeGroup(command.name, command.change, entry, state);
    case 'remove-group':
      requireUnused(command.name, state);
      return removeGroup(command.name, entry, state);
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

const restamped = (before: Stamps, groups: readonly FieldGroup[], entry: Entry): Stamps => ({
  ...before,
  ...Object.fromEntries(groups.map((group) => [group, stampOf(entry, before[group].vector)])),
});

/** A group that gives rules or quotas does not go while users stand under it: they would be freed of them. */
function requireUnused(name: string, state: OrderedReader): void {
  for (const { user } of listUsers(state))
    if (user.groups.includes(name))
      throw new StatusError(
        'group_in_use',
        `Cannot remove group ${JSON.stringify(name)}: user ${JSON.stringify(user.name)} is in it`,
      );
}

/** `removed`: the user of that name before, so that the new one is known to come after, and has none of its sessions. */
function newRecord(fields: UserFields, entry: Entry, removed: Tombstone | undefined): UserRecord {
  const stamp = stampOf(entry, removed?.vector ?? versionVectorZero);
  const atMs = entry.time.wallMs;
  return {
    user: { ...fields, groups: sortedGroups(fields.groups), createdAtMs: atMs, changedAtMs: atMs },
    sessionsVoidUntilMs: Math.max(atMs, removed?.sessionsVoidUntilMs ?? 0),
    stamps: Object.fromEntries(fieldGroups.map((group) => [group, stamp])) as Stamps, // Every group of the list.
  };
}

/** Takes the name, whether it is free, removed or, for an import, in use. Returns whether it was in use. */
function putUser(fields: UserFields, entry: Entry, state: OrderedWriter): boolean {
  const key = keyOf(userPrefix, fields.name);
  const before = findUser(state, fields.name);
  if (before !== undefined) {
    const { user } = newRecord(fields, entry, undefined);
    const sessionsVoidUntilMs = later(entry.time.wallMs, before.sessionsVoidUntilMs);
    const kept = { ...user, createdAtMs: before.user.createdAtMs };
    const stamps = restamped(before.stamps, fieldGroups, entry);
    state.put(key, encodeUserRecord({ user: kept, sessionsVoidUntilMs, stamps }));
    return true;
  }
  const tombstoneKey = keyOf(tombstonePrefix, fields.name);
  const tombstone = state.get(tombstoneKey);
  const removed = tombstone === undefined ? undefined : decodeTombstone(tombstone);
  state.delete(tombstoneKey);
  state.put(key, encodeUserRecord(newRecord(fields, entry, removed)));
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
  const { disabled, administrator, expiresAtMs, networks } = change;
  if ([disabled, administrator, expiresAtMs, networks].some((value) => value !== undefined)) groups.push('state');
  const { quotaBytes, quotaFiles, rateUpBytesPerSecond, rateDownBytesPerSecond, sessionsMax } = change;
  const limits = [quotaBytes, quotaFiles, rateUpBytesPerSecond, rateDownBytesPerSecond, sessionsMax];
  if (limits.some((value) => value !== undefined)) groups.push('quota');
  if (change.rules !== undefined) groups.push('rules');
  return groups;
}

function change(name: string, wanted: UserChange, entry: Entry, state: OrderedWriter): Outcome {
  checkChange(wanted);
  const { user, sessionsVoidUntilMs, stamps } = known(name, state);
  const atMs = entry.time.wallMs;
  const changed: UserRecord = {
    user: {
      ...user,
      passwordHash: wanted.passwordHash ?? user.passwordHash,
      home: wanted.home ?? user.home,
      groups: wanted.groups === undefined ? user.groups : sortedGroups(wanted.groups),
      disabled: wanted.disabled ?? user.disabled,
      administrator: wanted.administrator ?? user.administrator,
      ...allowancesAfter(user, wanted),
      expiresAtMs: limitAfter(user.expiresAtMs, wanted.expiresAtMs),
      changedAtMs: atMs,
    },
    sessionsVoidUntilMs: wanted.passwordHash === undefined ? sessionsVoidUntilMs : later(atMs, sessionsVoidUntilMs),
    stamps: restamped(stamps, changedGroups(wanted), entry),
  };
  state.put(keyOf(userPrefix, name), encodeUserRecord(changed));
  return { kind: 'done' };
}

function remove(name: string, entry: Entry, state: OrderedWriter): Outcome {
  const { stamps, sessionsVoidUntilMs } = known(name, state);
  const seen = fieldGroups.reduce((vector, group) => mergeVectors(vector, stamps[group].vector), versionVectorZero);
  state.delete(keyOf(userPrefix, name));
  const tombstoneKey = keyOf(tombstonePrefix, name);
  // A session begins a millisecond after what voided those before it, at the latest.
  const voidUntilMs = later(entry.time.wallMs, sessionsVoidUntilMs);
  state.put(tombstoneKey, encodeTombstone({ ...stampOf(entry, seen), sessionsVoidUntilMs: voidUntilMs }));
  state.put(expiryKey(entry.time.wallMs + tombstoneLifeMs, tombstoneKey), emptyBytes);
  const counts = readCounts(state);
  writeCounts(state, { ...counts, users: counts.users - 1 });
  return { kind: 'done' };
}

function stageImport(command: Extract<Command, { kind: 'stage-import' }>, entry: Entry, state: OrderedWriter): Outcome {
  const { importId, part, users, groups = [] } = command;
  if (part >= importPartCountMax || Math.max(users.length, groups.length) > usersPerPartMax)
    throw new StatusError(
      'too_large',
      `Cannot import: part ${part} with ${users.length} users is over the limit of ` +
        `${importPartCountMax} parts with ${usersPerPartMax} users each`,
    );
  for (const user of users) checkUser(user);
  for (const group of groups) checkGroup(group);
  const writer = new ByteWriter(4096).u8(usersFormatVersion).u32(users.length);
  for (const user of users) writeUserFields(writer, user);
  writer.u32(groups.length);
  for (const group of groups) writeGroupFields(writer, group);
  const key = stageKey(importId, part);
  state.put(key, writer.finish());
  state.put(expiryKey(entry.time.wallMs + stagedImportLifeMs, key), emptyBytes);
  return { kind: 'done' };
}

type Staged = { readonly users: readonly UserFields[]; readonly groups: readonly GroupFields[] };
function staged(importId: string, partCount: number, state: OrderedReader): Staged {
  const users: UserFields[] = [];
  const groups: GroupFields[] = [];
  for (let part = 0; part < partCount; part++) {
    const bytes = state.get(stageKey(importId, part));
    if (bytes === undefined)
      throw new StatusError('version_conflict', `Cannot import: part ${part} of ${partCount} is not there`);
    const reader = new ByteReader(bytes);
    const version = reader.u8();
    for (let left = reader.u32(); left > 0; left--) users.push(readUserFields(reader, version));
    for (let left = reader.u32(); left > 0; left--) groups.push(readGroupFields(reader));
  }
  return { users, groups };
}
const distinct = (names: readonly { readonly name: string }[]): boolean =>
  new Set(names.map(({ name }) => name)).size === names.length;

function commitImport(
  { importId, partCount }: Extract<Command, { kind: 'commit-import' }>,
  entry: Entry,
  state: OrderedWriter,
): Outcome {
  const { users, groups } = staged(importId, Math.min(partCount, importPartCountMax), state);
  if (!distinct(users) || !distinct(groups)) throw new StatusError('malformed', 'Cannot import: a name is there twice');
  const added = users.filter(({ name }) => findUser(state, name) === undefined).length;
  const counts = requireRoom(added, state);
  const groupsAdded = groups.filter(({ name }) => findGroup(state, name) === undefined).length;
  requireGroupRoom(groupsAdded, state);
  for (const group of groups) putGroup(group, entry, state);
  for (const user of users) putUser(user, entry, state);
  for (let part = 0; part < partCount; part++) state.delete(stageKey(importId, part));
  writeCounts(state, { ...counts, users: counts.users + added });
  const replaced = users.length - added;
  return { kind: 'imported', added, replaced, groupsAdded, groupsReplaced: groups.length - groupsAdded };
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
    const isTombstone = startsWith(expired, tombstonePrefix) || startsWith(expired, groupTombstonePrefix);
    if (isTombstone && !isOver(state.get(expired), nowMs)) {
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
