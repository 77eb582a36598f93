/** What CQL's values are. See README. */
export * from './type.ts';
