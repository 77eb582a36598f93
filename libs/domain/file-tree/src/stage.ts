/** An upload that is not a version yet (ftp.md): what it shares with the version it began on, and one growing blob. */
import { ByteReader, ByteWriter, StatusError } from '@skerry/kernel';
import type { BlobId } from '@skerry/kernel';
import { type Extent, lengthOf, readExtents, writeExtents } from './extents.ts';
import { readBlobId, writeId } from './ids.ts';

/**
 * `live`: somebody writes to it; after a crash nobody does, and it can be resumed. `cut`: a cut left it behind: it can be
 * resumed. `superseded`: another upload of its user to its place ran beside it, so that nobody could tell whose bytes a
 * resumed file would begin with: its writer may publish it, and nobody may resume it.
 */
export type StageMark = 'live' | 'cut' | 'superseded';
/** In the order of their bytes. */
const marks = ['live', 'cut', 'superseded'] as const satisfies readonly StageMark[];

export type Stage = {
  /** Log index of the `openStage` that made it: a writer with another one has been replaced. */
  readonly token: number;
  /** What stands before the blob. */
  readonly prefix: readonly Extent[];
  readonly blob: BlobId;
  /** Durable bytes of the blob. */
  readonly blobLength: number;
  readonly mark: StageMark;
  readonly openedMs: number;
  /** By the log's time; expiry counts from here. */
  readonly changedMs: number;
};

/** Length of the file that it would become, in bytes. */
export const stageLength = (stage: Stage): number => lengthOf(stage.prefix) + stage.blobLength;

const stageFormat = 1;

export function encodeStage(stage: Stage): Uint8Array {
  const writer = new ByteWriter(128).u8(stageFormat).u64(stage.token);
  writeId(writer, stage.blob)
    .u64(stage.blobLength)
    .u8(marks.indexOf(stage.mark))
    .u64(stage.openedMs)
    .u64(stage.changedMs);
  writeExtents(writer, stage.prefix);
  return writer.finish();
}

/** @throws StatusError `malformed`, `format_newer`. */
export function decodeStage(bytes: Uint8Array): Stage {
  const reader = new ByteReader(bytes);
  const format = reader.u8();
  if (format !== stageFormat)
    throw new StatusError(
      'format_newer',
      `Cannot read stage: its format is ${format}, this program knows ${stageFormat}`,
    );
  const token = reader.u64();
  const blob = readBlobId(reader);
  const blobLength = reader.u64();
  const byte = reader.u8();
  const mark = marks[byte];
  if (mark === undefined) throw new StatusError('malformed', `Cannot read stage: unknown mark ${byte}`);
  const [openedMs, changedMs] = [reader.u64(), reader.u64()];
  const stage = { token, blob, blobLength, mark, openedMs, changedMs, prefix: readExtents(reader) };
  reader.end();
  return stage;
}
