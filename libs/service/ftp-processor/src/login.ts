/** Grants: the first one, and fresh ones for it. */
import { StatusError, toStatusError, type Reason } from '@skerry/kernel';
import { auth } from '@skerry/proto';
import type { Session } from '@skerry/protocol-ftp';
import type { Deadline, RoleCaller } from '@skerry/runtime-discovery';
import type { RevocationList, Sealer } from '@skerry/runtime-security';
import type { Clock } from '@skerry/runtime-world';
import { Account } from './account.ts';
import { grantLeftMaxMs } from './limits.ts';

export type AuthCaller = RoleCaller<typeof auth.AuthServiceDefinition>;
export type GrantParts = {
  readonly sealer: Sealer;
  readonly clock: Clock;
  readonly revocations: RevocationList;
  readonly auth: AuthCaller;
};
export type OpenedGrant = { readonly sealed: Uint8Array; readonly account: Account };

/** A router of this process hands over the same bytes with each line: opened once, while somebody holds them. */
const known = new WeakMap<Uint8Array, { readonly sealer: Sealer; readonly opened: OpenedGrant }>();

/** @throws StatusError `token_invalid`. */
function open(sealer: Sealer, sealed: Uint8Array): OpenedGrant {
  const before = known.get(sealed);
  if (before?.sealer === sealer) return before.opened;
  const payload = sealer.open('grant', sealed);
  try {
    const opened = { sealed, account: new Account(auth.Grant.decode(payload)) };
    known.set(sealed, { sealer, opened });
    return opened;
  } catch (cause) {
    throw new StatusError('token_invalid', 'Cannot read grant: its bytes are damaged', { cause });
  }
}

function openHeld(sealer: Sealer, sealed: Uint8Array): OpenedGrant {
  try {
    return open(sealer, sealed);
  } catch (thrown) {
    throw isOver(toStatusError(thrown));
  }
}

/** @throws StatusError `credentials`, `account_disabled`, or why auth could not be asked. */
export async function logIn(
  { sealer, auth: caller, clock }: GrantParts,
  session: Session,
  { user, password, past }: Pick<auth.LoginRequest, 'user' | 'password' | 'past'>,
  deadline: Deadline,
): Promise<OpenedGrant> {
  const request = { user, password, clientAddress: session.clientHost, tls: session.controlTls, past };
  // One try may take all the time: auth makes whoever guesses wait, and a failure counts each time it is asked for.
  const tryMaxMs = deadline.atMs - clock.monotonicMs();
  const { grant } = await caller.call((client, options) => client.login(request, options), deadline, tryMaxMs);
  return open(sealer, grant);
}

/**
 * The session is over: no retry brings it back. When auth calls a token invalid or expired, it means this node's own:
 * the clocks of the two are apart, and the session is as good as before.
 */
const over: ReadonlySet<Reason> = new Set<Reason>(['token_revoked', 'no_such_user']);
const isOver = (error: StatusError): StatusError =>
  new StatusError('token_revoked', `The session is over: ${error.message}`, { cause: error });

/**
 * The session's grant, or a fresh one when it has expired or was revoked.
 * @throws StatusError `token_revoked` when the session is over, `account_disabled`, or why auth could not be asked.
 */
export async function currentGrant(parts: GrantParts, sealed: Uint8Array, deadline: Deadline): Promise<OpenedGrant> {
  const held = openHeld(parts.sealer, sealed);
  const { expiresAtMs, sessionId } = held.account.grant;
  const leftMs = expiresAtMs - parts.clock.wallMs();
  // One that lasts too long was made before our clock was put back: what changed since must be heard of in time.
  if (leftMs > 0 && leftMs <= grantLeftMaxMs && !parts.revocations.has(sessionId)) return held;
  try {
    const request = { grant: sealed };
    const { grant } = await parts.auth.call((client, options) => client.renewGrant(request, options), deadline);
    return open(parts.sealer, grant);
  } catch (thrown) {
    const error = toStatusError(thrown);
    throw over.has(error.reason) ? isOver(error) : error;
  }
}
