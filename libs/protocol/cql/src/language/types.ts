/** Names of types as they are written: `frozen<map<text, list<int>>>`, `vector<float, 3>`, `ks.address`, `'a.b.Class'`. */
import type { TypeName } from './ast.ts';
import type { Cursor } from './cursor.ts';
import { reservedUserTypes } from './format.ts';
import { identifier, isName } from './names.ts';
import * as K from './tokens.ts';

const isNative = (kind: number): boolean => kind >= K.ASCII && kind <= K.TIME;
const isTypeName = (kind: number): boolean => (kind >= K.IDENT && kind < K.ASCII) || kind === K.KEY;

export const typeName = (c: Cursor): TypeName => {
  c.enter();
  const type = typeInside(c);
  c.leave();
  return type;
};
const typeInside = (c: Cursor): TypeName => {
  const kind = c.kind;
  if (isNative(kind) && c.ahead(1) !== K.DOT) return nativeType(c);
  if (kind === K.STRING_LITERAL) return { kind: 'class', className: c.take(kind) };
  if (c.ahead(1) === K.LESS) {
    switch (kind) {
      case K.LIST:
        return parameter(c, 'list');
      case K.SET:
        return parameter(c, 'set');
      case K.FROZEN:
        return parameter(c, 'frozen');
      case K.MAP: {
        c.at += 2;
        const key = typeName(c);
        c.expect(K.COMMA);
        const value = typeName(c);
        c.expect(K.GREATER);
        return { kind: 'map', key, value };
      }
      case K.TUPLE: {
        c.at += 2;
        const elements = [typeName(c)];
        while (c.accept(K.COMMA)) elements.push(typeName(c));
        c.expect(K.GREATER);
        return { kind: 'tuple', elements };
      }
      case K.VECTOR:
        return vector(c);
      default:
        break;
    }
  }
  if (!isName(kind)) c.noViable();
  return { kind: 'named', name: userTypeName(c) };
};
const parameter = (c: Cursor, kind: 'list' | 'set' | 'frozen'): TypeName => {
  c.at += 2;
  const of = typeName(c);
  c.expect(K.GREATER);
  return { kind, of };
};
const vector = (c: Cursor): TypeName => {
  c.at += 2;
  const of = typeName(c);
  c.expect(K.COMMA);
  const dimension = Number(c.take(K.INTEGER));
  if (dimension > 0x7f_ff_ff_ff) c.refuse(`For input string: "${dimension}"`);
  c.expect(K.GREATER);
  return { kind: 'vector', of, dimension };
};

/** One of the built-in scalar types: all that a CAST may name. */
export const nativeType = (c: Cursor): TypeName => {
  if (!isNative(c.kind)) c.noViable();
  const name = c.raw.toLowerCase();
  c.at += 1;
  return { kind: 'named', name: { keyspace: undefined, name } };
};

export const userTypeName = (c: Cursor): { keyspace: string | undefined; name: string } => {
  const keyspace = c.ahead(1) === K.DOT ? identifier(c) : undefined;
  if (keyspace !== undefined) c.at += 1;
  if (!isTypeName(c.kind)) c.noViable();
  if (c.kind === K.IDENT && reservedUserTypes.has(c.raw)) c.refuse(`Invalid (reserved) user type name ${c.raw}`);
  return { keyspace, name: identifier(c) };
};

/**
 * Whether a type in parentheses stands at the cursor, and something that it can be a hint for behind it. Looks only; the
 * nesting that it follows is bounded by what `typeName` would refuse.
 */
export const isTypeHint = (c: Cursor): boolean => {
  const end = typeEnd(c, 1, 0);
  return end > 0 && c.ahead(end) === K.RIGHT_PAREN && startsHinted(c, end + 1);
};
const startsHinted = (c: Cursor, distance: number): boolean => {
  const kind = c.ahead(distance);
  // `SELECT (a) AS b`: an alias, though AS could be a column.
  if (kind === K.AS) return false;
  // Clauses that follow a term and begin with what could be a name: `k = ('a') GROUP BY …`.
  if (kind === K.GROUP && c.ahead(distance + 1) === K.BY) return false;
  if (kind === K.PER && c.ahead(distance + 1) === K.PARTITION) return false;
  // `{('a'): 1}` is a map, though `:name` would be a marker.
  if (kind === K.COLON) return isName(c.ahead(distance + 1)) && !callFollows(c, distance + 2);
  if (kind >= K.STRING_LITERAL && kind <= K.NEGATIVE_INFINITY) return true;
  switch (kind) {
    case K.LEFT_PAREN:
    case K.LEFT_BRACKET:
    case K.LEFT_BRACE:
    case K.QMARK:
    case K.NULL:
    case K.NAN:
    case K.INFINITY:
    case K.TOKEN:
      return true;
    default:
      return isName(kind);
  }
};
const callFollows = (c: Cursor, distance: number): boolean =>
  c.ahead(distance) === K.LEFT_PAREN || (c.ahead(distance) === K.DOT && c.ahead(distance + 2) === K.LEFT_PAREN);
/** How deep a type in a hint may be nested. */
const hintDepthMax = 50;
/** How far from the cursor the type that begins at `from` ends, or −1. */
const typeEnd = (c: Cursor, from: number, depth: number): number => {
  const kind = c.ahead(from);
  if (kind === K.STRING_LITERAL) return from + 1;
  const opens = c.ahead(from + 1) === K.LESS;
  if (opens && depth < hintDepthMax) {
    let end = typeEnd(c, from + 2, depth + 1);
    while (end > 0 && c.ahead(end) === K.COMMA)
      end = c.ahead(end + 1) === K.INTEGER ? end + 2 : typeEnd(c, end + 1, depth + 1);
    return end > 0 && c.ahead(end) === K.GREATER ? end + 1 : -1;
  }
  if (!isName(kind)) return -1;
  return c.ahead(from + 1) === K.DOT && isName(c.ahead(from + 2)) ? from + 3 : from + 1;
};
