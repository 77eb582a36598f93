/** What a run did, counted and timed. */
import type { Outcome } from './session.ts';

type Count = { done: number; refused: number; unknown: number; slowestMs: number };
export type FiguresReport = {
  readonly operations: Readonly<Record<string, Readonly<Count>>>;
  readonly acknowledged: number;
  readonly unknown: number;
  readonly slowest: { readonly kind: string; readonly ms: number; readonly atSeconds: number };
};

export class Figures {
  readonly #counts = new Map<string, Count>();
  readonly #sinceMs = performance.now();
  #slowest = { kind: '', ms: 0, atSeconds: 0 };

  #count(kind: string): Count {
    let count = this.#counts.get(kind);
    if (count === undefined) this.#counts.set(kind, (count = { done: 0, refused: 0, unknown: 0, slowestMs: 0 }));
    return count;
  }
  #done(kind: string, beganMs: number): void {
    const ms = Math.round(performance.now() - beganMs);
    const count = this.#count(kind);
    count.done += 1;
    count.slowestMs = Math.max(count.slowestMs, ms);
    if (ms > this.#slowest.ms) this.#slowest = { kind, ms, atSeconds: Math.round((beganMs - this.#sinceMs) / 1_000) };
  }
  async change(kind: string, act: () => Promise<Outcome>): Promise<Outcome> {
    const beganMs = performance.now();
    const outcome = await act();
    if (outcome.kind === 'done') this.#done(kind, beganMs);
    else this.#count(kind)[outcome.kind] += 1;
    return outcome;
  }
  /** @param act gives its result, and whether it succeeded. */
  async timed<T>(kind: string, act: () => Promise<readonly [T, boolean]>): Promise<T> {
    const beganMs = performance.now();
    const [result, ok] = await act();
    if (ok) this.#done(kind, beganMs);
    else this.#count(kind).refused += 1;
    return result;
  }
  report(): FiguresReport {
    const changes = [...this.#counts].filter(([kind]) => !['login', 'read', 'cut'].includes(kind));
    const sum = (field: 'done' | 'unknown'): number => changes.reduce((all, [, count]) => all + count[field], 0);
    return {
      operations: Object.fromEntries(this.#counts),
      acknowledged: sum('done'),
      unknown: sum('unknown'),
      slowest: this.#slowest,
    };
  }
}
