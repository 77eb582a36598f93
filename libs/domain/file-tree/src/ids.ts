/** Identities inside the tree, as 32 hexadecimal digits, and how they stand in records. */
import { AssertionError, fromHex, idSizeBytes, isHexId, present } from '@skerry/kernel';
import type { BlobId, Brand, ByteReader, ByteWriter, Epoch, OperationId } from '@skerry/kernel';

/** A file's or directory's, for its whole life, across renames and new versions. */
export type EntryId = Brand<string, 'EntryId'>;
export const EntryId = (text: string): EntryId => {
  if (!isHexId(text)) throw new AssertionError(`entry id must be 32 hexadecimal digits: got "${text}"`);
  return text as EntryId;
};

/** The directory above all; it is there from the first record and cannot be moved or removed. */
export const rootDirectory: EntryId = EntryId('0'.repeat(32));

/** A name in a directory. It follows the directory when that is moved. */
export type Place = { readonly directory: EntryId; readonly name: string };

type AnyId = EntryId | BlobId | Epoch | OperationId;
export const bytesOfId = (id: AnyId): Uint8Array => present(fromHex(id), `id ${id}`);
export const writeId = (writer: ByteWriter, id: AnyId): ByteWriter => writer.hex(id);
// Sixteen bytes always give such digits: no need to look at them again.
const readHex = (reader: ByteReader): string => reader.hex(idSizeBytes);
export const readEntryId = (reader: ByteReader): EntryId => readHex(reader) as EntryId;
export const readBlobId = (reader: ByteReader): BlobId => readHex(reader) as BlobId;
export const readEpoch = (reader: ByteReader): Epoch => readHex(reader) as Epoch;
export const readOperationId = (reader: ByteReader): OperationId => readHex(reader) as OperationId;
