/** SELECT. See README. */
export { planSelect, type SelectScope } from './plan.ts';
export { pageSizeMaxBytes } from './row-walk.ts';
export type { Relation, Relations, VirtualTable } from './relation.ts';
export type { Seal } from './paging-state.ts';
export { relationOf } from './relation.ts';
export { LongReads } from './long-reads.ts';
export type { ReadTimeouts } from './select-plan.ts';
export { TurnTime, turnLimits, type TurnLimits } from './turn-time.ts';
