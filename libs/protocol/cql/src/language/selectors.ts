/** What stands between SELECT and FROM, and behind GROUP BY. `(a)` is a tuple of one: whether it is one, types decide. */
import type { QualifiedName, SelectClause, Selector } from './ast.ts';
import type { Cursor } from './cursor.ts';
import { functionName, identifier, inParenthesesOrNone, isFunctionName, isName, list } from './names.ts';
import { constantOrNone, isMarker, marker, productOperator, term } from './terms.ts';
import * as K from './tokens.ts';
import { isTypeHint, nativeType, typeName } from './types.ts';

/** `*` is none. */
export const selectors = (c: Cursor): SelectClause[] =>
  c.accept(K.STAR)
    ? []
    : list(c, () => {
        const selected = selector(c);
        return { selector: selected, alias: c.accept(K.AS) ? identifier(c) : undefined };
      });

/** Whether JSON or DISTINCT at the cursor is the word, not a column of that name. */
export const isSelectModifier = (c: Cursor): boolean => {
  const kind = c.ahead(1);
  if (kind === K.AS) return !isName(c.ahead(2));
  if (isName(kind) || (kind >= K.STRING_LITERAL && kind <= K.NEGATIVE_INFINITY)) return true;
  switch (kind) {
    case K.STAR:
    case K.LEFT_PAREN:
    case K.LEFT_BRACKET:
    case K.LEFT_BRACE:
    case K.MINUS:
    case K.QMARK:
    case K.COLON:
    case K.NULL:
    case K.NAN:
    case K.INFINITY:
    case K.TOKEN:
      return true;
    default:
      return false;
  }
};

export const selector = (c: Cursor): Selector => {
  c.enter();
  let left = product(c);
  while (c.kind === K.PLUS || c.kind === K.MINUS) {
    const operator = c.kind === K.PLUS ? '+' : '-';
    c.at += 1;
    c.countOperator();
    left = { kind: 'arithmetic', operator, left, right: product(c) };
  }
  c.leave();
  return left;
};
const product = (c: Cursor): Selector => {
  let left = group(c);
  for (;;) {
    const operator = productOperator(c.kind);
    if (operator === undefined) return left;
    c.at += 1;
    c.countOperator();
    left = { kind: 'arithmetic', operator, left, right: group(c) };
  }
};
const group = (c: Cursor): Selector => {
  if (c.kind !== K.MINUS) return modified(c, simple(c));
  c.at += 1;
  c.enter();
  const of = group(c);
  c.leave();
  return { kind: 'negative', of };
};

/** `.field`, `[key]` and `[from..to]`, any number of them. */
const modified = (c: Cursor, receiver: Selector): Selector => {
  let of = receiver;
  for (;;) {
    if (c.accept(K.DOT)) of = { kind: 'field', of, field: identifier(c) };
    else if (c.kind === K.LEFT_BRACKET) of = element(c, of);
    else return of;
    c.countOperator();
  }
};
const element = (c: Cursor, of: Selector): Selector => {
  c.at += 1;
  let selected: Selector;
  if (c.accept(K.RANGE)) selected = { kind: 'slice', of, from: undefined, to: term(c) };
  else {
    const key = term(c);
    if (c.accept(K.RANGE))
      selected = { kind: 'slice', of, from: key, to: c.kind === K.RIGHT_BRACKET ? undefined : term(c) };
    else selected = { kind: 'element', of, key };
  }
  c.expect(K.RIGHT_BRACKET);
  return selected;
};

const simple = (c: Cursor): Selector => {
  const kind = c.kind;
  if (isName(kind) || kind === K.TOKEN) return nameOrCall(c);
  const constant = constantOrNone(c);
  if (constant !== undefined) return { kind: 'term', term: constant };
  if (isMarker(kind)) return { kind: 'term', term: marker(c) };
  switch (kind) {
    case K.NULL:
      c.at += 1;
      return { kind: 'term', term: { kind: 'null' } };
    case K.LEFT_PAREN:
      return parentheses(c);
    case K.LEFT_BRACKET: {
      c.at += 1;
      const elements = c.kind === K.RIGHT_BRACKET ? [] : list(c, selector);
      c.expect(K.RIGHT_BRACKET);
      return { kind: 'list', elements };
    }
    case K.LEFT_BRACE:
      return braces(c);
    default:
      return c.noViable();
  }
};

/** Whether a kind of token may stand behind a column's name, wherever one is selected. */
const followsColumn = new Uint8Array(256);
for (const kind of [
  K.EOF,
  K.SEMICOLON,
  K.FROM,
  K.COMMA,
  K.AS,
  K.RIGHT_PAREN,
  K.RIGHT_BRACKET,
  K.RIGHT_BRACE,
  K.COLON,
  K.DOT,
  K.LEFT_BRACKET,
  K.PLUS,
  K.MINUS,
  K.STAR,
  K.SLASH,
  K.PERCENT,
  K.ORDER,
  K.PER,
  K.LIMIT,
  K.ALLOW,
])
  followsColumn[kind] = 1;

const nameOrCall = (c: Cursor): Selector => {
  const kind = c.kind;
  if (c.ahead(1) === K.LEFT_PAREN) {
    switch (kind) {
      case K.COUNT:
        return count(c);
      case K.WRITETIME:
        return ofColumn(c, 'writetime');
      case K.MAXWRITETIME:
        return ofColumn(c, 'maxwritetime');
      case K.TTL:
        return ofColumn(c, 'ttl');
      case K.CAST:
        return cast(c);
      default:
        if (!isFunctionName(kind)) c.noViable(1);
        return call(c);
    }
  }
  if (kind === K.TOKEN) c.noViable(1);
  if (c.ahead(1) === K.DOT && c.ahead(3) === K.LEFT_PAREN && isFunctionName(c.ahead(2))) return call(c);
  if (followsColumn[c.ahead(1)] === 0) c.noViable(1);
  return { kind: 'column', name: identifier(c) };
};
const call = (c: Cursor): Selector => ({
  kind: 'call',
  name: functionName(c),
  args: inParenthesesOrNone(c, selector),
});
/** `count(1)` counts rows as `count(*)` does: so does any constant but null. */
const count = (c: Cursor): Selector => {
  if (c.ahead(2) === K.STAR) {
    c.at += 3;
    c.expect(K.RIGHT_PAREN);
    return { kind: 'count' };
  }
  const name: QualifiedName = functionName(c);
  const args = inParenthesesOrNone(c, selector);
  const [only] = args;
  const isConstant =
    only?.kind === 'term' && args.length === 1 && only.term.kind !== 'null' && only.term.kind !== 'marker';
  return isConstant ? { kind: 'count' } : { kind: 'call', name, args };
};
const ofColumn = (c: Cursor, kind: 'writetime' | 'maxwritetime' | 'ttl'): Selector => {
  c.at += 2;
  const of = modified(c, { kind: 'column', name: identifier(c) });
  if (followsColumn[c.kind] === 0) c.noViable();
  c.expect(K.RIGHT_PAREN);
  return { kind, of };
};
const cast = (c: Cursor): Selector => {
  c.at += 2;
  const of = selector(c);
  c.expect(K.AS);
  const to = nativeType(c);
  c.expect(K.RIGHT_PAREN);
  return { kind: 'cast', of, to };
};

const parentheses = (c: Cursor): Selector => {
  if (isTypeHint(c)) {
    c.at += 1;
    const type = typeName(c);
    c.expect(K.RIGHT_PAREN);
    c.enter();
    const of = simple(c);
    c.leave();
    return { kind: 'hint', type, of };
  }
  c.at += 1;
  const elements = list(c, selector);
  c.expect(K.RIGHT_PAREN);
  return { kind: 'tuple', elements };
};
/** `{a: b}` could be a map with a column for a key: a user type's value, until types decide otherwise. */
const braces = (c: Cursor): Selector => {
  c.at += 1;
  if (c.accept(K.RIGHT_BRACE)) return { kind: 'set', elements: [] };
  const first = selector(c);
  if (c.kind !== K.COLON) {
    const elements = [first];
    while (c.accept(K.COMMA)) elements.push(selector(c));
    c.expect(K.RIGHT_BRACE);
    return { kind: 'set', elements };
  }
  c.at += 1;
  const entries: [Selector, Selector][] = [[first, selector(c)]];
  while (c.accept(K.COMMA)) {
    const key = selector(c);
    c.expect(K.COLON);
    entries.push([key, selector(c)]);
  }
  c.expect(K.RIGHT_BRACE);
  const fields = entries.flatMap(([key, value]): [string, Selector][] =>
    key.kind === 'column' ? [[key.name, value]] : [],
  );
  return fields.length === entries.length ? { kind: 'user', fields } : { kind: 'map', entries };
};
