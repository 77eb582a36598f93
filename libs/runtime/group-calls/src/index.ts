/** Talking to a replicated group. See README. */
export { GroupClient } from './client.ts';
export { serveGroup, type ServedGroup } from './serve.ts';
export * from './limits.ts';
export type * from './types.ts';
