/** Where small contents are, as this node's own part of the store keeps it. */
import {
  type BlobId,
  ByteReader,
  ByteWriter,
  concatBytes,
  idFromBytes,
  type OrderedReader,
  type OrderedWriter,
  prefixEnd,
  utf8,
  BlobId as asBlobId,
} from '@skerry/kernel';

export type Place = {
  readonly segment: number;
  /** Of the record in the segment; its content begins {@link packedHeaderSizeBytes} later. */
  readonly offset: number;
  /** Of the content. */
  readonly length: number;
  readonly checksum: number;
};
/** Bytes of a segment that the store knows of, and of those the bytes of records that are still wanted. */
export type SegmentUse = { readonly end: number; readonly live: number };

/** Before each content in a segment: CRC-32C, length, id. */
export const packedHeaderSizeBytes = 24;
export const recordSizeBytes = ({ length }: Pick<Place, 'length'>): number => packedHeaderSizeBytes + length;

const placePrefix = utf8('blob/place/');
const usePrefix = utf8('blob/segment/');
const placeKey = (id: BlobId): Uint8Array => new ByteWriter(32).raw(placePrefix).hex(id).finish();
const useKey = (segment: number): Uint8Array => new ByteWriter(32).raw(usePrefix).u32(segment).finish();

export function readPlace(local: OrderedReader, id: BlobId): Place | undefined {
  const bytes = local.get(placeKey(id));
  return bytes === undefined ? undefined : decodePlace(bytes);
}
function decodePlace(bytes: Uint8Array): Place {
  const reader = new ByteReader(bytes);
  return { segment: reader.u32(), offset: reader.u64(), length: reader.u32(), checksum: reader.u32() };
}
export function writePlace(local: OrderedWriter, id: BlobId, place: Place): void {
  const { segment, offset, length, checksum } = place;
  local.put(placeKey(id), new ByteWriter(20).u32(segment).u64(offset).u32(length).u32(checksum).finish());
  const before = readUse(local, segment);
  writeUse(local, segment, {
    end: Math.max(before.end, offset + recordSizeBytes(place)),
    live: before.live + recordSizeBytes(place),
  });
}
export function deletePlace(local: OrderedWriter, id: BlobId, place: Place): void {
  local.delete(placeKey(id));
  const { end, live } = readUse(local, place.segment);
  writeUse(local, place.segment, { end, live: live - recordSizeBytes(place) });
}
export function readUse(local: OrderedReader, segment: number): SegmentUse {
  const bytes = local.get(useKey(segment));
  if (bytes === undefined) return { end: 0, live: 0 };
  const reader = new ByteReader(bytes);
  return { end: reader.u64(), live: reader.u64() };
}
function writeUse(local: OrderedWriter, segment: number, { end, live }: SegmentUse): void {
  local.put(useKey(segment), new ByteWriter(16).u64(end).u64(live).finish());
}
export const deleteUse = (local: OrderedWriter, segment: number): void => local.delete(useKey(segment));

/** Places read at once while all are walked. */
const pageLength = 256;

/** All small contents, in the order of their ids; sound while the store changes between two of them. */
export function* allPlaces(local: () => OrderedReader): Generator<readonly [BlobId, Place]> {
  const to = prefixEnd(placePrefix);
  for (let from: Uint8Array = placePrefix; ;) {
    const page = [...local().range({ from, to, limit: pageLength })];
    for (const [key, value] of page)
      yield [asBlobId(idFromBytes(key.subarray(placePrefix.length))), decodePlace(value)];
    const last = page.at(-1)?.[0];
    if (last === undefined || page.length < pageLength) return;
    from = concatBytes([last, new Uint8Array(1)]);
  }
}
