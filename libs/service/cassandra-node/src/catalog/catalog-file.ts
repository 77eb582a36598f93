/**
 * The file that holds the schema: one document, replaced as a whole.
 *
 * Layout, big-endian: magic `SKCQ`, format (4 bytes), payload length (4), CRC-32C of what stands before and of the payload (4), payload: JSON
 * in UTF-8.
 */
import { concatBytes, fromUtf8, StatusError, utf8, type Checksum } from '@skerry/kernel';
import { makeDurableDirectory, type Disk } from '@skerry/runtime-world';
import type { CatalogDocument } from './document.ts';

/** Of the document; an older one is read, a newer one refused. */
export const catalogFormat = 1;
/** No schema that a node can work with comes near it. */
export const catalogSizeMaxBytes = 67_108_864;

const magic = utf8('SKCQ');
const headerSizeBytes = 16;
const fileName = 'schema.skerry';
const unfinishedName = 'schema.unfinished';

export type CatalogPlace = { readonly disk: Disk; readonly checksum: Checksum; readonly directory: string };

const pathOf = ({ directory }: CatalogPlace, name: string): string =>
  directory === '' ? name : `${directory}/${name}`;

function encode(document: CatalogDocument, checksum: Checksum): readonly Uint8Array[] {
  const payload = utf8(JSON.stringify(document));
  if (payload.length > catalogSizeMaxBytes)
    throw new StatusError(
      'too_large',
      `Cannot write the schema: must be at most ${catalogSizeMaxBytes} bytes: got ${payload.length}`,
    );
  const header = new Uint8Array(headerSizeBytes);
  header.set(magic);
  const view = new DataView(header.buffer);
  view.setUint32(4, catalogFormat);
  view.setUint32(8, payload.length);
  view.setUint32(12, checksum(payload, checksum(header.subarray(0, 12))));
  return [header, payload];
}

function decode(path: string, bytes: Uint8Array, checksum: Checksum): CatalogDocument {
  const corrupt = (what: string): StatusError => new StatusError('corrupt', `Cannot read schema: "${path}": ${what}`);
  if (bytes.length < headerSizeBytes) throw corrupt(`${bytes.length} bytes are no header`);
  if (magic.some((byte, at) => bytes[at] !== byte)) throw corrupt('it does not begin as a schema does');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const format = view.getUint32(4);
  if (format > catalogFormat)
    throw new StatusError(
      'format_newer',
      `Cannot read schema: "${path}" has format ${format}, this program knows up to ${catalogFormat}; it is left as it is`,
    );
  const payload = bytes.subarray(headerSizeBytes);
  if (view.getUint32(8) !== payload.length)
    throw corrupt(`it has ${payload.length} bytes of payload instead of ${view.getUint32(8)}`);
  if (view.getUint32(12) !== checksum(payload, checksum(bytes.subarray(0, 12)))) throw corrupt('its checksum is wrong');
  const text = fromUtf8(payload);
  if (text === undefined) throw corrupt('it is no text');
  return JSON.parse(text) as CatalogDocument;
}

/**
 * Undefined when there is none yet.
 * @throws StatusError `corrupt`, `format_newer` (the file is left untouched), and the disk's own.
 */
export async function loadCatalog(place: CatalogPlace): Promise<CatalogDocument | undefined> {
  const { disk, checksum, directory } = place;
  if (directory !== '') await makeDurableDirectory(disk, directory);
  const path = pathOf(place, fileName);
  // What a killed process renamed may be in memory alone; nobody may act on it before it is on disk.
  await disk.syncDirectory(directory);
  const size = await disk.sizeBytes(path);
  if (size === undefined) return undefined;
  if (size > headerSizeBytes + catalogSizeMaxBytes)
    throw new StatusError('corrupt', `Cannot read schema: "${path}": ${size} bytes are more than a schema has`);
  const file = await disk.open(path, 'read');
  try {
    const bytes = new Uint8Array(size);
    const count = await file.read(bytes, 0);
    return decode(path, bytes.subarray(0, count), checksum);
  } finally {
    await file.close();
  }
}

/** Durable when it resolves. When it fails, the old document or the new one is there, whole. */
export async function saveCatalog(place: CatalogPlace, document: CatalogDocument): Promise<void> {
  const { disk, checksum, directory } = place;
  const parts = encode(document, checksum);
  const unfinished = pathOf(place, unfinishedName);
  if ((await disk.sizeBytes(unfinished)) !== undefined) await disk.remove(unfinished);
  const file = await disk.open(unfinished, 'create');
  try {
    await file.write([concatBytes(parts)], 0);
    await file.sync();
  } finally {
    await file.close();
  }
  await disk.rename(unfinished, pathOf(place, fileName));
  await disk.syncDirectory(directory);
}
