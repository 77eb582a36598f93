/** For the tests: routers that reach each other in memory, under one clock that the test moves. */
import type { Effect } from '@skerry/cluster-soft-state';
import { NodeId, Prng, StatusError } from '@skerry/kernel';
import { routing } from '@skerry/proto';
import type { NodeRecord } from '@skerry/runtime-discovery';
import type { RpcNode } from '@skerry/runtime-rpc';
import type { TelemetryEvent } from '@skerry/runtime-telemetry';
import type { Clock } from '@skerry/runtime-world';
import { Exchange } from './exchange.ts';
import { Table, type TableName, type Tables } from './tables.ts';

export class HandClock implements Clock {
  #nowMs = 1_000_000;
  readonly #timers = new Set<{ readonly dueMs: number; readonly callback: () => void }>();
  monotonicMs = (): number => this.#nowMs;
  wallMs = (): number => this.#nowMs;
  setTimer(delayMs: number, callback: () => void): { cancel(): void } {
    const timer = { dueMs: this.#nowMs + delayMs, callback };
    this.#timers.add(timer);
    return { cancel: () => void this.#timers.delete(timer) };
  }
  /** Fires what is due, each at its time; between two of them everything that is under way has its turn. */
  async pass(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms;
    for (;;) {
      await new Promise(setImmediate);
      const [next] = [...this.#timers].filter(({ dueMs }) => dueMs <= endMs).toSorted((a, b) => a.dueMs - b.dueMs);
      if (next === undefined) break;
      this.#timers.delete(next);
      this.#nowMs = Math.max(this.#nowMs, next.dueMs);
      next.callback();
    }
    this.#nowMs = endMs;
  }
  /** As {@link pass} of a machine that sleeps meanwhile: what is due comes after it. */
  sleep(ms: number): void {
    this.#nowMs += ms;
  }
}

export type TestRouter = {
  readonly name: string;
  readonly tables: Tables;
  readonly exchange: Exchange;
  readonly effects: [TableName, Effect][];
  readonly events: TelemetryEvent[];
  /** Calls that others made. */
  calls: number;
};

export class RouterNet {
  readonly clock = new HandClock();
  readonly routers = new Map<string, TestRouter>();
  /** Pairs of names that do not reach each other, as `a b`. */
  readonly cut = new Set<string>();
  /** Share of messages that are lost on their way there, and back. */
  loss = 0;
  readonly #prng = new Prng(7);

  add(name: string, incarnation = 1): TestRouter {
    const { clock } = this;
    const table = (which: TableName): Table =>
      new Table(which, { node: name, incarnation }, clock, () => exchange.poke());
    const tables: Tables = {
      sessions: table('sessions'),
      addresses: table('addresses'),
      failures: table('failures'),
      logins: table('logins'),
    };
    const effects: TestRouter['effects'] = [];
    const events: TelemetryEvent[] = [];
    const exchange: Exchange = new Exchange({
      clock,
      rpc: this.#rpcOf(name),
      directory: { nodes: () => [...this.routers.keys()].map(recordOf) },
      telemetry: { emit: (event) => void events.push(event) },
      random: (count) => this.#prng.bytes(count),
      tables,
      changed: (which, more) => void effects.push(...more.map((effect): [TableName, Effect] => [which, effect])),
    });
    const router: TestRouter = { name, tables, exchange, effects, events, calls: 0 };
    this.routers.get(name)?.exchange.close();
    this.routers.set(name, router);
    exchange.start();
    return router;
  }
  remove(name: string): void {
    this.routers.get(name)?.exchange.close();
    this.routers.delete(name);
  }
  /** Exact rows of a table, as `router key`. */
  shown({ tables }: TestRouter, which: TableName): readonly string[] {
    return Array.from(tables[which].rows(), ({ node, key }) => `${node} ${key}`).toSorted();
  }
  close(): void {
    for (const { exchange } of this.routers.values()) exchange.close();
  }

  #rpcOf(from: string): Pick<RpcNode, 'client' | 'nodeId'> {
    const exchange = async (to: string, request: routing.ExchangeRequest): Promise<routing.ExchangeResponse> => {
      const lost = (): boolean =>
        this.cut.has(`${from} ${to}`) || this.cut.has(`${to} ${from}`) || this.#prng.chance(this.loss);
      const router = this.routers.get(to);
      if (router === undefined || lost()) throw new StatusError('connection_lost', `${from} does not reach ${to}`);
      router.calls += 1;
      const { ExchangeRequest, ExchangeResponse } = routing;
      const sent = ExchangeRequest.decode(ExchangeRequest.encode(ExchangeRequest.fromPartial(request)).finish());
      const answer = router.exchange.answer(sent, { nodeId: NodeId(from) });
      await Promise.resolve();
      if (lost()) throw new StatusError('deadline', `the answer of ${to} was lost`);
      return ExchangeResponse.decode(ExchangeResponse.encode(answer).finish());
    };
    const client = (_: unknown, { nodeId }: { readonly nodeId: string }): unknown => ({
      exchange: (request: routing.ExchangeRequest) => exchange(nodeId, request),
    });
    return { nodeId: NodeId(from), client } as unknown as RpcNode;
  }
}

const recordOf = (nodeId: string): NodeRecord => ({
  nodeId,
  role: 'routing',
  site: '',
  address: `${nodeId}:1`,
  incarnation: 1,
  endpoints: {},
  load: 0,
});
