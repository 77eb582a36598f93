/**
 * Conditional statements: read, test, write in one turn, so that nothing comes between. Of one partition, one or more
 * statements. Source: Cassandra 5.0, `CQL3CasRequest`.
 */
import { compareRanges, keyComponents, Slices, type Column, type RowView } from '@skerry/domain-table';
import { equalBytes } from '@skerry/kernel';
import { invalid, type Execution, type ResultSink } from '../contract.ts';
import { CasResult, type SeenRow, type Values } from './cas-result.ts';
import type { Conditions } from './conditions.ts';
import { currentValue } from './current-value.ts';
import { checkCasLevels, toFault } from './faults.ts';
import type { Modification } from './modification.ts';
import type { Step } from './steps.ts';
import { abandon, apply, type Writing } from './writing.ts';

/** One row that statements test; with `ordered`, its clustering. Undefined: the static one. */
type Place = {
  readonly ordered: Uint8Array | undefined;
  readonly kind: Conditions['kind'];
  /** As it is; undefined: it is not there. */
  readonly row: SeenRow | undefined;
};
type Statics = { readonly exists: boolean; readonly values: Values };

const everyRow = new Uint8Array(0);
const noWire = new Uint8Array(0);
const noStatics: Statics = { exists: false, values: new Map() };
const valuesOf = (row: RowView, columns: readonly Column[]): Values =>
  new Map(columns.map((column) => [column, currentValue(row, column)]));

export class Cas {
  readonly #steps: readonly Step[];
  readonly #result: CasResult;
  readonly #isBatch: boolean;
  /** All where a conditional statement writes one, or those that are tested. */
  readonly #statics: readonly Column[];
  readonly #regulars: readonly Column[];
  /** Some statement is about a row, so that a row counts which has nothing but cells. */
  readonly #writesRows: boolean;
  readonly #slices = new Slices();

  constructor(steps: readonly Step[], isBatch: boolean) {
    this.#steps = steps;
    this.#isBatch = isBatch;
    const modifications = steps.map(({ modification }) => modification);
    this.#result = new CasResult(modifications, isBatch);
    const { shown } = this.#result;
    const writesStatics = modifications.some(
      ({ conditions, statics }) => conditions !== undefined && statics.length > 0,
    );
    const testsAll = modifications.some(({ conditions }) => conditions !== undefined && conditions.kind !== 'columns');
    const tested = modifications.flatMap(({ conditions }) =>
      conditions?.kind === 'columns' ? conditions.tests.map(({ column }) => column) : [],
    );
    this.#statics = writesStatics
      ? (modifications[0]?.schema.statics ?? [])
      : (testsAll ? tested : shown).filter(({ kind }) => kind === 'static');
    this.#regulars = shown.filter(({ kind }) => kind === 'regular');
    this.#writesRows = modifications.some(({ target }) => target.kind !== 'static');
  }
  /** Tests, and writes and applies, or not; answers. @throws CqlFault, StatusError of the store. */
  execute(execution: Execution, writing: Writing, sink: ResultSink): void {
    checkCasLevels(execution.consistency, execution.serialConsistency);
    for (const { modification } of this.#steps) modification.replicas.checkCommitLevel(execution.consistency);
    const { values } = execution;
    const start = values.first;
    const places: Place[] = [];
    let key: Uint8Array | undefined;
    let statics: Statics | undefined;
    let holds = true;
    for (const { modification, first } of this.#steps) {
      values.first = start + first;
      key = this.#bind(modification, execution, key);
      modification.replicas.checkSerial(execution.serialConsistency);
      statics ??= this.#readStatics(modification, execution, writing);
      const { conditions } = modification;
      if (conditions === undefined) continue;
      if (!this.#test(modification, conditions, execution, writing, places, statics)) holds = false;
    }
    const [last] = this.#steps;
    if (holds) this.#write(execution, writing, start);
    else if (last !== undefined) {
      const rows = this.#seenRows(last.modification, execution, writing, places);
      const { exists, values: told } = statics ?? noStatics;
      this.#result.refused(execution, sink, this.#keyParts(key), rows, told, exists);
    }
    values.first = start;
    if (holds) this.#result.applied(execution, sink);
  }
  /** @returns the partition's key. */
  #bind(modification: Modification, execution: Execution, key: Uint8Array | undefined): Uint8Array {
    const { keys, target } = modification;
    const what = modification.kind === 'delete' ? 'deletions' : 'updates';
    if (!keys.isSingle)
      throw invalid(
        this.#isBatch
          ? 'Batch with conditions cannot span multiple partitions (you cannot use IN on the partition key)'
          : `IN on the partition key is not supported with conditional ${what}`,
      );
    if (target.kind === 'rows' && !target.clusterings.isSingle)
      throw invalid(`IN on the clustering key columns is not supported with conditional ${what}`);
    modification.bind(execution);
    const own = keys.bytes.slice(keys.from, keys.from + keys.size);
    if (key !== undefined && !equalBytes(key, own))
      throw invalid('Batch with conditions cannot span multiple partitions');
    return own;
  }

  /** Of one statement: whether it may be applied. What it tests is in `places` then. */
  #test(
    modification: Modification,
    conditions: Conditions,
    execution: Execution,
    writing: Writing,
    places: Place[],
    statics: Statics,
  ): boolean {
    if (conditions.kind !== 'columns') {
      if (modification.target.kind !== 'rows') {
        this.#place(places, undefined, conditions.kind, () => undefined);
        return statics.exists === (conditions.kind === 'exists');
      }
      const place = this.#rowPlace(modification, conditions.kind, execution, writing, places);
      return (place.row !== undefined) === (conditions.kind === 'exists');
    }
    const ofRow = conditions.tests.some(({ column }) => column.kind === 'regular')
      ? this.#rowPlace(modification, 'columns', execution, writing, places)
      : undefined;
    if (conditions.tests.some(({ column }) => column.kind === 'static'))
      this.#place(places, undefined, 'columns', () => undefined);
    return conditions.tests.every((test) => {
      const from = test.column.kind === 'static' ? statics.values : ofRow?.row?.values;
      return test.holds(from?.get(test.column) ?? null, execution);
    });
  }
  #rowPlace(
    modification: Modification,
    kind: Place['kind'],
    execution: Execution,
    writing: Writing,
    places: Place[],
  ): Place {
    const { target } = modification;
    const { ordered } = target.kind === 'rows' ? target.clusterings : { ordered: undefined };
    const own = ordered?.bytes.slice(ordered.from, ordered.from + ordered.size) ?? everyRow;
    return this.#place(places, own, kind, () => {
      this.#slices.clear();
      this.#slices.addKey(own, 0, own.length);
      return this.#firstRow(modification, execution, writing, this.#regulars, true);
    });
  }
  /** What is tested already is not read again. @throws CqlFault it is tested in another way already. */
  #place(
    places: Place[],
    ordered: Uint8Array | undefined,
    kind: Place['kind'],
    read: () => SeenRow | undefined,
  ): Place {
    const known = places.find((each) =>
      ordered === undefined || each.ordered === undefined
        ? each.ordered === ordered
        : equalBytes(each.ordered, ordered),
    );
    if (known !== undefined) {
      if (known.kind !== kind) throw invalid(mixed(known.kind, kind));
      return known;
    }
    const place = { ordered, kind, row: read() };
    places.push(place);
    return place;
  }

  #readStatics({ table, keys }: Modification, execution: Execution, writing: Writing): Statics {
    if (this.#statics.length === 0) return noStatics;
    const { reader } = writing.environment;
    this.#slices.clear();
    reader.openPartition(table, keys.bytes, keys.from, keys.size, this.#slices, false, execution.nowSeconds);
    if (!reader.nextPartition()) return noStatics;
    const values = reader.statics.exists ? valuesOf(reader.statics, this.#statics) : new Map<Column, null>();
    return { exists: [...values.values()].some((value) => value !== null), values };
  }
  /** Of the slices. @param anyRow also one that has nothing but cells. */
  #firstRow(
    { table, keys }: Modification,
    execution: Execution,
    writing: Writing,
    columns: readonly Column[],
    anyRow: boolean,
  ): SeenRow | undefined {
    const { reader } = writing.environment;
    reader.openPartition(table, keys.bytes, keys.from, keys.size, this.#slices, false, execution.nowSeconds);
    if (!reader.nextPartition()) return undefined;
    while (reader.nextRow()) {
      const { row } = reader;
      if (!anyRow && !row.live) continue;
      const wire = row.clusteringFrom < row.clusteringTo ? wireOf(row, table.schema.clustering.length) : noWire;
      return { wire, values: valuesOf(row, columns) };
    }
    return undefined;
  }
  /** Those that are told. Where only statics are tested it is the first of the partition. */
  #seenRows(
    modification: Modification,
    execution: Execution,
    writing: Writing,
    places: readonly Place[],
  ): readonly SeenRow[] {
    const named = places.filter(({ ordered }) => ordered !== undefined);
    if (named.length > 0)
      return named
        .toSorted((a, b) => {
          const [left, right] = [a.ordered ?? everyRow, b.ordered ?? everyRow];
          return compareRanges(left, 0, left.length, right, 0, right.length);
        })
        .flatMap(({ row }) => row ?? []);
    this.#slices.clear();
    this.#slices.addPrefix(everyRow, 0, 0);
    const columns = this.#writesRows ? this.#regulars : [];
    const first = this.#firstRow(modification, execution, writing, columns, this.#writesRows);
    return first === undefined ? [] : [first];
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
        // What deletes many rows is older by a microsecond than rows that come with it: those stay.
        if (!modification.deletesMany) modification.write(execution, writing, hi, lo);
        else modification.write(execution, writing, lo === 0 ? hi - 1 : hi, (lo - 1) | 0);
      }
      apply(writing);
    } catch (thrown) {
      abandon(writing, mark);
      throw toFault(thrown);
    }
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

/** The words are Cassandra's, where conditions of columns come second too. */
function mixed(known: Place['kind'], kind: Place['kind']): string {
  if (kind === 'columns') return 'Cannot mix IF conditions and IF NOT EXISTS for the same row';
  if (known === 'columns')
    return `Cannot mix IF conditions and IF ${kind === 'notExists' ? 'NOT ' : ''}EXISTS for the same row`;
  return 'Cannot mix IF EXISTS and IF NOT EXISTS conditions for the same row';
}
/** Its clustering, `[i32 size][bytes]` for each of the columns. */
function wireOf({ bytes, view, wireFrom }: RowView, columns: number): Uint8Array {
  let to = wireFrom;
  for (let i = 0; i < columns; i++) to += 4 + Math.max(0, view.getInt32(to));
  return bytes.slice(wireFrom, to);
}
