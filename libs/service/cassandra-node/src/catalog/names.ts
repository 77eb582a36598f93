/** How names are written in CQL. Source: Cassandra 5.0, ColumnIdentifier.maybeQuote, ReservedKeywords, SchemaConstants. */

/** Letters of a keyspace's, a table's or a view's name: it was a folder's name. */
export const schemaNameLengthMax = 48;

const reserved: ReadonlySet<string> = new Set(
  (
    'add allow alter and apply asc authorize batch begin by columnfamily create default delete desc describe drop ' +
    'entries execute from full grant if in index infinity insert into is keyspace limit materialized mbean mbeans ' +
    'modify nan norecursive not null of on or order primary rename replace revoke schema select set table to token ' +
    'truncate unlogged unset update use using view where with'
  ).split(' '),
);
const plain = /^[a-z][a-z0-9_]*$/;
const word = /^\w+$/;

/** The name as CQL reads it back: in double quotes only where it must be. */
export const maybeQuote = (name: string): string =>
  plain.test(name) && !reserved.has(name) ? name : `"${name.replaceAll('"', '""')}"`;

/** `keyspace.table`, each quoted where it must be. */
export const qualified = (keyspace: string, name: string): string => `${maybeQuote(keyspace)}.${maybeQuote(name)}`;

/** In single quotes. */
export const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;

export const isSchemaName = (name: string): boolean => name.length <= schemaNameLengthMax && word.test(name);
export const isIndexName = (name: string): boolean => word.test(name);

/** What Java prints for a double: at least one digit behind the point, an exponent outside [10^-3, 10^7). */
export function javaDouble(value: number): string {
  if (value === 0) return Object.is(value, -0) ? '-0.0' : '0.0';
  const size = Math.abs(value);
  if (size >= 1e-3 && size < 1e7) {
    const text = String(value);
    return text.includes('.') ? text : `${text}.0`;
  }
  const [digits = '', exponent = ''] = value.toExponential().split('e');
  return `${digits.includes('.') ? digits : `${digits}.0`}E${Number(exponent)}`;
}

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
