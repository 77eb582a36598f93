/** What a conditional statement, or a batch of them, answers. Source: Cassandra 5.0, `ModificationStatement.buildCasResultSet`. */
import type { Column } from '@skerry/domain-table';
import { allColumns, keyColumns } from '../../catalog/columns.ts';
import type { Execution, ResultColumn, ResultSink } from '../contract.ts';
import { columnReceiver, renamed } from '../receivers.ts';
import type { Modification } from './modification.ts';

export type Value = Uint8Array | null;
export type Values = ReadonlyMap<Column, Value>;
/** A row that was looked at. `wire` is its clustering, as results have it. */
export type SeenRow = { readonly wire: Uint8Array; readonly values: Values };

const appliedBytes = Uint8Array.of(1);
const refusedBytes = Uint8Array.of(0);
const noWire = new Uint8Array(0);

export class CasResult {
  /** What is told when nothing was applied: the columns that were tested, or all where existence was. */
  readonly shown: readonly Column[];
  readonly #applied: readonly ResultColumn[];
  readonly #refused: readonly ResultColumn[];

  constructor(modifications: readonly Modification[], isBatch: boolean) {
    const schema = modifications[0]?.schema;
    const table = { keyspace: schema?.keyspace ?? '', name: schema?.name ?? '' };
    const whole = { keyspace: table.keyspace, table: table.name, name: '', type: { kind: 'boolean' } as const };
    this.#applied = [renamed(whole, '[applied]', { kind: 'boolean' })];
    this.shown = shownColumns(modifications, isBatch);
    this.#refused = [...this.#applied, ...this.shown.map((column) => columnReceiver(table, column))];
  }
  applied(execution: Execution, sink: ResultSink): void {
    this.#alone(execution, sink, appliedBytes);
  }
  /**
   * @param key parts of the partition key.
   * @param rows those that are there, in their order.
   * @param statics of the partition; they are told without a row only where `hasStatics`.
   */
  refused(
    execution: Execution,
    sink: ResultSink,
    key: readonly Uint8Array[],
    rows: readonly SeenRow[],
    statics: Values,
    hasStatics: boolean,
  ): void {
    const told = rows.length === 0 && hasStatics ? [{ wire: noWire, values: new Map() }] : rows;
    if (told.length === 0) return this.#alone(execution, sink, refusedBytes);
    sink.beginRows(this.#refused, execution.skipMetadata);
    for (const { wire, values } of told) {
      sink.cell(refusedBytes, 0, 1);
      const clustering = cellsOf(wire);
      for (const column of this.shown) {
        const value = shownValue(column, key, clustering, column.kind === 'static' ? statics : values);
        if (value === null) sink.cell(noWire, 0, -1);
        else sink.cell(value, 0, value.length);
      }
      sink.endRow();
    }
    sink.endRows(undefined);
  }
  #alone(execution: Execution, sink: ResultSink, what: Uint8Array): void {
    sink.beginRows(this.#applied, execution.skipMetadata);
    sink.cell(what, 0, 1);
    sink.endRow();
    sink.endRows(undefined);
  }
}

/** Of each statement regular columns come first. */
function shownColumns(modifications: readonly Modification[], isBatch: boolean): readonly Column[] {
  const schema = modifications[0]?.schema;
  if (schema === undefined) return [];
  const conditions = modifications.flatMap((each) => each.conditions ?? []);
  if (conditions.some(({ kind }) => kind !== 'columns')) return allColumns(schema);
  const tested = conditions.flatMap((each) => {
    const columns = each.kind === 'columns' ? each.tests.map(({ column }) => column) : [];
    return [...columns.filter(({ kind }) => kind === 'regular'), ...columns.filter(({ kind }) => kind === 'static')];
  });
  return [...new Set([...(isBatch ? keyColumns(schema) : []), ...tested])];
}
function shownValue(column: Column, key: readonly Uint8Array[], clustering: readonly Value[], values: Values): Value {
  switch (column.kind) {
    case 'partition_key':
      return key[column.position] ?? null;
    case 'clustering':
      return clustering[column.position] ?? null;
    case 'static':
    case 'regular':
      return values.get(column) ?? null;
  }
}
function cellsOf(wire: Uint8Array): readonly Value[] {
  const view = new DataView(wire.buffer, wire.byteOffset);
  const cells: Value[] = [];
  for (let at = 0; at < wire.length;) {
    const size = view.getInt32(at);
    at += 4;
    cells.push(size < 0 ? null : wire.subarray(at, at + size));
    at += Math.max(0, size);
  }
  return cells;
}
