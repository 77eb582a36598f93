/**
 * ERROR: every code with what follows its message, and what an older version gets instead.
 *
 * Source: native_protocol_v3.spec, v4 and v5, §9; Cassandra's `transport/messages/ErrorMessage.java`.
 */
import type { BodyReader } from './body-reader.ts';
import { errorCodes, type ErrorKind, type ProtocolVersion } from './codes.ts';
import type { Output } from './output.ts';

export type WriteType = 'SIMPLE' | 'BATCH' | 'UNLOGGED_BATCH' | 'COUNTER' | 'BATCH_LOG' | 'CAS' | 'VIEW' | 'CDC';
/** Who failed, by address of 4 or 16 bytes, and why: 0 unknown, 1 too many tombstones, 2 time-out, 3 not known to the node … */
export type FailureReason = { readonly address: Uint8Array; readonly code: number };

type Levels = {
  readonly message: string;
  /** Its code. */
  readonly consistency: number;
  readonly received: number;
  readonly blockFor: number;
};
type PlainKind =
  | 'server'
  | 'protocol'
  | 'bad_credentials'
  | 'overloaded'
  | 'bootstrapping'
  | 'truncate'
  | 'cdc_write_failure'
  | 'syntax'
  | 'unauthorized'
  | 'invalid'
  | 'config';
export type ErrorBody =
  | { readonly kind: PlainKind; readonly message: string }
  | {
      readonly kind: 'unavailable';
      readonly message: string;
      readonly consistency: number;
      readonly required: number;
      readonly alive: number;
    }
  /** `contentions` only with CAS, and only told in v5. */
  | ({ readonly kind: 'write_timeout'; readonly writeType: WriteType; readonly contentions?: number } & Levels)
  | ({ readonly kind: 'read_timeout'; readonly dataPresent: boolean } & Levels)
  | ({
      readonly kind: 'read_failure';
      readonly dataPresent: boolean;
      readonly failures: readonly FailureReason[];
    } & Levels)
  | ({
      readonly kind: 'write_failure';
      readonly writeType: WriteType;
      readonly failures: readonly FailureReason[];
    } & Levels)
  | {
      readonly kind: 'function_failure';
      readonly message: string;
      readonly keyspace: string;
      readonly name: string;
      readonly argumentTypes: readonly string[];
    }
  | ({ readonly kind: 'cas_write_unknown' } & Levels)
  | { readonly kind: 'already_exists'; readonly message: string; readonly keyspace: string; readonly table: string }
  | { readonly kind: 'unprepared'; readonly message: string; readonly id: Uint8Array };

/** The nearest error that the version has. */
export function errorForVersion(error: ErrorBody, version: ProtocolVersion): ErrorBody {
  if (version < 4) {
    if (error.kind === 'read_failure') return { ...error, kind: 'read_timeout' };
    if (error.kind === 'write_failure') return { ...error, kind: 'write_timeout' };
    if (error.kind === 'function_failure' || error.kind === 'cdc_write_failure')
      return { kind: 'invalid', message: error.message };
  }
  if (version < 5 && error.kind === 'cas_write_unknown') return { ...error, kind: 'write_timeout', writeType: 'CAS' };
  return error;
}

function writeLevels(out: Output, levels: Levels): void {
  out.u16(levels.consistency);
  out.i32(levels.received);
  out.i32(levels.blockFor);
}

/** v4 tells only how many. */
function writeFailures(out: Output, failures: readonly FailureReason[], version: ProtocolVersion): void {
  out.i32(failures.length);
  if (version < 5) return;
  for (const { address, code } of failures) {
    out.u8(address.length);
    out.raw(address);
    out.u16(code);
  }
}

export function writeErrorBody(out: Output, given: ErrorBody, version: ProtocolVersion): void {
  const error = errorForVersion(given, version);
  out.i32(errorCodes[error.kind]);
  out.string(error.message);
  switch (error.kind) {
    case 'unavailable':
      out.u16(error.consistency);
      out.i32(error.required);
      return out.i32(error.alive);
    case 'write_timeout':
      writeLevels(out, error);
      out.string(error.writeType);
      if (version >= 5 && error.writeType === 'CAS') out.u16(error.contentions ?? 0);
      return;
    case 'read_timeout':
      writeLevels(out, error);
      return out.u8(error.dataPresent ? 1 : 0);
    case 'read_failure':
      writeLevels(out, error);
      writeFailures(out, error.failures, version);
      return out.u8(error.dataPresent ? 1 : 0);
    case 'write_failure':
      writeLevels(out, error);
      writeFailures(out, error.failures, version);
      return out.string(error.writeType);
    case 'function_failure':
      out.string(error.keyspace);
      out.string(error.name);
      return out.stringList(error.argumentTypes);
    case 'cas_write_unknown':
      return writeLevels(out, error);
    case 'already_exists':
      out.string(error.keyspace);
      return out.string(error.table);
    case 'unprepared':
      return out.shortBytes(error.id);
    case 'server':
    case 'protocol':
    case 'bad_credentials':
    case 'overloaded':
    case 'bootstrapping':
    case 'truncate':
    case 'cdc_write_failure':
    case 'syntax':
    case 'unauthorized':
    case 'invalid':
    case 'config':
  }
}

const kindOfCode = new Map<number, ErrorKind>();
for (const [kind, code] of Object.entries(errorCodes)) kindOfCode.set(code, kind as ErrorKind);

const readLevels = (reader: BodyReader): Omit<Levels, 'message'> => ({
  consistency: reader.consistency(),
  received: reader.i32(),
  blockFor: reader.i32(),
});

/** v4 tells only how many: their addresses are empty then. */
function readFailures(reader: BodyReader, version: ProtocolVersion): FailureReason[] {
  if (version < 5) {
    const told = reader.i32();
    // The number of nodes that failed is a number of nodes.
    const count = Math.max(0, Math.min(told, 0xffff));
    return Array.from({ length: count }, () => ({ address: new Uint8Array(0), code: 0 }));
  }
  const count = reader.count32('failures', 3);
  const failures: FailureReason[] = [];
  for (let i = 0; i < count && reader.problem === undefined; i++) {
    const address = reader.view(reader.u8()).slice();
    failures.push({ address, code: reader.u16() });
  }
  return failures;
}

/** For clients. An unknown code reads as a server error. */
export function readErrorBody(reader: BodyReader, version: ProtocolVersion): ErrorBody {
  const code = reader.i32();
  const message = reader.string();
  const kind = kindOfCode.get(code);
  switch (kind) {
    case undefined:
      return { kind: 'server', message: `error ${code}: ${message}` };
    case 'unavailable':
      return { kind, message, consistency: reader.consistency(), required: reader.i32(), alive: reader.i32() };
    case 'write_timeout': {
      const levels = readLevels(reader);
      const writeType = reader.string() as WriteType;
      if (version < 5 || writeType !== 'CAS' || reader.remaining < 2) return { kind, message, ...levels, writeType };
      return { kind, message, ...levels, writeType, contentions: reader.u16() };
    }
    case 'read_timeout':
      return { kind, message, ...readLevels(reader), dataPresent: reader.u8() !== 0 };
    case 'read_failure': {
      const levels = readLevels(reader);
      const failures = readFailures(reader, version);
      return { kind, message, ...levels, failures, dataPresent: reader.u8() !== 0 };
    }
    case 'write_failure': {
      const levels = readLevels(reader);
      const failures = readFailures(reader, version);
      return { kind, message, ...levels, failures, writeType: reader.string() as WriteType };
    }
    case 'function_failure': {
      const keyspace = reader.string();
      const name = reader.string();
      return { kind, message, keyspace, name, argumentTypes: reader.stringList() };
    }
    case 'cas_write_unknown':
      return { kind, message, ...readLevels(reader) };
    case 'already_exists': {
      const keyspace = reader.string();
      return { kind, message, keyspace, table: reader.string() };
    }
    case 'unprepared':
      return { kind, message, id: reader.shortBytes().slice() };
    case 'server':
    case 'protocol':
    case 'bad_credentials':
    case 'overloaded':
    case 'bootstrapping':
    case 'truncate':
    case 'cdc_write_failure':
    case 'syntax':
    case 'unauthorized':
    case 'invalid':
    case 'config':
      return { kind, message };
  }
}
