/** Rows of several partitions in the order of their clustering: all are read before the first is told. */
import { comparePart } from '@skerry/domain-values';
import type { Execution, ResultSink } from '../contract.ts';
import { emptySlot } from '../operands.ts';
import { accepts } from './filters.ts';
import { jsonRow } from './json-row.ts';
import type { RowSource } from './row.ts';
import type { SelectParts } from './select-parts.ts';
import { selectedBytes } from './selected.ts';

export class SortedWalk {
  readonly #parts: SelectParts;
  constructor(parts: SelectParts) {
    this.#parts = parts;
  }
  /** Rows of all partitions, then sorted by their clustering: no pages. */
  walk(source: RowSource, execution: Execution, sink: ResultSink, limit: number, perPartition: number): void {
    const { schema, selectors, reverse, json, filters } = this.#parts;
    // Of equal ones the partition decides that was asked for first.
    const ordered = schema.clustering.slice(0, this.#parts.sorted);
    const clusteringRefs = ordered.map((column) => ({ column, multiCell: false, counter: false }));
    const rows: { readonly order: readonly Uint8Array[]; readonly cells: readonly (Uint8Array | null)[] }[] = [];
    const slot = emptySlot();
    while (source.nextPartition())
      for (let count = 0; count < perPartition && source.nextRow();) {
        if (!accepts(filters, source.row)) continue;
        count += 1;
        const order = clusteringRefs.map((ref) => {
          source.row.load(ref, slot);
          return slot.bytes.slice(slot.from, slot.from + Math.max(0, slot.size));
        });
        const cells = json
          ? [jsonRow(selectors, source.row, execution)]
          : selectors.map(({ selected }) => selectedBytes(selected, source.row, execution));
        rows.push({ order, cells });
      }
    rows.sort((a, b) => {
      for (const [i, { type, reversed }] of ordered.entries()) {
        const [left, right] = [a.order[i] as Uint8Array, b.order[i] as Uint8Array];
        const order = comparePart(type, left, 0, left.length, right, 0, right.length);
        if (order !== 0) return reversed !== reverse ? -order : order;
      }
      return 0;
    });
    for (const { cells } of rows.slice(0, limit)) {
      for (const cell of cells) sink.cell(cell ?? none, 0, cell?.length ?? -1);
      sink.endRow();
    }
  }
}
const none = new Uint8Array(0);
