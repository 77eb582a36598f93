/** Tokens and sessions that are void, until they would have expired anyway. */
import type { discovery } from '@skerry/proto';
import type { Clock } from '@skerry/runtime-world';

/** Ids in all: each goes to every node; beyond, the one that expires first is dropped. 700 KB of them at most. */
export const revocationCountMax = 20_000;
/** Longest id, in characters: ours have 36; what is longer is none of ours. */
export const revokedIdLengthMax = 128;
/** Longest that one is kept, in ms: no token or session lives longer than 31 days. */
export const revocationLifeMaxMs = 31 * 24 * 3_600_000;

export class Revocations {
  readonly #clock: Clock;
  readonly #expiresAtMs = new Map<string, number>();
  /** Begins with the time, so that the list of a node that started again is newer than that of its earlier life. */
  #version: number;
  constructor(clock: Clock) {
    this.#clock = clock;
    this.#version = clock.wallMs();
  }
  get version(): number {
    return this.#version;
  }
  get count(): number {
    return this.#expiresAtMs.size;
  }
  add(revocations: readonly discovery.Revocation[]): void {
    const nowMs = this.#clock.wallMs();
    let news = false;
    for (const { id, expiresAtMs } of revocations) {
      if (id === '' || id.length > revokedIdLengthMax || expiresAtMs <= nowMs) continue;
      const known = this.#expiresAtMs.get(id);
      const untilMs = Math.min(expiresAtMs, nowMs + revocationLifeMaxMs);
      if (known === undefined) news = true;
      if (known === undefined || known < untilMs) this.#expiresAtMs.set(id, untilMs);
    }
    if (!news) return;
    this.#shrink();
    this.#version = Math.max(this.#version + 1, nowMs);
  }
  #shrink(): void {
    const tooMany = this.#expiresAtMs.size - revocationCountMax;
    if (tooMany <= 0) return;
    const soonest = [...this.#expiresAtMs].toSorted(([, a], [, b]) => a - b);
    for (const [id] of soonest.slice(0, tooMany)) this.#expiresAtMs.delete(id);
  }
  dropExpired(): void {
    const nowMs = this.#clock.wallMs();
    for (const [id, untilMs] of this.#expiresAtMs) if (untilMs <= nowMs) this.#expiresAtMs.delete(id);
  }
  /** For another discovery node: with the times at which they may be forgotten. */
  all(): discovery.Revocation[] {
    return [...this.#expiresAtMs].map(([id, expiresAtMs]) => ({ id, expiresAtMs }));
  }
  /** Undefined when the asker has it already. */
  since(version: number): discovery.Revocations | undefined {
    if (version === this.#version) return undefined;
    return { version: this.#version, ids: [...this.#expiresAtMs.keys()] };
  }
}
