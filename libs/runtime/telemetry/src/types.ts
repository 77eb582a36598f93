/** What happened, as a typed event; its readers are the log, the metrics, the console and the tests. */
export type Level = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal';

export type TelemetryEvent = {
  /** snake_case, past tense where something happened: `session_opened`, `transfer_finished`, `record_damaged`. */
  readonly event: string;
  /** Default: info. */
  readonly level?: Level;
  /** One line for people; default: the event's name. */
  readonly message?: string;
  readonly error?: unknown;
  readonly [field: string]: unknown;
};

export type Labels = Readonly<Record<string, string>>;
export interface Counter {
  add(amount?: number, labels?: Labels): void;
}
export interface Gauge {
  set(value: number, labels?: Labels): void;
}
export interface Histogram {
  observe(value: number, labels?: Labels): void;
  /** Those of one set of labels, to be kept: it then costs some nanoseconds to observe. */
  with(labels: Labels): Series;
}
export interface Series {
  observe(value: number): void;
}

/** What its owner counts by itself, read at a scrape: for paths where even a call costs too much. */
export type CounterReading = { readonly labels: Labels; /** Since the start. */ readonly total: number };
export type HistogramReading = {
  readonly labels: Labels;
  /** Since the start, by bucket; the last is beyond all bounds. */
  readonly counts: ArrayLike<number>;
  readonly sum: number;
};

export interface Telemetry {
  /** Log line (secrets redacted), count in `skerry_events_total{event}`, and every listener. */
  emit(event: TelemetryEvent): void;
  /** Called for every event, before level filtering. Returns the way to stop. */
  listen(listener: (event: TelemetryEvent) => void): () => void;
  /** Same readers, more fields on each line. */
  child(fields: Readonly<Record<string, unknown>>): Telemetry;
  /** Asking twice for one name gives the same metric. Names: snake_case, unit last, `skerry_` is put before. */
  counter(name: string, help: string, labelNames?: readonly string[], read?: () => readonly CounterReading[]): Counter;
  gauge(name: string, help: string, labelNames?: readonly string[], read?: () => number): Gauge;
  histogram(
    name: string,
    help: string,
    labelNames?: readonly string[],
    buckets?: readonly number[],
    read?: () => readonly HistogramReading[],
  ): Histogram;
  readonly level: Level;
  /** While running; returns the level before. */
  setLevel(level: Level): Level;
  /** Prometheus text format 0.0.4. */
  metricsText(): Promise<string>;
  /** Writes out what is buffered. */
  flush(): Promise<void>;
}
