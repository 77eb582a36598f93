/** A user of the file service, and the limits of what can be said of one. */
import { StatusError, utf8, type HybridTime, type VersionVector } from '@skerry/kernel';
import type { Rule } from './rules.ts';

/** Longest name of a user or group, in characters: it stands in log lines, listings and keys. */
export const nameLengthMax = 64;
const namePattern = /^[A-Za-z0-9._@-]{1,64}$/;
/** Longest path in a home or rule, in bytes: that of the file tree. */
export const pathSizeMaxBytes = 4_096;
/** Longest name between two slashes, in bytes: that of the file tree. */
export const pathNameSizeMaxBytes = 255;
/** Rules of one user: all are tried for each command. */
export const ruleCountMax = 256;
/** All rule paths of one user together, in bytes: they travel in the grant with each command of a session. */
export const rulesSizeMaxBytes = 64 * 1024;
/** Groups of one user: all stand in each grant. */
export const groupCountMax = 64;
/** Users in all: a bound on the state, and on the time of an export. */
export const userCountMax = 100_000;
/** Longest password hash (PHC string), in characters; ours have about 120. */
export const passwordHashLengthMax = 512;

/** What an operator says of a user; the rest of {@link User} is made by the log. */
export type UserFields = {
  readonly name: string;
  /** PHC string (salted, slow); empty: the user cannot log in by password. */
  readonly passwordHash: string;
  /** Directory of the file tree that the user sees as `/`. */
  readonly home: string;
  /** Sorted, each once. */
  readonly groups: readonly string[];
  readonly disabled: boolean;
  readonly administrator: boolean;
  /** Bytes of content that the user may own; undefined: no limit. */
  readonly quotaBytes: number | undefined;
  /** Files that the user may own; undefined: no limit. */
  readonly quotaFiles: number | undefined;
  readonly rules: readonly Rule[];
};
export type User = UserFields & {
  /** Milliseconds since 1970, by the log's own time. */
  readonly createdAtMs: number;
  readonly changedAtMs: number;
};

/** Only the fields that are present change; null removes a quota. */
export type UserChange = {
  readonly passwordHash?: string | undefined;
  readonly home?: string | undefined;
  readonly groups?: readonly string[] | undefined;
  readonly disabled?: boolean | undefined;
  readonly administrator?: boolean | undefined;
  readonly quotaBytes?: number | null | undefined;
  readonly quotaFiles?: number | null | undefined;
  readonly rules?: readonly Rule[] | undefined;
};

/** Fields that are written, and later merged between islands (islands.md), as one. The order is that of the record. */
export const fieldGroups = ['password', 'home', 'groups', 'state', 'quota', 'rules', 'sessions'] as const;
export type FieldGroup = (typeof fieldGroups)[number];

/** Who wrote a field group last, and what that writer had seen. */
export type Stamp = { readonly time: HybridTime; readonly vector: VersionVector };
export type Stamps = Readonly<Record<FieldGroup, Stamp>>;

/** A user as the log keeps it. */
export type UserRecord = {
  readonly user: User;
  /** Sessions that began at or before this time are void: milliseconds since 1970, by the log's own time. */
  readonly sessionsVoidUntilMs: number;
  readonly stamps: Stamps;
};

const refuse = (what: string, wanted: string, got: unknown): never => {
  throw new StatusError('malformed', `Cannot take ${what}: must be ${wanted}: got ${JSON.stringify(got)}`);
};

/** @throws StatusError `malformed`. */
export function checkName(name: string, what = 'user name'): void {
  if (!namePattern.test(name)) refuse(what, `1 to ${nameLengthMax} of A-Z a-z 0-9 . _ @ -`, name);
}

/** @throws StatusError `path_invalid`, when it is not absolute and normalised. */
export function checkPath(path: string, what: string): void {
  const wrong = (why: string): never => {
    throw new StatusError('path_invalid', `Cannot take ${what}: ${why}: got ${JSON.stringify(path)}`);
  };
  if (utf8(path).length > pathSizeMaxBytes) wrong(`must have at most ${pathSizeMaxBytes} bytes`);
  if (!path.startsWith('/')) wrong('must begin with /');
  if (/\0|\p{Surrogate}/u.test(path)) wrong('must be Unicode text without NUL');
  if (path === '/') return;
  for (const name of path.slice(1).split('/')) {
    if (name === '' || name === '.' || name === '..') wrong('must have no empty name, . or ..');
    if (utf8(name).length > pathNameSizeMaxBytes) wrong(`a name must have at most ${pathNameSizeMaxBytes} bytes`);
  }
}

function checkQuota(value: number | null | undefined, what: string): void {
  if (value === undefined || value === null) return;
  if (!Number.isSafeInteger(value) || value < 0) refuse(what, 'an integer from 0 to 2^53 - 1', value);
}

/** What is there is well formed and within its limits. @throws StatusError `malformed`, `path_invalid`, `too_large`. */
export function checkChange(change: UserChange): void {
  const { passwordHash, home, groups, rules } = change;
  if (passwordHash !== undefined && !/^(\$[\x21-\x7e]*)?$/.test(passwordHash))
    throw new StatusError('malformed', 'Cannot take password hash: must be a PHC string ($scheme$...$salt$hash)');
  if (passwordHash !== undefined && passwordHash.length > passwordHashLengthMax)
    throw new StatusError('too_large', `Cannot take password hash: over ${passwordHashLengthMax} characters`);
  if (home !== undefined) checkPath(home, 'home');
  for (const group of groups ?? []) checkName(group, 'group name');
  if (groups !== undefined && groups.length > groupCountMax)
    throw new StatusError('too_large', `Cannot take ${groups.length} groups: the limit is ${groupCountMax}`);
  for (const rule of rules ?? []) checkPath(rule.path, 'path of a rule');
  if (rules !== undefined && rules.length > ruleCountMax)
    throw new StatusError('too_large', `Cannot take ${rules.length} rules: the limit is ${ruleCountMax}`);
  const rulesSizeBytes = (rules ?? []).reduce((size, rule) => size + utf8(rule.path).length, 0);
  if (rulesSizeBytes > rulesSizeMaxBytes)
    throw new StatusError(
      'too_large',
      `Cannot take rules of ${rulesSizeBytes} bytes: the limit is ${rulesSizeMaxBytes}`,
    );
  checkQuota(change.quotaBytes, 'quota in bytes');
  checkQuota(change.quotaFiles, 'quota in files');
}

/** @throws StatusError as {@link checkChange} does. */
export function checkUser(user: UserFields): void {
  checkName(user.name);
  checkChange(user);
}

export const sortedGroups = (groups: readonly string[]): readonly string[] => [...new Set(groups)].toSorted();
