/** WHERE and IF: what is compared with what. */
import type { Comparison, Condition, Conditions, Relation, Term } from './ast.ts';
import type { Cursor } from './cursor.ts';
import { columnName, identifier, indexName, inParentheses, isColumnName, list } from './names.ts';
import { isMarker, marker, term, tupleLiteral } from './terms.ts';
import * as K from './tokens.ts';

const comparisonOrNone = (kind: number): Comparison | undefined => {
  switch (kind) {
    case K.EQUAL:
      return '=';
    case K.LESS:
      return '<';
    case K.LESS_EQUAL:
      return '<=';
    case K.GREATER:
      return '>';
    case K.GREATER_EQUAL:
      return '>=';
    case K.NOT_EQUAL:
      return '!=';
    default:
      return undefined;
  }
};
const comparison = (c: Cursor): Comparison => {
  const operator = comparisonOrNone(c.kind);
  if (operator === undefined) return c.noViable();
  c.at += 1;
  return operator;
};

/** `WHERE a = 1 AND b = 2`; none without WHERE. */
export const whereOrNone = (c: Cursor): Relation[] => {
  if (!c.accept(K.WHERE)) return [];
  const relations = [relation(c)];
  while (c.accept(K.AND)) relations.push(relation(c));
  return relations;
};
/** UPDATE and DELETE have one. */
export const where = (c: Cursor): Relation[] => {
  if (c.kind !== K.WHERE) c.mismatch(K.WHERE);
  return whereOrNone(c);
};

const relation = (c: Cursor): Relation => {
  if (isColumnName(c.kind)) return isCustom(c) ? custom(c) : ofColumn(c);
  if (c.kind === K.TOKEN) {
    c.at += 1;
    const columns = inParentheses(c, columnName);
    return { kind: 'token', columns, operator: comparison(c), value: term(c) };
  }
  if (c.kind !== K.LEFT_PAREN) c.noViable();
  const isTuple = isColumnName(c.ahead(1)) && (c.ahead(2) === K.COMMA || c.ahead(2) === K.RIGHT_PAREN);
  if (isTuple) return ofTuple(c);
  c.at += 1;
  c.enter();
  const inner = relation(c);
  c.leave();
  c.expect(K.RIGHT_PAREN);
  return inner;
};
/** `expr(` is one token to Cassandra, in lower case and without a space. */
const isCustom = (c: Cursor): boolean =>
  c.kind === K.IDENT && c.ahead(1) === K.LEFT_PAREN && c.touches(1) && c.raw === 'expr';
const custom = (c: Cursor): Relation => {
  c.at += 2;
  const name = indexName(c);
  c.expect(K.COMMA);
  const value = term(c);
  c.expect(K.RIGHT_PAREN);
  return { kind: 'custom', index: { keyspace: undefined, name }, value };
};

const ofColumn = (c: Cursor): Relation => {
  const operator = comparisonOrNone(c.ahead(1));
  if (operator !== undefined) {
    const column = columnName(c);
    c.at += 1;
    return { kind: 'compare', column, operator, value: term(c) };
  }
  switch (c.ahead(1)) {
    case K.IN: {
      const column = columnName(c);
      c.at += 1;
      return { kind: 'in', column, values: inValues(c) };
    }
    case K.CONTAINS: {
      const column = columnName(c);
      c.at += 1;
      const kind = c.accept(K.KEY) ? 'containsKey' : 'contains';
      return { kind, column, value: term(c) };
    }
    case K.LIKE: {
      const column = columnName(c);
      c.at += 1;
      return { kind: 'like', column, value: term(c) };
    }
    case K.IS: {
      const column = columnName(c);
      c.at += 1;
      c.expect(K.NOT);
      c.expect(K.NULL);
      return { kind: 'isNotNull', column };
    }
    case K.LEFT_BRACKET: {
      const column = columnName(c);
      const key = elementKey(c);
      return { kind: 'element', column, key, operator: comparison(c), value: term(c) };
    }
    default:
      return c.noViable(1);
  }
};
const elementKey = (c: Cursor): Term => {
  c.expect(K.LEFT_BRACKET);
  const key = term(c);
  c.expect(K.RIGHT_BRACKET);
  return key;
};
/** `(1, 2)`, `()`, or a marker for the whole list. */
const inValues = (c: Cursor): Term | Term[] => {
  if (isMarker(c.kind)) return marker(c);
  if (!c.accept(K.LEFT_PAREN)) c.noViable();
  const values = c.kind === K.RIGHT_PAREN ? [] : list(c, term);
  c.expect(K.RIGHT_PAREN);
  return values;
};

const ofTuple = (c: Cursor): Relation => {
  const columns = inParentheses(c, columnName);
  if (c.accept(K.IN)) return { kind: 'tupleIn', columns, values: tupleInValues(c) };
  return { kind: 'tuple', columns, operator: comparison(c), value: tupleValue(c) };
};
const tupleValue = (c: Cursor): Term => {
  if (isMarker(c.kind)) return marker(c);
  return c.kind === K.LEFT_PAREN ? tupleLiteral(c) : c.noViable();
};
/** All tuples, or all markers. */
const tupleInValues = (c: Cursor): Term | Term[] => {
  if (isMarker(c.kind)) return marker(c);
  if (!c.accept(K.LEFT_PAREN)) c.noViable();
  if (c.accept(K.RIGHT_PAREN)) return [];
  if (c.kind !== K.LEFT_PAREN && !isMarker(c.kind)) c.noViable();
  const values = list(c, c.kind === K.LEFT_PAREN ? tupleLiteral : marker);
  c.expect(K.RIGHT_PAREN);
  return values;
};

/** IF of an UPDATE or DELETE. */
export const conditions = (c: Cursor): Conditions => {
  if (!c.accept(K.IF)) return { kind: 'none' };
  if (c.kind === K.EXISTS && !beginsTest(c.ahead(1))) {
    c.at += 1;
    return { kind: 'exists' };
  }
  const all = [condition(c)];
  while (c.accept(K.AND)) all.push(condition(c));
  return { kind: 'all', conditions: all };
};
const beginsTest = (kind: number): boolean =>
  comparisonOrNone(kind) !== undefined ||
  kind === K.IN ||
  kind === K.CONTAINS ||
  kind === K.LEFT_BRACKET ||
  kind === K.DOT;
const condition = (c: Cursor): Condition => {
  const column = columnName(c);
  if (c.kind === K.LEFT_BRACKET) return { column, at: { kind: 'element', key: elementKey(c) }, test: test(c) };
  if (c.accept(K.DOT)) return { column, at: { kind: 'field', field: identifier(c) }, test: test(c) };
  if (c.accept(K.CONTAINS)) {
    const kind = c.accept(K.KEY) ? 'containsKey' : 'contains';
    return { column, at: { kind: 'column' }, test: { kind, value: term(c) } };
  }
  return { column, at: { kind: 'column' }, test: test(c) };
};
const test = (c: Cursor): Condition['test'] =>
  c.accept(K.IN) ? { kind: 'in', values: inValues(c) } : { kind: 'compare', operator: comparison(c), value: term(c) };
