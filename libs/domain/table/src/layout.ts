/** The columns of a table as its rows are read and written: made once for each version of the schema. */
import { isMultiCell } from '@skerry/domain-values';
import { denseColumnsMax } from './format.ts';
import type { Column, TableSchema } from './schema.ts';

const microsHalf = 0x1_0000_0000;

/** Static or regular columns of a table. */
export class Layout {
  readonly columns: readonly Column[];
  /** Column ids in the order of result rows. */
  readonly ids: Uint16Array;
  /** A collection whose elements are cells of their own. */
  readonly multiCell: Uint8Array;
  readonly hasMultiCell: boolean;
  /** It has columns, few enough for the dense form, and each is one cell. */
  readonly canBeDense: boolean;
  /** Place of a column among {@link columns}, by its id; -1: there is none now. */
  readonly #places: Int16Array;
  /** By id: cells at or before it are gone. Empty when no column was dropped. */
  readonly dropped: ReadonlyMap<number, { readonly hi: number; readonly lo: number }>;

  constructor(columns: readonly Column[], schema: Pick<TableSchema, 'dropped' | 'isCounter'>) {
    this.columns = columns;
    this.ids = Uint16Array.from(columns, ({ id }) => id);
    this.multiCell = Uint8Array.from(columns, ({ type }) => (isMultiCell(type) ? 1 : 0));
    this.hasMultiCell = this.multiCell.includes(1);
    this.canBeDense =
      columns.length > 0 && columns.length <= denseColumnsMax && !this.hasMultiCell && !schema.isCounter;
    this.#places = new Int16Array(columns.reduce((most, { id }) => Math.max(most, id + 1), 0)).fill(-1);
    for (const [place, { id }] of columns.entries()) this.#places[id] = place;
    this.dropped = new Map(
      schema.dropped.map(({ id, droppedAtMicros }) => [
        id,
        { hi: Math.floor(droppedAtMicros / microsHalf) | 0, lo: (droppedAtMicros % microsHalf) | 0 },
      ]),
    );
  }
  placeOf(id: number): number {
    return this.#places[id] ?? -1;
  }
  /** The row's cells are of these columns in this order. `ids` is where its column ids begin. */
  matches(view: DataView, ids: number, count: number): boolean {
    if (count !== this.ids.length) return false;
    for (let i = 0; i < count; i++) if (view.getUint16(ids + 2 * i) !== this.ids[i]) return false;
    return true;
  }
}

export type TableLayout = {
  readonly schema: TableSchema;
  readonly statics: Layout;
  readonly regulars: Layout;
};
export const layoutOf = (schema: TableSchema): TableLayout => ({
  schema,
  statics: new Layout(schema.statics, schema),
  regulars: new Layout(schema.regulars, schema),
});
