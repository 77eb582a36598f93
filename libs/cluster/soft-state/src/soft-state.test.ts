import { beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { utf8 } from '@skerry/kernel';
import { Holding } from './holding.ts';
import { ownedSizeMaxBytes, ownersMax, valueSizeMaxBytes, withdrawnMax } from './limits.ts';
import { goneRememberedTimes, SoftState } from './soft-state.ts';
import type { Delta, Effect, Version } from './types.ts';

const goneAfterMs = 1_000;
let nowMs: number;
const make = (node: string, incarnation = 1, successorEnds = true): SoftState =>
  new SoftState({ self: { node, incarnation }, goneAfterMs, successorEnds });
const put = (state: SoftState, key: string, text = key): readonly Effect[] =>
  state.step({ kind: 'put', key, value: utf8(text), nowMs });
const withdraw = (state: SoftState, key: string): readonly Effect[] => state.step({ kind: 'withdraw', key, nowMs });
const beat = (...states: readonly SoftState[]): readonly Effect[] =>
  states.flatMap((state) => state.step({ kind: 'beat', nowMs }));
/** What `from` knows reaches `to`. */
const tell = (from: SoftState, to: SoftState): readonly Effect[] =>
  to.step({
    kind: 'merge',
    versions: from.versions(nowMs),
    deltas: from.deltas(to.versions(nowMs), nowMs),
    nowMs,
  });
const text = (value: Uint8Array): string => new TextDecoder().decode(value);
const shown = (state: SoftState): readonly string[] =>
  Array.from(state.rows(nowMs), ({ node, key, value }) => `${node} ${key}=${text(value)}`).toSorted();

let a: SoftState;
let b: SoftState;
beforeEach(() => {
  nowMs = 10_000;
  a = make('a');
  b = make('b');
  beat(a, b);
});

describe('what one tells another', () => {
  test('rows come, change and go', () => {
    put(a, 'x');
    put(a, 'y');
    expect(tell(a, b)).toMatchObject([
      { kind: 'changed', key: 'x' },
      { kind: 'changed', key: 'y' },
    ]);
    expect(shown(b)).toEqual(['a x=x', 'a y=y']);
    put(a, 'x', 'new');
    withdraw(a, 'y');
    const [delta] = a.deltas(b.versions(nowMs), nowMs);
    expect([delta?.from, delta?.sequence]).toEqual([2, 4]);
    expect(delta?.rows.map(({ key, value }) => [key, value !== undefined])).toEqual([
      ['x', true],
      ['y', false],
    ]);
    tell(a, b);
    expect(shown(b)).toEqual(['a x=new']);
    expect(a.deltas(b.versions(nowMs), nowMs)).toEqual([]);
  });
  test('is passed on by those who heard it', () => {
    const c = make('c');
    put(a, 'x');
    tell(a, b);
    tell(b, c);
    expect(shown(c)).toEqual(['a x=x']);
  });
  test('an age is told on: a row is as old for whoever hears of it later', () => {
    put(a, 'x');
    nowMs += 300;
    tell(a, b);
    nowMs += 200;
    expect(b.find('x', nowMs)).toMatchObject([{ node: 'a', ageMs: 500 }]);
  });
  test('whoever knows too little to be told the news only is told all', () => {
    put(a, 'gone');
    put(a, 'stays');
    tell(a, b);
    withdraw(a, 'gone');
    for (let i = 0; i <= withdrawnMax; i++) {
      put(a, `w${i}`);
      withdraw(a, `w${i}`);
    }
    const [delta] = a.deltas(b.versions(nowMs), nowMs);
    expect([delta?.from, delta?.rows.map(({ key }) => key)]).toEqual([0, ['stays']]);
    expect(tell(a, b)).toEqual([
      { kind: 'changed', owner: { node: 'a', incarnation: 1 }, key: 'gone', value: undefined },
    ]);
    expect(shown(b)).toEqual(['a stays=stays']);
  });
  test('what one says of our own rows is not believed', () => {
    put(a, 'x');
    const lie: Delta = { node: 'a', incarnation: 1, from: 0, sequence: 9, beat: 99, quietMs: 0, rows: [] };
    a.step({ kind: 'merge', versions: [], deltas: [lie], nowMs });
    expect(shown(a)).toEqual(['a x=x']);
  });
});

describe('one that is not heard of', () => {
  test('is gone with its rows, and has them again when it is heard of', () => {
    put(a, 'x');
    tell(a, b);
    nowMs += goneAfterMs - 1;
    expect(beat(b)).toEqual([]);
    nowMs += 1;
    expect(beat(b)).toEqual([{ kind: 'gone', owner: { node: 'a', incarnation: 1 }, rowCount: 1 }]);
    expect(shown(b)).toEqual([]);
    beat(a);
    tell(a, b);
    expect(shown(b)).toEqual(['a x=x']);
  });
  test('is not brought back by one that hears of its end later', () => {
    const c = make('c');
    put(a, 'x');
    tell(a, b);
    nowMs += goneAfterMs - 10;
    tell(b, c);
    expect(shown(c)).toEqual(['a x=x']);
    nowMs += 10;
    beat(b, c);
    expect(shown(c)).toEqual([]);
    for (const [from, to] of [
      [b, c],
      [c, b],
    ] as const) {
      expect(from.deltas(to.versions(nowMs), nowMs).some(({ node }) => node === 'a')).toBe(false);
      tell(from, to);
    }
    expect([shown(b), shown(c)]).toEqual([[], []]);
  });
  test('is not told to one that knows it is gone, nor taken from one that does not', () => {
    const c = make('c');
    put(a, 'x');
    tell(a, b);
    nowMs += goneAfterMs;
    // It has not looked at the time yet.
    expect(shown(b)).toEqual(['a x=x']);
    const knowing = b.versions(nowMs);
    expect(b.deltas(knowing, nowMs).map(({ node }) => node)).not.toContain('a');
    c.step({ kind: 'merge', versions: knowing, deltas: b.deltas([], nowMs), nowMs });
    expect(shown(c)).toEqual([]);
  });
  test('leaves nothing behind but its name', () => {
    put(a, 'x');
    tell(a, b);
    nowMs += goneAfterMs;
    beat(b);
    expect(b.versions(nowMs)).toMatchObject([{ node: 'b' }, { node: 'a', sequence: 0 }]);
  });
  test('is forgotten in the end', () => {
    tell(a, b);
    nowMs += goneRememberedTimes * goneAfterMs;
    beat(b);
    expect(b.versions(nowMs).map(({ node }) => node)).toEqual(['b']);
  });
});

describe('a later life', () => {
  test('ends what the earlier one had, also where that is told of later', () => {
    put(a, 'x');
    const c = make('c');
    tell(a, c);
    const reborn = make('a', 2);
    beat(reborn);
    tell(a, b);
    expect(tell(reborn, b)).toEqual([{ kind: 'gone', owner: { node: 'a', incarnation: 1 }, rowCount: 1 }]);
    tell(c, b);
    expect(shown(b)).toEqual([]);
    tell(c, reborn);
    expect(shown(reborn)).toEqual([]);
  });
  test('where it ends nothing, it learns from others what it had before', () => {
    a = make('a', 1, false);
    b = make('b', 1, false);
    put(a, 'count', '3');
    tell(a, b);
    const reborn = make('a', 2, false);
    tell(b, reborn);
    expect(shown(reborn)).toEqual(['a count=3']);
  });
});

describe('bounds', () => {
  test("an owner's oldest row gives way to its newest", () => {
    const value = 'v'.repeat(valueSizeMaxBytes);
    const keys = Array.from({ length: Math.ceil(ownedSizeMaxBytes / valueSizeMaxBytes) }, (_, i) => `k${i}`);
    const dropped = keys
      .flatMap((key) => put(a, key, value))
      .map((effect) => (effect.kind === 'dropped' ? effect.key : ''));
    expect(dropped.length).toBeGreaterThan(0);
    expect(dropped).toEqual(keys.slice(0, dropped.length));
    tell(a, b);
    expect(Array.from(b.rows(nowMs), ({ key }) => key)).toEqual(keys.slice(dropped.length));
  });
  test('a row that is too large is none', () => {
    put(a, 'x', 'small');
    expect(put(a, 'x', 'v'.repeat(valueSizeMaxBytes + 1))).toEqual([{ kind: 'dropped', key: 'x' }]);
    expect(put(a, 'k'.repeat(300))).toMatchObject([{ kind: 'dropped' }]);
    expect(shown(a)).toEqual([]);
  });
  test('an owner that tells more than it may is held in part', () => {
    const rows = Array.from({ length: 1_000 }, (_, i) => ({
      key: `k${i}`,
      value: new Uint8Array(valueSizeMaxBytes),
      sequence: i + 1,
      ageMs: 0,
    }));
    const delta: Delta = { node: 'z', incarnation: 1, from: 0, sequence: 1_000, beat: 1, quietMs: 0, rows };
    a.step({ kind: 'merge', versions: [], deltas: [delta], nowMs });
    expect(a.rowCount).toBeLessThan(ownedSizeMaxBytes / valueSizeMaxBytes);
    expect(a.find('k999', nowMs)).toHaveLength(1);
  });
  test('of too many owners the one silent longest gives way, to one that was heard of later', () => {
    const version = (node: string, quietMs: number): Version => ({
      node,
      incarnation: 1,
      sequence: 0,
      beat: 1,
      quietMs,
    });
    const hear = (each: Version): readonly Effect[] => a.step({ kind: 'merge', versions: [each], deltas: [], nowMs });
    for (let i = 0; i < ownersMax - 1; i++) expect(hear(version(`n${i}`, 500 - i))).toEqual([]);
    expect(hear(version('late', 600))).toEqual([{ kind: 'refused', owner: { node: 'late', incarnation: 1 } }]);
    expect(hear(version('new', 0))).toEqual([{ kind: 'gone', owner: { node: 'n0', incarnation: 1 }, rowCount: 0 }]);
    expect(a.versions(nowMs)).toHaveLength(ownersMax);
  });
});

/** Of an owner's history: what it would tell at some moments to holders that knew some others. */
const history = fc
  .record({
    deeds: fc.array(
      fc.record({ key: fc.constantFrom('p', 'q', 'r', 's'), value: fc.option(fc.uint8Array({ maxLength: 3 })) }),
      { minLength: 1, maxLength: 30 },
    ),
    told: fc.array(fc.tuple(fc.nat(30), fc.nat(30)), { maxLength: 20 }),
  })
  .map(({ deeds, told }) => {
    const owner = { node: 'o', incarnation: 1 };
    const holding = new Holding(owner, { beat: 1, quietMs: 0 }, 0);
    const states = [new Map<string, string>()];
    const deltas: Delta[] = [];
    for (const [index, { key, value }] of deeds.entries()) {
      holding.change(key, value ?? undefined, 0);
      const state = new Map(states.at(-1));
      if (value === null) state.delete(key);
      else state.set(key, value.join());
      states.push(state);
      for (const [at, known] of told) {
        const delta = at === index ? holding.delta(known, 0) : undefined;
        if (delta !== undefined) deltas.push(delta);
      }
    }
    const last = holding.delta(0, 0);
    return { states, deltas, last };
  });
const contents = (holding: Holding): Map<string, string> =>
  new Map(Array.from(holding.rows(0), ({ key, value }) => [key, value.join()]));
const merged = (...deltas: readonly (Delta | undefined)[]): Holding => {
  const into = new Holding({ node: 'o', incarnation: 1 }, { beat: 0, quietMs: 0 }, 0);
  for (const delta of deltas) if (delta !== undefined) into.merge(delta, 0);
  return into;
};
const stateOf = (holding: Holding): unknown => [holding.sequence, [...contents(holding)].toSorted()];

describe('the merge', () => {
  test('gives a state that the owner had, in whatever order and how often it is told', () => {
    fc.assert(
      fc.property(
        history.chain(({ states, deltas, last }) =>
          fc.record({
            states: fc.constant(states),
            last: fc.constant(last),
            order: fc.array(deltas.length === 0 ? fc.constant(undefined) : fc.constantFrom(...deltas), {
              maxLength: 40,
            }),
          }),
        ),
        ({ states, last, order }) => {
          const holding = merged();
          for (const delta of order) {
            if (delta !== undefined) holding.merge(delta, 0);
            expect(contents(holding)).toEqual(states[holding.sequence]);
          }
          if (last !== undefined) holding.merge(last, 0);
          expect(contents(holding)).toEqual(states.at(-1));
        },
      ),
    );
  });
  const whole = history.chain(({ states }) => {
    const deltas = states.slice(1).map((state, index): Delta => {
      const rows = [...state].map(([key, value], i) => ({ key, value: utf8(value), sequence: i + 1, ageMs: 0 }));
      return { node: 'o', incarnation: 1, from: 0, sequence: index + 1, beat: 1, quietMs: 0, rows };
    });
    return fc.tuple(fc.constantFrom(...deltas), fc.constantFrom(...deltas), fc.constantFrom(...deltas));
  });
  test('of whole states is commutative, associative and idempotent', () => {
    fc.assert(
      fc.property(whole, ([one, two, three]) => {
        expect(stateOf(merged(one, two))).toEqual(stateOf(merged(two, one)));
        const right = merged(two, three).delta(0, 0);
        const left = merged(one, two).delta(0, 0);
        expect(stateOf(merged(left, three))).toEqual(stateOf(merged(one, right)));
        expect(stateOf(merged(one, one))).toEqual(stateOf(merged(one)));
      }),
    );
  });
});
