/**
 * What one connection's statements are: PREPARE, QUERY, EXECUTE and BATCH, executed where they are read. Nothing is made
 * for one of them: values stay in the frame, the execution and the batch's parts are filled anew.
 */
import { fromUtf8Part } from '@skerry/kernel';
import { consistencies, requestText, type Request, type ResponseWriter } from '@skerry/protocol-cql';
import { CqlFault, invalid, type BatchParts, type Client, type Execution, type Plan } from '../engine/contract.ts';
import { ownExecution } from '../engine/own-execution.ts';
import type { BatchKind, Desk } from './desk.ts';
import { unprepared, type Prepared } from './prepared.ts';
import { ConnectionSink } from './result-sink.ts';
import type { Trace } from './tracing.ts';

const batchKinds: readonly BatchKind[] = ['logged', 'unlogged', 'counter'];
/** Requests for which the clock is looked at once. */
const requestsPerLook = 16;
/** Executed at once, without waiting for anything. */
const direct: ReadonlySet<Plan['kind']> = new Set<Plan['kind']>(['select', 'modification', 'batch', 'use', 'describe']);

type MutableBatchParts = { -readonly [K in Exclude<keyof BatchParts, 'plans'>]: BatchParts[K] } & { plans: Plan[] };

export class Statements {
  readonly #desk: Desk;
  readonly #writer: ResponseWriter;
  readonly #client: Client;
  readonly #sink: ConnectionSink;
  readonly #execution: Execution;
  readonly #parts: MutableBatchParts = {
    plans: [],
    firsts: new Int32Array(0),
    counts: new Int32Array(0),
    count: 0,
  };
  /** Of values that came with names. */
  #namedStarts = new Int32Array(0);
  #namedLengths = new Int32Array(0);
  /** Requests that may still go by the last look at the clock. */
  #looks = 0;
  keyspace: string | undefined;
  role: string | undefined;
  /** Of the request at hand, as far as it is known; of a batch, its first statement's. */
  text: string | undefined;
  /** Of the request at hand, when its client wants one. */
  trace: Trace | undefined;

  constructor(desk: Desk, writer: ResponseWriter, { buffer, values }: Request, client: Client) {
    this.#desk = desk;
    this.#client = client;
    this.#writer = writer;
    this.#sink = this.#newSink();
    this.#execution = {
      values: { buffer, starts: values.starts, lengths: values.lengths, first: 0, count: 0 },
      consistency: 1,
      serialConsistency: -1,
      pageSize: -1,
      pagingState: undefined,
      skipMetadata: false,
      timestampHi: 0,
      timestampLo: 0,
      nowSeconds: 0,
      nowMs: 0,
      version: 4,
      keyspace: undefined,
      role: undefined,
      warnings: [],
      trace: undefined,
    };
  }
  #newSink(): ConnectionSink {
    return new ConnectionSink(this.#writer, this.#desk.columnBytes, this.#client, (name) => (this.keyspace = name));
  }
  /** What is read now came later than what was read before. */
  clockMoved(): void {
    this.#looks = 0;
  }

  prepare(request: Request): void {
    const text = this.#text(request, request.start, request.length);
    this.text = text;
    this.trace?.describe('Preparing CQL3 query', { query: text });
    this.trace?.step(`Parsing ${text}`);
    const prepared = this.#desk.prepared.prepare(this.#desk.engine, text, this.#keyspaceOf(request));
    this.#allowed(prepared.plan);
    const tracingId = this.trace?.id;
    const extras = tracingId === undefined ? undefined : { tracingId };
    this.#writer.prepared(request.stream, prepared.body(request.version), extras);
  }
  query(request: Request): void | Promise<void> {
    const text = this.#text(request, request.start, request.length);
    this.text = text;
    if (this.trace !== undefined) {
      this.trace.describe('Execute CQL3 query', { query: text, ...traced(request) });
      this.trace.step(`Parsing ${text}`);
    }
    const plan = this.#desk.engine.plan(text, this.#keyspaceOf(request));
    this.trace?.step('Preparing statement');
    this.#begin(request, undefined);
    return this.#run(plan, request);
  }
  execute(request: Request): void | Promise<void> {
    const { buffer, start, length } = request;
    const prepared = this.#desk.prepared.find(buffer, start, length);
    if (prepared === undefined) throw unprepared(buffer.slice(start, start + Math.max(0, length)));
    this.text = prepared.text;
    this.trace?.describe('Execute CQL3 prepared query', { query: prepared.text, ...traced(request) });
    const plan = prepared.current(this.#desk.engine);
    this.#begin(request, prepared);
    return this.#run(plan, request);
  }
  #run(plan: Plan, request: Request): void | Promise<void> {
    const { markers } = plan;
    const { values } = this.#execution;
    if (request.parameters.named && values.count > 0) this.#byName(request, plan);
    if (values.count !== markers.length) throw invalid('Invalid amount of bind variables');
    this.#allowed(plan);
    if (this.trace !== undefined) this.trace.step(`Executing ${plan.kind} statement`);
    if (!direct.has(plan.kind)) return this.#runAside(plan, request);
    return plan.execute(this.#execution, this.#sink);
  }
  /** What waits for the disk has an execution and a sink of its own: others use ours meanwhile. */
  #runAside(plan: Plan, request: Request): void | Promise<void> {
    const own = ownExecution(this.#execution);
    const sink = this.#newSink();
    sink.begin(request.stream, request.version, own.warnings, undefined, this.trace?.id);
    return plan.execute(own, sink);
  }
  #allowed(plan: Plan): void {
    const { authorizer } = this.#desk;
    if (authorizer !== undefined && this.role !== undefined) authorizer.check(this.role, plan);
  }

  batch(request: Request): void | Promise<void> {
    const { batch } = request;
    const { engine } = this.#desk;
    const parts = this.#parts;
    parts.count = batch.count;
    parts.firsts = batch.valueFirst;
    parts.counts = batch.valueCount;
    const keyspace = this.#keyspaceOf(request);
    for (let i = 0; i < batch.count; i++) {
      const isAgain = i > 0 && batch.prepared[i] === 1 && batch.prepared[i - 1] === 1 && sameStatement(request, i);
      const plan = isAgain ? (parts.plans[i - 1] as Plan) : this.#planOf(request, i, keyspace);
      this.#allowed(plan);
      parts.plans[i] = plan;
    }
    this.trace?.describe('Execute batch of CQL3 queries', {
      query: `${batch.count} statements, the first: ${this.text ?? ''}`,
      ...traced(request),
    });
    this.#begin(request, undefined);
    return engine.batch(batchKinds[request.batchType] ?? 'logged', parts, this.#execution, this.#sink);
  }
  /** Of one statement of a batch. */
  #planOf(request: Request, index: number, keyspace: string | undefined): Plan {
    const { batch, buffer } = request;
    const { engine, prepared } = this.#desk;
    const start = batch.starts[index] as number;
    const length = batch.lengths[index] as number;
    if (batch.prepared[index] !== 1) {
      const text = this.#text(request, start, length);
      this.text ??= text;
      return engine.plan(text, keyspace);
    }
    const found = prepared.find(buffer, start, length);
    if (found === undefined) throw unprepared(buffer.slice(start, start + length));
    this.text ??= found.text;
    return found.current(engine);
  }

  /** Fills the execution with what the request says. */
  #begin(request: Request, prepared: Prepared | undefined): void {
    const { parameters, values, version, buffer } = request;
    const execution = this.#execution;
    const { timestamps } = this.#desk;
    if (this.#looks > 0) {
      this.#looks -= 1;
      timestamps.again();
    } else {
      this.#looks = requestsPerLook;
      timestamps.next();
    }
    const bound = execution.values;
    bound.buffer = buffer;
    bound.starts = values.starts;
    bound.lengths = values.lengths;
    bound.first = 0;
    bound.count = values.count;
    execution.consistency = parameters.consistency;
    execution.serialConsistency = parameters.serialConsistency;
    execution.pageSize = parameters.pageSize;
    execution.pagingState =
      parameters.pagingLength < 0
        ? undefined
        : buffer.subarray(parameters.pagingStart, parameters.pagingStart + parameters.pagingLength);
    execution.timestampHi = parameters.hasTimestamp ? parameters.timestampHi : timestamps.hi;
    execution.timestampLo = parameters.hasTimestamp ? parameters.timestampLo : timestamps.lo;
    execution.nowMs = timestamps.nowMs;
    execution.nowSeconds = parameters.hasNow ? parameters.nowInSeconds : Math.floor(timestamps.nowMs / 1000);
    execution.version = version;
    execution.keyspace = parameters.keyspaceLength < 0 ? this.keyspace : this.#keyspaceOf(request);
    execution.role = this.role;
    if (execution.warnings.length > 0) execution.warnings.length = 0;
    let changed: Uint8Array | undefined;
    if (prepared !== undefined && version >= 5 && !sameId(prepared.resultId, request)) changed = prepared.resultId;
    execution.skipMetadata = parameters.skipMetadata;
    execution.trace = this.trace?.step;
    this.#sink.begin(request.stream, version, execution.warnings, changed, this.trace?.id);
  }
  #keyspaceOf({ parameters: { keyspaceStart, keyspaceLength }, buffer }: Request): string | undefined {
    if (keyspaceLength < 0) return this.keyspace;
    return fromUtf8Part(buffer, keyspaceStart, keyspaceStart + keyspaceLength) ?? this.keyspace;
  }
  #text(request: Request, start: number, length: number): string {
    const text = requestText(request, start, length);
    if (text === undefined) throw new CqlFault({ kind: 'protocol' }, 'Cannot read the statement: it is no UTF-8');
    return text;
  }
  /** Values into the order of the markers; of markers with one name each gets it. */
  #byName({ values, buffer, version }: Request, { markers }: Plan): void {
    const bound = this.#execution.values;
    if (this.#namedStarts.length < markers.length) {
      this.#namedStarts = new Int32Array(markers.length);
      this.#namedLengths = new Int32Array(markers.length);
    }
    const given = new Map<string, number>();
    for (let i = 0; i < values.count; i++) {
      const start = values.nameStarts[i] as number;
      const name = fromUtf8Part(buffer, start, start + (values.nameLengths[i] as number));
      if (name !== undefined) given.set(name, i);
    }
    for (const [i, { name }] of markers.entries()) {
      const at = given.get(name) ?? given.get(name.toLowerCase());
      // As Cassandra: what is not given is unset, in v3 null.
      this.#namedStarts[i] = at === undefined ? 0 : (values.starts[at] as number);
      this.#namedLengths[i] = at === undefined ? (version < 4 ? -1 : -2) : (values.lengths[at] as number);
    }
    bound.starts = this.#namedStarts;
    bound.lengths = this.#namedLengths;
    bound.count = markers.length;
  }
}

/** What a trace tells of a request beside its text. */
function traced({ parameters: { consistency, serialConsistency, pageSize } }: Request): Record<string, string> {
  return {
    consistency_level: consistencies[consistency] ?? String(consistency),
    serial_consistency_level: consistencies[serialConsistency] ?? 'SERIAL',
    ...(pageSize < 0 ? {} : { page_size: String(pageSize) }),
  };
}

function sameId(id: Uint8Array, { buffer, resultIdStart, resultIdLength }: Request): boolean {
  if (resultIdLength !== id.length) return false;
  for (let i = 0; i < id.length; i++) if (id[i] !== buffer[resultIdStart + i]) return false;
  return true;
}

/** Whether a prepared statement of a batch is the one before it: most are. */
function sameStatement({ batch, buffer }: Request, index: number): boolean {
  const start = batch.starts[index] as number;
  const before = batch.starts[index - 1] as number;
  const length = batch.lengths[index] as number;
  if (length !== batch.lengths[index - 1]) return false;
  for (let i = 0; i < length; i++) if (buffer[start + i] !== buffer[before + i]) return false;
  return true;
}
