/**
 * The record of a replica's command as the state machine sees it: {@link RecordCodec} around a {@link Proposal}.
 *
 * Epoch, group and incarnation are in every record from the first day (raft.md 48, 64; islands.md).
 */
import { StatusError } from './errors.ts';
import type { GroupId } from './ids.ts';
import { decodeProposal, encodeProposal, encodeRecord, peekRecord, decodeRecord } from './raft-record.ts';
import type { Entry } from './state-machine.ts';

export type LogRecord = Entry & {
  readonly kind: 'command';
  readonly group: GroupId;
  /** Counts the proposer's starts: a message or record of an earlier life is told apart. */
  readonly incarnation: number;
};

export const encodeLogRecord = (record: LogRecord): Uint8Array =>
  encodeRecord(record, { ...record, body: encodeProposal(record) });

/**
 * `command` is a view on `bytes`. @throws StatusError `malformed`, also for what is no command; `format_newer` for a
 * version not known.
 */
export function decodeLogRecord(bytes: Uint8Array): LogRecord {
  const { identity } = peekRecord(bytes);
  const { term, index, kind, body } = decodeRecord(bytes, identity);
  if (kind !== 'command') throw new StatusError('malformed', `Cannot read log record: a ${kind} is no command`);
  return { kind, ...identity, term, index, ...decodeProposal(body) };
}
