/** Random writes, deletions, flushes and reads, against a plain map of what each cell must be. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { compareBytes } from '@skerry/kernel';
import { Slices } from './slices.ts';
import { nothing, part, TestTable } from './test-table.ts';

type Bounds = readonly [from: number, to: number];
type Step =
  | { readonly do: 'insert'; readonly key: number; readonly row: number; readonly at: number; readonly value: number }
  | { readonly do: 'many'; readonly key: number; readonly from: number; readonly at: number; readonly count: number }
  | {
      readonly do: 'update';
      readonly key: number;
      readonly row: number;
      readonly at: number;
      readonly value: number;
      readonly ttl: boolean;
    }
  | { readonly do: 'static'; readonly key: number; readonly at: number; readonly value: number }
  | { readonly do: 'deleteRow'; readonly key: number; readonly row: number; readonly at: number }
  | { readonly do: 'deleteRange'; readonly key: number; readonly bounds: Bounds; readonly at: number }
  | { readonly do: 'deletePartition'; readonly key: number; readonly at: number }
  | { readonly do: 'seal' }
  | { readonly do: 'flush' }
  | { readonly do: 'merge'; readonly places: readonly number[] }
  | { readonly do: 'read'; readonly key: number; readonly slices: readonly Bounds[]; readonly reverse: boolean }
  | { readonly do: 'scan'; readonly reverse: boolean };

const now = 1000;
const rowCount = 300;
/** Long enough for some hundred rows to take many blocks. */
const filler = 150;

type ModelCell = { at: number; rank: number; value: number };
/** What was ever written of a partition; it is looked through at each read. */
class Partition {
  deletion = 0;
  ranges: { bounds: Bounds; at: number }[] = [];
  statics: ModelCell | undefined;
  rows = new Map<
    number,
    { live: number; deletion: number; first: ModelCell | undefined; second: ModelCell | undefined }
  >();

  row(number: number): NonNullable<ReturnType<Partition['rows']['get']>> {
    let row = this.rows.get(number);
    if (row === undefined) this.rows.set(number, (row = { live: 0, deletion: 0, first: undefined, second: undefined }));
    return row;
  }
  covered(number: number): number {
    let most = Math.max(this.deletion, this.rows.get(number)?.deletion ?? 0);
    for (const { bounds, at } of this.ranges) if (number >= bounds[0] && number < bounds[1]) most = Math.max(most, at);
    return most;
  }
}
const newest = (a: ModelCell | undefined, b: ModelCell): ModelCell => {
  if (a === undefined || a.at !== b.at) return a !== undefined && a.at > b.at ? a : b;
  if (a.rank !== b.rank) return a.rank > b.rank ? a : b;
  return a.value > b.value ? a : b;
};

const keyOf = (key: number): Uint8Array =>
  // One is longer than a stored key may be; one has zeros in it.
  key === 0 ? new Uint8Array(1500).fill(7) : key === 1 ? Uint8Array.of(0, 0, 1, 0) : Uint8Array.of(key, key);
const orderedOf = (row: number): Uint8Array => {
  const bytes = new Uint8Array(3);
  new DataView(bytes.buffer).setUint16(1, row);
  return bytes;
};
const valueOf = (value: number): Uint8Array => new Uint8Array(filler).fill(value);

class Run {
  readonly table: TestTable;
  readonly model = new Map<number, Partition>();
  constructor() {
    this.table = new TestTable();
  }
  partition(key: number): Partition {
    let partition = this.model.get(key);
    if (partition === undefined) this.model.set(key, (partition = new Partition()));
    return partition;
  }
  mutate(key: number, body: () => void): void {
    const { writer } = this.table;
    const bytes = keyOf(key);
    writer.begin(7, bytes, 0, bytes.length);
    body();
    writer.end();
    this.table.apply();
  }
  insert(key: number, number: number, at: number, value: number): void {
    const { writer, layout } = this.table;
    this.mutate(key, () => {
      writer.denseRow(layout.regulars, part(orderedOf(number)), nothing, 0, at, true);
      writer.cell(valueOf(value), 0, filler);
      writer.cell(nothing.bytes, 0, -1);
      writer.cell(valueOf(value + 1), 0, filler);
      writer.endDenseRow();
    });
    const row = this.partition(key).row(number);
    row.live = Math.max(row.live, at);
    row.first = newest(row.first, { at, rank: 0, value });
    row.second = newest(row.second, { at, rank: 0, value: value + 1 });
  }
  step(step: Step): void {
    const { table } = this;
    const { writer } = table;
    switch (step.do) {
      case 'insert':
        return this.insert(step.key, step.row, step.at, step.value);
      case 'many':
        for (let i = 0; i < step.count; i++) this.insert(step.key, (step.from + i) % rowCount, step.at, i % 50);
        return;
      case 'update': {
        // With a TTL it has expired by now: as good as a tombstone to a reader.
        this.mutate(step.key, () => {
          writer.row(part(orderedOf(step.row)), nothing);
          if (step.ttl) writer.value(5, valueOf(step.value), 0, filler, 0, step.at, 10, now - 1);
          else writer.value(5, valueOf(step.value), 0, filler, 0, step.at);
          writer.endRow();
        });
        const row = this.partition(step.key).row(step.row);
        row.first = newest(row.first, { at: step.at, rank: step.ttl ? 1 : 0, value: step.value });
        return;
      }
      case 'static': {
        this.mutate(step.key, () => {
          writer.staticRow();
          writer.value(2, valueOf(step.value), 0, filler, 0, step.at);
          writer.endRow();
        });
        const partition = this.partition(step.key);
        partition.statics = newest(partition.statics, { at: step.at, rank: 0, value: step.value });
        return;
      }
      case 'deleteRow': {
        this.mutate(step.key, () => {
          writer.row(part(orderedOf(step.row)), nothing);
          writer.rowDeletion(0, step.at, 500);
          writer.endRow();
        });
        const row = this.partition(step.key).row(step.row);
        row.deletion = Math.max(row.deletion, step.at);
        return;
      }
      case 'deleteRange': {
        const [from, to] = step.bounds;
        this.mutate(step.key, () => writer.rangeDeletion(part(orderedOf(from)), part(orderedOf(to)), 0, step.at, 500));
        this.partition(step.key).ranges.push({ bounds: step.bounds, at: step.at });
        return;
      }
      case 'deletePartition': {
        this.mutate(step.key, () => writer.partitionDeletion(0, step.at, 500));
        const partition = this.partition(step.key);
        partition.deletion = Math.max(partition.deletion, step.at);
        return;
      }
      case 'seal':
        this.table.flush(now);
        return this.table.seal();
      case 'flush':
        return this.table.flush(now);
      case 'merge':
        // Purging forgets deletions, as Cassandra does after gc_grace: what is older must not come later.
        return this.table.merge(step.places, now, 0);
      case 'read':
        return this.check(step.key, step.slices, step.reverse);
      case 'scan':
        return this.scan(step.reverse);
    }
  }
  expected(key: number, slices: readonly Bounds[] | undefined, reverse: boolean): string[] {
    const partition = this.model.get(key);
    if (partition === undefined) return [];
    const rows: string[] = [];
    for (const [number, row] of [...partition.rows].toSorted(([a], [b]) => a - b)) {
      if (slices !== undefined && !slices.some(([from, to]) => number >= from && number < to)) continue;
      const covered = partition.covered(number);
      const show = (cell: ModelCell | undefined): number =>
        cell === undefined || cell.at <= covered || cell.rank === 1 ? -1 : cell.value;
      const first = show(row.first);
      const second = show(row.second);
      if (row.live > covered || first >= 0 || second >= 0) rows.push(`${number}:${first},${second}`);
    }
    return reverse ? rows.toReversed() : rows;
  }
  rows(): string[] {
    const { reader } = this.table;
    const rows: string[] = [];
    while (reader.nextRow()) {
      const { row } = reader;
      row.columns();
      const show = (place: number): number =>
        (row.sizes[place] ?? -1) < 0 ? -1 : (row.bytes[row.starts[place] ?? 0] ?? -1);
      rows.push(`${row.view.getUint16(row.clusteringFrom + 1)}:${show(0)},${show(2)}`);
    }
    return rows;
  }
  statics(key: number): void {
    const { statics } = this.table.reader;
    const partition = this.model.get(key);
    const cell = partition?.statics;
    const wanted = cell !== undefined && cell.at > (partition?.deletion ?? 0) ? cell.value : -1;
    const shown = statics.exists ? (statics.bytes[statics.starts[0] ?? 0] ?? -1) : -1;
    expect(shown).toBe(wanted);
  }
  check(key: number, bounds: readonly Bounds[] | undefined, reverse: boolean): void {
    const { reader, layout } = this.table;
    const bytes = keyOf(key);
    let slices: Slices | undefined;
    if (bounds !== undefined) {
      slices = new Slices();
      for (const [from, to] of bounds) slices.add(orderedOf(from), 0, 3, orderedOf(to), 0, 3);
    }
    reader.openPartition(layout, bytes, 0, bytes.length, slices, reverse, now);
    let rows: string[] = [];
    while (reader.nextPartition()) {
      this.statics(key);
      rows = this.rows();
    }
    expect(rows).toEqual(this.expected(key, bounds, reverse));
  }
  checkAll(): void {
    for (const key of this.model.keys()) this.check(key, undefined, false);
  }
  scan(reverse: boolean): void {
    const { reader, layout } = this.table;
    const range = { fromHi: -0x80000000, fromLo: 0, fromInclusive: true, toHi: 0x7fffffff, toLo: -1 };
    reader.openScan(layout, range, undefined, reverse, now);
    const seen = new Set<number>();
    let last = { hi: -0x80000000, lo: 0 };
    while (reader.nextPartition()) {
      const { tokenHi: hi, tokenLo: lo, keyBytes, keyFrom, keySize } = reader;
      expect(hi > last.hi || (hi === last.hi && lo >>> 0 > last.lo >>> 0)).toBe(true);
      last = { hi, lo };
      const own = keyBytes.slice(keyFrom, keyFrom + keySize);
      const key = [...this.model.keys()].find((one) => compareBytes(keyOf(one), own) === 0) ?? -1;
      this.statics(key);
      expect(this.rows()).toEqual(this.expected(key, undefined, reverse));
      seen.add(key);
    }
    for (const key of this.model.keys()) if (!seen.has(key)) expect(this.expected(key, undefined, false)).toEqual([]);
  }
}

const key = fc.integer({ min: 0, max: 4 });
const row = fc.integer({ min: 0, max: rowCount - 1 });
const at = fc.integer({ min: 1, max: 20 });
const value = fc.integer({ min: 0, max: 99 });
const bounds = fc.tuple(row, fc.integer({ min: 1, max: 100 })).map(([from, size]): Bounds => [from, from + size]);
const slices = fc
  .uniqueArray(fc.integer({ min: 0, max: rowCount }), { minLength: 2, maxLength: 6 })
  .map((points): Bounds[] => {
    const sorted = points.toSorted((a, b) => a - b);
    const out: Bounds[] = [];
    for (let i = 0; i + 1 < sorted.length; i += 2) out.push([sorted[i] ?? 0, sorted[i + 1] ?? 0]);
    return out;
  });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('insert' as const), key, row, at, value }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('many' as const), key, from: row, at, count: fc.constantFrom(10, 60, 300) }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('update' as const), key, row, at, value, ttl: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('static' as const), key, at, value }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('deleteRow' as const), key, row, at }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('deleteRange' as const), key, bounds, at }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('deletePartition' as const), key, at }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('seal' as const) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('flush' as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('merge' as const),
      places: fc.uniqueArray(fc.integer({ min: 0, max: 5 }), { minLength: 1, maxLength: 4 }),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('read' as const), key, slices, reverse: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('scan' as const), reverse: fc.boolean() }) },
);

describe('a table', () => {
  test('reads as a map of its cells would, whatever was written, sealed and flushed', () =>
    fc.assert(
      fc.property(fc.array(step, { minLength: 5, maxLength: 40 }), (steps) => {
        const run = new Run();
        for (const one of steps) run.step(one);
        run.checkAll();
        run.scan(false);
        run.scan(true);
      }),
      { numRuns: 60 },
    ));
});
