/** Names, strings and types as CQL writes them: for DESCRIBE and for messages. */
import type { QualifiedName, TypeName } from './ast.ts';
import { keywords, reservedWords } from './keywords.ts';
import * as K from './tokens.ts';

const plain = /^[a-z][a-z0-9_]*$/;
const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;
/** Lower-case names and unreserved keywords stay bare; everything else is quoted. */
export const maybeQuote = (name: string): string =>
  plain.test(name) && !reservedWords.has(name) ? name : quoted(name);
/** `keyspace.name`, or the name alone. */
export const qualifiedText = ({ keyspace, name }: QualifiedName): string =>
  keyspace === undefined ? maybeQuote(name) : `${maybeQuote(keyspace)}.${maybeQuote(name)}`;

/** `'it''s'`. */
export const stringLiteral = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** Whether the grammar reads the word as a type or function's name without quotes. */
const kindOf = (name: string): number => keywords.get(name.toUpperCase()) ?? K.IDENT;
export const functionText = ({ keyspace, name }: QualifiedName): string => {
  const kind = kindOf(name);
  const isFree = kind <= K.TIME || kind === K.COUNT;
  const last = name === 'token' ? name : isFree ? maybeQuote(name) : quoted(name);
  return keyspace === undefined ? last : `${maybeQuote(keyspace)}.${last}`;
};

/** `frozen<map<text, int>>`; user types with their keyspace if they have one. */
export const typeText = (type: TypeName): string => {
  switch (type.kind) {
    case 'named': {
      const { keyspace, name } = type.name;
      const kind = kindOf(name);
      const isBare = kind < K.ASCII || kind === K.KEY || (keyspace === undefined && kind <= K.TIME);
      const last = isBare && !(reservedUserTypes.has(name) && kind < K.ASCII) ? maybeQuote(name) : quoted(name);
      return keyspace === undefined ? last : `${maybeQuote(keyspace)}.${last}`;
    }
    case 'list':
    case 'set':
    case 'frozen':
      return `${type.kind}<${typeText(type.of)}>`;
    case 'map':
      return `map<${typeText(type.key)}, ${typeText(type.value)}>`;
    case 'tuple':
      return `tuple<${type.elements.map(typeText).join(', ')}>`;
    case 'vector':
      return `vector<${typeText(type.of)}, ${type.dimension}>`;
    case 'class':
      return stringLiteral(type.className);
  }
};
/** Words that no user type may be called by without quotes, though nothing else forbids them. */
export const reservedUserTypes: ReadonlySet<string> = new Set([
  'byte',
  'complex',
  'enum',
  'date',
  'interval',
  'macaddr',
  'bitstring',
]);
