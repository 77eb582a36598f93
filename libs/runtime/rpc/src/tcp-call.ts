/** Calls of ours under way over TCP, one object each. */
import { StatusError, toStatusError } from '@skerry/kernel';
import { Channel as Queue } from '@skerry/runtime-driver';
import type { Clock } from '@skerry/runtime-world';
import { onAbort, type Outgoing } from './carrier.ts';
import { readBeneathClient, writableOfClient, writeBeneath, type Reading, type Writable } from './beneath.ts';
import { isGivenUp } from './chunk.ts';
import { CuttableStream } from './cuttable-stream.ts';
import { bulkEncoder, Encoded } from './encoded.ts';
import { endMark } from './end-mark.ts';
import { abortError, errorKey, fromWireStatus } from './errors.ts';
import type { Channel, Metadata, StatusObject } from './grpc.ts';
import type { Headers } from './header.ts';
import * as limits from './limits.ts';
import type { Message } from './method.ts';
import { Outbox } from './outbox.ts';
import { ProgressWatch } from './progress.ts';

export type RawCall = ReturnType<Channel['createCall']>;
// Numbers of gRPC status codes, of which grpc-js wants two.
const statusOk = 0;
const statusCancelled = 1;

export interface Cuttable {
  cut(failure: StatusError): void;
}

/** One unary call: what grpc-js tells of it. */
export class TcpUnary implements Cuttable {
  readonly #call: Outgoing;
  readonly #raw: RawCall;
  readonly #resolve: (response: Message) => void;
  readonly #reject: (failure: StatusError) => void;
  readonly #underWay: Set<Cuttable>;
  #cut: StatusError | undefined;
  #release: (() => void) | undefined;
  #response: Buffer | undefined;

  constructor(
    call: Outgoing,
    raw: RawCall,
    underWay: Set<Cuttable>,
    resolve: (response: Message) => void,
    reject: (failure: StatusError) => void,
  ) {
    this.#call = call;
    this.#raw = raw;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#underWay = underWay;
    underWay.add(this);
  }
  cut(failure: StatusError): void {
    this.#cut = failure;
    this.#raw.cancelWithStatus(statusCancelled, '');
  }
  start(metadata: Metadata, bytes: Buffer): void {
    const raw = this.#raw;
    const { signal } = this.#call;
    if (signal !== undefined) this.#release = onAbort(signal, () => raw.cancelWithStatus(statusCancelled, ''));
    raw.start(metadata, this);
    raw.sendMessageWithContext({}, bytes);
    raw.startRead();
    raw.halfClose();
  }
  onReceiveMetadata(): void {
    // Answers have none of ours.
  }
  onReceiveMessage(message: Buffer | null): void {
    this.#response = message ?? this.#response;
  }
  onReceiveStatus(status: StatusObject): void {
    this.#release?.();
    this.#underWay.delete(this);
    if (this.#cut !== undefined) return this.#fail(this.#cut);
    const call = this.#call;
    const response = this.#response;
    if (status.code !== statusOk || response === undefined) return this.#fail(callFailure(call, status));
    let message: Message;
    try {
      message = call.method.response.decode(response);
    } catch (cause) {
      return this.#fail(unreadable(call, response, cause));
    }
    call.meter?.end();
    this.#resolve(message);
  }
  #fail(failure: StatusError): void {
    this.#call.meter?.end(failure);
    this.#reject(failure);
  }
}

/** One stream: writes what the source gives, reads ahead up to a limit, ends when either side does. */
export class TcpStream implements Cuttable {
  readonly responses: CuttableStream<Buffer, Message>;
  readonly #call: Outgoing;
  readonly #raw: RawCall;
  readonly #headers: Headers;
  readonly #outbox: Outbox;
  readonly #received: Queue<Buffer>;
  readonly #watch: ProgressWatch;
  readonly #release: () => void;
  readonly #source: AsyncIterator<Message, unknown>;
  readonly #underWay: Set<Cuttable>;
  #over = false;
  /** The stream beneath, as soon as it can be written to, or read from, past grpc-js. */
  #writable: Writable | undefined;
  #reading: Reading | undefined;

  constructor(
    call: Outgoing,
    raw: RawCall,
    metadata: Metadata,
    source: AsyncIterable<Message>,
    { headers, clock }: { readonly headers: Headers; readonly clock: Clock },
    underWay: Set<Cuttable>,
  ) {
    this.#underWay = underWay;
    underWay.add(this);
    this.#call = call;
    this.#raw = raw;
    this.#headers = headers;
    this.#outbox = new Outbox((bytes, written) => this.#write(bytes, written));
    this.#received = new Queue({
      capacity: limits.receiveBufferMaxBytes,
      weigh: (bytes) => bytes.length + limits.messageOverheadBytes,
      onWritable: () => this.#read(),
    });
    this.responses = new CuttableStream(this.#received, this.#decode, ({ returned, failure }) => {
      if (returned === true) this.cut(new StatusError('cancelled', 'Call was cancelled: its reader stopped'));
      else if (failure !== undefined) this.cut(toStatusError(failure));
    });
    const { operation } = call.method;
    this.#watch = new ProgressWatch(
      clock,
      call.limitMs,
      (limitMs) => this.cut(new StatusError('stalled', `${operation}: no message for ${limitMs} ms`)),
      call,
    );
    const { signal } = call;
    this.#release = onAbort(signal, () => this.cut(abortError(signal as AbortSignal)));
    this.#source = source[Symbol.asyncIterator]();
    raw.start(metadata, {
      onReceiveMetadata: () => undefined,
      onReceiveMessage: (bytes: Buffer | null) => this.#receive(bytes),
      onReceiveStatus: (status) => this.#finish(status),
    });
    this.#read();
    this.#pump().then(
      () => this.#over || raw.halfClose(),
      (failure: unknown) => this.cut(toStatusError(failure)),
    );
  }

  readonly #decode = (bytes: Buffer): Message => {
    this.#watch.touch();
    let message: Message;
    try {
      message = this.#call.method.response.decode(bytes);
    } catch (cause) {
      throw unreadable(this.#call, bytes, cause);
    }
    if (this.#call.method.responseHeader) this.#headers.learn(message);
    return message;
  };
  #read(): void {
    if (this.#over) return;
    if (this.#reading === undefined) this.#raw.startRead();
    else this.#reading.resume();
  }
  #write(bytes: Encoded, written: () => void): void {
    this.#writable ??= writableOfClient(this.#raw);
    if (this.#writable?.writable === true) return writeBeneath(this.#writable, bytes, written);
    // A moment later: grpc-js counts a message as sent after it has called back.
    this.#raw.sendMessageWithContext({ callback: () => queueMicrotask(written) }, bytes.toBuffer());
  }
  /** By grpc-js, until what follows can be read directly. */
  #receive(bytes: Buffer | null): void {
    if (bytes === null || this.#received.closed) return;
    this.#take(bytes);
    if (this.#reading !== undefined) return;
    this.#reading = readBeneathClient(this.#raw, (message) => this.#takeNext(message));
    // The read that stays under way.
    if (this.#reading !== undefined) this.#raw.startRead();
    if (this.#received.writable) this.#read();
    else this.#reading?.pause();
  }
  #takeNext(bytes: Buffer): void {
    if (this.#received.closed) return;
    this.#take(bytes);
    if (!this.#received.writable) this.#reading?.pause();
  }
  #take(bytes: Buffer): void {
    this.#watch.touch();
    this.#watch.begun();
    this.#call.meter?.received(bytes.length);
    // Of one read there may be more than there is room for; no other comes before there is.
    this.#received.push(bytes).catch(() => undefined);
  }
  async #pump(): Promise<void> {
    const { method, messageId, target, meter } = this.#call;
    const encode = bulkEncoder(method.request);
    const base = { messageId, destination: target.nodeId, operation: method.operation };
    const stamp = method.requestHeader ? this.#headers.stamper(base) : undefined;
    for (;;) {
      const step = await this.#source.next();
      if (this.#over || step.done === true) break;
      const message = isGivenUp(step.value) ? step.value : method.request.fromPartial(step.value);
      stamp?.(message);
      const bytes = encode(message);
      checkSize(this.#call, bytes);
      meter?.sent(bytes.length);
      this.#watch.touch();
      const room = this.#outbox.send(bytes);
      if (room !== undefined) await room;
      this.#watch.touch();
    }
    if (this.#over) return;
    if (method.requestStream) await this.#outbox.send(new Encoded([endMark]));
    await this.#outbox.drained();
  }
  /** We end it. */
  cut(failure: StatusError): void {
    if (this.#over) return;
    this.#settle(failure);
    this.#raw.cancelWithStatus(statusCancelled, '');
    this.responses.cut(failure);
  }
  /** The other side ended it. */
  #finish(status: StatusObject): void {
    if (this.#over) return;
    const failure = status.code === statusOk ? undefined : callFailure(this.#call, status);
    this.#settle(failure);
    if (failure === undefined) this.#received.end();
    else this.#received.fail(failure);
  }
  #settle(failure: StatusError | undefined): void {
    this.#over = true;
    this.#underWay.delete(this);
    this.#call.meter?.end(failure);
    this.#watch.stop();
    this.#release();
    this.#outbox.fail(failure ?? new StatusError('cancelled', 'Call is over'));
    // Not awaited: a generator that is stuck answers only at its next yield.
    this.#source.return?.().catch(() => undefined);
  }
}

function callFailure({ method, target, signal }: Outgoing, { code, details, metadata }: StatusObject): StatusError {
  if (signal?.aborted === true && code === statusCancelled) return abortError(signal);
  const [detail] = metadata.get(errorKey);
  const failure = fromWireStatus(code, details, detail instanceof Buffer ? detail : undefined);
  if (detail !== undefined) return failure;
  const text = code === statusOk ? 'no answer came' : failure.message;
  return new StatusError(failure.reason, `${method.operation} at node "${target.nodeId}" (${target.address}): ${text}`);
}

const unreadable = ({ method, target }: Outgoing, bytes: Buffer, cause: unknown): StatusError =>
  new StatusError(
    'malformed',
    `Cannot read answer of ${method.operation} at node "${target.nodeId}": ${bytes.length} bytes are none`,
    { cause },
  );

export function checkSize({ method }: Outgoing, { length }: { readonly length: number }): void {
  if (length > limits.messageSizeMaxBytes)
    throw new StatusError(
      'too_large',
      `Cannot call ${method.operation}: message of ${length} bytes, limit ${limits.messageSizeMaxBytes}`,
    );
}
