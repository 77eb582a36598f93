/** What operations write with: one for an engine, filled anew for each statement. */
import type { Column, MutationWriter, RowView } from '@skerry/domain-table';
import type { Execution } from '../contract.ts';
import type { Environment } from '../environment.ts';
import type { IndexUpkeep } from '../index/upkeep.ts';
import { ListStates } from './list-state.ts';
import type { Captured } from './views.ts';

export class Writing {
  readonly environment: Environment;
  readonly writer: MutationWriter;
  /** Microseconds since 1970, of what is written: signed halves. */
  hi = 0;
  lo = 0;
  /** A microsecond earlier: what is overwritten goes, what is written stays. */
  beforeHi = 0;
  beforeLo = 0;
  /** 0: none. */
  ttl = 0;
  expiry = 0;
  nowSeconds = 0;
  nowMs = 0;
  /** The row (or the static row) as it is, for operations that read; undefined: there is none. */
  row: RowView | undefined;
  /** The row was read, for operations that ask what it is. */
  reads = false;
  /** Its lists, when it was read. */
  readonly lists = new ListStates();

  /** Rows of tables with views, as they were before what is written now. */
  readonly captured: Captured[] = [];
  /** Mutations of tables with indexes, that wait for their entries: where each begins in the writer. */
  readonly indexed: { readonly upkeep: IndexUpkeep; readonly start: number }[] = [];

  constructor(environment: Environment) {
    this.environment = environment;
    this.writer = environment.store.writer;
  }
  begin(execution: Pick<Execution, 'nowSeconds' | 'nowMs'>, hi: number, lo: number, ttl: number): void {
    this.hi = hi;
    this.lo = lo;
    this.beforeHi = lo === 0 ? (hi - 1) | 0 : hi;
    this.beforeLo = (lo - 1) | 0;
    this.nowSeconds = execution.nowSeconds;
    this.nowMs = execution.nowMs;
    this.ttl = ttl;
    this.expiry = ttl === 0 ? 0 : execution.nowSeconds + ttl;
    this.row = undefined;
    this.reads = false;
  }
  /** Operations that follow work on this row; undefined: there is none. */
  read(row: RowView | undefined): void {
    this.row = row;
    this.reads = true;
    this.lists.begin(row);
  }
}

/** All that was written counts, and views follow. @throws StatusError `overloaded`: nothing of it is kept. */
export function apply(writing: Writing): void {
  const { captured, environment, indexed } = writing;
  if (indexed.length > 0) {
    for (const { upkeep, start } of indexed) upkeep.follow(writing, start);
    indexed.length = 0;
  }
  environment.store.apply();
  if (captured.length === 0) return;
  for (const each of captured) each.upkeep.settle(writing, each);
  captured.length = 0;
  environment.store.apply();
}
/** Takes back what was written since `mark`. */
export function abandon(writing: Writing, mark: number): void {
  writing.writer.sink.length = mark;
  writing.captured.length = 0;
  writing.indexed.length = 0;
}

/** What a statement does to one column. */
export interface Operation {
  readonly column: Column;
  readonly requiresRead: boolean;
  /** Evaluates its values. False: they are unset, and it does nothing. */
  bind(execution: Execution): boolean;
  /** Writes cells into the row that is open. */
  write(writing: Writing): void;
}
