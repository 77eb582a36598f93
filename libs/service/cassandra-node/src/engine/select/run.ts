/** A planned SELECT at work: it opens what is read, and walks it. */
import { invalid, type Execution, type ResultSink } from '../contract.ts';
import { GroupWalk } from './group-walk.ts';
import { limitOf } from './limit-of.ts';
import { Openings } from './openings.ts';
import { decodePagingState, encodePagingState, type PagingState } from './paging-state.ts';
import type { Position, RowSource } from './row.ts';
import { RowWalk } from './row-walk.ts';
import { RowWriter } from './row-writer.ts';
import type { SelectParts } from './select-parts.ts';
import { SortedWalk } from './sorted-walk.ts';
import { StoredSource } from './stored-source.ts';
import { checkTombstones } from './tombstone-guard.ts';
import { VirtualSource } from './virtual-source.ts';

export class SelectRun {
  readonly #parts: SelectParts;
  #stored: StoredSource | undefined;
  readonly #virtual: VirtualSource | undefined;
  readonly #openings: Openings;
  readonly #writer: RowWriter;
  readonly #rows: RowWalk;
  readonly #groups: GroupWalk;
  readonly #sorted: SortedWalk;
  /** One row at most is asked for, by its key alone: nothing is made for such a request. */
  readonly #isPoint: boolean;

  constructor(parts: SelectParts) {
    this.#parts = parts;
    this.#virtual = parts.virtual === undefined ? undefined : new VirtualSource(parts.virtual);
    this.#openings = new Openings(parts);
    this.#writer = new RowWriter(parts);
    this.#rows = new RowWalk(parts, this.#writer);
    this.#groups = new GroupWalk(parts, this.#writer);
    this.#sorted = new SortedWalk(parts);
    this.#isPoint =
      parts.keys?.isOne === true &&
      parts.tokens.length === 0 &&
      parts.schema.clustering.length === 0 &&
      parts.filters.length === 0 &&
      parts.virtual === undefined &&
      parts.limit === undefined &&
      parts.perPartition === undefined &&
      !parts.grouped;
  }

  execute(execution: Execution, sink: ResultSink): void {
    if (this.#isPoint && execution.pagingState === undefined && this.#point(execution, sink)) return;
    const { filters, columns, sorted, grouped, seal, statement, guardrails, schema } = this.#parts;
    const limit = limitOf(this.#parts.limit, execution);
    const perPartition = limitOf(this.#parts.perPartition, execution);
    for (const filter of filters) filter.begin(execution);
    const resume =
      execution.pagingState === undefined ? undefined : decodePagingState(execution.pagingState, seal, statement);
    if (sorted > 0 && execution.pageSize > 0)
      throw invalid(
        'Cannot page queries with both ORDER BY and a IN restriction on the partition key; you must either remove the ' +
          'ORDER BY or the IN and sort client side, or disable paging for this query',
      );
    if (grouped) this.#warnOfAggregation(execution);
    const source = this.#open(execution, resume?.position);
    sink.beginRows(columns, execution.skipMetadata);
    let state: PagingState | undefined;
    if (sorted && !grouped) this.#sorted.walk(source, execution, sink, limit, perPartition);
    else if (grouped) state = this.#groups.walk(source, execution, sink, resume, limit, perPartition);
    else state = this.#rows.walk(source, execution, sink, resume, limit, perPartition);
    checkTombstones(guardrails, schema, source, execution);
    sink.endRows(state === undefined ? undefined : encodePagingState(state, seal, statement));
    this.#parts.search?.clean(execution.nowSeconds);
  }

  #point(execution: Execution, sink: ResultSink): boolean {
    const { keys, layout, reader, columns, guardrails, schema } = this.#parts;
    if (keys === undefined || layout === undefined || reader === undefined) return false;
    const source = (this.#stored ??= new StoredSource(reader(), layout));
    keys.one(execution);
    source.beginOne(keys.bytes, keys.from, keys.size, execution.nowSeconds);
    sink.beginRows(columns, execution.skipMetadata);
    if (source.nextPartition() && source.nextRow()) this.#writer.write(source, execution, sink);
    checkTombstones(guardrails, schema, source, execution);
    sink.endRows(undefined);
    return true;
  }
  #warnOfAggregation({ warnings }: Execution): void {
    if (this.#parts.aggregation !== undefined) warnings.push(this.#parts.aggregation);
  }
  #open(execution: Execution, resume: Position | undefined): RowSource {
    const { layout, reader } = this.#parts;
    if (this.#virtual !== undefined) {
      this.#openings.virtual(this.#virtual, execution, resume);
      return this.#virtual;
    }
    if (layout === undefined || reader === undefined) throw invalid('This table holds nothing');
    const found = this.#parts.search?.open(execution, resume);
    if (found !== undefined) return found;
    this.#stored ??= new StoredSource(reader(), layout);
    this.#stored.begin(this.#openings.stored(execution, layout, resume), execution.nowSeconds);
    return this.#stored;
  }
}
