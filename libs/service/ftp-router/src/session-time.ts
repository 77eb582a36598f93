/** How long a session may be without a login, and without a command. Both end in 421. */
import type { Clock, Timer } from '@skerry/runtime-world';

export type TimedSession = {
  readonly clock: Clock;
  readonly loginMaxMs: number;
  /** Without a command; the user may choose it. */
  readonly idleMaxMs: () => number;
  readonly loggedIn: () => boolean;
  /** Nothing under way: the time without a command runs. */
  readonly idle: () => boolean;
  /** 421, then the end. */
  readonly bye: (text: string, why: string) => void;
};

export class SessionTime {
  readonly startedMs: number;
  readonly #session: TimedSession;
  #lastActiveMs: number;
  #timer: Timer | undefined;

  constructor(session: TimedSession) {
    this.#session = session;
    this.startedMs = session.clock.monotonicMs();
    this.#lastActiveMs = this.startedMs;
  }
  /** Since it began, in ms. */
  get ms(): number {
    return this.#session.clock.monotonicMs() - this.startedMs;
  }
  /** Since it last did something, in ms; 0 while it does. */
  get idleMs(): number {
    return this.#session.idle() ? Math.round(this.#session.clock.monotonicMs() - this.#lastActiveMs) : 0;
  }
  /** It did something. */
  touch(): void {
    this.#lastActiveMs = this.#session.clock.monotonicMs();
  }
  /** Ends the session when its time is over, else looks again by then. Also when one of the times has changed. */
  watch(): void {
    const { clock, loginMaxMs, idleMaxMs, loggedIn, idle, bye } = this.#session;
    const loginLeftMs = loginMaxMs - this.ms;
    const restLeftMs = this.#lastActiveMs + idleMaxMs() - clock.monotonicMs();
    if (!loggedIn() && loginLeftMs <= 0) return bye('No login in time.', 'login_timeout');
    if (idle() && restLeftMs <= 0) return bye('Idle for too long.', 'idle_timeout');
    // While work is under way the time rests: look again after a whole one.
    const idleLeftMs = idle() ? restLeftMs : idleMaxMs();
    const waitMs = Math.max(1, Math.ceil(loggedIn() ? idleLeftMs : Math.min(loginLeftMs, idleLeftMs)));
    this.#timer?.cancel();
    this.#timer = clock.setTimer(waitMs, () => this.watch());
  }
  close(): void {
    this.#timer?.cancel();
  }
}
