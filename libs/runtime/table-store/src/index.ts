/** Tables on disk. See README. */
export { logSegmentDefaultBytes, logSyncPeriodMs, type LogMode } from './commit-log.ts';
export {
  flushBatchBytes,
  memtableDefaultBytes,
  type StoredFigures,
  type TableStoreStatistics,
} from './lmdb-table-store.ts';
export { openTableStore, type OpenTableStore, type TableStoreOptions } from './open.ts';
