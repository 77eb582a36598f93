/**
 * Requests that their client wants traced: an id in the answer, and rows in `system_traces` by which it finds what was
 * done. Source: Cassandra's Tracing and TraceKeyspace; bound values are not kept.
 */
import { mapBytes, parseInet, timeuuidBytes } from '@skerry/domain-values';
import { utf8, type RandomBytes } from '@skerry/kernel';
import type { InternalStatements } from '../roles/internal-statements.ts';
import { shownText } from './statement-text.ts';

/** How long a trace is kept, in seconds: Cassandra's tracetype_query_ttl. */
export const traceLifetimeSeconds = 86_400;
/** Steps of one trace; more are left out. */
export const traceEventsMax = 1_000;

const text = { kind: 'text' } as const;
/** Of 100 ns, in which a timeuuid counts. */
const ticksOfMicro = 10n;
const insertSession =
  'INSERT INTO system_traces.sessions (session_id, command, client, coordinator, coordinator_port, duration, parameters, request, started_at) ' +
  `VALUES (?, 'QUERY', ?, ?, ?, ?, ?, ?, ?) USING TTL ${traceLifetimeSeconds}`;
const insertEvent =
  'INSERT INTO system_traces.events (session_id, event_id, activity, source, source_port, source_elapsed, thread) ' +
  `VALUES (?, ?, ?, ?, ?, ?, 'main') USING TTL ${traceLifetimeSeconds}`;

export type TracerParts = {
  readonly statements: InternalStatements;
  readonly random: RandomBytes;
  readonly wallMs: () => number;
  readonly monotonicMs: () => number;
  /** What drivers know the node by. */
  readonly coordinator: () => { readonly host: string; readonly port: number };
  /** The rows could not be written. */
  readonly failed: (thrown: unknown) => void;
};

export class Tracer {
  readonly parts: TracerParts;
  readonly #node: Uint8Array;
  #lastMicros = 0;

  constructor(parts: TracerParts) {
    this.parts = parts;
    this.#node = parts.random(8);
    this.#node[0] = ((this.#node[0] ?? 0) & 0x3f) | 0x80;
    // The multicast bit says that this is no network card's address.
    this.#node[2] = (this.#node[2] ?? 0) | 0x01;
  }
  /** @param client its address. */
  begin(client: string): Trace {
    return new Trace(this, client);
  }
  /** Never the same twice. */
  timeuuid(): Uint8Array {
    this.#lastMicros = Math.max(this.#lastMicros + 1, Math.floor(this.parts.wallMs() * 1000));
    return timeuuidBytes(BigInt(this.#lastMicros) * ticksOfMicro, this.#node);
  }
}

type Step = { readonly id: Uint8Array; readonly activity: string; readonly elapsedMs: number };

export class Trace {
  readonly id: Uint8Array;
  readonly #tracer: Tracer;
  readonly #client: string;
  readonly #startedAtMs: number;
  readonly #from: number;
  readonly #steps: Step[] = [];
  readonly #parameters = new Map<string, string>();
  #request = 'Execute CQL3 query';

  constructor(tracer: Tracer, client: string) {
    this.id = tracer.timeuuid();
    this.#tracer = tracer;
    this.#client = client;
    this.#startedAtMs = Math.floor(tracer.parts.wallMs());
    this.#from = tracer.parts.monotonicMs();
  }
  /** @param request as Cassandra calls its kind. */
  describe(request: string, parameters: Readonly<Record<string, string>>): void {
    this.#request = request;
    for (const [name, value] of Object.entries(parameters)) this.#parameters.set(name, shownText(value));
  }
  readonly step = (activity: string): void => {
    if (this.#steps.length >= traceEventsMax) return;
    const elapsedMs = this.#tracer.parts.monotonicMs() - this.#from;
    this.#steps.push({ id: this.#tracer.timeuuid(), activity: shownText(activity), elapsedMs });
  };
  /** Begins to write the rows, the session's last: whoever waits for it then finds all steps. */
  end(): void {
    const elapsedMs = this.#tracer.parts.monotonicMs() - this.#from;
    this.#write(elapsedMs).catch(this.#tracer.parts.failed);
  }
  async #write(elapsedMs: number): Promise<void> {
    const { statements, coordinator } = this.#tracer.parts;
    const { host, port } = coordinator();
    const source = parseInet(host) ?? null;
    for (const step of this.#steps)
      await statements.run(insertEvent, [
        this.id,
        step.id,
        utf8(step.activity),
        source,
        int32(port),
        int32(step.elapsedMs * 1000),
      ]);
    const parameters = mapBytes(
      text,
      Array.from(this.#parameters, ([name, value]) => [utf8(name), utf8(value)] as const),
    );
    await statements.run(insertSession, [
      this.id,
      parseInet(this.#client) ?? null,
      source,
      int32(port),
      int32(elapsedMs * 1000),
      parameters,
      utf8(this.#request),
      int64(this.#startedAtMs),
    ]);
  }
}

function int32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setInt32(0, Math.min(Math.round(value), 2 ** 31 - 1));
  return bytes;
}
function int64(value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigInt64(0, BigInt(value));
  return bytes;
}
