/** What is counted of requests: plain numbers on the hot path, read when somebody asks. */
import type { Telemetry } from '@skerry/runtime-telemetry';
import { latencyBounds, Latency } from './latency.ts';

export const requestKinds = ['execute', 'query', 'batch', 'prepare', 'other'] as const;
export type RequestKind = (typeof requestKinds)[number];

export class Figures {
  readonly requests: Record<RequestKind, number> = { execute: 0, query: 0, batch: 0, prepare: 0, other: 0 };
  readonly latency: Readonly<Record<RequestKind, Latency>> = {
    execute: new Latency(),
    query: new Latency(),
    batch: new Latency(),
    prepare: new Latency(),
    other: new Latency(),
  };
  errors = 0;
  bytesReceived = 0;
  bytesSent = 0;
  connections = 0;
  slow = 0;
  traced = 0;

  constructor(telemetry: Telemetry) {
    const counted = (name: string, help: string, read: () => number): void => {
      telemetry.counter(name, help, [], () => [{ labels: {}, total: read() }]);
    };
    telemetry.counter('cql_requests_total', 'Requests of CQL clients, by kind', ['kind'], () =>
      requestKinds.map((kind) => ({ labels: { kind }, total: this.requests[kind] })),
    );
    telemetry.histogram(
      'cql_request_seconds',
      'Time from reading a request to having its answer ready, by kind',
      ['kind'],
      latencyBounds,
      () => requestKinds.map((kind) => ({ labels: { kind }, ...this.latency[kind].reading() })),
    );
    counted('cql_errors_total', 'Requests that were answered with an error', () => this.errors);
    counted('cql_received_bytes_total', 'Bytes that came from CQL clients', () => this.bytesReceived);
    counted('cql_sent_bytes_total', 'Bytes that were sent to CQL clients', () => this.bytesSent);
    counted('cql_slow_requests_total', 'Requests that went to the slow-query log', () => this.slow);
    counted('cql_traced_requests_total', 'Requests whose trace was kept', () => this.traced);
    telemetry.gauge('cql_connections', 'Connections of CQL clients now', [], () => this.connections);
  }
}
