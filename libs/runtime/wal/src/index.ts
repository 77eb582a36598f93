/** A write-ahead log with group commit. See README. */
export { Wal } from './wal.ts';
export { recordSizeMaxBytes } from './format.ts';
export type { WalRecord } from './segment.ts';
export * from './types.ts';
