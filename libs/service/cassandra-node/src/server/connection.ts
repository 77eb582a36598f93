/**
 * One client's connection: frames in, answers out. Requests that have nothing to wait for are executed where they are
 * read; all answers of a turn leave in one write.
 *
 * Source: native_protocol_v3.spec, v4 and v5; Cassandra's order: OPTIONS and STARTUP first, then authentication, then all
 * else.
 */
import { fromUtf8Part, toStatusError } from '@skerry/kernel';
import {
  consistencies,
  decodeRequest,
  FrameReader,
  isEventType,
  lz4,
  opcodes,
  Request,
  requestText,
  ResponseWriter,
  snappy,
  type Compression,
  type ErrorBody,
  type EventBody,
  type EventType,
  type ProtocolVersion,
  type WireFault,
} from '@skerry/protocol-cql';
import type { Channel, ChannelEvents } from '@skerry/runtime-sockets';
import { CqlFault, invalid, type Execution, type Plan } from '../engine/contract.ts';
import { passwordAuthenticatorClass, plainCredentials } from './authentication.ts';
import type { BatchKind, BatchPart, Desk } from './desk.ts';
import { errorBodyOf } from './faults.ts';
import type { RequestKind } from './figures.ts';
import { unprepared, type Prepared } from './prepared.ts';
import { shownText } from './statement-text.ts';
import type { Trace } from './tracing.ts';
import { ConnectionSink } from './result-sink.ts';
import type { Flushing } from './turn.ts';

export const cqlVersion = '3.4.7';
const compressions: ReadonlyMap<string, Compression> = new Map([
  ['lz4', lz4],
  ['snappy', snappy],
]);
const supported = new Map<string, readonly string[]>([
  ['CQL_VERSION', [cqlVersion]],
  ['COMPRESSION', ['snappy', 'lz4']],
  ['PROTOCOL_VERSIONS', ['3/v3', '4/v4', '5/v5']],
]);
const batchKinds: readonly BatchKind[] = ['logged', 'unlogged', 'counter'];
const opcodeNames = new Map<number, string>(Object.entries(opcodes).map(([name, code]) => [code, name.toUpperCase()]));
/** Requests for which the clock is looked at once. */
const requestsPerLook = 16;
const kinds = new Map<number, RequestKind>([
  [opcodes.execute, 'execute'],
  [opcodes.query, 'query'],
  [opcodes.batch, 'batch'],
  [opcodes.prepare, 'prepare'],
]);

/** Answers are sent before their turn is over when there are so many bytes: beyond, the writer needs ever larger buffers. */
export const earlySizeBytes = 64 * 1024;

/** Executed at once, without waiting for anything. */
const direct: ReadonlySet<Plan['kind']> = new Set<Plan['kind']>(['select', 'modification', 'batch', 'use', 'describe']);

type Phase = 'new' | 'authenticating' | 'ready' | 'closing';

export class Connection implements ChannelEvents, Flushing {
  readonly #desk: Desk;
  readonly #channel: Channel;
  readonly #over: (connection: Connection) => void;
  readonly #reader: FrameReader;
  readonly #writer: ResponseWriter;
  readonly #request = new Request();
  readonly #sink: ConnectionSink;
  readonly #execution: Execution;
  /** Of values that came with names. */
  #namedStarts = new Int32Array(0);
  #namedLengths = new Int32Array(0);
  #phase: Phase = 'new';
  #keyspace: string | undefined;
  #role: string | undefined;
  readonly #events = new Set<EventType>();
  /** Requests that wait for something. */
  #waiting = 0;
  #paused = false;
  #flushing = false;
  #ended = false;
  #closed = false;
  /** Text of the request at hand, as far as it is known; of a batch, its first statement's. */
  #statement: string | undefined;
  /** Of the request at hand, when its client wants one. */
  #trace: Trace | undefined;
  /** As the client says in STARTUP. */
  options: ReadonlyMap<string, string> = new Map();
  version: ProtocolVersion = 4;
  requests = 0;
  /** Requests that may still go by the last look at the clock. */
  #looks = 0;

  constructor(desk: Desk, channel: Channel, over: (connection: Connection) => void) {
    this.#desk = desk;
    this.#channel = channel;
    this.#over = over;
    const { limits, crc32: checksum } = desk;
    this.#reader = new FrameReader({ direction: 'request', bodySizeMaxBytes: limits.frameMaxBytes, checksum });
    this.#writer = new ResponseWriter({ checksum });
    this.#sink = new ConnectionSink(this.#writer, desk.columnBytes, (name) => (this.#keyspace = name));
    const { values } = this.#request;
    this.#execution = {
      values: { buffer: this.#request.buffer, starts: values.starts, lengths: values.lengths, first: 0, count: 0 },
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
  get remote(): { readonly host: string; readonly port: number } {
    return this.#channel.remote;
  }
  get secure(): boolean {
    return this.#channel.secure;
  }
  get keyspace(): string | undefined {
    return this.#keyspace;
  }
  get role(): string | undefined {
    return this.#role;
  }
  get stage(): 'established' | 'authenticating' | 'ready' {
    return this.#phase === 'new' ? 'established' : this.#phase === 'authenticating' ? 'authenticating' : 'ready';
  }
  get isIdle(): boolean {
    return this.#waiting === 0 && !this.#flushing;
  }

  data(bytes: Uint8Array): void {
    this.#desk.figures.bytesReceived += bytes.length;
    this.#reader.push(bytes);
    this.#work();
  }
  ended(): void {
    this.#ended = true;
    if (this.isIdle) this.#channel.end();
  }
  drained(): void {
    this.#resume();
  }
  closed(): void {
    this.#closed = true;
    this.#phase = 'closing';
    this.#over(this);
  }
  /** Takes no more requests; ends when those under way are answered. */
  drain(): void {
    this.#phase = 'closing';
    if (this.isIdle) this.#channel.end();
  }
  destroy(): void {
    this.#channel.destroy();
  }

  take(): Uint8Array {
    return this.#writer.take();
  }
  send(bytes: Uint8Array): void {
    this.#flushing = false;
    this.write(bytes);
    if (this.#closed) return;
    if ((this.#ended || this.#phase === 'closing') && this.#waiting === 0) this.#channel.end();
  }
  write(bytes: Uint8Array): void {
    if (this.#closed || bytes.length === 0) return;
    this.#desk.figures.bytesSent += bytes.length;
    this.#channel.write(bytes);
    if (this.#channel.queuedBytes > this.#desk.limits.unreadMaxBytes) this.#pause();
  }
  #answered(): void {
    if (this.#writer.length > earlySizeBytes) this.#desk.turn.early(this);
    if (this.#flushing) return;
    this.#flushing = true;
    this.#desk.turn.add(this);
  }
  #pause(): void {
    if (this.#paused) return;
    this.#paused = true;
    this.#channel.pause();
  }
  #resume(): void {
    const { unreadMaxBytes, waitingMax } = this.#desk.limits;
    if (!this.#paused || this.#channel.queuedBytes > unreadMaxBytes || this.#waiting >= waitingMax) return;
    this.#paused = false;
    this.#channel.resume();
    this.#work();
  }

  /** All frames that are there, unless the client must wait. */
  #work(): void {
    this.#looks = 0;
    while (!this.#paused && this.#phase !== 'closing') {
      const room = this.#desk.engine.room();
      if (room !== undefined) return this.#waitForRoom(room);
      const outcome = this.#reader.next();
      if (outcome === 'more') return;
      if (outcome === 'fault') {
        if (this.#fault(this.#reader.fault)) return;
      } else this.#frame();
    }
  }
  /** The disk is behind: this client is read from again when it has caught up. */
  #waitForRoom(room: Promise<void>): void {
    this.#pause();
    void room.then(() => this.#resume());
  }
  /** True: nothing good can come any more. */
  #fault(fault: WireFault | undefined): boolean {
    if (fault === undefined) return false;
    const before = this.#writer.version;
    this.#writer.version = fault.version;
    this.#error(fault.stream, { kind: fault.code === 0x2200 ? 'invalid' : 'protocol', message: fault.message });
    this.#writer.version = before;
    if (fault.fatal) {
      this.#phase = 'closing';
      // The answer first.
      this.#answered();
    }
    return fault.fatal;
  }
  #error(stream: number, body: ErrorBody, tracingId?: Uint8Array): void {
    this.#desk.figures.errors += 1;
    this.#writer.error(stream, body, tracingId === undefined ? undefined : { tracingId });
    this.#answered();
  }
  /** What was thrown, as the client hears it. */
  #failed(stream: number, thrown: unknown, trace: Trace | undefined): void {
    this.#writer.abandon();
    const body = errorBodyOf(thrown);
    trace?.step(body?.message ?? 'Failed');
    if (body === undefined || body.kind === 'server')
      this.#desk.telemetry.emit({
        event: 'cql_request_failed',
        level: 'error',
        client: this.#channel.remote.host,
        error: toStatusError(thrown),
      });
    const unknown = { kind: 'server', message: 'The server failed to execute this; its log says why' } as const;
    this.#error(stream, body ?? unknown, trace?.id);
  }

  #frame(): void {
    const request = this.#request;
    const fault = decodeRequest(this.#reader.frame, request);
    this.requests += 1;
    const { opcode, stream, version } = request;
    if (this.#phase === 'new') this.#writer.version = version;
    this.version = version;
    const kind = opcode === opcodes.execute ? 'execute' : (kinds.get(opcode) ?? 'other');
    this.#desk.figures.requests[kind] += 1;
    if (fault !== undefined) {
      this.#fault(fault);
      return;
    }
    const startMs = this.#desk.nowMs();
    this.#statement = undefined;
    this.#trace = request.tracing ? this.#desk.tracer.begin(this.remote.host) : undefined;
    try {
      const waits = this.#dispatch(request);
      if (waits !== undefined) return this.#wait(stream, waits, kind, startMs);
      this.#answered();
    } catch (thrown) {
      this.#failed(stream, thrown, this.#trace);
    }
    this.#finished(kind, startMs, this.#statement, this.#trace);
  }
  #finished(kind: RequestKind, startMs: number, statement: string | undefined, trace: Trace | undefined): void {
    const { nowMs, figures, limits, telemetry } = this.#desk;
    const tookMs = nowMs() - startMs;
    figures.latency[kind].observe(tookMs);
    if (trace !== undefined) {
      figures.traced += 1;
      trace.end();
    }
    if (tookMs < limits.slowMs || limits.slowMs === 0) return;
    figures.slow += 1;
    telemetry.emit({
      event: 'cql_slow_request',
      level: 'warn',
      kind,
      ms: Math.round(tookMs * 1000) / 1000,
      statement: shownText(statement ?? ''),
      client: this.remote.host,
      ...(this.#keyspace === undefined ? {} : { keyspace: this.#keyspace }),
      ...(this.#role === undefined ? {} : { role: this.#role }),
    });
  }
  /** Answers come when they can; the connection goes on meanwhile. */
  #wait(stream: number, waits: Promise<void>, kind: RequestKind, startMs: number): void {
    const statement = this.#statement;
    const trace = this.#trace;
    this.#waiting += 1;
    if (this.#waiting >= this.#desk.limits.waitingMax) this.#pause();
    waits
      .catch((thrown: unknown) => this.#failed(stream, thrown, trace))
      .finally(() => {
        this.#waiting -= 1;
        this.#finished(kind, startMs, statement, trace);
        this.#answered();
        this.#resume();
      });
  }

  #dispatch(request: Request): void | Promise<void> {
    const { opcode, stream } = request;
    if (this.#phase === 'ready') {
      switch (opcode) {
        case opcodes.execute:
          return this.#execute(request);
        case opcodes.query:
          return this.#query(request);
        case opcodes.batch:
          return this.#batch(request);
        case opcodes.prepare:
          return this.#prepare(request);
        case opcodes.register:
          return this.#register(request);
      }
    }
    if (opcode === opcodes.options) return this.#writer.supported(stream, supported);
    if (this.#phase === 'new' && opcode === opcodes.startup) return this.#startup(request);
    if (this.#phase === 'authenticating' && opcode === opcodes.authResponse) return this.#authenticate(request);
    const name = opcodeNames.get(opcode) ?? String(opcode);
    const wanted =
      this.#phase === 'new'
        ? ', expecting STARTUP or OPTIONS'
        : this.#phase === 'authenticating'
          ? ', expecting SASL_RESPONSE'
          : ', connection is already authenticated';
    throw new CqlFault({ kind: 'protocol' }, `Unexpected message ${name}${wanted}`);
  }

  #startup({ options, stream, version }: Request): void {
    const wanted = options.get('CQL_VERSION');
    if (wanted === undefined) throw new CqlFault({ kind: 'protocol' }, 'Missing value CQL_VERSION in STARTUP message');
    if (!/^[2-9]\d*\.\d+(\.\d+)?/.test(wanted))
      throw new CqlFault(
        { kind: 'protocol' },
        `CQL version ${wanted} is not supported by the binary protocol (supported versions are >= 3.0.0)`,
      );
    const name = options.get('COMPRESSION')?.toLowerCase();
    const compression = name === undefined || name === '' ? undefined : compressions.get(name);
    if (name !== undefined && name !== '' && (compression === undefined || (version >= 5 && name === 'snappy')))
      throw new CqlFault({ kind: 'protocol' }, `Unknown compression algorithm: ${name}`);
    this.options = options;
    this.#reader.startup(version, compression);
    this.#writer.startup(version, compression);
    if (this.#desk.authenticator === undefined) {
      this.#phase = 'ready';
      return this.#writer.ready(stream);
    }
    this.#phase = 'authenticating';
    return this.#writer.authenticate(stream, passwordAuthenticatorClass);
  }
  async #authenticate({ buffer, start, length, stream }: Request): Promise<void> {
    const { user, password } = plainCredentials(buffer, start, length);
    const { authenticator } = this.#desk;
    this.#role = await authenticator?.authenticate(user, password);
    // It may have been told to end meanwhile.
    if (this.#phase === 'authenticating') this.#phase = 'ready';
    this.#writer.authSuccess(stream, null);
  }
  #register({ events, stream }: Request): void {
    for (const event of events) {
      if (!isEventType(event)) throw new CqlFault({ kind: 'protocol' }, `Invalid value '${event}' for Type`);
      this.#events.add(event);
    }
    this.#writer.ready(stream);
  }
  /** To a client that registered for it. */
  tell(event: EventBody): void {
    if (this.#phase !== 'ready' || !this.#events.has(event.type)) return;
    this.#writer.event(event);
    this.#answered();
  }

  #prepare(request: Request): void {
    const text = this.#text(request, request.start, request.length);
    this.#statement = text;
    this.#trace?.describe('Preparing CQL3 query', { query: text });
    this.#trace?.step(`Parsing ${text}`);
    const prepared = this.#desk.prepared.prepare(this.#desk.engine, text, this.#keyspaceOf(request));
    this.#allowed(prepared.plan);
    const tracingId = this.#trace?.id;
    const extras = tracingId === undefined ? undefined : { tracingId };
    this.#writer.prepared(request.stream, prepared.body(request.version), extras);
  }
  #query(request: Request): void | Promise<void> {
    const text = this.#text(request, request.start, request.length);
    this.#statement = text;
    if (this.#trace !== undefined) {
      this.#trace.describe('Execute CQL3 query', { query: text, ...traced(request) });
      this.#trace.step(`Parsing ${text}`);
    }
    const plan = this.#desk.engine.plan(text, this.#keyspaceOf(request));
    this.#trace?.step('Preparing statement');
    this.#begin(request, undefined);
    return this.#run(plan, request);
  }
  #execute(request: Request): void | Promise<void> {
    const { buffer, start, length } = request;
    const prepared = this.#desk.prepared.find(buffer, start, length);
    if (prepared === undefined) throw unprepared(buffer.slice(start, start + Math.max(0, length)));
    this.#statement = prepared.text;
    this.#trace?.describe('Execute CQL3 prepared query', { query: prepared.text, ...traced(request) });
    const plan = prepared.current(this.#desk.engine);
    this.#begin(request, prepared);
    return this.#run(plan, request);
  }
  #run(plan: Plan, request: Request): void | Promise<void> {
    const { markers } = plan;
    const { values } = this.#execution;
    if (request.parameters.named && values.count > 0) this.#byName(request, plan);
    if (values.count !== markers.length)
      throw invalid(
        `Invalid amount of bind variables: there are ${markers.length} markers(?) in CQL but ${values.count} bound variables`,
      );
    this.#allowed(plan);
    if (this.#trace !== undefined) this.#trace.step(`Executing ${plan.kind} statement`);
    if (!direct.has(plan.kind)) return this.#runAside(plan, request);
    return plan.execute(this.#execution, this.#sink);
  }
  /** What waits for the disk has an execution and a sink of its own: others use ours meanwhile. */
  #runAside(plan: Plan, request: Request): void | Promise<void> {
    const { values, warnings } = this.#execution;
    const own = { ...this.#execution, values: { ...values, buffer: values.buffer.slice() }, warnings: [...warnings] };
    own.values.starts = values.starts.slice();
    own.values.lengths = values.lengths.slice();
    const sink = new ConnectionSink(this.#writer, this.#desk.columnBytes, (name) => (this.#keyspace = name));
    sink.begin(request.stream, request.version, own.warnings, undefined, this.#trace?.id);
    return plan.execute(own, sink);
  }
  #allowed(plan: Plan): void {
    const { authorizer } = this.#desk;
    if (authorizer !== undefined && this.#role !== undefined) authorizer.check(this.#role, plan);
  }

  #batch(request: Request): void | Promise<void> {
    const { batch, buffer } = request;
    const { engine, prepared } = this.#desk;
    const keyspace = this.#keyspaceOf(request);
    const parts: BatchPart[] = [];
    for (let i = 0; i < batch.count; i++) {
      const start = batch.starts[i] as number;
      const length = batch.lengths[i] as number;
      let plan: Plan;
      if (batch.prepared[i] === 1) {
        const found = prepared.find(buffer, start, length);
        if (found === undefined) throw unprepared(buffer.slice(start, start + length));
        plan = found.current(engine);
        this.#statement ??= found.text;
      } else {
        const text = this.#text(request, start, length);
        this.#statement ??= text;
        plan = engine.plan(text, keyspace);
      }
      const count = batch.valueCount[i] as number;
      if (count !== plan.markers.length)
        throw invalid(`There were ${plan.markers.length} markers(?) in CQL but ${count} bound variables`);
      this.#allowed(plan);
      parts.push({ plan, first: batch.valueFirst[i] as number, count });
    }
    this.#trace?.describe('Execute batch of CQL3 queries', {
      query: `${parts.length} statements, the first: ${this.#statement ?? ''}`,
      ...traced(request),
    });
    this.#begin(request, undefined);
    return engine.batch(batchKinds[request.batchType] ?? 'logged', parts, this.#execution, this.#sink);
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
    execution.keyspace = parameters.keyspaceLength < 0 ? this.#keyspace : this.#keyspaceOf(request);
    execution.role = this.#role;
    if (execution.warnings.length > 0) execution.warnings.length = 0;
    let changed: Uint8Array | undefined;
    if (prepared !== undefined && version >= 5 && !sameId(prepared.resultId, request)) changed = prepared.resultId;
    execution.skipMetadata = parameters.skipMetadata;
    execution.trace = this.#trace?.step;
    this.#sink.begin(request.stream, version, execution.warnings, changed, this.#trace?.id);
  }
  #keyspaceOf({ parameters: { keyspaceStart, keyspaceLength }, buffer }: Request): string | undefined {
    if (keyspaceLength < 0) return this.#keyspace;
    return fromUtf8Part(buffer, keyspaceStart, keyspaceStart + keyspaceLength) ?? this.#keyspace;
  }
  #text(request: Request, start: number, length: number): string {
    const text = requestText(request, start, length);
    if (text === undefined) throw new CqlFault({ kind: 'protocol' }, 'Cannot read the statement: it is no UTF-8');
    return text;
  }
  /** Values into the order of the markers; of markers with one name each gets it. */
  #byName({ values, buffer }: Request, { markers }: Plan): void {
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
      this.#namedLengths[i] = at === undefined ? (this.version < 4 ? -1 : -2) : (values.lengths[at] as number);
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
    ...(serialConsistency < 0 ? {} : { serial_consistency_level: consistencies[serialConsistency] ?? '' }),
    ...(pageSize < 0 ? {} : { page_size: String(pageSize) }),
  };
}

function sameId(id: Uint8Array, { buffer, resultIdStart, resultIdLength }: Request): boolean {
  if (resultIdLength !== id.length) return false;
  for (let i = 0; i < id.length; i++) if (id[i] !== buffer[resultIdStart + i]) return false;
  return true;
}
