/** Values of a row as a reader shows it, put together as results have them. */
import type { Column, RowView } from '@skerry/domain-table';
import { collectionBytes, fieldsValue, isMultiCell, type UserType } from '@skerry/domain-values';
import { elementNumbers } from './elements.ts';

/** A copy; null: there is none. Not for counters. */
export function currentValue(row: RowView, column: Column): Uint8Array | null {
  row.columns();
  if (isMultiCell(column.type)) return collectionValue(row, column);
  const place = row.layout.placeOf(column.id);
  const size = row.sizes[place] ?? -1;
  const from = row.starts[place] ?? 0;
  return size < 0 ? null : row.bytes.slice(from, from + size);
}
function collectionValue(row: RowView, { id, type }: Column): Uint8Array | null {
  const numbers = elementNumbers(row, id);
  if (numbers.length === 0) return null;
  const { bytes } = row;
  const item = (number: number): Uint8Array =>
    bytes.slice(row.itemFrom(number), row.itemFrom(number) + row.itemSize(number));
  const key = (number: number): Uint8Array =>
    bytes.slice(row.keyFrom(number), row.keyFrom(number) + row.keySize(number));
  if (type.kind === 'list') return collectionBytes('list', numbers.map(item));
  if (type.kind === 'set') return collectionBytes('set', numbers.map(key));
  if (type.kind === 'map')
    return collectionBytes(
      'map',
      numbers.flatMap((number) => [key(number), item(number)]),
    );
  return type.kind === 'udt' ? fieldsOf(row, type, numbers, item) : null;
}
function fieldsOf(
  row: RowView,
  type: UserType,
  numbers: readonly number[],
  item: (number: number) => Uint8Array,
): Uint8Array {
  const fields: (Uint8Array | undefined)[] = type.fields.map(() => undefined);
  for (const number of numbers) {
    const path = row.pathFrom(number);
    fields[((row.bytes[path] ?? 0) << 8) | (row.bytes[path + 1] ?? 0)] = item(number);
  }
  return fieldsValue(fields);
}
