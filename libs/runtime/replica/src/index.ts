/** A replicated state machine, as its service sees it. See README. */
export type * from './types.ts';
export { openReplica } from './open-replica.ts';
export { localPart } from './meta.ts';
export { proposalBytesMax, proposalCountMax } from './limits.ts';
