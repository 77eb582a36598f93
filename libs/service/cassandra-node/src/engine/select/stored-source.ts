/** Rows of stored tables: the reader's, shown as selectors want them. */
import {
  keyComponents,
  type RowTarget,
  type RowView,
  sumShards,
  type TableLayout,
  type TableReader,
} from '@skerry/domain-table';
import { ByteSink } from '@skerry/domain-values';
import { present, unreachable } from '@skerry/kernel';
import type { Slot } from '../contract.ts';
import type { CellTimes, ColumnRef, Position, Row, RowSource } from './row.ts';

/** Opens the reader at the next partition that is wanted; false when there is none left. */
export type Opener = (reader: TableReader) => boolean;

const nothingLeft: Opener = () => false;
/** Rows that are no more which are passed in one go, before the turn may end. */
export const deadRowsInOneGoMax = 1_000;

export class StoredSource implements RowSource, Row {
  readonly #reader: TableReader;
  readonly #layout: TableLayout;
  readonly #scratch = new ByteSink();
  readonly #counter = new Uint8Array(8);
  readonly #counterView = new DataView(this.#counter.buffer);
  readonly #times: CellTimes = { hi: 0, lo: 0, ttl: 0 };
  #open: Opener = () => false;
  #nowSeconds = 0;
  #opened = false;
  #tombstones = 0;
  #isAgain = false;
  /** Of the key's components, [from, size] pairs; undefined until they are asked for. */
  #key: Int32Array | undefined;
  /** Of the row's clustering cells, where each begins and its size; filled as far as `#cellsKnown`. */
  readonly #cellStarts: Int32Array;
  readonly #cellSizes: Int32Array;
  #cellsKnown = 0;
  #statics = false;
  /** A partition key of one column is its value as it is. */
  readonly #hasOneKey: boolean;

  constructor(reader: TableReader, layout: TableLayout) {
    this.#reader = reader;
    reader.deadRowsMax = deadRowsInOneGoMax;
    this.#layout = layout;
    this.#hasOneKey = layout.schema.partitionKey.length === 1;
    this.#cellStarts = new Int32Array(layout.schema.clustering.length);
    this.#cellSizes = new Int32Array(layout.schema.clustering.length);
  }
  get row(): Row {
    return this;
  }
  get reader(): TableReader {
    return this.#reader;
  }
  /** Its rows are those that an index found. */
  get isFound(): boolean {
    return false;
  }
  /** The current one is the static row. */
  get isStatic(): boolean {
    return this.#statics;
  }
  get tombstones(): number {
    return this.tombstonesRead;
  }
  protected get tombstonesRead(): number {
    return this.#tombstones + (this.#opened ? this.#reader.tombstones : 0);
  }
  /** @param isAgain the first partition's own deletions were counted already, in an earlier turn. */
  begin(open: Opener, nowSeconds: number, isAgain = false): void {
    this.#isAgain = isAgain;
    this.#open = open;
    this.#nowSeconds = nowSeconds;
    this.#opened = false;
    this.#tombstones = 0;
  }
  /** All rows of one partition. */
  beginOne(key: Uint8Array, from: number, size: number, nowSeconds: number): void {
    this.begin(nothingLeft, nowSeconds);
    this.#reader.openPartition(this.#layout, key, from, size, undefined, false, nowSeconds);
    this.#opened = true;
  }
  /** For who opens the reader itself, before it does. */
  protected reopening(): void {
    this.#tombstones = this.tombstonesRead;
    this.#opened = true;
    this.#statics = false;
    this.#key = undefined;
  }
  nextPartition(): boolean {
    this.#statics = false;
    this.#key = undefined;
    for (;;) {
      if (this.#opened) {
        const isThere = this.#reader.nextPartition();
        if (this.#isAgain) this.#tombstones -= this.#reader.tombstones;
        this.#isAgain = false;
        if (isThere) return true;
        this.#tombstones += this.#reader.tombstones;
        this.#opened = false;
      }
      if (!this.#open(this.#reader)) return false;
      this.#opened = true;
    }
  }
  nextRow(): boolean {
    this.#cellsKnown = 0;
    return this.#reader.nextRow();
  }
  /** Whole rows before the next one, or partitions: see `TableReader`. @returns how many were copied. */
  copyRows(target: RowTarget, most: number, sizeMaxBytes: number): number {
    return this.#reader.copyRows(target, most, sizeMaxBytes);
  }
  copyPartitions(target: RowTarget, most: number, sizeMaxBytes: number): number {
    if (!this.#opened) this.#opened = this.#open(this.#reader);
    return this.#opened ? this.#reader.copyPartitions(target, most, sizeMaxBytes) : 0;
  }
  staticRow(): boolean {
    this.#statics = this.#reader.statics.exists;
    return this.#statics;
  }
  key(): Uint8Array {
    const { keyBytes, keyFrom, keySize } = this.#reader;
    return keyBytes.subarray(keyFrom, keyFrom + keySize);
  }
  takePause(): boolean {
    const { isPaused } = this.#reader;
    if (isPaused) this.#reader.isPaused = false;
    return isPaused;
  }
  pausedAt(): Position | undefined {
    return this.position();
  }
  position(): Position {
    const { row } = this.#reader;
    return {
      key: this.key().slice(),
      clustering: this.#statics ? undefined : row.bytes.slice(row.clusteringFrom, row.clusteringTo),
    };
  }

  load(ref: ColumnRef, out: Slot): void {
    const { column } = ref;
    switch (column.kind) {
      case 'partition_key':
        return this.#loadKey(column.position, out);
      case 'clustering':
        return this.#loadClustering(column.position, out);
      case 'static':
        return this.#loadCell(this.#reader.statics, ref, out);
      case 'regular':
        if (this.#statics) out.size = -1;
        else this.#loadCell(this.#reader.row, ref, out);
        return undefined;
      default:
        return unreachable(column.kind);
    }
  }
  #loadKey(position: number, out: Slot): void {
    const { keyBytes, keyFrom, keySize } = this.#reader;
    if (this.#hasOneKey) {
      out.bytes = keyBytes;
      out.from = keyFrom;
      out.size = keySize;
      return;
    }
    this.#key ??= present(
      keyComponents(keyBytes, keyFrom, keySize, this.#layout.schema.partitionKey.length),
      'components of the partition key',
    );
    out.bytes = keyBytes;
    out.from = this.#key[2 * position] as number;
    out.size = this.#key[2 * position + 1] as number;
  }
  #loadClustering(position: number, out: Slot): void {
    if (this.#statics) {
      out.size = -1;
      return;
    }
    const { row } = this.#reader;
    while (this.#cellsKnown <= position) {
      const i = this.#cellsKnown;
      const at =
        i === 0 ? row.wireFrom : (this.#cellStarts[i - 1] as number) + Math.max(0, this.#cellSizes[i - 1] as number);
      this.#cellSizes[i] = row.view.getInt32(at);
      this.#cellStarts[i] = at + 4;
      this.#cellsKnown = i + 1;
    }
    out.bytes = row.bytes;
    out.from = this.#cellStarts[position] as number;
    out.size = this.#cellSizes[position] as number;
  }
  #loadCell(row: RowView, ref: ColumnRef, out: Slot): void {
    const place = row.layout.placeOf(ref.column.id);
    if (place < 0 || !row.exists) {
      out.size = -1;
      return;
    }
    row.columns();
    const size = row.sizes[place] as number;
    if (size < 0) {
      out.size = -1;
      return;
    }
    if (ref.multiCell) return this.#loadElements(row, place, ref, out);
    out.bytes = row.bytes;
    out.from = row.starts[place] as number;
    out.size = size;
    if (!ref.counter) return;
    sumShards(row.bytes, out.from, size, this.#counterView, 0);
    out.bytes = this.#counter;
    out.from = 0;
    out.size = 8;
  }
  /** A collection as one value: what its type says, from those elements that live. */
  #loadElements(row: RowView, place: number, { column: { type } }: ColumnRef, out: Slot): void {
    const sink = this.#scratch;
    sink.clear();
    const first = row.elementFirst[place] as number;
    const end = first + (row.elementCount[place] as number);
    if (type.kind === 'udt') {
      let field = 0;
      for (let number = first; number < end; number++) {
        if (!row.hasElement(number)) continue;
        const at = row.pathFrom(number);
        const index = ((row.bytes[at] as number) << 8) | (row.bytes[at + 1] as number);
        for (; field < index; field++) sink.int32(-1);
        this.#append(row.bytes, row.itemFrom(number), row.itemSize(number));
        field = index + 1;
      }
      for (; field < type.fields.length; field++) sink.int32(-1);
    } else {
      const head = sink.take(4);
      let count = 0;
      for (let number = first; number < end; number++) {
        if (!row.hasElement(number)) continue;
        count += 1;
        if (type.kind !== 'list') this.#append(row.bytes, row.keyFrom(number), row.keySize(number));
        if (type.kind !== 'set') this.#append(row.bytes, row.itemFrom(number), row.itemSize(number));
      }
      sink.setInt32(head, count);
    }
    out.bytes = sink.bytes;
    out.from = 0;
    out.size = sink.length;
  }
  #append(bytes: Uint8Array, from: number, size: number): void {
    const sink = this.#scratch;
    sink.int32(size);
    if (size <= 0) return;
    const at = sink.take(size);
    sink.bytes.set(bytes.subarray(from, from + size), at);
  }

  times(ref: ColumnRef, each: (times: CellTimes) => void): void {
    const { kind } = ref.column;
    if (kind !== 'static' && (kind !== 'regular' || this.#statics)) return;
    const row = kind === 'static' ? this.#reader.statics : this.#reader.row;
    const place = row.layout.placeOf(ref.column.id);
    if (place < 0 || !row.exists) return;
    row.columns();
    if ((row.sizes[place] as number) < 0) return;
    const times = this.#times;
    if (!ref.multiCell) {
      times.hi = row.timestampHi[place] as number;
      times.lo = row.timestampLo[place] as number;
      times.ttl = (row.ttls[place] as number) === 0 ? 0 : (row.expiries[place] as number) - this.#nowSeconds;
      return each(times);
    }
    const first = row.elementFirst[place] as number;
    const end = first + (row.elementCount[place] as number);
    for (let number = first; number < end; number++) {
      if (!row.hasElement(number)) continue;
      times.hi = row.itemHi(number);
      times.lo = row.itemLo(number);
      times.ttl = row.itemTtl(number) === 0 ? 0 : row.itemExpiry(number) - this.#nowSeconds;
      each(times);
    }
  }
}
