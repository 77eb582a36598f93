/**
 * Responses, written straight into the bytes for the socket.
 *
 * Source: native_protocol_v3.spec, v4 and v5, §4.2. Rows: `beginRows`, for each row its cells and `endRow`, `endRows`.
 */
import { frameFlags, metadataFlags, opcodes, responseBit, resultKinds, type ProtocolVersion } from './codes.ts';
import type { Compression } from './compression.ts';
import { writeErrorBody, type ErrorBody } from './error-body.ts';
import { writeEventBody, writeSchemaChange, type EventBody, type SchemaChange } from './event.ts';
import { FrameWriter } from './frame-writer.ts';
import { HeldRows } from './held-rows.ts';
import { Output } from './output.ts';
import type { EncodedColumns } from './metadata.ts';

/** What may stand before a response's own body. v3 knows only the first. */
export type ResponseExtras = {
  /** 16 bytes. */
  readonly tracingId?: Uint8Array;
  readonly warnings?: readonly string[];
  readonly payload?: ReadonlyMap<string, Uint8Array | null>;
};

const eventStream = -1;
const tracingIdSizeBytes = 16;
/** Bytes of the warnings of one answer. */
const warningsSizeMaxBytes = 1024 * 1024;

export class ResponseWriter extends FrameWriter {
  #stream = 0;
  /** Offset of the metadata's flags, and of the count of rows, from the output's start. */
  #flagsAt = 0;
  #countAt = 0;
  #rowCount = 0;

  /**
   * After STARTUP was read and before it is answered: the answer has the compression in v3 and v4, and is the last
   * without segments in v5.
   */
  startup(version: ProtocolVersion, compression?: Compression): void {
    this.negotiate(version, compression, 1);
  }

  ready(stream: number): void {
    this.#begin(stream, opcodes.ready);
    this.#end();
  }
  /** @param className of the authenticator. */
  authenticate(stream: number, className: string): void {
    this.#begin(stream, opcodes.authenticate);
    this.out.string(className);
    this.#end();
  }
  authChallenge(stream: number, token: Uint8Array | null): void {
    this.#begin(stream, opcodes.authChallenge);
    this.out.bytes(token);
    this.#end();
  }
  authSuccess(stream: number, token: Uint8Array | null): void {
    this.#begin(stream, opcodes.authSuccess);
    this.out.bytes(token);
    this.#end();
  }
  supported(stream: number, options: ReadonlyMap<string, readonly string[]>): void {
    this.#begin(stream, opcodes.supported);
    this.out.u16(options.size);
    for (const [name, values] of options) {
      this.out.string(name);
      this.out.stringList(values);
    }
    this.#end();
  }
  error(stream: number, error: ErrorBody, extras?: ResponseExtras): void {
    this.#begin(stream, opcodes.error, extras);
    writeErrorBody(this.out, error, this.version);
    this.#end();
  }
  event(event: EventBody): void {
    this.#begin(eventStream, opcodes.event);
    writeEventBody(this.out, event, this.version);
    this.#end();
  }
  void(stream: number, extras?: ResponseExtras): void {
    this.#begin(stream, opcodes.result, extras);
    this.out.i32(resultKinds.void);
    this.#end();
  }
  setKeyspace(stream: number, keyspace: string, extras?: ResponseExtras): void {
    this.#begin(stream, opcodes.result, extras);
    this.out.i32(resultKinds.setKeyspace);
    this.out.string(keyspace);
    this.#end();
  }
  schemaChange(stream: number, change: SchemaChange, extras?: ResponseExtras): void {
    this.#begin(stream, opcodes.result, extras);
    this.out.i32(resultKinds.schemaChange);
    writeSchemaChange(this.out, change, this.version);
    this.#end();
  }
  /** @param body of `encodePrepared`, for the version of this connection. */
  prepared(stream: number, body: Uint8Array, extras?: ResponseExtras): void {
    this.#begin(stream, opcodes.result, extras);
    this.out.i32(resultKinds.prepared);
    this.out.raw(body);
    this.#end();
  }

  /**
   * @param columns for the version of this connection.
   * @param skipMetadata the client knows the columns and wants only their number.
   * @param changedId of the result's metadata, when the client knows another (v5); then the metadata is told.
   */
  beginRows(
    stream: number,
    columns: EncodedColumns,
    skipMetadata: boolean,
    changedId?: Uint8Array,
    extras?: ResponseExtras,
  ): void {
    this.#begin(stream, opcodes.result, extras);
    const { out } = this;
    const isChanged = changedId !== undefined && this.version >= 5;
    const isSkipped = skipMetadata && !isChanged;
    out.i32(resultKinds.rows);
    this.#flagsAt = out.length;
    out.i32(isSkipped ? metadataFlags.noMetadata : columns.flags | (isChanged ? metadataFlags.changed : 0));
    out.i32(columns.columnCount);
    if (isChanged) out.shortBytes(changedId);
    if (!isSkipped) out.raw(columns.bytes);
    this.#countAt = out.length;
    this.#rowCount = 0;
    out.i32(0);
  }
  get rowCount(): number {
    return this.#rowCount;
  }
  /** The bytes [start, start + length) of `bytes`; null when `length` is negative. */
  cell(bytes: Uint8Array, start: number, length: number): void {
    this.out.prefixedPart(bytes, start, length < 0 ? -1 : length);
  }
  nullCell(): void {
    this.out.i32(-1);
  }
  /** Cells that are encoded already, each with its length. */
  cells(bytes: Uint8Array, start: number, length: number): void {
    this.out.part(bytes, start, length);
  }
  endRow(): void {
    this.#rowCount += 1;
  }
  /** Where whole rows may be written, cells as for {@link cells}; then {@link wroteRows}. */
  get rowOutput(): Output {
    return this.out;
  }
  wroteRows(count: number): void {
    this.#rowCount += count;
  }
  /** The result comes later: what was written of its rows, taken out of the frame, which is abandoned. */
  takeRows(): HeldRows {
    const { out } = this;
    const held = new HeldRows();
    const from = this.#countAt + 4;
    // What overflows here does so there: it stays too much.
    if (out.overflown) held.overflow();
    else held.add(out.buffer, out.start + from, out.length - from, this.#rowCount);
    this.abandon();
    return held;
  }
  /** Rows that were held, behind `beginRows`. */
  rows(held: HeldRows): void {
    if (held.overflown) this.out.overflown = true;
    const bytes = held.take();
    this.out.part(bytes, 0, bytes.length);
    this.#rowCount += held.count;
  }
  /** Warnings that are known only behind the rows; in place of those of the extras. Not told before v4. */
  lateWarnings(warnings: readonly string[], isTraced: boolean): void {
    if (this.version < 4 || warnings.length === 0 || this.out.overflown) return;
    const list = new Output(warningsSizeMaxBytes);
    list.stringList(warnings);
    if (list.overflown) return;
    const bytes = list.take();
    if (!this.insertInFront(bytes, isTraced ? tracingIdSizeBytes : 0, frameFlags.warning)) return;
    this.#flagsAt += bytes.length;
    this.#countAt += bytes.length;
  }
  /** @param pagingState when there are more pages. False: the rows were too much for a frame, and an error says so. */
  endRows(pagingState?: Uint8Array): boolean {
    const { out } = this;
    if (!out.overflown) {
      out.patchI32(this.#countAt, this.#rowCount);
      if (pagingState !== undefined) this.#insertPagingState(pagingState);
    }
    return this.#end();
  }
  /** It stands before the rows, and is known only behind them. */
  #insertPagingState(pagingState: Uint8Array): void {
    const { out } = this;
    const at = this.#flagsAt + 8;
    if (!out.insert(at, 4 + pagingState.length)) return;
    out.patchI32(at, pagingState.length);
    out.patch(at + 4, pagingState);
    const lowest = out.start + this.#flagsAt + 3;
    out.buffer[lowest] = (out.buffer[lowest] ?? 0) | metadataFlags.morePages;
  }

  #begin(stream: number, opcode: number, extras?: ResponseExtras): void {
    this.#stream = stream;
    if (extras === undefined) return this.begin(responseBit, 0, stream, opcode);
    const { tracingId } = extras;
    const warnings = this.version >= 4 && extras.warnings?.length ? extras.warnings : undefined;
    const payload = this.version >= 4 ? extras.payload : undefined;
    const flags =
      (tracingId === undefined ? 0 : frameFlags.tracing) |
      (warnings === undefined ? 0 : frameFlags.warning) |
      (payload === undefined ? 0 : frameFlags.payload);
    this.begin(responseBit, flags, stream, opcode);
    if (tracingId !== undefined) this.out.raw(tracingId);
    if (warnings !== undefined) this.out.stringList(warnings);
    if (payload !== undefined) this.out.bytesMap(payload);
  }

  #end(): boolean {
    if (this.finish()) return true;
    this.begin(responseBit, 0, this.#stream, opcodes.error);
    const message = `Cannot answer: the answer is too big for one frame, or too much waits to be sent`;
    writeErrorBody(this.out, { kind: 'server', message }, this.version);
    this.finish();
    return false;
  }
}
