/** The columns of a table, in the orders in which they are kept, selected and described. */
import type { Column, TableSchema } from '@skerry/domain-table';
import { isMultiCell, type ValueType } from '@skerry/domain-values';
import { compareBytes, utf8 } from '@skerry/kernel';

/** A column's number is 16 bits wide in a stored row. */
export const columnIdMax = 65_535;

/** The order of names: by their bytes. */
export const compareNames = (a: string, b: string): number => compareBytes(utf8(a), utf8(b));
const byName = (a: Column, b: Column): number => compareNames(a.name, b.name);
const numbered = (columns: readonly Column[]): readonly Column[] =>
  columns.map((column, position) => (column.position === position ? column : { ...column, position }));

/** Positions and orders put right. */
export const arranged = (table: TableSchema): TableSchema => ({
  ...table,
  partitionKey: numbered(table.partitionKey),
  clustering: numbered(table.clustering),
  statics: numbered(table.statics.toSorted(byName)),
  regulars: numbered(table.regulars.toSorted(byName)),
});

/** Keys, statics, regulars by name: the order of `SELECT *`. */
export const allColumns = (table: TableSchema): readonly Column[] => [
  ...table.partitionKey,
  ...table.clustering,
  ...table.statics,
  ...table.regulars,
];
export const keyColumns = (table: TableSchema): readonly Column[] => [...table.partitionKey, ...table.clustering];
export const findColumn = (table: TableSchema, name: string): Column | undefined =>
  allColumns(table).find((column) => column.name === name);
export const isKey = (column: Column): boolean => column.kind === 'partition_key' || column.kind === 'clustering';

/** The order of CREATE: those of one cell before those of many. */
export function createOrder(table: TableSchema): readonly Column[] {
  const simpleFirst = (columns: readonly Column[]): readonly Column[] => [
    ...columns.filter((column) => !isMultiCell(column.type)),
    ...columns.filter((column) => isMultiCell(column.type)),
  ];
  return [...keyColumns(table), ...simpleFirst(table.statics), ...simpleFirst(table.regulars)];
}

/** A number that no column of the table ever had. */
export const nextColumnId = (table: TableSchema): number =>
  1 + Math.max(-1, ...allColumns(table).map(({ id }) => id), ...table.dropped.map(({ id }) => id));

/** The same table with every column's type changed. Dropped ones keep what they had. */
export function mapColumnTypes(table: TableSchema, change: (type: ValueType) => ValueType): TableSchema {
  const changed = (columns: readonly Column[]): readonly Column[] =>
    columns.map((column) => ({ ...column, type: change(column.type) }));
  return {
    ...table,
    partitionKey: changed(table.partitionKey),
    clustering: changed(table.clustering),
    statics: changed(table.statics),
    regulars: changed(table.regulars),
  };
}
