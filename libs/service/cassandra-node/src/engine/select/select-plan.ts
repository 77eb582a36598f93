/** A SELECT as a plan: executed at once, or in several turns when it takes long. */
import type { TableSchema } from '@skerry/domain-table';
import { findKeyspace } from '../../catalog/catalog.ts';
import { CqlFault, invalid, type Execution, type Plan, type ResultColumn, type ResultSink } from '../contract.ts';
import { ownExecution } from '../own-execution.ts';
import type { Planning } from '../planning.ts';
import { replicasToRead, type Replicas } from '../replicas.ts';
import type { LongReads } from './long-reads.ts';
import type { SelectRun } from './run.ts';
import type { SelectParts } from './select-parts.ts';

export type ReadTimeouts = {
  /** Milliseconds that a read of named partitions may take. */
  readonly readMs: number;
  /** Milliseconds that any other read may take. */
  readonly rangeMs: number;
};
/** What SELECTs need that take several turns. */
export type LongScope = {
  readonly reads: LongReads;
  readonly timeouts: ReadTimeouts;
  /** The table is still there. */
  isThere(schema: TableSchema): boolean;
};

export class SelectPlan implements Plan {
  readonly kind = 'select';
  readonly markers: Plan['markers'];
  readonly partitionKeyMarkers: readonly number[];
  readonly columns: readonly ResultColumn[];
  readonly needs: Plan['needs'];
  readonly #replicas: Replicas | undefined;
  readonly #parts: SelectParts;
  readonly #long: LongScope;
  readonly #make: () => SelectRun;
  /** For the next request; a SELECT that takes several turns has one of its own. */
  #run: SelectRun | undefined;

  /** @param make plans the statement once more. */
  constructor(parts: SelectParts, planning: Planning, run: SelectRun, long: LongScope, make: () => SelectRun) {
    const { schema } = parts;
    this.#replicas = replicasToRead(planning.schema, schema.keyspace);
    this.markers = planning.markers.specs();
    this.partitionKeyMarkers = planning.markers.keyMarkers(schema.partitionKey);
    this.columns = parts.columns;
    // Whoever may read a table may read its views, and nobody else.
    const base = findKeyspace(planning.schema, schema.keyspace)?.views.get(schema.name)?.base;
    this.needs = [{ permission: 'SELECT', resource: `data/${schema.keyspace}/${base ?? schema.name}` }];
    this.#parts = parts;
    this.#run = run;
    this.#long = long;
    this.#make = make;
  }
  execute(execution: Execution, sink: ResultSink): void | Promise<void> {
    // Its own code: writes only.
    if (execution.consistency === 0) throw invalid('ANY ConsistencyLevel is only supported for writes');
    if (this.#parts.keys === undefined) this.#replicas?.check(execution.consistency);
    else this.#replicas?.checkPartition(execution.consistency);
    const run = (this.#run ??= this.#make());
    return run.begin(execution, sink) ? undefined : this.#later(run, execution, sink);
  }
  /** It goes on where it is, or begins anew when its time comes: then nothing is held for it meanwhile. */
  #later(begun: SelectRun, execution: Execution, sink: ResultSink): Promise<void> {
    const { reads } = this.#long;
    const { client } = sink;
    const own = ownExecution(execution);
    let run: SelectRun | undefined;
    if (reads.hasPlace(client)) {
      this.#run = undefined;
      run = begun;
    } else own.warnings.length = 0;
    const later = sink.aside(own.warnings, run !== undefined);
    const turn = (): boolean => {
      this.#checkThere(own);
      const isDone = run === undefined ? (run = this.#take()).begin(own, later) : run.goOn(own, later);
      if (isDone) this.#run ??= run;
      return isDone;
    };
    return reads.read({ client, timeoutMs: this.#timeoutMs(), late: () => late(own), turn });
  }
  #timeoutMs(): number {
    const { keys, grouped } = this.#parts;
    // Cassandra reads what it aggregates page by page, and each page has a time of its own: all together have none.
    if (grouped) return Number.POSITIVE_INFINITY;
    const { timeouts } = this.#long;
    return keys === undefined ? timeouts.rangeMs : timeouts.readMs;
  }
  #take(): SelectRun {
    const run = this.#run ?? this.#make();
    this.#run = undefined;
    return run;
  }
  /** Source: Cassandra 5.0, a read of a table that the replica does not know. */
  #checkThere({ consistency }: Execution): void {
    const { layout, schema } = this.#parts;
    if (layout !== undefined && !this.#long.isThere(schema))
      throw new CqlFault(
        { kind: 'readFailure', consistency, received: 0, required: 1, dataPresent: false },
        `Operation failed - received 0 responses and 1 failures: ${schema.keyspace}.${schema.name} was dropped meanwhile`,
      );
  }
}
/** Source: Cassandra 5.0, ReadTimeoutException. */
const late = ({ consistency }: Execution): CqlFault =>
  new CqlFault(
    { kind: 'readTimeout', consistency, received: 0, required: 1, dataPresent: false },
    'Operation timed out - received only 0 responses.',
  );
