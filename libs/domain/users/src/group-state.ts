/** Groups in the state. */
import {
  emptyBytes,
  prefixEnd,
  StatusError,
  utf8,
  versionVectorZero,
  type Entry,
  type OrderedReader,
  type OrderedWriter,
} from '@skerry/kernel';
import { decodeGroupRecord, decodeTombstone, encodeGroupRecord, encodeTombstone, type GroupRecord } from './codec.ts';
import type { Outcome } from './command.ts';
import { checkGroup, checkGroupChange, groupRecordCountMax, noSuchGroup } from './group.ts';
import type { Group, GroupChange, GroupFields } from './group.ts';
import { allowancesAfter, expiryKey, keyOf, stampOf, tombstoneLifeMs } from './state.ts';

const groupPrefix = utf8('users/group/');
export const groupTombstonePrefix = utf8('users/group-tombstone/');

/** Undefined when no defaults were given to that name: users may be in it all the same. */
export function findGroup(state: OrderedReader, name: string): GroupRecord | undefined {
  const bytes = state.get(keyOf(groupPrefix, name));
  return bytes === undefined ? undefined : decodeGroupRecord(bytes);
}
/** In order of names. */
export function* listGroups(state: OrderedReader): Iterable<GroupRecord> {
  for (const [, value] of state.range({ from: groupPrefix, to: prefixEnd(groupPrefix) }))
    yield decodeGroupRecord(value);
}
/** Those of a user that carry defaults, in the order of `names`. */
export const groupsOf = (state: OrderedReader, names: readonly string[]): readonly Group[] =>
  names.flatMap((name) => findGroup(state, name)?.group ?? []);

/** @throws StatusError `too_large`. */
export function requireGroupRoom(added: number, state: OrderedReader): void {
  if (added === 0) return;
  const there = [...listGroups(state)].length;
  if (there + added > groupRecordCountMax)
    throw new StatusError(
      'too_large',
      `Cannot add ${added} groups: there are ${there}, the limit is ${groupRecordCountMax}`,
    );
}

/** Takes the name, whether it is free, removed or, for an import, in use. */
export function putGroup(fields: GroupFields, entry: Entry, state: OrderedWriter): void {
  const atMs = entry.time.wallMs;
  const before = findGroup(state, fields.name);
  const tombstoneKey = keyOf(groupTombstonePrefix, fields.name);
  const tombstone = state.get(tombstoneKey);
  const removed = tombstone === undefined ? versionVectorZero : decodeTombstone(tombstone).vector;
  state.delete(tombstoneKey);
  const group = { ...fields, createdAtMs: before?.group.createdAtMs ?? atMs, changedAtMs: atMs };
  write({ group, stamp: stampOf(entry, before?.stamp.vector ?? removed) }, state);
}
const write = (record: GroupRecord, state: OrderedWriter): void =>
  state.put(keyOf(groupPrefix, record.group.name), encodeGroupRecord(record));

function known(name: string, state: OrderedReader): GroupRecord {
  const record = findGroup(state, name);
  if (record === undefined) throw noSuchGroup(name);
  return record;
}

export function addGroup(group: GroupFields, entry: Entry, state: OrderedWriter): Outcome {
  checkGroup(group);
  if (findGroup(state, group.name) !== undefined)
    throw new StatusError('group_exists', `Cannot add group ${JSON.stringify(group.name)}: there is one`);
  requireGroupRoom(1, state);
  putGroup(group, entry, state);
  return { kind: 'done' };
}
export function changeGroup(name: string, wanted: GroupChange, entry: Entry, state: OrderedWriter): Outcome {
  checkGroupChange(wanted);
  const { group, stamp } = known(name, state);
  const home = wanted.home ?? group.home;
  const changed = { ...group, ...allowancesAfter(group, wanted), home, changedAtMs: entry.time.wallMs };
  write({ group: changed, stamp: stampOf(entry, stamp.vector) }, state);
  return { kind: 'done' };
}
export function removeGroup(name: string, entry: Entry, state: OrderedWriter): Outcome {
  const { stamp } = known(name, state);
  state.delete(keyOf(groupPrefix, name));
  const tombstoneKey = keyOf(groupTombstonePrefix, name);
  state.put(tombstoneKey, encodeTombstone(stampOf(entry, stamp.vector)));
  state.put(expiryKey(entry.time.wallMs + tombstoneLifeMs, tombstoneKey), emptyBytes);
  return { kind: 'done' };
}
