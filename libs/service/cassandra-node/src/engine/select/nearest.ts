/**
 * `ORDER BY v ANN OF [...] LIMIT n`: the rows whose vectors are nearest, exactly: each row that the WHERE leaves is looked
 * at. Source: Cassandra 5.0, SelectStatement, StatementRestrictions: rules and texts; VectorSimilarityFunction.
 */
import type { TableSchema } from '@skerry/domain-table';
import type { VectorType } from '@skerry/domain-values';
import type { SelectStatement } from '@skerry/protocol-cql';
import type { IndexDefinition } from '../../catalog/state.ts';
import { invalid, type Execution, type Operand, type Slot } from '../contract.ts';
import { emptySlot, prepareOperand, sizeNull, sizeUnset } from '../operands.ts';
import type { Planning } from '../planning.ts';
import { columnReceiver } from '../receivers.ts';
import type { Filter } from './filters.ts';
import { NearestRows } from './nearest-rows.ts';
import { columnRef, type ColumnRef, type Row } from './row.ts';
import { columnOf } from './relation.ts';
import type { Where } from './restrictions.ts';

/** Rows that one search for nearest may want. Source: Cassandra 5.0, cassandra.sai.vector_search.max_top_k. */
export const nearestRowsMax = 1_000;
const aggregationText = 'Top-K queries can not be run with aggregation';
const limitText = 'Top-K queries must have a limit specified and the limit must be less than the query page size';
const filteringText = 'ANN ordering by vector requires all restricted column(s) to be indexed';

type Similarity = (a: Float64Array, b: Float64Array) => number;
const dot: Similarity = (a, b) => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number);
  return sum;
};
/** Only their order counts. NaN: one is zero, and has no direction. */
const similarities: Readonly<Record<string, Similarity>> = {
  cosine: (a, b) => dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b)),
  dot_product: dot,
  euclidean: (a, b) => {
    let sum = 0;
    for (let i = 0; i < a.length; i++) sum += ((a[i] as number) - (b[i] as number)) ** 2;
    return -sum;
  },
};

/** What is asked for, besides the WHERE. */
export type Nearest = {
  readonly ref: ColumnRef;
  readonly operand: Operand;
  readonly similarity: Similarity;
  readonly isCosine: boolean;
};

const isFloatVector = (type: { readonly kind: string }): type is VectorType =>
  type.kind === 'vector' && (type as VectorType).element.kind === 'float';

/** Undefined: no order by nearness is asked for. @throws CqlFault. */
export function nearestOf(
  planning: Planning,
  schema: TableSchema,
  indexes: readonly IndexDefinition[],
  { orderBy }: SelectStatement,
): Nearest | undefined {
  const asked = orderBy.filter(({ ann }) => ann !== undefined);
  const [first] = asked;
  if (first?.ann === undefined) return undefined;
  if (asked.length > 1) throw invalid('Cannot specify more than one ANN ordering');
  if (orderBy.length > 1) throw invalid('ANN ordering does not support any other ordering');
  if (first.descending) throw invalid('Descending ANN ordering is not supported');
  const column = columnOf(schema, first.column);
  const operand = prepareOperand(planning, first.ann, columnReceiver(schema, column));
  if (!isFloatVector(column.type)) throw invalid('ANN ordering is only supported on float vector indexes');
  const index = indexes.find(({ targets }) => targets[0]?.column === column.name);
  if (index === undefined) throw invalid('ANN ordering by vector requires the column to be indexed');
  const name = (index.options.get('similarity_function') ?? 'cosine').toLowerCase();
  const similarity = similarities[name] ?? dot;
  return { ref: columnRef(column), operand, similarity, isCosine: name === 'cosine' };
}

/** Without an index of each column that is restricted it is refused. @throws CqlFault. */
export function checkNearestWhere(where: Where, { ref }: Nearest, indexes: readonly IndexDefinition[]): void {
  const { name: ordered } = ref.column;
  if (where.filtered.some(({ name }) => name === ordered))
    throw invalid(`${ordered} cannot be restricted by more than one relation if it includes an Equal`);
  const isIndexed = ({ name }: { readonly name: string }): boolean =>
    indexes.some(({ targets }) => targets[0]?.column === name);
  const restricted = [...where.filtered, ...where.clustering.flatMap(({ columns }) => columns)];
  const lacking = restricted.filter((column) => !isIndexed(column));
  const bySlices = where.keys !== undefined && where.filtered.every(isIndexed);
  if (lacking.length > 0 && !bySlices) throw invalid(filteringText);
  if (where.keyIsIn)
    throw invalid('Select on indexed columns and with IN clause for the PRIMARY KEY are not supported');
}
/** Vectors that are indexed are no filter. @throws CqlFault. */
export function checkVectorFilters(where: Where, indexes: readonly IndexDefinition[]): void {
  for (const { type, name } of where.filtered)
    if (type.kind === 'vector' && indexes.some(({ targets }) => targets[0]?.column === name))
      throw invalid('Vector indexes only support ANN queries');
}

/** As a filter it sees each row, lets pass those that are among the nearest so far, and remembers how near. */
export class NearnessFilter implements Filter {
  readonly #nearest: Nearest;
  readonly rows = new NearestRows();
  readonly #slot: Slot = emptySlot();
  #wanted = new Float64Array(0);
  #other = new Float64Array(0);

  constructor(nearest: Nearest) {
    this.#nearest = nearest;
  }
  begin(execution: Execution): void {
    const { operand, isCosine } = this.#nearest;
    const slot = this.#slot;
    operand.evaluate(execution, slot);
    if (slot.size === sizeNull || slot.size === sizeUnset)
      throw invalid(`Unsupported null value for column ${this.#nearest.ref.column.name}`);
    this.#wanted = new Float64Array(slot.size / 4);
    this.#other = new Float64Array(slot.size / 4);
    read(slot, this.#wanted);
    if (isCosine && dot(this.#wanted, this.#wanted) === 0)
      throw invalid('Zero and near-zero vectors cannot be indexed or queried with cosine similarity');
  }
  accepts(row: Row): boolean {
    const slot = this.#slot;
    row.load(this.#nearest.ref, slot);
    if (slot.size !== 4 * this.#other.length) return false;
    read(slot, this.#other);
    return this.rows.offer(this.#nearest.similarity(this.#wanted, this.#other));
  }
}
function read({ bytes, from }: Slot, into: Float64Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset + from, 4 * into.length);
  for (let i = 0; i < into.length; i++) into[i] = view.getFloat32(4 * i);
}

const serial = 8;
const localSerial = 9;
const localQuorum = 6;
/** Levels that bring several replicas together. */
const reconciled: ReadonlyMap<number, string> = new Map([
  [2, 'TWO'],
  [3, 'THREE'],
  [4, 'QUORUM'],
  [5, 'ALL'],
  [localQuorum, 'LOCAL_QUORUM'],
  [7, 'EACH_QUORUM'],
]);

/** What of a SELECT in the order of nearness is told of it, and how many rows it wants. */
export class NearestLimit {
  readonly filter: NearnessFilter;
  readonly #limit: Operand | undefined;
  readonly #perPartition: Operand | undefined;
  readonly #grouped: boolean;
  readonly #slot = emptySlot();

  constructor(filter: NearnessFilter, limit: Operand | undefined, perPartition: Operand | undefined, grouped: boolean) {
    this.filter = filter;
    this.#limit = limit;
    this.#perPartition = perPartition;
    this.#grouped = grouped;
  }
  /** @returns how many rows are wanted. @throws CqlFault. */
  wanted(execution: Execution): number {
    const { consistency, pageSize, warnings } = execution;
    const limit = this.#limit;
    if (this.#grouped) throw invalid(aggregationText);
    if (consistency === serial || consistency === localSerial)
      throw invalid(
        `Top-K queries can only be run with consistency level ONE/LOCAL_ONE. Consistency level ${consistency === serial ? 'SERIAL' : 'LOCAL_SERIAL'} was used.`,
      );
    const level = reconciled.get(consistency);
    if (level !== undefined)
      warnings.push(
        `Top-K queries can only be run with consistency level ONE / LOCAL_ONE / NODE_LOCAL. Consistency level ${level} was requested. Downgrading the consistency level to ${consistency === localQuorum ? 'LOCAL_ONE' : 'ONE'}.`,
      );
    if (limit === undefined) throw invalid(limitText);
    const slot = this.#slot;
    limit.evaluate(execution, slot);
    if (slot.size !== 4) throw invalid(limitText);
    const wanted = new DataView(slot.bytes.buffer, slot.bytes.byteOffset + slot.from).getInt32(0);
    if (wanted <= 0) throw invalid('LIMIT must be strictly positive');
    if (this.#perPartition !== undefined) throw invalid('Top-K queries do not support per-partition limits');
    if (wanted > nearestRowsMax)
      throw invalid(
        `Use of ANN OF in an ORDER BY clause requires a LIMIT that is not greater than ${nearestRowsMax}. LIMIT was ${wanted}`,
      );
    if (pageSize > 0 && pageSize < wanted)
      warnings.push(
        `Top-K queries do not support paging and the page size is set to ${pageSize}, which is less than LIMIT ${wanted}. The page size has been set to ${wanted} to match the LIMIT.`,
      );
    return wanted;
  }
}
