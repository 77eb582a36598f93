/** The log of one member of a replicated group. See README. */
export type * from './types.ts';
export { cacheRecordOverheadBytes, cacheSizeMaxBytes, entryBodySizeMaxBytes, pendingSizeMaxBytes } from './types.ts';
export { openRaftLog } from './open.ts';
