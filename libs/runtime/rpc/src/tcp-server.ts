/** The door on TCP: calls of other nodes, and of tools, by gRPC. */
import { StatusError, toStatusError } from '@skerry/kernel';
import { Channel } from '@skerry/runtime-driver';
import { operatorRole, type TlsMaterial } from '@skerry/runtime-security';
import { formatAddress, type Address, type Clock } from '@skerry/runtime-world';
import {
  lendMemoryToServer,
  readBeneathServer,
  writableOfServer,
  writeBeneath,
  type Reading,
  type Writable,
} from './beneath.ts';
import { isGivenUp } from './chunk.ts';
import { CuttableStream } from './cuttable-stream.ts';
import type { Dispatcher, ServerCall } from './dispatcher.ts';
import { bulkEncoder, type Encoded } from './encoded.ts';
import { endMarkedKey, isEndMark } from './end-mark.ts';
import { errorKey, toWireStatus } from './errors.ts';
import {
  Metadata,
  Server,
  type GrpcServiceDefinition,
  type sendUnaryData,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type UntypedServiceImplementation,
} from './grpc.ts';
import { headerKey, type Headers } from './header.ts';
import { answersOf, invoke } from './in-process.ts';
import * as limits from './limits.ts';
import { asBuffer, encodeSmall, type Message, type Served, type UnaryHandler } from './method.ts';
import { Outbox } from './outbox.ts';
import { PeerReader, widenWindows } from './peer.ts';
import { progressKey, ProgressWatch } from './progress.ts';
import { bindError, serverCredentials, serverOptions } from './tcp-options.ts';
import { tokenKey, type TokenVerifier } from './tokens.ts';
import type { Caller } from './types.ts';

export type TcpServerParts = {
  readonly dispatcher: Dispatcher;
  readonly headers: Headers;
  readonly verifier: TokenVerifier;
  readonly clock: Clock;
  readonly tls: TlsMaterial | undefined;
  readonly newMessageId: () => string;
};
type AnyCall = { readonly metadata: Metadata } & Parameters<PeerReader['read']>[0];
type Implementation = UntypedServiceImplementation[string];
type StreamCall = ServerDuplexStream<Buffer, Buffer>;
/** A stream as all three kinds have it, whichever of its sides is one message only. */
type Ends = {
  readonly requests: AsyncIterable<Buffer>;
  /** The caller may call. */
  readonly admit?: () => void;
  readonly respond: (bytes: Encoded, written: () => void) => void;
  readonly fail: (failure: StatusError) => void;
  readonly finish: () => void;
};

export class TcpServer {
  readonly #parts: TcpServerParts;
  readonly #server: Server;
  readonly #peers = new PeerReader();

  constructor(parts: TcpServerParts) {
    this.#parts = parts;
    this.#server = new Server(serverOptions);
  }
  /** @throws StatusError `port_in_use`; `access_denied` or `malformed` when the address cannot be ours. */
  async listen(address: Address): Promise<Address> {
    this.#register();
    const { tls } = this.#parts;
    const port = await new Promise<number>((resolve, reject) => {
      this.#server.bindAsync(formatAddress(address), serverCredentials(tls), (error, bound) => {
        if (error === null) resolve(bound);
        else reject(bindError(address, error));
      });
    });
    widenWindows(this.#server);
    return { host: address.host, port };
  }
  /** Takes no more connections; those there are end when their last answer is out, or are cut after `graceMs`. */
  async close(graceMs: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = this.#parts.clock.setTimer(graceMs, resolve);
      this.#server.tryShutdown(() => {
        timer.cancel();
        resolve();
      });
    });
    this.#server.forceShutdown();
  }

  #register(): void {
    const services = new Map<string, Served[]>();
    for (const served of this.#parts.dispatcher.served) {
      const { service } = served.method;
      services.set(service, [...(services.get(service) ?? []), served]);
    }
    for (const methods of services.values()) {
      const definition: Record<string, GrpcServiceDefinition[string]> = {};
      const implementation: UntypedServiceImplementation = {};
      for (const served of methods) {
        const { path, requestStream, responseStream } = served.method;
        definition[path] = { path, requestStream, responseStream, ...rawBytes };
        implementation[path] = this.#implement(served);
      }
      this.#server.addService(definition, implementation);
    }
  }
  // grpc-js gives each of the four kinds its own type of call; the table ties kind and type together.
  #implement(served: Served): Implementation {
    const { requestStream, responseStream } = served.method;
    if (requestStream && responseStream) return (call: StreamCall) => this.#bidi(served, call);
    const implementation = requestStream
      ? (call: StreamCall, answer: sendUnaryData<Buffer>) => this.#clientStream(served, call, answer)
      : responseStream
        ? (call: StreamCall & { request: Buffer }) => this.#serverStream(served, call)
        : (call: ServerUnaryCall<Buffer, Buffer>, answer: sendUnaryData<Buffer>) => this.#unary(served, call, answer);
    return implementation as Implementation;
  }

  #unary(served: Served, call: ServerUnaryCall<Buffer, Buffer>, answer: sendUnaryData<Buffer>): void {
    const { dispatcher } = this.#parts;
    let serverCall: ServerCall;
    let request: Message;
    try {
      serverCall = this.#begin(served, call);
      request = decode(served, call.request);
    } catch (thrown) {
      return refuse(answer, toStatusError(thrown));
    }
    // grpc-js tells of a caller who is gone and of a deadline passed by the same event.
    call.on('cancelled', () => serverCall.ended || serverCall.abort(cancelled(served)));
    serverCall.onAbort((failure) => refuse(answer, failure));
    const fail = (thrown: unknown): void => {
      if (serverCall.ended) return void dispatcher.failure(served, serverCall, thrown);
      const failure = dispatcher.failure(served, serverCall, thrown);
      serverCall.end(failure);
      refuse(answer, failure);
    };
    void invoke(served.handler as UnaryHandler, request, serverCall).then((response) => {
      if (serverCall.ended) return;
      let bytes: Buffer;
      try {
        bytes = encodeSmall(served.method.response, response);
        checkSize(served, bytes);
      } catch (thrown) {
        return fail(thrown);
      }
      serverCall.end();
      answer(null, bytes);
    }, fail);
  }

  #serverStream(served: Served, call: StreamCall & { request: Buffer }): void {
    this.#stream(served, call, {
      requests: one(call.request),
      ...writing(call),
    });
  }
  #bidi(served: Served, call: StreamCall): void {
    this.#stream(served, call, { ...incoming(served, call), ...writing(call) });
  }
  #clientStream(served: Served, call: StreamCall, answer: sendUnaryData<Buffer>): void {
    let response: Buffer | undefined;
    this.#stream(served, call, {
      ...incoming(served, call),
      respond: (bytes, written) => {
        response = bytes.toBuffer();
        written();
      },
      fail: (failure) => refuse(answer, failure),
      finish: () => {
        if (response !== undefined) answer(null, response);
        else refuse(answer, new StatusError('unexpected', `${served.method.operation} gave no answer`));
      },
    });
  }

  #stream(served: Served, call: StreamCall, ends: Ends): void {
    const { headers, clock } = this.#parts;
    const { method } = served;
    let serverCall: ServerCall;
    try {
      serverCall = this.#begin(served, call);
    } catch (thrown) {
      return ends.fail(toStatusError(thrown));
    }
    // Only for those who may call: a length that is merely told takes memory.
    ends.admit?.();
    const limitMs = progressLimitMs(call.metadata);
    const watch = new ProgressWatch(clock, limitMs, () =>
      serverCall.abort(new StatusError('stalled', `${method.operation}: no message for ${limitMs} ms`)),
    );
    const outbox = new Outbox((bytes, written) =>
      ends.respond(bytes, () => {
        watch.touch();
        written();
      }),
    );
    const requests = new CuttableStream(
      ends.requests,
      (bytes: Buffer) => {
        const message = decode(served, bytes);
        watch.touch();
        headers.learn(message);
        return message;
      },
      ({ failure }) => failure !== undefined && serverCall.abort(toStatusError(failure)),
    );
    const responses = answersOf(served, requests, serverCall)[Symbol.asyncIterator]();
    call.on('cancelled', () => serverCall.ended || serverCall.abort(cancelled(served)));
    serverCall.onAbort((failure) => {
      watch.stop();
      outbox.fail(failure);
      requests.cut(failure);
      ends.fail(failure);
      stop(responses);
    });
    const settle = (failure?: StatusError): void => {
      if (serverCall.ended) return;
      watch.stop();
      serverCall.end(failure);
      requests.cut();
      if (failure === undefined) ends.finish();
      else ends.fail(failure);
    };
    const base = {
      messageId: serverCall.messageId,
      destination: serverCall.caller.nodeId,
      operation: method.operation,
    };
    const stamp = method.responseHeader ? headers.stamper(base) : undefined;
    this.#pump(served, serverCall, responses, outbox, stamp).then(
      () => settle(),
      async (thrown: unknown) => {
        // What was answered before the failure arrives before it.
        if (!serverCall.ended) await outbox.drained().catch(() => undefined);
        settle(toStatusError(thrown));
      },
    );
  }

  async #pump(
    served: Served,
    serverCall: ServerCall,
    responses: AsyncIterator<Message, unknown>,
    outbox: Outbox,
    stamp: ((message: Message) => void) | undefined,
  ): Promise<void> {
    const codec = served.method.response;
    const encode = bulkEncoder(codec);
    try {
      for (;;) {
        // A failure of the handler is told as the dispatcher says, one of ours as it is.
        let step: IteratorResult<Message, unknown>;
        try {
          step = await responses.next();
        } catch (thrown) {
          throw this.#parts.dispatcher.failure(served, serverCall, thrown);
        }
        if (step.done === true) break;
        const { value } = step;
        const message = isGivenUp(value) ? value : codec.fromPartial(value);
        stamp?.(message);
        const bytes = encode(message);
        checkSize(served, bytes);
        serverCall.meter.sent(bytes.length);
        const room = outbox.send(bytes);
        if (room !== undefined) await room;
      }
    } catch (thrown) {
      stop(responses);
      throw thrown;
    }
    await outbox.drained();
  }

  /** @throws StatusError when the caller may not. */
  #begin(served: Served, call: AnyCall): ServerCall {
    const { dispatcher, headers, newMessageId } = this.#parts;
    const caller = this.#identify(served, call);
    const bytes = binary(call.metadata, headerKey);
    const messageId = bytes === undefined ? newMessageId() : headers.read(bytes).messageId;
    return dispatcher.begin(served, caller, messageId);
  }
  #identify(served: Served, call: AnyCall): Caller {
    const { verifier, tls } = this.#parts;
    const peer = tls === undefined ? undefined : this.#peers.read(call);
    if (tls !== undefined && peer === undefined)
      throw new StatusError('token_invalid', 'Cannot take call: the certificate names nobody (subject CN)');
    const token = binary(call.metadata, tokenKey);
    if (token !== undefined) {
      const caller = verifier.verify(token);
      // Every node can seal a token for every name: what it may be called is decided by its certificate.
      if (peer !== undefined && (peer.name !== caller.nodeId || peer.role !== caller.role))
        throw new StatusError(
          'token_invalid',
          `Cannot take call: the token is for "${caller.nodeId}" as ${caller.role}, ` +
            `the certificate for "${peer.name}" as ${peer.role}`,
        );
      return caller;
    }
    const name = (peer?.name ?? '') as Caller['nodeId'];
    // An operator's tools (grpcurl) have a certificate and cannot seal tokens.
    if (peer?.role === operatorRole) return { nodeId: name, role: operatorRole };
    if (served.access === 'open') return { nodeId: name, role: '' };
    throw new StatusError(
      'token_invalid',
      `Cannot call ${served.method.operation}: no service token came with the call`,
    );
  }
}

const rawBytes = {
  requestSerialize: (bytes: Buffer): Buffer => bytes,
  requestDeserialize: (bytes: Buffer): Buffer => bytes,
  responseSerialize: (bytes: Buffer): Buffer => bytes,
  responseDeserialize: (bytes: Buffer): Buffer => bytes,
};

function decode({ method }: Served, bytes: Buffer): Message {
  try {
    return method.request.decode(bytes);
  } catch (cause) {
    throw new StatusError('malformed', `Cannot read request of ${method.operation}: ${bytes.length} bytes are none`, {
      cause,
    });
  }
}

function checkSize({ method }: Served, { length }: { readonly length: number }): void {
  if (length > limits.messageSizeMaxBytes)
    throw new StatusError(
      'too_large',
      `Cannot answer ${method.operation}: ${length} bytes, limit ${limits.messageSizeMaxBytes}`,
    );
}

/** The requests as they come; the peer is held back while too many wait. */
function incoming(served: Served, call: StreamCall): Pick<Ends, 'requests' | 'admit'> {
  let reading: Reading = call;
  const waiting = new Channel<Buffer>({
    capacity: limits.receiveBufferMaxBytes,
    weigh: (bytes) => bytes.length + limits.messageOverheadBytes,
    onWritable: () => reading.resume(),
  });
  const isMarked = call.metadata.get(endMarkedKey).length > 0;
  let complete = !isMarked;
  const take = (bytes: Buffer): void => {
    if (waiting.closed) return;
    if (isEndMark(bytes)) {
      complete = true;
      return;
    }
    waiting.push(bytes).catch(() => undefined);
    if (!waiting.writable) reading.pause();
  };
  call.on('data', take);
  call.on('end', () => (complete ? waiting.end() : waiting.fail(cancelled(served))));
  const admit = (): void => {
    // Only of those who may call: a length that is merely told takes memory.
    const beneath = isMarked ? readBeneathServer(call, take) : undefined;
    if (beneath === undefined) lendMemoryToServer(call);
    else reading = beneath;
  };
  return { requests: waiting, admit };
}

async function* one(bytes: Buffer): AsyncGenerator<Buffer, void> {
  yield bytes;
}

function writing(call: StreamCall): Omit<Ends, 'requests' | 'admit'> {
  let beneath: Writable | undefined;
  return {
    respond: (bytes, written) => {
      beneath ??= writableOfServer(call);
      if (beneath?.writable === true) writeBeneath(beneath, bytes, written);
      else call.write(bytes.toBuffer(), written);
    },
    fail: (failure) => void (call.destroyed || call.emit('error', serverStatus(failure))),
    finish: () => void call.end(),
  };
}

function stop(responses: AsyncIterator<Message, unknown>): void {
  // Not awaited: a handler that is stuck answers only at its next yield. What it throws then, nobody waits for.
  responses.return?.().catch(() => undefined);
}

const refuse = (answer: sendUnaryData<Buffer>, failure: StatusError): void => answer(serverStatus(failure), null);

function serverStatus(failure: StatusError): Error & { code: number; details: string; metadata: Metadata } {
  const { code, details, detail } = toWireStatus(failure);
  const metadata = new Metadata();
  metadata.set(errorKey, asBuffer(detail));
  return Object.assign(new Error(details), { code, details, metadata });
}

function binary(metadata: Metadata, key: string): Buffer | undefined {
  const [value] = metadata.get(key);
  return value instanceof Buffer ? value : undefined;
}

function progressLimitMs(metadata: Metadata): number {
  const [value] = metadata.get(progressKey);
  const asked = Number(value);
  return value === undefined || !Number.isFinite(asked) || asked <= 0
    ? limits.progressDeadlineDefaultMs
    : Math.min(asked, limits.deadlineMaxMs);
}

const cancelled = ({ method }: Served): StatusError =>
  new StatusError('cancelled', `${method.operation}: the caller went away, or its deadline passed`);
