/**
 * Slows down and locks out whoever guesses passwords (F15): by address, by user, and by one user at one address.
 *
 * A guesser at one address is locked for that user there, which hinders nobody else. Only guesses from many addresses
 * lock the user itself, and then not where the user has logged in before: a lock-out must not be a weapon.
 *
 * Assumes: logins go to one auth node (the leader), so all routers share one guard, which is strict. It is in memory: a
 * new leader learns what was before from the routers, which count too and tell it with each login.
 */
import { failuresForgottenMs, loginPlaceOf, placeKnownForMs } from '@skerry/domain-users';
import type { auth } from '@skerry/proto';
import type { Clock } from '@skerry/runtime-world';

type Limits = {
  /** Failures that cost nothing: people mistype. */
  readonly freeCount: number;
  /** Failures at which the key is locked. */
  readonly lockCount: number;
};
/** One user at one address. */
const pairLimits: Limits = { freeCount: 3, lockCount: 10 };
/** Many users may come from one address (NAT, a test on one machine). */
const addressLimits: Limits = { freeCount: 30, lockCount: 100 };
/** From anywhere: one address alone is locked long before. */
const userLimits: Limits = { freeCount: 20, lockCount: 50 };

/** First delay after the free failures, in ms; each further failure doubles it. */
export const delayFirstMs = 125;
/** Longest delay, in ms: within the deadline of a call (5 s), with the hash's own time. */
export const delayMaxMs = 2_000;
/** First lock-out, in ms; each further failure doubles it. */
export const lockFirstMs = 60_000;
/** Longest lock-out, in ms: 15 minutes, so that a victim need not call an operator. */
export const lockMaxMs = 15 * 60_000;
/** Users, addresses and pairs whose failures are remembered, each; the oldest is forgotten for the newest. Some 100 bytes each. */
export const keysRememberedMax = 20_000;

type Failures = { readonly count: number; readonly lastMs: number };

export type Verdict =
  | { readonly kind: 'free' }
  /** Try, but not before so many ms have passed. */
  | { readonly kind: 'wait'; readonly forMs: number }
  | { readonly kind: 'locked'; readonly forMs: number };

/** A map whose oldest entries give way. */
class Recent<V> {
  readonly #values = new Map<string, V>();
  get size(): number {
    return this.#values.size;
  }
  get(key: string): V | undefined {
    return this.#values.get(key);
  }
  set(key: string, value: V): void {
    this.#values.delete(key); // To the end: the first of the map is the oldest.
    this.#values.set(key, value);
    if (this.#values.size <= keysRememberedMax) return;
    for (const oldest of this.#values.keys()) {
      this.#values.delete(oldest);
      return;
    }
  }
  delete(key: string): boolean {
    return this.#values.delete(key);
  }
  keys(): Iterable<string> {
    return this.#values.keys();
  }
}

class FailureTable {
  readonly #limits: Limits;
  readonly #failures = new Recent<Failures>();
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
  /** Failures that still cost nothing. */
  freeLeft(key: string): number {
    return Math.max(0, this.#limits.freeCount - (this.#failures.get(key)?.count ?? 0));
  }
  /** What others counted, when they counted more; not what was before `afterMs`, when it was forgiven. */
  adopt(key: string, told: auth.FailedLogins | undefined, nowMs: number, afterMs = Number.NEGATIVE_INFINITY): void {
    if (told === undefined) return;
    const toldMs = nowMs - told.sinceMs;
    const { count, lastMs } = this.#failures.get(key) ?? { count: 0, lastMs: toldMs };
    if (told.count > count && toldMs > afterMs)
      this.#failures.set(key, { count: told.count, lastMs: Math.max(lastMs, toldMs) });
  }
  /** Returns whether this failure locked the key. */
  failed(key: string, nowMs: number): boolean {
    const count = (this.#failures.get(key)?.count ?? 0) + 1;
    this.#failures.set(key, { count, lastMs: nowMs });
    return count === this.#limits.lockCount;
  }
  /** Whether there was something. */
  forget(key: string): boolean {
    return this.#failures.delete(key);
  }
  forgetWhere(test: (key: string) => boolean): number {
    const keys = [...this.#failures.keys()].filter(test);
    for (const key of keys) this.#failures.delete(key);
    return keys.length;
  }
}

/** No user name holds a blank, and what is tried as one is cut where it does. */
const pairOf = (user: string, place: string): string => `${place} ${user}`;
const isPair = (key: string, user: string, place: string): boolean => {
  const at = key.indexOf(' ');
  return (place === '' || key.slice(0, at) === place) && (user === '' || key.slice(at + 1) === user);
};

export class LoginGuard {
  readonly #clock: Clock;
  readonly #pairs = new FailureTable(pairLimits);
  readonly #addresses = new FailureTable(addressLimits);
  readonly #users = new FailureTable(userLimits);
  /** Pairs of a user and a place that logged in, and when. */
  readonly #known = new Recent<number>();
  /** Pair → password → checks. Bounded by the checks that the worker pool takes. */
  readonly #underWay = new Map<string, Map<string, number>>();
  constructor(clock: Clock) {
    this.#clock = clock;
  }
  /** What the routers know: they remember it when this node has just begun to count. */
  told(user: string, address: string, past: auth.LoginPast): void {
    const nowMs = this.#clock.monotonicMs();
    const place = loginPlaceOf(address);
    const pair = pairOf(user, place);
    if (past.knownSinceMs !== undefined) this.#knownAt(pair, nowMs - past.knownSinceMs);
    // A router that has not heard of the login yet would else have it counted again.
    this.#pairs.adopt(pair, past.pair, nowMs, this.#known.get(pair));
    this.#addresses.adopt(place, past.address, nowMs);
    this.#users.adopt(user, past.user, nowMs);
  }
  #knownAt(pair: string, atMs: number): void {
    if (atMs > (this.#known.get(pair) ?? Number.NEGATIVE_INFINITY)) this.#known.set(pair, atMs);
  }
  verdict(user: string, address: string): Verdict {
    const nowMs = this.#clock.monotonicMs();
    const place = loginPlaceOf(address);
    const pair = pairOf(user, place);
    const verdicts = [this.#pairs.verdict(pair, nowMs), this.#addresses.verdict(place, nowMs)];
    if (!this.#isKnown(pair, nowMs)) verdicts.push(this.#users.verdict(user, nowMs));
    const longest = verdicts.reduce((a, b) => (waitOf(b) > waitOf(a) ? b : a));
    return verdicts.find(({ kind }) => kind === 'locked') ?? longest;
  }
  /** Returns whether user or address is locked by this failure. */
  failed(user: string, address: string): boolean {
    const nowMs = this.#clock.monotonicMs();
    const place = loginPlaceOf(address);
    const locked = [
      this.#pairs.failed(pairOf(user, place), nowMs),
      this.#addresses.failed(place, nowMs),
      this.#users.failed(user, nowMs),
    ];
    return locked.includes(true);
  }
  /**
   * Whether a check may begin; then {@link LoginGuard.ended} must be called. As many different passwords of a user at a
   * place are checked at once as failures are free there, then one: else a hundred guesses could be under way before the
   * first of them counts. A client that opens ten sessions gives one password ten times.
   */
  begin(user: string, address: string, password: string): boolean {
    const pair = pairOf(user, loginPlaceOf(address));
    const underWay = this.#underWay.get(pair) ?? new Map<string, number>();
    const same = underWay.get(password) ?? 0;
    if (same === 0 && underWay.size >= Math.max(1, this.#pairs.freeLeft(pair))) return false;
    underWay.set(password, same + 1);
    this.#underWay.set(pair, underWay);
    return true;
  }
  ended(user: string, address: string, password: string): void {
    const pair = pairOf(user, loginPlaceOf(address));
    const underWay = this.#underWay.get(pair);
    const left = (underWay?.get(password) ?? 1) - 1;
    if (left > 0) underWay?.set(password, left);
    else underWay?.delete(password);
    if (underWay?.size === 0) this.#underWay.delete(pair);
  }
  /** The address keeps its failures, and so does the user at others: a guesser could wipe them out else. */
  succeeded(user: string, address: string): void {
    const pair = pairOf(user, loginPlaceOf(address));
    this.#pairs.forget(pair);
    this.#known.set(pair, this.#clock.monotonicMs());
  }
  /** By an operator: of a user, of an address, or of one at the other. @returns how many entries were forgotten. */
  unlock(user: string, address: string): number {
    const place = address === '' ? '' : loginPlaceOf(address);
    let count = this.#pairs.forgetWhere((key) => isPair(key, user, place));
    if (user !== '' && this.#users.forget(user)) count += 1;
    if (place !== '' && this.#addresses.forget(place)) count += 1;
    return count;
  }
  get remembered(): number {
    return this.#pairs.size + this.#users.size + this.#addresses.size;
  }
  #isKnown(pair: string, nowMs: number): boolean {
    const atMs = this.#known.get(pair);
    return atMs !== undefined && nowMs - atMs < placeKnownForMs;
  }
}

const waitOf = (verdict: Verdict): number => (verdict.kind === 'free' ? 0 : verdict.forMs);
