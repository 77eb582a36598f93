/** Settings as a table, read once at start; the command line made from such tables; validation of JSON. */
export * from './command-line.ts';
export * from './read.ts';
export * from './schema.ts';
export * from './setting.ts';
