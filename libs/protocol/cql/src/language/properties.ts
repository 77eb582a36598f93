/** `WITH a = 1 AND b = {'class': 'x'}`: options, in order. */
import type { PropertyValue, Term } from './ast.ts';
import type { Cursor } from './cursor.ts';
import { termText } from './format-term.ts';
import { identifier, isName } from './names.ts';
import { constantOrNone, mapLiteral } from './terms.ts';
import * as K from './tokens.ts';

export type MutableProperties = Map<string, PropertyValue>;

/** One option more. ANTLR tells a plain value from a map before it reads the name, so what is wrong is told from there. */
export const property = (c: Cursor, properties: MutableProperties): void => {
  if (!isName(c.kind)) c.noViable();
  if (c.ahead(1) !== K.EQUAL) c.noViable(1);
  if (!beginsValue(c.ahead(2))) c.noViable(2);
  const name = identifier(c);
  c.expect(K.EQUAL);
  const value = propertyValue(c);
  if (properties.has(name)) c.refuse(`Multiple definitions for property '${name}'`);
  properties.set(name, value);
};
export const properties = (c: Cursor): MutableProperties => {
  const all: MutableProperties = new Map();
  do property(c, all);
  while (c.accept(K.AND));
  return all;
};
export const withProperties = (c: Cursor): MutableProperties => {
  c.expect(K.WITH);
  return properties(c);
};

const beginsValue = (kind: number): boolean =>
  kind === K.LEFT_BRACE ||
  (kind >= K.STRING_LITERAL && kind <= K.NEGATIVE_INFINITY) ||
  kind === K.NAN ||
  kind === K.INFINITY ||
  kind > K.QUOTED_NAME;
const propertyValue = (c: Cursor): PropertyValue => {
  if (c.kind === K.LEFT_BRACE) return stringMap(c);
  const constant = constantOrNone(c);
  return constant === undefined ? identifier(c) : plainValue(constant);
};
/** Numbers that a double cannot hold stay as they are written. */
const plainValue = (constant: Term): PropertyValue => {
  if (constant.kind === 'boolean') return constant.value;
  const text = constantText(constant) ?? '';
  if (constant.kind !== 'integer' && constant.kind !== 'float') return text;
  const value = Number(text);
  const isExact = constant.kind === 'integer' ? Number.isSafeInteger(value) : Number.isFinite(value);
  return isExact ? value : text;
};
/** What a literal says, quotes aside; undefined: it is no constant. */
const constantText = (constant: Term): string | undefined => {
  switch (constant.kind) {
    case 'string':
    case 'integer':
    case 'float':
    case 'uuid':
    case 'blob':
    case 'duration':
      return constant.text;
    case 'boolean':
      return String(constant.value);
    case 'arithmetic':
    case 'call':
    case 'cast':
    case 'column':
    case 'hint':
    case 'list':
    case 'map':
    case 'marker':
    case 'negative':
    case 'null':
    case 'set':
    case 'tuple':
    case 'user':
      return undefined;
  }
};

const noMarkers = ' (bind variables are not supported in DDL queries)';
/** `{'class': 'SimpleStrategy', 'replication_factor': 1}`: every constant as its text. */
export const stringMap = (c: Cursor): ReadonlyMap<string, string> => {
  const map = new Map<string, string>();
  for (const [key, value] of mapLiteral(c)) {
    const name = constantText(key);
    if (name === undefined)
      c.refuse(`Invalid property name: ${termText(key)}${key.kind === 'marker' ? noMarkers : ''}`);
    const text = constantText(value);
    if (text === undefined)
      c.refuse(
        `Invalid property value: ${termText(value)} for property: ${termText(key)}${value.kind === 'marker' ? noMarkers : ''}`,
      );
    if (map.has(name)) c.refuse(`Multiple definition for property ${name}`);
    map.set(name, text);
  }
  return map;
};
