/** BATCH: of a text, and of the statements that a BATCH message names. */
import type { BatchStatement } from '@skerry/protocol-cql';
import { invalid, type Execution, type MarkerSpec, type Plan, type ResultSink } from '../contract.ts';
import type { Environment } from '../environment.ts';
import type { Planning } from '../planning.ts';
import { Attributes } from './attributes.ts';
import { Batch, type BatchKind } from './batch.ts';
import { ModificationPlan, modificationNeeds } from './plan.ts';
import { prepareModification } from './prepare.ts';

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
    const steps = modifications.map((modification) => ({ modification, first: 0 }));
    this.#batch = new Batch(environment.writing, statement.type, steps, attributes);
    this.markers = planning.markers.specs();
    const isOneTable = modifications.every(({ schema }) => schema === first?.schema);
    this.partitionKeyMarkers =
      first !== undefined && isOneTable ? planning.markers.keyMarkers(first.schema.partitionKey) : [];
    this.needs = modifications.flatMap(modificationNeeds);
  }
  execute(execution: Execution, sink: ResultSink): void {
    this.#batch.execute(execution, sink);
  }
}
/** @throws CqlFault. */
export const planBatch = (planning: Planning, environment: Environment, statement: BatchStatement): Plan =>
  new BatchPlan(planning, environment, statement);

/** A statement of a BATCH message. Its values begin at `first` among those of the request. */
export type BatchPart = { readonly plan: Plan; readonly first: number; readonly count: number };

/**
 * Executes the statements of a BATCH message.
 * @throws CqlFault, StatusError of the store.
 */
export function executeBatch(
  environment: Environment,
  kind: BatchKind,
  parts: readonly BatchPart[],
  execution: Execution,
  sink: ResultSink,
): void {
  const steps = parts.map(({ plan, first, count }) => {
    if (!(plan instanceof ModificationPlan))
      throw invalid('Invalid statement in batch: only UPDATE, INSERT and DELETE statements are allowed.');
    if (plan.markers.length !== count)
      throw invalid(`There were ${plan.markers.length} markers(?) in CQL but ${count} bound variables`);
    return { modification: plan.modification, first };
  });
  new Batch(environment.writing, kind, steps, undefined).execute(execution, sink);
}
