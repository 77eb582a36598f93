/** Immutable content by id. See README. */
export type * from './types.ts';
export { type BlobsOptions, type BlobStore, openBlobs, type ReadOptions } from './blobs.ts';
export { smallSizeMaxBytes } from './packed.ts';
