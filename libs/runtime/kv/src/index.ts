/** An ordered store on disk (LMDB). See README. */
export { openKv, type Kv, type KvOptions } from './open-kv.ts';
export { pendingBytesMax, pendingBytesToFlush, type KvStatistics } from './lmdb-store.ts';
export { openSorted, SortedPlace, type SortedChange, type SortedStore } from './sorted-places.ts';
