/** The rows that a DELETE names by a part of their clustering, as ranges of ordered bytes. */
import { Slices, type Column, type Part } from '@skerry/domain-table';
import type { Execution } from '../contract.ts';
import { invalid } from '../contract.ts';
import { emptySlot } from '../operands.ts';
import { ClusteringWriter, type Clusterings } from './clusterings.ts';
import { checkKeyPart } from './partition-keys.ts';
import type { Bound, ClusteringWhere } from './where.ts';

export class RowRanges {
  readonly #columns: readonly Column[];
  readonly #prefix: Clusterings;
  readonly #prefixCount: number;
  readonly #lower: Bound | undefined;
  readonly #upper: Bound | undefined;
  readonly #start: ClusteringWriter;
  readonly #end: ClusteringWriter;
  readonly #slot = emptySlot();
  /** The ranges, once bound. */
  readonly slices = new Slices();

  /** @param prefix values of the first `count` columns. */
  constructor(columns: readonly Column[], prefix: Clusterings, { lower, upper }: ClusteringWhere, count: number) {
    this.#columns = columns;
    this.#prefixCount = count;
    this.#prefix = prefix;
    const first = columns[count];
    const bounded = Math.max(lower?.operands.length ?? 0, upper?.operands.length ?? 0);
    const directions = columns.slice(count, count + bounded);
    if (directions.some(({ reversed }) => reversed !== first?.reversed))
      throw invalid('Bounds of several clustering columns of different orders are not supported in DELETE statements');
    // In a column of descending order the greater value comes first.
    const isReversed = first?.reversed === true;
    this.#lower = isReversed ? upper : lower;
    this.#upper = isReversed ? lower : upper;
    this.#start = new ClusteringWriter(columns);
    this.#end = new ClusteringWriter(columns);
  }
  /** Where a range's lower bound, its upper one and its end are. */
  bounds(range: number): readonly [number, number, number] {
    const { slices } = this;
    return [slices.fromOf(range), slices.middleOf(range), slices.toOf(range)];
  }
  bind(execution: Execution): void {
    this.slices.clear();
    this.#prefix.bind(execution);
    const ranges: { from: Part; fromInclusive: boolean; to: Part; toInclusive: boolean }[] = [];
    for (let i = 0; i < this.#prefix.count; i++) {
      this.#prefix.use(i);
      const from = this.#bound(execution, this.#start, this.#lower);
      const to = this.#bound(execution, this.#end, this.#upper);
      ranges.push({
        from,
        fromInclusive: this.#lower?.inclusive ?? true,
        to,
        toInclusive: this.#upper?.inclusive ?? true,
      });
    }
    for (const { from, fromInclusive, to, toInclusive } of ranges)
      this.slices.addBetween(from.bytes, from.from, from.size, fromInclusive, to.bytes, to.from, to.size, toInclusive);
  }
  /** The prefix and the bound's values, in a copy. */
  #bound(execution: Execution, writer: ClusteringWriter, bound: Bound | undefined): Part {
    const { ordered } = this.#prefix;
    writer.clear();
    for (const [i, operand] of (bound?.operands ?? []).entries()) {
      const slot = this.#slot;
      operand.evaluate(execution, slot);
      checkKeyPart(this.#columns[this.#prefixCount + i] as Column, slot.size);
      writer.append(this.#prefixCount + i, slot.bytes, slot.from, slot.size);
    }
    writer.finish();
    const size = ordered.size + writer.ordered.size;
    const bytes = new Uint8Array(size);
    bytes.set(ordered.bytes.subarray(0, ordered.size));
    bytes.set(writer.ordered.bytes.subarray(0, writer.ordered.size), ordered.size);
    return { bytes, from: 0, size };
  }
}
