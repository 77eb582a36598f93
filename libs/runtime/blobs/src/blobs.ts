/** Immutable content by id: large ones in files of their own, small ones packed. */
import {
  assert,
  type BlobId,
  type OrderedReader,
  type OrderedWriter,
  StatusError,
  toStatusError,
} from '@skerry/kernel';
import type { Telemetry } from '@skerry/runtime-telemetry';
import { makeDurableDirectory, pause, type World } from '@skerry/runtime-world';
import type { StageWriter } from './blob-writer.ts';
import { damagedFolder, LargeContents, type LargeFile } from './large.ts';
import { type Place } from './packed-places.ts';
import { PackedContents, packedSegmentSizeBytes } from './packed.ts';
import { SharedSync } from './shared-sync.ts';
import type { BlobWriter, CopyKeeper, Held } from './types.ts';

export type BlobsOptions = {
  readonly world: Pick<World, 'disk' | 'checksum' | 'crc32' | 'clock'>;
  /** Folder for all of it on the world's disk; made when it is not there. */
  readonly directory: string;
  readonly telemetry: Pick<Telemetry, 'emit'>;
  /** This node's own part of the store, as it is now. */
  readonly local: () => OrderedReader;
  /**
   * Needed for compaction of packed segments, which does not happen without: runs a transaction on that part of the
   * store, …
   */
  readonly changeLocal?: (body: (local: OrderedWriter) => void) => void;
  /** … and resolves when all ended transactions are on disk. */
  readonly flushLocal?: () => Promise<void>;
  /** Default: {@link packedSegmentSizeBytes}. */
  readonly packedSegmentSizeBytes?: number;
};
export type ReadOptions = {
  /**
   * Faster: a chunk's memory is used again once the next chunk is asked for, so nobody may hold it longer. Default:
   * false.
   */
  readonly reuseBuffers?: boolean;
};

/**
 * Between two contents, so that a scrub takes at most some percent of the disk: each pause is for this many bytes at
 * most.
 */
const scrubStepBytes = 1024 * 1024;
const scrubPauseMs = 20;

/** @throws StatusError `corrupt`, `format_newer`, `disk_full`, `read_only_disk`, `disk_failed`. */
export async function openBlobs(options: BlobsOptions): Promise<BlobStore> {
  const { world, directory, telemetry } = options;
  for (const folder of ['staging', 'blobs', 'packed', damagedFolder])
    await makeDurableDirectory(world.disk, `${directory}/${folder}`);
  const packed = await PackedContents.open({
    disk: world.disk,
    checksum: world.checksum,
    directory: `${directory}/packed`,
    local: options.local,
    segmentSizeBytes: options.packedSegmentSizeBytes ?? packedSegmentSizeBytes,
    onError: (error) => telemetry.emit({ event: 'packed_segment_failed', level: 'error', error }),
  });
  const store = new BlobStore(options, new LargeContents(world, directory), packed);
  store.compactWhatIsWorthIt();
  return store;
}

export class BlobStore implements CopyKeeper {
  readonly #options: BlobsOptions;
  readonly #large: LargeContents;
  readonly #packed: PackedContents;
  readonly #syncPacked: SharedSync;
  readonly #pins = new Map<BlobId, number>();
  /**
   * Forgotten while pinned: removed with the last release. Small contents with their place, which the store has lost.
   */
  readonly #forgotten = new Map<BlobId, Place | undefined>();
  readonly #background = new Set<Promise<void>>();
  readonly #compacting = new Set<number>();
  #closed = false;

  constructor(options: BlobsOptions, large: LargeContents, packed: PackedContents) {
    this.#options = options;
    this.#large = large;
    this.#packed = packed;
    this.#syncPacked = new SharedSync(() => packed.sync());
  }

  async create(id: BlobId): Promise<BlobWriter> {
    this.#assertOpen();
    if (this.#packed.place(id) !== undefined)
      throw new StatusError('entry_exists', `Cannot create blob ${id}: there is a small content with that id`);
    return this.#large.create(id);
  }
  resume(id: BlobId, length: number): Promise<StageWriter> {
    this.#assertOpen();
    return this.#large.resume(id, length);
  }

  async *read(
    id: BlobId,
    range: { readonly offset: number; readonly length: number },
    { reuseBuffers = false }: ReadOptions = {},
  ): AsyncGenerator<Uint8Array> {
    this.#assertOpen();
    // Read wholly before the first byte is given, so neither forgetting nor compaction can come in between.
    const small = await this.#readSmall(id);
    if (small === undefined) {
      yield* this.#large.read(id, range, reuseBuffers);
      return;
    }
    if (range.offset + range.length > small.length)
      throw new StatusError(
        'corrupt',
        `Cannot read blob ${id}: it has ${small.length} bytes, ${range.offset + range.length} are wanted`,
      );
    if (range.length > 0) yield small.subarray(range.offset, range.offset + range.length);
  }
  async #readSmall(id: BlobId): Promise<Uint8Array | undefined> {
    const place = this.#packed.place(id) ?? this.#forgotten.get(id);
    if (place === undefined) return undefined;
    try {
      return await this.#packed.read(id, place);
    } catch (thrown) {
      // Moved by a compaction meanwhile: it is at another place now.
      const now = this.#packed.place(id);
      if (now === undefined || (now.segment === place.segment && now.offset === place.offset)) throw thrown;
      return this.#packed.read(id, now);
    }
  }

  pin(id: BlobId): () => void {
    this.#pins.set(id, (this.#pins.get(id) ?? 0) + 1);
    let released = false;
    return () => {
      if (released) return;
      released = true;
      const left = (this.#pins.get(id) ?? 0) - 1;
      if (left > 0) {
        this.#pins.set(id, left);
        return;
      }
      this.#pins.delete(id);
      if (!this.#forgotten.has(id)) return;
      const place = this.#forgotten.get(id);
      this.#forgotten.delete(id);
      if (place === undefined) this.#removeLarge(id);
      else this.compactWhatIsWorthIt();
    };
  }

  putSmall(id: BlobId, content: Uint8Array, local: OrderedWriter): void {
    this.#assertOpen();
    this.#packed.put(id, content, local);
  }

  forget(id: BlobId, local: OrderedWriter): void {
    this.#assertOpen();
    const place = this.#packed.place(id);
    const pinned = this.#pins.has(id);
    if (place !== undefined) {
      const worth = this.#packed.forget(id, local);
      if (pinned) this.#forgotten.set(id, place);
      // After the transaction that this is a part of.
      else if (worth !== undefined) this.#inBackground(() => this.#compact(worth));
    } else if (pinned) {
      if (!this.#forgotten.has(id)) this.#forgotten.set(id, undefined);
    } else this.#removeLarge(id);
  }
  #removeLarge(id: BlobId): void {
    this.#inBackground(() => this.#large.remove(id));
  }
  /** What fails here is only not tidied up: the search for orphans finds it again. */
  #inBackground(body: () => Promise<void>): void {
    const running = Promise.resolve()
      .then(body)
      .catch((thrown: unknown) => {
        this.#options.telemetry.emit({ event: 'blob_removal_failed', level: 'warn', error: toStatusError(thrown) });
      })
      .finally(() => this.#background.delete(running));
    this.#background.add(running);
  }

  /** Begins, in the background, what was left undone by a crash or a pin. */
  compactWhatIsWorthIt(): void {
    for (const number of this.#packed.worthCompacting()) this.#inBackground(() => this.#compact(number));
  }
  async #compact(number: number): Promise<void> {
    const { changeLocal, flushLocal } = this.#options;
    if (changeLocal === undefined || flushLocal === undefined || this.#closed) return;
    const pinned = [...this.#forgotten.values()].some((place) => place?.segment === number);
    if (pinned || this.#compacting.has(number)) return;
    this.#compacting.add(number);
    try {
      await this.#packed.compact(number, changeLocal, async () => {
        await this.sync();
        await flushLocal();
      });
    } finally {
      this.#compacting.delete(number);
    }
  }

  sync(): Promise<void> {
    return this.#syncPacked.run();
  }

  async describe(id: BlobId): Promise<Held | undefined> {
    const place = this.#packed.place(id);
    return place === undefined ? this.#large.describe(id) : { kind: 'small', lengthBytes: place.length };
  }
  recover(id: BlobId): Promise<number | undefined> {
    this.#assertOpen();
    return this.#large.recover(id);
  }
  setAside(id: BlobId): Promise<void> {
    this.#assertOpen();
    return this.#large.setAside(id);
  }
  dropSetAside(id: BlobId): Promise<void> {
    return this.#large.dropSetAside(id);
  }
  *listSmall(): Generator<BlobId> {
    for (const [id] of this.#packed.places()) yield id;
  }

  list(): AsyncGenerator<LargeFile> {
    return this.#large.list();
  }

  async *scrub(signal?: AbortSignal): AsyncGenerator<{ readonly id: BlobId; readonly error: Error }> {
    for await (const { id, published, lengthBytes } of this.#large.list()) {
      if (!published) continue;
      const error = await this.#verify(id, lengthBytes, signal);
      if (signal?.aborted === true) return;
      if (error !== undefined) yield { id, error };
    }
    let bytes = 0;
    for (const [id, place] of this.#packed.places()) {
      if (signal?.aborted === true) return;
      const error = await this.#verify(id, place.length, undefined);
      if (error !== undefined) yield { id, error };
      bytes += place.length;
      if (bytes < scrubStepBytes) continue;
      bytes = 0;
      await pause(this.#options.world.clock, scrubPauseMs, signal);
    }
  }
  async #verify(id: BlobId, length: number, signal: AbortSignal | undefined): Promise<Error | undefined> {
    try {
      let bytes = 0;
      for await (const chunk of this.read(id, { offset: 0, length }, { reuseBuffers: true })) {
        if (signal?.aborted === true) return undefined;
        bytes += chunk.length;
        if (bytes < scrubStepBytes) continue;
        bytes = 0;
        await pause(this.#options.world.clock, scrubPauseMs, signal);
      }
      return undefined;
    } catch (thrown) {
      const error = toStatusError(thrown);
      // Forgotten since it was listed.
      return error.reason === 'no_such_entry' ? undefined : error;
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#large.close();
    while (this.#background.size > 0) await Promise.all(this.#background);
    await this.#packed.close();
  }
  #assertOpen(): void {
    assert(!this.#closed, 'the store of blobs is closed');
  }
}
