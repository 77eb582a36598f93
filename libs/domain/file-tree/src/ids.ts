/** Identities inside the tree, as 32 hexadecimal digits, and how they stand in records. */
import {
  assert,
  BlobId,
  Epoch,
  fromHex,
  idFromBytes,
  idSizeBytes,
  isHexId,
  OperationId,
  present,
} from '@skerry/kernel';
import type { Brand, ByteReader, ByteWriter } from '@skerry/kernel';

/** A file's or directory's, for its whole life, across renames and new versions. */
export type EntryId = Brand<string, 'EntryId'>;
export const EntryId = (text: string): EntryId => {
  assert(isHexId(text), `entry id must be 32 hexadecimal digits: got "${text}"`);
  return text as EntryId;
};

/** The directory above all; it is there from the first record and cannot be moved or removed. */
export const rootDirectory: EntryId = EntryId('0'.repeat(32));

/** A name in a directory. It follows the directory when that is moved. */
export type Place = { readonly directory: EntryId; readonly name: string };

type AnyId = EntryId | BlobId | Epoch | OperationId;
export const bytesOfId = (id: AnyId): Uint8Array => present(fromHex(id), `id ${id}`);
export const writeId = (writer: ByteWriter, id: AnyId): ByteWriter => writer.raw(bytesOfId(id));
const readHex = (reader: ByteReader): string => idFromBytes(reader.raw(idSizeBytes));
export const readEntryId = (reader: ByteReader): EntryId => readHex(reader) as EntryId;
export const readBlobId = (reader: ByteReader): BlobId => BlobId(readHex(reader));
export const readEpoch = (reader: ByteReader): Epoch => Epoch(readHex(reader));
export const readOperationId = (reader: ByteReader): OperationId => OperationId(readHex(reader));
