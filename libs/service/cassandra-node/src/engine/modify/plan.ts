/** The plan of one INSERT, UPDATE or DELETE. */
import type { ModificationStatement } from '@skerry/protocol-cql';
import { findKeyspace } from '../../catalog/catalog.ts';
import { viewsOf } from '../../catalog/state.ts';
import type { Execution, MarkerSpec, Plan, ResultSink } from '../contract.ts';
import type { Environment } from '../environment.ts';
import type { Planning } from '../planning.ts';
import { Cas } from './cas.ts';
import { checkCounterLevel, checkWriteLevel, toFault } from './faults.ts';
import type { Modification } from './modification.ts';
import { prepareModification } from './prepare.ts';
import { abandon, apply, type Writing } from './writing.ts';

export function modificationNeeds(planning: Planning, { schema, conditions }: Modification): Plan['needs'] {
  const keyspace = findKeyspace(planning.schema, schema.keyspace);
  const views = keyspace === undefined ? [] : viewsOf(keyspace, schema.name);
  const resource = `data/${schema.keyspace}/${schema.name}`;
  const modify = { permission: 'MODIFY', resource } as const;
  // What a condition tells can be read in its answer, and what a view shows in the view.
  if (conditions === undefined && views.length === 0) return [modify];
  const ofViews = views.map((view) => ({
    permission: 'MODIFY' as const,
    resource: `data/${schema.keyspace}/${view.schema.name}`,
  }));
  return [modify, { permission: 'SELECT', resource }, ...ofViews];
}

export class ModificationPlan implements Plan {
  readonly kind = 'modification';
  readonly markers: readonly MarkerSpec[];
  readonly partitionKeyMarkers: readonly number[];
  readonly columns = undefined;
  readonly needs: Plan['needs'];
  readonly modification: Modification;
  readonly #writing: Writing;
  readonly #cas: Cas | undefined;

  constructor(planning: Planning, writing: Writing, modification: Modification) {
    this.modification = modification;
    this.#writing = writing;
    this.markers = planning.markers.specs();
    this.partitionKeyMarkers = planning.markers.keyMarkers(modification.schema.partitionKey);
    this.needs = modificationNeeds(planning, modification);
    this.#cas = modification.conditions === undefined ? undefined : new Cas([{ modification, first: 0 }], false);
  }
  execute(execution: Execution, sink: ResultSink): void {
    if (this.#cas !== undefined) return this.#cas.execute(execution, this.#writing, sink);
    const { modification } = this;
    if (modification.schema.isCounter) checkCounterLevel(execution.consistency, modification.schema.name);
    else checkWriteLevel(execution.consistency);
    const writing = this.#writing;
    const mark = writing.writer.sink.length;
    try {
      modification.bind(execution);
      modification.replicas.check(execution.consistency);
      const { hi, lo } = modification.attributes;
      modification.write(execution, writing, hi, lo);
      apply(writing);
    } catch (thrown) {
      abandon(writing, mark);
      throw toFault(thrown);
    }
    sink.void();
  }
}

/** @throws CqlFault. */
export const planModification = (
  planning: Planning,
  environment: Environment,
  statement: ModificationStatement,
): ModificationPlan =>
  new ModificationPlan(planning, environment.writing, prepareModification(planning, environment, statement));
