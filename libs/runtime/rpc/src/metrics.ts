/** Calls by method and outcome, their duration, those under way, and bytes of streams; for both ends. */
import { StatusError } from '@skerry/kernel';
import type { Counter, Histogram, Series, Telemetry } from '@skerry/runtime-telemetry';
import type { Clock } from '@skerry/runtime-world';

export type Side = 'client' | 'server';

/** In seconds: in-process calls take microseconds, a commit milliseconds, uploads minutes. */
const secondsBuckets = [0.000_01, 0.000_1, 0.001, 0.005, 0.025, 0.1, 0.5, 1, 5, 30, 300];

/** One call's figures, from its begin to its end, which is told once. */
export class CallMeter {
  readonly #totals: MethodTotals;
  readonly #startMs: number;
  #sentBytes = 0;
  #receivedBytes = 0;

  constructor(totals: MethodTotals) {
    this.#totals = totals;
    this.#startMs = totals.begin();
  }
  sent(bytes: number): void {
    this.#sentBytes += bytes;
  }
  received(bytes: number): void {
    this.#receivedBytes += bytes;
  }
  end(failure?: unknown): void {
    this.#totals.end(this.#startMs, failure, this.#sentBytes, this.#receivedBytes);
  }
}

/** What telemetry's counters have not been told yet: telling costs as much as a call in the process. */
class MethodTotals {
  readonly #metrics: RpcMetrics;
  readonly #side: Side;
  readonly #method: string;
  readonly #ended = new Map<string, number>();
  #sentBytes = 0;
  #receivedBytes = 0;
  /** Of the callee only: the caller's end has nearly the same duration, and once is enough. */
  readonly #seconds: Series | undefined;
  inFlight = 0;

  constructor(metrics: RpcMetrics, side: Side, method: string) {
    this.#metrics = metrics;
    this.#side = side;
    this.#method = method;
    this.#seconds = side === 'server' ? metrics.seconds.with({ method }) : undefined;
  }
  begin(): number {
    this.inFlight += 1;
    return this.#metrics.clock.monotonicMs();
  }
  end(startMs: number, failure: unknown, sentBytes: number, receivedBytes: number): void {
    this.inFlight -= 1;
    const code = codeOf(failure);
    this.#ended.set(code, (this.#ended.get(code) ?? 0) + 1);
    this.#sentBytes += sentBytes;
    this.#receivedBytes += receivedBytes;
    this.#seconds?.observe((this.#metrics.clock.monotonicMs() - startMs) / 1_000);
  }
  tell(): void {
    const { calls, bytes } = this.#metrics;
    for (const [code, count] of this.#ended) calls.add(count, { side: this.#side, method: this.#method, code });
    this.#ended.clear();
    if (this.#sentBytes > 0) bytes.add(this.#sentBytes, { side: this.#side, direction: 'sent' });
    if (this.#receivedBytes > 0) bytes.add(this.#receivedBytes, { side: this.#side, direction: 'received' });
    this.#sentBytes = 0;
    this.#receivedBytes = 0;
  }
}

export class RpcMetrics {
  readonly clock: Clock;
  readonly calls: Counter;
  readonly seconds: Histogram;
  readonly bytes: Counter;
  readonly #totals: Record<Side, Map<string, MethodTotals>> = { client: new Map(), server: new Map() };

  constructor(telemetry: Telemetry, clock: Clock) {
    this.clock = clock;
    // The gauges come first: a scrape reads in this order, and their reading tells the counters what is new.
    const gauge = (side: Side, help: string): void => {
      telemetry.gauge(`rpc_${side}_calls_in_flight`, help, [], () => this.#read(side));
    };
    gauge('server', 'Calls under way at our door.');
    gauge('client', 'Calls of ours under way.');
    this.calls = telemetry.counter('rpc_calls_total', 'Calls ended, by side and code.', ['side', 'method', 'code']);
    this.bytes = telemetry.counter('rpc_stream_bytes_total', 'Encoded messages of streams.', ['side', 'direction']);
    this.seconds = telemetry.histogram('rpc_call_seconds', 'Calls at our door.', ['method'], secondsBuckets);
  }
  begin(side: Side, method: string): CallMeter {
    let totals = this.#totals[side].get(method);
    if (totals === undefined) {
      totals = new MethodTotals(this, side, method);
      this.#totals[side].set(method, totals);
    }
    return new CallMeter(totals);
  }
  #read(side: Side): number {
    let inFlight = 0;
    for (const totals of this.#totals[side].values()) {
      inFlight += totals.inFlight;
      totals.tell();
    }
    return inFlight;
  }
}

const codeOf = (failure: unknown): string => {
  if (failure === undefined) return 'ok';
  return failure instanceof StatusError ? failure.code : 'internal';
};
