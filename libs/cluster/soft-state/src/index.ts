/** Cluster: a table that equals share (F13). */
export * from './limits.ts';
export * from './soft-state.ts';
export * from './types.ts';
