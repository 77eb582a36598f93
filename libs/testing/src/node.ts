/** Test helpers that need Node's files. */
export * from './free-port.ts';
export * from './scenario-file.ts';
export * from './temporary-directory.ts';
