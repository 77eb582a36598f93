import { describe, expect, test } from '@jest/globals';
import { fromUtf8Part, utf8 } from '@skerry/kernel';
import { Slices } from './slices.ts';
import { nothing, part, TestTable, testSchema } from './test-table.ts';

const text = (table: TestTable, place: number): string | undefined => {
  const { row } = table.reader;
  row.columns();
  const size = row.sizes[place] ?? -1;
  const from = row.starts[place] ?? 0;
  return size < 0 ? undefined : fromUtf8Part(row.bytes, from, from + size);
};
const insert = (table: TestTable, key: string, clustering: string, values: readonly string[], micros: number): void => {
  const { writer } = table;
  const k = utf8(key);
  writer.begin(7, k, 0, k.length);
  writer.denseRow(table.layout.regulars, part(utf8(clustering)), nothing, 0, micros, true);
  for (const value of values) writer.cell(utf8(value), 0, value.length);
  writer.endDenseRow();
  writer.end();
  table.apply();
};
const read = (table: TestTable, key: string, slices?: Slices, reverse = false): string[] => {
  const k = utf8(key);
  const rows: string[] = [];
  table.reader.openPartition(table.layout, k, 0, k.length, slices, reverse, 1000);
  while (table.reader.nextPartition())
    while (table.reader.nextRow()) {
      const { row } = table.reader;
      rows.push(`${fromUtf8Part(row.bytes, row.clusteringFrom, row.clusteringTo)}=${text(table, 0)},${text(table, 2)}`);
    }
  return rows;
};

describe('reader', () => {
  test('reads what is in memory, sealed and stored as one', () => {
    const table = new TestTable();
    insert(table, 'k', 'b', ['1', '2', '3'], 5);
    expect(read(table, 'k')).toEqual(['b=1,3']);
    table.seal();
    insert(table, 'k', 'a', ['4', '5', '6'], 5);
    insert(table, 'k', 'b', ['7', '8', '9'], 6);
    expect(read(table, 'k')).toEqual(['a=4,6', 'b=7,9']);
    table.flush(1000);
    expect(read(table, 'k')).toEqual(['a=4,6', 'b=7,9']);
    table.seal();
    expect(read(table, 'k', undefined, true)).toEqual(['b=7,9', 'a=4,6']);
    table.flush(1000);
    expect(read(table, 'k')).toEqual(['a=4,6', 'b=7,9']);
    expect(table.reader.row.dense).toBe(true);
  });
  test('shows a slice of many blocks', () => {
    const table = new TestTable();
    for (let i = 0; i < 2000; i++) insert(table, 'k', String(i).padStart(4, '0'), ['x'.repeat(30), 'y', `${i}`], 5);
    table.seal();
    table.flush(1000);
    const slices = new Slices();
    const from = utf8('0500');
    const to = utf8('0600');
    slices.add(from, 0, 4, to, 0, 4);
    const rows = read(table, 'k', slices);
    expect(rows).toHaveLength(100);
    expect(rows[0]).toBe(`0500=${'x'.repeat(30)},500`);
    expect(read(table, 'k', slices, true)).toEqual(rows.toReversed());
    expect(read(table, 'k')).toHaveLength(2000);
  });
  test.each<[string, number, number, string[]]>([
    ['a newer row in memory is all there is', 10, 11, ['=new,z']],
    ['an older row in memory gives way to the stored', 10, 9, ['=old,y']],
    ['one as old is merged with it', 10, 10, ['=old,z']],
  ])('of a partition of one row: %s', (_name, stored, written, expected) => {
    const table = new TestTable(testSchema({ clustering: [], statics: [] }));
    insert(table, 'k', '', ['old', '2', 'y'], stored);
    table.seal();
    insert(table, 'k', '', ['new', '1', 'z'], written);
    expect(read(table, 'k')).toEqual(expected);
    table.flush(1000);
    expect(read(table, 'k')).toEqual(expected);
  });
  test('a newer row in memory without all its columns is no whole row', () => {
    const table = new TestTable(testSchema({ clustering: [], statics: [] }));
    insert(table, 'k', '', ['old', '2', 'y'], 10);
    table.seal();
    table.flush(1000);
    const k = utf8('k');
    table.writer.begin(7, k, 0, 1);
    table.writer.denseRow(table.layout.regulars, nothing, nothing, 0, 11, true);
    table.writer.cell(k, 0, 1);
    table.writer.cell(k, 0, -1);
    table.writer.cell(k, 0, -1);
    table.writer.endDenseRow();
    table.writer.end();
    table.apply();
    expect(read(table, 'k')).toEqual(['=k,y']);
  });
  test('finds rows whose clusterings differ only behind what a stored key takes', () => {
    const table = new TestTable();
    // Their first 1,500 bytes are the same for ten rows each: no block ends between those.
    const names = Array.from(
      { length: 60 },
      (_, i) => `${Math.floor(i / 10)}`.repeat(1500) + `-${String(i).padStart(2, '0')}`,
    );
    const value = 'v'.repeat(900);
    for (const step of [7, 11, 13]) {
      for (let i = 0; i < 60; i += 1)
        if ((i * step) % 3 === step % 3) insert(table, 'k', names[i] ?? '', [value, '', `${i}`], step);
      table.seal();
      table.flush(1000);
    }
    for (const [i, name] of names.entries()) insert(table, 'k', name, [value, '', `${i}`], 20);
    table.seal();
    table.flush(1000);
    const rows = names.map((name, i) => `${name}=${value},${i}`);
    expect(read(table, 'k')).toEqual(rows);
    expect(read(table, 'k', undefined, true)).toEqual(rows.toReversed());
    for (const [i, name] of names.entries()) {
      const slices = new Slices();
      slices.addKey(utf8(name), 0, name.length);
      expect(read(table, 'k', slices)).toEqual([rows[i]]);
    }
  });
  // Found by kill -9: the blocks of one were shown as those of another.
  test('tells large partitions apart that share a block', () => {
    const table = new TestTable();
    const value = 'v'.repeat(150);
    for (let key = 0; key < 12; key++)
      for (let i = 0; i < 60 + key; i++)
        insert(table, `k${key}`, `${key}-${String(i).padStart(4, '0')}`, [value, '', `${i}`], 5);
    table.seal();
    table.flush(1000);
    expect(table.runs[0]?.blockCount).toBeGreaterThan(12);
    for (let key = 0; key < 12; key++) {
      const rows = read(table, `k${key}`);
      expect(rows).toHaveLength(60 + key);
      expect(rows.every((row) => row.startsWith(`${key}-`))).toBe(true);
      expect(read(table, `k${key}`, undefined, true)).toEqual(rows.toReversed());
    }
  });
  // Seed 1249263371 of the model.
  test('goes on behind a block whose rows are all gone', () => {
    const table = new TestTable();
    for (let i = 0; i < 100; i++) insert(table, 'k', String(i).padStart(4, '0'), ['x'.repeat(300), 'y', `${i}`], 5);
    table.seal();
    table.flush(1000);
    const k = utf8('k');
    table.writer.begin(7, k, 0, 1);
    table.writer.rangeDeletion(part(utf8('0000')), part(utf8('0050')), 0, 5, 900);
    table.writer.end();
    table.apply();
    table.seal();
    table.flush(1000);
    expect(read(table, 'k')).toHaveLength(50);
    expect(read(table, 'k', undefined, true)).toHaveLength(50);
    const slices = new Slices();
    slices.addPrefix(utf8('00'), 0, 2);
    expect(read(table, 'k', slices)).toHaveLength(50);
  });
});
