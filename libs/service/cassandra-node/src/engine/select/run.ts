/** A planned SELECT at work: it opens what is read, and walks it, in several turns if need be. One request at a time. */
import { invalid, type Execution, type ResultSink } from '../contract.ts';
import { GroupWalk } from './group-walk.ts';
import { limitOf } from './limit-of.ts';
import { Look } from './look.ts';
import { Openings } from './openings.ts';
import { decodePagingState, encodePagingState } from './paging-state.ts';
import type { Position, RowSource } from './row.ts';
import { RowWalk } from './row-walk.ts';
import { RowWriter } from './row-writer.ts';
import type { SelectParts } from './select-parts.ts';
import { SortedWalk } from './sorted-walk.ts';
import { StoredSource } from './stored-source.ts';
import { VirtualSource } from './virtual-source.ts';
import type { Walk } from './walk.ts';

export class SelectRun {
  readonly #parts: SelectParts;
  #stored: StoredSource | undefined;
  readonly #virtual: VirtualSource | undefined;
  readonly #openings: Openings;
  readonly #writer: RowWriter;
  readonly #look: Look;
  readonly #walk: Walk;
  /** One row at most is asked for, by its key alone: nothing is made for such a request. */
  readonly #isPoint: boolean;
  /** Behind which row the next turn goes on. */
  #at: Position | undefined;

  constructor(parts: SelectParts) {
    this.#parts = parts;
    this.#virtual = parts.virtual === undefined ? undefined : new VirtualSource(parts.virtual);
    this.#openings = new Openings(parts);
    this.#writer = new RowWriter(parts);
    this.#look = new Look(parts.guardrails, parts.schema, parts.time, parts.virtual === undefined);
    this.#walk = this.#makeWalk();
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
  #makeWalk(): Walk {
    const { grouped, sorted } = this.#parts;
    if (grouped) return new GroupWalk(this.#parts, this.#writer, this.#look);
    return sorted > 0 ? new SortedWalk(this.#parts, this.#look) : new RowWalk(this.#parts, this.#writer, this.#look);
  }

  /** The first turn. True: the result is written; false: it takes {@link goOn}. @throws CqlFault. */
  begin(execution: Execution, sink: ResultSink): boolean {
    if (this.#isPoint && execution.pagingState === undefined && this.#point(execution, sink)) return true;
    const { filters, columns, sorted, grouped, nearest, seal, statement } = this.#parts;
    // All that are nearest are one page.
    const pageSize = nearest === undefined ? execution.pageSize : -1;
    const pagingState = nearest === undefined ? execution.pagingState : undefined;
    nearest?.filter.rows.begin(nearest.wanted(execution));
    const limit = limitOf(this.#parts.limit, execution);
    const perPartition = limitOf(this.#parts.perPartition, execution);
    for (const filter of filters) filter.begin(execution);
    const resume = pagingState === undefined ? undefined : decodePagingState(pagingState, seal, statement);
    if (sorted > 0 && pageSize > 0)
      throw invalid(
        'Cannot page queries with both ORDER BY and a IN restriction on the partition key; you must either remove the ' +
          'ORDER BY or the IN and sort client side, or disable paging for this query',
      );
    if (grouped) this.#warnOfAggregation(execution);
    this.#at = resume?.position;
    this.#look.begin();
    const source = this.#open(execution, false);
    sink.beginRows(columns, execution.skipMetadata);
    this.#walk.begin(resume, limit, perPartition, pageSize > 0 ? pageSize : Infinity);
    return this.#turn(source, execution, sink);
  }
  /** A later turn: it sees the data as they are then. Results as of {@link begin}. */
  goOn(execution: Execution, sink: ResultSink): boolean {
    this.#look.goOn();
    return this.#turn(this.#open(execution, true), execution, sink);
  }
  #turn(source: RowSource, execution: Execution, sink: ResultSink): boolean {
    const { nearest, seal, statement, search } = this.#parts;
    const rows = nearest?.filter.rows;
    const pause = this.#walk.walk(source, execution, rows ?? sink, this.#at);
    if (pause !== undefined) {
      this.#at = pause.at;
      this.#look.endTurn(source);
      search?.clean(execution.nowSeconds);
      return false;
    }
    this.#look.tombstones(source, execution);
    rows?.tell(sink);
    const { state } = this.#walk;
    sink.endRows(state === undefined ? undefined : encodePagingState(state, seal, statement));
    search?.clean(execution.nowSeconds);
    return true;
  }

  #point(execution: Execution, sink: ResultSink): boolean {
    const { keys, layout, reader, columns } = this.#parts;
    if (keys === undefined || layout === undefined || reader === undefined) return false;
    const source = (this.#stored ??= new StoredSource(reader(), layout));
    keys.one(execution);
    source.beginOne(keys.bytes, keys.from, keys.size, execution.nowSeconds);
    sink.beginRows(columns, execution.skipMetadata);
    if (source.nextPartition() && source.nextRow()) this.#writer.write(source, execution, sink);
    this.#look.tombstones(source, execution);
    sink.endRows(undefined);
    return true;
  }
  #warnOfAggregation({ warnings }: Execution): void {
    if (this.#parts.aggregation !== undefined) warnings.push(this.#parts.aggregation);
  }
  /** @param isAgain in a later turn. */
  #open(execution: Execution, isAgain: boolean): RowSource {
    const { layout, reader, search } = this.#parts;
    const at = this.#at;
    if (this.#virtual !== undefined) {
      this.#openings.virtual(this.#virtual, execution, at);
      return this.#virtual;
    }
    if (layout === undefined || reader === undefined) throw invalid('This table holds nothing');
    const found = search?.open(execution, at, isAgain);
    if (found !== undefined) return found;
    this.#stored ??= new StoredSource(reader(), layout);
    const isWithin = isAgain && at?.clustering !== undefined;
    this.#stored.begin(this.#openings.stored(execution, layout, at, isAgain), execution.nowSeconds, isWithin);
    return this.#stored;
  }
}
