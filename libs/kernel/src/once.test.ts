import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ByteWriter } from './byte-writer.ts';
import { fromUtf8, utf8 } from './bytes.ts';
import { Epoch, idToBytes, LogIndex, OperationId, Term } from './ids.ts';
import { MemoryStore } from './memory-store.ts';
import { Once, operationsRememberedMax } from './once.ts';
import { rowOperationsMax, rowSizeMaxBytes, rowSpanMax } from './remembered.ts';
import type { Applied, Entry, StateMachine } from './state-machine.ts';

const counterKey = utf8('counter');
/** Counts how often it was applied; the result is the count, the effect too. */
const counter: StateMachine<string> = {
  initialise: (state) => state.put(counterKey, utf8('0')),
  apply: (_, state) => {
    const count = String(Number(fromUtf8(state.get(counterKey) ?? new Uint8Array(0))) + 1);
    state.put(counterKey, utf8(count));
    return { result: utf8(count), effects: [`counted ${count}`] };
  },
};
const operation = (number: number): OperationId => OperationId(number.toString(16).padStart(32, '0'));

const entryAt = (index: number, id: OperationId): Entry => ({
  epoch: Epoch('0'.repeat(32)),
  term: Term(1),
  index: LogIndex(index),
  operationId: id,
  time: { wallMs: index, counter: 0 },
  command: new Uint8Array(0),
});

function bench() {
  const store = new MemoryStore();
  store.transaction((writer) => counter.initialise(writer));
  return benchOn(store);
}
function benchOn(store: MemoryStore) {
  const once = new Once(counter);
  const remembers = (number: number): boolean => once.remembered(operation(number), store) !== undefined;
  const apply = (index: number, id: OperationId): Applied<string> =>
    store.transaction((writer) => once.apply(entryAt(index, id), writer));
  const failing = (index: number, id: OperationId): void =>
    expect(() =>
      store.transaction((writer) => {
        once.apply(entryAt(index, id), writer);
        throw new Error('of the disk');
      }),
    ).toThrow('of the disk');
  return {
    store,
    apply,
    /** In one transaction. */
    applyAll: (records: readonly (readonly [index: number, number: number])[]): readonly string[] =>
      store.transaction((writer) => {
        const entries = records.map(([index, number]) => entryAt(index, operation(number)));
        return once.applyAll(entries, writer, ({ result }) => fromUtf8(result) ?? '');
      }),
    remembers,
    failing,
    result: (index: number, number: number) => fromUtf8(apply(index, operation(number)).result),
  };
}

describe('once', () => {
  test('applied twice gives the first result, and no effects', () => {
    const { store, apply } = bench();
    expect(apply(1, operation(7))).toEqual({ result: utf8('1'), effects: ['counted 1'] });
    expect(apply(2, operation(7))).toEqual({ result: utf8('1'), effects: [] });
    expect(apply(3, operation(8))).toEqual({ result: utf8('2'), effects: ['counted 2'] });
    expect(store.get(counterKey)).toEqual(utf8('2'));
  });
  test('whether it is remembered can be asked for, also of one that began anew', () => {
    const { store, apply, remembers } = bench();
    expect(remembers(7)).toBe(false);
    apply(1, operation(7));
    expect(remembers(7)).toBe(true);
    expect(benchOn(store).remembers(7)).toBe(true);
    expect(benchOn(store).remembers(8)).toBe(false);
    expect(new Once(counter).remembered(operation(7), store)).toEqual(utf8('1'));
  });
  test('a result may be changed by whoever got it', () => {
    const { apply, result } = bench();
    apply(1, operation(7));
    apply(2, operation(7)).result.fill(0);
    expect(result(3, 7)).toBe('1');
  });
  test('an operation is not forgotten before so many records, and then with all of its row', () => {
    const { result, remembers } = bench();
    expect(result(1, 7)).toBe('1');
    expect(result(2, 8)).toBe('2');
    expect(result(1 + operationsRememberedMax, 7)).toBe('1');
    expect(remembers(7)).toBe(true);
    expect(result(2 + operationsRememberedMax, 9)).toBe('3');
    expect([7, 8, 9].map(remembers)).toEqual([false, false, true]);
    expect(result(3 + operationsRememberedMax, 7)).toBe('4');
  });
  test('nothing is remembered for ever when indexes are left out, or repeats come in their place', () => {
    const { store, apply, remembers } = bench();
    for (let i = 1; i <= 40; i++) apply(i, operation(i));
    // Records that no state machine sees (a new leader's first) leave holes; a repeat is a record too.
    for (let i = 1; i <= 60; i += 3) apply(operationsRememberedMax + i, operation(1_000 + (i % 2)));
    for (let i = 1; i <= 40; i++) expect(remembers(i)).toBe(false);
    expect([...store.range({ from: utf8('once/') })]).toHaveLength(1);
  });
  test('rows are read once, and what is forgotten is not looked for', () => {
    const { store, apply } = bench();
    const [get, range] = [store.get.bind(store), store.range.bind(store)];
    let reads = 0;
    store.range = (wanted) => {
      reads += 1;
      return range(wanted);
    };
    store.get = (key) => {
      if (fromUtf8(key.subarray(0, 5)) === 'once/') reads += 1;
      return get(key);
    };
    for (let i = 1; i <= 40; i++) apply(i, operation(i));
    for (let i = 41; i <= 3 * operationsRememberedMax; i += operationsRememberedMax / 10) apply(i, operation(i));
    // One for each format.
    expect(reads).toBe(3);
    expect([...range({ from: utf8('once/') })].length).toBeLessThan(12);
  });
  test('dozens of operations share a row, and fewer large ones', () => {
    const { store, apply } = bench();
    const rows = (): number => [...store.range({ from: utf8('once/') })].length;
    for (let i = 1; i <= rowOperationsMax; i++) apply(i, operation(i));
    expect(rows()).toBe(1);
    apply(rowOperationsMax + 1, operation(rowOperationsMax + 1));
    expect(rows()).toBe(2);
    apply(rowOperationsMax + rowSpanMax, operation(rowOperationsMax + 2));
    expect(rows()).toBe(2);
    apply(rowOperationsMax + rowSpanMax + 1, operation(rowOperationsMax + 3));
    expect(rows()).toBe(3);
    const large = new Once<never>({
      initialise: () => undefined,
      apply: () => ({ result: new Uint8Array(rowSizeMaxBytes), effects: [] }),
    });
    const other = new MemoryStore();
    for (let i = 1; i <= 3; i++) other.transaction((writer) => large.apply(entryAt(i, operation(i)), writer));
    expect([...other.range({ from: utf8('once/') })]).toHaveLength(3);
  });
  test('records applied together leave what they leave one by one, repeats among them too', () => {
    const numbers = fc.array(fc.tuple(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 0, max: 90 })), {
      maxLength: 120,
    });
    fc.assert(
      fc.property(numbers, fc.integer({ min: 1, max: 50 }), (steps, together) => {
        const [alone, joined] = [bench(), bench()];
        let index = 0;
        const records = steps.map(([step, number], n) => {
          index += n % 50 === 49 ? operationsRememberedMax : step;
          return [index, number] as const;
        });
        for (let at = 0; at < records.length; at += together) {
          const part = records.slice(at, at + together);
          expect(joined.applyAll(part)).toEqual(part.map(([place, number]) => alone.result(place, number)));
          expect([...joined.store.range({ from: utf8('') })]).toEqual([...alone.store.range({ from: utf8('') })]);
        }
      }),
    );
  });
  /** As the program before the one before this one wrote it. */
  const rememberAsAtFirst = (store: MemoryStore, index: number, number: number, result: string): void =>
    store.transaction((writer) => {
      const id = idToBytes(operation(number));
      writer.put(Uint8Array.of(...utf8('once/result/'), ...id), utf8(result));
      writer.put(Uint8Array.of(...utf8('once/index/'), ...new ByteWriter().u64(index).finish()), id);
    });
  /** As the program before this one wrote it. */
  const rememberAsBefore = (store: MemoryStore, index: number, number: number, result: string): void =>
    store.transaction((writer) => {
      const row = new ByteWriter().u64(index).raw(utf8(result)).finish();
      writer.put(Uint8Array.of(...utf8('once/2/'), ...idToBytes(operation(number))), row);
    });
  test.each([
    ['the program before', rememberAsBefore],
    ['the one before that', rememberAsAtFirst],
  ])('what %s remembered is answered, and forgotten in its turn', (_, remember) => {
    const { store, result, remembers } = bench();
    remember(store, 5, 7, 'seven');
    remember(store, 6, 8, 'eight');
    expect(result(9, 9)).toBe('1');
    expect(result(10, 7)).toBe('seven');
    expect(remembers(8)).toBe(true);
    expect(result(operationsRememberedMax + 4, 7)).toBe('seven');
    expect(result(operationsRememberedMax + 6, 10)).toBe('2');
    expect(remembers(8)).toBe(false);
    expect(result(operationsRememberedMax + 8, 7)).toBe('3');
    expect(result(operationsRememberedMax + 9, 9)).toBe('1');
    expect(result(operationsRememberedMax + 10, 9)).toBe('4');
    expect([...store.range({ from: utf8('once/') })]).toHaveLength(1);
  });
  test('forgets the same as one that began anew at each record', () => {
    const records = fc.array(fc.tuple(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 0, max: 30 })), {
      maxLength: 60,
    });
    fc.assert(
      fc.property(records, fc.integer({ min: 0, max: 59 }), (steps, backAt) => {
        const one = bench();
        const fresh = new MemoryStore();
        for (const store of [one.store, fresh])
          for (const number of [3, 1, 40]) {
            rememberAsAtFirst(store, number, number, `at first ${number}`);
            rememberAsBefore(store, number + 1, number + 1, `before ${number}`);
          }
        let index = 41;
        for (const [n, [step, number]] of steps.entries()) {
          index += n % 9 === 8 ? operationsRememberedMax - step : step;
          // What failed is applied again, at the same index.
          if (n === backAt) one.failing(index, operation(number));
          one.apply(index, operation(number));
          benchOn(fresh).apply(index, operation(number));
          expect([...one.store.range({ from: utf8('once/') })]).toEqual([...fresh.range({ from: utf8('once/') })]);
        }
      }),
    );
  });
});
