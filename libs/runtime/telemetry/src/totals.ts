/**
 * What a counter has counted since it was read last, so that an addition costs next to nothing: prom-client's own hashes
 * its labels at each.
 */
import { AssertionError } from '@skerry/kernel';
import type { Labels } from './types.ts';

type Total = { readonly labels: Record<string, string | number>; amount: number };

export class Totals {
  readonly #name: string;
  readonly #labelNames: readonly string[];
  readonly #totals = new Map<string, Total>();

  constructor(name: string, labelNames: readonly string[]) {
    this.#name = name;
    this.#labelNames = labelNames;
  }
  add(amount = 1, labels: Labels = {}): void {
    if (!(amount >= 0)) throw new AssertionError(`a counter never falls: ${this.#name} by ${amount}`);
    for (const name in labels)
      if (!this.#labelNames.includes(name)) throw new AssertionError(`metric ${this.#name} has no label "${name}"`);
    let key = '';
    // No value of ours has NUL, so no two rows of values spell the same key.
    for (const name of this.#labelNames) key += `${labels[name] ?? ''}\0`;
    const total = this.#totals.get(key);
    if (total === undefined) this.#totals.set(key, { labels: { ...labels }, amount });
    else total.amount += amount;
  }
  /** Hands over what is new. */
  tell(count: (labels: Record<string, string | number>, amount: number) => void): void {
    for (const total of this.#totals.values()) {
      count(total.labels, total.amount);
      total.amount = 0;
    }
  }
}
