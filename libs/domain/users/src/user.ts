/** A user of the file service, and the limits of what can be said of one. */
import { parseBlock, StatusError, utf8, type HybridTime, type VersionVector } from '@skerry/kernel';
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
/** Networks of one user or group: all are tried at each login. */
export const networkCountMax = 64;
/** Longest text of one network, in characters: an IPv6 address with IPv4 tail and prefix has 49. */
export const networkLengthMax = 64;
/** Most sessions that a limit may name: a router holds no more. */
export const sessionsMaxMax = 100_000;
/** Longest password hash (PHC string), in characters; ours have about 120. */
export const passwordHashLengthMax = 512;

/** What a user or a group may be given; undefined or empty: nothing is said. */
export type Allowances = {
  /** Bytes of content that the user may own; undefined: no limit. */
  readonly quotaBytes: number | undefined;
  /** Files that the user may own; undefined: no limit. */
  readonly quotaFiles: number | undefined;
  readonly rules: readonly Rule[];
  /** Most bytes per second on data connections of one session, towards the server. */
  readonly rateUpBytesPerSecond?: number | undefined;
  /** The same, away from the server. */
  readonly rateDownBytesPerSecond?: number | undefined;
  /** Sessions of one user at once. */
  readonly sessionsMax?: number | undefined;
  /** Addresses or CIDR blocks from which a user may log in. */
  readonly networks?: readonly string[] | undefined;
};

/** What an operator says of a user; the rest of {@link User} is made by the log. */
export type UserFields = Allowances & {
  readonly name: string;
  /** PHC string (salted, slow); empty: the user cannot log in by password. */
  readonly passwordHash: string;
  /** Directory of the file tree that the user sees as `/`; empty: that of the groups, or else the root. */
  readonly home: string;
  /** Sorted, each once. */
  readonly groups: readonly string[];
  readonly disabled: boolean;
  readonly administrator: boolean;
  /** From then on there is no login, and sessions end: milliseconds since 1970. */
  readonly expiresAtMs?: number | undefined;
};
export type User = UserFields & {
  /** Milliseconds since 1970, by the log's own time. */
  readonly createdAtMs: number;
  readonly changedAtMs: number;
};

/** Only the fields that are present change; null removes a limit. */
export type UserChange = {
  readonly passwordHash?: string | undefined;
  readonly home?: string | undefined;
  readonly groups?: readonly string[] | undefined;
  readonly disabled?: boolean | undefined;
  readonly administrator?: boolean | undefined;
  readonly quotaBytes?: number | null | undefined;
  readonly quotaFiles?: number | null | undefined;
  readonly rules?: readonly Rule[] | undefined;
  readonly expiresAtMs?: number | null | undefined;
  readonly rateUpBytesPerSecond?: number | null | undefined;
  readonly rateDownBytesPerSecond?: number | null | undefined;
  readonly sessionsMax?: number | null | undefined;
  readonly networks?: readonly string[] | undefined;
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

function checkCount(value: number | null | undefined, what: string, min: number, max: number): void {
  if (value === undefined || value === null) return;
  const limit = max === Number.MAX_SAFE_INTEGER ? '2^53 - 1' : String(max);
  if (!Number.isSafeInteger(value) || value < min || value > max)
    refuse(what, `an integer from ${min} to ${limit}`, value);
}

/** @throws StatusError `malformed`, `path_invalid`, `too_large`. */
export function checkAllowances(change: Omit<UserChange, 'passwordHash' | 'home' | 'groups'>): void {
  const { rules, networks } = change;
  for (const rule of rules ?? []) checkPath(rule.path, 'path of a rule');
  if (rules !== undefined && rules.length > ruleCountMax)
    throw new StatusError('too_large', `Cannot take ${rules.length} rules: the limit is ${ruleCountMax}`);
  const rulesSizeBytes = (rules ?? []).reduce((size, rule) => size + utf8(rule.path).length, 0);
  if (rulesSizeBytes > rulesSizeMaxBytes)
    throw new StatusError(
      'too_large',
      `Cannot take rules of ${rulesSizeBytes} bytes: the limit is ${rulesSizeMaxBytes}`,
    );
  if (networks !== undefined && networks.length > networkCountMax)
    throw new StatusError('too_large', `Cannot take ${networks.length} networks: the limit is ${networkCountMax}`);
  for (const network of networks ?? []) {
    if (network.length > networkLengthMax) refuse('network', `at most ${networkLengthMax} characters`, network);
    parseBlock(network);
  }
  const most = Number.MAX_SAFE_INTEGER;
  checkCount(change.quotaBytes, 'quota in bytes', 0, most);
  checkCount(change.quotaFiles, 'quota in files', 0, most);
  checkCount(change.rateUpBytesPerSecond, 'rate up in bytes per second', 1, most);
  checkCount(change.rateDownBytesPerSecond, 'rate down in bytes per second', 1, most);
  checkCount(change.sessionsMax, 'limit of sessions', 1, sessionsMaxMax);
}

/** What is there is well formed and within its limits. @throws StatusError `malformed`, `path_invalid`, `too_large`. */
export function checkChange(change: UserChange): void {
  const { passwordHash, home, groups } = change;
  if (passwordHash !== undefined && !/^(\$[\x21-\x7e]*)?$/.test(passwordHash))
    throw new StatusError('malformed', 'Cannot take password hash: must be a PHC string ($scheme$...$salt$hash)');
  if (passwordHash !== undefined && passwordHash.length > passwordHashLengthMax)
    throw new StatusError('too_large', `Cannot take password hash: over ${passwordHashLengthMax} characters`);
  if (home !== undefined && home !== '') checkPath(home, 'home');
  for (const group of groups ?? []) checkName(group, 'group name');
  if (groups !== undefined && groups.length > groupCountMax)
    throw new StatusError('too_large', `Cannot take ${groups.length} groups: the limit is ${groupCountMax}`);
  checkCount(change.expiresAtMs, 'expiry in ms since 1970', 1, Number.MAX_SAFE_INTEGER);
  checkAllowances(change);
}

/** @throws StatusError as {@link checkChange} does. */
export function checkUser(user: UserFields): void {
  checkName(user.name);
  checkChange(user);
}

export const sortedGroups = (groups: readonly string[]): readonly string[] => [...new Set(groups)].toSorted();
