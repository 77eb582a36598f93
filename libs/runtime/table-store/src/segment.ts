/**
 * Files of the commit log, and what is found in them.
 *
 * A file: 24 bytes of head: u32 magic · u32 version · u32 number · u32 seed · u32 zero · u32 CRC-32C of those before. Then
 * groups, each of what one turn of the event loop applied: u32 size of the mutations · u32 CRC-32C, begun with the seed,
 * of what follows · u32, u32 up to where (file number, offset) the log was on disk when the group was written · mutations.
 */
import { type Checksum, StatusError } from '@skerry/kernel';
import type { Disk } from '@skerry/runtime-world';

export const groupHeadSizeBytes = 16;
export const segmentHeadSizeBytes = 24;
const magic = 0x534b434c;
const segmentVersion = 1;

/** A place in the log: of a file's number, and the offset in it. */
export type LogPlace = { readonly segment: number; readonly offset: number };
export const comparePlaces = (a: LogPlace, b: LogPlace): number => a.segment - b.segment || a.offset - b.offset;

export const segmentName = (number: number): string => `log-${String(number).padStart(10, '0')}`;
export function segmentNumber(name: string): number | undefined {
  const match = /^log-(\d{10})$/.exec(name);
  return match === null ? undefined : Number(match[1]);
}

export function segmentHead(number: number, seed: number, checksum: Checksum): Uint8Array {
  const head = new Uint8Array(segmentHeadSizeBytes);
  const view = new DataView(head.buffer);
  view.setUint32(0, magic);
  view.setUint32(4, segmentVersion);
  view.setUint32(8, number);
  view.setUint32(12, seed);
  view.setUint32(20, checksum(head.subarray(0, 20)));
  return head;
}

export type Found = {
  readonly path: string;
  readonly number: number;
  /** The file's bytes, and where each group's mutations begin and end. */
  readonly bytes: Uint8Array;
  readonly groups: readonly (readonly [from: number, to: number])[];
  /** Behind the last whole group. */
  readonly end: number;
  /** Up to where the log was on disk, as its groups tell. */
  readonly synced: LogPlace;
};

/** @throws StatusError `format_newer`; undefined when its head never was whole. */
export async function readSegment(
  disk: Disk,
  path: string,
  number: number,
  checksum: Checksum,
): Promise<Found | undefined> {
  const file = await disk.open(path, 'read');
  try {
    const bytes = new Uint8Array(await file.sizeBytes());
    const size = await file.read(bytes, 0);
    return findGroups(path, number, bytes.subarray(0, size), checksum);
  } finally {
    await file.close();
  }
}

function findGroups(path: string, number: number, bytes: Uint8Array, checksum: Checksum): Found | undefined {
  if (bytes.length < segmentHeadSizeBytes) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(20) !== checksum(bytes.subarray(0, 20)) || view.getUint32(0) !== magic) return undefined;
  if (view.getUint32(4) > segmentVersion)
    throw new StatusError('format_newer', `Cannot read commit log "${path}": its format is ${view.getUint32(4)}`);
  const seed = view.getUint32(12);
  const groups: (readonly [number, number])[] = [];
  let synced: LogPlace = { segment: 0, offset: 0 };
  let at = segmentHeadSizeBytes;
  const take = (from: number): number | undefined => {
    const to = groupEnd(bytes, view, from, seed, checksum);
    if (to === undefined) return undefined;
    const place = { segment: view.getUint32(from + 8), offset: view.getUint32(from + 12) };
    if (comparePlaces(place, synced) > 0) synced = place;
    return to;
  };
  for (let to = take(at); to !== undefined; to = take(at)) {
    groups.push([at + groupHeadSizeBytes, to]);
    at = to;
  }
  const end = at;
  // Behind damage, whole groups may tell that it was on disk: then it is no torn tail.
  for (at = end + 1; at + groupHeadSizeBytes < bytes.length;) {
    const { segment, offset } = { segment: view.getUint32(at + 8), offset: view.getUint32(at + 12) };
    const mayBe =
      segment > 0 && segment <= number && (segment < number || (offset >= segmentHeadSizeBytes && offset <= at));
    at = (mayBe ? take(at) : undefined) ?? at + 1;
  }
  return { path, number, bytes, groups, end, synced };
}

/** Where the whole group that begins here ends. */
function groupEnd(bytes: Uint8Array, view: DataView, at: number, seed: number, checksum: Checksum): number | undefined {
  if (at + groupHeadSizeBytes > bytes.length) return undefined;
  const to = at + groupHeadSizeBytes + view.getUint32(at);
  if (to > bytes.length || to === at + groupHeadSizeBytes) return undefined;
  return view.getUint32(at + 4) === checksum(bytes.subarray(at + 8, to), seed) ? to : undefined;
}
