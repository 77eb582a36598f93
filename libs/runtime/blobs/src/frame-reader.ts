/** Reads a range of a large blob, every frame verified before its bytes are given. */
import { type BlobId, type Checksum, StatusError } from '@skerry/kernel';
import { type Block, type DiskFile, takeBlock } from '@skerry/runtime-world';
import { checksumSizeBytes, fileOffset, frameSeed, frameSizeBytes } from './format.ts';

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

/** Frames one behind the other, without their checksums, which stand behind them all. */
type Span = {
  readonly firstFrame: number;
  readonly content: Uint8Array;
  readonly checksums: DataView;
  readonly block: Block | undefined;
};
/** A span from this size on is read into a block that is used again, when its reader gives it back. */
const blockFromBytes = spanSizeBytes / 2;

/**
 * One read ahead of the consumer, who gets a span at once: what costs time for each piece on its way out is paid once
 * for a mebibyte. With `reuseBuffers` a chunk is valid only until the next one is asked for.
 * @throws StatusError `corrupt` with file and offset, behind what is sound before it.
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
    const from = firstFrame * frameSizeBytes;
    const frameCount = Math.min(lastFrame - firstFrame + 1, framesAtOnce);
    const contentSize = Math.min(from + frameCount * frameSizeBytes, source.length) - from;
    const size = contentSize + frameCount * checksumSizeBytes;
    const own = kept[turn++ % 2];
    const block = own === undefined && size >= blockFromBytes ? takeBlock() : undefined;
    const memory = own ?? block?.bytes ?? new Uint8Array(Buffer.allocUnsafeSlow(size).buffer);
    const parts: Uint8Array[] = [];
    for (let frame = 0, sum = contentSize; frame < frameCount; frame++, sum += checksumSizeBytes) {
      const at = frame * frameSizeBytes;
      parts.push(memory.subarray(at, Math.min(at + frameSizeBytes, contentSize)));
      parts.push(memory.subarray(sum, sum + checksumSizeBytes));
    }
    const count = await source.file.readParts(parts, fileOffset(from));
    // Behind content that is still written there may be no checksum yet: the writer told it.
    if (count < size && !(source.lastChecksum !== undefined && count >= size - checksumSizeBytes))
      throw damaged(source, fileOffset(from) + count, 'the file ends too early');
    const checksums = new DataView(memory.buffer, memory.byteOffset + contentSize, frameCount * checksumSizeBytes);
    return { firstFrame, content: memory.subarray(0, contentSize), checksums, block };
  };
  let next = fetch(Math.floor(range.offset / frameSizeBytes));
  try {
    for (;;) {
      const span = await next;
      if (span === undefined) return;
      next = fetch(span.firstFrame + framesAtOnce);
      yield* verified(span, source, range, checksum);
    }
  } finally {
    // Left early, or failed: the read ahead must not outlive the file.
    await next.catch(() => undefined);
  }
}

/** What the range takes of a span, up to its first damaged frame, which is then thrown. */
function* verified(span: Span, source: FrameSource, range: Range, checksum: Checksum): Generator<Uint8Array> {
  const { firstFrame, content, block } = span;
  const start = firstFrame * frameSizeBytes;
  const sound = soundBytes(span, source, checksum);
  const from = Math.max(range.offset - start, 0);
  const to = Math.min(range.offset + range.length - start, sound);
  if (from < to) yield block?.lend(from, to) ?? content.subarray(from, to);
  block?.end();
  if (sound === content.length) return;
  const frame = firstFrame + sound / frameSizeBytes;
  throw damaged(source, fileOffset(start + sound), `frame ${frame} does not match its checksum`);
}
function soundBytes({ firstFrame, content, checksums }: Span, source: FrameSource, checksum: Checksum): number {
  for (let at = 0, nth = 0; at < content.length; at += frameSizeBytes, nth++) {
    const bytes = content.subarray(at, at + frameSizeBytes);
    const told = bytes.length < frameSizeBytes ? source.lastChecksum : undefined;
    const wanted = told ?? checksums.getUint32(nth * checksumSizeBytes);
    if (checksum(bytes, frameSeed(source.id, firstFrame + nth)) !== wanted) return at;
  }
  return content.length;
}

const damaged = ({ id, path }: FrameSource, offset: number, what: string): StatusError =>
  new StatusError('corrupt', `Cannot read blob ${id}: "${path}" at ${offset}: ${what}`);
