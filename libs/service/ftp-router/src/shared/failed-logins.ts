/**
 * Failed logins as all routers together counted them (F15): each counts its own, the sum is told to auth with the next
 * login. So what was counted outlives an auth node and a router, and none of it is a write to a log.
 */
import { failuresForgottenMs, loginPlaceOf, placeKnownForMs } from '@skerry/domain-users';
import { emptyBytes } from '@skerry/kernel';
import { routing, type auth } from '@skerry/proto';
import type { Row } from '@skerry/cluster-soft-state';
import type { Table, Tables } from './tables.ts';

/** Longest name that is kept, in characters: a longer one is no user's. */
const userLengthMax = 65;
/** A login at a known place is told again after so long, in ms: some clients log in for each file. */
const knownAgainMs = 60_000;
/** Highest count that is told: the wire's uint32, with room for a sum. */
const countMax = 1_000_000;

// A count, and what forgives it: the keys of `failures`.
const pairKey = (user: string, place: string): string => `p ${place} ${user}`;
const addressKey = (place: string): string => `a ${place}`;
const userKey = (user: string): string => `u ${user}`;
const forgiven = (key: string): string => `x${key}`;
const allOfUser = (user: string): string => `xpu ${user}`;
const allOfPlace = (place: string): string => `xpa ${place}`;
/** Of `logins`: where a user logged in. */
const knownKey = (user: string, place: string): string => `k ${place} ${user}`;

export class FailedLogins {
  readonly #failures: Table;
  readonly #logins: Table;
  constructor({ failures, logins }: Pick<Tables, 'failures' | 'logins'>) {
    this.#failures = failures;
    this.#logins = logins;
  }

  /** What auth is told with the next try. */
  past(name: string, address: string): auth.LoginPast {
    const [user, place] = [cut(name), loginPlaceOf(address)];
    const knownSinceMs = youngestMs(this.#logins.find(knownKey(user, place)));
    return {
      pair: this.#total(pairKey(user, place), this.#forgivenPairMs(user, place)),
      address: this.#total(addressKey(place), this.#forgivenMs(forgiven(addressKey(place)))),
      user: this.#total(userKey(user), this.#forgivenMs(forgiven(userKey(user)))),
      knownSinceMs: Number.isFinite(knownSinceMs) ? Math.round(knownSinceMs) : undefined,
    };
  }
  failed(name: string, address: string): void {
    const [user, place] = [cut(name), loginPlaceOf(address)];
    this.#count(pairKey(user, place), this.#forgivenPairMs(user, place));
    this.#count(addressKey(place), this.#forgivenMs(forgiven(addressKey(place))));
    this.#count(userKey(user), this.#forgivenMs(forgiven(userKey(user))));
  }
  /** The address keeps its failures, and so does the user at others: a guesser could wipe them out else. */
  succeeded(name: string, address: string): void {
    const [user, place] = [cut(name), loginPlaceOf(address)];
    const pair = pairKey(user, place);
    const known = this.#logins.findOwn(knownKey(user, place));
    const isNews = known === undefined || known.ageMs > knownAgainMs || this.#failures.find(pair).length > 0;
    if (isNews) this.#logins.put(knownKey(user, place), emptyBytes);
    this.#failures.withdraw(pair);
  }
  /** By an operator; either may be empty. Returns how many counts were known here. */
  forget(name: string, address: string): number {
    const [user, place] = [cut(name), address === '' ? '' : loginPlaceOf(address)];
    const keys = new Set(
      Array.from(this.#failures.rows(), ({ key }) => key).filter((key) => isAbout(key, user, place)),
    );
    for (const key of keys) this.#failures.withdraw(key);
    for (const key of forgiving(user, place)) this.#failures.put(key, emptyBytes);
    return keys.size;
  }
  /** What is too old to count is withdrawn; to be called now and then. */
  dropOld(): void {
    for (const { key, ageMs } of [...this.#failures.ownRows()])
      if (ageMs >= failuresForgottenMs) this.#failures.withdraw(key);
    for (const { key, ageMs } of [...this.#logins.ownRows()])
      if (key.startsWith('k ') && ageMs >= placeKnownForMs) this.#logins.withdraw(key);
  }

  /** What counts: neither too old nor forgiven since. */
  #counting(key: string, forgivenMs: number): readonly Row[] {
    return this.#failures.find(key).filter(({ ageMs }) => ageMs < failuresForgottenMs && ageMs < forgivenMs);
  }
  #total(key: string, forgivenMs: number): auth.FailedLogins | undefined {
    const rows = this.#counting(key, forgivenMs);
    if (rows.length === 0) return undefined;
    const count = rows.reduce((sum, { value }) => sum + countOf(value), 0);
    return { count: Math.min(countMax, count), sinceMs: Math.round(youngestMs(rows)) };
  }
  #count(key: string, forgivenMs: number): void {
    const own = this.#failures.findOwn(key);
    const counts = own !== undefined && own.ageMs < failuresForgottenMs && own.ageMs < forgivenMs;
    const count = Math.min(countMax, (counts ? countOf(own.value) : 0) + 1);
    this.#failures.put(key, routing.FailureCount.encode({ count }).finish());
  }
  /** How long ago; infinite: never. */
  #forgivenMs(...keys: readonly string[]): number {
    return Math.min(...keys.map((key) => youngestMs(this.#failures.find(key))));
  }
  #forgivenPairMs(user: string, place: string): number {
    const byOperator = this.#forgivenMs(forgiven(pairKey(user, place)), allOfUser(user), allOfPlace(place));
    return Math.min(byOperator, youngestMs(this.#logins.find(knownKey(user, place))));
  }
}

/** No user name holds a blank, and no place does. */
const cut = (name: string): string => name.slice(0, userLengthMax).replaceAll(' ', '_');
const youngestMs = (rows: readonly Row[]): number =>
  Math.min(Number.POSITIVE_INFINITY, ...rows.map(({ ageMs }) => ageMs));

function countOf(value: Uint8Array): number {
  try {
    return Math.min(countMax, routing.FailureCount.decode(value).count);
  } catch {
    // Of a later version of ours: one failure at least.
    return 1;
  }
}

/** As auth's guard forgets: a pair that both fit, the user itself, the address itself. */
function isAbout(key: string, user: string, place: string): boolean {
  const [kind, first = '', second = ''] = key.split(' ');
  if (kind === 'u') return user !== '' && first === user;
  if (kind === 'a') return place !== '' && first === place;
  return kind === 'p' && (place === '' || first === place) && (user === '' || second === user);
}
function forgiving(user: string, place: string): readonly string[] {
  const whole = [
    ...(user === '' ? [] : [forgiven(userKey(user))]),
    ...(place === '' ? [] : [forgiven(addressKey(place))]),
  ];
  if (user !== '' && place !== '') return [...whole, forgiven(pairKey(user, place))];
  return [...whole, user === '' ? allOfPlace(place) : allOfUser(user)];
}
