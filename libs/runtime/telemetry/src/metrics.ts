/** Figures for Prometheus. The only module that knows prom-client. */
import { readFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { assert } from '@skerry/kernel';
import { collectDefaultMetrics, Counter as PromCounter, Gauge as PromGauge, type Metric, Registry } from 'prom-client';
import { BucketHistogram } from './histogram.ts';
import { Totals } from './totals.ts';
import type { Counter, Gauge, Histogram, Telemetry } from './types.ts';

/** Of prom-client's own figures of the event loop, in ms, which hold it whole: ours stand beside them. */
const eventLoopResolutionMs = 50;
/** Of {@link eventLoopDelay}, in ms: what blocks the loop for longer is always seen. A finer one wakes an idle process more. */
const delayResolutionMs = 10;

export type Metrics = Pick<Telemetry, 'counter' | 'gauge' | 'histogram'> & {
  text(): Promise<string>;
};

const prefix = 'skerry_';
const fullName = (name: string): string => {
  assert(/^[a-z][a-z0-9_]*$/.test(name), `metric name must be snake_case: got "${name}"`);
  return prefix + name;
};

export function createMetrics(node: string): Metrics {
  const registry = new Registry();
  registry.setDefaultLabels({ node });
  const made = new Map<string, unknown>();
  const once = <T>(kind: string, name: string, make: (name: string) => T): T => {
    const key = `${kind} ${name}`;
    if (!made.has(key)) made.set(key, make(fullName(name)));
    // Kind and name together decide the type.
    return made.get(key) as T;
  };
  return {
    counter: (name, help, labelNames = [], read) =>
      once('counter', name, (full): Counter => {
        const totals = new Totals(full, labelNames);
        const metric: PromCounter = new PromCounter({
          name: full,
          help,
          labelNames: [...labelNames],
          registers: [registry],
          collect: () => {
            if (read === undefined) return totals.tell((labels, amount) => metric.inc(labels, amount));
            metric.reset();
            for (const { labels, total } of read()) metric.inc({ ...labels }, total);
          },
        });
        return { add: (amount, labels) => totals.add(amount, labels) };
      }),
    gauge: (name, help, labelNames = [], read) =>
      once('gauge', name, (full): Gauge => {
        const metric: PromGauge = new PromGauge({
          name: full,
          help,
          labelNames: [...labelNames],
          registers: [registry],
          ...(read !== undefined && { collect: () => metric.set(read()) }),
        });
        return {
          set: (value, labels) => (labels === undefined ? metric.set(value) : metric.set({ ...labels }, value)),
        };
      }),
    histogram: (name, help, labelNames = [], buckets, read) =>
      once('histogram', name, (full): Histogram => {
        const histogram = new BucketHistogram(full, help, labelNames, buckets, read);
        // A registry reads nothing of a metric but its name and get(); the type knows prom-client's own classes only.
        registry.registerMetric(histogram as unknown as Metric);
        return histogram;
      }),
    text: () => registry.metrics(),
  };
}

let processMetrics: Registry | undefined;

/** Figures of the process, of which there is one however many nodes run in it: prom-client's own, and memory. */
export function processMetricsText(): Promise<string> {
  if (processMetrics === undefined) {
    processMetrics = new Registry();
    collectDefaultMetrics({ register: processMetrics, eventLoopMonitoringPrecision: eventLoopResolutionMs });
    eventLoopDelay(processMetrics);
    const memory: PromGauge = new PromGauge({
      name: `${prefix}process_memory_bytes`,
      help: 'Memory of the process itself by kind (RssAnon and RssShmem of /proc/self/status); mapped files are apart.',
      labelNames: ['kind'],
      registers: [processMetrics],
      collect: () => {
        for (const [kind, bytes] of Object.entries(readMemory())) memory.set({ kind }, bytes);
      },
    });
  }
  return processMetrics.metrics();
}

/** How late the event loop was since the last look: while it is blocked, nobody is served. */
function eventLoopDelay(registry: Registry): void {
  const histogram = monitorEventLoopDelay({ resolution: delayResolutionMs });
  histogram.enable();
  // A tick's whole interval is recorded, the wanted part of it included; nothing at all is NaN.
  const late = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e9 - delayResolutionMs / 1e3) || 0;
  const delay: PromGauge = new PromGauge({
    name: `${prefix}event_loop_delay_seconds`,
    help: 'How late the event loop was since the last scrape, by statistic',
    labelNames: ['statistic'],
    registers: [registry],
    collect: () => {
      delay.set({ statistic: 'max' }, histogram.count === 0 ? 0 : late(histogram.max));
      delay.set({ statistic: 'p99' }, late(histogram.percentile(99)));
      histogram.reset();
    },
  });
}

/** Several nodes' figures in one text: each family's samples stand together under one header, as the format demands. */
export function mergeMetrics(texts: readonly string[]): string {
  const families = new Map<string, { readonly header: string; samples: string }>();
  for (const text of texts)
    for (const block of text.split(/^(?=# HELP )/m)) {
      const [, header, name, samples] = /^(# HELP (\S+).*\n# TYPE .*\n)([\s\S]*)$/.exec(block) ?? [];
      if (header === undefined || name === undefined || samples === undefined) continue;
      const lines = samples.trim();
      const family = families.get(name) ?? { header, samples: '' };
      if (lines !== '') family.samples += `${lines}\n`;
      families.set(name, family);
    }
  return [...families.values()].map(({ header, samples }) => `${header}${samples}`).join('\n');
}

/** In bytes, from /proc/self/status; empty where there is none. */
export function readMemory(): Readonly<Record<string, number>> {
  const kinds = { anonymous: 'RssAnon', shared: 'RssShmem', file: 'RssFile' };
  let text: string;
  try {
    text = readFileSync('/proc/self/status', 'utf8');
  } catch {
    return {};
  }
  return Object.fromEntries(
    Object.entries(kinds).flatMap(([kind, field]) => {
      const kibibytes = new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1];
      return kibibytes === undefined ? [] : [[kind, Number(kibibytes) * 1024]];
    }),
  );
}
