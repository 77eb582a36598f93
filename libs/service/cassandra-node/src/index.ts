/** A database node that Cassandra's drivers cannot tell apart. See README. */
export * from './engine/contract.ts';
