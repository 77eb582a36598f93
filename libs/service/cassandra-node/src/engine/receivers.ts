/** What values are for: the names and types that PREPARE and errors tell. Source: Cassandra 5.0, ColumnSpecification and its users. */
import type { ValueType } from '@skerry/domain-values';
import type { Column, TableSchema } from '@skerry/domain-table';
import type { MarkerSpec } from './contract.ts';

/** Where a value goes: a column, an element of one, an argument of a function. */
export type Receiver = MarkerSpec;
type TableName = Pick<TableSchema, 'keyspace' | 'name'>;

const receiver = ({ keyspace, name: table }: TableName, name: string, type: ValueType): Receiver => ({
  keyspace,
  table,
  name,
  type,
});
export const columnReceiver = (table: TableName, { name, type }: Pick<Column, 'name' | 'type'>): Receiver =>
  receiver(table, name, type);
export const renamed = (of: Receiver, name: string, type: ValueType): Receiver => ({ ...of, name, type });

/** `IN ?`. */
export const inReceiver = (of: Receiver): Receiver =>
  renamed(of, `in(${of.name})`, { kind: 'list', element: of.type, frozen: true });
export const elementReceiver = (of: Receiver, type: ValueType): Receiver => renamed(of, `value(${of.name})`, type);
export const keyReceiver = (of: Receiver, type: ValueType): Receiver => renamed(of, `key(${of.name})`, type);
/** Of a list's element that is named by its place. */
export const indexReceiver = (of: Receiver): Receiver => renamed(of, `idx(${of.name})`, { kind: 'int' });
export const fieldReceiver = (of: Receiver, field: string, type: ValueType): Receiver =>
  renamed(of, `${of.name}.${field}`, type);
export const componentReceiver = (of: Receiver, component: number, type: ValueType): Receiver =>
  renamed(of, `${of.name}[${component}]`, type);
/** `(a, b) IN ?`. */
export const tuplesInReceiver = (of: readonly Receiver[], whole: Receiver): Receiver =>
  renamed(whole, `in(${of.map(({ name }) => name).join(',')})`, { kind: 'list', element: whole.type, frozen: true });
/** `(a, b) = ?`: the columns as one tuple. */
export const tupleReceiver = (of: readonly Receiver[], table: TableName): Receiver =>
  receiver(table, `(${of.map(({ name }) => name).join(',')})`, {
    kind: 'tuple',
    elements: of.map(({ type }) => type),
  });

const fixed =
  (name: string, type: ValueType) =>
  (table: TableName): Receiver =>
    receiver(table, name, type);
export const limitReceiver = fixed('[limit]', { kind: 'int' });
export const perPartitionLimitReceiver = fixed('[per_partition_limit]', { kind: 'int' });
export const ttlReceiver = fixed('[ttl]', { kind: 'int' });
export const timestampReceiver = fixed('[timestamp]', { kind: 'bigint' });
export const jsonReceiver = fixed('[json]', { kind: 'text' });
/** `token(a, b) = ?`. */
export const tokenReceiver = fixed('partition key token', { kind: 'bigint' });
