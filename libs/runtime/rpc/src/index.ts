/** Typed calls between nodes: over TCP by gRPC, or direct in one process. */
export { type ChunkChecksums, chunkOf, chunkSizeMaxBytes, giveUp, verifiedBytes } from './chunk.ts';
export { InProcessHub } from './in-process.ts';
export * from './limits.ts';
export { createRpcNode, type RpcNodeOptions } from './node.ts';
export { tokenLifeMs, tokenSkewMaxMs } from './tokens.ts';
export type * from './types.ts';
export { vectorClockNodesMax } from './vector-clock.ts';
