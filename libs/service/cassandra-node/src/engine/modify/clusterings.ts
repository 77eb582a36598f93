/** The rows of a partition that a statement names: usually one. Their clustering is made ready for the writer and the reader. */
import { clusteringSizeMaxBytes, Sink, type Column, type Part } from '@skerry/domain-table';
import { ByteSink, orderedCodec, type OrderedCodec } from '@skerry/domain-values';
import { invalid, type Execution, type Operand, type Slot } from '../contract.ts';
import { emptySlot, type InValues } from '../operands.ts';
import { checkKeyPart, keyPartValues } from './partition-keys.ts';

/** Rows that one statement may name, as the product of its IN lists. */
export const namedRowsMax = 10_000;

type MutablePart = { -readonly [K in keyof Part]: Part[K] };

/** Clustering columns, one after another, in both of their forms. */
export class ClusteringWriter {
  readonly #codecs: readonly OrderedCodec[];
  readonly #ordered = new ByteSink(64);
  readonly #wire = new Sink(64);
  #dataSize = 0;
  readonly ordered: MutablePart = { bytes: new Uint8Array(0), from: 0, size: 0 };
  readonly wire: MutablePart = { bytes: new Uint8Array(0), from: 0, size: 0 };

  constructor(columns: readonly Column[]) {
    this.#codecs = columns.map(({ type, reversed }) => orderedCodec(type, reversed));
  }
  clear(): void {
    this.#ordered.length = 0;
    this.#wire.length = 0;
    this.#dataSize = 0;
  }
  append(column: number, bytes: Uint8Array, from: number, size: number): void {
    (this.#codecs[column] as OrderedCodec).append(this.#ordered, bytes, from, from + size);
    const wire = this.#wire;
    wire.reserve(4);
    wire.view.setInt32(wire.length, size);
    wire.length += 4;
    wire.append(bytes, from, size);
    this.#dataSize += size;
  }
  /** What was appended is in `ordered` and `wire` until `clear`. */
  finish(): void {
    if (this.#dataSize > clusteringSizeMaxBytes)
      throw invalid(`Key length of ${this.#dataSize} is longer than maximum of ${clusteringSizeMaxBytes}`);
    if (this.#ordered.length > clusteringSizeMaxBytes)
      throw invalid(
        `The sum of all clustering columns is too long (${this.#ordered.length} > ${clusteringSizeMaxBytes})`,
      );
    this.ordered.bytes = this.#ordered.bytes;
    this.ordered.size = this.#ordered.length;
    this.wire.bytes = this.#wire.bytes;
    this.wire.size = this.#wire.length;
  }
}

/** Of the first clustering columns; of those behind `values` tuples tell. */
export type ClusteringValues = {
  readonly columns: readonly Column[];
  readonly values: readonly InValues[];
};
/** `(a, b) IN ((1, 2), …)`: values of the columns behind those that have their own. */
export type TupleRows = (execution: Execution) => readonly (readonly Uint8Array[])[];

export class Clusterings {
  readonly #columns: readonly Column[];
  readonly #single: readonly Operand[] | undefined;
  readonly #values: readonly InValues[];
  readonly #tuples: TupleRows | undefined;
  readonly #slot: Slot = emptySlot();
  readonly #writer: ClusteringWriter;
  #rows: readonly (readonly Uint8Array[])[] = [];
  count = 0;

  constructor({ columns, values }: ClusteringValues, tuples?: TupleRows) {
    this.#columns = columns;
    this.#values = values;
    this.#tuples = tuples;
    this.#writer = new ClusteringWriter(columns);
    const single = values.flatMap((value) =>
      value.kind === 'each' && value.operands.length === 1 ? value.operands : [],
    );
    this.#single = tuples === undefined && single.length === columns.length ? single : undefined;
  }
  get isSingle(): boolean {
    return this.#single !== undefined;
  }
  /** Ordered bytes of the current row's clustering. */
  get ordered(): Part {
    return this.#writer.ordered;
  }
  get wire(): Part {
    return this.#writer.wire;
  }
  bind(execution: Execution): void {
    if (this.#single !== undefined) return this.#bindSingle(this.#single, execution);
    this.#rows = this.#product(execution);
    if (this.#tuples !== undefined) {
      const tuples = this.#tuples(execution);
      this.#rows = this.#rows.flatMap((row) => tuples.map((tuple) => [...row, ...tuple]));
    }
    this.count = this.#rows.length;
    if (this.count > 0) this.use(0);
  }
  use(index: number): void {
    if (this.#single !== undefined) return;
    this.#writer.clear();
    for (const [column, value] of (this.#rows[index] ?? []).entries())
      this.#writer.append(column, value, 0, value.length);
    this.#writer.finish();
  }
  #bindSingle(operands: readonly Operand[], execution: Execution): void {
    const slot = this.#slot;
    const writer = this.#writer;
    this.count = 1;
    writer.clear();
    for (let i = 0; i < operands.length; i++) {
      (operands[i] as Operand).evaluate(execution, slot);
      checkKeyPart(this.#columns[i] as Column, slot.size);
      writer.append(i, slot.bytes, slot.from, slot.size);
    }
    writer.finish();
  }
  #product(execution: Execution): readonly (readonly Uint8Array[])[] {
    const parts = this.#values.map((values, i) => keyPartValues(this.#columns[i] as Column, values, execution));
    const total = parts.reduce((product, each) => product * each.length, 1);
    if (total > namedRowsMax)
      throw invalid(`Cartesian product of the clustering key values exceeds the maximum of ${namedRowsMax}: ${total}`);
    let rows: (readonly Uint8Array[])[] = [[]];
    for (const values of parts) rows = rows.flatMap((row) => values.map((value) => [...row, value]));
    return rows;
  }
}
