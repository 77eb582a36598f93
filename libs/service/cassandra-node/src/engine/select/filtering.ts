/** What of a WHERE each row is looked at for. */
import type { Column } from '@skerry/domain-table';
import { invalid } from '../contract.ts';
import type { Filter } from './filters.ts';

const filteringText =
  'Cannot execute this query as it might involve data filtering and thus may have unpredictable performance. If you ' +
  'want to execute this query despite the performance unpredictability, use ALLOW FILTERING';
export const filteringRefused = (): Error => invalid(filteringText);

export class Filtering {
  readonly filters: Filter[] = [];
  /** Columns that are filtered by, which an index may answer. */
  readonly columns: Column[] = [];

  by(column: Column, filters: readonly Filter[] | undefined): void {
    if (filters === undefined || filters.length === 0) return;
    this.filters.push(...filters);
    this.columns.push(column);
  }
}
