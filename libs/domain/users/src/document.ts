/**
 * Users as a JSON document, for operators to export, keep and import (F6). Hashes only, never passwords.
 *
 *     { "format": "skerry-users", "version": 1, "users": [ {
 *         "name": "ann", "passwordHash": "$scrypt$…", "home": "/home/ann", "groups": ["staff"],
 *         "disabled": false, "administrator": false,
 *         "quotaBytes": 1000000000, "quotaFiles": 1000,               (each absent: no limit)
 *         "rules": [ { "path": "/pub", "allow": ["list", "read"], "deny": ["write"] } ],
 *         "createdAtMs": 1700000000000, "changedAtMs": 1700000000000  (ignored by an import)
 *     } ] }
 */
import { StatusError } from '@skerry/kernel';
import { checkUser, sortedGroups, userCountMax, type User, type UserFields } from './user.ts';
import { rights, type Right } from './rules.ts';

export const documentFormat = 'skerry-users';
export const documentVersion = 1;

export type RuleDocument = {
  readonly path: string;
  readonly allow?: readonly string[] | undefined;
  readonly deny?: readonly string[] | undefined;
};
export type UserDocument = {
  readonly name: string;
  readonly passwordHash?: string | undefined;
  readonly home?: string | undefined;
  readonly groups?: readonly string[] | undefined;
  readonly disabled?: boolean | undefined;
  readonly administrator?: boolean | undefined;
  readonly quotaBytes?: number | undefined;
  readonly quotaFiles?: number | undefined;
  readonly rules?: readonly RuleDocument[] | undefined;
  readonly createdAtMs?: number | undefined;
  readonly changedAtMs?: number | undefined;
};
export type UsersDocument = {
  readonly format: string;
  readonly version: number;
  readonly users: readonly UserDocument[];
};

export const usersToDocument = (users: Iterable<User>): UsersDocument => ({
  format: documentFormat,
  version: documentVersion,
  users: [...users],
});

const isRight = (word: string): word is Right => rights.some((right) => right === word);
function rightsOf(words: readonly string[]): readonly Right[] {
  const unknown = words.find((word) => !isRight(word));
  if (unknown !== undefined)
    throw new StatusError('malformed', `No right "${unknown}": there are ${rights.join(', ')}`);
  return rights.filter((right) => words.includes(right));
}

function fieldsOf(user: UserDocument): UserFields {
  const fields = {
    name: user.name,
    passwordHash: user.passwordHash ?? '',
    home: user.home ?? '/',
    groups: sortedGroups(user.groups ?? []),
    disabled: user.disabled ?? false,
    administrator: user.administrator ?? false,
    quotaBytes: user.quotaBytes,
    quotaFiles: user.quotaFiles,
    rules: (user.rules ?? []).map(({ path, allow = [], deny = [] }) => ({
      path,
      allow: rightsOf(allow),
      deny: rightsOf(deny),
    })),
  };
  checkUser(fields);
  return fields;
}

/** @throws StatusError with the reason and place of the first bad record; `format_newer` for a version not known. */
export function usersFromDocument(document: UsersDocument): readonly UserFields[] {
  if (document.format !== documentFormat)
    throw new StatusError(
      'malformed',
      `Cannot import users: format must be "${documentFormat}": got ${JSON.stringify(document.format)}`,
    );
  if (document.version !== documentVersion)
    throw new StatusError(
      'format_newer',
      `Cannot import users: version is ${document.version}, this program knows ${documentVersion}`,
    );
  if (document.users.length > userCountMax)
    throw new StatusError('too_large', `Cannot import ${document.users.length} users: the limit is ${userCountMax}`);
  const names = new Set<string>();
  return document.users.map((user, index) => {
    const place = `users[${index}] (${JSON.stringify(user.name)})`;
    if (names.has(user.name)) throw new StatusError('malformed', `Cannot import ${place}: the name is there twice`);
    names.add(user.name);
    try {
      return fieldsOf(user);
    } catch (thrown) {
      if (!(thrown instanceof StatusError)) throw thrown;
      throw new StatusError(thrown.reason, `Cannot import ${place}: ${thrown.message}`, { cause: thrown });
    }
  });
}
