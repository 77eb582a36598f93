/** Statements that the node runs for itself. */
import type { Execution, Plan, ResultColumn, ResultSink } from '../engine/contract.ts';

export type InternalHost = {
  plan(text: string, keyspace: string | undefined): Plan;
  /** Microseconds since 1970, greater than all before: its signed halves, and milliseconds. */
  now(): { readonly hi: number; readonly lo: number; readonly ms: number };
  /** The end of a turn: resolves when what was written is as durable as the node promises. */
  written(): Promise<void> | undefined;
};
/** By the columns' names. */
export type InternalRow = Readonly<Record<string, Uint8Array | null>>;

/** Consistency ONE. */
const consistencyOne = 1;

export class InternalStatements {
  readonly #host: InternalHost;
  constructor(host: InternalHost) {
    this.#host = host;
  }
  /** Values are bound in the order of the markers. What is written can be read at once, and is durable when it resolves. */
  async run(text: string, values: readonly (Uint8Array | null)[] = []): Promise<readonly InternalRow[]> {
    const plan = this.#host.plan(text, undefined);
    const sink = new CollectingSink();
    await plan.execute(this.#execution(values), sink);
    await this.#host.written();
    return sink.rows;
  }
  #execution(values: readonly (Uint8Array | null)[]): Execution {
    const { hi, lo, ms } = this.#host.now();
    const size = values.reduce((sum, value) => sum + (value?.length ?? 0), 0);
    const buffer = new Uint8Array(size);
    const starts = new Int32Array(values.length);
    const lengths = new Int32Array(values.length);
    let at = 0;
    for (const [i, value] of values.entries()) {
      starts[i] = at;
      lengths[i] = value === null ? -1 : value.length;
      if (value === null) continue;
      buffer.set(value, at);
      at += value.length;
    }
    return {
      values: { buffer, starts, lengths, first: 0, count: values.length },
      consistency: consistencyOne,
      serialConsistency: -1,
      pageSize: -1,
      pagingState: undefined,
      skipMetadata: false,
      timestampHi: hi,
      timestampLo: lo,
      nowSeconds: Math.floor(ms / 1000),
      nowMs: ms,
      version: 4,
      keyspace: undefined,
      role: undefined,
      warnings: [],
      trace: undefined,
    };
  }
}

class CollectingSink implements ResultSink {
  readonly rows: InternalRow[] = [];
  readonly sizeBytes = 0;
  readonly client = { isGone: false };
  #columns: readonly ResultColumn[] = [];
  #row: Record<string, Uint8Array | null> = {};
  #column = 0;
  aside(_warnings: string[], keeps: boolean): this {
    if (!keeps) this.rows.length = 0;
    return this;
  }
  void(): void {}
  setKeyspace(): void {}
  schemaChange(): void {}
  beginRows(columns: readonly ResultColumn[]): void {
    this.#columns = columns;
  }
  cell(bytes: Uint8Array, from: number, size: number): void {
    const name = this.#columns[this.#column]?.name ?? '';
    this.#row[name] = size < 0 ? null : bytes.slice(from, from + size);
    this.#column += 1;
  }
  cells(bytes: Uint8Array, from: number, size: number): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let at = from; at < from + size;) {
      const length = view.getInt32(at);
      this.cell(bytes, at + 4, length);
      at += 4 + Math.max(0, length);
    }
  }
  endRow(): void {
    this.rows.push(this.#row);
    this.#row = {};
    this.#column = 0;
  }
  endRows(): void {}
}
