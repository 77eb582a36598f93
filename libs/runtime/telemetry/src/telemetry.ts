/** One node's events and figures: what happened goes to the log, the counters and whoever listens. */
import { createMetrics, processMetricsText, type Metrics } from './metrics.ts';
import { defaultOutput, openLog, type LogWriter, type Output } from './log.ts';
import { cleanText, describeError, redactField } from './redact.ts';
import type { Counter, Level, Telemetry, TelemetryEvent } from './types.ts';

export const levels: readonly Level[] = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'];
export const isLevel = (text: string): text is Level => levels.some((level) => level === text);

export type TelemetryOptions = {
  readonly nodeId: string;
  readonly role: string;
  /** Lines below it are not written. Default: info. */
  readonly level?: Level;
  /** Default: `pretty` when standard error is a terminal, else `json`. Both go to standard error. */
  readonly output?: Output;
  /** Whether {@link Telemetry.metricsText} tells of the process too: yes for one node of a process. Default: true. */
  readonly processMetrics?: boolean;
};

type Listener = (event: TelemetryEvent) => void;
/** What a telemetry and its children share. */
type Shared = {
  readonly nodeId: string;
  readonly role: string;
  readonly log: LogWriter;
  readonly metrics: Metrics;
  readonly processMetrics: boolean;
  readonly events: Counter;
  readonly listeners: Set<Listener>;
  level: Level;
};

// These stand on every line; an event's own field of the name is written with `_` behind.
const reservedKeys = new Set(['level', 'time', 'node', 'role', 'event', 'message', 'error']);

export function createTelemetry(options: TelemetryOptions): Telemetry {
  const { nodeId, role, level = 'info', output = defaultOutput(), processMetrics = true } = options;
  const metrics = createMetrics(nodeId);
  const events = metrics.counter('events_total', 'Events, by name.', ['event']);
  const listeners = new Set<Listener>();
  return around({ nodeId, role, log: openLog(output), metrics, processMetrics, events, listeners, level }, {});
}

function around(shared: Shared, fields: Readonly<Record<string, unknown>>): Telemetry {
  const { metrics } = shared;
  const bare = Object.keys(fields).length === 0;
  return {
    // Most events of a busy node are below the level: a copy of each would cost more than the rest.
    emit: (event) => emit(shared, bare ? event : { ...fields, ...event }),
    listen(listener) {
      // A wrapper of its own: the same function may listen twice, and each stop ends one of them.
      const own: Listener = (event) => listener(event);
      shared.listeners.add(own);
      return () => void shared.listeners.delete(own);
    },
    child: (more) => around(shared, { ...fields, ...more }),
    counter: metrics.counter,
    gauge: metrics.gauge,
    histogram: metrics.histogram,
    get level() {
      return shared.level;
    },
    setLevel(level) {
      const before = shared.level;
      shared.level = level;
      return before;
    },
    metricsText: async () =>
      shared.processMetrics ? (await processMetricsText()) + (await metrics.text()) : await metrics.text(),
    flush: () => shared.log.flush(),
  };
}

function emit(shared: Shared, event: TelemetryEvent): void {
  const { level = 'info' } = event;
  shared.events.add(1, { event: event.event });
  if (levels.indexOf(level) >= levels.indexOf(shared.level)) shared.log.write(level, toRecord(shared, event));
  for (const listener of shared.listeners) {
    try {
      listener(event);
    } catch (error) {
      // Whoever reads an event must not break whoever made it.
      shared.log.write('error', toRecord(shared, { event: 'listener_failed', error, about: event.event }));
    }
  }
}

function toRecord(shared: Shared, event: TelemetryEvent): Record<string, unknown> {
  const { event: name, level: _, message = name, error, ...fields } = event;
  const record: Record<string, unknown> = { node: shared.nodeId, role: shared.role, event: name };
  for (const [key, value] of Object.entries(fields))
    if (value !== undefined) record[reservedKeys.has(key) ? `${key}_` : key] = redactField(key, value);
  if (error !== undefined) record['error'] = describeError(error);
  record['message'] = cleanText(message);
  return record;
}
