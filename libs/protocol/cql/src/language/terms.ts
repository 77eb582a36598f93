/** Values as statements write them: literals, markers, collections, function calls, arithmetic. */
import type { Term } from './ast.ts';
import type { Cursor } from './cursor.ts';
import { functionName, identifier, inParenthesesOrNone, isColumnName, isFunctionName, isName, list } from './names.ts';
import { isTypeHint, nativeType, typeName } from './types.ts';
import * as K from './tokens.ts';

/** `beforeColumn`: a `+` with a column behind it, not a call, is left alone: `SET c = [1] + c`. */
export const term = (c: Cursor, beforeColumn = false): Term => {
  c.enter();
  let left = product(c);
  while (c.kind === K.PLUS || c.kind === K.MINUS) {
    if (beforeColumn && c.kind === K.PLUS && isColumnName(c.ahead(1)) && !callFollows(c)) break;
    const operator = c.kind === K.PLUS ? '+' : '-';
    c.at += 1;
    c.countOperator();
    left = { kind: 'arithmetic', operator, left, right: product(c) };
  }
  if (follows[c.kind] === 0) c.noViable();
  c.leave();
  return left;
};
/** What may stand behind a term anywhere: ANTLR finds no alternative in anything else, before it expects what fits here. */
const follows = new Uint8Array(256);
for (const kind of [
  K.EOF,
  K.SEMICOLON,
  K.COMMA,
  K.RIGHT_PAREN,
  K.RIGHT_BRACKET,
  K.RIGHT_BRACE,
  K.COLON,
  K.RANGE,
  K.PLUS,
  K.AND,
  K.ASC,
  K.DESC,
  K.WHERE,
  K.GROUP,
  K.ORDER,
  K.PER,
  K.LIMIT,
  K.ALLOW,
  K.IF,
  K.PRIMARY,
  K.INSERT,
  K.UPDATE,
  K.DELETE,
  K.APPLY,
])
  follows[kind] = 1;
const callFollows = (c: Cursor): boolean => c.ahead(2) === K.LEFT_PAREN || c.ahead(2) === K.DOT;
const product = (c: Cursor): Term => {
  let left = signed(c);
  for (;;) {
    const operator = productOperator(c.kind);
    if (operator === undefined) return left;
    c.at += 1;
    c.countOperator();
    left = { kind: 'arithmetic', operator, left, right: signed(c) };
  }
};
export const productOperator = (kind: number): '*' | '/' | '%' | undefined => {
  switch (kind) {
    case K.STAR:
      return '*';
    case K.SLASH:
      return '/';
    case K.PERCENT:
      return '%';
    default:
      return undefined;
  }
};
const signed = (c: Cursor): Term => (c.accept(K.MINUS) ? { kind: 'negative', of: simple(c) } : simple(c));

const simple = (c: Cursor): Term => {
  const constant = constantOrNone(c);
  if (constant !== undefined) return constant;
  switch (c.kind) {
    case K.NULL:
      c.at += 1;
      return { kind: 'null' };
    case K.QMARK:
    case K.COLON:
      return marker(c);
    case K.LEFT_BRACKET:
      return listLiteral(c);
    case K.LEFT_BRACE:
      return braces(c);
    case K.LEFT_PAREN:
      return parentheses(c);
    case K.CAST:
      if (c.ahead(1) === K.LEFT_PAREN) return cast(c);
      return call(c);
    default:
      return call(c);
  }
};

/** A literal that is not a collection, and not null: what options may be. */
export const constantOrNone = (c: Cursor): Term | undefined => {
  switch (c.kind) {
    case K.STRING_LITERAL:
      return { kind: 'string', text: c.take(K.STRING_LITERAL) };
    case K.INTEGER:
      return { kind: 'integer', text: written(c) };
    case K.FLOAT:
      return { kind: 'float', text: written(c) };
    case K.BOOLEAN:
      return { kind: 'boolean', value: written(c).length === 'true'.length };
    case K.DURATION:
      return { kind: 'duration', text: written(c) };
    case K.UUID_LITERAL:
      return { kind: 'uuid', text: written(c) };
    case K.HEXNUMBER:
      return { kind: 'blob', text: written(c) };
    case K.NAN:
    case K.NEGATIVE_NAN:
      c.at += 1;
      return { kind: 'float', text: 'NaN' };
    case K.INFINITY:
      c.at += 1;
      return { kind: 'float', text: 'Infinity' };
    case K.NEGATIVE_INFINITY:
      c.at += 1;
      return { kind: 'float', text: '-Infinity' };
    default:
      return undefined;
  }
};
const written = (c: Cursor): string => {
  const raw = c.raw;
  c.at += 1;
  return raw;
};

/** `?` or `:name`. */
export const marker = (c: Cursor): Term => {
  const token = c.at;
  if (c.accept(K.QMARK)) return c.addMarker(undefined, token);
  c.expect(K.COLON);
  return c.addMarker(identifier(c), token);
};
export const isMarker = (kind: number): boolean => kind === K.QMARK || kind === K.COLON;

/** LIMIT, TTL, TIMESTAMP: an integer or a marker. */
export const integerOrMarker = (c: Cursor): Term => {
  if (c.kind === K.INTEGER) return { kind: 'integer', text: written(c) };
  return isMarker(c.kind) ? marker(c) : c.noViable();
};

const listLiteral = (c: Cursor): Term => {
  c.at += 1;
  if (c.accept(K.RIGHT_BRACKET)) return { kind: 'list', elements: [] };
  const elements = list(c, term);
  c.expect(K.RIGHT_BRACKET);
  return { kind: 'list', elements };
};
/** A set, a map, or a value of a user type, whose fields are names. */
const braces = (c: Cursor): Term => {
  if (isName(c.ahead(1)) && c.ahead(2) === K.COLON) {
    c.at += 1;
    const fields = list(c, (): [string, Term] => {
      const name = identifier(c);
      c.expect(K.COLON);
      return [name, term(c)];
    });
    c.expect(K.RIGHT_BRACE);
    return { kind: 'user', fields };
  }
  c.at += 1;
  if (c.accept(K.RIGHT_BRACE)) return { kind: 'set', elements: [] };
  const first = term(c);
  if (c.kind === K.EOF || c.kind === K.SEMICOLON) c.noViable();
  if (c.kind !== K.COLON) {
    const elements = [first];
    while (c.accept(K.COMMA)) elements.push(term(c));
    c.expect(K.RIGHT_BRACE);
    return { kind: 'set', elements };
  }
  c.at += 1;
  const entries: [Term, Term][] = [[first, term(c)]];
  while (c.accept(K.COMMA)) entries.push(entry(c));
  c.expect(K.RIGHT_BRACE);
  return { kind: 'map', entries };
};
const entry = (c: Cursor): [Term, Term] => {
  const key = term(c);
  c.expect(K.COLON);
  return [key, term(c)];
};
/** `{'class': 'x'}`, and nothing else in braces: the values of options. */
export const mapLiteral = (c: Cursor): [Term, Term][] => {
  c.expect(K.LEFT_BRACE);
  const entries: [Term, Term][] = c.kind === K.RIGHT_BRACE ? [] : list(c, entry);
  c.expect(K.RIGHT_BRACE);
  return entries;
};

/** `(1, 2)` and `(int) ?`. */
const parentheses = (c: Cursor): Term => {
  if (!isTypeHint(c)) return tupleLiteral(c);
  c.at += 1;
  const type = typeName(c);
  c.expect(K.RIGHT_PAREN);
  c.enter();
  const of = simple(c);
  c.leave();
  return { kind: 'hint', type, of };
};
export const tupleLiteral = (c: Cursor): Term => {
  c.expect(K.LEFT_PAREN);
  const elements = list(c, term);
  c.expect(K.RIGHT_PAREN);
  return { kind: 'tuple', elements };
};

const cast = (c: Cursor): Term => {
  c.at += 2;
  c.enter();
  const of = simple(c);
  c.leave();
  c.expect(K.AS);
  const to = nativeType(c);
  c.expect(K.RIGHT_PAREN);
  return { kind: 'cast', of, to };
};

const call = (c: Cursor): Term => {
  if (c.ahead(1) === K.DOT && isName(c.kind)) {
    if (!isFunctionName(c.ahead(2))) c.noViable(2);
    if (c.ahead(3) !== K.LEFT_PAREN) c.noViable(3);
  } else {
    if (!isFunctionName(c.kind)) c.noViable();
    if (c.ahead(1) !== K.LEFT_PAREN) c.noViable(1);
  }
  const name = functionName(c);
  return { kind: 'call', name, args: inParenthesesOrNone(c, term) };
};
