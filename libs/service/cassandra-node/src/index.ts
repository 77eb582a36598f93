/** A database node that Cassandra's drivers cannot tell apart. See README. */
export { settings, type CassandraConfig } from './settings.ts';
export { start } from './load.ts';
