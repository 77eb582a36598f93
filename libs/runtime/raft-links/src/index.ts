/** Streams between the members of a Raft group. See README. */
export * from './limits.ts';
export { openRaftDoor } from './door.ts';
export type * from './types.ts';
