/**
 * The records of an append as one field: each after its length in 4 bytes, big-endian.
 *
 * Source: proto/skerry/raft/v1/raft.proto, `Append.records`.
 */
import { StatusError, type RecordCodec, type RecordEntry } from '@skerry/kernel';
import { giveBack, isLent, narrowTo } from '@skerry/runtime-world';
import { recordsCountMax, recordsMaxBytes } from './limits.ts';

/** Before each record, in bytes. */
const lengthSizeBytes = 4;

/** What an append counts beside its records, in bytes: so that empty ones are bounded in number too. */
const appendOverheadBytes = 64;
/** What an append counts in the window between sender and receiver: both must say the same. */
export const bulkWeightBytes = (recordsBytes: number): number => recordsBytes + appendOverheadBytes;

export function recordsSizeBytes(entries: readonly RecordEntry[]): number {
  let size = lengthSizeBytes * entries.length;
  for (const { record } of entries) size += record.length;
  return size;
}

export function packRecords(entries: readonly RecordEntry[]): Uint8Array {
  const out = Buffer.allocUnsafe(recordsSizeBytes(entries));
  let at = 0;
  for (const { record } of entries) {
    at = out.writeUInt32BE(record.length, at);
    out.set(record, at);
    at += record.length;
  }
  return out;
}

/**
 * The records as received, to be kept for as long as anybody likes. A frame that came in a lent block is copied: entries
 * are kept for a while, and each would keep the block's mebibyte.
 */
export const keepable = (received: Uint8Array): Uint8Array => (isLent(received) ? new Uint8Array(received) : received);
/** The message that these records came in is used no more: its block goes back. Once for each message. */
export function giveBackMessageOf(received: Uint8Array): void {
  narrowTo(received);
  giveBack(received);
}

/**
 * The entries are views on what was received.
 * @throws StatusError `too_large`; `malformed` when the lengths do not fit the bytes; and whatever the codec throws.
 */
export function unpackRecords(received: Uint8Array, codec: RecordCodec): RecordEntry[] {
  // What comes from a socket is a Buffer, whose views cost three times as much.
  const bytes = new Uint8Array(received.buffer, received.byteOffset, received.byteLength);
  if (bytes.length > recordsMaxBytes)
    throw new StatusError(
      'too_large',
      `Cannot take append: ${bytes.length} bytes of records, limit ${recordsMaxBytes}`,
    );
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const entries: RecordEntry[] = [];
  for (let at = 0; at < bytes.length;) {
    const start = at + lengthSizeBytes;
    const end = start <= bytes.length ? start + view.getUint32(at) : Infinity;
    if (end > bytes.length)
      throw new StatusError('malformed', `Cannot take append: its record at ${at} goes past ${bytes.length} bytes`);
    if (entries.length >= recordsCountMax)
      throw new StatusError('too_large', `Cannot take append: more than ${recordsCountMax} records`);
    entries.push(codec.decode(bytes.subarray(start, end)));
    at = end;
  }
  return entries;
}
