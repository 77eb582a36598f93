/** Test helpers that need Node's files. */
export * from './scenario-file.ts';
export * from './temporary-directory.ts';
