/** Cassandra's native protocol, and CQL as a language. See README. */
export * from './language/ast.ts';
export { functionText, maybeQuote, qualifiedText, stringLiteral, typeText } from './language/format.ts';
export { termText } from './language/format-term.ts';
export { reservedWords } from './language/keywords.ts';
export { parse, textMaxChars } from './language/parse.ts';
export { splitStatements, type Script } from './language/split.ts';
export type { SyntaxFault } from './language/syntax-fault.ts';
export * from './wire/index.ts';
