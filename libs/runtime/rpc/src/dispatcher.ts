/**
 * The callee's side of every carrier: which method, may the caller, how many at once; and what a handler is given.
 */
import { assert, StatusError, type NodeId } from '@skerry/kernel';
import type { Telemetry } from '@skerry/runtime-telemetry';
import { forCaller } from './errors.ts';
import { callsInFlightMax } from './limits.ts';
import type { Served } from './method.ts';
import type { CallMeter, RpcMetrics } from './metrics.ts';
import type { CallContext, Caller } from './types.ts';

/** One call as its handler sees it, and its end, whichever side comes first with it. */
export class ServerCall implements CallContext {
  readonly caller: Caller;
  readonly messageId: string;
  readonly #meter: CallMeter;
  readonly #calls: CallSet;
  // Made when first asked for: most unary handlers never do, and it costs as much as the rest of a direct call.
  #controller: AbortController | undefined;
  #failure: StatusError | undefined;
  #ended = false;
  #onAbort: ((failure: StatusError) => void) | undefined;

  constructor(caller: Caller, messageId: string, meter: CallMeter, calls: CallSet) {
    this.caller = caller;
    this.messageId = messageId;
    this.#meter = meter;
    this.#calls = calls;
    calls.add(this);
  }
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#failure !== undefined) this.#controller.abort(this.#failure);
    }
    return this.#controller.signal;
  }
  get meter(): CallMeter {
    return this.#meter;
  }
  get ended(): boolean {
    return this.#ended;
  }
  /** The carrier's own way to let go; called once, at an abort. */
  onAbort(listener: (failure: StatusError) => void): void {
    this.#onAbort = listener;
  }
  /** The caller went away, or time is up: the handler is told through its signal. Nothing after the end. */
  abort(failure: StatusError): void {
    if (this.#ended) return;
    this.#failure = failure;
    this.end(failure);
    this.#controller?.abort(failure);
    this.#onAbort?.(failure);
  }
  end(failure?: StatusError): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#meter.end(failure);
    this.#calls.remove(this);
  }
}

/** Calls under way at one door. */
class CallSet {
  readonly #calls = new Set<ServerCall>();
  #idle: (() => void) | undefined;
  get size(): number {
    return this.#calls.size;
  }
  add(call: ServerCall): void {
    this.#calls.add(call);
  }
  remove(call: ServerCall): void {
    this.#calls.delete(call);
    if (this.#calls.size === 0) this.#idle?.();
  }
  /** Resolves when none is under way. To be awaited once. */
  whenIdle(): Promise<void> {
    if (this.#calls.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#idle = resolve;
    });
  }
  abortAll(failure: StatusError): void {
    for (const call of [...this.#calls]) call.abort(failure);
  }
  /** Of callers whom `isVoid` names. */
  abortOf(isVoid: (nodeId: NodeId) => boolean): void {
    for (const call of [...this.#calls])
      if (isVoid(call.caller.nodeId))
        call.abort(new StatusError('token_revoked', `Calls of node "${call.caller.nodeId}" are void: it was revoked`));
  }
}

export class Dispatcher {
  readonly nodeId: NodeId;
  readonly #telemetry: Telemetry;
  readonly #metrics: RpcMetrics;
  readonly #served = new Map<string, Served>();
  readonly #calls = new CallSet();
  #draining = false;

  constructor(nodeId: NodeId, telemetry: Telemetry, metrics: RpcMetrics) {
    this.nodeId = nodeId;
    this.#telemetry = telemetry;
    this.#metrics = metrics;
  }
  get served(): readonly Served[] {
    return [...this.#served.values()];
  }
  get services(): readonly string[] {
    return [...new Set(this.served.map(({ method }) => method.service))];
  }
  add(methods: readonly Served[]): void {
    for (const served of methods) {
      const { path } = served.method;
      assert(!this.#served.has(path), `method ${path} is served twice`);
      assert(served.handler !== undefined && served.access !== undefined, `method ${path} lacks handler or access`);
      this.#served.set(path, served);
    }
  }
  /** @throws StatusError `no_such_method`. */
  find(path: string): Served {
    const served = this.#served.get(path);
    if (served === undefined)
      throw new StatusError('no_such_method', `Cannot call ${path.slice(1)}: node "${this.nodeId}" does not serve it`);
    return served;
  }
  /** @throws StatusError `shutting_down`, `overloaded`, `access_denied`. */
  begin(served: Served, caller: Caller, messageId: string): ServerCall {
    const { access, method } = served;
    if (this.#draining)
      throw new StatusError('shutting_down', `Cannot call ${method.operation}: node "${this.nodeId}" is shutting down`);
    if (this.#calls.size >= callsInFlightMax)
      throw new StatusError(
        'overloaded',
        `Cannot call ${method.operation}: ${callsInFlightMax} calls are under way at node "${this.nodeId}"`,
      );
    if (typeof access !== 'string' && !access.includes(caller.role))
      throw new StatusError(
        'access_denied',
        `Cannot call ${method.operation} as "${caller.role}": allowed are ${access.join(', ')}`,
      );
    return new ServerCall(caller, messageId, this.#metrics.begin('server', method.operation), this.#calls);
  }
  /** What the caller is told of a handler's failure. A failure that is no StatusError is a bug of ours: logged whole. */
  failure(served: Served, call: ServerCall, thrown: unknown): StatusError {
    if (!(thrown instanceof StatusError))
      this.#telemetry.emit({
        event: 'rpc_handler_failed',
        level: 'error',
        message: `${served.method.operation} failed`,
        method: served.method.operation,
        messageId: call.messageId,
        caller: call.caller.nodeId,
        error: thrown,
      });
    return forCaller(thrown, this.nodeId, call.messageId);
  }
  /** From now on new calls are answered `shutting_down`. */
  drain(): void {
    this.#draining = true;
  }
  /** Resolves when no call is under way. To be awaited once. */
  whenIdle(): Promise<void> {
    return this.#calls.whenIdle();
  }
  abortAll(failure: StatusError): void {
    this.#calls.abortAll(failure);
  }
  /** A stream proved who calls when it began, and may go on for days. */
  abortOf(isVoid: (nodeId: NodeId) => boolean): void {
    this.#calls.abortOf(isVoid);
  }
}
