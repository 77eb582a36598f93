/** An INSERT, UPDATE or DELETE, ready to be written as often as it is asked for. */
import type { Layout, MutationWriter, RowView, TableLayout, TableSchema } from '@skerry/domain-table';
import { Slices } from '@skerry/domain-table';
import type { Execution } from '../contract.ts';
import { sizeNull } from '../operands.ts';
import type { Replicas } from '../replicas.ts';
import type { Attributes } from './attributes.ts';
import type { IndexUpkeep } from '../index/upkeep.ts';
import { SetCell } from './cell-operations.ts';
import type { Clusterings } from './clusterings.ts';
import type { Conditions } from './conditions.ts';
import type { PartitionKeys } from './partition-keys.ts';
import type { RowRanges } from './row-ranges.ts';
import type { ViewUpkeep } from './views.ts';
import type { Operation, Writing } from './writing.ts';

/** What a statement is about, besides its partitions. */
export type Target =
  | { readonly kind: 'rows'; readonly clusterings: Clusterings }
  | { readonly kind: 'static' }
  /** DELETE of rows by a part of their clustering. */
  | { readonly kind: 'ranges'; readonly ranges: RowRanges }
  /** DELETE of whole partitions. */
  | { readonly kind: 'partition' };

export type ModificationParts = {
  readonly kind: 'insert' | 'update' | 'delete';
  readonly table: TableLayout;
  readonly keys: PartitionKeys;
  readonly target: Target;
  readonly operations: readonly Operation[];
  readonly attributes: Attributes;
  /** Undefined: it is not conditional. */
  readonly conditions: Conditions | undefined;
  readonly replicas: Replicas;
  /** Undefined: the table has no views. */
  readonly views?: ViewUpkeep | undefined;
  /** Undefined: the table has no indexes. */
  readonly indexes?: IndexUpkeep | undefined;
  /** Before anything is evaluated. */
  readonly before?: (execution: Execution) => void;
};

export class Modification {
  readonly kind: ModificationParts['kind'];
  readonly table: TableLayout;
  readonly schema: TableSchema;
  readonly keys: PartitionKeys;
  readonly target: Target;
  readonly attributes: Attributes;
  readonly conditions: Conditions | undefined;
  readonly replicas: Replicas;
  readonly regulars: readonly Operation[];
  readonly statics: readonly Operation[];
  /** A DELETE of whole partitions, or of rows by a range. */
  readonly deletesMany: boolean;
  /** Which of the operations have a value, in this request. */
  readonly #activeRegulars: Operation[];
  readonly #activeStatics: Operation[];
  #regularCount = 0;
  #staticCount = 0;
  readonly #requiresRead: boolean;
  /** By place in the layout: what sets the column; undefined: this cannot be a dense row. */
  readonly #dense: readonly (SetCell | undefined)[] | undefined;
  readonly #slices = new Slices();
  readonly #views: ViewUpkeep | undefined;
  readonly #indexes: IndexUpkeep | undefined;
  readonly #before: ((execution: Execution) => void) | undefined;

  constructor(parts: ModificationParts) {
    const { table, operations } = parts;
    this.kind = parts.kind;
    this.#before = parts.before;
    this.#views = parts.views;
    this.#indexes = parts.indexes;
    this.table = table;
    this.schema = table.schema;
    this.keys = parts.keys;
    this.target = parts.target;
    this.attributes = parts.attributes;
    this.conditions = parts.conditions;
    this.replicas = parts.replicas;
    this.regulars = operations.filter(({ column }) => column.kind === 'regular');
    this.statics = operations.filter(({ column }) => column.kind === 'static');
    this.deletesMany =
      this.kind === 'delete' &&
      operations.length === 0 &&
      (this.target.kind !== 'rows' || this.schema.clustering.length === 0);
    this.#activeRegulars = [...this.regulars];
    this.#activeStatics = [...this.statics];
    this.#requiresRead = operations.some(({ requiresRead }) => requiresRead);
    this.#dense = this.kind === 'delete' ? undefined : densePlan(table.regulars, this.regulars);
  }

  /** Evaluates everything. Bytes of the request are pointed at until `write` is over. @throws CqlFault. */
  bind(execution: Execution): void {
    this.#before?.(execution);
    this.keys.bind(execution);
    const { target } = this;
    if (target.kind === 'rows') target.clusterings.bind(execution);
    else if (target.kind === 'ranges') target.ranges.bind(execution);
    this.attributes.bind(execution);
    this.#regularCount = bindAll(this.regulars, this.#activeRegulars, execution);
    this.#staticCount = bindAll(this.statics, this.#activeStatics, execution);
  }

  /**
   * Writes its mutations, and applies none. It must be bound.
   * @param hi, lo its timestamp.
   */
  write(execution: Execution, writing: Writing, hi: number, lo: number): void {
    writing.begin(execution, hi, lo, this.attributes.ttl);
    for (let i = 0; i < this.keys.count; i++) {
      this.keys.use(i);
      if (this.#views !== undefined) this.#capture(writing, this.#views);
      this.#writePartition(writing);
    }
  }

  /** Rows that are about to change. Statics are in no view. */
  #capture(writing: Writing, views: ViewUpkeep): void {
    const { target } = this;
    const key = this.keys.bytes.slice(this.keys.from, this.keys.from + this.keys.size);
    if (target.kind === 'partition') return views.captureRows(writing, key, undefined);
    if (target.kind === 'ranges') {
      const { bytes } = target.ranges.slices;
      for (let i = 0; i < target.ranges.slices.count; i++) {
        const [from, middle, to] = target.ranges.bounds(i);
        this.#slices.clear();
        this.#slices.add(bytes, from, middle - from, bytes, middle, to - middle);
        views.captureRows(writing, key, this.#slices);
      }
    }
    if (target.kind !== 'rows') return;
    for (let i = 0; i < target.clusterings.count; i++) {
      target.clusterings.use(i);
      const { bytes, from, size } = target.clusterings.ordered;
      views.captureRow(writing, key, bytes.slice(from, from + size));
    }
  }

  #writePartition(writing: Writing): void {
    const { writer } = writing;
    const { bytes, from, size } = this.keys;
    const { target } = this;
    const start = writer.sink.length;
    writer.begin(this.schema.number, bytes, from, size);
    const empty = writer.sink.length;
    switch (target.kind) {
      case 'partition':
        writer.partitionDeletion(writing.hi, writing.lo, writing.nowSeconds);
        break;
      case 'ranges':
        this.#writeRanges(writing, target.ranges);
        break;
      case 'static':
        break;
      case 'rows':
        for (let i = 0; i < target.clusterings.count; i++) {
          target.clusterings.use(i);
          this.#writeRow(writing, target.clusterings);
        }
        break;
    }
    this.#writeStatics(writing);
    // All was unset.
    if (writer.sink.length === empty) {
      writer.sink.length = start;
      return;
    }
    writer.end();
    if (this.#indexes !== undefined) writing.indexed.push({ upkeep: this.#indexes, start });
  }
  #writeRanges({ writer, hi, lo, nowSeconds }: Writing, { slices }: RowRanges): void {
    const { bytes } = slices;
    for (let i = 0; i < slices.count; i++) {
      const from = slices.fromOf(i);
      const middle = slices.middleOf(i);
      const to = slices.toOf(i);
      writer.rangeDeletion(
        { bytes, from, size: middle - from },
        { bytes, from: middle, size: to - middle },
        hi,
        lo,
        nowSeconds,
      );
    }
  }

  #writeRow(writing: Writing, rows: Clusterings): void {
    const { writer, hi, lo, ttl, expiry } = writing;
    if (this.kind === 'delete') {
      if (this.regulars.length === 0 && this.statics.length > 0) return;
      if (this.schema.clustering.length === 0 && this.regulars.length === 0)
        return writer.partitionDeletion(hi, lo, writing.nowSeconds);
      writer.row(rows.ordered, rows.wire);
      if (this.regulars.length === 0) writer.rowDeletion(hi, lo, writing.nowSeconds);
      else this.#writeCells(writing, rows);
      writer.endRow();
      return;
    }
    const isInsert = this.kind === 'insert';
    if (!isInsert && this.#regularCount === 0) return;
    if (this.#dense !== undefined && ttl === 0 && !someNull(this.#dense)) {
      writeDense(writer, this.table.regulars, this.#dense, rows, hi, lo, isInsert);
      return;
    }
    if (isInsert) writer.insertedRow(rows.ordered, rows.wire, hi, lo, ttl, expiry);
    else writer.row(rows.ordered, rows.wire);
    this.#writeCells(writing, rows);
    writer.endRow();
  }
  #writeCells(writing: Writing, rows: Clusterings): void {
    if (this.#requiresRead) writing.read(this.readRow(writing, rows));
    for (let i = 0; i < this.#regularCount; i++) (this.#activeRegulars[i] as Operation).write(writing);
  }
  #writeStatics(writing: Writing): void {
    if (this.#staticCount === 0) return;
    if (this.#requiresRead) {
      const statics = this.readStatics(writing);
      writing.read(statics.exists ? statics : undefined);
    }
    writing.writer.staticRow();
    for (let i = 0; i < this.#staticCount; i++) (this.#activeStatics[i] as Operation).write(writing);
    writing.writer.endRow();
  }

  /** The current row as it is stored; undefined: there is none. Valid until the next read or write. */
  readRow({ environment: { reader }, nowSeconds }: Writing, rows: Clusterings): RowView | undefined {
    const { bytes, from, size } = this.keys;
    const { ordered } = rows;
    this.#slices.clear();
    this.#slices.addKey(ordered.bytes, ordered.from, ordered.size);
    reader.openPartition(this.table, bytes, from, size, this.#slices, false, nowSeconds);
    return reader.nextPartition() && reader.nextRow() ? reader.row : undefined;
  }
  readStatics({ environment: { reader }, nowSeconds }: Writing): RowView {
    const { bytes, from, size } = this.keys;
    this.#slices.clear();
    reader.openPartition(this.table, bytes, from, size, this.#slices, false, nowSeconds);
    if (!reader.nextPartition()) reader.statics.exists = false;
    return reader.statics;
  }
}

/** Those that have a value come to the front of `active`. @returns how many. */
function bindAll(operations: readonly Operation[], active: Operation[], execution: Execution): number {
  let count = 0;
  for (let i = 0; i < operations.length; i++) {
    const operation = operations[i] as Operation;
    if (operation.bind(execution)) active[count++] = operation;
  }
  return count;
}

/** What sets each column of the layout, if all operations do just that. */
function densePlan(layout: Layout, operations: readonly Operation[]): readonly (SetCell | undefined)[] | undefined {
  if (!layout.canBeDense) return undefined;
  const setters = operations.filter((operation) => operation instanceof SetCell);
  if (setters.length < operations.length) return undefined;
  return layout.columns.map(({ id }) => setters.find(({ column }) => column.id === id));
}
function someNull(dense: readonly (SetCell | undefined)[]): boolean {
  for (let i = 0; i < dense.length; i++) if (dense[i]?.slot.size === sizeNull) return true;
  return false;
}
function writeDense(
  writer: MutationWriter,
  layout: Layout,
  dense: readonly (SetCell | undefined)[],
  { ordered, wire }: Clusterings,
  hi: number,
  lo: number,
  live: boolean,
): void {
  writer.denseRow(layout, ordered, wire, hi, lo, live);
  if (writeTogether(writer, dense)) return;
  for (let i = 0; i < dense.length; i++) {
    const slot = dense[i]?.slot;
    // Unset, as null, is no cell.
    if (slot === undefined || slot.size < 0) writer.cell(noBytes, 0, -1);
    else writer.cell(slot.bytes, slot.from, slot.size);
  }
  writer.endDenseRow();
}
/**
 * Values that follow one another as the row wants them, each behind its size, as a request has them: one copy. The sizes are
 * looked at, since not all values come in a request's frame.
 */
function writeTogether(writer: MutationWriter, dense: readonly (SetCell | undefined)[]): boolean {
  const first = dense[0];
  if (first?.isBound !== true) return false;
  const { bytes, from } = first.slot;
  let end = from - sizeBytes;
  for (let i = 0; i < dense.length; i++) {
    const cell = dense[i];
    if (cell?.isBound !== true) return false;
    const { slot } = cell;
    if (slot.bytes !== bytes || slot.size < 0 || slot.from !== end + sizeBytes) return false;
    if (end < 0 || sizeAt(bytes, end) !== slot.size) return false;
    end = slot.from + slot.size;
  }
  writer.cells(bytes, from - sizeBytes, end - from + sizeBytes);
  writer.endDenseRow();
  return true;
}
const sizeAt = (bytes: Uint8Array, at: number): number =>
  ((bytes[at] as number) << 24) |
  ((bytes[at + 1] as number) << 16) |
  ((bytes[at + 2] as number) << 8) |
  (bytes[at + 3] as number);
/** Of a value's size before it. */
const sizeBytes = 4;
const noBytes = new Uint8Array(0);
