/** BATCH: of a text, and of the statements that a BATCH message names. */
import type { BatchStatement } from '@skerry/protocol-cql';
import { invalid, type BatchParts, type Execution, type MarkerSpec, type Plan, type ResultSink } from '../contract.ts';
import type { Environment } from '../environment.ts';
import type { Planning } from '../planning.ts';
import { Attributes } from './attributes.ts';
import { Batch, type BatchKind } from './batch.ts';
import { ModificationPlan, modificationNeeds } from './plan.ts';
import { prepareModification } from './prepare.ts';
import { Steps } from './steps.ts';

class BatchPlan implements Plan {
  readonly kind = 'batch';
  readonly markers: readonly MarkerSpec[];
  readonly partitionKeyMarkers: readonly number[];
  readonly columns = undefined;
  readonly needs: Plan['needs'];
  readonly #batch: Batch;

  constructor(planning: Planning, environment: Environment, statement: BatchStatement) {
    const modifications = statement.statements.map((each) => prepareModification(planning, environment, each));
    const [first] = modifications;
    const attributes = first && new Attributes(planning, first.schema, statement.using);
    const steps = new Steps();
    for (const modification of modifications) steps.push(modification, 0);
    this.#batch = new Batch(environment.writing, statement.type, steps, attributes);
    this.markers = planning.markers.specs();
    const isOneTable = modifications.every(({ schema }) => schema === first?.schema);
    this.partitionKeyMarkers =
      first !== undefined && isOneTable ? planning.markers.keyMarkers(first.schema.partitionKey) : [];
    this.needs = modifications.flatMap((each) => modificationNeeds(planning, each));
  }
  execute(execution: Execution, sink: ResultSink): void {
    this.#batch.execute(execution, sink);
  }
}
/** @throws CqlFault. */
export const planBatch = (planning: Planning, environment: Environment, statement: BatchStatement): Plan =>
  new BatchPlan(planning, environment, statement);

/**
 * Executes the statements of a BATCH message.
 * @throws CqlFault, StatusError of the store.
 */
export function executeBatch(
  environment: Environment,
  kind: BatchKind,
  { plans, firsts, counts, count }: BatchParts,
  execution: Execution,
  sink: ResultSink,
): void {
  const { steps } = environment;
  steps.clear();
  for (let i = 0; i < count; i++) {
    const plan = plans[i];
    if (!(plan instanceof ModificationPlan))
      throw invalid('Invalid statement in batch: only UPDATE, INSERT and DELETE statements are allowed.');
    if (plan.markers.length !== counts[i])
      throw invalid(`There were ${plan.markers.length} markers(?) in CQL but ${counts[i] ?? 0} bound variables`);
    steps.push(plan.modification, firsts[i] as number);
  }
  new Batch(environment.writing, kind, steps, undefined).execute(execution, sink);
}
