/**
 * Materialized views kept as their table changes: the rows that a statement names are read before and after it, and what
 * a view shows of them is written anew. All is one turn, so that nothing comes between. A table without views pays nothing.
 *
 * View rows carry times of their own, each behind the last: what comes back to a view is not hidden by what went before.
 */
import { Slices, type RowView, type TableLayout } from '@skerry/domain-table';
import type { ViewDefinition } from '../../catalog/state.ts';
import type { Environment } from '../environment.ts';
import { joinKey } from '../key-bytes.ts';
import type { Planning } from '../planning.ts';
import { ClusteringWriter } from './clusterings.ts';
import { rowFilter, type RowFilter } from './view-filters.ts';
import { baseRow, type BaseRow, type Expiring } from './view-rows.ts';
import type { Writing } from './writing.ts';

type View = {
  readonly layout: TableLayout;
  readonly filters: readonly RowFilter[];
  readonly clustering: ClusteringWriter;
};

/** A row that a statement may change, as it was. */
export type Captured = {
  readonly upkeep: ViewUpkeep;
  readonly key: Uint8Array;
  readonly ordered: Uint8Array;
  readonly before: BaseRow | undefined;
};

/** The earlier of two ends; 0 is none. */
const sooner = (a: Expiring, b: Expiring): Expiring => (b.ttl !== 0 && (a.ttl === 0 || b.expiry < a.expiry) ? b : a);

export class ViewUpkeep {
  readonly #base: TableLayout;
  readonly #views: readonly View[];
  readonly #slices = new Slices();

  /** @throws CqlFault a view's WHERE is of a kind that cannot be kept. */
  constructor(planning: Planning, environment: Environment, base: TableLayout, views: readonly ViewDefinition[]) {
    this.#base = base;
    this.#views = views.map(({ schema, where }) => ({
      layout: environment.layout(schema),
      filters: where.map((relation) => rowFilter(planning, base, schema.name, relation)),
      clustering: new ClusteringWriter(schema.clustering),
    }));
  }
  /** One row, whether it is there or not. */
  captureRow(writing: Writing, key: Uint8Array, ordered: Uint8Array): void {
    writing.captured.push({ upkeep: this, key, ordered, before: this.#read(writing, key, ordered) });
  }
  /** All rows that are there in some slices; undefined: in the partition. */
  captureRows(writing: Writing, key: Uint8Array, slices: Slices | undefined): void {
    const { reader } = writing.environment;
    reader.openPartition(this.#base, key, 0, key.length, slices, false, writing.nowSeconds);
    if (!reader.nextPartition()) return;
    while (reader.nextRow()) {
      const { row } = reader;
      const ordered = row.bytes.slice(row.clusteringFrom, row.clusteringTo);
      writing.captured.push({ upkeep: this, key, ordered, before: baseRow(this.#base, key, row) });
    }
  }
  /** A row that is there: as if it had just been written. */
  captureNew(writing: Writing, key: Uint8Array, row: RowView): void {
    const ordered = row.bytes.slice(row.clusteringFrom, row.clusteringTo);
    writing.captured.push({ upkeep: this, key, ordered, before: undefined });
  }
  #read(writing: Writing, key: Uint8Array, ordered: Uint8Array): BaseRow | undefined {
    const { reader } = writing.environment;
    this.#slices.clear();
    this.#slices.addKey(ordered, 0, ordered.length);
    reader.openPartition(this.#base, key, 0, key.length, this.#slices, false, writing.nowSeconds);
    return reader.nextPartition() && reader.nextRow() ? baseRow(this.#base, key, reader.row) : undefined;
  }
  /** Writes what the views show of a row now, and takes what they showed. */
  settle(writing: Writing, { key, ordered, before }: Captured): void {
    const after = this.#read(writing, key, ordered);
    for (const view of this.#views) {
      if (before !== undefined && shows(view, before)) writeRow(writing, view, before, false);
      if (after !== undefined && shows(view, after)) writeRow(writing, view, after, true);
    }
  }
}

function shows({ layout: { schema }, filters }: View, row: BaseRow): boolean {
  const keys = [...schema.partitionKey, ...schema.clustering];
  return keys.every(({ name }) => row.cells.has(name)) && filters.every((filter) => filter(row));
}

/** With `isThere` the row as the view shows it, else its deletion. */
function writeRow(writing: Writing, { layout, clustering }: View, row: BaseRow, isThere: boolean): void {
  const { writer, environment, nowMs, nowSeconds } = writing;
  const { schema } = layout;
  const value = (name: string): Uint8Array => row.cells.get(name)?.value ?? new Uint8Array(0);
  const key = joinKey(schema.partitionKey.map(({ name }) => value(name)));
  clustering.clear();
  for (const [i, { name }] of schema.clustering.entries()) {
    const bytes = value(name);
    clustering.append(i, bytes, 0, bytes.length);
  }
  clustering.finish();
  environment.clock.ballot(nowMs);
  const before = { hi: environment.clock.hi, lo: environment.clock.lo };
  writer.begin(schema.number, key, 0, key.length);
  if (!isThere) {
    writer.row(clustering.ordered, clustering.wire);
    writer.rowDeletion(before.hi, before.lo, nowSeconds);
    writer.endRow();
    writer.end();
    return;
  }
  environment.clock.ballot(nowMs);
  const { hi, lo } = environment.clock;
  const end = keyExpiry(layout, row);
  const live = sooner(row.life, end);
  writer.insertedRow(clustering.ordered, clustering.wire, hi, lo, live.ttl, live.expiry);
  writer.rowDeletion(before.hi, before.lo, nowSeconds);
  for (const column of schema.regulars) {
    const cell = row.cells.get(column.name);
    if (cell === undefined) continue;
    for (const { path, key: of, item, ttl, expiry } of cell.elements ?? []) {
      const own = sooner({ ttl, expiry }, end);
      writer.element(column.id, path, of, item, hi, lo, own.ttl, own.expiry);
    }
    const own = sooner(cell, end);
    if (cell.elements === undefined)
      writer.value(column.id, cell.value, 0, cell.value.length, hi, lo, own.ttl, own.expiry);
  }
  writer.endRow();
  writer.end();
}
/** The whole row goes when a value in its key does. */
function keyExpiry({ schema }: TableLayout, row: BaseRow): Expiring {
  let end: Expiring = { ttl: 0, expiry: 0 };
  for (const { name } of [...schema.partitionKey, ...schema.clustering]) {
    const cell = row.cells.get(name);
    if (cell !== undefined) end = sooner(end, cell);
  }
  return end;
}
