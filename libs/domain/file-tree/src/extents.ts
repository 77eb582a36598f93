/** A version's content: pieces of immutable blobs, one behind the other. */
import type { BlobId, ByteReader, ByteWriter } from '@skerry/kernel';
import { readBlobId, writeId } from './ids.ts';

/** Bytes [offset, offset + length) of a blob; `length` > 0. */
export type Extent = { readonly blob: BlobId; readonly offset: number; readonly length: number };

export const lengthOf = (extents: readonly Extent[]): number => extents.reduce((sum, { length }) => sum + length, 0);

/** The first `length` bytes; all when there are not so many. */
export function prefixOf(extents: readonly Extent[], length: number): readonly Extent[] {
  const out: Extent[] = [];
  let left = length;
  for (const extent of extents) {
    if (left <= 0) break;
    out.push(extent.length <= left ? extent : { ...extent, length: left });
    left -= extent.length;
  }
  return out;
}

export const sameExtents = (a: readonly Extent[], b: readonly Extent[]): boolean =>
  a.length === b.length &&
  a.every(({ blob, offset, length }, i) => {
    const other = b[i];
    return other !== undefined && blob === other.blob && offset === other.offset && length === other.length;
  });

/** Without empty pieces; neighbours in one blob become one. */
export function joinExtents(extents: readonly Extent[]): readonly Extent[] {
  const out: Extent[] = [];
  for (const extent of extents) {
    if (extent.length === 0) continue;
    const last = out.at(-1);
    if (last !== undefined && last.blob === extent.blob && last.offset + last.length === extent.offset)
      out[out.length - 1] = { ...last, length: last.length + extent.length };
    else out.push(extent);
  }
  return out;
}

/**
 * Index of the first extent that should become one with all behind it. Each extent that stays is more than twice as
 * long as all behind it, so at most 53 stay, and each byte is copied a logarithmic number of times: ten bytes onto a
 * gigabyte never rewrite the gigabyte.
 */
export function compactableFrom(extents: readonly Extent[]): number {
  let from = Math.max(0, extents.length - 1);
  let lengthBehind = 0;
  for (let i = extents.length - 1; i >= 0; i--) {
    const length = extents[i]?.length ?? 0;
    if (length <= 2 * lengthBehind) from = i;
    lengthBehind += length;
  }
  return from;
}

export function writeExtents(writer: ByteWriter, extents: readonly Extent[]): void {
  writer.u16(extents.length);
  for (const { blob, offset, length } of extents) writeId(writer, blob).u64(offset).u64(length);
}

export function readExtents(reader: ByteReader): readonly Extent[] {
  const extents: Extent[] = [];
  for (let left = reader.u16(); left > 0; left--)
    extents.push({ blob: readBlobId(reader), offset: reader.u64(), length: reader.u64() });
  return extents;
}
