/**
 * A carrier whose calls fall silent while the node at the other end is cut: nothing more is sent, nothing that comes is
 * handed on, no end and no failure is told either way, until the caller's own deadline or the end of the cut. Each
 * connection between two nodes has one calling end, so this end alone makes the silence of both.
 */
import { StatusError } from '@skerry/kernel';
import type { Clock, LinkFilter, Timer } from '@skerry/runtime-world';
import { onAbort, type Carrier, type Outgoing, type StreamCall } from './carrier.ts';
import { CuttableStream } from './cuttable-stream.ts';
import { abortError } from './errors.ts';
import type { Message } from './method.ts';
import type { Target } from './types.ts';

export type Connections = Carrier & { disconnect(target: Target): void };

/** A call under way: told at each change of the filter. */
type Held = { changed(cut: boolean): void; readonly target: Target };

export class CuttableCarrier implements Connections {
  readonly #inner: Connections;
  readonly #filter: LinkFilter;
  readonly #clock: Clock;
  readonly #held = new Set<Held>();
  /** To be forgotten when they can be heard again: a closed connection would be news to the other side. */
  readonly #forgotten = new Set<Target>();
  /** Their callers are gone; the callees hear of it when they can be heard again. */
  readonly #left = new Set<{ readonly target: Target; readonly calling: AbortController }>();

  constructor(inner: Connections, filter: LinkFilter, clock: Clock) {
    this.#inner = inner;
    this.#filter = filter;
    this.#clock = clock;
    filter.listen(() => this.#changed());
  }
  #changed(): void {
    for (const held of [...this.#held]) held.changed(this.#filter.isCut(held.target));
    for (const left of this.#left) {
      if (this.#filter.isCut(left.target)) continue;
      this.#left.delete(left);
      left.calling.abort(new StatusError('connection_lost', 'The connection was cut'));
    }
    for (const target of this.#forgotten) {
      if (this.#filter.isCut(target)) continue;
      this.#forgotten.delete(target);
      this.#inner.disconnect(target);
    }
  }
  disconnect(target: Target): void {
    if (this.#filter.isCut(target)) this.#forgotten.add(target);
    else this.#inner.disconnect(target);
  }

  unary(call: Outgoing, request: Message): Promise<Message> {
    const endMs = this.#clock.monotonicMs() + call.limitMs;
    const isCut = this.#filter.isCut(call.target);
    // Ours: whether the callee hears of an abort depends on the cut.
    const calling = new AbortController();
    return new Promise((resolve, reject) => {
      let silent = false;
      let timer: Timer | undefined;
      let release = (): void => undefined;
      const settle = (done: () => void): void => {
        this.#held.delete(held);
        timer?.cancel();
        release();
        done();
      };
      const fail = (failure: StatusError): void =>
        settle(() => {
          // Else the call that was made counts.
          if (isCut) call.meter?.end(failure);
          reject(failure);
        });
      const fallSilent = (): void => {
        silent = true;
        timer = this.#clock.setTimer(Math.max(0, endMs - this.#clock.monotonicMs()), () => fail(late(call)));
      };
      const held: Held = {
        target: call.target,
        changed: (cut) => {
          if (cut && !silent) fallSilent();
          else if (!cut && silent) fail(healed(call));
        },
      };
      this.#held.add(held);
      if (isCut) fallSilent();
      else
        this.#inner.unary({ ...call, signal: calling.signal }, request).then(
          (response) => silent || settle(() => resolve(response)),
          (failure: unknown) => silent || settle(() => reject(failure)),
        );
      release = onAbort(call.signal, () => {
        const failure = abortError(call.signal as AbortSignal);
        if (silent) fail(failure);
        else calling.abort(failure);
      });
    });
  }

  stream(call: Outgoing, requests: AsyncIterable<Message>): StreamCall {
    return new CuttableCall(call, requests, {
      inner: this.#inner,
      clock: this.#clock,
      held: this.#held,
      isCut: this.#filter.isCut(call.target),
      leave: (calling) => this.#left.add({ target: call.target, calling }),
    }).responses;
  }
}

type StreamParts = {
  readonly inner: Carrier;
  readonly clock: Clock;
  readonly held: Set<Held>;
  readonly isCut: boolean;
  /** The call goes on without its caller, since the callee must not hear of its end yet. */
  leave(calling: AbortController): void;
};

class CuttableCall implements Held {
  readonly target: Target;
  readonly responses: CuttableStream<Message, Message>;
  readonly #call: Outgoing;
  readonly #parts: StreamParts;
  readonly #source: AsyncIterator<Message, unknown>;
  readonly #calling = new AbortController();
  #silent = false;
  #answered = false;
  #timer: Timer | undefined;
  #release: () => void = () => undefined;

  constructor(call: Outgoing, requests: AsyncIterable<Message>, parts: StreamParts) {
    this.target = call.target;
    this.#call = call;
    this.#parts = parts;
    this.#source = requests[Symbol.asyncIterator]();
    parts.held.add(this);
    if (parts.isCut) this.#fallSilent();
    const made = parts.isCut
      ? never
      : parts.inner.stream({ ...call, signal: this.#calling.signal }, this.#gated(this.#source));
    this.responses = new CuttableStream(
      this.#gated(made),
      (message) => {
        this.#answered = true;
        return message;
      },
      ({ returned }) => {
        if (returned === true && this.#silent)
          this.#end(new StatusError('cancelled', 'Call was cancelled: its reader stopped'));
        else this.#over();
      },
    );
    this.#release = onAbort(call.signal, () => {
      const failure = abortError(call.signal as AbortSignal);
      if (this.#silent) this.#end(failure);
      else this.#calling.abort(failure);
    });
  }
  changed(cut: boolean): void {
    if (cut && !this.#silent) this.#fallSilent();
    else if (!cut && this.#silent) this.#end(healed(this.#call));
  }
  #fallSilent(): void {
    this.#silent = true;
    const { limitMs, firstLimitMs } = this.#call;
    const waitMs = this.#answered ? limitMs : firstLimitMs;
    this.#timer = this.#parts.clock.setTimer(waitMs, () => this.#end(late({ ...this.#call, limitMs: waitMs })));
  }
  /** Of a call that fell silent. */
  #end(failure: StatusError): void {
    this.#over();
    if (this.#parts.isCut) this.#call.meter?.end(failure);
    else this.#parts.leave(this.#calling);
    // Not awaited: a generator that is stuck answers only at its next yield.
    this.#source.return?.().catch(() => undefined);
    this.responses.cut(failure);
  }
  #over(): void {
    this.#parts.held.delete(this);
    this.#timer?.cancel();
    this.#release();
  }
  /** What stops at the cut, and is never heard of again. */
  #gated(items: AsyncIterator<Message, unknown>): AsyncIterableIterator<Message, undefined> {
    return {
      [Symbol.asyncIterator]() {
        return this;
      },
      next: () =>
        new Promise((resolve, reject) => {
          if (this.#silent) return;
          items.next().then(
            (step) => this.#silent || resolve(step as IteratorResult<Message, undefined>),
            (failure: unknown) => this.#silent || reject(failure),
          );
        }),
      return: async () => {
        if (!this.#silent) await items.return?.();
        return { done: true, value: undefined };
      },
    };
  }
}

const never: StreamCall = {
  [Symbol.asyncIterator]() {
    return this;
  },
  next: () => new Promise(() => undefined),
};
const healed = ({ method, target }: Outgoing): StatusError =>
  new StatusError('connection_lost', `${method.operation} at node "${target.nodeId}": the connection was cut`);
const late = ({ method, limitMs, target }: Outgoing): StatusError =>
  new StatusError(
    method.requestStream || method.responseStream ? 'stalled' : 'deadline',
    `${method.operation} at node "${target.nodeId}": no answer within ${Math.round(limitMs)} ms`,
  );
