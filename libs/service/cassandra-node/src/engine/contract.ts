/**
 * What the parts of the engine are to one another.
 *
 * A text is planned once (`planner.ts`), the plan executed for each request. On the hot path nothing is made for a
 * request: values stay where the frame has them, an {@link Execution} is reused by its connection, results go straight
 * into the connection's writer. Plans are immutable, and hold for one version of the schema.
 */
import type { RowTarget } from '@skerry/domain-table';
import type { ValueType } from '@skerry/domain-values';

/** Bytes that somebody else owns. `size` -1: null; -2: unset. Reused: read it before the next operand is evaluated. */
export type Slot = { bytes: Uint8Array; from: number; size: number };

/** Values as a request has them: value i is `buffer[starts[i], starts[i] + lengths[i])`; lengths -1 null, -2 unset. */
export type BoundValues = {
  buffer: Uint8Array;
  starts: Int32Array;
  lengths: Int32Array;
  /** In a batch, the statement's own values begin there. */
  first: number;
  count: number;
};

/** One request, as plans see it. One for each connection, filled anew for each request. */
export type Execution = {
  readonly values: BoundValues;
  consistency: number;
  /** -1: none given. */
  serialConsistency: number;
  /** Rows; -1: no paging. */
  pageSize: number;
  pagingState: Uint8Array | undefined;
  skipMetadata: boolean;
  /** Microseconds since 1970, of every cell that has no timestamp of its own: signed halves. */
  timestampHi: number;
  timestampLo: number;
  nowSeconds: number;
  /** Milliseconds since 1970, for now() and its kin. */
  nowMs: number;
  version: 3 | 4 | 5;
  /** Undefined before USE. */
  keyspace: string | undefined;
  /** Undefined with AllowAllAuthenticator. */
  role: string | undefined;
  readonly warnings: string[];
  /** Steps of a traced request; undefined: it is not traced. */
  trace: ((activity: string) => void) | undefined;
};

/** A value of a statement, ready to be evaluated: a constant, a bound value, a function of others. */
export type Operand = {
  readonly type: ValueType;
  /** Leaves the value in `out`. @throws CqlFault for what cannot be. */
  evaluate(execution: Execution, out: Slot): void;
  /** Its value when it never changes. */
  readonly constant: Uint8Array | null | undefined;
  /** The index of the bound value that it is. */
  readonly marker: number | undefined;
};

/** What PREPARE tells of a bound value. */
export type MarkerSpec = {
  readonly keyspace: string;
  readonly table: string;
  readonly name: string;
  readonly type: ValueType;
};
export type ResultColumn = MarkerSpec;

/** Where rows go. */
export type RowSink = Pick<ResultSink, 'cell' | 'cells' | 'endRow' | 'sizeBytes' | 'rowTarget' | 'wroteRows'>;
/** Where results go: the connection's writer, behind what the engine needs of it. See `server/`. */
export type ResultSink = {
  void(): void;
  setKeyspace(name: string): void;
  schemaChange(change: SchemaChange): void;
  /** Before the first row. `columns` is the same object for the same plan, so that its bytes are made once. */
  beginRows(columns: readonly ResultColumn[], skipMetadata: boolean): void;
  /** Cells of the current row, in order. A size below 0 is null. */
  cell(bytes: Uint8Array, from: number, size: number): void;
  /** Whole cells, `[i32 size][bytes]` each, as they are. */
  cells(bytes: Uint8Array, from: number, size: number): void;
  endRow(): void;
  /** Where whole rows may be written, as by `cells`, and then {@link ResultSink.wroteRows} told; without it they may not. */
  readonly rowTarget?: RowTarget | undefined;
  wroteRows?(count: number): void;
  /** After the last row; `pagingState` when there are more. */
  endRows(pagingState: Uint8Array | undefined): void;
  /** Bytes of the result so far. */
  readonly sizeBytes: number;
  readonly client: Client;
  /**
   * A sink for a result that comes in a later turn: this one serves other requests meanwhile.
   * @param keeps what was written of the result goes with it; else it is forgotten.
   */
  aside(warnings: string[], keeps: boolean): ResultSink;
};
/** Who waits for a result: the same object for all requests of a connection. */
export type Client = {
  /** Nobody waits any more. */
  readonly isGone: boolean;
};

export type SchemaChange = {
  readonly change: 'CREATED' | 'UPDATED' | 'DROPPED';
  readonly target: 'KEYSPACE' | 'TABLE' | 'TYPE' | 'FUNCTION' | 'AGGREGATE';
  readonly keyspace: string;
  readonly name?: string | undefined;
  /** Types of a function's arguments. */
  readonly args?: readonly string[] | undefined;
};

export type Plan = {
  readonly kind: 'select' | 'modification' | 'batch' | 'schema' | 'use' | 'truncate' | 'roles' | 'describe';
  readonly markers: readonly MarkerSpec[];
  /** Indexes among the markers of the partition key's columns, in key order; empty unless all are there. */
  readonly partitionKeyMarkers: readonly number[];
  /** Undefined: no rows. LWT tells its own at execution. */
  readonly columns: readonly ResultColumn[] | undefined;
  /** What must be allowed, for authorization. */
  readonly needs: readonly { readonly permission: Permission; readonly resource: string }[];
  /**
   * Writes exactly one result, at once where nothing has to be waited for.
   * @throws (or rejects with) CqlFault, StatusError of the store.
   */
  execute(execution: Execution, sink: ResultSink): void | Promise<void>;
};
/** Statements of a BATCH message, by index; reused by whoever asks. The values of each begin at `firsts` of the request's. */
export type BatchParts = {
  readonly plans: readonly Plan[];
  readonly firsts: Int32Array;
  /** How many values each came with. */
  readonly counts: Int32Array;
  readonly count: number;
};
export type Permission =
  | 'CREATE'
  | 'ALTER'
  | 'DROP'
  | 'SELECT'
  | 'MODIFY'
  | 'AUTHORIZE'
  | 'DESCRIBE'
  | 'EXECUTE'
  | 'UNMASK'
  | 'SELECT_MASKED';

/** CQL's errors, with the fields that the native protocol gives them. */
export type FaultDetail =
  | { readonly kind: 'syntax' | 'invalid' | 'unauthorized' | 'configuration' | 'server' | 'overloaded' | 'truncate' }
  | { readonly kind: 'protocol' | 'badCredentials' }
  | { readonly kind: 'alreadyExists'; readonly keyspace: string; readonly table: string }
  | { readonly kind: 'unprepared'; readonly id: Uint8Array }
  | {
      readonly kind: 'unavailable';
      readonly consistency: number;
      readonly required: number;
      readonly alive: number;
    }
  | {
      readonly kind: 'readTimeout';
      readonly consistency: number;
      readonly received: number;
      readonly required: number;
      readonly dataPresent: boolean;
    }
  | {
      readonly kind: 'readFailure';
      readonly consistency: number;
      readonly received: number;
      readonly required: number;
      readonly dataPresent: boolean;
    }
  | {
      readonly kind: 'functionFailure';
      readonly keyspace: string;
      readonly name: string;
      readonly args: readonly string[];
    };

/** A failure in the protocol's own terms: thrown inside the engine, mapped once at the connection's door. */
export class CqlFault extends Error {
  override readonly name = 'CqlFault';
  readonly detail: FaultDetail;
  constructor(detail: FaultDetail, message: string) {
    super(message);
    this.detail = detail;
  }
}
export const invalid = (message: string): CqlFault => new CqlFault({ kind: 'invalid' }, message);
