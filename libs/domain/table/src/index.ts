/** Rows, and how they merge. See README. */
export * from './schema.ts';
