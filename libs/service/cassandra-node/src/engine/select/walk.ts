/** A way through the rows that a SELECT reads: it may take several turns. */
import type { Execution, RowSink } from '../contract.ts';
import type { PagingState } from './paging-state.ts';
import type { Position, RowSource } from './row.ts';

/** A turn is over: behind which row it goes on; undefined: where it began. */
export type Pause = { readonly at: Position | undefined };

export interface Walk {
  /** A SELECT begins. @param resume where its last page ended. @param page rows of a page; Infinity: no pages. */
  begin(resume: PagingState | undefined, limit: number, perPartition: number, page: number): void;
  /**
   * Goes on with rows of `source`, which was opened behind `from`. Undefined: all is told.
   * @throws CqlFault too many tombstones, and what filters and functions have to say.
   */
  walk(source: RowSource, execution: Execution, sink: RowSink, from: Position | undefined): Pause | undefined;
  /** Where the next page goes on, once all is told. */
  readonly state: PagingState | undefined;
}
