/**
 * A segment in bytes, big-endian: a header, then records one behind the other on multiples of 8, then zeros.
 *
 * segment header: magic (8) · version (4) · zero (4) · first position (8) · nonce (16) · CRC-32C of all before (4) ·
 * zeros to 64
 * record:         CRC-32C (4) · length (4) · position (8) · synced (8) · payload · zeros to a multiple of 8
 *
 * A record's checksum covers nonce, length, position, synced and payload: bytes of another segment, or left over from
 * an earlier use of the disk, are never taken for a record. `synced` is the position known durable when the record was
 * written: it tells a torn tail (unsynced records may survive in any subset) from damage to what was durable.
 */
import { ByteReader, ByteWriter, type Checksum, StatusError, utf8 } from '@skerry/kernel';

export const segmentVersion = 1;
export const segmentHeaderSizeBytes = 64;
export const recordHeaderSizeBytes = 24;
export const nonceSizeBytes = 16;
/** Largest payload, in bytes: four times the largest command of a log record. */
export const recordSizeMaxBytes = 1024 * 1024;
/** In place of a length: no record, but the mark that the log was closed here, all before it synced. */
const closedLength = 0xffff_ffff;
const headerCheckedBytes = 40;
const magic = utf8('SKERRYWL');

export const segmentName = (firstPosition: number): string => `${firstPosition.toString(16).padStart(16, '0')}.wal`;
/** Undefined when it is no segment's name. */
export const segmentPosition = (name: string): number | undefined =>
  /^[0-9a-f]{16}\.wal$/.test(name) ? Number.parseInt(name.slice(0, 16), 16) : undefined;

export type SegmentHeader = { readonly firstPosition: number; readonly nonce: Uint8Array };

export function encodeSegmentHeader({ firstPosition, nonce }: SegmentHeader, checksum: Checksum): Uint8Array {
  const bytes = new Uint8Array(segmentHeaderSizeBytes);
  bytes.set(new ByteWriter(64).raw(magic).u32(segmentVersion).u32(0).u64(firstPosition).raw(nonce).finish());
  new DataView(bytes.buffer).setUint32(headerCheckedBytes, checksum(bytes.subarray(0, headerCheckedBytes)));
  return bytes;
}

/** @throws StatusError `corrupt`, `format_newer`. @param file for the message. */
export function decodeSegmentHeader(bytes: Uint8Array, file: string, checksum: Checksum): SegmentHeader {
  const corrupt = (what: string): StatusError => new StatusError('corrupt', `Cannot read log: "${file}" at 0: ${what}`);
  if (bytes.length < segmentHeaderSizeBytes) throw corrupt(`its header has ${bytes.length} bytes of 64`);
  const reader = new ByteReader(bytes);
  if (reader.raw(magic.length).some((byte, i) => byte !== magic[i])) throw corrupt('its header is no header of a log');
  const version = reader.u32();
  if (version > segmentVersion)
    throw new StatusError(
      'format_newer',
      `Cannot read log "${file}": its format is ${version}, this program knows up to ${segmentVersion}`,
    );
  if (version !== segmentVersion) throw corrupt(`unknown format ${version}`);
  reader.u32();
  const stored = new DataView(bytes.buffer, bytes.byteOffset).getUint32(headerCheckedBytes);
  if (stored !== checksum(bytes.subarray(0, headerCheckedBytes))) throw corrupt('its header is damaged');
  return { firstPosition: reader.u64(), nonce: reader.raw(nonceSizeBytes).slice() };
}

/** Bytes that a record with this payload takes in the file. */
export const recordSpaceBytes = (payloadBytes: number): number => (recordHeaderSizeBytes + payloadBytes + 7) & ~7;

export type RecordHeader = {
  readonly checksum: number;
  readonly length: number;
  readonly position: number;
  readonly synced: number;
  /** The mark of a clean close. */
  readonly closed: boolean;
};

/** `undefined` when the bytes cannot be a record's header, whatever the checksum. */
export function peekRecordHeader(view: DataView, at: number): RecordHeader | undefined {
  const rawLength = view.getUint32(at + 4);
  const closed = rawLength === closedLength;
  const length = closed ? 0 : rawLength;
  const position = view.getUint32(at + 8) * 2 ** 32 + view.getUint32(at + 12);
  const synced = view.getUint32(at + 16) * 2 ** 32 + view.getUint32(at + 20);
  if (length > recordSizeMaxBytes || position === 0 || synced >= position) return undefined;
  return { checksum: view.getUint32(at), length, position, synced, closed };
}

/**
 * Writes header, payload and padding at `at`; returns the offset behind. @param seed checksum of the segment's nonce.
 */
export function encodeRecord(
  into: Uint8Array,
  at: number,
  record: { readonly position: number; readonly synced: number; readonly payload: Uint8Array | 'closed' },
  seed: number,
  checksum: Checksum,
): number {
  const view = new DataView(into.buffer, into.byteOffset, into.byteLength);
  const length = record.payload === 'closed' ? 0 : record.payload.length;
  const end = at + recordSpaceBytes(length);
  view.setUint32(at + 4, record.payload === 'closed' ? closedLength : length);
  view.setUint32(at + 8, Math.floor(record.position / 2 ** 32));
  view.setUint32(at + 12, record.position >>> 0);
  view.setUint32(at + 16, Math.floor(record.synced / 2 ** 32));
  view.setUint32(at + 20, record.synced >>> 0);
  const payloadEnd = at + recordHeaderSizeBytes + length;
  if (record.payload !== 'closed') into.set(record.payload, at + recordHeaderSizeBytes);
  into.fill(0, payloadEnd, end);
  view.setUint32(at, checksum(into.subarray(at + 4, payloadEnd), seed));
  return end;
}

/** Whether header and payload, which must lie in `bytes` whole, are as they were written. */
export function recordIsWhole(
  bytes: Uint8Array,
  at: number,
  header: RecordHeader,
  seed: number,
  checksum: Checksum,
): boolean {
  const end = at + recordHeaderSizeBytes + header.length;
  return end <= bytes.length && header.checksum === checksum(bytes.subarray(at + 4, end), seed);
}
