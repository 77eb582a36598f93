/**
 * Users as a JSON document, for operators to export, keep and import (F6). Hashes only, never passwords.
 *
 *     { "format": "skerry-users", "version": 1, "users": [ {
 *         "name": "ann", "passwordHash": "$scrypt$…", "home": "/home/ann", "groups": ["staff"],
 *         "disabled": false, "administrator": false,
 *         "expiresAtMs": 1800000000000,                               (absent: never)
 *         "quotaBytes": 1000000000, "quotaFiles": 1000,               (each absent: that of the groups, or no limit)
 *         "rateUpBytesPerSecond": 1000000, "rateDownBytesPerSecond": 1000000, "sessionsMax": 4,
 *         "networks": ["10.0.0.0/8"],
 *         "rules": [ { "path": "/pub", "allow": ["list", "read"], "deny": ["write"] } ],
 *         "createdAtMs": 1700000000000, "changedAtMs": 1700000000000  (ignored by an import)
 *     } ], "groups": [ { "name": "staff", "home": "/home/%u", "quotaBytes": 1000000000, … } ] }
 *
 * Version 1 is that without groups and the later fields; it is read as well.
 */
import { StatusError } from '@skerry/kernel';
import { checkGroup, groupRecordCountMax, type Group, type GroupFields } from './group.ts';
import { checkUser, sortedGroups, userCountMax, type Allowances, type User, type UserFields } from './user.ts';
import { rights, type Right } from './rules.ts';

export const documentFormat = 'skerry-users';
export const documentVersion = 2;

export type RuleDocument = {
  readonly path: string;
  readonly allow?: readonly string[] | undefined;
  readonly deny?: readonly string[] | undefined;
};
type AllowancesDocument = {
  readonly quotaBytes?: number | undefined;
  readonly quotaFiles?: number | undefined;
  readonly rateUpBytesPerSecond?: number | undefined;
  readonly rateDownBytesPerSecond?: number | undefined;
  readonly sessionsMax?: number | undefined;
  readonly networks?: readonly string[] | undefined;
  readonly rules?: readonly RuleDocument[] | undefined;
  readonly createdAtMs?: number | undefined;
  readonly changedAtMs?: number | undefined;
};
export type UserDocument = AllowancesDocument & {
  readonly name: string;
  readonly passwordHash?: string | undefined;
  readonly home?: string | undefined;
  readonly groups?: readonly string[] | undefined;
  readonly disabled?: boolean | undefined;
  readonly administrator?: boolean | undefined;
  readonly expiresAtMs?: number | undefined;
};
export type GroupDocument = AllowancesDocument & { readonly name: string; readonly home?: string | undefined };
export type UsersDocument = {
  readonly format: string;
  readonly version: number;
  readonly users: readonly UserDocument[];
  readonly groups?: readonly GroupDocument[] | undefined;
};
export type Imported = { readonly users: readonly UserFields[]; readonly groups: readonly GroupFields[] };

export const usersToDocument = (users: Iterable<User>, groups: Iterable<Group> = []): UsersDocument => ({
  format: documentFormat,
  version: documentVersion,
  users: [...users],
  groups: [...groups],
});

const isRight = (word: string): word is Right => rights.some((right) => right === word);
function rightsOf(words: readonly string[]): readonly Right[] {
  const unknown = words.find((word) => !isRight(word));
  if (unknown !== undefined)
    throw new StatusError('malformed', `No right "${unknown}": there are ${rights.join(', ')}`);
  return rights.filter((right) => words.includes(right));
}

const allowancesOf = (document: AllowancesDocument): Allowances => ({
  quotaBytes: document.quotaBytes,
  quotaFiles: document.quotaFiles,
  rateUpBytesPerSecond: document.rateUpBytesPerSecond,
  rateDownBytesPerSecond: document.rateDownBytesPerSecond,
  sessionsMax: document.sessionsMax,
  networks: document.networks ?? [],
  rules: (document.rules ?? []).map(({ path, allow = [], deny = [] }) => ({
    path,
    allow: rightsOf(allow),
    deny: rightsOf(deny),
  })),
});

function userOf(user: UserDocument): UserFields {
  const fields = {
    name: user.name,
    passwordHash: user.passwordHash ?? '',
    home: user.home ?? '',
    groups: sortedGroups(user.groups ?? []),
    disabled: user.disabled ?? false,
    administrator: user.administrator ?? false,
    expiresAtMs: user.expiresAtMs,
    ...allowancesOf(user),
  };
  checkUser(fields);
  return fields;
}
function groupOf(group: GroupDocument): GroupFields {
  const fields = { name: group.name, home: group.home ?? '', ...allowancesOf(group) };
  checkGroup(fields);
  return fields;
}

/** Records that an import finds bad are named one by one, so many at most: the rest are counted. */
export const faultsNamedMax = 20;

/** @throws StatusError that names every bad record, one line each; `format_newer` for a version not known. */
export function usersFromDocument(document: UsersDocument): Imported {
  if (document.format !== documentFormat)
    throw new StatusError(
      'malformed',
      `Cannot import users: format must be "${documentFormat}": got ${JSON.stringify(document.format)}`,
    );
  if (document.version !== documentVersion && document.version !== 1)
    throw new StatusError(
      'format_newer',
      `Cannot import users: version is ${document.version}, this program knows ${documentVersion}`,
    );
  const { users, groups = [] } = document;
  if (users.length > userCountMax)
    throw new StatusError('too_large', `Cannot import ${users.length} users: the limit is ${userCountMax}`);
  if (groups.length > groupRecordCountMax)
    throw new StatusError('too_large', `Cannot import ${groups.length} groups: the limit is ${groupRecordCountMax}`);
  const faults: StatusError[] = [];
  const imported = { groups: each('groups', groups, groupOf, faults), users: each('users', users, userOf, faults) };
  refuseFaults(faults);
  return imported;
}

/** @throws StatusError with the reason of the first, and a line for each. */
export function refuseFaults(faults: readonly StatusError[]): void {
  const [first] = faults;
  if (first === undefined) return;
  const lines = faults.slice(0, faultsNamedMax).map(({ message }) => message);
  if (faults.length > lines.length) lines.push(`and ${faults.length - lines.length} more`);
  throw new StatusError(first.reason, lines.join('\n'), { cause: first });
}
/** Where a record stands in the document, for messages. */
export const placeOf = (list: string, index: number, name: string): string =>
  `${list}[${index}] (${JSON.stringify(name)})`;

function each<D extends { readonly name: string }, F>(
  list: string,
  documents: readonly D[],
  read: (document: D) => F,
  faults: StatusError[],
): readonly F[] {
  const names = new Set<string>();
  return documents.flatMap((document, index) => {
    const place = placeOf(list, index, document.name);
    try {
      if (names.has(document.name)) throw new StatusError('malformed', 'the name is there twice');
      names.add(document.name);
      return [read(document)];
    } catch (thrown) {
      if (!(thrown instanceof StatusError)) throw thrown;
      faults.push(new StatusError(thrown.reason, `Cannot import ${place}: ${thrown.message}`, { cause: thrown }));
      return [];
    }
  });
}
