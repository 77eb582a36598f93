/**
 * The record of a replicated log, in bytes: the same in memory, on disk and between nodes.
 *
 * Assumes: whoever stores or sends it adds a checksum. Epoch, group and incarnation are in every record from the first
 * day (raft.md 48, 64; islands.md), so that the format need not change when replication comes.
 */
import { ByteReader } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';
import { StatusError } from './errors.ts';
import { Epoch, GroupId, idFromBytes, idSizeBytes, idToBytes, LogIndex, OperationId, Term } from './ids.ts';
import type { Entry } from './state-machine.ts';

export const logRecordVersion = 1;
/** Largest command, in bytes: 64 KiB of content in the record, and its names. */
export const commandSizeMaxBytes = 256 * 1024;

export const recordKinds = { command: 1, noop: 2 } as const;
export type RecordKind = keyof typeof recordKinds;

export type LogRecord = Entry & {
  readonly kind: RecordKind;
  readonly group: GroupId;
  /** Counts the proposer's starts: a message or record of an earlier life is told apart. */
  readonly incarnation: number;
};

export function encodeLogRecord(record: LogRecord): Uint8Array {
  return new ByteWriter(96 + record.group.length + record.command.length)
    .u8(logRecordVersion)
    .u8(recordKinds[record.kind])
    .text(record.group)
    .raw(idToBytes(record.epoch))
    .u64(record.term)
    .u64(record.index)
    .u64(record.incarnation)
    .raw(idToBytes(record.operationId))
    .u64(record.time.wallMs)
    .u16(record.time.counter)
    .bytes(record.command)
    .finish();
}

/** `command` is a view on `bytes`. @throws StatusError `malformed`, or `format_newer` for a version not known. */
export function decodeLogRecord(bytes: Uint8Array): LogRecord {
  const reader = new ByteReader(bytes);
  const version = reader.u8();
  if (version !== logRecordVersion)
    throw new StatusError(
      'format_newer',
      `Cannot read log record: its format is ${version}, this program knows ${logRecordVersion}`,
    );
  const kindByte = reader.u8();
  const kind = (Object.keys(recordKinds) as RecordKind[]).find((name) => recordKinds[name] === kindByte);
  if (kind === undefined) throw new StatusError('malformed', `Cannot read log record: unknown kind ${kindByte}`);
  const record: LogRecord = {
    kind,
    group: GroupId(reader.text()),
    epoch: Epoch(idFromBytes(reader.raw(idSizeBytes))),
    term: Term(reader.u64()),
    index: LogIndex(reader.u64()),
    incarnation: reader.u64(),
    operationId: OperationId(idFromBytes(reader.raw(idSizeBytes))),
    time: { wallMs: reader.u64(), counter: reader.u16() },
    command: reader.bytes(),
  };
  reader.end();
  return record;
}
