/** A user's own password: SITE PASSWD. */
import { StatusError } from '@skerry/kernel';
import { auth } from '@skerry/proto';
import type { Accounts } from './accounts.ts';
import { logIn, type LoginParts } from './login.ts';
import { operationIdOf } from './wire.ts';

/**
 * The old password is proved as a login proves it: the same delay, the same lock-out, the same words. Then all sessions
 * of the user end, this one too: what a stolen session knew is worth nothing.
 * @throws StatusError `credentials`, `too_many_failures`, `malformed`, `account_disabled`, `token_revoked`, `token_expired`, `not_leader`.
 */
export async function changeOwnPassword(
  parts: LoginParts & { readonly accounts: Accounts },
  { operationId, grant, oldPassword, newPassword, clientAddress }: auth.ChangePasswordRequest,
  signal: AbortSignal,
): Promise<auth.ChangePasswordResponse> {
  const { replica, grants, accounts, world } = parts;
  if (newPassword === '')
    throw new StatusError('malformed', 'Cannot change the password: the new one must not be empty');
  await replica.readBarrier();
  // Asked again after it was done: the old password is not right any more, and the session is over.
  const id = operationIdOf(operationId, world.random);
  if (replica.remembered(id) !== undefined) return {};
  const { user } = grants.renew(grant);
  await logIn(parts, { user, password: oldPassword, clientAddress, proofOnly: true }, signal);
  const change = auth.ChangeUserRequest.fromPartial({ operationId: id, name: user, password: newPassword });
  await accounts.change(change, user);
  return {};
}
