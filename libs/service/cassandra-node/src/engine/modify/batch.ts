/** Several modifications as one. Source: Cassandra 5.0, `BatchStatement`: rules and texts. */
import { mutationHeadSizeBytes } from '@skerry/domain-table';
import { toHexPart } from '@skerry/kernel';
import { qualified } from '../../catalog/names.ts';
import { invalid, type Execution, type ResultSink } from '../contract.ts';
import type { Attributes } from './attributes.ts';
import { Cas, type Step } from './cas.ts';
import { checkCounterLevel, checkWriteLevel, toFault } from './faults.ts';
import { abandon, apply, type Writing } from './writing.ts';

export type BatchKind = 'logged' | 'unlogged' | 'counter';

/** Bytes of a batch of several partitions above which it warns. Source: cassandra.yaml, batch_size_warn_threshold. */
export const batchSizeWarnBytes = 5 * 1024;
/** Bytes of a batch of several partitions above which it is refused. Source: cassandra.yaml, batch_size_fail_threshold. */
export const batchSizeFailBytes = 50 * 1024;
/** Partitions of an unlogged batch above which it warns. Source: cassandra.yaml, unlogged_batch_across_partitions_warn_threshold. */
export const unloggedPartitionsWarn = 10;

export class Batch {
  readonly #writing: Writing;
  readonly #kind: BatchKind;
  readonly #steps: readonly Step[];
  readonly #attributes: Attributes | undefined;
  readonly #cas: Cas | undefined;
  readonly #isCounter: boolean;

  /** @param attributes of the batch itself. @throws CqlFault what may not stand together. */
  constructor(writing: Writing, kind: BatchKind, steps: readonly Step[], attributes: Attributes | undefined) {
    this.#writing = writing;
    this.#kind = kind;
    this.#steps = steps;
    this.#attributes = attributes;
    const isConditional = steps.some(({ modification }) => modification.conditions !== undefined);
    checkBatch(kind, steps, attributes, isConditional);
    this.#cas = isConditional ? new Cas(steps, true) : undefined;
    this.#isCounter = steps.some(({ modification }) => modification.schema.isCounter);
  }

  /** @throws CqlFault, StatusError of the store: then nothing of it is written, but of counters what came before. */
  execute(execution: Execution, sink: ResultSink): void {
    if (this.#cas !== undefined) return this.#cas.execute(execution, this.#writing, sink);
    const { timestampHi, timestampLo, values } = execution;
    const { first } = values;
    const mark = this.#writing.writer.sink.length;
    try {
      if (this.#attributes !== undefined) {
        this.#attributes.bind(execution);
        // Statements without a timestamp of their own take it from there.
        execution.timestampHi = this.#attributes.hi;
        execution.timestampLo = this.#attributes.lo;
      }
      if (this.#isCounter) this.#writeCounters(execution, first);
      else this.#write(execution, first, mark);
    } catch (thrown) {
      abandon(this.#writing, mark);
      throw toFault(thrown);
    } finally {
      values.first = first;
      execution.timestampHi = timestampHi;
      execution.timestampLo = timestampLo;
    }
    sink.void();
  }
  #write(execution: Execution, first: number, mark: number): void {
    checkWriteLevel(execution.consistency);
    const writing = this.#writing;
    for (let i = 0; i < this.#steps.length; i++) {
      const { modification, first: own } = this.#steps[i] as Step;
      execution.values.first = first + own;
      modification.bind(execution);
      const { hi, lo } = modification.attributes;
      modification.write(execution, writing, hi, lo);
    }
    this.#guard(execution, mark);
    if (writing.writer.sink.length > mark) apply(writing);
  }
  /** Each is read anew: the same counter may come twice. */
  #writeCounters(execution: Execution, first: number): void {
    for (const { modification, first: own } of this.#steps) {
      checkCounterLevel(execution.consistency, modification.schema.name);
      execution.values.first = first + own;
      modification.bind(execution);
    }
    for (const { modification, first: own } of this.#steps) {
      execution.values.first = first + own;
      modification.bind(execution);
      const { hi, lo } = modification.attributes;
      modification.write(execution, this.#writing, hi, lo);
      apply(this.#writing);
    }
  }

  #guard(execution: Execution, mark: number): void {
    const size = this.#writing.writer.sink.length - mark;
    const isUnlogged = this.#kind === 'unlogged' && this.#steps.length > unloggedPartitionsWarn;
    if (this.#kind === 'logged') this.#warnOfGrace(execution);
    if (size <= batchSizeWarnBytes && !isUnlogged) return;
    const partitions = this.#partitionCount(mark);
    if (partitions <= 1) return;
    const tables = this.#tables();
    if (size > batchSizeFailBytes) throw invalid('Batch too large');
    if (size > batchSizeWarnBytes)
      execution.warnings.push(
        `Batch for [${tables.join(', ')}] is of size ${memoryText(size)}, exceeding specified threshold of ${memoryText(batchSizeWarnBytes)} by ${memoryText(size - batchSizeWarnBytes)}.`,
      );
    if (isUnlogged && partitions > unloggedPartitionsWarn)
      execution.warnings.push(
        `Unlogged batch covering ${partitions} partitions detected against table${tables.length === 1 ? '' : 's'} [${tables.join(', ')}]. You should use a logged batch for atomicity, or asynchronous writes for performance.`,
      );
  }
  #warnOfGrace(execution: Execution): void {
    const tables = new Set<string>();
    for (let i = 0; i < this.#steps.length; i++) {
      const { schema } = (this.#steps[i] as Step).modification;
      if (schema.gcGraceSeconds === 0) tables.add(qualified(schema.keyspace, schema.name));
    }
    if (tables.size > 0)
      execution.warnings.push(
        `Executing a LOGGED BATCH on table${tables.size === 1 ? '' : 's'} [${[...tables].join(', ')}], configured with a gc_grace_seconds of 0. The gc_grace_seconds is used to TTL batchlog entries, so setting gc_grace_seconds too low on tables involved in an atomic batch might cause batchlog entries to expire before being replayed.`,
      );
  }
  #tables(): readonly string[] {
    return [...new Set(this.#steps.map(({ modification: { schema } }) => qualified(schema.keyspace, schema.name)))];
  }
  /** Of what was written since `mark`. */
  #partitionCount(mark: number): number {
    const { bytes, view, length } = this.#writing.writer.sink;
    const keys = new Set<string>();
    for (let at = mark; at < length; at += view.getUint32(at)) {
      const from = at + mutationHeadSizeBytes;
      keys.add(`${view.getUint32(at + 4)}:${toHexPart(bytes, from, from + view.getUint32(at + 16))}`);
    }
    return keys.size;
  }
}

/** As Cassandra's FBUtilities.prettyPrintMemory. */
function memoryText(bytes: number): string {
  const [unit, name] = bytes >= 2 ** 30 ? [2 ** 30, 'GiB'] : bytes >= 2 ** 20 ? [2 ** 20, 'MiB'] : [2 ** 10, 'KiB'];
  return `${(bytes / unit).toFixed(3)}${name}`;
}

function checkBatch(
  kind: BatchKind,
  steps: readonly Step[],
  attributes: Attributes | undefined,
  isConditional: boolean,
): void {
  if (attributes?.hasTtl === true) throw invalid('Global TTL on the BATCH statement is not supported.');
  const hasTimestamp = attributes?.hasTimestamp === true;
  if (hasTimestamp && isConditional) throw invalid('Cannot provide custom timestamp for conditional BATCH');
  if (hasTimestamp && kind === 'counter') throw invalid('Cannot provide custom timestamp for counter BATCH');
  let counters = 0;
  for (let i = 0; i < steps.length; i++) {
    const { schema, attributes: own } = (steps[i] as Step).modification;
    if (hasTimestamp && own.hasTimestamp)
      throw invalid('Timestamp must be set either on BATCH or individual statements');
    if (schema.isCounter) counters += 1;
  }
  if (hasTimestamp && counters > 0) throw invalid('Cannot provide custom timestamp for a BATCH containing counters');
  if (kind === 'counter' && counters < steps.length)
    throw invalid('Cannot include non-counter statement in a counter batch');
  if (counters > 0 && counters < steps.length)
    throw invalid('Counter and non-counter mutations cannot exist in the same batch');
  if (kind === 'logged' && counters > 0) throw invalid('Cannot include a counter statement in a logged batch');
  if (isConditional) checkConditional(steps);
}
function checkConditional(steps: readonly Step[]): void {
  const [first] = steps;
  if (steps.some(({ modification }) => modification.schema !== first?.modification.schema))
    throw invalid('Batch with conditions cannot span multiple tables');
}
