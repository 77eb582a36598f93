/** The rows that a DELETE names by a part of their clustering, as ranges of ordered bytes. */
import { Slices, type Column } from '@skerry/domain-table';
import { orderedCodec, type OrderedCodec } from '@skerry/domain-values';
import type { Execution } from '../contract.ts';
import { emptySlot } from '../operands.ts';
import { intersection, prefixRange, type ByteRange } from '../select/byte-ranges.ts';
import { rangesBeyond } from '../select/clustering-slices.ts';
import type { Clusterings } from './clusterings.ts';
import { checkKeyPart } from './partition-keys.ts';
import type { Bound, ClusteringWhere } from './where.ts';

const noBytes = new Uint8Array(0);

export class RowRanges {
  readonly #columns: readonly Column[];
  readonly #codecs: readonly OrderedCodec[];
  readonly #prefix: Clusterings;
  readonly #prefixCount: number;
  readonly #lower: Bound | undefined;
  readonly #upper: Bound | undefined;
  readonly #slot = emptySlot();
  /** The ranges, once bound. */
  readonly slices = new Slices();

  /** @param prefix values of the first `count` columns. */
  constructor(columns: readonly Column[], prefix: Clusterings, { lower, upper }: ClusteringWhere, count: number) {
    this.#columns = columns;
    this.#codecs = columns.map(({ type, reversed }) => orderedCodec(type, reversed));
    this.#prefixCount = count;
    this.#prefix = prefix;
    this.#lower = lower;
    this.#upper = upper;
  }
  /** Where a range's lower bound, its upper one and its end are. */
  bounds(range: number): readonly [number, number, number] {
    const { slices } = this;
    return [slices.fromOf(range), slices.middleOf(range), slices.toOf(range)];
  }
  bind(execution: Execution): void {
    this.slices.clear();
    this.#prefix.bind(execution);
    const above = this.#values(execution, this.#lower);
    const below = this.#values(execution, this.#upper);
    for (let i = 0; i < this.#prefix.count; i++) {
      this.#prefix.use(i);
      const { bytes, from, size } = this.#prefix.ordered;
      const prefix = bytes.slice(from, from + size);
      let ranges: readonly ByteRange[] = [prefixRange(prefix)];
      if (this.#lower !== undefined) ranges = intersection(ranges, this.#beyond(prefix, '>', this.#lower, above));
      if (this.#upper !== undefined) ranges = intersection(ranges, this.#beyond(prefix, '<', this.#upper, below));
      for (const { from: start, to = noBytes } of ranges) this.slices.add(start, 0, start.length, to, 0, to.length);
    }
  }
  #beyond(
    prefix: Uint8Array,
    side: '>' | '<',
    { inclusive }: Bound,
    values: readonly Uint8Array[],
  ): readonly ByteRange[] {
    const columns = this.#columns.slice(this.#prefixCount, this.#prefixCount + values.length);
    return rangesBeyond(this.#codecs, prefix, columns, inclusive ? `${side}=` : side, values);
  }
  #values(execution: Execution, bound: Bound | undefined): readonly Uint8Array[] {
    return (bound?.operands ?? []).map((operand, i) => {
      const slot = this.#slot;
      operand.evaluate(execution, slot);
      checkKeyPart(this.#columns[this.#prefixCount + i] as Column, slot.size);
      return slot.bytes.slice(slot.from, slot.from + slot.size);
    });
  }
}
