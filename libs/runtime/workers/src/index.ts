/** CPU-heavy work on worker threads. */
export { digestInLineMaxBytes, DigestThread, type Digest, type DigestName } from './digests.ts';
export { createWorkerPool, tasksWaitingMax, type WorkerPoolOptions } from './pool.ts';
export { scryptMemoryMaxBytes } from './tasks.ts';
export type * from './types.ts';
