/**
 * A table that equals share: each owns its rows, tells them with its news, and passes on what it knows of others.
 *
 * An owner's rows are known as its state at a sequence number; the highest one wins, so that what is told may be lost,
 * doubled or come in any order. An owner that is not heard of for too long is gone with its rows, on every side of a cut;
 * when it is heard of again, it has them again.
 */
import { assert, unreachable, type Machine } from '@skerry/kernel';
import { Holding } from './holding.ts';
import { keyLengthMax, ownersMax, valueSizeMaxBytes } from './limits.ts';
import type { Delta, Effect, Input, Owner, Row, Version } from './types.ts';

export type SoftStateOptions = {
  readonly self: Owner;
  /** One that was not heard of for so long is gone, in ms. */
  readonly goneAfterMs: number;
  /** Whether a later life of a node ends what its earlier ones had: sessions do, what was counted does not. */
  readonly successorEnds: boolean;
};
/** So many times as long one that is gone is remembered as gone: until no holder can still think it there. */
export const goneRememberedTimes = 10;

export class SoftState implements Machine<Input, Effect> {
  readonly #options: SoftStateOptions;
  readonly #own: Holding;
  readonly #others = new Map<string, Holding>();

  constructor(options: SoftStateOptions) {
    assert(options.goneAfterMs > 0, `goneAfterMs must be over 0: got ${options.goneAfterMs}`);
    this.#options = options;
    this.#own = new Holding(options.self, { beat: 0, quietMs: 0 }, 0);
  }

  step(input: Input): readonly Effect[] {
    switch (input.kind) {
      case 'put':
        return this.#put(input.key, input.value, input.nowMs);
      case 'withdraw':
        return this.#withdraw(input.key, input.nowMs);
      case 'beat':
        return this.#beat(input.nowMs);
      case 'merge':
        return this.#merge(input.versions, input.deltas, input.nowMs);
      default:
        return unreachable(input);
    }
  }

  /** Of all owners that are there; of ourselves first. */
  *rows(nowMs: number): Generator<Row> {
    for (const holding of this.#there()) yield* holding.rows(nowMs);
  }
  ownRows(nowMs: number): Iterable<Row> {
    return this.#own.rows(nowMs);
  }
  /** Of each owner that has one under this key. */
  find(key: string, nowMs: number): readonly Row[] {
    // Asked for each session, again and again: no list of the owners is made.
    const rows: Row[] = [];
    const own = this.#own.find(key, nowMs);
    if (own !== undefined) rows.push(own);
    for (const holding of this.#others.values()) {
      const row = holding.gone ? undefined : holding.find(key, nowMs);
      if (row !== undefined) rows.push(row);
    }
    return rows;
  }
  findOwn(key: string, nowMs: number): Row | undefined {
    return this.#own.find(key, nowMs);
  }
  /** Other owners that are there. */
  get othersCount(): number {
    return this.#there().length - 1;
  }
  get rowCount(): number {
    return this.#there().reduce((sum, { count }) => sum + count, 0);
  }

  /** Of all owners that are known, those that are gone among them. */
  versions(nowMs: number): readonly Version[] {
    return [this.#ownVersion(nowMs), ...Array.from(this.#others.values(), (holding) => holding.version(nowMs))];
  }
  /** What a holder lacks that knows these. */
  deltas(versions: readonly Version[], nowMs: number): readonly Delta[] {
    const theirs = new Map(versions.map((version) => [keyOf(version), version]));
    return this.#there().flatMap((holding) => {
      const version = theirs.get(keyOf(holding.owner));
      const lost = version !== undefined && version.beat >= holding.beat && this.#isLost(version.quietMs);
      const delta = lost ? undefined : holding.delta(version?.sequence ?? 0, nowMs);
      if (delta === undefined) return [];
      return holding === this.#own ? { ...delta, quietMs: 0 } : delta;
    });
  }

  /** We are here, however long ago we last said so. */
  #ownVersion(nowMs: number): Version {
    return { ...this.#own.version(nowMs), quietMs: 0 };
  }
  #there(): readonly Holding[] {
    return [this.#own, ...[...this.#others.values()].filter(({ gone }) => !gone)];
  }
  #isLost(quietMs: number): boolean {
    return quietMs >= this.#options.goneAfterMs;
  }

  #put(key: string, value: Uint8Array, nowMs: number): readonly Effect[] {
    if (key.length > keyLengthMax || value.length > valueSizeMaxBytes)
      return [...this.#withdraw(key, nowMs), { kind: 'dropped', key }];
    return this.#own.change(key, value, nowMs).map((dropped) => ({ kind: 'dropped', key: dropped }));
  }
  #withdraw(key: string, nowMs: number): readonly Effect[] {
    if (this.#own.find(key, nowMs) !== undefined) this.#own.change(key, undefined, nowMs);
    return [];
  }

  #beat(nowMs: number): readonly Effect[] {
    this.#own.heard({ beat: this.#own.beat + 1, quietMs: 0 }, nowMs);
    const effects: Effect[] = [];
    for (const [key, holding] of this.#others) {
      const quietMs = holding.quietMs(nowMs);
      if (this.#isLost(quietMs)) effects.push(...this.#lose(holding));
      if (quietMs >= goneRememberedTimes * this.#options.goneAfterMs) this.#others.delete(key);
    }
    return effects;
  }
  #lose(holding: Holding): readonly Effect[] {
    if (holding.gone) return [];
    const { owner, count: rowCount } = holding;
    holding.gone = true;
    holding.clear();
    return [{ kind: 'gone', owner, rowCount }];
  }

  #merge(versions: readonly Version[], deltas: readonly Delta[], nowMs: number): readonly Effect[] {
    const effects: Effect[] = [];
    for (const version of [...versions, ...deltas]) effects.push(...this.#hear(version, nowMs));
    for (const delta of deltas) {
      const holding = this.#others.get(keyOf(delta));
      if (holding === undefined || holding.gone) continue;
      const { owner } = holding;
      for (const { key, value } of holding.merge(delta, nowMs)) effects.push({ kind: 'changed', owner, key, value });
    }
    return effects;
  }

  #hear(version: Version, nowMs: number): readonly Effect[] {
    const key = keyOf(version);
    if (key === keyOf(this.#own.owner)) return [];
    const known = this.#others.get(key);
    const ended = this.#options.successorEnds && this.#hasSuccessor(version);
    if (known !== undefined) {
      const news = known.heard(version, nowMs);
      if (news && !ended && !this.#isLost(known.quietMs(nowMs))) known.gone = false;
      return ended ? this.#lose(known) : [];
    }
    if (ended || this.#isLost(version.quietMs)) return [];
    const effects = this.#makeRoom(version, nowMs);
    if (effects === undefined)
      return [{ kind: 'refused', owner: { node: version.node, incarnation: version.incarnation } }];
    const { node, incarnation } = version;
    this.#others.set(key, new Holding({ node, incarnation }, version, nowMs));
    if (!this.#options.successorEnds) return effects;
    const earlier = [...this.#others.values()].filter(({ owner }) => isEarlier(owner, version));
    return [...effects, ...earlier.flatMap((holding) => this.#lose(holding))];
  }
  #hasSuccessor(owner: Owner): boolean {
    const all = [this.#own, ...this.#others.values()];
    return all.some((holding) => isEarlier(owner, holding.owner));
  }
  /** The one silent longest gives way to one that was heard of later. Undefined: there is none. */
  #makeRoom({ quietMs }: Version, nowMs: number): readonly Effect[] | undefined {
    if (this.#others.size < ownersMax - 1) return [];
    const all = [...this.#others].toSorted(([, a], [, b]) => b.quietMs(nowMs) - a.quietMs(nowMs));
    const [key, longest] = all.find(([, { gone }]) => gone) ?? all[0] ?? [];
    if (key === undefined || longest === undefined) return undefined;
    if (!longest.gone && longest.quietMs(nowMs) <= quietMs) return undefined;
    this.#others.delete(key);
    return this.#lose(longest);
  }
}

const keyOf = ({ node, incarnation }: Owner): string => `${node}/${incarnation}`;
const isEarlier = (one: Owner, other: Owner): boolean => one.node === other.node && one.incarnation < other.incarnation;
