/** Checks a name and password; the answer's time and words do not tell whether the name is there. */
import { findUser, nameLengthMax } from '@skerry/domain-users';
import { inBlock, parseBlock, StatusError } from '@skerry/kernel';
import type { auth } from '@skerry/proto';
import type { Replica } from '@skerry/runtime-replica';
import type { Telemetry } from '@skerry/runtime-telemetry';
import { pause, type World } from '@skerry/runtime-world';
import type { Granted, Grants } from './grants.ts';
import type { LoginGuard } from './guard.ts';
import type { PasswordCheck } from './password-check.ts';
import type { SessionLimit, Wanted } from './session-limit.ts';

export type LoginParts = {
  readonly world: World;
  readonly replica: Replica;
  readonly telemetry: Telemetry;
  readonly guard: LoginGuard;
  readonly passwords: PasswordCheck;
  readonly grants: Grants;
  readonly sessionLimit: SessionLimit;
};
export type Attempt = {
  readonly user: string;
  readonly password: string;
  readonly clientAddress: string;
  /** What the routers know of failed logins. */
  readonly past?: auth.LoginPast | undefined;
  /** The password is proved within a session that counts already: none begins. */
  readonly proofOnly?: boolean;
};

/** Longest client address kept, in characters: an IPv6 address with its zone has 64 at most. */
const addressLengthMax = 64;

const refused = (): StatusError => new StatusError('credentials', 'Login failed: user or password is wrong');

/** @throws StatusError `credentials`, `too_many_failures`, `account_disabled`, `overloaded`. */
export async function logIn(parts: LoginParts, attempt: Attempt, signal?: AbortSignal): Promise<Granted> {
  const { replica, telemetry, guard, passwords, grants } = parts;
  const user = attempt.user.slice(0, nameLengthMax + 1);
  const address = attempt.clientAddress.slice(0, addressLengthMax);
  if (attempt.past !== undefined) guard.told(user, address, attempt.past);
  await passGuard(parts, user, address, signal);
  if (!guard.begin(user, address, attempt.password)) throw tooMany(parts, user, address, 'busy');
  let hash: string | undefined;
  let right: boolean;
  try {
    await replica.readBarrier();
    hash = findUser(replica.state, user)?.user.passwordHash;
    right = await passwords.matches(attempt.password, hash);
  } finally {
    guard.ended(user, address, attempt.password);
  }
  if (!right) {
    const locked = guard.failed(user, address);
    telemetry.emit({ event: 'login_failed', level: 'warn', user, address, locked });
    throw refused();
  }
  // Read again: the check took its time, and the user may have been changed or removed meanwhile.
  const record = findUser(replica.state, user);
  if (record === undefined || record.user.passwordHash !== hash) throw refused();
  const { networks = [], sessionsMax } = grants.effective(record.user);
  // Said only to whoever has the password, and in the same words as a wrong one.
  if (networks.length > 0 && !networks.some((network) => inBlock(parseBlock(network), address))) {
    telemetry.emit({ event: 'login_refused', level: 'warn', user, address, why: 'network' });
    throw refused();
  }
  guard.succeeded(user, address);
  const granted = grants.open(record);
  if (sessionsMax !== undefined && attempt.proofOnly !== true)
    await admitted(parts, { user, loginId: granted.sessionId, sessionsMax }, address, signal);
  telemetry.emit({ event: 'login_succeeded', user, address, session: granted.sessionId });
  return granted;
}

async function admitted(
  { sessionLimit, telemetry }: LoginParts,
  wanted: Wanted,
  address: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  try {
    await sessionLimit.admit(wanted, signal);
  } catch (thrown) {
    telemetry.emit({ event: 'login_refused', level: 'warn', user: wanted.user, address, why: 'sessions' });
    throw thrown;
  }
}

async function passGuard(
  parts: LoginParts,
  user: string,
  address: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { world, guard } = parts;
  const verdict = guard.verdict(user, address);
  if (verdict.kind === 'free') return;
  if (verdict.kind === 'wait') {
    await pause(world.clock, verdict.forMs, signal);
    if (guard.verdict(user, address).kind === 'free') return;
  }
  throw tooMany(parts, user, address, verdict.kind);
}

function tooMany({ telemetry }: LoginParts, user: string, address: string, why: string): StatusError {
  telemetry.emit({ event: 'login_refused', level: 'warn', user, address, why });
  return new StatusError('too_many_failures', 'Login refused: too many failed logins, wait a while and try again');
}
