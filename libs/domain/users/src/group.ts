/** Groups: defaults for the users that name them. */
import { StatusError } from '@skerry/kernel';
import type { Rule } from './rules.ts';
import { checkAllowances, checkName, checkPath, type Allowances, type User } from './user.ts';

/** Groups that carry defaults, in all: an export and an import hold them all. */
export const groupRecordCountMax = 1_000;
/** Stands for the user's name in a group's home and in the paths of its rules. */
export const userPlaceholder = '%u';

export type GroupFields = Allowances & {
  readonly name: string;
  /** Directory of the file tree, with {@link userPlaceholder} for the user's name; empty: the group gives none. */
  readonly home: string;
};
export type Group = GroupFields & {
  /** Milliseconds since 1970, by the log's own time. */
  readonly createdAtMs: number;
  readonly changedAtMs: number;
};
/** Only the fields that are present change; null removes, and so does an empty home. */
export type GroupChange = {
  readonly home?: string | undefined;
  readonly rules?: readonly Rule[] | undefined;
  readonly networks?: readonly string[] | undefined;
  readonly quotaBytes?: number | null | undefined;
  readonly quotaFiles?: number | null | undefined;
  readonly rateUpBytesPerSecond?: number | null | undefined;
  readonly rateDownBytesPerSecond?: number | null | undefined;
  readonly sessionsMax?: number | null | undefined;
};

/** @throws StatusError `malformed`, `path_invalid`, `too_large`. */
export function checkGroupChange(change: GroupChange): void {
  // A name without the placeholder's own meaning: what is wrong then is wrong for every user.
  if (change.home !== undefined && change.home !== '') checkPath(filled(change.home, 'u'), 'home of a group');
  checkAllowances(change);
}
/** @throws StatusError as {@link checkGroupChange} does. */
export function checkGroup(group: GroupFields): void {
  checkName(group.name, 'group name');
  checkGroupChange(group);
}

const filled = (template: string, name: string): string => template.replaceAll(userPlaceholder, name);

/**
 * The user with what its groups give: each value is the user's own, or else that of the first group that has one, in
 * the order of `groups`. Rules of all groups count beside the user's, but not where the user's own rule for the same
 * path names the same right. Without a home: `/`.
 * @throws StatusError `path_invalid` when a template and this user's name make no path.
 */
export function effectiveUser(user: User, groups: readonly Group[]): User {
  const first = <K extends keyof Allowances>(key: K): Allowances[K] =>
    [user, ...groups].find((one) => one[key] !== undefined)?.[key] as Allowances[K];
  const template = groups.find(({ home }) => home !== '')?.home ?? '/';
  const home = user.home === '' ? filled(template, user.name) : user.home;
  checkPath(home, `home of user "${user.name}"`);
  const networks = [user, ...groups].find((one) => (one.networks ?? []).length > 0)?.networks;
  return {
    ...user,
    home,
    quotaBytes: first('quotaBytes'),
    quotaFiles: first('quotaFiles'),
    rateUpBytesPerSecond: first('rateUpBytesPerSecond'),
    rateDownBytesPerSecond: first('rateDownBytesPerSecond'),
    sessionsMax: first('sessionsMax'),
    networks: networks ?? [],
    rules: [...user.rules, ...groups.flatMap((group) => groupRules(group, user))],
  };
}

function groupRules(group: Group, user: User): readonly Rule[] {
  return group.rules.flatMap((rule) => {
    const path = filled(rule.path, user.name);
    checkPath(path, `path of a rule of group "${group.name}"`);
    const own = user.rules.filter((mine) => mine.path === path).flatMap(({ allow, deny }) => [...allow, ...deny]);
    const left = { path, allow: rule.allow.filter((right) => !own.includes(right)) };
    const deny = rule.deny.filter((right) => !own.includes(right));
    return left.allow.length + deny.length === 0 ? [] : [{ ...left, deny }];
  });
}

export const noSuchGroup = (name: string): StatusError =>
  new StatusError('no_such_group', `No group ${JSON.stringify(name)}`);
