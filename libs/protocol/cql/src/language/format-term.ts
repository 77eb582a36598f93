/** Terms and relations as CQL writes them: Cassandra's messages quote them so. */
import type { Term } from './ast.ts';
import { functionText, maybeQuote, stringLiteral, typeText } from './format.ts';

const joined = (terms: readonly Term[]): string => terms.map(termText).join(', ');
/** A term of a statement as text that parses to the same term; markers by their names, or `?`. */
export const termText = (term: Term): string => {
  switch (term.kind) {
    case 'integer':
    case 'float':
    case 'uuid':
    case 'blob':
    case 'duration':
      return term.text;
    case 'string':
      return stringLiteral(term.text);
    case 'boolean':
      return String(term.value);
    case 'null':
      return 'NULL';
    case 'marker':
      return term.name === undefined ? '?' : `:${maybeQuote(term.name)}`;
    case 'list':
      return `[${joined(term.elements)}]`;
    case 'set':
      return `{${joined(term.elements)}}`;
    case 'tuple':
      return `(${joined(term.elements)})`;
    case 'map':
      return `{${term.entries.map(([key, value]) => `${termText(key)}: ${termText(value)}`).join(', ')}}`;
    case 'user':
      return `{${term.fields.map(([name, value]) => `${maybeQuote(name)}: ${termText(value)}`).join(', ')}}`;
    case 'call':
      return `${functionText(term.name)}(${joined(term.args)})`;
    case 'hint':
      return `(${typeText(term.type)})${termText(term.of)}`;
    case 'cast':
      return `CAST(${termText(term.of)} AS ${typeText(term.to)})`;
    case 'arithmetic':
      return `${termText(term.left)} ${term.operator} ${termText(term.right)}`;
    case 'negative':
      return `- ${termText(term.of)}`;
    case 'column':
      return maybeQuote(term.name);
  }
};
