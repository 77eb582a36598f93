/**
 * Holders over a bad network, by seed: messages are lost, doubled, late and out of order, links are cut, holders stop
 * and start again. At all times nobody shows what an owner never had; when it has calmed down, all show what all have.
 */
import { describe, expect, test } from '@jest/globals';
import { Prng } from '@skerry/kernel';
import { seeds } from '@skerry/testing';
import { SoftState } from './soft-state.ts';
import type { Delta, Version } from './types.ts';

const holderCount = 4;
const keyCount = 5;
const roundMs = 500;
const goneAfterMs = 5_000;
const stormRounds = 200;
const calmRounds = (2 * goneAfterMs) / roundMs;

type Message = {
  readonly to: number;
  readonly dueMs: number;
  readonly versions: readonly Version[];
  readonly deltas: readonly Delta[];
};
type Holder = { state: SoftState; incarnation: number; stopped: boolean; readonly rows: Map<string, number> };
const sharing = (successorEnds: boolean) =>
  class World {
    readonly #prng: Prng;
    readonly holders: readonly Holder[];
    /** All that was ever put, as `owner key value`. */
    readonly ever = new Set<string>();
    #wire: Message[] = [];
    #cut: readonly number[] = [];
    #values = 0;
    nowMs = 1_000;
    bad = true;

    constructor(seed: number) {
      this.#prng = new Prng(seed);
      this.holders = Array.from({ length: holderCount }, (_, index) => ({
        state: this.#fresh(index, 1),
        incarnation: 1,
        stopped: false,
        rows: new Map(),
      }));
    }
    #fresh(index: number, incarnation: number): SoftState {
      return new SoftState({ self: { node: `n${index}`, incarnation }, goneAfterMs, successorEnds });
    }
    round(): void {
      this.nowMs += roundMs;
      const { nowMs } = this;
      for (const [index, holder] of this.holders.entries()) {
        if (this.bad) this.#mischief(index, holder);
        if (holder.stopped) continue;
        holder.state.step({ kind: 'beat', nowMs });
        const other = this.#prng.below(holderCount);
        if (other !== index) this.#send(holder, index, other);
      }
      this.#deliver();
    }
    /** Push, and the answer to it. */
    #send(holder: Holder, from: number, to: number): void {
      const other = this.holders[to];
      if (other === undefined || other.stopped || this.#cut.includes(from) !== this.#cut.includes(to)) return;
      const { nowMs } = this;
      // As it knew the other when it heard of it last: here, by chance, an older version or none.
      const known = this.#prng.chance(0.2) ? [] : other.state.versions(nowMs);
      this.#post(to, holder.state.versions(nowMs), holder.state.deltas(known, nowMs));
      this.#post(from, other.state.versions(nowMs), other.state.deltas(holder.state.versions(nowMs), nowMs));
    }
    #post(to: number, versions: readonly Version[], deltas: readonly Delta[]): void {
      if (this.bad && this.#prng.chance(0.25)) return;
      for (let copy = this.bad && this.#prng.chance(0.2) ? 2 : 1; copy > 0; copy--)
        this.#wire.push({ to, versions, deltas, dueMs: this.nowMs + (this.bad ? this.#prng.below(4 * roundMs) : 0) });
    }
    #deliver(): void {
      const { nowMs } = this;
      const due = this.#wire.filter(({ dueMs }) => dueMs <= nowMs);
      this.#wire = this.#wire.filter(({ dueMs }) => dueMs > nowMs);
      for (const { to, versions, deltas } of due) {
        const holder = this.holders[to];
        const effects = holder?.stopped === false ? holder.state.step({ kind: 'merge', versions, deltas, nowMs }) : [];
        for (const effect of effects) {
          if (effect.kind !== 'changed' || effect.value === undefined) continue;
          const { node, incarnation } = effect.owner;
          const row = `${node}/${incarnation} ${effect.key} ${numberOf(effect.value)}`;
          if (!this.ever.has(row)) throw new Error(`made up: ${row}`);
        }
      }
    }
    #mischief(index: number, holder: Holder): void {
      const chance = this.#prng;
      if (chance.chance(0.01)) this.#cut = chance.chance(0.5) ? [index, (index + 1) % holderCount] : [];
      if (chance.chance(0.01)) holder.stopped = true;
      else if (holder.stopped && chance.chance(0.1)) this.start(index, holder);
      if (holder.stopped || !chance.chance(0.5)) return;
      const key = `k${chance.below(keyCount)}`;
      const { nowMs } = this;
      if (chance.chance(0.4)) {
        holder.rows.delete(key);
        holder.state.step({ kind: 'withdraw', key, nowMs });
        return;
      }
      this.#values += 1;
      const number = this.#values;
      holder.rows.set(key, number);
      this.ever.add(`n${index}/${holder.incarnation} ${key} ${number}`);
      holder.state.step({ kind: 'put', key, value: valueOf(number), nowMs });
    }
    /** It knows nothing any more. */
    start(index: number, holder: Holder): void {
      holder.incarnation += 1;
      holder.stopped = false;
      holder.rows.clear();
      holder.state = this.#fresh(index, holder.incarnation);
    }
    calmDown(): void {
      this.bad = false;
      this.#cut = [];
      for (const [index, holder] of this.holders.entries()) if (holder.stopped) this.start(index, holder);
    }
    shown({ state }: Holder): readonly string[] {
      return Array.from(
        state.rows(this.nowMs),
        ({ node, incarnation, key, value }) => `${node}/${incarnation} ${key} ${numberOf(value)}`,
      ).toSorted();
    }
    had(): readonly string[] {
      return this.holders
        .flatMap(({ incarnation, rows }, index) =>
          [...rows].map(([key, value]) => `n${index}/${incarnation} ${key} ${value}`),
        )
        .toSorted();
    }
  };
const valueOf = (number: number): Uint8Array => Uint8Array.of(number >>> 8, number & 0xff);
const numberOf = ([high = 0, low = 0]: Uint8Array): number => high * 256 + low;

describe.each([
  ['sessions: a later life ends the earlier', true],
  ['counts: they outlive their owner for a while', false],
])('%s', (_, successorEnds) => {
  const World = sharing(successorEnds);
  test.each(seeds(60))('seed %i', (seed) => {
    const world = new World(seed);
    for (let round = 0; round < stormRounds; round++) world.round();
    world.calmDown();
    for (let round = 0; round < calmRounds; round++) world.round();
    const had = world.had();
    for (const holder of world.holders) expect(world.shown(holder)).toEqual(had);
  });
});
