/** Mutations that are applied together, looked at ahead, leave what they leave one by one. */
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { nothing, part, TestTable, testSchema } from './test-table.ts';

type Write = { readonly key: number; readonly row: number; readonly size: number; readonly at: number };

function shown({ reader, layout }: TestTable): readonly string[] {
  const range = { fromHi: -0x80000000, fromLo: 0, fromInclusive: true, toHi: 0x7fffffff, toLo: -1 };
  const rows: string[] = [];
  reader.openScan(layout, range, undefined, false, 1000);
  while (reader.nextPartition())
    while (reader.nextRow()) {
      const { row, keyBytes, keyFrom, keySize } = reader;
      rows.push(
        `${keyBytes.slice(keyFrom, keyFrom + keySize).join(' ')}: ${row.bytes.slice(row.wireFrom, row.cellsTo).join(' ')}`,
      );
    }
  return rows;
}
function write({ writer, layout }: TestTable, { key, row, size, at }: Write): void {
  writer.begin(7, Uint8Array.of(key, 1, 2), 0, 3);
  writer.denseRow(layout.regulars, part(Uint8Array.of(row)), nothing, 0, at, true);
  // From bytes of its own each time, and of sizes that are copied in one way or another.
  for (let column = 0; column < 3; column++) {
    const value = Uint8Array.from({ length: size + column + 5 }, (_, i) => i * at + column);
    writer.cell(value, 5, size + column);
  }
  writer.endDenseRow();
  writer.end();
}

test('mutations that are applied together leave what they leave one by one', () => {
  const one = fc.record({
    key: fc.nat(30),
    row: fc.nat(2),
    size: fc.constantFrom(0, 1, 7, 8, 9, 47, 48, 49, 63, 100, 318, 320, 321, 900),
    at: fc.integer({ min: 1, max: 250 }),
  });
  fc.assert(
    fc.property(fc.array(fc.array(one, { maxLength: 40 }), { maxLength: 4 }), (batches) => {
      const together = new TestTable(testSchema({ statics: [] }));
      const single = new TestTable(testSchema({ statics: [] }));
      for (const batch of batches) {
        for (const each of batch) write(together, each);
        together.apply();
        for (const each of batch) {
          write(single, each);
          const { bytes, view, length } = single.writer.sink;
          if (length > 0) single.layers.active.apply(bytes, view, 0);
          single.writer.sink.length = 0;
        }
      }
      expect(shown(together)).toEqual(shown(single));
    }),
    { numRuns: 60 },
  );
});
