/** Login sessions whose grant may still be in use, so that a revocation can name them. */
import type { Clock } from '@skerry/runtime-world';

/**
 * Sessions remembered, over all users; the oldest is forgotten for the newest: its grant expires by itself in seconds.
 */
export const sessionsRememberedMax = 50_000;

type Session = { readonly user: string; readonly grantExpiresAtMs: number };

export class Sessions {
  readonly #clock: Clock;
  /** In order of renewal: those at the front expire first. */
  readonly #byId = new Map<string, Session>();
  constructor(clock: Clock) {
    this.#clock = clock;
  }
  /** A grant was given out. */
  granted(id: string, user: string, lifeMs: number): void {
    this.#byId.delete(id);
    this.#byId.set(id, { user, grantExpiresAtMs: this.#clock.monotonicMs() + lifeMs });
    this.#dropExpired();
  }
  #dropExpired(): void {
    const nowMs = this.#clock.monotonicMs();
    for (const [id, { grantExpiresAtMs }] of this.#byId) {
      if (grantExpiresAtMs > nowMs && this.#byId.size <= sessionsRememberedMax) return;
      this.#byId.delete(id);
    }
  }
  of(user: string): readonly string[] {
    this.#dropExpired();
    return [...this.#byId].filter(([, session]) => session.user === user).map(([id]) => id);
  }
  forget(id: string): void {
    this.#byId.delete(id);
  }
  get count(): number {
    this.#dropExpired();
    return this.#byId.size;
  }
}
