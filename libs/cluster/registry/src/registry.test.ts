import { beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  departedKeptLeases,
  nodeCountMax,
  Registry,
  type Effect,
  type Entry,
  type NodeRecord,
  type ToldEntry,
} from './registry.ts';

const lease = 4;
const node = (nodeId: string, over: Partial<NodeRecord> = {}): NodeRecord => ({
  nodeId,
  role: 'data',
  site: '',
  address: '127.0.0.1:1',
  incarnation: 10,
  endpoints: {},
  load: 0,
  ...over,
});

let registry: Registry;
beforeEach(() => {
  registry = new Registry(lease);
});
const register = (record: NodeRecord): readonly Effect[] => registry.step({ kind: 'register', record });
const beat = (nodeId: string, incarnation = 10, load = 0): readonly Effect[] =>
  registry.step({ kind: 'heartbeat', nodeId, incarnation, load });
const unregister = (nodeId: string, incarnation = 10): readonly Effect[] =>
  registry.step({ kind: 'unregister', nodeId, incarnation });
const ticks = (count: number): readonly Effect[] =>
  Array.from({ length: count }, () => registry.step({ kind: 'tick' })).flat();
const names = (role?: string): string[] => registry.nodes(role).map(({ nodeId }) => nodeId);

describe('register', () => {
  test('a new node joins', () => {
    expect(register(node('a'))).toEqual([{ kind: 'accepted' }, { kind: 'joined', record: node('a') }]);
    expect(registry.find('a')).toEqual(node('a'));
  });
  test('the same life renews, silently when nothing changed', () => {
    register(node('a'));
    expect(register(node('a'))).toEqual([{ kind: 'accepted' }]);
    const moved = node('a', { endpoints: { ftp: 'ftp://x' } });
    expect(register(moved)).toEqual([{ kind: 'accepted' }, { kind: 'changed', record: moved }]);
  });
  test('a newer life replaces', () => {
    register(node('a'));
    const reborn = node('a', { incarnation: 11 });
    expect(register(reborn)).toEqual([{ kind: 'accepted' }, { kind: 'changed', record: reborn }]);
    expect(registry.count).toBe(1);
  });
  test('an older life is refused, also after the newer one left', () => {
    register(node('a', { incarnation: 11 }));
    const refused = [{ kind: 'refused', why: 'older', knownIncarnation: 11 }];
    expect(register(node('a'))).toEqual(refused);
    unregister('a', 11);
    expect(register(node('a'))).toEqual(refused);
  });
  test('a full table refuses new nodes and keeps the old', () => {
    for (let i = 0; i < nodeCountMax; i++) register(node(`n${i}`));
    expect(register(node('one-more'))).toEqual([{ kind: 'refused', why: 'full', knownIncarnation: 0 }]);
    expect(register(node('n0'))).toEqual([{ kind: 'accepted' }]);
    expect(registry.count).toBe(nodeCountMax);
    unregister('n0');
    expect(register(node('one-more'))[0]).toEqual({ kind: 'accepted' });
  });
  test('nodes are listed by role, in order of their ids', () => {
    for (const each of [node('c'), node('a'), node('b', { role: 'auth' })]) register(each);
    expect(names()).toEqual(['a', 'b', 'c']);
    expect(names('data')).toEqual(['a', 'c']);
    expect(names('routing')).toEqual([]);
  });
});

describe('lease', () => {
  test('a silent node leaves after its lease, not before', () => {
    register(node('a'));
    expect(ticks(lease - 1)).toEqual([]);
    expect(ticks(1)).toEqual([{ kind: 'left', record: node('a') }]);
    expect(names()).toEqual([]);
  });
  test('a heartbeat renews the lease', () => {
    register(node('a'));
    for (let round = 0; round < 5; round++) {
      expect(ticks(lease - 1)).toEqual([]);
      expect(beat('a')).toEqual([{ kind: 'beaten', known: true }]);
    }
    expect(names()).toEqual(['a']);
  });
  test('a heartbeat brings the load', () => {
    register(node('a'));
    const loaded = node('a', { load: 7 });
    expect(beat('a', 10, 7)).toEqual([
      { kind: 'beaten', known: true },
      { kind: 'changed', record: loaded },
    ]);
  });
  test('a heartbeat of nobody, of another life, or after the lease is not known', () => {
    const unknown = [{ kind: 'beaten', known: false }];
    expect(beat('a')).toEqual(unknown);
    register(node('a'));
    expect(beat('a', 9)).toEqual(unknown);
    expect(beat('a', 11)).toEqual(unknown);
    ticks(lease);
    expect(beat('a')).toEqual(unknown);
  });
  test('who left comes back by registering again', () => {
    register(node('a'));
    ticks(lease);
    expect(register(node('a'))).toEqual([{ kind: 'accepted' }, { kind: 'joined', record: node('a') }]);
  });
  test('the departed are forgotten in the end', () => {
    register(node('a'));
    unregister('a');
    expect(registry.entries()).toHaveLength(1);
    ticks(lease * departedKeptLeases);
    expect(registry.entries()).toEqual([]);
  });
});

describe('signs of life that the node counts itself', () => {
  const counted = (beat: number, over: Partial<NodeRecord> = {}): readonly Effect[] =>
    registry.step({ kind: 'register', record: node('a', over), beat });
  const countedBeat = (beat: number, load = 0): readonly Effect[] =>
    registry.step({ kind: 'heartbeat', nodeId: 'a', incarnation: 10, load, beat });
  test('one that was overtaken by a later one says nothing', () => {
    counted(1);
    countedBeat(3, 7);
    expect(countedBeat(2, 5)).toEqual([{ kind: 'beaten', known: true }]);
    expect(counted(2, { load: 5 })).toEqual([{ kind: 'accepted' }]);
    expect(registry.find('a')?.load).toBe(7);
  });
  test('a registration that was on its way during the farewell brings nobody back', () => {
    counted(1);
    registry.step({ kind: 'unregister', nodeId: 'a', incarnation: 10, beat: 5 });
    expect(counted(4)).toEqual([{ kind: 'refused', why: 'older', knownIncarnation: 10 }]);
    expect(countedBeat(4)).toEqual([{ kind: 'beaten', known: false }]);
    expect(counted(1, { incarnation: 11 })[0]).toEqual({ kind: 'accepted' });
  });
  test('silence here does not outweigh a sign of life elsewhere', () => {
    const other = new Registry(lease);
    for (const each of [registry, other]) each.step({ kind: 'register', record: node('a'), beat: 1 });
    // It beats there more often than here, and is lost there first.
    for (const beat of [2, 3, 4]) other.step({ kind: 'heartbeat', nodeId: 'a', incarnation: 10, load: 0, beat });
    for (let i = 0; i < lease; i++) other.step({ kind: 'tick' });
    countedBeat(5);
    expect(registry.step({ kind: 'merge', entries: other.newerThan([]) })).toEqual([]);
    expect(names()).toEqual(['a']);
  });
});

describe('unregister', () => {
  test('a node leaves at once, and only once', () => {
    register(node('a'));
    expect(unregister('a')).toEqual([{ kind: 'left', record: node('a') }]);
    expect(unregister('a')).toEqual([]);
  });
  test('an older life cannot take the newer one away', () => {
    register(node('a', { incarnation: 11 }));
    expect(unregister('a', 10)).toEqual([]);
    expect(names()).toEqual(['a']);
  });
});

const entry: fc.Arbitrary<ToldEntry> = fc
  .record({
    nodeId: fc.constantFrom('a', 'b', 'c'),
    incarnation: fc.integer({ min: 1, max: 3 }),
    heartbeat: fc.integer({ min: 1, max: 3 }),
    state: fc.constantFrom('up' as const, 'left' as const),
    quietTicks: fc.nat(2 * lease),
    load: fc.nat(2),
    endpoint: fc.constantFrom('x', 'y'),
  })
  .map(({ nodeId, incarnation, load, endpoint, ...entryOf }) => ({
    record: node(nodeId, { incarnation, load, endpoints: { ftp: endpoint } }),
    ...entryOf,
  }));
const table = fc.array(entry, { maxLength: 6 });
const told = (entries: readonly Entry[]): readonly ToldEntry[] => entries.map((each) => ({ quietTicks: 0, ...each }));
const merged = (...tables: (readonly Entry[])[]): readonly Entry[] => {
  const into = new Registry(lease);
  for (const entries of tables) into.step({ kind: 'merge', entries: told(entries) });
  return into.entries();
};

describe('merge', () => {
  test('is commutative', () => {
    fc.assert(fc.property(table, table, (a, b) => expect(merged(a, b)).toEqual(merged(b, a))));
  });
  test('is associative', () => {
    fc.assert(
      fc.property(table, table, table, (a, b, c) => expect(merged(merged(a, b), c)).toEqual(merged(a, merged(b, c)))),
    );
  });
  test('is idempotent', () => {
    fc.assert(fc.property(table, (a) => expect(merged(a, a, merged(a))).toEqual(merged(a))));
  });
  test('a later heartbeat brings back who was thought silent; the same one does not', () => {
    const other = new Registry(lease);
    for (const each of [registry, other]) each.step({ kind: 'register', record: node('a') });
    ticks(lease);
    expect(registry.step({ kind: 'merge', entries: other.newerThan([]) })).toEqual([]);
    other.step({ kind: 'heartbeat', nodeId: 'a', incarnation: 10, load: 0 });
    const news = other.newerThan(registry.versions());
    expect(registry.step({ kind: 'merge', entries: news })).toEqual([{ kind: 'joined', record: node('a') }]);
  });
  test('a lease is no longer for those who hear of it later', () => {
    const other = new Registry(lease);
    register(node('a'));
    ticks(lease - 1);
    other.step({ kind: 'merge', entries: registry.newerThan([]) });
    expect(other.step({ kind: 'tick' })).toEqual([{ kind: 'left', record: node('a') }]);
  });
  test('what one lacks, the other tells', () => {
    const other = new Registry(lease);
    register(node('a'));
    register(node('b'));
    other.step({ kind: 'register', record: node('b') });
    other.step({ kind: 'register', record: node('c') });
    other.step({ kind: 'heartbeat', nodeId: 'b', incarnation: 10, load: 0 });
    const names = (entries: readonly ToldEntry[]): string[] => entries.map(({ record }) => record.nodeId);
    expect(names(other.newerThan(registry.versions()))).toEqual(['c', 'b']);
    expect(other.behind(registry.versions())).toEqual(['a']);
    expect(names(registry.tell(['a', 'nobody']))).toEqual(['a']);
  });
});

test('the news, replayed, give the table', () => {
  const id = fc.constantFrom('a', 'b', 'c');
  const incarnation = fc.integer({ min: 1, max: 3 });
  const input = fc.oneof(
    fc.record({
      kind: fc.constant('register' as const),
      record: fc.tuple(id, incarnation).map(([n, i]) => node(n, { incarnation: i })),
    }),
    fc.record({ kind: fc.constant('heartbeat' as const), nodeId: id, incarnation, load: fc.nat(2) }),
    fc.record({ kind: fc.constant('unregister' as const), nodeId: id, incarnation }),
    fc.record({ kind: fc.constant('merge' as const), entries: table }),
    fc.constant({ kind: 'tick' as const }),
  );
  fc.assert(
    fc.property(fc.array(input, { maxLength: 60 }), (inputs) => {
      const machine = new Registry(lease);
      const replayed = new Map<string, NodeRecord>();
      for (const each of inputs)
        for (const effect of machine.step(each)) {
          if (effect.kind === 'joined') expect(replayed.has(effect.record.nodeId)).toBe(false);
          if (effect.kind === 'joined' || effect.kind === 'changed') replayed.set(effect.record.nodeId, effect.record);
          if (effect.kind === 'left') expect(replayed.delete(effect.record.nodeId)).toBe(true);
        }
      expect(machine.nodes()).toEqual([...replayed.values()].toSorted((a, b) => (a.nodeId < b.nodeId ? -1 : 1)));
      expect(machine.count).toBe(replayed.size);
    }),
  );
});
