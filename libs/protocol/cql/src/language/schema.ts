/** Keyspaces, types, indexes, functions, aggregates and triggers: CREATE and ALTER of them. */
import type { IndexTarget, Statement, TypeName } from './ast.ts';
import type { Cursor } from './cursor.ts';
import {
  isFunctionName,
  isName,
  columnName,
  functionName,
  identifier,
  ifExists,
  ifNotExists,
  indexName,
  inParenthesesOrNone,
  keyspaceName,
  plainFunctionName,
  tableName,
} from './names.ts';
import { withProperties } from './properties.ts';
import { renames } from './tables.ts';
import { term } from './terms.ts';
import * as K from './tokens.ts';
import { typeName, userTypeName } from './types.ts';

export const createKeyspace = (c: Cursor): Statement => {
  const isConditional = ifNotExists(c);
  const name = keyspaceName(c);
  return { kind: 'createKeyspace', name, ifNotExists: isConditional, properties: withProperties(c) };
};
export const alterKeyspace = (c: Cursor): Statement => {
  const isConditional = ifExists(c);
  const name = keyspaceName(c);
  return { kind: 'alterKeyspace', name, ifExists: isConditional, properties: withProperties(c) };
};

const field = (c: Cursor): readonly [string, TypeName] => {
  const name = identifier(c);
  return [name, typeName(c)];
};
export const createType = (c: Cursor): Statement => {
  const isConditional = ifNotExists(c);
  const name = userTypeName(c);
  c.expect(K.LEFT_PAREN);
  const fields = [field(c)];
  while (c.accept(K.COMMA)) if (c.kind !== K.COMMA && c.kind !== K.RIGHT_PAREN) fields.push(field(c));
  c.expect(K.RIGHT_PAREN);
  return { kind: 'createType', name, ifNotExists: isConditional, fields };
};
export const alterType = (c: Cursor): Statement => {
  const isConditional = ifExists(c);
  const name = userTypeName(c);
  const head = { kind: 'alterType', name, ifExists: isConditional } as const;
  if (c.accept(K.ALTER)) {
    const altered = identifier(c);
    c.expect(K.TYPE);
    return { ...head, change: { kind: 'retype', field: altered, type: typeName(c) } };
  }
  if (c.accept(K.ADD)) {
    const isNew = ifNotExists(c);
    return { ...head, change: { kind: 'add', ifNotExists: isNew, fields: [field(c)] } };
  }
  if (!c.accept(K.RENAME)) c.noViable();
  const isThere = ifExists(c);
  return { ...head, change: { kind: 'rename', ifExists: isThere, renames: renames(c) } };
};

/** Behind CREATE [CUSTOM] INDEX. */
export const createIndex = (c: Cursor, custom: boolean): Statement => {
  const isConditional = ifNotExists(c);
  const name = isName(c.kind) || c.kind === K.QMARK ? indexName(c) : undefined;
  c.expect(K.ON);
  const table = tableName(c);
  const targets = inParenthesesOrNone(c, indexTarget);
  const className = c.accept(K.USING) ? c.take(K.STRING_LITERAL) : undefined;
  const properties = c.kind === K.WITH ? withProperties(c) : new Map();
  const head = { kind: 'createIndex', name, keyspace: undefined, table, ifNotExists: isConditional } as const;
  return { ...head, targets, custom, className, properties };
};
const indexTarget = (c: Cursor): IndexTarget => {
  const kind = targetKind(c.kind);
  if (kind === undefined || (c.ahead(1) !== K.LEFT_PAREN && c.kind >= K.IDENT))
    return { kind: 'column', column: columnName(c) };
  c.at += 1;
  c.expect(K.LEFT_PAREN);
  const column = columnName(c);
  c.expect(K.RIGHT_PAREN);
  return { kind, column };
};
const targetKind = (kind: number): IndexTarget['kind'] | undefined => {
  switch (kind) {
    case K.VALUES:
      return 'values';
    case K.KEYS:
      return 'keys';
    case K.ENTRIES:
      return 'entries';
    case K.FULL:
      return 'full';
    default:
      return undefined;
  }
};

/** Behind CREATE [OR REPLACE] FUNCTION. */
export const createFunction = (c: Cursor, orReplace: boolean): Statement => {
  const isConditional = ifNotExists(c);
  const name = functionName(c);
  const args = inParenthesesOrNone(c, field);
  const calledOnNull = c.accept(K.CALLED);
  if (!calledOnNull) {
    if (c.kind !== K.RETURNS) c.noViable();
    c.at += 1;
    c.expect(K.NULL);
  }
  c.expect(K.ON);
  c.expect(K.NULL);
  c.expect(K.INPUT);
  c.expect(K.RETURNS);
  const returns = typeName(c);
  c.expect(K.LANGUAGE);
  const language = c.take(K.IDENT).toLowerCase();
  c.expect(K.AS);
  const body = c.take(K.STRING_LITERAL);
  const head = { kind: 'createFunction', name, orReplace, ifNotExists: isConditional } as const;
  return { ...head, args, calledOnNull, returns, language, body };
};
/** Behind CREATE [OR REPLACE] AGGREGATE. */
export const createAggregate = (c: Cursor, orReplace: boolean): Statement => {
  const isConditional = ifNotExists(c);
  const name = functionName(c);
  const args = inParenthesesOrNone(c, typeName);
  c.expect(K.SFUNC);
  const stateFunction = plainFunctionName(c);
  c.expect(K.STYPE);
  const stateType = typeName(c);
  const finalFunction = c.accept(K.FINALFUNC) ? plainFunctionName(c) : undefined;
  const initial = c.accept(K.INITCOND) ? term(c) : undefined;
  const head = { kind: 'createAggregate', name, orReplace, ifNotExists: isConditional } as const;
  return { ...head, args, stateFunction, stateType, finalFunction, initial };
};
const followsDropped = (kind: number): boolean =>
  kind === K.LEFT_PAREN || kind === K.DOT || kind === K.SEMICOLON || kind === K.EOF;
export const dropFunction = (c: Cursor, kind: 'dropFunction' | 'dropAggregate'): Statement => {
  const isConditional = ifExists(c);
  if (isFunctionName(c.kind) && !followsDropped(c.ahead(1))) c.noViable(1);
  const name = functionName(c);
  const args = c.kind === K.LEFT_PAREN ? inParenthesesOrNone(c, typeName) : undefined;
  return { kind, name, args, ifExists: isConditional };
};

export const createTrigger = (c: Cursor): Statement => {
  const isConditional = ifNotExists(c);
  const name = identifier(c);
  c.expect(K.ON);
  const table = tableName(c);
  c.expect(K.USING);
  return { kind: 'createTrigger', name, table, ifNotExists: isConditional, className: c.take(K.STRING_LITERAL) };
};
export const dropTrigger = (c: Cursor): Statement => {
  const isConditional = ifExists(c);
  const name = identifier(c);
  c.expect(K.ON);
  return { kind: 'dropTrigger', name, table: tableName(c), ifExists: isConditional };
};
