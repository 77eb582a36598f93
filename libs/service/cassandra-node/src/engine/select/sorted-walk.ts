/** Rows of several partitions in the order of their clustering: all are read before the first is told. No pages. */
import { comparePart } from '@skerry/domain-values';
import type { Column } from '@skerry/domain-table';
import type { Execution, RowSink } from '../contract.ts';
import { emptySlot } from '../operands.ts';
import { accepts } from './filters.ts';
import { jsonRow } from './json-row.ts';
import type { Look } from './look.ts';
import type { PagingState } from './paging-state.ts';
import { isAt, wholly, type ColumnRef, type Position, type RowSource } from './row.ts';
import type { SelectParts } from './select-parts.ts';
import { selectedBytes } from './selected.ts';
import type { Pause, Walk } from './walk.ts';

type Row = { readonly order: readonly Uint8Array[]; readonly cells: readonly (Uint8Array | null)[] };

export class SortedWalk implements Walk {
  readonly #parts: SelectParts;
  readonly #look: Look;
  readonly #ordered: readonly Column[];
  readonly #refs: readonly ColumnRef[];
  readonly #slot = emptySlot();
  #limit = Infinity;
  #perPartition = Infinity;
  #rows: Row[] = [];
  /** Rows of the partition that a turn cut. */
  #ofPartition = 0;
  readonly state = undefined;

  constructor(parts: SelectParts, look: Look) {
    this.#parts = parts;
    this.#look = look;
    // Of equal ones the partition decides that was asked for first.
    this.#ordered = parts.schema.clustering.slice(0, parts.sorted);
    this.#refs = this.#ordered.map((column) => ({ column, multiCell: false, counter: false }));
  }
  begin(_resume: PagingState | undefined, limit: number, perPartition: number): void {
    this.#limit = limit;
    this.#perPartition = perPartition;
    this.#rows = [];
    this.#ofPartition = 0;
  }
  walk(source: RowSource, execution: Execution, sink: RowSink, from: Position | undefined): Pause | undefined {
    const { filters } = this.#parts;
    const look = this.#look;
    const between = look.rows;
    let looks = 0;
    let resumed = from?.clustering !== undefined;
    for (;;) {
      if (looks >= between) {
        looks = 0;
        if (look.isOver(source, execution)) return { at: wholly(source) };
      }
      if (!source.nextPartition()) {
        if (!source.takePause()) break;
        if (look.isOver(source, execution)) return { at: source.pausedAt() };
        continue;
      }
      looks += 1;
      if (!resumed || !isAt(source, from)) this.#ofPartition = 0;
      resumed = false;
      while (this.#ofPartition < this.#perPartition) {
        if (!source.nextRow()) {
          if (!source.takePause()) break;
          if (look.isOver(source, execution)) return { at: source.pausedAt() };
          continue;
        }
        looks += 1;
        if (accepts(filters, source.row)) {
          this.#ofPartition += 1;
          this.#rows.push(this.#row(source, execution));
        }
        if (looks >= between) {
          looks = 0;
          if (look.isOver(source, execution)) return { at: source.position() };
        }
      }
    }
    this.#tell(sink);
    return undefined;
  }
  #row({ row }: RowSource, execution: Execution): Row {
    const { selectors, json } = this.#parts;
    const slot = this.#slot;
    const order = this.#refs.map((ref) => {
      row.load(ref, slot);
      return slot.bytes.slice(slot.from, slot.from + Math.max(0, slot.size));
    });
    const cells = json
      ? [jsonRow(selectors, row, execution)]
      : selectors.map(({ selected }) => selectedBytes(selected, row, execution));
    return { order, cells };
  }
  #tell(sink: RowSink): void {
    const { reverse } = this.#parts;
    const rows = this.#rows;
    this.#rows = [];
    rows.sort((a, b) => {
      for (const [i, { type, reversed }] of this.#ordered.entries()) {
        const [left, right] = [a.order[i] as Uint8Array, b.order[i] as Uint8Array];
        const order = comparePart(type, left, 0, left.length, right, 0, right.length);
        if (order !== 0) return reversed !== reverse ? -order : order;
      }
      return 0;
    });
    for (const { cells } of rows.slice(0, this.#limit)) {
      for (const cell of cells) sink.cell(cell ?? none, 0, cell?.length ?? -1);
      sink.endRow();
    }
  }
}
const none = new Uint8Array(0);
