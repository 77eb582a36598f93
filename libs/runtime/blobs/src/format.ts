/**
 * A large blob in bytes, big-endian: a header page, then frames of 256 KiB, each with its checksum; the last is
 * shorter.
 *
 * header: magic (8) · version (4) · zero (4) · id (16) · CRC-32C of all before (4) · zeros to 4096
 * slots, at 512 and 1024 in the header page: length (8) · CRC-32C of the partial frame that ends there (4) · CRC-32C
 * of both (4)
 * frame: up to 256 KiB of content · its checksum (4), which begins with the CRC-32C of blob id and frame number
 *
 * Versions differ in the checksum of frames, partial ones too: 1 has CRC-32C, 2 the CRC-32 of IEEE 802.3, of which the
 * native code is three times as fast. Both miss one damage in 2^32, and none of up to 32 bits in a row. All else is
 * CRC-32C in both.
 *
 * The content's length follows from the file's. A stage that is synced in the middle of a frame and then written
 * further
 * overwrites that frame's checksum: a slot keeps it, so that a crash meanwhile does not cost what was durable.
 */
import {
  type BlobId,
  ByteReader,
  ByteWriter,
  type Checksum,
  crc32c,
  idFromBytes,
  idSizeBytes,
  idToBytes,
} from '@skerry/kernel';
import { StatusError, utf8 } from '@skerry/kernel';

/** What new blobs have. Older ones are read, and their stages gone on with, as they are. */
export const blobVersion = 2;
export const headerSizeBytes = 4_096;
/** Content of a frame: the least that is read and verified for one byte; large enough for one native checksum call. */
export const frameSizeBytes = 256 * 1024;
export const checksumSizeBytes = 4;
const headerCheckedBytes = 32;
const slotOffsets = [512, 1_024] as const;
export const slotSizeBytes = 16;
const magic = utf8('SKRYBLOB');

/** Where byte `length` of the content is, or would be, in the file. */
export const fileOffset = (length: number): number =>
  headerSizeBytes + length + checksumSizeBytes * Math.floor(length / frameSizeBytes);

/** Size of the file that holds so much content, with the last frame's checksum. */
export const fileSizeOf = (length: number): number =>
  fileOffset(length) + (length % frameSizeBytes === 0 ? 0 : checksumSizeBytes);

/** Content in a file of that size; undefined when no content has that size. */
export function contentLength(fileBytes: number): number | undefined {
  const body = fileBytes - headerSizeBytes;
  const whole = Math.floor(body / (frameSizeBytes + checksumSizeBytes));
  const rest = body - whole * (frameSizeBytes + checksumSizeBytes);
  if (body < 0 || (rest > 0 && rest <= checksumSizeBytes)) return undefined;
  return whole * frameSizeBytes + Math.max(0, rest - checksumSizeBytes);
}

/** What a frame's checksum starts from: a frame of another blob, or at another place, does not match. */
export const frameSeed = (id: BlobId, frame: number): number =>
  crc32c(new ByteWriter(24).raw(idToBytes(id)).u64(frame).finish());

/** Checksums of the world. */
export type Checksums = { readonly checksum: Checksum; readonly crc32: Checksum };
/** The checksum of frames in a blob of that version. */
export const frameChecksum = (version: number, { checksum, crc32 }: Checksums): Checksum =>
  version === 1 ? checksum : crc32;

export function encodeHeader(id: BlobId, version = blobVersion): Uint8Array {
  const page = new Uint8Array(headerSizeBytes);
  page.set(new ByteWriter(64).raw(magic).u32(version).u32(0).raw(idToBytes(id)).finish());
  new DataView(page.buffer).setUint32(headerCheckedBytes, crc32c(page.subarray(0, headerCheckedBytes)));
  return page;
}

/** Gives the version. @throws StatusError `corrupt`, `format_newer`. @param page the first bytes of the file. */
export function checkHeader(page: Uint8Array, id: BlobId, file: string): number {
  const corrupt = (what: string): StatusError =>
    new StatusError('corrupt', `Cannot read blob: "${file}" at 0: ${what}`);
  if (page.length < headerCheckedBytes + checksumSizeBytes) throw corrupt('its header is cut off');
  const reader = new ByteReader(page);
  if (reader.raw(magic.length).some((byte, i) => byte !== magic[i])) throw corrupt('its header is no header of a blob');
  const version = reader.u32();
  if (version > blobVersion)
    throw new StatusError(
      'format_newer',
      `Cannot read blob "${file}": its format is ${version}, this program knows up to ${blobVersion}`,
    );
  reader.u32();
  const named = idFromBytes(reader.raw(idSizeBytes));
  if (reader.u32() !== crc32c(page.subarray(0, headerCheckedBytes))) throw corrupt('its header is damaged');
  if (named !== id) throw corrupt(`it holds blob ${named}`);
  if (version < 1) throw corrupt(`its version is ${version}`);
  return version;
}

export type Slot = { readonly length: number; readonly checksum: number };

/** @param turn counts the slots written: they alternate, so that a torn one leaves the other. */
export const slotOffset = (turn: number): number => slotOffsets[turn % 2 === 0 ? 0 : 1];

export function encodeSlot({ length, checksum }: Slot): Uint8Array {
  const bytes = new ByteWriter(slotSizeBytes).u64(length).u32(checksum).finish();
  return new ByteWriter(slotSizeBytes).raw(bytes).u32(crc32c(bytes)).finish();
}

/** The slots of a header page that are whole. */
export function decodeSlots(page: Uint8Array): readonly Slot[] {
  return slotOffsets.flatMap((offset) => {
    const bytes = page.subarray(offset, offset + slotSizeBytes);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (bytes.length < slotSizeBytes || view.getUint32(12) !== crc32c(bytes.subarray(0, 12))) return [];
    const reader = new ByteReader(bytes);
    return [{ length: reader.u64(), checksum: reader.u32() }];
  });
}

/** Whether `bytes` is a frame: content and its checksum behind. */
export function frameIsWhole(bytes: Uint8Array, seed: number, checksum: Checksum): boolean {
  const end = bytes.length - checksumSizeBytes;
  const stored = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(end);
  return stored === checksum(bytes.subarray(0, end), seed);
}

export function encodeChecksum(value: number): Uint8Array {
  const bytes = new Uint8Array(checksumSizeBytes);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
}
