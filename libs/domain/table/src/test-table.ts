/** For the tests of this package: a table, and a store of it in memory. */
import { crc32c, MemoryStore } from '@skerry/kernel';
import { BlockCodec } from './block.ts';
import { BlockMerger } from './block-merge.ts';
import { layoutOf, type TableLayout } from './layout.ts';
import { OrderedBlockReader } from './memory-blocks.ts';
import { Memtable } from './memtable.ts';
import { MutationWriter, type Part } from './mutation-writer.ts';
import { type Layers, noteSealed, PartitionReader } from './reader.ts';
import type { Column, ColumnKind, TableSchema } from './schema.ts';

export const part = (bytes: Uint8Array): Part => ({ bytes, from: 0, size: bytes.length });
export const nothing = part(new Uint8Array(0));
export const nullPart: Part = { bytes: new Uint8Array(0), from: 0, size: -1 };

const column = (id: number, kind: ColumnKind, position: number, over: Partial<Column> = {}): Column => ({
  id,
  name: `c${id}`,
  kind,
  type: { kind: 'blob' },
  position,
  reversed: false,
  ...over,
});
export const testSchema = (over: Partial<TableSchema> = {}): TableSchema => ({
  keyspace: 'k',
  name: 't',
  id: '0'.repeat(32),
  number: 7,
  version: 1,
  partitionKey: [column(0, 'partition_key', 0)],
  clustering: [column(1, 'clustering', 0)],
  statics: [column(2, 'static', 0)],
  regulars: [column(5, 'regular', 0), column(3, 'regular', 1), column(4, 'regular', 2)],
  dropped: [],
  isCounter: false,
  gcGraceSeconds: 864_000,
  defaultTtlSeconds: 0,
  options: new Map(),
  ...over,
});
export const setColumn = column(6, 'regular', 3, { type: { kind: 'set', element: { kind: 'blob' }, frozen: false } });

/** Two memtables over blocks in memory. */
export class TestTable {
  readonly store = new MemoryStore();
  readonly layouts = new Map<number, TableLayout>();
  readonly layers: Layers;
  readonly writer = new MutationWriter();
  readonly codec = new BlockCodec(crc32c);
  readonly reader: PartitionReader;
  readonly merger: BlockMerger;
  layout: TableLayout;

  constructor(schema = testSchema()) {
    this.layout = layoutOf(schema);
    this.layouts.set(schema.number, this.layout);
    this.layers = { active: this.#memtable(), sealed: undefined, storedHi: 0x80000000 | 0, storedLo: 0 };
    const place = (): OrderedBlockReader => new OrderedBlockReader(this.store);
    this.reader = new PartitionReader(this.layers, this.codec, place);
    this.merger = new BlockMerger(this.codec, place);
  }
  #memtable(): Memtable {
    return new Memtable(4096, this.layouts);
  }
  apply(): void {
    const { bytes, view, length } = this.writer.sink;
    for (let at = 0; at < length; at += view.getUint32(at)) this.layers.active.apply(bytes, view, at);
    this.writer.sink.length = 0;
  }
  seal(): void {
    noteSealed(this.layers, this.layers.active);
    this.layers.sealed = this.layers.active;
    this.layers.active = this.#memtable();
  }
  /** @param pause called where changes may be made durable. */
  flush(nowSeconds: number, graceStart: number, pause: () => void = () => undefined): void {
    const { sealed } = this.layers;
    if (sealed === undefined) return;
    for (let bucket = 0; bucket < 256; bucket++)
      for (const partition of sealed.bucket(this.layout.schema.number, bucket)) {
        for (const _ of this.merger.merge(sealed, partition, this.layout, { nowSeconds, graceStart })) {
          this.#commit();
          pause();
        }
        this.#commit();
      }
    this.layers.sealed = undefined;
  }
  #commit(): void {
    this.store.transaction((writer) => {
      for (const { key, value } of this.merger.takeChanges())
        if (value === undefined) writer.delete(key);
        else writer.put(key, value);
    });
  }
}
