/** What is shown by a short path is what the long one shows. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Slices } from './slices.ts';
import { nothing, part, TestTable, testSchema } from './test-table.ts';

const now = 1000;
const keyCount = 12;
type Step =
  | { readonly do: 'whole'; readonly key: number; readonly at: number; readonly values: readonly number[] }
  | { readonly do: 'part'; readonly key: number; readonly at: number; readonly value: number; readonly ttl: boolean }
  | { readonly do: 'clustered'; readonly key: number; readonly at: number; readonly spelling: number }
  | { readonly do: 'deleteRow'; readonly key: number; readonly at: number }
  | { readonly do: 'deletePartition'; readonly key: number; readonly at: number }
  | { readonly do: 'static'; readonly key: number; readonly at: number }
  | { readonly do: 'flush' }
  | { readonly do: 'merge'; readonly places: readonly number[] };

class Run {
  readonly table: TestTable;
  readonly #clustered: boolean;
  constructor(clustered: boolean) {
    this.#clustered = clustered;
    this.table = new TestTable(clustered ? testSchema() : testSchema({ clustering: [], statics: [] }));
  }
  mutate(key: number, body: () => void): void {
    const { writer } = this.table;
    writer.begin(7, Uint8Array.of(key, key), 0, 2);
    body();
    writer.end();
    this.table.apply();
  }
  whole(at: number, values: readonly number[], wire = nothing): void {
    const { writer, layout } = this.table;
    writer.denseRow(layout.regulars, this.#ordered, wire, 0, at, true);
    // A value of -1 is not written.
    for (const value of values) writer.cell(Uint8Array.of(value), 0, value < 0 ? -1 : 1);
    writer.endDenseRow();
  }
  get #ordered() {
    return this.#clustered ? part(Uint8Array.of(0, 1)) : nothing;
  }
  step(step: Step): void {
    const { table } = this;
    const { writer } = table;
    switch (step.do) {
      case 'whole':
        return this.mutate(step.key, () => this.whole(step.at, step.values));
      case 'clustered': {
        // One place in the order with several spellings, as decimals have them.
        const wire = this.#clustered ? part(Uint8Array.of(0, 0, 0, 1, step.spelling)) : nothing;
        return this.mutate(step.key, () => this.whole(step.at, [1, 2, 3], wire));
      }
      case 'part':
        return this.mutate(step.key, () => {
          writer.row(this.#ordered, nothing);
          const value = Uint8Array.of(step.value);
          if (step.ttl) writer.value(3, value, 0, 1, 0, step.at, 10, now - 1);
          else writer.value(3, value, 0, 1, 0, step.at);
          writer.endRow();
        });
      case 'deleteRow':
        return this.mutate(step.key, () => {
          writer.row(this.#ordered, nothing);
          writer.rowDeletion(0, step.at, 500);
          writer.endRow();
        });
      case 'deletePartition':
        return this.mutate(step.key, () => writer.partitionDeletion(0, step.at, 500));
      case 'static':
        if (!this.#clustered) return;
        return this.mutate(step.key, () => {
          writer.staticRow();
          writer.value(2, Uint8Array.of(9), 0, 1, 0, step.at);
          writer.endRow();
        });
      case 'flush':
        table.seal();
        return table.flush(now);
      case 'merge':
        return table.merge(step.places, now, 0);
    }
  }
  /** All that a reader says of a partition. */
  partition(): string {
    const { reader } = this.table;
    const { statics } = reader;
    const key = reader.keyBytes[reader.keyFrom];
    const rows: string[] = [];
    while (reader.nextRow()) {
      const { row } = reader;
      row.columns();
      const cells = [0, 1, 2].map((place) => {
        const size = row.sizes[place] ?? -1;
        const from = row.starts[place] ?? 0;
        return size < 0 ? '-' : `${row.bytes.slice(from, from + size).join(' ')}@${row.timestampLo[place]}`;
      });
      const wire = row.bytes.slice(row.wireFrom, row.wireTo).join(' ');
      rows.push(`${row.live ? `live@${row.liveLo}` : 'not live'} [${wire}] ${cells.join(',')}`);
    }
    expect(reader.nextRow()).toBe(false);
    const fixed = statics.exists ? (statics.bytes[statics.starts[0] ?? 0] ?? -1) : -1;
    return `${key} static ${fixed}: ${rows.join('; ')}`;
  }
  scan(slices: Slices | undefined): readonly string[] {
    const { reader, layout } = this.table;
    const range = { fromHi: -0x80000000, fromLo: 0, fromInclusive: true, toHi: 0x7fffffff, toLo: -1 };
    reader.openScan(layout, range, slices, false, now);
    const shown: string[] = [];
    while (reader.nextPartition()) shown.push(this.partition());
    return [...shown, `${reader.tombstones} tombstones, ${reader.liveRows} live`];
  }
  read(key: number, slices: Slices | undefined): string | undefined {
    const { reader, layout } = this.table;
    reader.openPartition(layout, Uint8Array.of(key, key), 0, 2, slices, false, now);
    return reader.nextPartition() ? this.partition() : undefined;
  }
}

/** All rows, by a slice: nothing is short then. */
function everything(): Slices {
  const slices = new Slices();
  slices.add(new Uint8Array(0), 0, 0, new Uint8Array(0), 0, 0);
  return slices;
}
const key = fc.integer({ min: 0, max: keyCount - 1 });
/** The runs of a test table say that nothing in them is newer than 20. */
const at = fc.constantFrom(1, 2, 3, 4, 5, 6, 21, 22, 23);
const value = fc.integer({ min: -1, max: 5 });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ do: fc.constant('whole' as const), key, at, values: fc.tuple(value, value, value) }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('clustered' as const), key, at, spelling: at }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('part' as const), key, at, value: at, ttl: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('deleteRow' as const), key, at }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('deletePartition' as const), key, at }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('static' as const), key, at }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('flush' as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('merge' as const),
      places: fc.uniqueArray(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 3 }),
    }),
  },
);

describe('short paths', () => {
  test('partitions of one row are read, and scanned, as those of many are', () =>
    fc.assert(
      fc.property(fc.boolean(), fc.array(step, { minLength: 4, maxLength: 50 }), (clustered, steps) => {
        const run = new Run(clustered);
        for (const one of steps) run.step(one);
        expect(run.scan(undefined)).toEqual(run.scan(everything()));
        for (let one = 0; one < keyCount; one++) expect(run.read(one, undefined)).toEqual(run.read(one, everything()));
      }),
      { numRuns: 150 },
    ));
  test('versions of a row in several places are shown as one version is, in which all of them were merged', () =>
    fc.assert(
      fc.property(fc.boolean(), fc.array(step, { minLength: 4, maxLength: 50 }), (clustered, steps) => {
        const apart = new Run(clustered);
        const together = new Run(clustered);
        for (const one of steps) {
          apart.step(one);
          // In memory each write is merged with what was there at once.
          if (one.do !== 'flush' && one.do !== 'merge') together.step(one);
        }
        // The spelling of a version that a deletion covers is forgotten with it, if they meet before it is merged with others.
        const isDeleting = steps.some(({ do: what }) => what === 'deleteRow' || what === 'deletePartition');
        // Tombstones that both have in several places are counted once or more; rows are the same.
        const rows = (run: Run): readonly string[] =>
          run
            .scan(undefined)
            .slice(0, -1)
            .filter((shown) => !shown.endsWith('static -1: '))
            .map((shown) => (isDeleting ? shown.replaceAll(/\[[\d ]*\]/g, '') : shown));
        expect(rows(apart)).toEqual(rows(together));
      }),
      { numRuns: 150 },
    ));
});
