/** What a session may do, sealed for the processors (`skerry.auth.v1.Grant`). */
import { findUser, isSessionRevoked, type UserRecord } from '@skerry/domain-users';
import { randomId, StatusError } from '@skerry/kernel';
import { auth } from '@skerry/proto';
import type { Replica } from '@skerry/runtime-replica';
import type { Sealer } from '@skerry/runtime-security';
import type { World } from '@skerry/runtime-world';
import type { AuthConfig } from './settings.ts';
import { toAclRules } from './wire.ts';

export type GrantParts = {
  readonly world: World;
  readonly sealer: Sealer;
  readonly replica: Replica;
  readonly config: AuthConfig;
};
export type Granted = { readonly sealed: Uint8Array; readonly sessionId: string; readonly user: string };

export class Grants {
  readonly #parts: GrantParts;
  constructor(parts: GrantParts) {
    this.#parts = parts;
  }

  /** A new session of a user whose password was checked. @throws StatusError `account_disabled`. */
  open(record: UserRecord): Granted {
    requireEnabled(record);
    // After whatever voided the sessions before it, also when that was in the same millisecond.
    const startedAtMs = Math.max(this.#nowMs(), record.sessionsVoidUntilMs + 1);
    return this.#grant(record, randomId(this.#parts.world.random), startedAtMs);
  }

  /**
   * A fresh grant for the session of an old one, which may have expired.
   * @throws StatusError `token_invalid`, `token_expired` (the session is over), `token_revoked`, `account_disabled`.
   */
  renew(sealed: Uint8Array): Granted {
    const { sealer, replica, config } = this.#parts;
    const old = decodeGrant(sealer.open('grant', sealed));
    if (this.#nowMs() > old.issuedAtMs + config.sessionLifeMs)
      throw new StatusError('token_expired', `Session of "${old.user}" is over: it lasts ${config.sessionLifeMs} ms`);
    const record = findUser(replica.state, old.user);
    if (record === undefined || old.issuedAtMs <= record.sessionsVoidUntilMs)
      throw new StatusError('token_revoked', `Session of "${old.user}" is void: log in again`);
    if (isSessionRevoked(replica.state, old.sessionId))
      throw new StatusError('token_revoked', `Session of "${old.user}" was ended by an operator`);
    requireEnabled(record);
    return this.#grant(record, old.sessionId, old.issuedAtMs);
  }

  #nowMs(): number {
    return Math.max(this.#parts.world.clock.wallMs(), this.#parts.replica.now().wallMs);
  }

  #grant({ user }: UserRecord, sessionId: string, issuedAtMs: number): Granted {
    const grant: auth.Grant = {
      sessionId,
      user: user.name,
      groups: [...user.groups],
      home: user.home,
      rules: toAclRules(user.rules),
      quotaBytes: user.quotaBytes,
      quotaFiles: user.quotaFiles,
      issuedAtMs,
      expiresAtMs: this.#nowMs() + this.#parts.config.grantLifeMs,
      administrator: user.administrator,
    };
    return {
      sealed: this.#parts.sealer.seal('grant', auth.Grant.encode(grant).finish()),
      sessionId,
      user: user.name,
    };
  }
}

function requireEnabled({ user }: UserRecord): void {
  if (user.disabled) throw new StatusError('account_disabled', `User "${user.name}" is disabled`);
}

function decodeGrant(payload: Uint8Array): auth.Grant {
  try {
    return auth.Grant.decode(payload);
  } catch (cause) {
    throw new StatusError('token_invalid', 'Cannot read grant: sealed by us, yet no Grant', { cause });
  }
}
