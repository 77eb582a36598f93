/** Reads a range of a large blob, every frame verified before its bytes are given. */
import { type BlobId, type Checksum, StatusError } from '@skerry/kernel';
import { type Block, type DiskFile, takeBlock } from '@skerry/runtime-world';
import { checksumSizeBytes, fileOffset, frameIsWhole, frameSeed, frameSizeBytes } from './format.ts';

/** Frames fetched by one read of the file: about 1 MiB. */
const framesAtOnce = 4;
const spanSizeBytes = framesAtOnce * (frameSizeBytes + checksumSizeBytes);

export type FrameSource = {
  readonly file: DiskFile;
  readonly path: string;
  readonly id: BlobId;
  /** Content in the file. */
  readonly length: number;
  /** Checksum of the last, partial frame, when the writer still holds it and the file may not. */
  readonly lastChecksum: number | undefined;
};
export type Range = { readonly offset: number; readonly length: number };

type Span = { readonly firstFrame: number; readonly bytes: Uint8Array; readonly block: Block | undefined };
/** A span from this size on is read into a block that is used again, when its reader gives it back. */
const blockFromBytes = spanSizeBytes / 2;

/**
 * One read ahead of the consumer. With `reuseBuffers` a chunk is valid only until the next one is asked for.
 * @throws StatusError `corrupt` with file and offset.
 */
export async function* readFrames(
  source: FrameSource,
  range: Range,
  checksum: Checksum,
  reuseBuffers: boolean,
): AsyncGenerator<Uint8Array> {
  const end = range.offset + range.length;
  if (range.length === 0) return;
  const lastFrame = Math.floor((end - 1) / frameSizeBytes);
  const kept = reuseBuffers ? [new Uint8Array(spanSizeBytes), new Uint8Array(spanSizeBytes)] : [];
  let turn = 0;
  const fetch = async (firstFrame: number): Promise<Span | undefined> => {
    if (firstFrame > lastFrame) return undefined;
    const from = fileOffset(firstFrame * frameSizeBytes);
    const contentEnd = Math.min(
      (Math.min(lastFrame, firstFrame + framesAtOnce - 1) + 1) * frameSizeBytes,
      source.length,
    );
    const partial = contentEnd % frameSizeBytes !== 0;
    const size = fileOffset(contentEnd) + (partial ? checksumSizeBytes : 0) - from;
    const own = kept[turn++ % 2];
    const block = own === undefined && size >= blockFromBytes ? takeBlock() : undefined;
    const memory = own ?? block?.bytes ?? new Uint8Array(Buffer.allocUnsafeSlow(size).buffer);
    const buffer = memory.subarray(0, size);
    const count = await source.file.read(buffer, from);
    // Behind content that is still written there may be no checksum yet: the writer told it.
    if (count < size && !(source.lastChecksum !== undefined && count >= size - checksumSizeBytes))
      throw damaged(source, from + count, 'the file ends too early');
    return { firstFrame, bytes: buffer, block };
  };
  let next = fetch(Math.floor(range.offset / frameSizeBytes));
  try {
    for (;;) {
      const span = await next;
      if (span === undefined) return;
      next = fetch(span.firstFrame + framesAtOnce);
      yield* framesOf(span, source, range, checksum);
    }
  } finally {
    // Left early, or failed: the read ahead must not outlive the file.
    await next.catch(() => undefined);
  }
}

function* framesOf(
  { firstFrame, bytes, block }: Span,
  source: FrameSource,
  range: Range,
  checksum: Checksum,
): Generator<Uint8Array> {
  const end = range.offset + range.length;
  let frame = firstFrame;
  for (let at = 0; at < bytes.length; frame++) {
    const content = Math.min(frameSizeBytes, source.length - frame * frameSizeBytes);
    const seed = frameSeed(source.id, frame);
    const stop = at + content;
    const whole =
      content < frameSizeBytes && source.lastChecksum !== undefined
        ? checksum(bytes.subarray(at, stop), seed) === source.lastChecksum
        : frameIsWhole(bytes.subarray(at, stop + checksumSizeBytes), seed, checksum);
    if (!whole) throw damaged(source, fileOffset(frame * frameSizeBytes), `frame ${frame} does not match its checksum`);
    const from = Math.max(range.offset - frame * frameSizeBytes, 0);
    const to = Math.min(end - frame * frameSizeBytes, content);
    if (from < to) yield block?.lend(at + from, at + to) ?? bytes.subarray(at + from, at + to);
    at = stop + checksumSizeBytes;
  }
  block?.end();
}

const damaged = ({ id, path }: FrameSource, offset: number, what: string): StatusError =>
  new StatusError('corrupt', `Cannot read blob ${id}: "${path}" at ${offset}: ${what}`);
