/** Rows that are copied into an answer as they lie are those that are shown one by one. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { RowTarget } from './row-target.ts';
import { Slices } from './slices.ts';
import { nothing, part, TestTable, testSchema } from './test-table.ts';

const now = 1000;
const keyCount = 4;
const clusteringCount = 12;
const regularCount = 3;
const unlimited = 0x3fff_ffff;
const range = { fromHi: -0x80000000, fromLo: 0, fromInclusive: true, toHi: 0x7fffffff, toLo: -1 };

type Step =
  | { readonly do: 'whole'; readonly key: number; readonly row: number; readonly at: number; readonly sizes: Sizes }
  | { readonly do: 'many'; readonly key: number; readonly from: number; readonly at: number; readonly size: number }
  | { readonly do: 'expiring'; readonly key: number; readonly row: number; readonly at: number }
  | { readonly do: 'deleteRow' | 'deleteRange'; readonly key: number; readonly row: number; readonly at: number }
  | { readonly do: 'deletePartition'; readonly key: number; readonly at: number }
  | { readonly do: 'flush' }
  | { readonly do: 'merge' };
type Sizes = readonly [number, number, number];
/** `components`: of the key; `clustered`: without a clustering there is one row to a partition. */
type Shape = { readonly components: 1 | 2; readonly clustered: boolean };
type Reading = {
  readonly scan: boolean;
  readonly slices: Slices | undefined;
  readonly reverse: boolean;
  readonly most: number;
  readonly sizeMaxBytes: number;
};

/** Where rows are copied to: another buffer each time that it is too small. */
class Copied implements RowTarget {
  buffer = new Uint8Array(8);
  view = new DataView(this.buffer.buffer);
  at = 0;
  count = 0;
  room(sizeBytes: number): boolean {
    const { buffer, at } = this;
    this.buffer = new Uint8Array(at + sizeBytes);
    this.view = new DataView(this.buffer.buffer);
    this.buffer.set(buffer.subarray(0, at));
    return true;
  }
  /** What was copied, a text for each row. */
  take(count: number, cells: number): readonly string[] {
    let from = 0;
    const rows = Array.from({ length: count }, () => {
      let to = from;
      for (let cell = 0; cell < cells; cell++) to += 4 + Math.max(0, this.view.getInt32(to));
      const row = this.buffer.slice(from, to).join(' ');
      from = to;
      return row;
    });
    expect(from).toBe(this.at);
    this.at = 0;
    this.count += count;
    return rows;
  }
}

class Rows {
  readonly table: TestTable;
  readonly #shape: Shape;
  copied = 0;
  constructor(shape: Shape) {
    this.#shape = shape;
    const [key] = testSchema().partitionKey;
    const keys = key === undefined ? [] : Array.from({ length: shape.components }, () => key);
    const over = { partitionKey: keys, statics: [] };
    this.table = new TestTable(testSchema(shape.clustered ? over : { ...over, clustering: [] }));
  }
  /** Of two components the second is empty for some, and longer than a round of copying for others. */
  key(key: number): Uint8Array {
    if (this.#shape.components === 1) return Uint8Array.of(key, ...Array.from({ length: 3 * key }, () => 9));
    const second = Array.from({ length: 5 * key }, () => 7);
    return Uint8Array.of(0, 1, key, 0, 0, second.length, ...second, 0);
  }
  #ordered(row: number) {
    return this.#shape.clustered ? part(Uint8Array.of(row)) : nothing;
  }
  #wire(row: number) {
    return this.#shape.clustered ? part(Uint8Array.of(0, 0, 0, 2, row, row)) : nothing;
  }
  #mutate(key: number, body: () => void): void {
    const { writer } = this.table;
    const bytes = this.key(key);
    writer.begin(7, bytes, 0, bytes.length);
    body();
    writer.end();
    this.table.apply();
  }
  #whole(row: number, at: number, sizes: readonly number[]): void {
    const { writer, layout } = this.table;
    writer.denseRow(layout.regulars, this.#ordered(row), this.#wire(row), 0, at, at % 2 === 0);
    // A size of -1 is not written.
    for (const size of sizes) writer.cell(new Uint8Array(Math.max(0, size)).fill(row + at), 0, size);
    writer.endDenseRow();
  }
  step(step: Step): void {
    const { table } = this;
    const { writer } = table;
    switch (step.do) {
      case 'whole':
        return this.#mutate(step.key, () => this.#whole(step.row, step.at, step.sizes));
      case 'many':
        for (let row = step.from; row < clusteringCount; row++)
          this.#mutate(step.key, () => this.#whole(row, step.at, [step.size, row, 1]));
        return;
      case 'expiring':
        return this.#mutate(step.key, () => {
          writer.row(this.#ordered(step.row), this.#wire(step.row));
          writer.value(3, Uint8Array.of(1), 0, 1, 0, step.at, 10, step.at % 2 === 0 ? now - 1 : now + 1);
          writer.endRow();
        });
      case 'deleteRow':
        return this.#mutate(step.key, () => {
          writer.row(this.#ordered(step.row), this.#wire(step.row));
          writer.rowDeletion(0, step.at, 500);
          writer.endRow();
        });
      case 'deleteRange': {
        if (!this.#shape.clustered) return;
        const to = part(Uint8Array.of(step.row + 2));
        return this.#mutate(step.key, () => writer.rangeDeletion(this.#ordered(step.row), to, 0, step.at, 500));
      }
      case 'deletePartition':
        return this.#mutate(step.key, () => writer.partitionDeletion(0, step.at, 500));
      case 'flush':
        table.seal();
        return table.flush(now);
      case 'merge':
        return table.merge([0, 1], now, 0);
    }
  }
  /** Rows as an answer has them. @param isCopying those that can be are copied. */
  answer({ scan, slices, reverse, most, sizeMaxBytes }: Reading, isCopying: boolean): readonly string[] {
    const { reader, layout } = this.table;
    const rows: string[] = [];
    const target = new Copied();
    const cells = this.#shape.components + (this.#shape.clustered ? 1 : 0) + regularCount;
    const copy = (by: 'copyRows' | 'copyPartitions'): void => {
      if (!isCopying) return;
      const count = reader[by](target, most, sizeMaxBytes);
      expect(count).toBeLessThanOrEqual(most);
      expect(target.at).toBeLessThanOrEqual(sizeMaxBytes);
      rows.push(...target.take(count, cells));
    };
    const partition = (): void => {
      const { keyBytes, keyFrom, keySize } = reader;
      const key = keyCells(keyBytes.slice(keyFrom, keyFrom + keySize), this.#shape.components);
      for (copy('copyRows'); reader.nextRow(); copy('copyRows')) rows.push([...key, ...this.#shown()].join(' '));
    };
    if (scan) {
      reader.openScan(layout, range, slices, reverse, now);
      for (copy('copyPartitions'); reader.nextPartition(); copy('copyPartitions')) partition();
    } else
      for (let key = 0; key < keyCount; key++) {
        const bytes = this.key(key);
        reader.openPartition(layout, bytes, 0, bytes.length, slices, reverse, now);
        if (reader.nextPartition()) partition();
        rows.push(`${reader.tombstones} tombstones, ${reader.liveRows} live of ${key}`);
      }
    this.copied += target.count;
    return [...rows, `${reader.tombstones} tombstones, ${reader.liveRows} live`];
  }
  /** The current row's cells behind its key's. */
  #shown(): readonly number[] {
    const { row, layout } = { row: this.table.reader.row, layout: this.table.layout.regulars };
    row.columns();
    const regulars = layout.columns.flatMap((_, place) => {
      const size = row.sizes[place] ?? -1;
      const from = row.starts[place] ?? 0;
      return size < 0 ? [255, 255, 255, 255] : [...sized(size), ...row.bytes.slice(from, from + size)];
    });
    return [...row.bytes.slice(row.wireFrom, row.wireTo), ...regulars];
  }
}
const sized = (size: number): readonly number[] => [0, 0, size >>> 8, size & 255];
function keyCells(key: Uint8Array, components: number): readonly number[] {
  if (components === 1) return [...sized(key.length), ...key];
  const second = key.slice(6, -1);
  return [...sized(1), ...key.slice(2, 3), ...sized(second.length), ...second];
}

const key = fc.integer({ min: 0, max: keyCount - 1 });
const row = fc.integer({ min: 0, max: clusteringCount - 1 });
/** The runs of a test table say that nothing in them is newer than 20. */
const at = fc.constantFrom(1, 2, 3, 4, 5, 6, 21, 22, 23);
const size = fc.oneof(fc.integer({ min: -1, max: 20 }), fc.constantFrom(300, 400));
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('whole' as const), key, row, at, sizes: fc.tuple(size, size, size) }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('many' as const), key, from: row, at, size }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('expiring' as const), key, row, at }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('deleteRow' as const, 'deleteRange'), key, row, at }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('deletePartition' as const), key, at }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('flush' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('merge' as const) }) },
);
const slices = fc.option(
  fc.uniqueArray(row, { minLength: 2, maxLength: 6 }).map((bounds) => {
    const sorted = bounds.toSorted((a, b) => a - b);
    const made = new Slices();
    for (let i = 0; i + 1 < sorted.length; i += 2)
      made.add(Uint8Array.of(sorted[i] ?? 0), 0, 1, Uint8Array.of(sorted[i + 1] ?? 0), 0, 1);
    return made;
  }),
  { nil: undefined },
);
const reading: fc.Arbitrary<Reading> = fc.record({
  scan: fc.boolean(),
  slices,
  reverse: fc.boolean(),
  most: fc.constantFrom(1, 2, 5, unlimited),
  sizeMaxBytes: fc.constantFrom(10, 60, 500, unlimited),
});
const shape: fc.Arbitrary<Shape> = fc.record({ components: fc.constantFrom(1 as const, 2), clustered: fc.boolean() });

describe('copies', () => {
  test('rows that are copied are those that are shown', () =>
    fc.assert(
      fc.property(
        shape,
        fc.array(step, { maxLength: 30 }),
        fc.array(reading, { minLength: 2, maxLength: 5 }),
        (of, steps, readings) => {
          const rows = new Rows(of);
          for (const one of steps) rows.step(one);
          for (const one of readings) expect(rows.answer(one, true)).toEqual(rows.answer(one, false));
        },
      ),
      { numRuns: 120 },
    ));
  test('all rows of a partition in one place are copied, and all partitions of a scan', () => {
    const all = { slices: undefined, reverse: false, most: unlimited, sizeMaxBytes: unlimited };
    for (const flushed of [false, true]) {
      const wide = new Rows({ components: 2, clustered: true });
      for (let one = 0; one < keyCount; one++) wide.step({ do: 'many', key: one, from: 0, at: 2, size: 9 });
      if (flushed) wide.step({ do: 'flush' });
      wide.answer({ ...all, scan: false }, true);
      wide.answer({ ...all, scan: true, reverse: true }, true);
      expect(wide.copied).toBe(2 * keyCount * clusteringCount);
      const narrow = new Rows({ components: 1, clustered: false });
      for (let one = 0; one < keyCount; one++) narrow.step({ do: 'whole', key: one, row: 0, at: 2, sizes: [1, 2, 3] });
      if (flushed) narrow.step({ do: 'flush' });
      narrow.answer({ ...all, scan: true }, true);
      expect(narrow.copied).toBe(keyCount);
    }
  });
});
