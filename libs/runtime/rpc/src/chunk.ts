/** Pieces of content with their checksum, for every bulk stream. */
import { StatusError, type Checksum } from '@skerry/kernel';
import type { common } from '@skerry/proto';

/** In bytes; larger ones are no faster (toolchain.md). */
export const chunkSizeMaxBytes = 1024 * 1024;

/** The chunk holds the same memory. */
export const chunkOf = (bytes: Uint8Array, checksum: Checksum): common.Chunk => ({
  data: bytes,
  crc32c: checksum(bytes),
});

/** @throws StatusError `corrupt` when the checksum does not fit, `too_large` beyond {@link chunkSizeMaxBytes}. */
export function verifiedBytes(chunk: common.Chunk, checksum: Checksum): Uint8Array {
  const { data, crc32c } = chunk;
  if (data.length > chunkSizeMaxBytes)
    throw new StatusError('too_large', `Cannot take chunk: ${data.length} bytes, limit ${chunkSizeMaxBytes}`);
  const found = checksum(data);
  if (found !== crc32c)
    throw new StatusError(
      'corrupt',
      `Cannot take chunk of ${data.length} bytes: its CRC-32C is ${found}, ${crc32c} was sent`,
    );
  return data;
}
