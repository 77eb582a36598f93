/**
 * The record of a replicated log in bytes: encoded once, by the leader; the very bytes go to its log, onto the wire,
 * into the followers' logs. Version 1 is the record that a replica without others has always written.
 *
 * head: version (1) · kind (1) · group (text) · epoch (16) · term (8) · index (8)
 * body: of a command its {@link Proposal} to the record's end; of any other kind its length (4), then its bytes
 *
 * Assumes: whoever stores or sends it adds a checksum.
 */
import { AssertionError } from './assert.ts';
import { ByteReader } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';
import { StatusError } from './errors.ts';
import type { HybridTime } from './hybrid-clock.ts';
import { Epoch, GroupId, idFromBytes, idSizeBytes, idToBytes, LogIndex, type OperationId, Term } from './ids.ts';

export const logRecordVersion = 1;
/** Largest command, in bytes: 64 KiB of content in the record, and its names. */
export const commandSizeMaxBytes = 256 * 1024;

/** On disk and wire: never renumbered. */
const kindBytes = { command: 1, noop: 2, configuration: 3 } as const;
export type RecordKind = keyof typeof kindBytes;
const kindOf = new Map<number, RecordKind>(
  (Object.keys(kindBytes) as RecordKind[]).map((kind) => [kindBytes[kind], kind]),
);

/** What a machine knows of an entry. */
export type RecordBody = {
  readonly term: Term;
  readonly index: LogIndex;
  readonly kind: RecordKind;
  readonly body: Uint8Array;
};
/** An entry and its bytes; `body` is a view on `record`. */
export type RecordEntry = RecordBody & { readonly record: Uint8Array };
/** What all records of one log share. */
export type RecordIdentity = { readonly group: GroupId; readonly epoch: Epoch };

/** Version and kind, which come before the identity. */
const identityOffset = 2;
/** Term and index, which come behind it. */
const positionSizeBytes = 16;

/** Encodes and decodes the records of one log. */
export class RecordCodec {
  readonly #identity: RecordIdentity;
  readonly #identityBytes: Uint8Array;
  /** Bytes before a body, or before its length. */
  readonly #headSizeBytes: number;

  constructor(identity: RecordIdentity) {
    this.#identity = identity;
    this.#identityBytes = new ByteWriter(64).text(identity.group).raw(idToBytes(identity.epoch)).finish();
    this.#headSizeBytes = identityOffset + this.#identityBytes.length + positionSizeBytes;
  }
  /** Of a record around a body of so many bytes. */
  sizeBytes(kind: RecordKind, bodySizeBytes: number): number {
    return this.#headSizeBytes + (kind === 'command' ? 0 : 4) + bodySizeBytes;
  }
  encode(entry: RecordBody): RecordEntry {
    return this.encodeInto(new Uint8Array(this.sizeBytes(entry.kind, entry.body.length)), 0, entry);
  }
  /** Many records into one buffer, of which the result is a view. */
  encodeInto(into: Uint8Array, at: number, { term, index, kind, body }: RecordBody): RecordEntry {
    into[at] = logRecordVersion;
    into[at + 1] = kindBytes[kind];
    into.set(this.#identityBytes, at + identityOffset);
    const bodyOffset = at + this.sizeBytes(kind, 0);
    const head = at + this.#headSizeBytes;
    putU64(into, head - 16, term);
    putU64(into, head - 8, index);
    if (kind !== 'command') putU32(into, head, body.length);
    into.set(body, bodyOffset);
    const end = bodyOffset + body.length;
    return { term, index, kind, body: into.subarray(bodyOffset, end), record: into.subarray(at, end) };
  }
  /**
   * @throws StatusError `malformed`; `format_newer` for a version not known; `corrupt` for a record of another group or
   * epoch. The body of a command is not looked into.
   */
  decode(record: Uint8Array): RecordEntry {
    const kind = this.#kindOf(record);
    const head = this.#headSizeBytes;
    if (record.length < head)
      throw new StatusError('malformed', `Cannot read log record: it has ${record.length} bytes`);
    const view = new DataView(record.buffer, record.byteOffset, record.byteLength);
    const bodyOffset = kind === 'command' ? head : head + 4;
    if (kind !== 'command' && (record.length < bodyOffset || view.getUint32(head) !== record.length - bodyOffset))
      throw new StatusError('malformed', `Cannot read log record: its body has not the length it says`);
    const body = record.subarray(bodyOffset);
    return { term: Term(takeU64(view, head - 16)), index: LogIndex(takeU64(view, head - 8)), kind, body, record };
  }
  #kindOf(record: Uint8Array): RecordKind {
    const identity = this.#identityBytes;
    for (let i = 0; i < identity.length; i++)
      if (record[identityOffset + i] !== identity[i]) throw this.#foreign(record);
    const kind = record[0] === logRecordVersion ? kindOf.get(record[1] ?? 0) : undefined;
    return kind ?? peekHead(record).kind;
  }
  #foreign(record: Uint8Array): StatusError {
    const { identity } = peekRecord(record);
    const { group, epoch } = this.#identity;
    return new StatusError(
      'corrupt',
      `Cannot read log record: it is of group "${identity.group}", epoch ${identity.epoch}: wanted group "${group}", ` +
        `epoch ${epoch}`,
    );
  }
}

/** Version and kind checked. */
function peekHead(record: Uint8Array): { readonly reader: ByteReader; readonly kind: RecordKind } {
  const reader = new ByteReader(record);
  const version = reader.u8();
  if (version !== logRecordVersion)
    throw new StatusError(
      'format_newer',
      `Cannot read log record: its format is ${version}, this program knows ${logRecordVersion}`,
    );
  const kindByte = reader.u8();
  const kind = kindOf.get(kindByte);
  if (kind === undefined) throw new StatusError('malformed', `Cannot read log record: unknown kind ${kindByte}`);
  return { reader, kind };
}
/** Whose record it is, before anyone knows whose it must be. @throws StatusError `malformed`, `format_newer`. */
export function peekRecord(record: Uint8Array): { readonly identity: RecordIdentity; readonly kind: RecordKind } {
  const { reader, kind } = peekHead(record);
  return { identity: { group: GroupId(reader.text()), epoch: Epoch(idFromBytes(reader.raw(idSizeBytes))) }, kind };
}

/** {@link RecordCodec}, for a single record. */
export const encodeRecord = (identity: RecordIdentity, entry: RecordBody): Uint8Array =>
  new RecordCodec(identity).encode(entry).record;
export const decodeRecord = (record: Uint8Array, identity: RecordIdentity): RecordEntry =>
  new RecordCodec(identity).decode(record);

/** What a proposer knows before term and index are given: the body of a command. */
export type Proposal = {
  /** Counts the proposer's starts. */
  readonly incarnation: number;
  readonly operationId: OperationId;
  readonly time: HybridTime;
  readonly command: Uint8Array;
};
/** Incarnation, operation id, time, length of the command. */
export const proposalOverheadBytes = 8 + idSizeBytes + 10 + 4;

export function encodeProposal({ incarnation, operationId, time, command }: Proposal): Uint8Array {
  return new ByteWriter(proposalOverheadBytes + command.length)
    .u64(incarnation)
    .raw(idToBytes(operationId))
    .u64(time.wallMs)
    .u16(time.counter)
    .bytes(command)
    .finish();
}
/** `command` is a view on `body`. @throws StatusError `malformed`. */
export function decodeProposal(body: Uint8Array): Proposal {
  const reader = new ByteReader(body);
  const proposal = {
    incarnation: reader.u64(),
    operationId: reader.hex(idSizeBytes) as OperationId,
    time: { wallMs: reader.u64(), counter: reader.u16() },
    command: reader.bytes(),
  };
  reader.end();
  return proposal;
}

const putU32 = (into: Uint8Array, at: number, value: number): void => {
  into[at] = value >>> 24;
  into[at + 1] = value >>> 16;
  into[at + 2] = value >>> 8;
  into[at + 3] = value;
};
const putU64 = (into: Uint8Array, at: number, value: number): void => {
  if (!Number.isSafeInteger(value) || value < 0)
    throw new AssertionError(`log record: not a safe integer >= 0: ${value}`);
  putU32(into, at, Math.floor(value / 2 ** 32));
  putU32(into, at + 4, value % 2 ** 32);
};
const takeU64 = (view: DataView, at: number): number => {
  const value = view.getUint32(at) * 2 ** 32 + view.getUint32(at + 4);
  if (!Number.isSafeInteger(value)) throw new StatusError('malformed', `Cannot read log record: integer over 2^53 - 1`);
  return value;
};
