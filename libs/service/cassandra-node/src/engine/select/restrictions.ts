/** What the relations of a SELECT come to: restrictions of keys, tokens and clusterings, and filters for the rest. */
import type { Column } from '@skerry/domain-table';
import type { Comparison } from '@skerry/protocol-cql';
import type { Execution, Operand } from '../contract.ts';
import type { InValues } from '../operands.ts';
import type { Filter } from './filters.ts';

export type KeyRestriction =
  | { readonly kind: 'equal'; readonly column: Column; readonly operand: Operand }
  | { readonly kind: 'in'; readonly column: Column; readonly values: InValues };

export type SliceBound = {
  readonly operator: '<' | '<=' | '>' | '>=';
  readonly values: (execution: Execution) => readonly Uint8Array[];
};
/** Of one or several clustering columns that follow one another. */
export type ClusteringRestriction =
  | {
      readonly kind: 'equal';
      readonly columns: readonly Column[];
      readonly operand: Operand | undefined;
      readonly values: (execution: Execution) => readonly Uint8Array[];
    }
  | {
      readonly kind: 'in';
      readonly columns: readonly Column[];
      readonly values: (execution: Execution) => readonly (readonly Uint8Array[])[];
    }
  | { readonly kind: 'slice'; readonly columns: readonly Column[]; readonly bounds: readonly SliceBound[] };

export type TokenBound = { readonly operator: Comparison; readonly operand: Operand };
export type Where = {
  /** One for each column of the partition key, and of those the tokens that are wanted; undefined: a scan. */
  readonly keys: readonly KeyRestriction[] | undefined;
  readonly tokens: readonly TokenBound[];
  /** Columns of the key that are the same in all rows. */
  readonly fixed: readonly Column[];
  readonly clustering: readonly ClusteringRestriction[];
  readonly filters: readonly Filter[];
  /** It cannot be answered without looking at rows that are not wanted. */
  readonly needsFiltering: boolean;
  /** Columns that are filtered by, which an index may answer. */
  readonly filtered: readonly Column[];
  /** An index is asked. */
  readonly usesIndex: boolean;
  /** Rows are restricted by their clustering: a partition's static columns alone are no row of it. */
  readonly restrictsRows: boolean;
  /** The partition key is told of in some way; by a list. */
  readonly restrictsKey: boolean;
  readonly keyIsIn: boolean;
  readonly restrictsClustering: boolean;
  /** Without ALLOW FILTERING a column that is not of the key cannot be restricted. */
  readonly filtersOthers: boolean;
};
