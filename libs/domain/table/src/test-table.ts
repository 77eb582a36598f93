/** For the tests of this package: a table, and a store of it in memory. */
import { crc32c } from '@skerry/kernel';
import { BlockCodec } from './block.ts';
import { BlockCache } from './block-cache.ts';
import type { KeyFilter } from './key-filter.ts';
import { endSealed, type Layers, layersOver, replaceRuns, seal } from './layers.ts';
import { layoutOf, type TableLayout } from './layout.ts';
import { MemoryBlocks } from './memory-blocks.ts';
import { Memtable } from './memtable.ts';
import { imageOf, MemoryInput, orderOf } from './memtable-image.ts';
import { MutationWriter, type Part } from './mutation-writer.ts';
import type { PartitionInput } from './partition-input.ts';
import { PartitionReader } from './reader.ts';
import type { Run } from './run.ts';
import { RunInput } from './run-input.ts';
import { keepAll, type MergeTime, RunMerger } from './run-merge.ts';
import { RunWriter } from './run-writer.ts';
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

/** Two memtables over runs in memory. */
export class TestTable {
  readonly blocks = new MemoryBlocks();
  readonly layouts = new Map<number, TableLayout>();
  readonly layers: Layers;
  readonly writer = new MutationWriter();
  readonly codec = new BlockCodec(crc32c);
  readonly reader: PartitionReader;
  /** Of few blocks, so that they go again. */
  readonly #cache = new BlockCache(64 * 1024);
  layout: TableLayout;
  #runs = 0;

  constructor(schema = testSchema()) {
    this.layout = layoutOf(schema);
    this.layouts.set(schema.number, this.layout);
    this.layers = layersOver(this.#memtable());
    this.reader = new PartitionReader(this.layers, this.codec, () => this.blocks.reader(), this.#cache);
  }
  #memtable(): Memtable {
    return new Memtable(4096, this.layouts);
  }
  get runs(): readonly Run[] {
    return this.layers.tables.get(this.layout.schema.number)?.runs ?? [];
  }
  apply(): void {
    const { bytes, view, length } = this.writer.sink;
    if (length > 0) this.layers.active.applyAll(bytes, view, 0, length);
    this.writer.sink.length = 0;
  }
  seal(): void {
    seal(this.layers, this.#memtable());
  }
  /** The sealed memory becomes a run of its own. */
  flush(nowSeconds: number): void {
    const { sealed } = this.layers;
    if (sealed === undefined) return;
    const making = imageOf(sealed, (sizeBytes) => new Uint8Array(sizeBytes + 10));
    let made = making.next();
    while (made.done !== true) made = making.next();
    const order = orderOf(made.value).get(this.layout.schema.number) ?? new Int32Array(0);
    this.#write([new MemoryInput(made.value, order)], order.length, keepAll(nowSeconds), [], []);
    endSealed(this.layers);
  }
  /** Of its runs, in the order of {@link runs}, those at the given places become one. */
  merge(places: readonly number[], nowSeconds: number, graceStart: number, floor = { hi: 0x7fffffff, lo: -1 }): void {
    const merged = this.runs.filter((_, i) => places.includes(i));
    const inputs = merged.map((run) => new RunInput(run, this.codec, () => this.blocks.reader()));
    const others = this.runs.filter((run) => !merged.includes(run)).map(({ filter }) => filter);
    const time = { nowSeconds, graceStart, floorHi: floor.hi, floorLo: floor.lo };
    const count = merged.reduce((sum, { partitionCount }) => sum + partitionCount, 0);
    this.#write(
      inputs,
      count,
      time,
      merged.map(({ number }) => number),
      others,
    );
    for (const { number } of merged) this.blocks.remove(number);
  }
  #write(
    inputs: readonly PartitionInput[],
    count: number,
    time: MergeTime,
    gone: readonly number[],
    others: readonly KeyFilter[],
  ): void {
    const { number } = this.layout.schema;
    const writer = new RunWriter(this.codec, this.blocks, ++this.#runs, number, count);
    const merger = new RunMerger(inputs, writer, this.layout, time, others);
    while (merger.step(3));
    const run = writer.finish({ newestHi: 0, newestLo: 20, oldestHi: 0, oldestLo: 0 });
    replaceRuns(this.layers, number, gone, run);
  }
}
