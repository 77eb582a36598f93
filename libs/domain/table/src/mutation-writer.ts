/**
 * Mutations written straight from the bytes of a request into one growing buffer.
 *
 * A mutation: `begin`, units, `end`. A row: `denseRow` and one {@link MutationWriter.cell} for each column of the layout;
 * or `row`, then perhaps `rowDeletion`, then cells in any order; `endRow`. Timestamps are microseconds since 1970 in two
 * halves; local times are seconds since 1970.
 */
import { assert, StatusError } from '@skerry/kernel';
import { CellTable } from './cell-table.ts';
import {
  cellCounter,
  cellDeletion,
  cellElement,
  cellExpiring,
  cellTombstone,
  clusteringSizeMaxBytes,
  flagDeletion,
  flagDense,
  flagExpiring,
  flagLive,
  kindPartitionDeletion,
  kindRangeDeletion,
  kindRow,
  kindStatic,
  mutationHeadSizeBytes,
  partitionKeySizeMaxBytes,
  unitHeadSizeBytes,
} from './format.ts';
import type { Layout } from './layout.ts';
import { compareHalves, Sink } from './sink.ts';
import { hashToken, tokenHalves } from './token.ts';

/** A part of a buffer, as parameters come from a request. */
export type Part = { readonly bytes: Uint8Array; readonly from: number; readonly size: number };

export class MutationWriter {
  readonly sink: Sink;
  /** Where the mutation that was begun last begins in the sink. */
  start = 0;
  #unit = 0;
  /** Column id of the last cell; -1 before the first. */
  #lastId = -1;
  #disorder = false;
  /** The mutation's newest timestamp so far. */
  #newestHi = 0;
  #newestLo = 0;
  /** No timestamp written since {@link forgetOldest} is older: signed upper, lower half. */
  oldestHi = 0x7fffffff;
  oldestLo = -1;
  readonly #table = new CellTable();
  readonly #sorted = new Sink();

  constructor(sink = new Sink()) {
    this.sink = sink;
  }

  /** @throws StatusError `too_large`: the key has more than 65,535 bytes. An empty key is a view's alone. */
  begin(tableNumber: number, key: Uint8Array, keyFrom: number, keySize: number): void {
    hashToken(key, keyFrom, keySize);
    this.beginAt(tableNumber, tokenHalves.hi, tokenHalves.lo, key, keyFrom, keySize);
  }
  /** The same, for whoever knows the key's token. */
  beginAt(
    tableNumber: number,
    tokenHi: number,
    tokenLo: number,
    key: Uint8Array,
    keyFrom: number,
    keySize: number,
  ): void {
    if (keySize > partitionKeySizeMaxBytes)
      throw new StatusError('too_large', `Key length of ${keySize} is longer than maximum of 65535`);
    const { sink } = this;
    this.#newestHi = 0x80000000 | 0;
    this.#newestLo = 0;
    this.start = sink.length;
    sink.reserve(mutationHeadSizeBytes + keySize);
    const { view, length } = sink;
    view.setUint32(length + 4, tableNumber);
    view.setInt32(length + 8, tokenHi);
    view.setInt32(length + 12, tokenLo);
    view.setUint32(length + 16, keySize);
    sink.length += mutationHeadSizeBytes;
    sink.append(key, keyFrom, keySize);
  }
  /** @returns where the mutation begins in the sink. */
  end(): number {
    const { view, length } = this.sink;
    view.setUint32(this.start, length - this.start);
    view.setInt32(this.start + 20, this.#newestHi);
    view.setInt32(this.start + 24, this.#newestLo);
    return this.start;
  }
  forgetOldest(): void {
    this.oldestHi = 0x7fffffff;
    this.oldestLo = -1;
  }
  /** Takes back what was written since `begin`. */
  abandon(): void {
    this.sink.length = this.start;
  }

  partitionDeletion(hi: number, lo: number, localSeconds: number): void {
    this.#head(kindPartitionDeletion, hi, lo, 4);
    this.#seconds(localSeconds);
    this.#endUnit();
  }
  /** All rows whose ordered clustering bytes are in [from, to); an empty `to` is no bound. */
  rangeDeletion(from: Part, to: Part, hi: number, lo: number, localSeconds: number): void {
    checkClustering(from.size);
    checkClustering(to.size);
    this.#head(kindRangeDeletion, hi, lo, 4 + from.size + to.size);
    const { sink } = this;
    sink.view.setUint16(this.#unit + 6, from.size);
    sink.view.setUint32(this.#unit + 8, to.size);
    this.#seconds(localSeconds);
    sink.append(from.bytes, from.from, from.size);
    sink.append(to.bytes, to.from, to.size);
    this.#endUnit();
  }

  /**
   * A row whose cells all have one timestamp and no TTL: `cell` follows for each column of the layout in its order.
   * @param ordered of the clustering; empty for a table without.
   * @param wire the clustering's cells, `[i32 size][bytes]` each.
   * @param live an INSERT; without, an UPDATE.
   */
  denseRow(layout: Layout, ordered: Part, wire: Part, hi: number, lo: number, live: boolean): void {
    assert(layout.canBeDense, 'this layout has no dense form');
    checkClustering(ordered.size);
    const { ids } = layout;
    const count = ids.length;
    this.#head(kindRow | flagDense | (live ? flagLive : 0), hi, lo, ordered.size + 2 * count + wire.size);
    const { sink } = this;
    sink.view.setUint8(this.#unit + 5, count);
    sink.view.setUint16(this.#unit + 6, ordered.size);
    sink.view.setUint32(this.#unit + 8, wire.size);
    sink.append(ordered.bytes, ordered.from, ordered.size);
    const { view, length } = sink;
    for (let i = 0; i < count; i++) view.setUint16(length + 2 * i, ids[i] as number);
    sink.length += 2 * count;
    sink.append(wire.bytes, wire.from, wire.size);
  }
  /** The next cell of a dense row; a size of -1: not written. */
  cell(bytes: Uint8Array, from: number, size: number): void {
    const { sink } = this;
    sink.reserve(4 + size);
    sink.view.setInt32(sink.length, size);
    sink.length += 4;
    if (size > 0) sink.append(bytes, from, size);
  }
  /** All cells of a dense row at once, `[i32 size][bytes]` each. */
  cells(bytes: Uint8Array, from: number, size: number): void {
    this.sink.append(bytes, from, size);
  }
  endDenseRow(): void {
    this.#endUnit();
  }

  /** An UPDATE's row. */
  row(ordered: Part, wire: Part): void {
    this.#row(kindRow, ordered, wire, 0, 0);
  }
  /** An INSERT's row; a `ttl` of 0 is none. */
  insertedRow(ordered: Part, wire: Part, hi: number, lo: number, ttlSeconds: number, expirySeconds: number): void {
    if (ttlSeconds === 0) return this.#row(kindRow | flagLive, ordered, wire, hi, lo);
    this.#row(kindRow | flagLive | flagExpiring, ordered, wire, hi, lo);
    this.#seconds(expirySeconds);
    this.#seconds(ttlSeconds);
  }
  staticRow(): void {
    this.#row(kindStatic, nothing, nothing, 0, 0);
  }
  /** DELETE of a whole row. Before its cells. */
  rowDeletion(hi: number, lo: number, localSeconds: number): void {
    const { view } = this.sink;
    view.setUint8(this.#unit + 4, view.getUint8(this.#unit + 4) | flagDeletion);
    this.#timestamp(hi, lo);
    this.#seconds(localSeconds);
  }
  /** A `ttl` of 0 is none. `size` 0 is an empty value. */
  value(id: number, bytes: Uint8Array, from: number, size: number, hi: number, lo: number, ttl = 0, expiry = 0): void {
    this.#cellHead(id, ttl === 0 ? 0 : cellExpiring, hi, lo);
    if (ttl !== 0) {
      this.#seconds(expiry);
      this.#seconds(ttl);
    }
    this.cell(bytes, from, size);
  }
  tombstone(id: number, hi: number, lo: number, localSeconds: number): void {
    this.#cellHead(id, cellTombstone, hi, lo);
    this.#seconds(localSeconds);
  }
  /** All that was in the collection until then. Cassandra writes a microsecond earlier when new elements follow. */
  collectionDeletion(id: number, hi: number, lo: number, localSeconds: number): void {
    this.#cellHead(id, cellDeletion, hi, lo);
    this.#seconds(localSeconds);
  }
  /**
   * An element of a collection. `path` orders the elements and tells them apart: a list's timeuuid, the ordered bytes of
   * a set's element or a map's key, a field's u16 number. `key` is the element of a set or the key of a map as sent, of
   * size -1 for others; `item` is empty for a set.
   */
  element(
    id: number,
    path: Part,
    key: Part,
    item: Part,
    hi: number,
    lo: number,
    ttlSeconds = 0,
    expirySeconds = 0,
  ): void {
    this.#cellHead(id, cellElement | (ttlSeconds === 0 ? 0 : cellExpiring), hi, lo);
    if (ttlSeconds !== 0) {
      this.#seconds(expirySeconds);
      this.#seconds(ttlSeconds);
    }
    this.#path(path);
    this.cell(key.bytes, key.from, key.size);
    this.cell(item.bytes, item.from, item.size);
  }
  elementTombstone(id: number, path: Part, key: Part, hi: number, lo: number, localSeconds: number): void {
    this.#cellHead(id, cellElement | cellTombstone, hi, lo);
    this.#seconds(localSeconds);
    this.#path(path);
    this.cell(key.bytes, key.from, key.size);
  }
  /** `shards`: for each host its 16 bytes, i64 clock, i64 count; sorted by host. */
  counter(id: number, shards: Part, hi: number, lo: number): void {
    this.#cellHead(id, cellCounter, hi, lo);
    this.cell(shards.bytes, shards.from, shards.size);
  }
  /** Ends a row that is not dense. */
  endRow(): void {
    this.#endUnit();
    if (!this.#disorder) return;
    // As merging leaves it: sorted, one cell for each column and path.
    this.#sorted.length = 0;
    const { sink } = this;
    this.#table.parse(sink.bytes, sink.view, this.#unit);
    this.#table.sort();
    this.#table.encode(this.#sorted, undefined);
    sink.length = this.#unit;
    sink.append(this.#sorted.bytes, 0, this.#sorted.length);
  }

  #row(flags: number, ordered: Part, wire: Part, hi: number, lo: number): void {
    checkClustering(ordered.size);
    this.#head(flags, hi, lo, ordered.size + wire.size);
    const { sink } = this;
    sink.view.setUint16(this.#unit + 6, ordered.size);
    sink.view.setUint32(this.#unit + 8, wire.size);
    sink.append(ordered.bytes, ordered.from, ordered.size);
    sink.append(wire.bytes, wire.from, wire.size);
  }
  #head(flags: number, hi: number, lo: number, room: number): void {
    const { sink } = this;
    sink.reserve(unitHeadSizeBytes + room);
    const { view, length } = sink;
    this.#unit = length;
    this.#lastId = -1;
    this.#disorder = false;
    this.#note(hi, lo);
    view.setUint8(length + 4, flags);
    view.setUint8(length + 5, 0);
    view.setUint16(length + 6, 0);
    view.setUint32(length + 8, 0);
    view.setInt32(length + 12, hi);
    view.setInt32(length + 16, lo);
    sink.length = length + unitHeadSizeBytes;
  }
  #endUnit(): void {
    this.sink.view.setUint32(this.#unit, this.sink.length - this.#unit);
  }
  #cellHead(id: number, flags: number, hi: number, lo: number): void {
    // Elements of one collection may come in any order: they are sorted with the rest.
    if (id <= this.#lastId) this.#disorder = true;
    this.#lastId = id;
    const { sink } = this;
    sink.reserve(3);
    sink.view.setUint16(sink.length, id);
    sink.view.setUint8(sink.length + 2, flags);
    sink.length += 3;
    this.#timestamp(hi, lo);
  }
  #note(hi: number, lo: number): void {
    // The head of a row that is not live has no timestamp.
    if ((hi !== 0 || lo !== 0) && compareHalves(hi, lo, this.oldestHi, this.oldestLo) < 0) {
      this.oldestHi = hi;
      this.oldestLo = lo;
    }
    if (compareHalves(hi, lo, this.#newestHi, this.#newestLo) <= 0) return;
    this.#newestHi = hi;
    this.#newestLo = lo;
  }
  #timestamp(hi: number, lo: number): void {
    const { sink } = this;
    this.#note(hi, lo);
    sink.reserve(8);
    sink.view.setInt32(sink.length, hi);
    sink.view.setInt32(sink.length + 4, lo);
    sink.length += 8;
  }
  #seconds(seconds: number): void {
    const { sink } = this;
    sink.reserve(4);
    sink.view.setUint32(sink.length, seconds);
    sink.length += 4;
  }
  #path({ bytes, from, size }: Part): void {
    checkClustering(size);
    const { sink } = this;
    sink.reserve(2);
    sink.view.setUint16(sink.length, size);
    sink.length += 2;
    sink.append(bytes, from, size);
  }
}

const nothing: Part = { bytes: new Uint8Array(0), from: 0, size: 0 };

function checkClustering(sizeBytes: number): void {
  if (sizeBytes > clusteringSizeMaxBytes)
    throw new StatusError('too_large', `Clustering of ${sizeBytes} bytes is longer than maximum of 65535`);
}
