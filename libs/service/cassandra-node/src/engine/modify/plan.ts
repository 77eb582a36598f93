/** The plan of one INSERT, UPDATE or DELETE. */
import type { ModificationStatement } from '@skerry/protocol-cql';
import type { Execution, MarkerSpec, Plan, ResultSink } from '../contract.ts';
import type { Environment } from '../environment.ts';
import type { Planning } from '../planning.ts';
import { Cas } from './cas.ts';
import { checkCounterLevel, checkWriteLevel, toFault } from './faults.ts';
import type { Modification } from './modification.ts';
import { prepareModification } from './prepare.ts';
import { abandon, apply, type Writing } from './writing.ts';

export const modificationNeeds = ({ schema, conditions }: Modification): Plan['needs'] => {
  const resource = `data/${schema.keyspace}/${schema.name}`;
  const modify = { permission: 'MODIFY', resource } as const;
  // What a condition tells can be read in its answer.
  return conditions === undefined ? [modify] : [modify, { permission: 'SELECT', resource }];
};

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
    this.needs = modificationNeeds(modification);
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
