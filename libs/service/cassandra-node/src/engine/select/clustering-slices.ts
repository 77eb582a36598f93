/**
 * Slices of ordered clustering bytes from restrictions. What is equal in all is done without making anything; INs, ranges
 * and pages go through lists of ranges.
 */
import type { Column, Slices, TableSchema } from '@skerry/domain-table';
import { ByteSink, orderedCodec, type OrderedCodec } from '@skerry/domain-values';
import { invalid, type Execution } from '../contract.ts';
import { emptySlot } from '../operands.ts';
import {
  behind,
  everything,
  following,
  intersection,
  joined,
  prefixRange,
  union,
  type ByteRange,
} from './byte-ranges.ts';
import { requiredValue } from './filters.ts';
import type { ClusteringRestriction, SliceBound } from './restrictions.ts';

/** Combinations of IN values that one statement may ask for. */
export const combinationsMax = 100_000;
const nothing = new Uint8Array(0);
const zero = new Uint8Array(1);

export class ClusteringSlices {
  readonly #restrictions: readonly ClusteringRestriction[];
  readonly #codecs: readonly OrderedCodec[];
  readonly #columnCount: number;
  /** All are of one column that is equal to one operand. */
  readonly #plain: boolean;
  readonly #sink = new ByteSink();
  readonly #slot = emptySlot();

  constructor(schema: TableSchema, restrictions: readonly ClusteringRestriction[]) {
    this.#restrictions = restrictions;
    this.#codecs = schema.clustering.map(({ type, reversed }) => orderedCodec(type, reversed));
    this.#columnCount = schema.clustering.length;
    this.#plain = restrictions.every((each) => each.kind === 'equal' && each.operand !== undefined);
  }
  /** All rows are wanted. */
  get isEverything(): boolean {
    return this.#restrictions.length === 0;
  }
  /**
   * Fills `slices`. @param resume rows up to and with this clustering are behind (in the direction of reading).
   * False: no row can be wanted.
   */
  fill(slices: Slices, execution: Execution, resume: Uint8Array | undefined, reverse: boolean): boolean {
    slices.clear();
    if (this.#plain && resume === undefined) return this.#fillPlain(slices, execution);
    let ranges = this.ranges(execution);
    if (resume !== undefined)
      ranges = intersection(
        ranges,
        reverse ? [{ from: nothing, to: resume }] : [{ from: following(resume), to: undefined }],
      );
    for (const { from, to } of ranges) slices.add(from, 0, from.length, to ?? nothing, 0, to?.length ?? 0);
    return ranges.length > 0;
  }
  #fillPlain(slices: Slices, execution: Execution): boolean {
    const sink = this.#sink;
    const slot = this.#slot;
    sink.clear();
    const restrictions = this.#restrictions;
    for (let i = 0; i < restrictions.length; i++) {
      const { operand, columns } = restrictions[i] as Extract<ClusteringRestriction, { kind: 'equal' }>;
      if (operand === undefined) return false;
      requiredValue(operand, execution, slot, columns[0]?.name ?? '');
      (this.#codecs[i] as OrderedCodec).append(sink, slot.bytes, slot.from, slot.from + slot.size);
    }
    if (restrictions.length === this.#columnCount) slices.addKey(sink.bytes, 0, sink.length);
    else slices.addPrefix(sink.bytes, 0, sink.length);
    return true;
  }

  /** Sorted, apart. */
  ranges(execution: Execution): readonly ByteRange[] {
    let prefixes: Uint8Array[] = [nothing];
    let columns = 0;
    for (const restriction of this.#restrictions) {
      if (restriction.kind === 'slice') {
        const ranges = prefixes.flatMap((prefix) =>
          this.#sliced(prefix, restriction.columns, restriction.bounds, execution),
        );
        return union(ranges);
      }
      const tuples = restriction.kind === 'equal' ? [restriction.values(execution)] : restriction.values(execution);
      if (prefixes.length * tuples.length > combinationsMax)
        throw invalid(`Cannot select: its IN restrictions have more than ${combinationsMax} combinations`);
      prefixes = prefixes.flatMap((prefix) =>
        tuples.map((tuple) => joined(prefix, encoded(this.#codecs, restriction.columns, tuple))),
      );
      columns += restriction.columns.length;
    }
    if (columns === 0) return [everything];
    return union(
      prefixes.map((prefix) =>
        columns === this.#columnCount ? { from: prefix, to: joined(prefix, zero) } : prefixRange(prefix),
      ),
    );
  }
  #sliced(
    prefix: Uint8Array,
    columns: readonly Column[],
    bounds: readonly SliceBound[],
    execution: Execution,
  ): readonly ByteRange[] {
    let ranges: readonly ByteRange[] = [prefixRange(prefix)];
    for (const { operator, values } of bounds) {
      const bound = values(execution);
      const own = columns.slice(0, bound.length);
      ranges = intersection(ranges, rangesBeyond(this.#codecs, prefix, own, operator, bound));
    }
    return ranges;
  }
}

function encoded(
  codecs: readonly OrderedCodec[],
  columns: readonly Column[],
  values: readonly Uint8Array[],
): Uint8Array {
  const sink = new ByteSink(64);
  for (const [i, column] of columns.entries()) {
    const value = values[i];
    if (value === undefined) break;
    (codecs[column.position] as OrderedCodec).append(sink, value, 0, value.length);
  }
  return sink.copy();
}
/**
 * Rows behind `prefix` whose columns are, as a tuple, beyond the values: for each column in turn those that equal the
 * values before it and are beyond its own; columns of either order may stand beside each other.
 * @param codecs of all clustering columns.
 */
export function rangesBeyond(
  codecs: readonly OrderedCodec[],
  prefix: Uint8Array,
  columns: readonly Column[],
  operator: SliceBound['operator'],
  values: readonly Uint8Array[],
): readonly ByteRange[] {
  const ranges: ByteRange[] = [];
  let equal = prefix;
  const greater = operator.startsWith('>');
  for (const [i, column] of columns.entries()) {
    const value = values[i];
    if (value === undefined) break;
    const own = joined(equal, encoded(codecs, [column], [value]));
    const within = prefixRange(equal);
    const last = i === columns.length - 1;
    // In the order of bytes; a DESC column's greater values come first.
    const upwards = greater !== column.reversed;
    if (upwards) {
      const from = behind(own);
      if (from !== undefined) ranges.push({ from, to: within.to });
    } else ranges.push({ from: within.from, to: own });
    if (last && operator.endsWith('=')) ranges.push(prefixRange(own));
    equal = own;
  }
  return union(ranges);
}
