/** What every carrier does for the calling side. */
import type { NodeId } from '@skerry/kernel';
import type { Message, Method } from './method.ts';
import type { CallMeter } from './metrics.ts';
import type { Target } from './types.ts';

export type Outgoing = {
  readonly method: Method;
  readonly target: Target;
  readonly messageId: string;
  readonly signal: AbortSignal | undefined;
  /** Of a unary call: what is left until its deadline. Of a stream: longest time without progress. In ms. */
  readonly limitMs: number;
  /** Of a stream: longest time without progress before its first answer, in ms; at most {@link Outgoing.limitMs}. */
  readonly firstLimitMs: number;
  /** The carrier ends it when the call ends. Undefined: another counts. */
  readonly meter: CallMeter | undefined;
};

/** A stream under way: its responses, and the way to end it early. */
export type StreamCall = AsyncIterableIterator<Message, undefined>;

export interface Carrier {
  /** Rejects with a StatusError. */
  unary(call: Outgoing, request: Message): Promise<Message>;
  /**
   * Begins at once, whether or not the responses are read. `requests` is read to its end, or stopped when the call ends.
   * Reading fails with a StatusError; stopping to read cancels the call.
   */
  stream(call: Outgoing, requests: AsyncIterable<Message>): StreamCall;
}

/** Told of a node's own identity where it matters. */
export type Self = { readonly nodeId: NodeId; readonly role: string };

/**
 * Who listens to a signal: one listener of the signal's own for all, since that costs as much as a call in the process.
 * On the signal itself: a map of signals, most of which live as long as a call, would cost the collector more.
 */
const listening = Symbol('listening');
type Listened = AbortSignal & { [listening]?: Set<() => void> };

/** Calls `abort` when the signal aborts; returns the way to stop listening. */
export function onAbort(signal: AbortSignal | undefined, abort: () => void): () => void {
  if (signal === undefined) return nothing;
  if (signal.aborted) {
    abort();
    return nothing;
  }
  const listeners = (signal as Listened)[listening] ?? listenTo(signal);
  listeners.add(abort);
  return () => {
    listeners.delete(abort);
  };
}
function listenTo(signal: Listened): Set<() => void> {
  const listeners = new Set<() => void>();
  signal[listening] = listeners;
  const told = (): void => {
    for (const abort of [...listeners]) abort();
  };
  signal.addEventListener('abort', told, { once: true });
  return listeners;
}
const nothing = (): void => undefined;
