/** Cassandra's native protocol, and CQL as a language. See README. */
export * from './language/ast.ts';
