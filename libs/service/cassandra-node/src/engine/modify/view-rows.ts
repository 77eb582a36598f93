/** Rows of a table as its views need them: copies, taken before and after a change. */
import { keyComponents, type Column, type Part, type RowView, type TableLayout } from '@skerry/domain-table';
import { isMultiCell } from '@skerry/domain-values';
import { currentValue } from './current-value.ts';
import { elementNumbers } from './elements.ts';

export type Expiring = { readonly ttl: number; readonly expiry: number };
export type ViewElement = Expiring & { readonly path: Part; readonly key: Part; readonly item: Part };
/** `value` of a collection is it as a whole. */
export type ViewCell = Expiring & { readonly value: Uint8Array; readonly elements: readonly ViewElement[] | undefined };
/** By the column's name. `life` of the row itself: as long as anything of it, that a view may not even have. */
export type BaseRow = { readonly cells: ReadonlyMap<string, ViewCell>; readonly life: Expiring };

const forever: Expiring = { ttl: 0, expiry: 0 };

export function baseRow(table: TableLayout, key: Uint8Array, row: RowView): BaseRow {
  const { partitionKey, clustering, regulars } = table.schema;
  const cells = new Map<string, ViewCell>();
  const places = keyComponents(key, 0, key.length, partitionKey.length) ?? [];
  for (const [i, { name }] of partitionKey.entries()) {
    const from = places[2 * i] ?? 0;
    cells.set(name, { ...forever, value: key.slice(from, from + (places[2 * i + 1] ?? 0)), elements: undefined });
  }
  row.columns();
  let at = row.wireFrom;
  for (const { name } of clustering) {
    const size = Math.max(0, row.view.getInt32(at));
    cells.set(name, { ...forever, value: row.bytes.slice(at + 4, at + 4 + size), elements: undefined });
    at += 4 + size;
  }
  let life: Expiring | undefined = row.live ? { ttl: row.liveTtl, expiry: row.liveExpiry } : undefined;
  for (const column of regulars) {
    const value = currentValue(row, column);
    if (value === null) continue;
    const cell = { ...expiring(row, column), value, elements: elements(row, column) };
    cells.set(column.name, cell);
    for (const part of cell.elements ?? [cell]) life = later(life, part);
  }
  return { cells, life: life ?? forever };
}
const later = (a: Expiring | undefined, b: Expiring): Expiring =>
  a === undefined || (a.ttl !== 0 && (b.ttl === 0 || b.expiry > a.expiry)) ? { ttl: b.ttl, expiry: b.expiry } : a;
function expiring(row: RowView, { id, type }: Column): Expiring {
  if (isMultiCell(type)) return forever;
  const place = row.layout.placeOf(id);
  const ttl = row.ttls[place] ?? 0;
  return { ttl, expiry: ttl === 0 ? 0 : (row.expiries[place] ?? 0) };
}
function elements(row: RowView, { id, type }: Column): readonly ViewElement[] | undefined {
  if (!isMultiCell(type)) return undefined;
  const copy = (from: number, size: number): Part => ({
    bytes: size > 0 ? row.bytes.slice(from, from + size) : new Uint8Array(0),
    from: 0,
    size,
  });
  return elementNumbers(row, id).map((number) => ({
    path: copy(row.pathFrom(number), row.pathSize(number)),
    key: copy(row.keyFrom(number), row.keySize(number)),
    item: copy(row.itemFrom(number), row.itemSize(number)),
    ttl: row.itemTtl(number),
    expiry: row.itemTtl(number) === 0 ? 0 : row.itemExpiry(number),
  }));
}
