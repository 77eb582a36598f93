/**
 * Small contents, one behind the other in segment files.
 *
 * Assumes: places are in the same store as the state that names the contents, and the store commits nothing before
 * {@link PackedContents.sync} has run (OrderedStore.beforeCommit), so no durable place points at bytes that a crash
 * lost. What
 * lies behind the known end of a segment is what a crash left; it is written over, and the log brings it again.
 */
import {
  assert,
  type BlobId,
  ByteReader,
  ByteWriter,
  type Checksum,
  idFromBytes,
  idSizeBytes,
  type OrderedReader,
  type OrderedWriter,
  present,
  StatusError,
  toStatusError,
  BlobId as asBlobId,
} from '@skerry/kernel';
import type { Disk, DiskFile } from '@skerry/runtime-world';
import {
  allPlaces,
  deletePlace,
  deleteUse,
  packedHeaderSizeBytes,
  type Place,
  readPlace,
  readUse,
  recordSizeBytes,
  writePlace,
} from './packed-places.ts';

/** Largest small content: what rides in a log record (architecture.md). */
export const smallSizeMaxBytes = 64 * 1024;
/** A segment that has grown to this is left for a new one; the grain of compaction. */
export const packedSegmentSizeBytes = 32 * 1024 * 1024;

type Segment = { readonly number: number; readonly path: string; readonly file: DiskFile; end: number; dirty: boolean };

export type PackedOptions = {
  readonly disk: Disk;
  readonly checksum: Checksum;
  /** Folder of the segments. */
  readonly directory: string;
  readonly local: () => OrderedReader;
  readonly segmentSizeBytes: number;
  readonly onError: (error: unknown) => void;
};

const segmentPath = (directory: string, number: number): string =>
  `${directory}/${number.toString(16).padStart(8, '0')}.pack`;

export class PackedContents {
  readonly #options: PackedOptions;
  readonly #segments = new Map<number, Segment>();
  #current: Segment;
  #growing: Promise<void> | undefined;
  #newNames = false;
  #failure: StatusError | undefined;

  private constructor(options: PackedOptions, segments: readonly Segment[], current: Segment) {
    this.#options = options;
    for (const segment of segments) this.#segments.set(segment.number, segment);
    this.#current = current;
    this.#newNames = true;
  }

  static async open(options: PackedOptions): Promise<PackedContents> {
    const { disk, directory, local } = options;
    const segments: Segment[] = [];
    for (const name of await disk.list(directory)) {
      if (!/^[0-9a-f]{8}\.pack$/.test(name)) continue;
      const number = Number.parseInt(name.slice(0, 8), 16);
      const path = `${directory}/${name}`;
      const { end } = readUse(local(), number);
      // Made before a crash, and never mentioned in the store; or emptied by a compaction.
      if (end === 0) await disk.remove(path);
      else segments.push({ number, path, file: await disk.open(path, 'write'), end, dirty: true });
    }
    const last = segments.at(-1);
    if (last !== undefined && last.end < options.segmentSizeBytes) return new PackedContents(options, segments, last);
    const current = await createSegment(options, (last?.number ?? 0) + 1);
    return new PackedContents(options, [...segments, current], current);
  }

  place(id: BlobId): Place | undefined {
    return readPlace(this.#options.local(), id);
  }
  places(): Generator<readonly [BlobId, Place]> {
    return allPlaces(this.#options.local);
  }

  /** Idempotent. Written, not synced. */
  put(id: BlobId, content: Uint8Array, local: OrderedWriter): void {
    assert(content.length <= smallSizeMaxBytes, `small content over ${smallSizeMaxBytes} bytes: ${content.length}`);
    if (readPlace(local, id) !== undefined) return;
    writePlace(local, id, this.#append(id, content));
  }
  #append(id: BlobId, content: Uint8Array): Place {
    const segment = this.#current;
    const { end: offset } = segment;
    const rest = new ByteWriter(20).u32(content.length).hex(id).finish();
    const checksum = this.#options.checksum(content, this.#options.checksum(rest));
    const header = new ByteWriter(packedHeaderSizeBytes).u32(checksum).raw(rest).finish();
    segment.file.writeNow([header, content], offset);
    segment.dirty = true;
    const place = { segment: segment.number, offset, length: content.length, checksum };
    segment.end = offset + recordSizeBytes(place);
    if (segment.end >= this.#options.segmentSizeBytes) this.#grow();
    return place;
  }
  /** The next segment is made beside; until it is there this one grows further. */
  #grow(): void {
    this.#growing ??= createSegment(this.#options, this.#current.number + 1)
      .then((created) => {
        this.#segments.set(created.number, created);
        this.#current = created;
        this.#newNames = true;
      })
      .catch(this.#options.onError)
      .finally(() => {
        this.#growing = undefined;
      });
  }

  /** @throws StatusError `corrupt`. @param place where it is, or was when it was pinned. */
  async read(id: BlobId, place: Place): Promise<Uint8Array> {
    const segment = this.#segments.get(place.segment);
    if (segment === undefined)
      throw new StatusError(
        'corrupt',
        `Cannot read blob ${id}: "${segmentPath(this.#options.directory, place.segment)}" is missing`,
      );
    const bytes = new Uint8Array(recordSizeBytes(place));
    const count = await segment.file.read(bytes, place.offset);
    const whole =
      count === bytes.length &&
      new ByteReader(bytes).u32() === place.checksum &&
      this.#options.checksum(bytes.subarray(4)) === place.checksum &&
      idFromBytes(bytes.subarray(8, 8 + idSizeBytes)) === id;
    if (!whole)
      throw new StatusError(
        'corrupt',
        `Cannot read blob ${id}: "${segment.path}" at ${place.offset}: its content does not match its checksum`,
      );
    return bytes.subarray(packedHeaderSizeBytes);
  }

  /** Gives the segment's number back when more than half of it is dead. */
  forget(id: BlobId, local: OrderedWriter): number | undefined {
    const place = readPlace(local, id);
    if (place === undefined) return undefined;
    deletePlace(local, id, place);
    const { end, live } = readUse(local, place.segment);
    return place.segment !== this.#current.number && 2 * live < end ? place.segment : undefined;
  }

  /** A failure is final: what was not synced is lost, and nobody may be told later that all is durable. */
  async sync(): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    try {
      await this.#sync();
    } catch (thrown) {
      throw (this.#failure ??= toStatusError(thrown));
    }
  }
  async #sync(): Promise<void> {
    if (this.#newNames) {
      this.#newNames = false;
      await this.#options.disk.syncDirectory(this.#options.directory);
    }
    for (const segment of this.#segments.values()) {
      if (!segment.dirty) continue;
      segment.dirty = false;
      await segment.file.sync();
    }
  }

  /** Segments, but the newest, of which more than half is dead. */
  worthCompacting(): readonly number[] {
    return [...this.#segments.keys()].filter((number) => {
      const { end, live } = readUse(this.#options.local(), number);
      return number !== this.#current.number && 2 * live < end;
    });
  }
  /**
   * Moves what is still wanted into the newest segment and removes the old one.
   * @param change runs in a transaction of the store. @param commit resolves when that transaction is durable.
   */
  async compact(
    number: number,
    change: (body: (local: OrderedWriter) => void) => void,
    commit: () => Promise<void>,
  ): Promise<void> {
    const moved: (readonly [BlobId, Place, Place])[] = [];
    for (const [id, place] of await this.#livePlaces(number))
      moved.push([id, place, this.#append(id, await this.read(id, place))]);
    change((local) => {
      for (const [id, from, to] of moved) {
        const now = readPlace(local, id);
        if (now?.segment !== from.segment || now.offset !== from.offset) continue;
        deletePlace(local, id, from);
        writePlace(local, id, to);
      }
    });
    if (readUse(this.#options.local(), number).live > 0) return;
    await commit();
    const segment = present(this.#segments.get(number), 'compacted segment');
    this.#segments.delete(number);
    await segment.file.close();
    await this.#options.disk.remove(segment.path);
    await this.#options.disk.syncDirectory(this.#options.directory);
    change((local) => deleteUse(local, number));
  }
  /** Records of the segment that the store still points at, found by walking the file. */
  async #livePlaces(number: number): Promise<readonly (readonly [BlobId, Place])[]> {
    const segment = present(this.#segments.get(number), 'segment to compact');
    const { end } = readUse(this.#options.local(), number);
    const live: (readonly [BlobId, Place])[] = [];
    const header = new Uint8Array(packedHeaderSizeBytes);
    for (let offset = 0; offset < end;) {
      if ((await segment.file.read(header, offset)) < header.length) break;
      const reader = new ByteReader(header);
      reader.u32();
      const length = reader.u32();
      const id = asBlobId(idFromBytes(reader.raw(idSizeBytes)));
      const place = readPlace(this.#options.local(), id);
      if (place?.segment === number && place.offset === offset) live.push([id, place]);
      if (length > smallSizeMaxBytes)
        throw new StatusError('corrupt', `Cannot compact "${segment.path}" at ${offset}: its header is damaged`);
      offset += packedHeaderSizeBytes + length;
    }
    return live;
  }

  async close(): Promise<void> {
    await this.#growing;
    try {
      await this.sync();
    } finally {
      for (const { file } of this.#segments.values()) await file.close();
    }
  }
}

async function createSegment({ disk, directory }: PackedOptions, number: number): Promise<Segment> {
  const path = segmentPath(directory, number);
  return { number, path, file: await disk.open(path, 'create'), end: 0, dirty: true };
}
