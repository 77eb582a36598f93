/** Users between the wire (`skerry.auth.v1`) and the domain. */
import { OperationId, StatusError, isHexId, randomId, type RandomBytes } from '@skerry/kernel';
import {
  rights,
  type Allowances,
  type Group,
  type GroupChange,
  type GroupFields,
  type Right,
  type Rule,
  type User,
  type UserChange,
  type UserFields,
} from '@skerry/domain-users';
import { auth } from '@skerry/proto';

const numbers: Readonly<Record<Right, auth.Right>> = {
  list: auth.Right.LIST,
  read: auth.Right.READ,
  write: auth.Right.WRITE,
  delete: auth.Right.DELETE,
  make: auth.Right.MAKE,
  rename: auth.Right.RENAME,
};
const toRights = (some: readonly Right[]): auth.Right[] => some.map((right) => numbers[right]);
function fromRights(some: readonly auth.Right[]): readonly Right[] {
  const unknown = some.find((number) => !rights.some((right) => numbers[right] === number));
  if (unknown !== undefined) throw new StatusError('malformed', `Cannot take rule: no right has the number ${unknown}`);
  return rights.filter((right) => some.includes(numbers[right]));
}

export const toAclRules = (rules: readonly Rule[]): auth.AclRule[] =>
  rules.map(({ path, allow, deny }) => ({ path, allow: toRights(allow), deny: toRights(deny) }));
const fromAclRules = (rules: readonly auth.AclRule[]): readonly Rule[] =>
  rules.map(({ path, allow, deny }) => ({ path, allow: fromRights(allow), deny: fromRights(deny) }));

type WireAllowances = Pick<
  auth.User,
  'quotaBytes' | 'quotaFiles' | 'rules' | 'rateUpBytesPerSecond' | 'rateDownBytesPerSecond' | 'sessionsMax' | 'networks'
>;
const toWireAllowances = (from: Allowances): WireAllowances => ({
  quotaBytes: from.quotaBytes,
  quotaFiles: from.quotaFiles,
  rules: toAclRules(from.rules),
  rateUpBytesPerSecond: from.rateUpBytesPerSecond,
  rateDownBytesPerSecond: from.rateDownBytesPerSecond,
  sessionsMax: from.sessionsMax,
  networks: [...(from.networks ?? [])],
});
const fromWireAllowances = (from: WireAllowances): Allowances => ({
  quotaBytes: from.quotaBytes,
  quotaFiles: from.quotaFiles,
  rules: fromAclRules(from.rules),
  rateUpBytesPerSecond: from.rateUpBytesPerSecond,
  rateDownBytesPerSecond: from.rateDownBytesPerSecond,
  sessionsMax: from.sessionsMax,
  networks: from.networks,
});

/** Without the hash: that leaves only in an export. */
export const toWireUser = (user: User): auth.User => ({
  ...toWireAllowances(user),
  name: user.name,
  home: user.home,
  groups: [...user.groups],
  disabled: user.disabled,
  administrator: user.administrator,
  expiresAtMs: user.expiresAtMs,
  createdAtMs: user.createdAtMs,
  changedAtMs: user.changedAtMs,
});

/** @throws StatusError `malformed`. */
export const fromWireUser = (user: auth.User, passwordHash: string): UserFields => ({
  ...fromWireAllowances(user),
  name: user.name,
  passwordHash,
  home: user.home,
  groups: user.groups,
  disabled: user.disabled,
  administrator: user.administrator,
  expiresAtMs: user.expiresAtMs,
});

export const toWireGroup = (group: Group): auth.Group => ({
  ...toWireAllowances(group),
  name: group.name,
  home: group.home,
  createdAtMs: group.createdAtMs,
  changedAtMs: group.changedAtMs,
});
/** @throws StatusError `malformed`. */
export const fromWireGroup = (group: auth.Group): GroupFields => ({
  ...fromWireAllowances(group),
  name: group.name,
  home: group.home,
});

/** On the wire a limit of 0 takes it away. */
const fromWireLimit = (limit: number | undefined): number | null | undefined => (limit === 0 ? null : limit);

/** @throws StatusError `malformed`. */
export const fromWireGroupChange = (change: Omit<auth.ChangeGroupRequest, 'name' | 'operationId'>): GroupChange => ({
  home: change.home,
  quotaBytes: fromWireLimit(change.quotaBytes),
  quotaFiles: fromWireLimit(change.quotaFiles),
  rules: change.rules === undefined ? undefined : fromAclRules(change.rules.rules),
  rateUpBytesPerSecond: fromWireLimit(change.rateUpBytesPerSecond),
  rateDownBytesPerSecond: fromWireLimit(change.rateDownBytesPerSecond),
  sessionsMax: fromWireLimit(change.sessionsMax),
  networks: change.networks?.networks,
});
/** @throws StatusError `malformed`. */
export const fromWireChange = (change: auth.ChangeUserRequest, passwordHash: string | undefined): UserChange => ({
  ...fromWireGroupChange(change),
  passwordHash,
  groups: change.groups?.names,
  disabled: change.disabled,
  administrator: change.administrator,
  expiresAtMs: fromWireLimit(change.expiresAtMs),
});

/** 32 hexadecimal digits, or a UUID with dashes; without one, the call is not repeatable and gets one of its own. */
export function operationIdOf(text: string, random: RandomBytes): OperationId {
  if (text === '') return OperationId(randomId(random));
  const id = text.replaceAll('-', '').toLowerCase();
  if (!isHexId(id))
    throw new StatusError('malformed', `Cannot take operation id: must be a UUID: got ${JSON.stringify(text)}`);
  return OperationId(id);
}
