/** One file of the log: scanning it at start, reading it later. */
import { type Checksum, StatusError } from '@skerry/kernel';
import type { Disk, DiskFile } from '@skerry/runtime-world';
import {
  decodeSegmentHeader,
  encodeRecord,
  peekRecordHeader,
  recordHeaderSizeBytes,
  type RecordHeader,
  recordIsWhole,
  recordSpaceBytes,
  segmentHeaderSizeBytes,
} from './format.ts';
import { Window } from './window.ts';

/** A place is remembered once in so many bytes: a search from there reads no more than this. */
const markDistanceBytes = 64 * 1024;

export type Mark = { readonly position: number; readonly offset: number };
/** What is known of a segment. `end`: the offset behind its last record. */
export type Segment = {
  readonly path: string;
  readonly firstPosition: number;
  readonly seed: number;
  lastPosition: number;
  end: number;
  marks: Mark[];
};

/** Remembers where a record begins, now and then. */
export function mark(segment: Segment, position: number, offset: number): void {
  const last = segment.marks.at(-1);
  if (last === undefined || offset - last.offset >= markDistanceBytes) segment.marks.push({ position, offset });
}

/** The last remembered place at or before a position of the segment. */
export function markBefore(segment: Segment, position: number): Mark {
  let low = 0;
  let high = segment.marks.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((segment.marks[middle]?.position ?? Infinity) <= position) low = middle + 1;
    else high = middle;
  }
  return segment.marks[low - 1] ?? { position: segment.firstPosition, offset: segmentHeaderSizeBytes };
}

/** @throws StatusError `corrupt`, `format_newer`. */
export async function readSegmentHeader(disk: Disk, path: string, checksum: Checksum): Promise<Segment> {
  const file = await disk.open(path, 'read');
  try {
    const bytes = new Uint8Array(segmentHeaderSizeBytes);
    const count = await file.read(bytes, 0);
    const { firstPosition, nonce } = decodeSegmentHeader(bytes.subarray(0, count), path, checksum);
    return {
      path,
      firstPosition,
      seed: checksum(nonce),
      lastPosition: firstPosition - 1,
      end: segmentHeaderSizeBytes,
      marks: [],
    };
  } finally {
    await file.close();
  }
}

/** The record that begins at `offset`, whole and with the position expected there; undefined when it is not. */
async function recordAt(
  window: Window,
  offset: number,
  position: number,
  segment: Segment,
  checksum: Checksum,
): Promise<RecordHeader | undefined> {
  if (!(await window.hold(offset, recordHeaderSizeBytes))) return undefined;
  const header = peekRecordHeader(window.view, offset - window.start);
  if (header === undefined || header.position !== position) return undefined;
  if (!(await window.hold(offset, recordHeaderSizeBytes + header.length))) return undefined;
  return recordIsWhole(window.bytes, offset - window.start, header, segment.seed, checksum) ? header : undefined;
}

export type Tail = {
  /** Anything but zeros behind the last record. */
  readonly dirty: boolean;
  /** The log was closed here, not cut off by a crash. */
  readonly closed: boolean;
  /** The last position that was durable when the last record was written. */
  readonly synced: number;
};

/**
 * Finds the last whole record and sets the segment's end there.
 * @param last whether this is the newest segment, the only one that may have a torn tail.
 * @throws StatusError `corrupt` when records that were durable are damaged.
 */
export async function scanSegment(file: DiskFile, segment: Segment, last: boolean, checksum: Checksum): Promise<Tail> {
  const window = new Window(file);
  let offset = segmentHeaderSizeBytes;
  let position = segment.firstPosition;
  let closed = false;
  let synced = position - 1;
  for (;;) {
    const header = await recordAt(window, offset, position, segment, checksum);
    if (header === undefined) break;
    if (header.closed) {
      closed = true;
      break;
    }
    mark(segment, position, offset);
    ({ synced } = header);
    offset += recordSpaceBytes(header.length);
    position += 1;
  }
  segment.lastPosition = position - 1;
  segment.end = offset;
  if (!last) return { dirty: false, closed, synced };
  const behind = closed ? offset + recordHeaderSizeBytes : offset;
  const fileBytes = await file.sizeBytes();
  const { dirty, witness } = await searchTail(window, fileBytes, behind, position, segment, checksum);
  if (witness !== undefined)
    throw new StatusError(
      'corrupt',
      `Cannot read log: "${segment.path}" at ${offset}: record ${position} is damaged: ` +
        `record ${witness.position} behind it says that ${witness.synced} was durable`,
    );
  return { dirty, closed, synced };
}

/**
 * Looks behind the last whole record for what must not be there: any byte but zero, and any whole record that was
 * written when the record missing at `position` was already durable.
 */
async function searchTail(
  window: Window,
  fileBytes: number,
  from: number,
  position: number,
  segment: Segment,
  checksum: Checksum,
): Promise<{ readonly dirty: boolean; readonly witness: RecordHeader | undefined }> {
  let dirty = false;
  let offset = from;
  for (; ; offset += 8) {
    if (!window.holds(offset, recordHeaderSizeBytes) && !(await window.hold(offset, recordHeaderSizeBytes))) break;
    const at = offset - window.start;
    if (window.view.getUint32(at) === 0 && window.view.getUint32(at + 4) === 0) continue;
    dirty = true;
    const header = peekRecordHeader(window.view, at);
    if (header === undefined || header.synced < position) continue;
    const size = recordHeaderSizeBytes + header.length;
    if (offset + size > fileBytes || !(await window.hold(offset, size))) continue;
    if (recordIsWhole(window.bytes, offset - window.start, header, segment.seed, checksum))
      return { dirty, witness: header };
  }
  // The last bytes of the file, too few for a header: the window begins there.
  return { dirty: dirty || window.bytes.some((byte) => byte !== 0), witness: undefined };
}

export type WalRecord = { readonly position: number; readonly bytes: Uint8Array };

/** Records from `from` (inside the segment) up to its last one as of now. @throws StatusError `corrupt`. */
export async function* readSegment(
  file: DiskFile,
  segment: Segment,
  from: number,
  checksum: Checksum,
): AsyncGenerator<WalRecord> {
  const window = new Window(file);
  const { lastPosition } = segment;
  let { position, offset } = markBefore(segment, from);
  for (; position <= lastPosition; position++) {
    const header = await recordAt(window, offset, position, segment, checksum);
    if (header === undefined || header.closed)
      throw new StatusError(
        'corrupt',
        `Cannot read log: "${segment.path}" at ${offset}: record ${position} is damaged`,
      );
    const at = offset - window.start + recordHeaderSizeBytes;
    if (position >= from) yield { position, bytes: window.bytes.subarray(at, at + header.length) };
    offset += recordSpaceBytes(header.length);
  }
}

/** Bytes of records gathered before they are written while a segment is copied, or written again. */
const copyStepBytes = 1024 * 1024;

/**
 * Writes the records behind `position` again, as they are, for the caller to sync. A sync that failed in an earlier
 * process has left them readable, but counted as written: only another write brings them to the disk.
 */
export async function writeAgain(file: DiskFile, segment: Segment, position: number): Promise<void> {
  const bytes = new Uint8Array(copyStepBytes);
  for (let { offset } = markBefore(segment, position + 1); offset < segment.end;) {
    const count = await file.read(bytes.subarray(0, Math.min(bytes.length, segment.end - offset)), offset);
    if (count === 0) return;
    await file.write([bytes.subarray(0, count)], offset);
    offset += count;
  }
}

/** Copies the records up to `last`, each verified, into a new segment. */
export async function copyRecords(
  source: { readonly from: DiskFile; readonly segment: Segment },
  target: { readonly to: DiskFile; readonly segment: Segment },
  last: number,
  checksum: Checksum,
): Promise<void> {
  const { segment } = target;
  let gathered: Uint8Array[] = [];
  let gatheredBytes = 0;
  const write = async (): Promise<void> => {
    await target.to.write(gathered, segment.end - gatheredBytes);
    gathered = [];
    gatheredBytes = 0;
  };
  for await (const { position, bytes } of readSegment(source.from, source.segment, segment.firstPosition, checksum)) {
    if (position > last) break;
    const record = new Uint8Array(recordSpaceBytes(bytes.length));
    // All before it is synced together with it, before the copy counts.
    encodeRecord(record, 0, { position, synced: position - 1, payload: bytes }, segment.seed, checksum);
    mark(segment, position, segment.end);
    segment.lastPosition = position;
    segment.end += record.length;
    gathered.push(record);
    gatheredBytes += record.length;
    if (gatheredBytes >= copyStepBytes) await write();
  }
  if (gatheredBytes > 0) await write();
}
