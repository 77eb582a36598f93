/** The shapes of typed calls between nodes, whatever carries them. */
import type { NodeId } from '@skerry/kernel';
import type { Address } from '@skerry/runtime-world';

/** What ts-proto generates for a message (`outputServices=generic-definitions`). */
export interface MessageType<T> {
  encode(message: T): { finish(): Uint8Array };
  decode(bytes: Uint8Array): T;
  fromPartial(partial: never): T;
}
export type MethodDefinition = {
  readonly name: string;
  // The generated types are concrete; `any` only here, where they are taken apart again by inference.
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly requestType: any;
  readonly requestStream: boolean;
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly responseType: any;
  readonly responseStream: boolean;
};
export type ServiceDefinition = {
  readonly name: string;
  readonly fullName: string;
  readonly methods: Readonly<Record<string, MethodDefinition>>;
};
export type RequestOf<M extends MethodDefinition> = ReturnType<M['requestType']['decode']>;
export type ResponseOf<M extends MethodDefinition> = ReturnType<M['responseType']['decode']>;
/** A message as the sender writes it: absent fields have their defaults. */
export type PartialRequestOf<M extends MethodDefinition> = Parameters<M['requestType']['fromPartial']>[0];
export type PartialResponseOf<M extends MethodDefinition> = Parameters<M['responseType']['fromPartial']>[0];

/** Who calls, as proven by certificate and token. */
export type Caller = { readonly nodeId: NodeId; readonly role: string };

export type CallContext = {
  readonly caller: Caller;
  /** A UUID; the same for a retry. */
  readonly messageId: string;
  /** Aborts when the caller went away, the deadline passed, or the stream stalled. */
  readonly signal: AbortSignal;
};

export type CallOptions = {
  /** For unary calls: in all, retries included. Default 5,000 ms. */
  readonly deadlineMs?: number;
  /** For streams: longest time without progress. Default 30,000 ms. */
  readonly progressDeadlineMs?: number;
  /** For streams: longest time without progress before the first answer; at most the other. Default: as after it. */
  readonly firstDeadlineMs?: number;
  /** Retry `unavailable` and `deadline_exceeded` with jittered back-off, within the deadline. Only for idempotent calls. Default false. */
  readonly idempotent?: boolean;
  readonly messageId?: string;
  readonly signal?: AbortSignal;
};

export type Handler<M extends MethodDefinition> = M['requestStream'] extends true
  ? M['responseStream'] extends true
    ? (requests: AsyncIterable<RequestOf<M>>, context: CallContext) => AsyncIterable<PartialResponseOf<M>>
    : (requests: AsyncIterable<RequestOf<M>>, context: CallContext) => Promise<PartialResponseOf<M>>
  : M['responseStream'] extends true
    ? (request: RequestOf<M>, context: CallContext) => AsyncIterable<PartialResponseOf<M>>
    : (request: RequestOf<M>, context: CallContext) => Promise<PartialResponseOf<M>>;
/** A handler fails by throwing a StatusError; its reason and message reach the caller, its cause does not. */
export type Handlers<S extends ServiceDefinition> = { readonly [K in keyof S['methods']]: Handler<S['methods'][K]> };

export type ClientMethod<M extends MethodDefinition> = M['requestStream'] extends true
  ? M['responseStream'] extends true
    ? (requests: AsyncIterable<PartialRequestOf<M>>, options?: CallOptions) => AsyncIterable<ResponseOf<M>>
    : (requests: AsyncIterable<PartialRequestOf<M>>, options?: CallOptions) => Promise<ResponseOf<M>>
  : M['responseStream'] extends true
    ? (request: PartialRequestOf<M>, options?: CallOptions) => AsyncIterable<ResponseOf<M>>
    : (request: PartialRequestOf<M>, options?: CallOptions) => Promise<ResponseOf<M>>;
/** Failures are StatusErrors with the reason that the handler gave; `connection_lost` and `deadline` are ours. */
export type Client<S extends ServiceDefinition> = { readonly [K in keyof S['methods']]: ClientMethod<S['methods'][K]> };

/** Which roles may call each method; `operator` is the operator's certificate. Every method must be named. */
export type AccessTable<S extends ServiceDefinition> = {
  readonly [K in keyof S['methods']]: readonly string[] | 'any';
};

/**
 * An empty node id: whichever node of the cluster answers at the address (`--join` tells only that). Calls of one lane
 * share a connection: what must not wait behind another's bulk has a lane of its own.
 */
export type Target = { readonly nodeId: NodeId; readonly address: string; readonly lane?: string };

/** A node's own door and its way to others. */
export interface RpcNode {
  readonly nodeId: NodeId;
  /** Before {@link RpcNode.listen}. */
  serve<S extends ServiceDefinition>(definition: S, handlers: Handlers<S>, access: AccessTable<S>): void;
  /** Opens the door; health answers NOT_SERVING until {@link RpcNode.setReady}. Returns the address bound. */
  listen(address: Address): Promise<Address>;
  setReady(ready: boolean): void;
  /** Connections are pooled by address and made when first used. In one process the call goes straight to the handler. */
  client<S extends ServiceDefinition>(definition: S, target: Target): Client<S>;
  /**
   * Forgets the connection of this node, address and lane: the next call makes a new one at once. For one that is
   * silent: TCP itself may take minutes to give it up. Calls under way are not ended.
   */
  disconnect(target: Target): void;
  /** Stops taking calls, waits for those under way up to `graceMs`, then cuts them. */
  close(graceMs?: number): Promise<void>;
}
