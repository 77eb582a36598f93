/** What a planned SELECT is made of. */
import type { Slices, TableLayout, TableReader, TableSchema } from '@skerry/domain-table';
import type { Operand, ResultColumn } from '../contract.ts';
import type { IndexSearch } from '../index/search.ts';
import type { ClusteringSlices } from './clustering-slices.ts';
import type { Filter } from './filters.ts';
import type { NearestLimit } from './nearest.ts';
import type { Seal } from './paging-state.ts';
import type { PartitionKeys } from './partition-keys.ts';
import type { VirtualTable } from './relation.ts';
import type { TokenBound } from './restrictions.ts';
import type { ColumnRef } from './row.ts';
import type { Selected } from './selected.ts';
import type { ResultSelector } from './selectors.ts';
import type { Guardrails } from './tombstone-guard.ts';
import type { TurnTime } from './turn-time.ts';

export type SelectParts = {
  readonly columns: readonly ResultColumn[];
  readonly selectors: readonly ResultSelector[];
  readonly json: boolean;
  readonly distinct: boolean;
  /** Rows are aggregated. */
  readonly grouped: boolean;
  /** What a group's rows have in common; none: all rows are one group. */
  readonly groups: readonly Selected[];
  readonly schema: TableSchema;
  /** What is warned of when rows are aggregated. */
  readonly aggregation: string | undefined;
  readonly layout: TableLayout | undefined;
  readonly virtual: VirtualTable | undefined;
  readonly reader: (() => TableReader) | undefined;
  /** Undefined: no index is asked. */
  readonly search: IndexSearch | undefined;
  readonly keys: PartitionKeys | undefined;
  readonly tokens: readonly TokenBound[];
  readonly clustering: ClusteringSlices;
  readonly slices: Slices;
  readonly filters: readonly Filter[];
  /** Undefined: no order by nearness is asked for. */
  readonly nearest: NearestLimit | undefined;
  /** A partition without rows is told by its static columns. */
  readonly staticRows: boolean;
  readonly reverse: boolean;
  /** Rows of several partitions in the order of so many clustering columns; 0: partition by partition. */
  readonly sorted: number;
  readonly limit: Operand | undefined;
  readonly perPartition: Operand | undefined;
  readonly seal: Seal;
  readonly statement: Uint8Array;
  readonly guardrails: Guardrails;
  readonly time: TurnTime;
  /** `*` of a table without static columns: a dense row is one copy. */
  readonly whole: boolean;
  /** All that is selected are columns. */
  readonly plain: readonly ColumnRef[] | undefined;
};
