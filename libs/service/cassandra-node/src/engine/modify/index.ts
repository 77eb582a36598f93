/** INSERT, UPDATE, DELETE and BATCH. See README. */
export { planModification, ModificationPlan } from './plan.ts';
export { executeBatch, planBatch } from './batch-plan.ts';
export type { BatchKind } from './batch.ts';
