/** What a session may do, sealed for the processors (`skerry.auth.v1.Grant`). */
import { effectiveUser, findUser, groupsOf, isSessionRevoked, type User, type UserRecord } from '@skerry/domain-users';
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

/** When a session began: by the wall clock, for all auth nodes; by a steady one, for the node that has it. */
type Beginning = Pick<auth.Grant, 'issuedAtMs' | 'clockId' | 'beganSteadyMs'>;

export class Grants {
  readonly #parts: GrantParts;
  /** Of this life's monotonic clock. */
  readonly #clockId: string;
  constructor(parts: GrantParts) {
    this.#parts = parts;
    this.#clockId = randomId(parts.world.random);
  }

  /** A new session of a user whose password was checked. @throws StatusError `account_disabled` (also: expired). */
  open(record: UserRecord): Granted {
    this.#requireValid(record);
    // After whatever voided the sessions before it, also when that was in the same millisecond.
    const startedAtMs = Math.max(this.#nowMs(), record.sessionsVoidUntilMs + 1);
    return this.#grant(record, randomId(this.#parts.world.random), this.#beginning(startedAtMs));
  }

  /**
   * A fresh grant for the session of an old one, which may have expired.
   * @throws StatusError `token_invalid`, `token_revoked` (the session is over), `account_disabled`.
   */
  renew(sealed: Uint8Array): Granted {
    const { sealer, replica, config } = this.#parts;
    const old = decodeGrant(sealer.open('grant', sealed));
    const ageMs = this.#ageMs(old);
    if (ageMs > config.sessionLifeMs)
      throw new StatusError('token_revoked', `Session of "${old.user}" is over: it lasts ${config.sessionLifeMs} ms`);
    const record = findUser(replica.state, old.user);
    if (record === undefined || old.issuedAtMs <= record.sessionsVoidUntilMs)
      throw new StatusError('token_revoked', `Session of "${old.user}" is void: log in again`);
    if (isSessionRevoked(replica.state, old.sessionId))
      throw new StatusError('token_revoked', `Session of "${old.user}" was ended by an operator`);
    this.#requireValid(record);
    // What was measured by another node's clock, or in an earlier life, is measured by ours from now on.
    const began = old.clockId === this.#clockId ? old : this.#beginning(old.issuedAtMs, ageMs);
    return this.#grant(record, old.sessionId, began);
  }

  #beginning(issuedAtMs: number, ageMs = 0): Beginning {
    const beganSteadyMs = Math.floor(this.#parts.world.clock.monotonicMs() - ageMs);
    return { issuedAtMs, clockId: this.#clockId, beganSteadyMs };
  }
  /** By the steady clock where that is ours: a step of the machine's clock makes no session older. */
  #ageMs({ issuedAtMs, clockId, beganSteadyMs }: Beginning): number {
    if (clockId !== this.#clockId) return Math.max(0, this.#nowMs() - issuedAtMs);
    return this.#parts.world.clock.monotonicMs() - beganSteadyMs;
  }

  /** Never behind what the log says, though the machine's clock may be. */
  #nowMs(): number {
    return Math.max(this.#parts.world.clock.wallMs(), this.#parts.replica.now().wallMs);
  }

  #requireValid({ user }: UserRecord): void {
    if (user.disabled) throw new StatusError('account_disabled', `User "${user.name}" is disabled`);
    const { expiresAtMs } = user;
    if (expiresAtMs !== undefined && expiresAtMs <= this.#parts.world.clock.wallMs())
      throw new StatusError(
        'account_disabled',
        `User "${user.name}" expired at ${new Date(expiresAtMs).toISOString()}`,
      );
  }

  /** With what the user's groups give. @throws StatusError `path_invalid` when a group's home makes no path for it. */
  effective(user: User): User {
    return effectiveUser(user, groupsOf(this.#parts.replica.state, user.groups));
  }

  #grant({ user: said }: UserRecord, sessionId: string, began: Beginning): Granted {
    const { issuedAtMs, clockId, beganSteadyMs } = began;
    const user = this.effective(said);
    // The processors compare it with their machine's clock; the log may be ahead of that for long after a step back.
    const expiresAtMs = Math.floor(this.#parts.world.clock.wallMs()) + this.#parts.config.grantLifeMs;
    const grant: auth.Grant = {
      sessionId,
      user: user.name,
      groups: [...user.groups],
      home: user.home,
      rules: toAclRules(user.rules),
      quotaBytes: user.quotaBytes,
      quotaFiles: user.quotaFiles,
      issuedAtMs,
      expiresAtMs: Math.min(expiresAtMs, user.expiresAtMs ?? Number.POSITIVE_INFINITY),
      administrator: user.administrator,
      clockId,
      beganSteadyMs,
      rateUpBytesPerSecond: user.rateUpBytesPerSecond,
      rateDownBytesPerSecond: user.rateDownBytesPerSecond,
      sessionsMax: user.sessionsMax,
      userExpiresAtMs: user.expiresAtMs,
    };
    return {
      sealed: this.#parts.sealer.seal('grant', auth.Grant.encode(grant).finish()),
      sessionId,
      user: user.name,
    };
  }
}

function decodeGrant(payload: Uint8Array): auth.Grant {
  try {
    return auth.Grant.decode(payload);
  } catch (cause) {
    throw new StatusError('token_invalid', 'Cannot read grant: sealed by us, yet no Grant', { cause });
  }
}
