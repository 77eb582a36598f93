/** Names: of columns, fields, tables, roles, functions. Unquoted ones are folded to lower case. */
import type { QualifiedName } from './ast.ts';
import type { Cursor } from './cursor.ts';
import * as K from './tokens.ts';

/** Whether a token of this kind may be a name: an identifier, quoted or not, or an unreserved keyword. */
export const isName = (kind: number): boolean => kind >= K.IDENT;
/** Whether a function may be called so. */
export const isFunctionName = (kind: number): boolean =>
  (kind >= K.IDENT && kind <= K.TIME) || kind === K.TOKEN || kind === K.COUNT;

/** Of a column in DDL, a field, an alias, a marker, an option. */
export const identifier = (c: Cursor): string => {
  const kind = c.kind;
  if (kind < K.IDENT) c.noViable();
  const name = kind === K.QUOTED_NAME ? c.value : c.raw.toLowerCase();
  c.at += 1;
  return name;
};
/** Of a column in statements about data, where the empty name `""` of old tables may stand. */
export const columnName = (c: Cursor): string => (c.accept(K.EMPTY_QUOTED_NAME) ? '' : identifier(c));
export const isColumnName = (kind: number): boolean => kind >= K.IDENT || kind === K.EMPTY_QUOTED_NAME;

const schemaName = (c: Cursor, what: string): string => {
  if (c.kind === K.QMARK) c.refuse(`Bind variables cannot be used for ${what} names`);
  return identifier(c);
};
export const keyspaceName = (c: Cursor): string => schemaName(c, 'keyspace');
export const indexName = (c: Cursor): string => schemaName(c, 'index');

/** Whether a kind of token may stand behind the name of a table, an index or a view, wherever one stands. */
const followsTable = new Uint8Array(256);
for (const kind of [
  K.EOF,
  K.SEMICOLON,
  K.LEFT_PAREN,
  K.WHERE,
  K.GROUP,
  K.ORDER,
  K.PER,
  K.LIMIT,
  K.ALLOW,
  K.PRIMARY,
  K.SET,
  K.JSON,
  K.USING,
  K.FROM,
  K.TO,
  K.OF,
  K.NORECURSIVE,
  K.AS,
  K.WITH,
  K.ADD,
  K.DROP,
  K.RENAME,
  K.ALTER,
])
  followsTable[kind] = 1;

const qualified = (c: Cursor, what: string): QualifiedName => {
  const keyspace = c.ahead(1) === K.DOT ? keyspaceName(c) : undefined;
  // What stands behind it tells whether it is one.
  if (keyspace === undefined && isName(c.kind) && followsTable[c.ahead(1)] === 0) c.noViable(1);
  if (keyspace !== undefined) c.at += 1;
  return { keyspace, name: schemaName(c, what) };
};
/** `keyspace.table` or `table`; views too. */
export const tableName = (c: Cursor): QualifiedName => qualified(c, 'table');
export const qualifiedIndexName = (c: Cursor): QualifiedName => qualified(c, 'index');

export const functionName = (c: Cursor): QualifiedName => {
  const keyspace = c.ahead(1) === K.DOT ? keyspaceName(c) : undefined;
  if (keyspace !== undefined) c.at += 1;
  return { keyspace, name: plainFunctionName(c) };
};
/** Without a keyspace, as for an aggregate's parts. */
export const plainFunctionName = (c: Cursor): string => {
  if (!isFunctionName(c.kind)) c.noViable();
  const name = c.kind === K.QUOTED_NAME ? c.value : c.raw.toLowerCase();
  c.at += 1;
  return name;
};

/** A role: a name, or a string, which keeps its case. */
export const roleName = (c: Cursor): string => {
  if (c.kind === K.STRING_LITERAL) return c.take(K.STRING_LITERAL);
  return schemaName(c, 'role');
};
/** Users of old keep their case, and must not be in double quotes. */
export const userName = (c: Cursor, what: 'user names' | 'identity'): string => {
  switch (c.kind) {
    case K.STRING_LITERAL:
    case K.IDENT:
      return c.take(c.kind);
    case K.QUOTED_NAME:
      return c.refuse(
        what === 'identity'
          ? 'Quoted strings are are not supported for identity'
          : 'Quoted strings are are not supported for user names and USER is deprecated, please use ROLE',
      );
    default:
      return c.noViable();
  }
};

export const list = <T>(c: Cursor, item: (c: Cursor) => T): T[] => {
  const items = [item(c)];
  while (c.accept(K.COMMA)) items.push(item(c));
  return items;
};
/** `(a, b)`. */
export const inParentheses = <T>(c: Cursor, item: (c: Cursor) => T): T[] => {
  c.expect(K.LEFT_PAREN);
  const items = list(c, item);
  c.expect(K.RIGHT_PAREN);
  return items;
};
/** `()` too. */
export const inParenthesesOrNone = <T>(c: Cursor, item: (c: Cursor) => T): T[] => {
  if (c.kind !== K.LEFT_PAREN || c.ahead(1) !== K.RIGHT_PAREN) return inParentheses(c, item);
  c.at += 2;
  return [];
};

export const ifExists = (c: Cursor): boolean => {
  if (c.kind !== K.IF) return false;
  c.at += 1;
  c.expect(K.EXISTS);
  return true;
};
export const ifNotExists = (c: Cursor): boolean => {
  if (c.kind !== K.IF) return false;
  c.at += 1;
  c.expect(K.NOT);
  c.expect(K.EXISTS);
  return true;
};
