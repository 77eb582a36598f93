/** For the tests of this package: a table of a key, a clustering and two columns, and a store of it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { layoutOf, type Part, type TableLayout, type TableStore } from '@skerry/domain-table';
import { utf8 } from '@skerry/kernel';
import { nodeWorld } from '@skerry/runtime-node';
import { openTableStore, type OpenTableStore, type TableStoreOptions } from './open.ts';

const column = (id: number, kind: 'partition_key' | 'clustering' | 'regular', position: number) => ({
  id,
  name: `c${id}`,
  kind,
  type: { kind: 'text' as const },
  position,
  reversed: false,
});
export const testTable = (number: number): TableLayout =>
  layoutOf({
    keyspace: 'k',
    name: `t${number}`,
    id: '0'.repeat(32),
    number,
    version: 1,
    partitionKey: [column(0, 'partition_key', 0)],
    clustering: [column(1, 'clustering', 0)],
    statics: [],
    regulars: [column(2, 'regular', 0), column(3, 'regular', 1)],
    dropped: [],
    isCounter: false,
    gcGraceSeconds: 864_000,
    defaultTtlSeconds: 0,
    options: new Map(),
  });
export const tables = [testTable(1), testTable(2)] as const;
export const newFolder = (): Promise<string> => mkdtemp(join(tmpdir(), 'skerry-tables-'));
export const removeFolder = (path: string): Promise<void> => rm(path, { recursive: true, force: true });

export const openIn = (folder: string, over: Partial<TableStoreOptions> = {}): Promise<OpenTableStore> =>
  openTableStore({
    world: nodeWorld(folder),
    path: join(folder, 'blocks'),
    logDirectory: 'log',
    tables,
    memtableBytes: 1024 * 1024,
    mapSizeBytes: 1024 ** 3,
    onFatal: () => undefined,
    ...over,
  });

const partOf = (bytes: Uint8Array): Part => ({ bytes, from: 0, size: bytes.length });
const nothing = partOf(new Uint8Array(0));
let micros = 0;

/** Inserts a row; it is applied, and in the log at the end of the turn. */
export function insert(
  store: TableStore,
  key: string,
  row: string,
  value: string,
  table: TableLayout = tables[0],
): void {
  const { writer } = store;
  const bytes = utf8(key);
  writer.begin(table.schema.number, bytes, 0, bytes.length);
  writer.denseRow(table.regulars, partOf(utf8(row)), nothing, 1, ++micros, true);
  for (const one of [value, 'x']) writer.cell(utf8(one), 0, utf8(one).length);
  writer.endDenseRow();
  writer.end();
  store.apply();
}
/** The first column of each row of a partition, by row. */
export function rowsOf(store: TableStore, key: string, table: TableLayout = tables[0]): Record<string, string> {
  const reader = store.reader();
  const bytes = utf8(key);
  const rows: Record<string, string> = {};
  const text = (from: number, to: number): string => new TextDecoder().decode(reader.row.bytes.subarray(from, to));
  reader.openPartition(table, bytes, 0, bytes.length, undefined, false, 1000);
  while (reader.nextPartition())
    while (reader.nextRow()) {
      const { row } = reader;
      row.columns();
      const from = row.starts[0] ?? 0;
      rows[text(row.clusteringFrom, row.clusteringTo)] = text(from, from + (row.sizes[0] ?? 0));
    }
  return rows;
}
