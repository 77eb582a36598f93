/** Several modifications as one. Source: Cassandra 5.0, `BatchStatement`: rules and texts. */
import { compareRanges, mutationHeadSizeBytes, type Sink } from '@skerry/domain-table';
import { toHexPart } from '@skerry/kernel';
import { qualified } from '../../catalog/names.ts';
import { invalid, type Execution, type ResultSink } from '../contract.ts';
import type { Attributes } from './attributes.ts';
import { Cas } from './cas.ts';
import { toFault } from './faults.ts';
import type { Modification } from './modification.ts';
import type { Steps } from './steps.ts';
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
  readonly #steps: Steps;
  readonly #attributes: Attributes | undefined;
  readonly #cas: Cas | undefined;
  readonly #isCounter: boolean;

  /** @param attributes of the batch itself. @throws CqlFault what may not stand together. */
  constructor(writing: Writing, kind: BatchKind, steps: Steps, attributes: Attributes | undefined) {
    this.#writing = writing;
    this.#kind = kind;
    this.#steps = steps;
    this.#attributes = attributes;
    let isConditional = false;
    let counters = 0;
    for (let i = 0; i < steps.count; i++) {
      const { conditions, schema } = steps.modification(i);
      if (conditions !== undefined) isConditional = true;
      if (schema.isCounter) counters += 1;
    }
    if (attributes !== undefined) checkAttributes(kind, steps, attributes, isConditional, counters);
    checkKinds(kind, steps.count, counters);
    this.#cas = isConditional ? new Cas(ofOneTable(steps), true) : undefined;
    this.#isCounter = counters > 0;
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
    const writing = this.#writing;
    const steps = this.#steps;
    for (let i = 0; i < steps.count; i++) {
      const modification = steps.modification(i);
      execution.values.first = first + steps.first(i);
      modification.bind(execution);
      modification.replicas.check(execution.consistency);
      const { hi, lo } = modification.attributes;
      modification.write(execution, writing, hi, lo);
    }
    this.#guard(execution, mark);
    if (writing.writer.sink.length > mark) apply(writing);
  }
  /** Each is read anew: the same counter may come twice. */
  #writeCounters(execution: Execution, first: number): void {
    const steps = this.#steps;
    for (let i = 0; i < steps.count; i++) {
      const modification = steps.modification(i);
      execution.values.first = first + steps.first(i);
      modification.bind(execution);
      modification.replicas.check(execution.consistency);
    }
    for (let i = 0; i < steps.count; i++) {
      const modification = steps.modification(i);
      execution.values.first = first + steps.first(i);
      modification.bind(execution);
      const { hi, lo } = modification.attributes;
      modification.write(execution, this.#writing, hi, lo);
      apply(this.#writing);
    }
  }

  #guard(execution: Execution, mark: number): void {
    const size = this.#writing.writer.sink.length - mark;
    const isUnlogged = this.#kind === 'unlogged' && this.#steps.count > unloggedPartitionsWarn;
    if (this.#kind === 'logged') this.#warnOfGrace(execution);
    if (size <= batchSizeWarnBytes && !isUnlogged) return;
    const partitions = this.#partitionCount(mark);
    if (partitions <= 1) return;
    const tables = this.#tables(() => true);
    if (size > batchSizeFailBytes) throw invalid('Batch too large');
    if (size > batchSizeWarnBytes)
      execution.warnings.push(
        `Batch for [${tables.join(', ')}] is of size ${size}, exceeding specified threshold of ${batchSizeWarnBytes} by ${size - batchSizeWarnBytes}.`,
      );
    if (isUnlogged && partitions > unloggedPartitionsWarn)
      execution.warnings.push(
        `Unlogged batch covering ${partitions} partitions detected against table${tables.length === 1 ? '' : 's'} [${tables.join(', ')}]. You should use a logged batch for atomicity, or asynchronous writes for performance.`,
      );
  }
  #warnOfGrace(execution: Execution): void {
    let someHasNone = false;
    for (let i = 0; i < this.#steps.count; i++)
      if (this.#steps.modification(i).schema.gcGraceSeconds === 0) someHasNone = true;
    if (!someHasNone) return;
    const tables = this.#tables(({ schema }) => schema.gcGraceSeconds === 0);
    execution.warnings.push(
      `Executing a LOGGED BATCH on table${tables.length === 1 ? '' : 's'} [${tables.join(', ')}], configured with a gc_grace_seconds of 0. The gc_grace_seconds is used to TTL batchlog entries, so setting gc_grace_seconds too low on tables involved in an atomic batch might cause batchlog entries to expire before being replayed.`,
    );
  }
  #tables(wanted: (modification: Modification) => boolean): readonly string[] {
    const all = this.#steps.list().flatMap(({ modification }) => (wanted(modification) ? modification.schema : []));
    return [...new Set(all.map(({ keyspace, name }) => qualified(keyspace, name)))];
  }
  /** Of what was written since `mark`. */
  #partitionCount(mark: number): number {
    const { bytes, view, length } = this.#writing.writer.sink;
    if (isOnePartition(this.#writing.writer.sink, mark)) return 1;
    const keys = new Set<string>();
    for (let at = mark; at < length; at += view.getUint32(at)) {
      const from = at + mutationHeadSizeBytes;
      keys.add(`${view.getUint32(at + 4)}:${toHexPart(bytes, from, from + view.getUint32(at + 16))}`);
    }
    return keys.size;
  }
}

/** Whether all that was written since `mark` is of one table's one key: what is most often so is seen without making anything. */
function isOnePartition({ bytes, view, length }: Sink, mark: number): boolean {
  const end = mark + mutationHeadSizeBytes + view.getUint32(mark + 16);
  for (let at = mark + view.getUint32(mark); at < length; at += view.getUint32(at)) {
    if (view.getUint32(at + 4) !== view.getUint32(mark + 4)) return false;
    const from = at + mutationHeadSizeBytes;
    if (compareRanges(bytes, mark + mutationHeadSizeBytes, end, bytes, from, from + view.getUint32(at + 16)) !== 0)
      return false;
  }
  return true;
}

/** Of the batch itself. */
function checkAttributes(
  kind: BatchKind,
  steps: Steps,
  { hasTtl, hasTimestamp }: Attributes,
  isConditional: boolean,
  counters: number,
): void {
  if (hasTtl) throw invalid('Global TTL on the BATCH statement is not supported.');
  if (!hasTimestamp) return;
  if (isConditional) throw invalid('Cannot provide custom timestamp for conditional BATCH');
  if (kind === 'counter') throw invalid('Cannot provide custom timestamp for counter BATCH');
  for (let i = 0; i < steps.count; i++)
    if (steps.modification(i).attributes.hasTimestamp)
      throw invalid('Timestamp must be set either on BATCH or individual statements');
  if (counters > 0) throw invalid('Cannot provide custom timestamp for a BATCH containing counters');
}
function checkKinds(kind: BatchKind, count: number, counters: number): void {
  if (kind === 'counter' && counters < count) throw invalid('Cannot include non-counter statement in a counter batch');
  if (counters > 0 && counters < count)
    throw invalid('Counter and non-counter mutations cannot exist in the same batch');
  if (kind === 'logged' && counters > 0) throw invalid('Cannot include a counter statement in a logged batch');
}
function ofOneTable(steps: Steps): ReturnType<Steps['list']> {
  const list = steps.list();
  const [first] = list;
  if (list.some(({ modification }) => modification.schema !== first?.modification.schema))
    throw invalid('Batch with conditions cannot span multiple tables');
  return list;
}
