/** How names are written in CQL. Source: Cassandra 5.0, ColumnIdentifier.maybeQuote, ReservedKeywords, SchemaConstants. */

import { doubleText, identifier, quoted } from '@skerry/domain-values';

/** Letters of a keyspace's name. */
export const schemaNameLengthMax = 48;
/** Letters of a table's or a view's name: with its id it is a folder's name of 255 letters. */
export const tableNameLengthMax = 222;

const word = /^\w+$/;

export { doubleText as javaDouble, identifier as maybeQuote, quoted };

/** `keyspace.table`, each quoted where it must be. */
export const qualified = (keyspace: string, name: string): string => `${identifier(keyspace)}.${identifier(name)}`;

export const isSchemaName = (name: string): boolean => name.length <= schemaNameLengthMax && word.test(name);
export const isTableName = (name: string): boolean => name.length <= tableNameLengthMax && word.test(name);
export const isIndexName = (name: string): boolean => word.test(name);

/** `{'a': 'b', …}`, sorted by key, as Cassandra's descriptions have it. */
export function mapLiteral(map: ReadonlyMap<string, string>): string {
  const keys = [...map.keys()].toSorted();
  return `{${keys.map((key) => `${quoted(key)}: ${quoted(map.get(key) ?? '')}`).join(', ')}}`;
}

/** A UUID's 32 hexadecimal digits with the hyphens that people know. */
export const uuidText = (hex: string): string =>
  `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
/** Back; undefined for what is no UUID. */
export function uuidFromText(text: string): string | undefined {
  const hex = text.toLowerCase();
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(hex) ? hex.replaceAll('-', '') : undefined;
}
