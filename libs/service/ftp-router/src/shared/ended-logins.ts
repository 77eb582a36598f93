/**
 * Which logins are over before their sessions noticed: an operator logged the user out, the account was disabled, removed
 * or expired, or has another password. Auth tells one router at least, the routers tell each other.
 */
import { routing } from '@skerry/proto';
import type { Login } from '../login.ts';
import type { Table } from './tables.ts';

/** How long routers remember that logins are over, in ms: one that was cut off hears of it when it is back. */
export const endedKeptMs = 3_600_000;

const userKey = (user: string): string => `e ${user}`;
const loginKey = (id: string): string => `s ${id}`;
/** Whether a row of `logins` is about this. */
export const endsLogins = (key: string): boolean => key.startsWith('e ') || key.startsWith('s ');

export type LoginEnd = 'logged_out' | 'account_expired';

export class EndedLogins {
  readonly #logins: Table;
  constructor(logins: Table) {
    this.#logins = logins;
  }
  add({ user, beganUntilMs, loginId }: routing.EndLoginsRequest): void {
    if (loginId !== '') this.#put(loginKey(loginId), beganUntilMs);
    if (user !== '' && beganUntilMs > this.#endedUntilMs(user)) this.#put(userKey(user), beganUntilMs);
  }
  /** Undefined: it goes on. @param wallMs by the clock of grants. */
  endOf({ id, user, issuedAtMs, userExpiresAtMs }: Login, wallMs: number): LoginEnd | undefined {
    if (userExpiresAtMs !== undefined && userExpiresAtMs <= wallMs) return 'account_expired';
    const endedUntilMs = this.#endedUntilMs(user);
    if (endedUntilMs > 0 && issuedAtMs <= endedUntilMs) return 'logged_out';
    return this.#logins.find(loginKey(id)).length > 0 ? 'logged_out' : undefined;
  }
  /** To be called now and then. */
  dropOld(): void {
    for (const { key, ageMs } of [...this.#logins.ownRows()])
      if (endsLogins(key) && ageMs >= endedKeptMs) this.#logins.withdraw(key);
  }
  #put(key: string, beganUntilMs: number): void {
    this.#logins.put(key, routing.EndedLogins.encode({ beganUntilMs }).finish());
  }
  #endedUntilMs(user: string): number {
    return Math.max(0, ...this.#logins.find(userKey(user)).map(({ value }) => untilOf(value)));
  }
}

function untilOf(value: Uint8Array): number {
  try {
    return routing.EndedLogins.decode(value).beganUntilMs;
  } catch {
    // Of a later version of ours: auth and the processors end them too.
    return 0;
  }
}
