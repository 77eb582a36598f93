/**
 * Indexes kept as their table is written: each cell that a mutation sets gives an entry, written behind the mutation and
 * applied with it, so one group of the log has both. Nothing is read: what a write leaves behind, a later read of it finds.
 *
 * An entry of a cell has the cell's own times, so of equal values the one that wins in the table wins here. An entry of a
 * key lives as long as anything of the row: without a TTL its time is the node's own clock, which only goes forward; with one
 * its time is its end, so the longest wins.
 */
import { mutationHeadSizeBytes, kindMask, kindRow, kindStatic, RowView, Sink, type Part } from '@skerry/domain-table';
import { keyComponents, type TableLayout } from '@skerry/domain-table';
import { ByteSink } from '@skerry/domain-values';
import type { IndexDefinition } from '../../catalog/state.ts';
import { invalid } from '../contract.ts';
import type { Writing } from '../modify/writing.ts';
import { appendPartition, expiringColumn, indexTable, termOf, type IndexTable } from './index-table.ts';

/** Bytes of a value at which Cassandra's own index refuses it. Source: Cassandra 5.0, CassandraIndex.validateIndexedValue. */
export const indexedValueMaxBytes = 65_535;

const half = 0x1_0000_0000;
const nothing: Part = { bytes: new Uint8Array(0), from: 0, size: 0 };

/** Seconds since 1970; with `forever` it has none. */
type Lifetime = { forever: boolean; expiry: number };

export class IndexUpkeep {
  readonly #base: TableLayout;
  readonly #tables: readonly IndexTable[];
  readonly #ofKeys: boolean;
  readonly #ofWritten: boolean;
  readonly #row: RowView;
  readonly #statics: RowView;
  readonly #place = new ByteSink(128);
  /** Of the place: where the row's clustering begins. */
  #partitionSize = 0;
  #key: Part = nothing;
  readonly #clustering = new ByteSink(128);
  readonly #wire = new Sink(128);
  /** Of anything in the partition, and of the row. */
  readonly #ofPartition: Lifetime = { forever: false, expiry: 0 };
  readonly #ofRow: Lifetime = { forever: false, expiry: 0 };

  /** @param ofWritten false: of rows that were there before the index, whose values that are too large it does without. */
  constructor(base: TableLayout, definitions: readonly IndexDefinition[], ofWritten = true) {
    this.#base = base;
    this.#ofWritten = ofWritten;
    // The nearest vectors are looked for among all rows: their index has no entries.
    this.#tables = definitions
      .map((definition) => indexTable(base.schema, definition))
      .filter(({ column }) => column.type.kind !== 'vector');
    this.#ofKeys = this.#tables.some(({ ofKey }) => ofKey);
    this.#row = new RowView(base.regulars);
    this.#statics = new RowView(base.statics);
  }

  /** Writes the entries of the mutation that begins at `start` in the writer. @throws CqlFault: a value is too large. */
  follow(writing: Writing, start: number): void {
    // What is written now may make the buffer another one; this one stays as it is.
    const { bytes, view } = writing.writer.sink;
    const end = start + view.getUint32(start);
    const from = start + mutationHeadSizeBytes;
    const size = view.getUint32(start + 16);
    this.beginPartition(view.getInt32(start + 8), view.getInt32(start + 12), bytes, from, size);
    for (let unit = from + size; unit < end; unit += view.getUint32(unit)) {
      const kind = view.getUint8(unit + 4) & kindMask;
      if (kind === kindRow) {
        this.#row.load(bytes, view, unit, writing.nowSeconds, false, 0, 0);
        if (this.#row.exists) this.row(writing, this.#row);
      } else if (kind === kindStatic) {
        this.#statics.load(bytes, view, unit, writing.nowSeconds, false, 0, 0);
        if (this.#statics.exists) this.statics(writing, this.#statics);
      }
    }
    this.endPartition(writing);
  }

  // Step by step, for whoever reads rows that are there.

  beginPartition(tokenHi: number, tokenLo: number, key: Uint8Array, from: number, size: number): void {
    this.#place.clear();
    appendPartition(this.#place, tokenHi, tokenLo, key, from, size);
    this.#partitionSize = this.#place.length;
    this.#key = { bytes: key, from, size };
    this.#ofPartition.forever = false;
    this.#ofPartition.expiry = 0;
  }
  row(writing: Writing, row: RowView): void {
    row.columns();
    if (this.#ofKeys) this.#notice(row);
    const place = this.#place;
    place.length = this.#partitionSize;
    const size = row.clusteringTo - row.clusteringFrom;
    appendPart(place, row.bytes, row.clusteringFrom, size);
    for (const table of this.#tables) {
      if (table.perPartition) continue;
      if (table.ofKey) this.#clusteringEntry(writing, table, row);
      else this.#cellEntries(writing, table, row);
    }
  }
  statics(writing: Writing, row: RowView): void {
    row.columns();
    if (this.#ofKeys) this.#notice(row);
    this.#place.length = this.#partitionSize;
    for (const table of this.#tables) if (table.column.kind === 'static') this.#cellEntries(writing, table, row);
  }
  endPartition(writing: Writing): void {
    const life = this.#ofPartition;
    if (!life.forever && life.expiry === 0) return;
    this.#place.length = this.#partitionSize;
    const { bytes, from, size } = this.#key;
    const { partitionKey } = this.#base.schema;
    for (const table of this.#tables) {
      if (table.column.kind !== 'partition_key') continue;
      const parts = keyComponents(bytes, from, size, partitionKey.length);
      if (parts === undefined) continue;
      const { position } = table.column;
      this.#keyEntry(writing, table, bytes, parts[2 * position] ?? 0, parts[2 * position + 1] ?? 0, life);
    }
  }

  /** Until when anything of the row lives. */
  #notice(row: RowView): void {
    const life = this.#ofRow;
    life.forever = row.live && row.liveTtl === 0;
    life.expiry = row.live && row.liveTtl !== 0 ? row.liveExpiry : 0;
    const { sizes, ttls, expiries, elementFirst, elementCount, layout } = row;
    for (let i = 0; i < sizes.length && !life.forever; i++) {
      if ((sizes[i] as number) < 0) continue;
      if (layout.multiCell[i] === 1) {
        const first = elementFirst[i] as number;
        for (let number = first; number < first + (elementCount[i] as number); number++)
          if (row.hasElement(number)) extend(life, row.itemTtl(number), row.itemExpiry(number));
      } else extend(life, ttls[i] as number, expiries[i] as number);
    }
    const whole = this.#ofPartition;
    whole.forever ||= life.forever;
    whole.expiry = Math.max(whole.expiry, life.expiry);
  }

  #clusteringEntry(writing: Writing, table: IndexTable, row: RowView): void {
    let at = row.wireFrom;
    for (let i = 0; i < table.column.position; i++) at += 4 + Math.max(0, row.view.getInt32(at));
    this.#keyEntry(writing, table, row.bytes, at + 4, Math.max(0, row.view.getInt32(at)), this.#ofRow);
  }
  #keyEntry(writing: Writing, table: IndexTable, bytes: Uint8Array, from: number, size: number, life: Lifetime): void {
    const { writer, nowMs, nowSeconds } = writing;
    const { clock } = writing.environment;
    const term = termOf(table, bytes, from, size);
    this.#begin(writing, table, term, nothing);
    if (life.forever) {
      clock.ballot(nowMs);
      writer.insertedRow(partOf(this.#clustering), partOf(this.#wire), clock.hi, clock.lo, 0, 0);
    } else {
      writer.row(partOf(this.#clustering), partOf(this.#wire));
    }
    if (life.expiry !== 0) {
      const micros = life.expiry * 1_000_000;
      const [hi, lo] = [Math.floor(micros / half) | 0, (micros % half) | 0];
      writer.value(expiringColumn, term.key, 0, 0, hi, lo, Math.max(1, life.expiry - nowSeconds), life.expiry);
    }
    writer.endRow();
    writer.end();
  }

  #cellEntries(writing: Writing, table: IndexTable, row: RowView): void {
    const place = row.layout.placeOf(table.column.id);
    if (place < 0 || (row.sizes[place] as number) < 0) return;
    if (table.part === 'whole') {
      const [from, size] = [row.starts[place] as number, row.sizes[place] as number];
      const ttl = row.ttls[place] as number;
      if (!this.#takes(table, size)) return;
      this.#begin(writing, table, termOf(table, row.bytes, from, size), nothing);
      const [hi, lo] = [row.timestampHi[place] as number, row.timestampLo[place] as number];
      this.#end(writing, hi, lo, ttl, ttl === 0 ? 0 : (row.expiries[place] as number));
      return;
    }
    const first = row.elementFirst[place] as number;
    const { bytes } = row;
    for (let number = first; number < first + (row.elementCount[place] as number); number++) {
      if (!row.hasElement(number)) continue;
      const key = { bytes, from: row.keyFrom(number), size: row.keySize(number) };
      const item = { bytes, from: row.itemFrom(number), size: row.itemSize(number) };
      const { from, size } = table.part === 'values' ? item : key;
      if (!this.#takes(table, size)) continue;
      const term = termOf(table, bytes, from, size, table.part === 'entries' ? item : undefined);
      this.#begin(writing, table, term, { bytes, from: row.pathFrom(number), size: row.pathSize(number) });
      const ttl = row.itemTtl(number);
      this.#end(writing, row.itemHi(number), row.itemLo(number), ttl, ttl === 0 ? 0 : row.itemExpiry(number));
    }
  }
  #takes({ attached, definition, column }: IndexTable, size: number): boolean {
    if (attached || size < indexedValueMaxBytes) return true;
    if (!this.#ofWritten) return false;
    const { keyspace, name } = this.#base.schema;
    throw invalid(
      `Cannot index value of size ${size} for index ${definition.name} on ${keyspace}.${name}(${column.name}) (maximum allowed size=${indexedValueMaxBytes})`,
    );
  }
  /** The entry's clustering and wire are made; its mutation is begun. */
  #begin(
    { writer }: Writing,
    { layout }: IndexTable,
    { key, prefix }: { readonly key: Uint8Array; readonly prefix: Uint8Array },
    path: Part,
  ): void {
    const clustering = this.#clustering;
    const place = this.#place;
    clustering.clear();
    clustering.raw(prefix);
    appendPart(clustering, place.bytes, 0, place.length);
    appendPart(clustering, path.bytes, path.from, path.size);
    const wire = this.#wire;
    wire.length = 0;
    wireCell(wire, this.#key.bytes, this.#key.from, this.#key.size);
    wireCell(wire, place.bytes, this.#partitionSize, place.length - this.#partitionSize);
    writer.begin(layout.schema.number, key, 0, key.length);
  }
  #end({ writer }: Writing, hi: number, lo: number, ttl: number, expiry: number): void {
    writer.insertedRow(partOf(this.#clustering), partOf(this.#wire), hi, lo, ttl, expiry);
    writer.endRow();
    writer.end();
  }
}

function extend(life: Lifetime, ttl: number, expiry: number): void {
  if (ttl === 0) life.forever = true;
  else life.expiry = Math.max(life.expiry, expiry);
}
const partOf = ({ bytes, length }: { readonly bytes: Uint8Array; readonly length: number }): Part => ({
  bytes,
  from: 0,
  size: length,
});
function appendPart(sink: ByteSink, bytes: Uint8Array, from: number, size: number): void {
  const at = sink.take(size);
  for (let i = 0; i < size; i++) sink.bytes[at + i] = bytes[from + i] as number;
}
function wireCell(wire: Sink, bytes: Uint8Array, from: number, size: number): void {
  wire.reserve(4);
  wire.view.setInt32(wire.length, size);
  wire.length += 4;
  wire.append(bytes, from, size);
}
