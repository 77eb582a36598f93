/** Parts of runs by themselves: their index, their filter, what is purged when they are merged. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { BlockIndex, BlockIndexBuilder } from './block-index.ts';
import { KeyFilter } from './key-filter.ts';
import { partsOf, runOf } from './run.ts';
import { compareHalves } from './sink.ts';
import { nothing, part, TestTable, testSchema } from './test-table.ts';

const half = fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff });

describe('a filter', () => {
  test('passes all that was added, also when it was stored', () =>
    fc.assert(
      fc.property(fc.array(fc.tuple(half, half), { maxLength: 300 }), (tokens) => {
        const filter = KeyFilter.forKeys(tokens.length);
        for (const [hi, lo] of tokens) filter.add(hi, lo);
        const stored = KeyFilter.decode(filter.encode());
        for (const [hi, lo] of tokens) {
          expect(filter.mayHave(hi, lo)).toBe(true);
          expect(stored?.mayHave(hi, lo)).toBe(true);
        }
      }),
    ));
  test('passes about one of a hundred others', () => {
    const filter = KeyFilter.forKeys(10_000);
    const token = (i: number): readonly [number, number] => [
      Math.imul(i, 0x9e3779b1) | 0,
      Math.imul(i, 0x85ebca6b) | 0,
    ];
    for (let i = 0; i < 10_000; i++) filter.add(...token(i));
    let passed = 0;
    for (let i = 10_000; i < 30_000; i++) if (filter.mayHave(...token(i))) passed += 1;
    expect(passed).toBeLessThan(600);
  });
  test('that is cut is none', () => {
    expect(KeyFilter.decode(new Uint8Array(4))).toBeUndefined();
    expect(KeyFilter.decode(new Uint8Array(12))).toBeUndefined();
  });
});

describe('an index', () => {
  test('finds the block before which a token cannot be', () =>
    fc.assert(
      fc.property(fc.array(fc.tuple(half, half), { minLength: 1, maxLength: 50 }), half, half, (tokens, hi, lo) => {
        const sorted = tokens.toSorted(([a, b], [c, d]) => compareHalves(a, b, c, d));
        const builder = new BlockIndexBuilder();
        for (const [a, b] of sorted) builder.addFirst(a, b);
        const index = BlockIndex.decode(builder.build().encode());
        if (index === undefined) throw new Error('it is whole');
        const earlier = sorted.filter(([a, b]) => compareHalves(a, b, hi, lo) < 0).length;
        expect(index.before(hi, lo)).toBe(Math.max(0, earlier - 1));
      }),
    ));
  test('that is cut is none', () => {
    const builder = new BlockIndexBuilder();
    builder.addFirst(1, 2);
    const bytes = builder.build().encode();
    for (let size = 0; size < bytes.length; size++) expect(BlockIndex.decode(bytes.subarray(0, size))).toBeUndefined();
  });
});

describe('a deletion that is old enough', () => {
  const write = (table: TestTable, body: () => void): void => {
    table.writer.begin(7, Uint8Array.of(1), 0, 1);
    body();
    table.writer.end();
    table.apply();
  };
  const insert = (table: TestTable, at: number): void =>
    write(table, () => {
      table.writer.denseRow(table.layout.regulars, part(Uint8Array.of(1)), nothing, 0, at, true);
      for (let i = 0; i < 3; i++) table.writer.cell(Uint8Array.of(i), 0, 1);
      table.writer.endDenseRow();
    });
  const flush = (table: TestTable): void => {
    table.seal();
    table.flush(100);
  };
  const deleted = (): TestTable => {
    const table = new TestTable(testSchema({ statics: [] }));
    write(table, () => table.writer.partitionDeletion(0, 9, 50));
    flush(table);
    return table;
  };
  test('goes when no other run has the partition', () => {
    const table = deleted();
    expect(table.runs[0]?.deadFrom).toBe(50);
    table.merge([0], 100, 60);
    expect(table.runs).toEqual([]);
  });
  test('stays within its grace', () => {
    const table = deleted();
    table.merge([0], 100, 50);
    expect(table.runs).toHaveLength(1);
  });
  test('stays while another run has the partition: older writes may be there', () => {
    const table = deleted();
    insert(table, 5);
    flush(table);
    table.merge([1], 100, 60);
    expect(table.runs).toHaveLength(2);
    table.merge([0, 1], 100, 60);
    expect(table.runs).toEqual([]);
  });
  test('stays while memory may have older writes', () => {
    const table = deleted();
    table.merge([0], 100, 60, { hi: 0, lo: 9 });
    expect(table.runs).toHaveLength(1);
    table.merge([0], 100, 60, { hi: 0, lo: 10 });
    expect(table.runs).toEqual([]);
  });
});

test('a run is the same for another thread', () => {
  const table = new TestTable();
  table.writer.begin(7, Uint8Array.of(1), 0, 1);
  table.writer.partitionDeletion(0, 9, 50);
  table.writer.end();
  table.apply();
  table.seal();
  table.flush(100);
  const [run] = table.runs;
  if (run === undefined) throw new Error('there is a run');
  expect(runOf(structuredClone(partsOf(run)))).toEqual(run);
});
