/**
 * One client's connection: frames in, answers out. Requests that have nothing to wait for are executed where they are
 * read; all answers of a turn leave in one write.
 *
 * Source: native_protocol_v3.spec, v4 and v5; Cassandra's order: OPTIONS and STARTUP first, then authentication, then all
 * else.
 */
import { toStatusError } from '@skerry/kernel';
import {
  decodeRequest,
  FrameReader,
  isEventType,
  opcodes,
  Request,
  ResponseWriter,
  type ErrorBody,
  type EventBody,
  type EventType,
  type ProtocolVersion,
  type WireFault,
} from '@skerry/protocol-cql';
import type { Channel, ChannelEvents } from '@skerry/runtime-sockets';
import { CqlFault, type Client } from '../engine/contract.ts';
import { passwordAuthenticatorClass, plainCredentials } from './authentication.ts';
import type { Desk } from './desk.ts';
import { errorBodyOf } from './faults.ts';
import type { RequestKind } from './figures.ts';
import { compressionOf, supported, throwsOnOverload } from './startup.ts';
import { Statements } from './statements.ts';
import { shownText } from './statement-text.ts';
import type { Trace } from './tracing.ts';
import type { Flushing } from './turn.ts';

const opcodeNames = new Map<number, string>(Object.entries(opcodes).map(([name, code]) => [code, name.toUpperCase()]));
const kinds = new Map<number, RequestKind>([
  [opcodes.execute, 'execute'],
  [opcodes.query, 'query'],
  [opcodes.batch, 'batch'],
  [opcodes.prepare, 'prepare'],
]);

/** Answers are sent before their turn is over when there are so many bytes: beyond, the writer needs ever larger buffers. */
export const earlySizeBytes = 64 * 1024;

type Phase = 'new' | 'authenticating' | 'ready' | 'closing';

export class Connection implements ChannelEvents, Flushing, Client {
  readonly #desk: Desk;
  readonly #channel: Channel;
  readonly #over: (connection: Connection) => void;
  readonly #reader: FrameReader;
  readonly #writer: ResponseWriter;
  readonly #request = new Request();
  readonly #statements: Statements;
  #phase: Phase = 'new';
  readonly #events = new Set<EventType>();
  /** Requests that wait for something. */
  #waiting = 0;
  #paused = false;
  #flushing = false;
  #ended = false;
  #closed = false;
  /** Bytes of answers that wait for the disk: taken, and not yet the channel's. */
  #heldBytes = 0;
  /** The last look at the clock, in milliseconds: where one request ends, the next one begins. */
  #lookedMs = 0;
  /** Requests beyond what may wait are refused, instead of being read later. */
  #refusesOverload = false;
  /** As the client says in STARTUP. */
  options: ReadonlyMap<string, string> = new Map();
  version: ProtocolVersion = 4;
  requests = 0;

  constructor(desk: Desk, channel: Channel, over: (connection: Connection) => void) {
    this.#desk = desk;
    this.#channel = channel;
    this.#over = over;
    const { limits, crc32: checksum } = desk;
    this.#reader = new FrameReader({ direction: 'request', bodySizeMaxBytes: limits.frameMaxBytes, checksum });
    this.#writer = new ResponseWriter({ checksum });
    this.#statements = new Statements(desk, this.#writer, this.#request, this);
  }
  get remote(): { readonly host: string; readonly port: number } {
    return this.#channel.remote;
  }
  get secure(): boolean {
    return this.#channel.secure;
  }
  get keyspace(): string | undefined {
    return this.#statements.keyspace;
  }
  get role(): string | undefined {
    return this.#statements.role;
  }
  get stage(): 'established' | 'authenticating' | 'ready' {
    return this.#phase === 'new' ? 'established' : this.#phase === 'authenticating' ? 'authenticating' : 'ready';
  }
  get isIdle(): boolean {
    return this.#waiting === 0 && !this.#flushing;
  }

  /** It has left, or reads no more as far as can be known: as in Cassandra, what it waits for in later turns ends. */
  get isGone(): boolean {
    return this.#closed || this.#ended;
  }

  data(bytes: Uint8Array): void {
    this.#desk.figures.bytesReceived += bytes.length;
    this.#reader.push(bytes);
    this.#work();
    this.#reader.keep();
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
    const bytes = this.#writer.take();
    this.#heldBytes += bytes.length;
    return bytes;
  }
  send(bytes: Uint8Array): void {
    this.#flushing = false;
    this.write(bytes);
    if (this.#closed) return;
    if ((this.#ended || this.#phase === 'closing') && this.#waiting === 0) this.#channel.end();
  }
  write(bytes: Uint8Array): void {
    const wasUnread = this.#isUnread;
    this.#heldBytes -= bytes.length;
    if (this.#closed || bytes.length === 0) return;
    this.#desk.figures.bytesSent += bytes.length;
    this.#channel.write(bytes);
    if (this.#heldBytes === 0 && this.#channel.queuedBytes === 0) this.#writer.reuse();
    if (this.#isUnread) this.#pause();
    else if (wasUnread) this.#resume();
  }
  /** The client reads less than it asks for, or the disk is behind it. */
  get #isUnread(): boolean {
    return this.#channel.queuedBytes + this.#heldBytes > this.#desk.limits.unreadMaxBytes;
  }
  #answered(): void {
    if (this.#writer.length > earlySizeBytes) {
      this.#desk.turn.early(this);
      if (this.#isUnread) this.#pause();
    }
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
    if (!this.#paused || this.#isUnread || this.#isFull) return;
    this.#paused = false;
    this.#channel.resume();
    this.#work();
  }

  /** As many requests wait as may. */
  get #isFull(): boolean {
    return this.#waiting >= this.#desk.limits.waitingMax;
  }

  /** All frames that are there, unless the client must wait. */
  #work(): void {
    this.#statements.clockMoved();
    this.#lookedMs = this.#desk.nowMs();
    while (!this.#paused && this.#phase !== 'closing') {
      const room = this.#refusesOverload ? undefined : this.#desk.engine.room();
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
    const startMs = this.#lookedMs;
    const statements = this.#statements;
    statements.text = undefined;
    statements.trace = request.tracing ? this.#desk.tracer.begin(this.remote.host) : undefined;
    try {
      const waits = this.#dispatch(request);
      if (waits !== undefined) return this.#wait(stream, waits, kind, startMs);
      this.#answered();
    } catch (thrown) {
      this.#failed(stream, thrown, statements.trace);
    }
    this.#lookedMs = this.#desk.nowMs();
    this.#finished(kind, this.#lookedMs - startMs, statements.text, statements.trace);
  }
  #finished(kind: RequestKind, tookMs: number, statement: string | undefined, trace: Trace | undefined): void {
    const { figures, limits, telemetry } = this.#desk;
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
      ...(this.keyspace === undefined ? {} : { keyspace: this.keyspace }),
      ...(this.role === undefined ? {} : { role: this.role }),
    });
  }
  /** Answers come when they can; the connection goes on meanwhile. */
  #wait(stream: number, waits: Promise<void>, kind: RequestKind, startMs: number): void {
    const { text, trace } = this.#statements;
    this.#waiting += 1;
    this.#lookedMs = this.#desk.nowMs();
    if (this.#isFull && !this.#refusesOverload) this.#pause();
    waits
      .catch((thrown: unknown) => this.#failed(stream, thrown, trace))
      .finally(() => {
        this.#waiting -= 1;
        this.#finished(kind, this.#desk.nowMs() - startMs, text, trace);
        this.#answered();
        this.#resume();
      });
  }

  #dispatch(request: Request): void | Promise<void> {
    const { opcode, stream } = request;
    if (this.#phase === 'ready') {
      if (this.#isFull && opcode !== opcodes.options)
        throw new CqlFault(
          { kind: 'overloaded' },
          `Too many requests of this connection wait: ${this.#waiting}, at most ${this.#desk.limits.waitingMax}`,
        );
      switch (opcode) {
        case opcodes.execute:
          return this.#statements.execute(request);
        case opcodes.query:
          return this.#statements.query(request);
        case opcodes.batch:
          return this.#statements.batch(request);
        case opcodes.prepare:
          return this.#statements.prepare(request);
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

  #startup(request: Request): void {
    const { options, stream, version } = request;
    const compression = compressionOf(request);
    this.#refusesOverload = throwsOnOverload(request);
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
    const role = await authenticator?.authenticate(user, password);
    this.#statements.role = role;
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
}
