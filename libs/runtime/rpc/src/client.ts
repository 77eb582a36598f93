/** The typed face of the carriers: one function for each method. */
import { StatusError, toStatusError, type NodeId } from '@skerry/kernel';
import { pause, type Clock } from '@skerry/runtime-world';
import type { Carrier, Outgoing } from './carrier.ts';
import { abortError } from './errors.ts';
import * as limits from './limits.ts';
import { methodOf, type Message, type Method } from './method.ts';
import type { RpcMetrics } from './metrics.ts';
import type { CallOptions, Client, ServiceDefinition, Target } from './types.ts';

export type ClientParts = {
  readonly clock: Clock;
  readonly metrics: RpcMetrics;
  readonly newMessageId: () => string;
  /** In [0, 1). */
  readonly chance: () => number;
  /** The way to a node now; @throws StatusError `shutting_down` when ours is closed. */
  readonly carrierTo: (nodeId: NodeId) => Carrier;
};

export function makeClient<S extends ServiceDefinition>(definition: S, target: Target, parts: ClientParts): Client<S> {
  const entries = Object.entries(definition.methods).map(([name, methodDefinition]) => {
    const method = methodOf(definition, methodDefinition);
    const isStream = method.requestStream || method.responseStream;
    return [name, isStream ? streamMethod(method, target, parts) : unaryMethod(method, target, parts)] as const;
  });
  return Object.fromEntries(entries) as Client<S>;
}

function outgoing(
  method: Method,
  target: Target,
  { newMessageId, metrics }: ClientParts,
  options: CallOptions | undefined,
  wantedMs: number,
): Outgoing {
  const limitMs = Math.min(Math.max(wantedMs, 0), limits.deadlineMaxMs);
  return {
    method,
    target,
    messageId: options?.messageId ?? newMessageId(),
    signal: options?.signal,
    limitMs,
    firstLimitMs: Math.min(limitMs, Math.max(options?.firstDeadlineMs ?? limitMs, 0)),
    meter: metrics.begin('client', method.operation),
  };
}

function unaryMethod(method: Method, target: Target, parts: ClientParts) {
  return (request: Message, options?: CallOptions): Promise<Message> => {
    const call = outgoing(method, target, parts, options, options?.deadlineMs ?? limits.deadlineDefaultMs);
    if (options?.idempotent === true) return retrying(call, request, parts);
    return parts.carrierTo(target.nodeId).unary(call, request);
  };
}

function streamMethod(method: Method, target: Target, parts: ClientParts) {
  return (input: Message | AsyncIterable<Message>, options?: CallOptions) => {
    const limitMs = options?.progressDeadlineMs ?? limits.progressDeadlineDefaultMs;
    const call = outgoing(method, target, parts, options, limitMs);
    // The method's kind says which of the two the input is.
    const requests = method.requestStream ? (input as AsyncIterable<Message>) : only(input);
    const responses = parts.carrierTo(target.nodeId).stream(call, requests);
    return method.responseStream ? responses : first(method, responses);
  };
}

/** Only calls that say they are idempotent come here; every try bears the same message id. */
async function retrying(call: Outgoing, request: Message, parts: ClientParts): Promise<Message> {
  const { clock } = parts;
  const endMs = clock.monotonicMs() + call.limitMs;
  for (let pauseMs = limits.retryPauseMinMs; ; pauseMs = Math.min(2 * pauseMs, limits.retryPauseMaxMs)) {
    let failure: StatusError;
    try {
      const limitMs = Math.max(1, endMs - clock.monotonicMs());
      const response = await parts.carrierTo(call.target.nodeId).unary({ ...call, limitMs, meter: undefined }, request);
      call.meter?.end();
      return response;
    } catch (thrown) {
      failure = toStatusError(thrown);
    }
    const jitteredMs = pauseMs * (0.5 + parts.chance() / 2);
    const again = failure.code === 'unavailable' || failure.code === 'deadline_exceeded';
    if (again && clock.monotonicMs() + jitteredMs < endMs) {
      await pause(clock, jitteredMs, call.signal);
      if (call.signal?.aborted !== true) continue;
      failure = abortError(call.signal);
    }
    call.meter?.end(failure);
    throw failure;
  }
}

// Read to its end: to stop before would cancel a call that has succeeded.
async function first(method: Method, responses: AsyncIterable<Message>): Promise<Message> {
  let found: Message | undefined;
  for await (const response of responses) found ??= response;
  if (found === undefined) throw new StatusError('unexpected', `${method.operation} ended without an answer`);
  return found;
}

async function* only(request: Message): AsyncGenerator<Message, void> {
  yield request;
}
