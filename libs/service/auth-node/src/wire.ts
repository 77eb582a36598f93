/** Users between the wire (`skerry.auth.v1`) and the domain. */
import { OperationId, StatusError, isHexId, randomId, type RandomBytes } from '@skerry/kernel';
import { rights, type Right, type Rule, type User, type UserChange, type UserFields } from '@skerry/domain-users';
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

/** Without the hash: that leaves only in an export. */
export const toWireUser = (user: User): auth.User => ({
  name: user.name,
  home: user.home,
  groups: [...user.groups],
  disabled: user.disabled,
  administrator: user.administrator,
  quotaBytes: user.quotaBytes,
  quotaFiles: user.quotaFiles,
  rules: toAclRules(user.rules),
  createdAtMs: user.createdAtMs,
  changedAtMs: user.changedAtMs,
});

/** @throws StatusError `malformed`. */
export function fromWireUser(user: auth.User, passwordHash: string): UserFields {
  return {
    name: user.name,
    passwordHash,
    home: user.home === '' ? '/' : user.home,
    groups: user.groups,
    disabled: user.disabled,
    administrator: user.administrator,
    quotaBytes: user.quotaBytes,
    quotaFiles: user.quotaFiles,
    rules: fromAclRules(user.rules),
  };
}

const fromWireQuota = (quota: number | undefined): number | null | undefined => (quota === 0 ? null : quota);

/** @throws StatusError `malformed`. */
export const fromWireChange = (change: auth.ChangeUserRequest, passwordHash: string | undefined): UserChange => ({
  passwordHash,
  home: change.home,
  groups: change.groups?.names,
  disabled: change.disabled,
  administrator: change.administrator,
  quotaBytes: fromWireQuota(change.quotaBytes),
  quotaFiles: fromWireQuota(change.quotaFiles),
  rules: change.rules === undefined ? undefined : fromAclRules(change.rules.rules),
});

/** 32 hexadecimal digits, or a UUID with dashes; without one, the call is not repeatable and gets one of its own. */
export function operationIdOf(text: string, random: RandomBytes): OperationId {
  if (text === '') return OperationId(randomId(random));
  const id = text.replaceAll('-', '').toLowerCase();
  if (!isHexId(id))
    throw new StatusError('malformed', `Cannot take operation id: must be a UUID: got ${JSON.stringify(text)}`);
  return OperationId(id);
}
