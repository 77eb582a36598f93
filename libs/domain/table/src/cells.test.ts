/** Cells of every kind, as a reader shows them; what expires, is dropped and purged. */
import { describe, expect, test } from '@jest/globals';
import { sumShards } from './counter.ts';
import { layoutOf } from './layout.ts';
import { nothing, nullPart, part, setColumn, TestTable, testSchema } from './test-table.ts';

const key = Uint8Array.of(1);
const schema = testSchema({ regulars: [...testSchema().regulars, setColumn] });
const mutate = (table: TestTable, body: () => void): void => {
  table.writer.begin(7, key, 0, 1);
  body();
  table.writer.end();
  table.apply();
};
/** Clusterings and the first bytes of the columns of all rows. */
const read = (table: TestTable, nowSeconds: number): string[] => {
  const { reader } = table;
  const rows: string[] = [];
  reader.openPartition(table.layout, key, 0, 1, undefined, false, nowSeconds);
  while (reader.nextPartition())
    while (reader.nextRow()) {
      const { row } = reader;
      row.columns();
      const cells = [...row.sizes.subarray(0, 3)].map((size, i) => (size < 0 ? '-' : row.bytes[row.starts[i] ?? 0]));
      rows.push(`${row.bytes[row.clusteringFrom]}:${cells.join()}`);
    }
  return rows;
};
/** All becomes one run. @returns its blocks. */
const flush = (table: TestTable, nowSeconds: number, graceStart: number): number => {
  table.flush(nowSeconds);
  table.seal();
  table.flush(nowSeconds);
  table.merge([...table.runs.keys()], nowSeconds, graceStart);
  return table.runs.reduce((sum, { blockCount }) => sum + blockCount, 0);
};
const one = part(Uint8Array.of(1));

describe('cells', () => {
  test('of a collection are shown by path, those that live', () => {
    const table = new TestTable(schema);
    const element = (path: number, at: number, ttl = 0): void =>
      table.writer.element(
        6,
        part(Uint8Array.of(path)),
        part(Uint8Array.of(path, path)),
        nothing,
        0,
        at,
        ttl,
        ttl && 100,
      );
    mutate(table, () => {
      table.writer.row(one, nothing);
      table.writer.collectionDeletion(6, 0, 5, 50);
      element(9, 6);
      element(3, 6);
      element(4, 5);
      element(5, 6, 10);
      table.writer.endRow();
    });
    table.seal();
    mutate(table, () => {
      table.writer.row(one, nothing);
      element(7, 7);
      table.writer.elementTombstone(6, part(Uint8Array.of(9)), nullPart, 0, 7, 50);
      table.writer.endRow();
    });
    const shown = (now: number): number[] => {
      const { reader } = table;
      reader.openPartition(table.layout, key, 0, 1, undefined, false, now);
      const paths: number[] = [];
      expect(reader.nextPartition() && reader.nextRow()).toBe(true);
      const { row } = reader;
      row.columns();
      const first = row.elementFirst[3] ?? 0;
      for (let i = first; i < first + (row.elementCount[3] ?? 0); i++)
        if (row.hasElement(i)) {
          expect([...row.bytes.subarray(row.keyFrom(i), row.keyFrom(i) + row.keySize(i))]).toEqual([
            row.bytes[row.pathFrom(i)],
            row.bytes[row.pathFrom(i)],
          ]);
          paths.push(row.bytes[row.pathFrom(i)] ?? -1);
        }
      return paths;
    };
    expect(shown(99)).toEqual([3, 5, 7]);
    expect(shown(100)).toEqual([3, 7]);
    flush(table, 100, 0);
    expect(shown(100)).toEqual([3, 7]);
  });
  test('expire, and with them a row that only they held', () => {
    const table = new TestTable();
    mutate(table, () => {
      table.writer.insertedRow(one, nothing, 0, 5, 10, 100);
      table.writer.value(5, Uint8Array.of(8), 0, 1, 0, 5, 10, 100);
      table.writer.endRow();
    });
    expect(read(table, 99)).toEqual(['1:8,-,-']);
    expect(read(table, 100)).toEqual([]);
    expect(table.reader.tombstones).toBe(2);
    expect(table.reader.liveRows).toBe(0);
  });
  test('of a counter add up over hosts', () => {
    const table = new TestTable();
    const shard = (host: number, clock: number, count: number): Uint8Array => {
      const bytes = new Uint8Array(32).fill(host, 0, 16);
      new DataView(bytes.buffer).setUint32(20, clock);
      new DataView(bytes.buffer).setBigInt64(24, BigInt(count));
      return bytes;
    };
    for (const [host, clock, count] of [
      [1, 1, 5],
      [2, 1, -7],
      [1, 3, 4],
      [1, 2, 90],
    ] as const)
      mutate(table, () => {
        table.writer.row(one, nothing);
        table.writer.counter(5, part(shard(host, clock, count)), 0, clock);
        table.writer.endRow();
      });
    read(table, 0);
    const { row } = table.reader;
    const out = new DataView(new ArrayBuffer(8));
    sumShards(row.bytes, row.starts[0] ?? 0, row.sizes[0] ?? 0, out, 0);
    expect(out.getBigInt64(0)).toBe(-3n);
  });
  test('of a column that was dropped are gone, and those of one that came again are not', () => {
    const table = new TestTable();
    const write = (at: number): void =>
      mutate(table, () => {
        table.writer.row(part(Uint8Array.of(at)), nothing);
        table.writer.value(5, Uint8Array.of(at), 0, 1, 0, at);
        table.writer.value(3, Uint8Array.of(at), 0, 1, 0, at);
        table.writer.endRow();
      });
    write(4);
    write(6);
    const { regulars } = testSchema();
    const [dropped] = regulars;
    if (dropped === undefined) throw new Error('a column');
    table.layout = layoutOf(testSchema({ version: 2, dropped: [{ ...dropped, droppedAtMicros: 5 }] }));
    table.layouts.set(7, table.layout);
    expect(read(table, 0)).toEqual(['4:-,4,-', '6:6,6,-']);
    flush(table, 0, 0);
    expect(read(table, 0)).toEqual(['4:-,4,-', '6:6,6,-']);
  });
});

describe('purging', () => {
  const deleteRow = (table: TestTable, row: number, at: number, local: number): void =>
    mutate(table, () => {
      table.writer.row(part(Uint8Array.of(row)), nothing);
      table.writer.rowDeletion(0, at, local);
      table.writer.endRow();
    });
  const insert = (table: TestTable, row: number, at: number, size = 1): void =>
    mutate(table, () => {
      table.writer.denseRow(table.layout.regulars, part(Uint8Array.of(row)), nothing, 0, at, true);
      for (let i = 0; i < 3; i++) table.writer.cell(new Uint8Array(size).fill(row), 0, size);
      table.writer.endDenseRow();
    });
  test.each([
    ['keeps a tombstone within its grace', 50, 1],
    ['takes one that is older', 51, 0],
  ])('%s', (_name, graceStart, values) => {
    const table = new TestTable();
    insert(table, 1, 5);
    flush(table, 60, 0);
    deleteRow(table, 1, 6, 50);
    expect(flush(table, 60, graceStart)).toBe(values);
    expect(read(table, 60)).toEqual([]);
  });
  test('what a purged deletion of a large partition covered does not come back', () => {
    const table = new TestTable();
    for (let row = 0; row < 100; row++) insert(table, row, 5, 200);
    expect(flush(table, 60, 0)).toBeGreaterThan(5);
    mutate(table, () => table.writer.partitionDeletion(0, 6, 50));
    expect(flush(table, 60, 0)).toBe(1);
    insert(table, 7, 7);
    expect(flush(table, 100, 51)).toBe(1);
    expect(read(table, 100)).toEqual(['7:7,7,7']);
    deleteRow(table, 7, 8, 100);
    expect(flush(table, 200, 101)).toBe(0);
  });
  test('the deletion of a range that goes takes the rows of all blocks with it', () => {
    const table = new TestTable();
    for (let row = 0; row < 100; row++) insert(table, row, 5, 200);
    flush(table, 60, 0);
    mutate(table, () => table.writer.rangeDeletion(part(Uint8Array.of(10)), part(Uint8Array.of(90)), 0, 6, 50));
    flush(table, 60, 0);
    insert(table, 5, 7);
    flush(table, 100, 51);
    expect(read(table, 100)).toHaveLength(20);
    expect(table.reader.tombstones).toBe(0);
  });
});
