/**
 * Slows down and locks out whoever guesses passwords, by user and by address (F15).
 *
 * Assumes: one guard for each auth node, in memory; with n nodes a guesser gets n times the tries, no more.
 */
import type { Clock } from '@skerry/runtime-world';

type Limits = {
  /** Failures that cost nothing: people mistype. */
  readonly freeCount: number;
  /** Failures at which the key is locked. */
  readonly lockCount: number;
};
/** A user locked by others' guesses cannot log in meanwhile: hence only a minute at first. */
const userLimits: Limits = { freeCount: 3, lockCount: 10 };
/** Many users may come from one address (NAT, a test on one machine). */
const addressLimits: Limits = { freeCount: 30, lockCount: 100 };

/** First delay after the free failures, in ms; each further failure doubles it. */
export const delayFirstMs = 125;
/** Longest delay, in ms: within the deadline of a call (5 s), with the hash's own time. */
export const delayMaxMs = 2_000;
/** First lock-out, in ms; each further failure doubles it. */
export const lockFirstMs = 60_000;
/** Longest lock-out, in ms: 15 minutes, so that a victim need not call an operator. */
export const lockMaxMs = 15 * 60_000;
/** Failures are forgotten when there was none for so long, in ms: longer than the longest lock-out. */
export const failuresForgottenMs = 30 * 60_000;
/** Users, and addresses, whose failures are remembered; the oldest is forgotten for the newest. Some 100 bytes each. */
export const keysRememberedMax = 20_000;

type Failures = { readonly count: number; readonly lastMs: number };

export type Verdict =
  | { readonly kind: 'free' }
  /** Try, but not before so many ms have passed. */
  | { readonly kind: 'wait'; readonly forMs: number }
  | { readonly kind: 'locked'; readonly forMs: number };

class FailureTable {
  readonly #limits: Limits;
  readonly #failures = new Map<string, Failures>();
  constructor(limits: Limits) {
    this.#limits = limits;
  }
  get size(): number {
    return this.#failures.size;
  }
  verdict(key: string, nowMs: number): Verdict {
    const failures = this.#failures.get(key);
    if (failures === undefined) return { kind: 'free' };
    const sinceMs = nowMs - failures.lastMs;
    if (sinceMs >= failuresForgottenMs) {
      this.#failures.delete(key);
      return { kind: 'free' };
    }
    const { freeCount, lockCount } = this.#limits;
    const { count } = failures;
    if (count >= lockCount) {
      const forMs = Math.min(lockMaxMs, lockFirstMs * 2 ** (count - lockCount)) - sinceMs;
      return forMs > 0 ? { kind: 'locked', forMs } : { kind: 'free' };
    }
    if (count < freeCount) return { kind: 'free' };
    const forMs = Math.min(delayMaxMs, delayFirstMs * 2 ** (count - freeCount)) - sinceMs;
    return forMs > 0 ? { kind: 'wait', forMs } : { kind: 'free' };
  }
  isSuspect(key: string): boolean {
    return (this.#failures.get(key)?.count ?? 0) >= this.#limits.freeCount;
  }
  /** Returns whether this failure locked the key. */
  failed(key: string, nowMs: number): boolean {
    const count = (this.#failures.get(key)?.count ?? 0) + 1;
    this.#failures.delete(key); // To the end: the first of the map is the one that failed longest ago.
    this.#failures.set(key, { count, lastMs: nowMs });
    if (this.#failures.size > keysRememberedMax)
      for (const oldest of this.#failures.keys()) {
        this.#failures.delete(oldest);
        break;
      }
    return count === this.#limits.lockCount;
  }
  forget(key: string): void {
    this.#failures.delete(key);
  }
}

export class LoginGuard {
  readonly #clock: Clock;
  readonly #users = new FailureTable(userLimits);
  readonly #addresses = new FailureTable(addressLimits);
  /** Bounded by the checks that the worker pool takes. */
  readonly #underWay = new Set<string>();
  constructor(clock: Clock) {
    this.#clock = clock;
  }
  verdict(user: string, address: string): Verdict {
    const nowMs = this.#clock.monotonicMs();
    const verdicts = [this.#users.verdict(user, nowMs), this.#addresses.verdict(address, nowMs)];
    const locked = verdicts.find(({ kind }) => kind === 'locked');
    return locked ?? verdicts.find(({ kind }) => kind === 'wait') ?? { kind: 'free' };
  }
  /** Returns whether user or address is locked by this failure. */
  failed(user: string, address: string): boolean {
    const nowMs = this.#clock.monotonicMs();
    const userLocked = this.#users.failed(user, nowMs);
    return this.#addresses.failed(address, nowMs) || userLocked;
  }
  /**
   * Whether a check may begin; then {@link LoginGuard.ended} must be called. A user with failures beyond the free
   * ones is
   * checked once at a time: else a hundred guesses could be under way before the first of them counts.
   */
  begin(user: string): boolean {
    if (!this.#users.isSuspect(user)) return true;
    if (this.#underWay.has(user)) return false;
    this.#underWay.add(user);
    return true;
  }
  ended(user: string): void {
    this.#underWay.delete(user);
  }
  /** The address keeps its failures: a guesser with an account of his own could wipe them out else. */
  succeeded(user: string): void {
    this.#users.forget(user);
  }
  get remembered(): number {
    return this.#users.size + this.#addresses.size;
  }
}
