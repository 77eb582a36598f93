import { describe, expect, test } from '@jest/globals';
import {
  compareBytes,
  equalBytes,
  keySizeMaxBytes,
  toHex,
  utf8,
  type KeyRange,
  type KeyValue,
  type OrderedReader,
  type OrderedStore,
} from '@skerry/kernel';
import fc from 'fast-check';
import { withSubject, type MakeSubject } from './subject.ts';

type Row = (rule: string, body: (store: OrderedStore) => Promise<void>) => void;

/** What every {@link OrderedStore} must do: an empty store for each test. */
export function orderedStoreContract(make: MakeSubject<OrderedStore>): void {
  const row: Row = (rule, body) => test(rule, withSubject(make, body));
  describe('ordered store contract', () => {
    keys(row);
    transactions(row);
    ranges(row);
    views(row);
    row('it behaves like a sorted array', likeModel);
  });
}

function put(store: OrderedStore, ...names: readonly string[]): void {
  store.transaction((writer) => {
    for (const name of names) writer.put(utf8(name), utf8(`value of ${name}`));
  });
}
const from = utf8('\0');
const names = (entries: Iterable<KeyValue>): string[] => [...entries].map(([key]) => new TextDecoder().decode(key));

function keys(row: Row): void {
  row('an absent key has no value', async (store) => {
    expect(store.get(utf8('a'))).toBeUndefined();
    expect([...store.range({ from })]).toEqual([]);
  });
  row('a value is kept as it was put, an empty one too', async (store) => {
    const value = Uint8Array.of(0, 255, 1);
    store.transaction((writer) => {
      writer.put(utf8('a'), value);
      writer.put(utf8('b'), new Uint8Array(0));
    });
    value.fill(9);
    expect(toHex(store.get(utf8('a')) ?? new Uint8Array(0))).toBe('00ff01');
    expect(store.get(utf8('b'))).toHaveLength(0);
  });
  row('a key may be changed by its caller afterwards', async (store) => {
    const key = utf8('a');
    store.transaction((writer) => writer.put(key, utf8('x')));
    key.fill(0x62);
    expect(names(store.range({ from }))).toEqual(['a']);
  });
  row('a second put replaces, a delete removes, a second delete does nothing', async (store) => {
    put(store, 'a', 'b');
    store.transaction((writer) => {
      writer.put(utf8('a'), utf8('new'));
      writer.delete(utf8('b'));
      writer.delete(utf8('b'));
    });
    expect(store.get(utf8('a'))).toEqual(utf8('new'));
    expect(store.get(utf8('b'))).toBeUndefined();
  });
  row('the longest key and a large value fit', async (store) => {
    const key = new Uint8Array(keySizeMaxBytes).fill(0xfe);
    const value = new Uint8Array(300_000).fill(5);
    store.transaction((writer) => writer.put(key, value));
    expect(equalBytes(store.get(key) ?? new Uint8Array(0), value)).toBe(true);
    expect(names(store.range({ from: Uint8Array.of(0xff) }))).toEqual([]);
  });
  row('keys that are not UTF-8 are kept apart', async (store) => {
    const odd = [Uint8Array.of(0), Uint8Array.of(0, 0), Uint8Array.of(0x80), Uint8Array.of(0xff, 0xfe)];
    store.transaction((writer) => odd.forEach((key, i) => writer.put(key, Uint8Array.of(i))));
    expect([...store.range({ from: Uint8Array.of(0) })].map(([key]) => toHex(key))).toEqual([
      '00',
      '0000',
      '80',
      'fffe',
    ]);
  });
  row('flush resolves, and closing comes after it', async (store) => {
    put(store, 'a');
    await store.flush();
    expect(names(store.range({ from }))).toEqual(['a']);
  });
}

function transactions(row: Row): void {
  row('a transaction reads its own writes and gives its result', async (store) => {
    put(store, 'a', 'c');
    const seen = store.transaction((writer) => {
      writer.put(utf8('b'), utf8('x'));
      writer.delete(utf8('c'));
      return [writer.get(utf8('b'))?.length, writer.get(utf8('c')), names(writer.range({ from })).join()];
    });
    expect(seen).toEqual([1, undefined, 'a,b']);
  });
  row('a transaction that throws writes nothing', async (store) => {
    put(store, 'a', 'b');
    const before = [...store.range({ from })].map(([key, value]) => [toHex(key), toHex(value)]);
    expect(() =>
      store.transaction((writer) => {
        writer.put(utf8('a'), utf8('changed'));
        writer.put(utf8('a'), utf8('again'));
        writer.delete(utf8('b'));
        writer.put(utf8('c'), utf8('new'));
        throw new Error('change of mind');
      }),
    ).toThrow('change of mind');
    expect([...store.range({ from })].map(([key, value]) => [toHex(key), toHex(value)])).toEqual(before);
  });
  row('a transaction follows one that threw', async (store) => {
    expect(() =>
      store.transaction(() => {
        throw new Error('first');
      }),
    ).toThrow('first');
    put(store, 'a');
    expect(store.get(utf8('a'))).toBeDefined();
  });
}

function ranges(row: Row): void {
  const cases: readonly (readonly [string, KeyRange, readonly string[]])[] = [
    ['from is inclusive, to is exclusive', { from: utf8('b'), to: utf8('d') }, ['b', 'ba', 'c']],
    ['without to, up to the last key', { from: utf8('c') }, ['c', 'd', 'd\uffff']],
    ['bounds need not be keys', { from: utf8('aa'), to: utf8('bb') }, ['b', 'ba']],
    ['limit', { from, limit: 2 }, ['a', 'b']],
    ['a limit of 0 gives nothing', { from, limit: 0 }, []],
    ['reverse gives the largest first', { from: utf8('b'), to: utf8('d'), reverse: true }, ['c', 'ba', 'b']],
    ['reverse without to starts at the last key', { from, reverse: true, limit: 2 }, ['d\uffff', 'd']],
    ['reverse includes from', { from: utf8('d'), reverse: true }, ['d\uffff', 'd']],
    ['an empty range', { from: utf8('c'), to: utf8('c') }, []],
    ['a range that is upside down', { from: utf8('d'), to: utf8('b') }, []],
    ['a range that is upside down, in reverse', { from: utf8('d'), to: utf8('b'), reverse: true }, []],
  ];
  for (const [rule, range, expected] of cases)
    row(`range: ${rule}`, async (store) => {
      put(store, 'd', 'a', 'ba', 'c', 'b', 'd\uffff');
      expect(names(store.range(range))).toEqual(expected);
      expect(store.transaction((writer) => names(writer.range(range)))).toEqual(expected);
    });
  row('a range may be left before its end', async (store) => {
    put(store, 'a', 'b', 'c');
    for (const [key] of store.range({ from })) if (names([[key, key]])[0] === 'b') break;
    put(store, 'd');
    expect(names(store.range({ from }))).toEqual(['a', 'b', 'c', 'd']);
  });
}

type Operation = { readonly key: Uint8Array; readonly value: Uint8Array | undefined };
type Pair = readonly [string, string];

// Few different bytes, so that keys meet: prefixes of each other, both ends of the byte range.
const byte = fc.constantFrom(0, 1, 0x61, 0x7f, 0x80, 0xff);
const key = fc.array(byte, { minLength: 1, maxLength: 4 }).map((bytes) => Uint8Array.from(bytes));
const operation = fc.record({ key, value: fc.option(fc.uint8Array({ maxLength: 5 }), { nil: undefined }) });
const batch = fc.record({ operations: fc.array(operation, { maxLength: 12 }), fails: fc.boolean() });
const query = fc.record({
  from: key,
  to: fc.option(key, { nil: undefined }),
  reverse: fc.boolean(),
  limit: fc.integer({ min: 0, max: 6 }),
});

function applied(model: readonly Operation[], operations: readonly Operation[]): readonly Operation[] {
  let next = [...model];
  for (const change of operations) {
    next = next.filter((entry) => !equalBytes(entry.key, change.key));
    if (change.value !== undefined) next.push(change);
  }
  return next.toSorted((a, b) => compareBytes(a.key, b.key));
}
function modelRange(model: readonly Operation[], range: KeyRange): Pair[] {
  const { to, limit } = range;
  const inside = model.filter(
    (entry) => compareBytes(entry.key, range.from) >= 0 && (to === undefined || compareBytes(entry.key, to) < 0),
  );
  if (range.reverse === true) inside.reverse();
  return inside.slice(0, limit).map((entry) => [toHex(entry.key), toHex(entry.value ?? new Uint8Array(0))]);
}
const pairs = (reader: OrderedReader, range: KeyRange): Pair[] =>
  [...reader.range(range)].map(([k, v]) => [toHex(k), toHex(v)]);

function views(row: Row): void {
  row('a view stays as it is while transactions go on', async (store) => {
    put(store, 'a', 'b', 'c');
    const view = await store.openView();
    store.transaction((writer) => {
      writer.delete(utf8('a'));
      writer.put(utf8('b'), utf8('later'));
      writer.put(utf8('bb'), utf8('new'));
    });
    await store.flush();
    expect(names(view.range({ from }))).toEqual(['a', 'b', 'c']);
    expect(names(view.range({ from, reverse: true, limit: 2 }))).toEqual(['c', 'b']);
    expect(names(view.range({ from: utf8('b'), to: utf8('c') }))).toEqual(['b']);
    expect([view.get(utf8('b')), view.get(utf8('bb'))]).toEqual([utf8('value of b'), undefined]);
    expect(names(store.range({ from }))).toEqual(['b', 'bb', 'c']);
    view.close();
    view.close();
  });
  row('a view has many rows, and is read in parts between writes', async (store) => {
    const many = Array.from({ length: 1_000 }, (_, n) => `k${String(n).padStart(4, '0')}`);
    put(store, ...many);
    const view = await store.openView();
    const seen: string[] = [];
    for (let after = from; ;) {
      const page = names(view.range({ from: after, limit: 300 }));
      seen.push(...page);
      if (page.length < 300) break;
      after = utf8(`${page.at(-1)}\0`);
      store.transaction((writer) => {
        for (const name of many.slice(-200)) writer.delete(utf8(name));
      });
      await store.flush();
    }
    expect(seen).toEqual(many);
    view.close();
  });
}

async function likeModel(store: OrderedStore): Promise<void> {
  const lowest = Uint8Array.of(0);
  fc.assert(
    fc.property(fc.array(batch, { maxLength: 8 }), fc.array(query, { maxLength: 6 }), (batches, queries) => {
      store.transaction((writer) => {
        const all = Array.from(writer.range({ from: lowest }), ([k]) => k.slice());
        for (const k of all) writer.delete(k);
      });
      let model: readonly Operation[] = [];
      for (const { operations, fails } of batches) {
        const change = (): void =>
          store.transaction((writer) => {
            for (const { key: k, value } of operations) {
              if (value === undefined) writer.delete(k);
              else writer.put(k, value);
            }
            const inside = applied(model, operations);
            for (const range of queries) expect(pairs(writer, range)).toEqual(modelRange(inside, range));
            if (fails) throw new Error('rolled back');
          });
        if (fails) expect(change).toThrow('rolled back');
        else {
          change();
          model = applied(model, operations);
        }
        for (const range of [...queries, { from: lowest }])
          expect(pairs(store, range)).toEqual(modelRange(model, range));
      }
    }),
    { numRuns: 60 },
  );
}
