/** Tables on disk. See README. */
export { logSegmentDefaultBytes, logSyncPeriodMs, type LogMode } from './commit-log.ts';
export { memtableDefaultBytes, type StoredFigures, type TableStoreStatistics } from './lmdb-table-store.ts';
export type { Compaction, CompactionFigures } from './run-board.ts';
export { openTableStore, type OpenTableStore, type TableStoreOptions } from './open.ts';
