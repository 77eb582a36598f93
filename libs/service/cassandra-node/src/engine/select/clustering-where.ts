/** What restricts the clustering: slices as far as the order of the columns allows, filters behind that. */
import type { Column, TableSchema } from '@skerry/domain-table';
import { invalid } from '../contract.ts';
import { singleRestriction, type ColumnRelations } from './column-relations.ts';
import { filteringRefused, type Filtering } from './filtering.ts';
import type { ClusteringRestriction } from './restrictions.ts';
import type { TupleRelations } from './tuple-relations.ts';

export type ClusteringParts = {
  readonly schema: TableSchema;
  readonly single: ColumnRelations;
  readonly tuples: TupleRelations;
  readonly filtering: Filtering;
  /** Rows may be filtered where the order of the columns leaves no slice. */
  readonly mayFilter: boolean;
};

/** @returns the slices; what is left goes to `filtering`. @throws CqlFault. */
export function clusteringRestrictions(parts: ClusteringParts): readonly ClusteringRestriction[] {
  const { schema, single, tuples, filtering } = parts;
  const { clustering } = schema;
  const out: ClusteringRestriction[] = [];
  joinBounds(single, tuples);
  let open = true;
  let unrestricted: Column | undefined;
  let sliced: Column | undefined;
  for (let i = 0; i < clustering.length;) {
    const column = clustering[i] as Column;
    const multi = tuples.all.find(({ columns }) => columns[0] === column);
    const gathered = single.of(column);
    const restriction =
      multi?.restriction ?? (gathered === undefined ? undefined : singleRestriction(column, gathered));
    const isRestricted = restriction !== undefined || (gathered !== undefined && gathered.filters.length > 0);
    if (isRestricted && (!open || restriction === undefined)) {
      if (restriction === undefined && !parts.mayFilter)
        throw invalid('Clustering columns can only be restricted with CONTAINS with a secondary index or filtering');
      refuseOutOfOrder(parts, column, unrestricted, sliced);
      refuseManyFiltered(multi?.restriction);
      filtering.by(column, multi?.filters ?? gathered?.filters);
      // What it is equal to is not known: slices end here.
      open = false;
    } else if (restriction === undefined) {
      open = false;
      unrestricted ??= column;
    } else {
      out.push(restriction);
      if (restriction.kind === 'slice') {
        open = false;
        sliced = column;
      }
      // What a slice or an IN does not say exactly, such as CONTAINS beside it.
      if (single.mustFilter(column)) filtering.by(column, gathered?.filters);
    }
    i += multi?.columns.length ?? 1;
  }
  for (const { columns, filters, restriction } of tuples.all)
    if (
      !out.some((restriction) => restriction.columns[0] === columns[0]) &&
      !filters.every((each) => filtering.filters.includes(each))
    ) {
      refuseOutOfOrder(parts, columns[0] as Column, unrestricted, sliced);
      refuseManyFiltered(restriction);
      filtering.by(columns[0] as Column, filters);
    }
  return out;
}

/** What restricts a column both alone and among others: two slices may be one, all else is refused. */
function joinBounds(single: ColumnRelations, { all }: TupleRelations): void {
  for (const [at, multi] of all.entries())
    for (const column of multi.columns) {
      const gathered = single.of(column);
      if (gathered === undefined || gathered.filters.length === 0) continue;
      const { restriction } = multi;
      const isSlice = gathered.equal === undefined && gathered.in === undefined;
      const [first, second] =
        gathered.order < multi.order
          ? [isSlice, restriction.kind === 'slice']
          : [restriction.kind === 'slice', isSlice];
      if (!first)
        throw invalid(
          `${column.name} cannot be restricted by more than one relation if it includes ${gathered.in !== undefined || restriction.kind === 'in' ? 'a IN' : 'an Equal'}`,
        );
      if (!second || restriction.kind !== 'slice')
        throw invalid(`Column "${column.name}" cannot be restricted by both an equality and an inequality relation`);
      if (column !== multi.columns[0])
        throw invalid(
          `Column "${column.name}" cannot be restricted by two inequalities not starting with the same column`,
        );
      const own = singleRestriction(column, gathered);
      const bounds = own?.kind === 'slice' ? own.bounds : [];
      for (const { operator } of bounds)
        if (restriction.bounds.some((bound) => bound.operator.charAt(0) === operator.charAt(0)))
          throw invalid(
            `More than one restriction was found for the ${operator.startsWith('<') ? 'end' : 'start'} bound on ${column.name}`,
          );
      all[at] = {
        ...multi,
        restriction: { ...restriction, bounds: [...restriction.bounds, ...bounds] },
        filters: [...multi.filters, ...gathered.filters],
      };
      single.forget(column);
    }
}

/** Rows are looked at by one column each. */
function refuseManyFiltered(restriction: ClusteringRestriction | undefined): void {
  if (restriction?.kind === 'slice') throw invalid('Multi-column slice restrictions cannot be used for filtering.');
  if (restriction?.kind === 'in' && restriction.columns.length > 1)
    throw invalid('Multicolumn IN filters are not supported');
}

function refuseOutOfOrder(
  { mayFilter }: ClusteringParts,
  column: Column,
  unrestricted: Column | undefined,
  sliced: Column | undefined,
): void {
  if (mayFilter) return;
  if (sliced !== undefined)
    throw invalid(
      `Clustering column "${column.name}" cannot be restricted (preceding column "${sliced.name}" is restricted by a non-EQ relation)`,
    );
  if (unrestricted !== undefined && unrestricted !== column)
    throw invalid(
      `PRIMARY KEY column "${column.name}" cannot be restricted as preceding column "${unrestricted.name}" is not restricted`,
    );
  throw filteringRefused();
}
