/**
 * Requests, decoded into one object for each connection: QUERY, EXECUTE and BATCH make nothing new; what they hold stays
 * in the frame's bytes and is told by offset and length.
 *
 * Source: native_protocol_v3.spec, v4 and v5, §4.1.
 */
import { emptyBytes, fromUtf8Part } from '@skerry/kernel';
import { BodyReader } from './body-reader.ts';
import { batchTypes, errorCodes, frameFlags, opcodes, prepareKeyspaceFlag, type ProtocolVersion } from './codes.ts';
import { passingFault, type WireFault } from './fault.ts';
import type { Frame } from './frame-reader.ts';
import { Parameters } from './parameters.ts';
import { grown, ValueSlots } from './value-slots.ts';

/** A statement of a batch: kind, start or id, and the number of its values. */
const batchStatementSizeMinBytes = 5;
const statementCountInitial = 16;

/** The statements of a BATCH, by index; reused. */
export class BatchSlots {
  count = 0;
  /** 1: `starts` and `lengths` are of a prepared id, 0: of a text. */
  prepared = new Int32Array(statementCountInitial);
  starts = new Int32Array(statementCountInitial);
  lengths = new Int32Array(statementCountInitial);
  /** Its values are [valueFirst, valueFirst + valueCount) of the request's. */
  valueFirst = new Int32Array(statementCountInitial);
  valueCount = new Int32Array(statementCountInitial);

  clear(): void {
    this.count = 0;
  }

  reserve(size: number): void {
    if (size <= this.starts.length) return;
    const capacity = Math.max(size, 2 * this.starts.length);
    this.prepared = grown(this.prepared, capacity);
    this.starts = grown(this.starts, capacity);
    this.lengths = grown(this.lengths, capacity);
    this.valueFirst = grown(this.valueFirst, capacity);
    this.valueCount = grown(this.valueCount, capacity);
  }
}

/** Offsets are in `buffer`, and hold as long as the frame does. Which fields mean something depends on `opcode`. */
export class Request {
  opcode = 0;
  stream = 0;
  version: ProtocolVersion = 5;
  buffer: Uint8Array = emptyBytes;
  /** The client wants this traced. */
  tracing = false;
  /** A [bytes map], see {@link customPayloadOf}; -1: none. */
  payloadStart = -1;
  payloadEnd = -1;
  /** QUERY, PREPARE: the text. EXECUTE: the prepared id. AUTH_RESPONSE: the token, length -1 for null. */
  start = 0;
  length = 0;
  /** EXECUTE in v5: the id of the result's metadata that the client knows; length -1 before v5. */
  resultIdStart = 0;
  resultIdLength = -1;
  /** QUERY, EXECUTE, BATCH; its keyspace for PREPARE too. */
  readonly parameters = new Parameters();
  readonly values = new ValueSlots();
  /** BATCH: a number of {@link batchTypes}. */
  batchType = 0;
  readonly batch = new BatchSlots();
  /** STARTUP. */
  options: ReadonlyMap<string, string> = new Map();
  /** REGISTER. */
  events: readonly string[] = [];
}

const reader = new BodyReader();

/** Fills `request` with what the frame holds. A fault says why it cannot be read; then the fields mean nothing. */
export function decodeRequest(frame: Frame, request: Request): WireFault | undefined {
  request.opcode = frame.opcode;
  request.stream = frame.stream;
  request.version = frame.version;
  request.buffer = frame.buffer;
  request.tracing = (frame.flags & frameFlags.tracing) !== 0;
  request.payloadStart = -1;
  request.start = 0;
  request.length = 0;
  request.resultIdLength = -1;
  request.values.clear();
  request.batch.clear();
  reader.reset(frame.buffer, frame.start, frame.end);
  if ((frame.flags & frameFlags.payload) !== 0) skipPayload(request);
  switch (frame.opcode) {
    case opcodes.execute:
      decodeExecute(request);
      break;
    case opcodes.query:
      decodeText(request);
      request.parameters.read(reader, request.version, request.values);
      break;
    case opcodes.batch:
      decodeBatch(request);
      break;
    case opcodes.prepare:
      decodePrepare(request);
      break;
    case opcodes.startup:
      request.options = reader.stringMap();
      break;
    case opcodes.register:
      request.events = reader.stringList();
      break;
    case opcodes.authResponse:
      request.length = reader.bytesLength();
      request.start = request.length > 0 ? reader.skip(request.length) : reader.at;
      break;
    case opcodes.options:
      break;
    default:
      reader.fail(`Unknown opcode ${frame.opcode}`);
  }
  const { problem } = reader;
  reader.buffer = emptyBytes;
  return problem === undefined
    ? undefined
    : passingFault('body', errorCodes.protocol, problem, frame.stream, frame.version);
}

function skipPayload(request: Request): void {
  if (request.version < 4)
    return reader.fail('Received frame with CUSTOM_PAYLOAD flag for native protocol version < 4');
  request.payloadStart = reader.at;
  const count = reader.count16('pairs', 6);
  for (let i = 0; i < count && reader.problem === undefined; i++) {
    reader.skip(reader.u16());
    const length = reader.bytesLength();
    if (length > 0) reader.skip(length);
  }
  request.payloadEnd = reader.at;
}

function decodeText(request: Request): void {
  const length = reader.i32();
  if (length < 0) reader.fail(`Invalid length ${length} of a query`);
  request.start = reader.skip(Math.max(length, 0));
  request.length = length;
}

function decodeExecute(request: Request): void {
  request.length = reader.u16();
  request.start = reader.skip(request.length);
  if (request.version >= 5) {
    request.resultIdLength = reader.u16();
    request.resultIdStart = reader.skip(request.resultIdLength);
  }
  request.parameters.read(reader, request.version, request.values);
}

function decodePrepare(request: Request): void {
  decodeText(request);
  const { parameters } = request;
  parameters.clear();
  // Early drivers of v5 left the flags out.
  if (request.version < 5 || reader.remaining === 0) return;
  if ((reader.i32() & prepareKeyspaceFlag) === 0) return;
  parameters.keyspaceLength = reader.u16();
  parameters.keyspaceStart = reader.skip(parameters.keyspaceLength);
}

function decodeBatch(request: Request): void {
  const { batch, values } = request;
  request.batchType = reader.u8();
  if (request.batchType > batchTypes.counter) return reader.fail(`Invalid BATCH message type ${request.batchType}`);
  const count = reader.count16('statements', batchStatementSizeMinBytes);
  batch.reserve(count);
  for (let i = 0; i < count && reader.problem === undefined; i++) {
    const kind = reader.u8();
    if (kind > 1) return reader.fail(`Invalid query kind in BATCH messages. Must be 0 or 1 but got ${kind}`);
    const length = kind === 1 ? reader.u16() : reader.i32();
    if (length < 0) return reader.fail(`Invalid length ${length} of a query`);
    batch.prepared[i] = kind;
    batch.starts[i] = reader.skip(length);
    batch.lengths[i] = length;
    batch.valueFirst[i] = values.count;
    batch.valueCount[i] = values.read(reader, false, request.version);
  }
  batch.count = count;
  request.parameters.read(reader, request.version, undefined);
}

/** The bytes [start, start + length) of the request as text; undefined when they are no UTF-8. */
export const requestText = (request: Request, start: number, length: number): string | undefined =>
  length <= 0 ? '' : fromUtf8Part(request.buffer, start, start + length);

/** Views on the values of the custom payload; empty when there is none. */
export function customPayloadOf(request: Request): ReadonlyMap<string, Uint8Array | null> {
  if (request.payloadStart < 0) return new Map();
  const own = new BodyReader();
  own.reset(request.buffer, request.payloadStart, request.payloadEnd);
  return own.bytesMap();
}
