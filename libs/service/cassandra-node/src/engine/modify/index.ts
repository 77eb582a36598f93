/** INSERT, UPDATE, DELETE and BATCH. See README. */
export { planModification, ModificationPlan } from './plan.ts';
export { executeBatch, planBatch, type BatchPart } from './batch-plan.ts';
export type { BatchKind } from './batch.ts';
