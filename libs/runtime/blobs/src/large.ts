/** Large contents: one file each, a stage while it is written, then under its final name. */
import { type BlobId, type Checksum, StatusError, toStatusError, BlobId as asBlobId, isHexId } from '@skerry/kernel';
import { type Disk, type DiskFile, makeDurableDirectory } from '@skerry/runtime-world';
import { StageWriter, type WriterHost, type WriterStart } from './blob-writer.ts';
import {
  blobVersion,
  checkHeader,
  type Checksums,
  checksumSizeBytes,
  contentLength,
  decodeSlots,
  encodeChecksum,
  encodeHeader,
  encodeSlot,
  fileOffset,
  frameChecksum,
  frameIsWhole,
  frameSeed,
  frameSizeBytes,
  headerSizeBytes,
  type Slot,
  slotOffset,
} from './format.ts';
import { type FrameSource, type Range, readFrames } from './frame-reader.ts';
import { SharedSync } from './shared-sync.ts';
import type { Held } from './types.ts';

/** Where copies are set aside that do not match their checksums, until they were fetched anew. */
export const damagedFolder = 'damaged';

/** A file that was opened, its header page, and the checksum that its frames have. */
type Stage = {
  readonly file: DiskFile;
  readonly path: string;
  readonly id: BlobId;
  readonly page: Uint8Array;
  readonly checksum: Checksum;
};

export type LargeFile = { readonly id: BlobId; readonly published: boolean; readonly lengthBytes: number };

export class LargeContents {
  readonly #disk: Disk;
  readonly #checksums: Checksums;
  readonly #stages: string;
  readonly #published: string;
  readonly #damaged: string;
  readonly #syncStages: SharedSync;
  readonly #folders = new Map<string, Promise<SharedSync>>();
  readonly #writers = new Map<BlobId, StageWriter>();
  readonly #host: WriterHost;

  constructor(world: { readonly disk: Disk } & Checksums, directory: string) {
    const { disk } = world;
    this.#disk = disk;
    this.#checksums = world;
    this.#stages = `${directory}/staging`;
    this.#published = `${directory}/blobs`;
    this.#damaged = `${directory}/${damagedFolder}`;
    this.#syncStages = new SharedSync(() => disk.syncDirectory(this.#stages));
    this.#host = {
      syncName: () => this.#syncStages.run(),
      rename: (id) => this.#rename(id),
      remove: (id) => this.#disk.remove(this.#stagePath(id)),
      closed: (id) => this.#writers.delete(id),
    };
  }
  #stagePath(id: BlobId): string {
    return `${this.#stages}/${id}`;
  }
  #folderPath(id: BlobId): string {
    return `${this.#published}/${id.slice(0, 2)}`;
  }
  #publishedPath(id: BlobId): string {
    return `${this.#folderPath(id)}/${id}`;
  }
  /** A folder is made when its first blob comes; later ones share its syncs. */
  #folder(id: BlobId): Promise<SharedSync> {
    const path = this.#folderPath(id);
    let folder = this.#folders.get(path);
    if (folder === undefined) {
      folder = makeDurableDirectory(this.#disk, path).then(() => new SharedSync(() => this.#disk.syncDirectory(path)));
      this.#folders.set(path, folder);
      folder.catch(() => this.#folders.delete(path));
    }
    return folder;
  }
  async #rename(id: BlobId): Promise<void> {
    const folder = await this.#folder(id);
    await this.#disk.rename(this.#stagePath(id), this.#publishedPath(id));
    // The new name first: a crash between the two leaves both names, never none.
    await folder.run();
    await this.#syncStages.run();
  }

  async create(id: BlobId): Promise<StageWriter> {
    if ((await this.#disk.sizeBytes(this.#publishedPath(id))) !== undefined)
      throw new StatusError('entry_exists', `Cannot create blob ${id}: it is published`);
    const file = await this.#disk.open(this.#stagePath(id), 'create');
    try {
      await file.write([encodeHeader(id)], 0);
    } catch (thrown) {
      await file.close();
      await this.#disk.remove(this.#stagePath(id)).catch(() => undefined);
      throw thrown;
    }
    return this.#writer(id, file, frameChecksum(blobVersion, this.#checksums));
  }
  #writer(id: BlobId, file: DiskFile, checksum: Checksum, start?: WriterStart): StageWriter {
    const writer = new StageWriter(id, file, this.#host, checksum, start);
    this.#writers.set(id, writer);
    return writer;
  }

  async resume(id: BlobId, length: number): Promise<StageWriter> {
    if (this.#writers.has(id)) throw new StatusError('entry_exists', `Cannot resume blob ${id}: it is being written`);
    const path = this.#stagePath(id);
    const file = await this.#disk.open(path, 'write');
    try {
      const { page, checksum } = await this.#readHeader(file, path, id);
      return this.#writer(id, file, checksum, await this.#cutBack({ file, path, id, page, checksum }, length));
    } catch (thrown) {
      await file.close();
      throw thrown;
    }
  }
  /**
   * Leaves the stage at exactly `length`, its last frame verified. The new slot is durable before the old end is cut.
   */
  async #cutBack(stage: Stage, length: number): Promise<WriterStart> {
    const { file, path, id, page } = stage;
    const fill = length % frameSizeBytes;
    if ((await file.sizeBytes()) < fileOffset(length))
      throw new StatusError(
        'corrupt',
        `Cannot resume blob ${id}: "${path}" ends before its ${length} bytes, which were durable`,
      );
    const checksum = await lastFrameChecksum(stage, length);
    const slots = decodeSlots(page);
    // The slot that is not needed is written over.
    const slotTurn = slots[0]?.length === length && slots.length === 2 ? 1 : 0;
    if (fill > 0) {
      await file.write([encodeSlot({ length, checksum })], slotOffset(slotTurn));
      await file.sync();
    }
    await file.truncate(fileOffset(length));
    if (fill > 0) await file.write([encodeChecksum(checksum)], fileOffset(length));
    await file.sync();
    return { length, checksum, slotTurn: slotTurn + 1 };
  }
  async #readHeader(file: DiskFile, path: string, id: BlobId): Promise<Pick<Stage, 'page' | 'checksum'>> {
    const page = new Uint8Array(headerSizeBytes);
    const count = await file.read(page, 0);
    const version = checkHeader(page.subarray(0, count), id, path);
    return { page, checksum: frameChecksum(version, this.#checksums) };
  }

  /** @throws StatusError `no_such_entry`, `corrupt`. */
  async *read(id: BlobId, range: Range, reuseBuffers: boolean): AsyncGenerator<Uint8Array> {
    const writer = this.#writers.get(id);
    const last = writer === undefined ? undefined : await syncedEnd(writer);
    const { file, path } = await this.#openToRead(id);
    try {
      const { checksum } = await this.#readHeader(file, path, id);
      const length = last?.length ?? contentLength(await file.sizeBytes());
      if (length === undefined || range.offset + range.length > length)
        throw new StatusError(
          'corrupt',
          `Cannot read blob ${id}: "${path}" holds ${length ?? 'no whole number of'} bytes, ` +
            `${range.offset + range.length} are wanted`,
        );
      const source: FrameSource = { file, path, id, length, lastChecksum: last?.checksum };
      yield* readFrames(source, range, checksum, reuseBuffers);
    } finally {
      await file.close();
    }
  }
  async #openToRead(id: BlobId): Promise<{ readonly file: DiskFile; readonly path: string }> {
    // A stage may be published between the two looks: then the third finds it.
    for (const path of [this.#publishedPath(id), this.#stagePath(id), this.#publishedPath(id)])
      try {
        return { file: await this.#disk.open(path, 'read'), path };
      } catch (thrown) {
        if (toStatusError(thrown).reason !== 'no_such_entry') throw thrown;
      }
    throw new StatusError('no_such_entry', `Cannot read blob ${id}: there is no such blob on this disk`);
  }

  /** What is there of it; of a stage that nobody writes, what its file seems to hold. */
  async describe(id: BlobId): Promise<Held | undefined> {
    const writer = this.#writers.get(id);
    if (writer !== undefined) return { kind: 'writing', lengthBytes: writer.durableLength };
    // As in reading: a stage may be published between the two looks.
    for (const [kind, path] of [
      ['published', this.#publishedPath(id)],
      ['stage', this.#stagePath(id)],
      ['published', this.#publishedPath(id)],
    ] as const) {
      const size = await this.#disk.sizeBytes(path);
      if (size !== undefined) return { kind, lengthBytes: lengthFor(size) };
    }
    return undefined;
  }

  /** See `CopyKeeper.recover`. */
  async recover(id: BlobId): Promise<number | undefined> {
    if (this.#writers.has(id)) throw new StatusError('entry_exists', `Cannot recover blob ${id}: it is being written`);
    const path = this.#stagePath(id);
    const file = await this.#disk.open(path, 'write');
    let length: number | undefined;
    try {
      const { page, checksum } = await this.#readHeader(file, path, id);
      length = await provenLength(file, id, decodeSlots(page), checksum);
      await this.#cutBack({ file, path, id, page, checksum }, length);
    } catch (thrown) {
      if (toStatusError(thrown).reason !== 'corrupt') throw thrown;
      length = undefined;
    } finally {
      await file.close();
    }
    if (length === undefined) await this.#disk.remove(path);
    return length;
  }

  /** See `CopyKeeper.setAside`. */
  async setAside(id: BlobId): Promise<void> {
    for (const path of [this.#publishedPath(id), this.#stagePath(id)]) {
      if (path === this.#stagePath(id) && this.#writers.has(id)) continue;
      try {
        await this.#disk.rename(path, `${this.#damaged}/${id}`);
      } catch (thrown) {
        if (toStatusError(thrown).reason !== 'no_such_entry') throw thrown;
      }
    }
  }
  /** See `CopyKeeper.dropSetAside`. */
  async dropSetAside(id: BlobId): Promise<void> {
    try {
      await this.#disk.remove(`${this.#damaged}/${id}`);
    } catch (thrown) {
      if (toStatusError(thrown).reason !== 'no_such_entry') throw thrown;
    }
  }

  /** Idempotent. A stage that is still written is left to its writer. */
  async remove(id: BlobId): Promise<void> {
    await this.dropSetAside(id);
    for (const path of [this.#publishedPath(id), this.#stagePath(id)]) {
      if (path === this.#stagePath(id) && this.#writers.has(id)) continue;
      try {
        await this.#disk.remove(path);
      } catch (thrown) {
        if (toStatusError(thrown).reason !== 'no_such_entry') throw thrown;
      }
    }
  }

  async *list(): AsyncGenerator<LargeFile> {
    for (const folder of await this.#disk.list(this.#published))
      if (/^[0-9a-f]{2}$/.test(folder)) yield* this.#listFolder(`${this.#published}/${folder}`, true);
    yield* this.#listFolder(this.#stages, false);
  }
  async *#listFolder(folder: string, published: boolean): AsyncGenerator<LargeFile> {
    for (const name of await this.#disk.list(folder)) {
      if (!isHexId(name)) continue;
      const size = await this.#disk.sizeBytes(`${folder}/${name}`);
      if (size === undefined) continue;
      yield { id: asBlobId(name), published, lengthBytes: lengthFor(size) };
    }
  }

  async close(): Promise<void> {
    for (const writer of this.#writers.values()) await writer.suspend();
  }
}

/** Content in a file of any size: of a stage that a crash cut off, what is surely there. */
const lengthFor = (fileBytes: number): number => {
  for (let size = fileBytes; size > headerSizeBytes && size > fileBytes - checksumSizeBytes - 1; size--) {
    const length = contentLength(size);
    if (length !== undefined) return length;
  }
  return 0;
};

/** Content from the beginning that matches its checksums, in a stage that a crash may have torn. */
async function provenLength(file: DiskFile, id: BlobId, slots: readonly Slot[], checksum: Checksum): Promise<number> {
  const bytes = new Uint8Array(frameSizeBytes + checksumSizeBytes);
  for (let frame = 0; ; frame++) {
    const from = frame * frameSizeBytes;
    const count = await file.read(bytes, fileOffset(from));
    const seed = frameSeed(id, frame);
    if (count === bytes.length && frameIsWhole(bytes, seed, checksum)) continue;
    const view = new DataView(bytes.buffer);
    const ends = slots.map((slot) => ({ length: slot.length - from, checksum: slot.checksum }));
    if (count > checksumSizeBytes)
      ends.push({ length: count - checksumSizeBytes, checksum: view.getUint32(count - checksumSizeBytes) });
    const proven = ends
      .filter(({ length }) => length > 0 && length <= Math.min(count, frameSizeBytes))
      .filter((end) => checksum(bytes.subarray(0, end.length), seed) === end.checksum);
    return from + Math.max(0, ...proven.map(({ length }) => length));
  }
}

async function syncedEnd(
  writer: StageWriter,
): Promise<{ readonly length: number; readonly checksum: number | undefined }> {
  const length = await writer.sync();
  return { length, checksum: length % frameSizeBytes === 0 ? undefined : writer.partialChecksumAt(length) };
}

async function lastFrameChecksum({ file, path, id, page, checksum }: Stage, length: number): Promise<number> {
  const frame = Math.floor(length / frameSizeBytes);
  const seed = frameSeed(id, frame);
  const fill = length % frameSizeBytes;
  if (fill === 0) return seed;
  const bytes = new Uint8Array(frameSizeBytes + checksumSizeBytes);
  const count = await file.read(bytes, fileOffset(frame * frameSizeBytes));
  // What proves the frame: its checksum at the file's end or the frame's, or a slot that covers as much.
  const stored = new DataView(bytes.buffer).getUint32(Math.max(0, count - checksumSizeBytes));
  const ends = [{ length: count - checksumSizeBytes, checksum: stored }];
  for (const slot of decodeSlots(page))
    ends.push({ length: slot.length - frame * frameSizeBytes, checksum: slot.checksum });
  const proven = ends.some(
    (end) =>
      end.length >= fill &&
      end.length <= count &&
      end.length <= frameSizeBytes &&
      checksum(bytes.subarray(0, end.length), seed) === end.checksum,
  );
  if (!proven)
    throw new StatusError(
      'corrupt',
      `Cannot resume blob ${id}: "${path}" at ${fileOffset(frame * frameSizeBytes)}: frame ${frame} is damaged`,
    );
  return checksum(bytes.subarray(0, fill), seed);
}
