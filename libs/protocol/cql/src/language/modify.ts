/** INSERT, UPDATE, DELETE, and BATCH of them. */
import type {
  Assignment,
  BatchStatement,
  DeleteStatement,
  Deletion,
  InsertStatement,
  ModificationStatement,
  Term,
  UpdateStatement,
  Using,
} from './ast.ts';
import type { Cursor } from './cursor.ts';
import { columnName, identifier, ifNotExists, inParentheses, isColumnName, list, tableName } from './names.ts';
import { conditions, where } from './relations.ts';
import { integerOrMarker, isMarker, marker, term } from './terms.ts';
import * as K from './tokens.ts';

const noUsing: Using = { timestamp: undefined, ttl: undefined };
/** `USING TTL 1 AND TIMESTAMP 2`; said twice, the last one counts. */
const using = (c: Cursor): Using => {
  if (!c.accept(K.USING)) return noUsing;
  let timestamp: Term | undefined;
  let ttl: Term | undefined;
  do {
    if (c.accept(K.TIMESTAMP)) timestamp = integerOrMarker(c);
    else if (c.accept(K.TTL)) ttl = integerOrMarker(c);
    else c.noViable();
  } while (c.accept(K.AND));
  return { timestamp, ttl };
};

export const insert = (c: Cursor): InsertStatement => {
  c.expect(K.INSERT);
  c.expect(K.INTO);
  const table = tableName(c);
  if (c.accept(K.JSON)) {
    const json = { value: jsonValue(c), defaultUnset: defaultUnset(c) };
    return { kind: 'insert', table, columns: [], values: [], json, ifNotExists: ifNotExists(c), using: using(c) };
  }
  if (c.kind !== K.LEFT_PAREN) c.noViable();
  const columns = inParentheses(c, columnName);
  c.expect(K.VALUES);
  const values = inParentheses(c, term);
  return { kind: 'insert', table, columns, values, json: undefined, ifNotExists: ifNotExists(c), using: using(c) };
};
const jsonValue = (c: Cursor): Term => {
  if (c.kind === K.STRING_LITERAL) return { kind: 'string', text: c.take(K.STRING_LITERAL) };
  return isMarker(c.kind) ? marker(c) : c.noViable();
};
const defaultUnset = (c: Cursor): boolean => {
  if (!c.accept(K.DEFAULT) || c.accept(K.NULL)) return false;
  return c.accept(K.UNSET) || c.noViable();
};

export const update = (c: Cursor): UpdateStatement => {
  c.expect(K.UPDATE);
  const table = tableName(c);
  const used = using(c);
  c.expect(K.SET);
  const assignments = list(c, assignment);
  refuseIncompatible(c, assignments);
  return { kind: 'update', table, using: used, assignments, where: where(c), conditions: conditions(c) };
};
/** A column set as a whole can be set but once. */
const refuseIncompatible = (c: Cursor, assignments: readonly Assignment[]): void => {
  if (assignments.length === 1) return;
  const whole = new Map<string, boolean>();
  for (const { kind, column } of assignments) {
    const before = whole.get(column);
    if (before === true || (before === false && kind === 'set'))
      c.refuse(`Multiple incompatible setting of column ${column}`);
    whole.set(column, kind === 'set');
  }
};
const assignment = (c: Cursor): Assignment => {
  const column = columnName(c);
  switch (c.kind) {
    case K.EQUAL:
      c.at += 1;
      return assigned(c, column);
    case K.PLUS_EQUAL:
      c.at += 1;
      return { kind: 'add', column, value: term(c) };
    case K.MINUS_EQUAL:
      c.at += 1;
      return { kind: 'subtract', column, value: term(c) };
    case K.LEFT_BRACKET: {
      c.at += 1;
      const key = term(c);
      c.expect(K.RIGHT_BRACKET);
      c.expect(K.EQUAL);
      return { kind: 'element', column, key, value: term(c) };
    }
    case K.DOT: {
      c.at += 1;
      const field = identifier(c);
      c.expect(K.EQUAL);
      return { kind: 'field', column, field, value: term(c) };
    }
    default:
      return c.noViable();
  }
};
/** What stands behind `c =`: a term, a term + c, c ± a term, and `c -1`, where the lexer has made the minus a part of the number. */
const assigned = (c: Cursor, column: string): Assignment => {
  if (isColumnName(c.kind) && (c.ahead(1) === K.PLUS || c.ahead(1) === K.MINUS)) {
    const other = columnName(c);
    const sign = c.kind === K.PLUS ? '+' : '-';
    c.at += 1;
    const value = term(c);
    if (other !== column) c.refuse(`Only expressions of the form X = X ${sign}<value> are supported.`);
    return { kind: sign === '+' ? 'add' : 'subtract', column, value };
  }
  if (isColumnName(c.kind) && c.ahead(1) === K.INTEGER) {
    const other = columnName(c);
    const value: Term = { kind: 'integer', text: c.take(K.INTEGER) };
    const sign = value.text.startsWith('-') ? '-' : '+';
    if (other !== column) c.refuse(`Only expressions of the form X = X ${sign} <value> are supported.`);
    return { kind: 'add', column, value };
  }
  const value = term(c, true);
  if (!c.accept(K.PLUS)) return { kind: 'set', column, value };
  const other = columnName(c);
  if (other !== column) c.refuse('Only expressions of the form X = <value> + X are supported.');
  return { kind: 'prepend', column, value };
};
export const deletion = (c: Cursor): DeleteStatement => {
  c.expect(K.DELETE);
  const deletions = isColumnName(c.kind) ? list(c, deleted) : [];
  c.expect(K.FROM);
  const table = tableName(c);
  const used = c.acceptBoth(K.USING, K.TIMESTAMP) ? { timestamp: integerOrMarker(c), ttl: undefined } : noUsing;
  return { kind: 'delete', table, deletions, using: used, where: where(c), conditions: conditions(c) };
};
const followsDeleted = (kind: number): boolean =>
  kind === K.FROM || kind === K.COMMA || kind === K.DOT || kind === K.LEFT_BRACKET;
const deleted = (c: Cursor): Deletion => {
  if (isColumnName(c.kind) && !followsDeleted(c.ahead(1))) c.noViable(1);
  const column = columnName(c);
  if (c.accept(K.DOT)) return { kind: 'field', column, field: identifier(c) };
  if (!c.accept(K.LEFT_BRACKET)) return { kind: 'column', column };
  const key = term(c);
  c.expect(K.RIGHT_BRACKET);
  return { kind: 'element', column, key };
};

export const batch = (c: Cursor): BatchStatement => {
  c.expect(K.BEGIN);
  const type = c.accept(K.UNLOGGED) ? 'unlogged' : c.accept(K.COUNTER) ? 'counter' : 'logged';
  c.expect(K.BATCH);
  const used = using(c);
  const statements: ModificationStatement[] = [];
  for (;;) {
    const statement = modificationOrNone(c);
    if (statement === undefined) break;
    statements.push(statement);
    c.accept(K.SEMICOLON);
  }
  c.expect(K.APPLY);
  c.expect(K.BATCH);
  return { kind: 'batch', type, using: used, statements };
};
const modificationOrNone = (c: Cursor): ModificationStatement | undefined => {
  switch (c.kind) {
    case K.INSERT:
      return insert(c);
    case K.UPDATE:
      return update(c);
    case K.DELETE:
      return deletion(c);
    default:
      return undefined;
  }
};
