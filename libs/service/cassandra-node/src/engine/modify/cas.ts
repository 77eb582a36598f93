/**
 * Conditional statements: read, test, write in one turn, so that nothing comes between. Of one partition, one or more
 * statements. Source: Cassandra 5.0, `CQL3CasRequest`, `ModificationStatement.buildCasResultSet`.
 */
import { keyComponents, Slices, type Column, type RowView } from '@skerry/domain-table';
import { equalBytes } from '@skerry/kernel';
import { allColumns, keyColumns } from '../../catalog/columns.ts';
import { invalid, type Execution, type ResultColumn, type ResultSink } from '../contract.ts';
import { columnReceiver, renamed } from '../receivers.ts';
import { currentValue } from './current-value.ts';
import { checkCasLevels, toFault } from './faults.ts';
import type { Modification } from './modification.ts';
import type { Step } from './steps.ts';
import { abandon, apply, type Writing } from './writing.ts';

type Value = Uint8Array | null;
/** A row (or the static one) as it is: values of the columns that are asked for. */
type Current = { readonly exists: boolean; readonly values: ReadonlyMap<Column, Value> };
const everyRow = new Uint8Array(0);
const noRow: Current = { exists: false, values: new Map() };
const snapshot = (row: RowView, columns: readonly Column[]): Current =>
  row.exists ? { exists: true, values: new Map(columns.map((column) => [column, currentValue(row, column)])) } : noRow;

/** One row that statements of a conditional batch are about. `ordered` is its clustering; undefined: the static row. */
type Tested = {
  readonly ordered: Uint8Array | undefined;
  readonly wire: Uint8Array;
  readonly row: Current;
  readonly statics: Current;
  /** Something is in the partition; known where only its static columns are tested. */
  readonly inPartition: boolean;
};

const appliedBytes = Uint8Array.of(1);
const refusedBytes = Uint8Array.of(0);

/** What a conditional statement, or a batch of them, answers. */
export class CasResult {
  readonly #modifications: readonly Modification[];
  /** Tested columns behind the keys (of a batch); or all columns, when a row's existence is tested. */
  readonly #shown: readonly Column[];
  readonly #applied: readonly ResultColumn[];
  readonly #refused: readonly ResultColumn[];

  constructor(modifications: readonly Modification[], isBatch: boolean) {
    const [first] = modifications;
    this.#modifications = modifications;
    const schema = first?.schema;
    const whole = {
      keyspace: schema?.keyspace ?? '',
      table: schema?.name ?? '',
      name: '',
      type: { kind: 'boolean' } as const,
    };
    this.#applied = [renamed(whole, '[applied]', { kind: 'boolean' })];
    this.#shown = schema === undefined ? [] : shownColumns(modifications, isBatch);
    this.#refused = [
      ...this.#applied,
      ...this.#shown.map((column) => columnReceiver({ keyspace: whole.keyspace, name: whole.table }, column)),
    ];
  }
  applied(execution: Execution, sink: ResultSink): void {
    sink.beginRows(this.#applied, execution.skipMetadata);
    sink.cell(appliedBytes, 0, 1);
    sink.endRow();
    sink.endRows(undefined);
  }
  refused(execution: Execution, sink: ResultSink, key: readonly Uint8Array[], tested: readonly Tested[]): void {
    const rows = tested.filter(
      ({ row, statics, inPartition }) => row.exists || ((statics.exists || inPartition) && this.#showsStatics()),
    );
    if (rows.length === 0) {
      sink.beginRows(this.#applied, execution.skipMetadata);
      sink.cell(refusedBytes, 0, 1);
      sink.endRow();
      return sink.endRows(undefined);
    }
    sink.beginRows(this.#refused, execution.skipMetadata);
    for (const row of rows) {
      sink.cell(refusedBytes, 0, 1);
      const clustering = row.row.exists && row.ordered !== undefined ? cellsOf(row.wire) : [];
      for (const column of this.#shown) {
        const value = shownValue(column, key, clustering, row);
        if (value === null) sink.cell(refusedBytes, 0, -1);
        else sink.cell(value, 0, value.length);
      }
      sink.endRow();
    }
    sink.endRows(undefined);
  }
  #showsStatics(): boolean {
    return this.#modifications.some(
      ({ conditions, statics }) =>
        (conditions?.kind === 'columns' && conditions.tests.some(({ column }) => column.kind === 'static')) ||
        (conditions !== undefined && conditions.kind !== 'columns' && statics.length > 0),
    );
  }
}
function shownColumns(modifications: readonly Modification[], isBatch: boolean): readonly Column[] {
  const [first] = modifications;
  if (first === undefined) return [];
  const conditions = modifications.flatMap((each) => each.conditions ?? []);
  if (conditions.some(({ kind }) => kind !== 'columns')) return allColumns(first.schema);
  const tested = conditions.flatMap((each) => (each.kind === 'columns' ? each.tests.map(({ column }) => column) : []));
  const ordered = [
    ...tested.filter(({ kind }) => kind === 'regular'),
    ...tested.filter(({ kind }) => kind === 'static'),
  ];
  return [...new Set([...(isBatch ? keyColumns(first.schema) : []), ...ordered])];
}
function shownValue(column: Column, key: readonly Uint8Array[], clustering: readonly Value[], tested: Tested): Value {
  switch (column.kind) {
    case 'partition_key':
      return key[column.position] ?? null;
    case 'clustering':
      return clustering[column.position] ?? null;
    case 'static':
      return tested.statics.values.get(column) ?? null;
    case 'regular':
      return tested.row.values.get(column) ?? null;
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

export class Cas {
  readonly #steps: readonly Step[];
  readonly #result: CasResult;
  readonly #shown: readonly Column[];
  readonly #slices = new Slices();

  constructor(steps: readonly Step[], isBatch: boolean) {
    this.#steps = steps;
    const modifications = steps.map(({ modification }) => modification);
    this.#result = new CasResult(modifications, isBatch);
    this.#shown = shownColumns(modifications, isBatch);
  }
  /** Tests, and writes and applies, or not; answers. @throws CqlFault, StatusError of the store. */
  execute(execution: Execution, writing: Writing, sink: ResultSink): void {
    checkCasLevels(execution.consistency, execution.serialConsistency);
    for (const { modification } of this.#steps) modification.replicas.checkCommitLevel(execution.consistency);
    const { values } = execution;
    const start = values.first;
    const tested: Tested[] = [];
    let key: Uint8Array | undefined;
    let holds = true;
    for (const { modification, first } of this.#steps) {
      values.first = start + first;
      this.#bind(modification, execution);
      const { keys } = modification;
      const own = keys.bytes.slice(keys.from, keys.from + keys.size);
      if (key !== undefined && !equalBytes(key, own))
        throw invalid('Batch with conditions cannot span multiple partitions');
      key = own;
      if (modification.conditions !== undefined && !this.#test(modification, execution, writing, tested)) holds = false;
    }
    if (holds) this.#write(execution, writing, start);
    values.first = start;
    if (holds) return this.#result.applied(execution, sink);
    this.#result.refused(execution, sink, this.#keyParts(key), tested);
  }
  #write(execution: Execution, writing: Writing, start: number): void {
    const { clock } = writing.environment;
    clock.ballot(execution.nowMs);
    const { hi, lo } = clock;
    const mark = writing.writer.sink.length;
    try {
      for (const { modification, first } of this.#steps) {
        execution.values.first = start + first;
        modification.bind(execution);
        modification.replicas.check(execution.consistency);
        modification.write(execution, writing, hi, lo);
      }
      apply(writing);
    } catch (thrown) {
      abandon(writing, mark);
      throw toFault(thrown);
    }
  }
  #bind(modification: Modification, execution: Execution): void {
    const { keys, target } = modification;
    const what = modification.kind === 'delete' ? 'deletions' : 'updates';
    if (!keys.isSingle) throw invalid(`IN on the partition key is not supported with conditional ${what}`);
    if (target.kind === 'rows' && !target.clusterings.isSingle)
      throw invalid(`IN on the clustering key columns is not supported with conditional ${what}`);
    modification.bind(execution);
  }
  #test(modification: Modification, execution: Execution, writing: Writing, tested: Tested[]): boolean {
    const { conditions } = modification;
    const current = this.#read(modification, execution, writing);
    const known = tested.find(
      ({ ordered }) =>
        ordered === current.ordered ||
        (ordered !== undefined && current.ordered !== undefined && equalBytes(ordered, current.ordered)),
    );
    if (known === undefined) tested.push(current);
    if (conditions === undefined) return true;
    const { exists } = current.ordered === undefined ? current.statics : current.row;
    if (conditions.kind !== 'columns') return exists === (conditions.kind === 'exists');
    return conditions.tests.every((test) => {
      const from = test.column.kind === 'static' ? current.statics : current.row;
      return test.holds(from.values.get(test.column) ?? null, execution);
    });
  }
  #read({ table, keys, target, conditions, statics }: Modification, execution: Execution, writing: Writing): Tested {
    const { reader } = writing.environment;
    const { clusterings } = target.kind === 'rows' ? target : { clusterings: undefined };
    const slices = this.#slices;
    slices.clear();
    const { ordered, wire } = clusterings ?? { ordered: undefined, wire: undefined };
    if (ordered !== undefined) slices.addKey(ordered.bytes, ordered.from, ordered.size);
    else slices.addPrefix(everyRow, 0, 0);
    reader.openPartition(table, keys.bytes, keys.from, keys.size, slices, false, execution.nowSeconds);
    let ofStatics = noRow;
    let ofRow = noRow;
    let inPartition = false;
    if (reader.nextPartition()) {
      // Existence is that of what the statement writes: statics are not read for a row.
      const wanted = conditions?.kind === 'columns' || statics.length > 0;
      ofStatics = wanted ? snapshot(reader.statics, this.#of('static')) : noRow;
      const hasRow = reader.nextRow();
      if (ordered === undefined) inPartition = hasRow;
      else if (hasRow) ofRow = snapshot(reader.row, this.#of('regular'));
    }
    return {
      ordered: ordered && ordered.bytes.slice(ordered.from, ordered.from + ordered.size),
      wire: wire === undefined ? new Uint8Array(0) : wire.bytes.slice(wire.from, wire.from + wire.size),
      row: ofRow,
      statics: ofStatics,
      inPartition,
    };
  }
  #of(kind: 'static' | 'regular'): readonly Column[] {
    return this.#shown.filter((column) => column.kind === kind);
  }
  #keyParts(key: Uint8Array | undefined): readonly Uint8Array[] {
    const count = this.#steps[0]?.modification.schema.partitionKey.length ?? 0;
    if (key === undefined) return [];
    const places = keyComponents(key, 0, key.length, count) ?? [];
    return Array.from({ length: count }, (_, i) => {
      const from = places[2 * i] ?? 0;
      return key.subarray(from, from + (places[2 * i + 1] ?? 0));
    });
  }
}
