/** Responses, as a client reads them. Source: native_protocol_v3.spec, v4 and v5, §4.2. */
import { emptyBytes, fail, ok, type Result } from '@skerry/kernel';
import { BodyReader } from './body-reader.ts';
import { errorCodes, frameFlags, metadataFlags, opcodes, resultKinds, type ProtocolVersion } from './codes.ts';
import { readErrorBody, type ErrorBody } from './error-body.ts';
import { readEventBody, readSchemaChange, type EventBody, type SchemaChange } from './event.ts';
import { passingFault, type WireFault } from './fault.ts';
import type { Frame } from './frame-reader.ts';
import { readColumns, type WireColumn } from './metadata.ts';
import { readPrepared, type PreparedBody } from './prepared.ts';

/** Cells of a page by index `row * columnCount + column`, in the frame's bytes; a negative length is null. */
export type RowCells = {
  readonly rowCount: number;
  readonly columnCount: number;
  readonly buffer: Uint8Array;
  readonly starts: Int32Array;
  readonly lengths: Int32Array;
};
export type ResponseBody =
  | { readonly kind: 'error'; readonly error: ErrorBody }
  | { readonly kind: 'ready' | 'void' }
  | { readonly kind: 'authenticate'; readonly className: string }
  | { readonly kind: 'auth_challenge' | 'auth_success'; readonly token: Uint8Array | null }
  | { readonly kind: 'supported'; readonly options: ReadonlyMap<string, readonly string[]> }
  | {
      readonly kind: 'rows';
      /** Undefined when the client said that it knows them. */
      readonly columns: readonly WireColumn[] | undefined;
      readonly pagingState: Uint8Array | undefined;
      /** The metadata's new id, when the client sent another (v5). */
      readonly changedId: Uint8Array | undefined;
      readonly cells: RowCells;
    }
  | { readonly kind: 'set_keyspace'; readonly keyspace: string }
  | { readonly kind: 'prepared'; readonly prepared: PreparedBody }
  | { readonly kind: 'schema_change'; readonly schema: SchemaChange }
  | { readonly kind: 'event'; readonly event: EventBody };
export type Response = {
  readonly stream: number;
  readonly tracingId: Uint8Array | undefined;
  readonly warnings: readonly string[];
  readonly payload: ReadonlyMap<string, Uint8Array | null>;
  readonly body: ResponseBody;
};

const tracingIdSizeBytes = 16;
const noPayload: ReadonlyMap<string, Uint8Array | null> = new Map();

/** Views in it hold as long as the frame does. */
export function decodeResponse(frame: Frame): Result<Response, WireFault> {
  const reader = new BodyReader();
  reader.reset(frame.buffer, frame.start, frame.end);
  const { flags, stream, version } = frame;
  const tracingId = (flags & frameFlags.tracing) === 0 ? undefined : reader.view(tracingIdSizeBytes);
  const warnings = (flags & frameFlags.warning) === 0 ? [] : reader.stringList();
  const payload = (flags & frameFlags.payload) === 0 ? noPayload : reader.bytesMap();
  const body = readBody(reader, frame.opcode, version);
  if (reader.problem !== undefined || body === undefined)
    return fail(passingFault('body', errorCodes.protocol, reader.problem ?? 'Unknown message', stream, version));
  return ok({ stream, tracingId, warnings, payload, body });
}

function readBody(reader: BodyReader, opcode: number, version: ProtocolVersion): ResponseBody | undefined {
  switch (opcode) {
    case opcodes.error:
      return { kind: 'error', error: readErrorBody(reader, version) };
    case opcodes.ready:
      return { kind: 'ready' };
    case opcodes.authenticate:
      return { kind: 'authenticate', className: reader.string() };
    case opcodes.authChallenge:
      return { kind: 'auth_challenge', token: reader.bytes() };
    case opcodes.authSuccess:
      return { kind: 'auth_success', token: reader.bytes() };
    case opcodes.supported:
      return { kind: 'supported', options: reader.stringMultimap() };
    case opcodes.event: {
      const event = readEventBody(reader);
      return event && { kind: 'event', event };
    }
    case opcodes.result:
      return readResult(reader, version);
    default:
      return undefined;
  }
}

function readResult(reader: BodyReader, version: ProtocolVersion): ResponseBody | undefined {
  switch (reader.i32()) {
    case resultKinds.void:
      return { kind: 'void' };
    case resultKinds.rows:
      return readRows(reader);
    case resultKinds.setKeyspace:
      return { kind: 'set_keyspace', keyspace: reader.string() };
    case resultKinds.prepared:
      return { kind: 'prepared', prepared: readPrepared(reader, version) };
    case resultKinds.schemaChange: {
      const schema = readSchemaChange(reader);
      return schema && { kind: 'schema_change', schema };
    }
    default:
      return undefined;
  }
}

function readRows(reader: BodyReader): ResponseBody {
  const flags = reader.i32();
  const columnCount = reader.count32('columns', 0);
  const pagingState = (flags & metadataFlags.morePages) === 0 ? undefined : (reader.bytes() ?? emptyBytes);
  const changedId = (flags & metadataFlags.changed) === 0 ? undefined : reader.shortBytes();
  const columns = (flags & metadataFlags.noMetadata) === 0 ? readColumns(reader, flags, columnCount) : undefined;
  const rowCount = reader.count32('rows', 4 * columnCount);
  const size = columnCount === 0 ? 0 : rowCount * columnCount;
  const starts = new Int32Array(size);
  const lengths = new Int32Array(size);
  for (let i = 0; i < size && reader.problem === undefined; i++) {
    const length = reader.bytesLength();
    lengths[i] = length;
    starts[i] = length > 0 ? reader.skip(length) : reader.at;
  }
  return {
    kind: 'rows',
    columns,
    pagingState,
    changedId,
    cells: { rowCount, columnCount, buffer: reader.buffer, starts, lengths },
  };
}

/** The least about a response, for who only counts: reused, nothing is made. */
export class ResponseHead {
  /** Code of an ERROR; -1 for what is none. */
  errorCode = -1;
  /** A number of `resultKinds`; 0 for what is no RESULT. */
  resultKind = 0;
  /** Of `rows` without metadata; -1 when it has some, which would have to be read first. */
  rowCount = -1;
  pagingStart = 0;
  /** -1: no further page. */
  pagingLength = -1;
}

const headReader = new BodyReader();

/** False: the body is cut. */
export function readResponseHead(frame: Frame, head: ResponseHead): boolean {
  const reader = headReader;
  reader.reset(frame.buffer, frame.start, frame.end);
  head.errorCode = -1;
  head.resultKind = 0;
  head.rowCount = -1;
  head.pagingLength = -1;
  if ((frame.flags & frameFlags.tracing) !== 0) reader.skip(tracingIdSizeBytes);
  if ((frame.flags & frameFlags.warning) !== 0) reader.stringList();
  if ((frame.flags & frameFlags.payload) !== 0) reader.bytesMap();
  if (frame.opcode === opcodes.error) head.errorCode = reader.i32();
  else if (frame.opcode === opcodes.result) {
    head.resultKind = reader.i32();
    if (head.resultKind === resultKinds.rows) readRowsHead(reader, head);
  }
  reader.buffer = emptyBytes;
  return reader.problem === undefined;
}

function readRowsHead(reader: BodyReader, head: ResponseHead): void {
  const flags = reader.i32();
  reader.i32();
  if ((flags & metadataFlags.morePages) !== 0) {
    head.pagingLength = reader.bytesLength();
    head.pagingStart = head.pagingLength > 0 ? reader.skip(head.pagingLength) : reader.at;
  }
  if ((flags & metadataFlags.noMetadata) !== 0) head.rowCount = reader.i32();
}
