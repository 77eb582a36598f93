/**
 * Direct calls between the nodes of one process: no socket, no serialisation.
 *
 * The callee may assume what it may over TCP: each message is an object of its own, all fields there. Only bytes are
 * shared with the caller: whoever hands over bytes must not change them afterwards, and neither may who gets them. Of a
 * message that its maker gave up (`giveUp`) all is shared so.
 */
import { assert, StatusError, toStatusError, type NodeId } from '@skerry/kernel';
import type { Clock } from '@skerry/runtime-world';
import { handOver } from './chunk.ts';
import { onAbort, type Carrier, type Outgoing, type StreamCall } from './carrier.ts';
import { CuttableStream, type StreamEnd } from './cuttable-stream.ts';
import type { Deadlines, Expiring } from './deadlines.ts';
import type { Dispatcher, ServerCall } from './dispatcher.ts';
import { abortError } from './errors.ts';
import type { Headers } from './header.ts';
import type { Codec, Message, Served, StreamHandler, UnaryHandler } from './method.ts';
import { ProgressWatch } from './progress.ts';
import type { Caller } from './types.ts';

/** One node's door as its neighbours in the process see it. */
export type Neighbour = { readonly dispatcher: Dispatcher; readonly headers: Headers };

/** Shared by the RpcNodes of one process. */
export class InProcessHub {
  readonly #neighbours = new Map<NodeId, Neighbour>();
  find(nodeId: NodeId): Neighbour | undefined {
    return this.#neighbours.get(nodeId);
  }
  join(neighbour: Neighbour): void {
    const { nodeId } = neighbour.dispatcher;
    assert(!this.#neighbours.has(nodeId), `node "${nodeId}" is in this process already`);
    this.#neighbours.set(nodeId, neighbour);
  }
  leave(nodeId: NodeId): void {
    this.#neighbours.delete(nodeId);
  }
}

export class InProcessCarrier implements Carrier {
  readonly #to: Neighbour;
  readonly #caller: Caller;
  readonly #headers: Headers;
  readonly #clock: Clock;
  readonly #deadlines: Deadlines;

  constructor(to: Neighbour, caller: Caller, headers: Headers, clock: Clock, deadlines: Deadlines) {
    this.#to = to;
    this.#caller = caller;
    this.#headers = headers;
    this.#clock = clock;
    this.#deadlines = deadlines;
  }

  unary(call: Outgoing, request: Message): Promise<Message> {
    const { method, signal, meter, messageId } = call;
    const { dispatcher, headers } = this.#to;
    try {
      if (signal?.aborted === true) throw abortError(signal);
      headers.meet(this.#headers);
      const served = dispatcher.find(method.path);
      const serverCall = dispatcher.begin(served, this.#caller, messageId);
      return new Promise((resolve, reject) => {
        new UnaryExchange(call, served, serverCall, dispatcher, this.#deadlines, resolve, reject).run(request);
      });
    } catch (thrown) {
      meter?.end(thrown);
      return Promise.reject(toStatusError(thrown));
    }
  }

  stream(call: Outgoing, requests: AsyncIterable<Message>): StreamCall {
    const { method, signal } = call;
    try {
      if (signal?.aborted === true) throw abortError(signal);
      const { dispatcher, headers } = this.#to;
      headers.meet(this.#headers);
      const served = dispatcher.find(method.path);
      const serverCall = dispatcher.begin(served, this.#caller, call.messageId);
      const watch = new ProgressWatch(
        this.#clock,
        call.limitMs,
        (limitMs) => serverCall.abort(new StatusError('stalled', `${method.operation}: no message for ${limitMs} ms`)),
        { firstLimitMs: call.firstLimitMs, deadlines: this.#deadlines },
      );
      const stream = new StreamExchange({ call, served, serverCall, watch, to: this.#to, from: this.#headers });
      return stream.run(requests);
    } catch (thrown) {
      call.meter?.end(thrown);
      return failedStream(toStatusError(thrown));
    }
  }
}

/** One direct call. A class, not closures: this is the whole price of a call in the process. */
class UnaryExchange implements Expiring {
  readonly #call: Outgoing;
  readonly #served: Served;
  readonly #serverCall: ServerCall;
  readonly #dispatcher: Dispatcher;
  readonly #deadlines: Deadlines;
  readonly #resolve: (response: Message) => void;
  readonly #reject: (failure: StatusError) => void;
  readonly #lane: number;
  #release: (() => void) | undefined;

  constructor(
    call: Outgoing,
    served: Served,
    serverCall: ServerCall,
    dispatcher: Dispatcher,
    deadlines: Deadlines,
    resolve: (response: Message) => void,
    reject: (failure: StatusError) => void,
  ) {
    this.#call = call;
    this.#served = served;
    this.#serverCall = serverCall;
    this.#dispatcher = dispatcher;
    this.#deadlines = deadlines;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#lane = deadlines.add(call.limitMs, this);
  }
  run(request: Message): void {
    const { method, signal } = this.#call;
    const serverCall = this.#serverCall;
    serverCall.onAbort((failure) => this.#fail(failure));
    if (signal !== undefined) this.#release = onAbort(signal, () => serverCall.abort(abortError(signal)));
    invoke(this.#served.handler as UnaryHandler, handOver(method.request.fromPartial, request), serverCall).then(
      (response) => {
        if (serverCall.ended) return;
        this.#serverCall.end();
        this.#settle();
        this.#resolve(handOver(method.response.fromPartial, response));
      },
      (thrown: unknown) => {
        const failure = this.#dispatcher.failure(this.#served, serverCall, thrown);
        if (serverCall.ended) return;
        serverCall.end(failure);
        this.#fail(failure);
      },
    );
  }
  expire(): void {
    const { operation } = this.#call.method;
    this.#serverCall.abort(new StatusError('deadline', `${operation}: no answer within ${this.#call.limitMs} ms`));
  }
  #fail(failure: StatusError): void {
    this.#settle(failure);
    this.#reject(failure);
  }
  #settle(failure?: StatusError): void {
    this.#call.meter?.end(failure);
    this.#deadlines.remove(this.#lane, this);
    this.#release?.();
  }
}

// A handler that throws before its first await fails like any other.
export async function invoke(handler: UnaryHandler, request: Message, call: ServerCall): Promise<Message> {
  return handler(request, call);
}

type StreamParts = {
  readonly call: Outgoing;
  readonly served: Served;
  readonly serverCall: ServerCall;
  readonly watch: ProgressWatch;
  readonly to: Neighbour;
  readonly from: Headers;
};

/** One direct stream: each side pulls what the other gives. */
class StreamExchange {
  readonly #parts: StreamParts;
  constructor(parts: StreamParts) {
    this.#parts = parts;
  }
  run(source: AsyncIterable<Message>): StreamCall {
    const { call, served, serverCall, watch, to, from } = this.#parts;
    const { method, signal } = call;
    const { nodeId } = to.dispatcher;
    const requests = new CuttableStream(
      source,
      this.#prepare(method.request, from, nodeId, method.requestHeader),
      (end) => {
        if (!('failure' in end)) return;
        // The caller's own source failed: that is what the caller hears; the callee sees a caller who went away.
        responses.cut(toStatusError(end.failure));
        serverCall.abort(new StatusError('cancelled', `${method.operation}: the caller broke off`));
      },
    );
    const caller = serverCall.caller.nodeId;
    // One answer ahead: the handler runs on while the caller writes and does not read.
    const prepare = this.#prepare(method.response, to.headers, caller, method.responseHeader);
    const responses: CuttableStream<Message, Message> = new CuttableStream(
      answersOf(served, requests, serverCall),
      (partial) => {
        watch.begun();
        return prepare(partial);
      },
      (end: StreamEnd) => {
        if (end.returned === true)
          return serverCall.abort(new StatusError('cancelled', `${method.operation}: the caller stopped reading`));
        const failure = 'failure' in end ? toStatusError(end.failure) : undefined;
        serverCall.end(failure);
        settle(failure);
        requests.cut();
      },
      true,
      (thrown) => to.dispatcher.failure(served, serverCall, thrown),
    );
    const release = onAbort(signal, () => serverCall.abort(abortError(signal as AbortSignal)));
    const settle = (failure: StatusError | undefined): void => {
      call.meter?.end(failure);
      watch.stop();
      release();
    };
    serverCall.onAbort((failure) => {
      settle(failure);
      responses.cut(failure);
      requests.cut(failure);
    });
    return responses;
  }
  // Messages as they would come out of a decoder, each with a header where one is due.
  #prepare(codec: Codec, from: Headers, destination: NodeId, stamped: boolean): (partial: Message) => Message {
    const { call, watch } = this.#parts;
    const { messageId, method } = call;
    const stamp = stamped ? from.stamper({ messageId, destination, operation: method.operation }) : undefined;
    return (partial) => {
      watch.touch();
      const message = handOver(codec.fromPartial, partial);
      stamp?.(message);
      return message;
    };
  }
}

/** The handler's own stream where it has one: each layer over it costs several turns of promises for each message. */
export function answersOf(served: Served, requests: AsyncIterable<Message>, call: ServerCall): AsyncIterable<Message> {
  const { requestStream, responseStream } = served.method;
  if (!requestStream || !responseStream) return answersTo(served, requests, call);
  try {
    return (served.handler as StreamHandler)(requests, call) as AsyncIterable<Message>;
  } catch (thrown) {
    // One that is no generator, and throws before it gives its stream.
    return failedStream(toStatusError(thrown));
  }
}
async function* answersTo(
  served: Served,
  requests: AsyncIterable<Message>,
  call: ServerCall,
): AsyncGenerator<Message, void> {
  const { requestStream, responseStream } = served.method;
  const input = requestStream ? requests : await single(requests);
  const output = (served.handler as StreamHandler)(input as Message, call);
  if (responseStream) yield* output as AsyncIterable<Message>;
  else yield await (output as Promise<Message>);
}

async function single(requests: AsyncIterable<Message>): Promise<Message> {
  for await (const request of requests) return request;
  throw new StatusError('malformed', 'Cannot take call: one request was wanted, none came');
}

export const failedStream = (failure: StatusError): StreamCall => ({
  [Symbol.asyncIterator]() {
    return this;
  },
  next: () => Promise.reject(failure),
  return: () => Promise.resolve({ done: true, value: undefined }),
});
