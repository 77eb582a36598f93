/** A table that is computed when it is read. */
import type { TableSchema } from '@skerry/domain-table';
import { assert, present } from '@skerry/kernel';
import { allColumns } from '../columns.ts';
import { computedKeyspaces } from './keyspaces.ts';
import { storedKeyspaces } from './stored-keyspaces.ts';

export type Value = Uint8Array | null;
/** Values in the order partition key, clustering, statics, regulars; each kind as the schema has it. */
export type Row = readonly Value[];
export type VirtualTable = {
  readonly schema: TableSchema;
  /** Sorted by the names in its key, not by token. */
  rows(): Iterable<Row>;
};

export type NamedRow = Readonly<Record<string, Value>>;

/** @throws AssertionError, when it is read, for a column that the table has not. */
export function virtualTable(keyspace: string, name: string, rows: () => Iterable<NamedRow>): VirtualTable {
  const known = computedKeyspaces.get(keyspace) ?? storedKeyspaces.get(keyspace);
  return computedTable(present(known?.tables.get(name), `table ${keyspace}.${name}`), rows);
}

function computedTable(schema: TableSchema, rows: () => Iterable<NamedRow>): VirtualTable {
  // Once for the table, not for each row: a schema of a thousand tables has ten thousand rows of columns.
  const columns = allColumns(schema).map((column) => column.name);
  const known = new Set(columns);
  return {
    schema,
    *rows() {
      for (const row of rows()) {
        for (const column in row) assert(known.has(column), `${schema.name} has no column ${column}`);
        yield columns.map((column) => row[column] ?? null);
      }
    },
  };
}
