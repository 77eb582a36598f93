/** The schema of a node, and everything that shows it. See README. */
export * from './catalog.ts';
export { catalogFormat, type CatalogPlace } from './catalog-file.ts';
export { allColumns, createOrder, findColumn, keyColumns } from './columns.ts';
export type { DdlContext, Outcome, SchemaChange } from './context.ts';
export { toCqlFault } from './cql-fault.ts';
export * from './describe.ts';
export { emptySnapshot, execute, isDdl, type DdlStatement, type Hash } from './execute.ts';
export { faultCodes, type Fault } from './fault.ts';
export { isAttached } from './index-ddl.ts';
export { maybeQuote, qualified, uuidFromText, uuidText } from './names.ts';
export { resolveType, type TypeScope } from './resolve-type.ts';
export * from './state.ts';
export { computedKeyspaces } from './system/keyspaces.ts';
export type * from './system/node-facts.ts';
export { virtualTables } from './system/tables.ts';
export type { Row, VirtualTable } from './system/virtual-table.ts';
export { ttlMaxSeconds } from './table-options.ts';
export { typeName } from './type-names.ts';
