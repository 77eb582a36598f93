/** Rows into a result: columns as they lie, or what is selected of them, or JSON. */
import type { Execution, RowSink } from '../contract.ts';
import { emptySlot } from '../operands.ts';
import { jsonRow } from './json-row.ts';
import type { ColumnRef, RowSource } from './row.ts';
import type { SelectParts } from './select-parts.ts';
import { StoredSource } from './stored-source.ts';

export class RowWriter {
  readonly #parts: SelectParts;
  readonly #slot = emptySlot();
  readonly #keyRefs: readonly ColumnRef[];

  constructor(parts: SelectParts) {
    this.#parts = parts;
    this.#keyRefs = parts.schema.partitionKey.map((column) => ({ column, multiCell: false, counter: false }));
  }
  /** The current row. */
  write(source: RowSource, execution: Execution, sink: RowSink): void {
    const { whole, plain, json, selectors } = this.#parts;
    const slot = this.#slot;
    const { row } = source;
    if (whole && source instanceof StoredSource && !source.isStatic && source.reader.row.dense) {
      const keys = this.#keyRefs;
      for (let i = 0; i < keys.length; i++) {
        row.load(keys[i] as ColumnRef, slot);
        sink.cell(slot.bytes, slot.from, slot.size);
      }
      const { bytes, wireFrom, cellsTo } = source.reader.row;
      sink.cells(bytes, wireFrom, cellsTo - wireFrom);
    } else if (json) {
      const text = jsonRow(selectors, row, execution);
      sink.cell(text, 0, text.length);
    } else if (plain !== undefined) {
      for (let i = 0; i < plain.length; i++) {
        row.load(plain[i] as ColumnRef, slot);
        sink.cell(slot.bytes, slot.from, slot.size);
      }
    } else
      for (const { selected } of selectors) {
        selected.evaluate(row, execution, slot);
        sink.cell(slot.bytes, slot.from, slot.size);
      }
    sink.endRow();
  }
  /** What was selected of a group; another may begin. */
  writeGroup(source: RowSource, execution: Execution, sink: RowSink): void {
    const { selectors, json } = this.#parts;
    const slot = this.#slot;
    if (json) {
      const text = jsonRow(selectors, source.row, execution);
      sink.cell(text, 0, text.length);
    } else
      for (const { selected } of selectors) {
        selected.evaluate(source.row, execution, slot);
        sink.cell(slot.bytes, slot.from, slot.size);
      }
    sink.endRow();
    for (const { selected } of selectors) selected.reset();
  }
}
