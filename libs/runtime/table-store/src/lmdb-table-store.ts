/** Tables in memory, in a commit log and in LMDB. See README. */
import {
  BlockCodec,
  BlockMerger,
  bucketCount,
  type Layers,
  noteSealed,
  Memtable,
  MutationWriter,
  mutationHeadSizeBytes,
  PartitionReader,
  Sink,
  type TableLayout,
  type TableReader,
  type TableStore,
} from '@skerry/domain-table';
import { assert, StatusError } from '@skerry/kernel';
import type { SortedChange, SortedStore } from '@skerry/runtime-kv';
import type { World } from '@skerry/runtime-world';
import { Breather } from './breather.ts';
import type { CommitLog } from './commit-log.ts';
import { forgottenNotes, newestNote, type Removal, removalNote, replayNote } from './meta.ts';
import { comparePlaces, groupHeadSizeBytes, type LogPlace } from './segment.ts';

/** Memory that a memtable's rows may take: at three quarters it is sealed and flushed while another takes the writes. */
export const memtableDefaultBytes = 64 * 1024 * 1024;
/** Of an arena, before its memtable is sealed. */
const sealedAt = 0.75;
/** Changed blocks handed to LMDB at once: some milliseconds, in which nobody else has a turn. */
export const flushBatchBytes = 1024 * 1024;
const flushBatchChanges = 1_000;
/** Batches on their way: LMDB commits together what waits for it. */
const flushBatchesInFlightMax = 6;
/** Room in an arena for what merging a mutation may take beside the mutation itself. */
const mergeSpareBytes = 64 * 1024;
/** Keys removed in one commit when a table goes. */
const removedKeysMax = 2_000;

export type StoreParts = {
  readonly world: Pick<World, 'clock' | 'checksum'>;
  readonly blocks: SortedStore;
  readonly mode: 'periodic' | 'batch';
  readonly memtableBytes: number;
  readonly onFatal: (error: StatusError) => void;
  readonly removals: readonly Removal[];
  readonly newest: readonly [hi: number, lo: number];
};
export type TableStoreStatistics = {
  readonly memoryBytes: number;
  /** A sealed memtable is on its way to the store. */
  readonly isFlushing: boolean;
  readonly flushes: number;
  readonly flushedPartitions: number;
  /** Longest time that a flush held the event loop, in milliseconds. */
  readonly longestHoldMs: number;
  readonly logSegments: number;
};

/** What the store has of one table, keys included. */
export type StoredFigures = { readonly blocks: number; readonly bytes: number };

export class LmdbTableStore implements TableStore {
  readonly writer = new MutationWriter(new Sink(256 * 1024));
  readonly #parts: StoreParts;
  readonly #layouts = new Map<number, TableLayout>();
  readonly #layers: Layers;
  readonly #codec: BlockCodec;
  readonly #merger: BlockMerger;
  readonly #breather: Breather;
  #log: CommitLog | undefined;
  #spare: Memtable | undefined;
  /** Of the writer's bytes, what was applied. */
  #applied = groupHeadSizeBytes;
  /** What is done to LMDB, one after the other. */
  #work: Promise<void> = Promise.resolve();
  #flushing: Promise<void> | undefined;
  readonly #inFlight: Promise<void>[] = [];
  #waiters: (() => void)[] = [];
  #removals: readonly Removal[];
  #failure: StatusError | undefined;
  #flushes = 0;
  #flushedPartitions = 0;
  #closed = false;

  constructor(parts: StoreParts) {
    this.#parts = parts;
    this.#removals = parts.removals;
    const [storedHi, storedLo] = parts.newest;
    this.#layers = { active: this.#newMemtable(), sealed: undefined, storedHi, storedLo };
    this.#codec = new BlockCodec(parts.world.checksum);
    this.#merger = new BlockMerger(this.#codec, () => parts.blocks.place());
    this.#breather = new Breather(parts.world.clock);
    this.writer.sink.length = groupHeadSizeBytes;
  }
  #newMemtable(): Memtable {
    return new Memtable(this.#parts.memtableBytes, this.#layouts);
  }
  /** The log takes what is applied from now on. */
  useLog(log: CommitLog): void {
    this.#log = log;
  }
  get #place(): LogPlace {
    return this.#log?.place ?? { segment: 0, offset: 0 };
  }
  statistics(): TableStoreStatistics {
    return {
      memoryBytes: this.#layers.active.sizeBytes + (this.#layers.sealed?.sizeBytes ?? 0),
      isFlushing: this.#layers.sealed !== undefined,
      flushes: this.#flushes,
      flushedPartitions: this.#flushedPartitions,
      longestHoldMs: this.#breather.longestMs,
      logSegments: this.#log?.segmentCount ?? 0,
    };
  }

  apply(): void {
    const { sink } = this.writer;
    const from = this.#applied;
    const refusal = this.#refusal(sink.length - from);
    if (refusal !== undefined) {
      sink.length = from;
      throw refusal;
    }
    const { bytes, view, length } = sink;
    const { active } = this.#layers;
    for (let at = from; at < length; at += view.getUint32(at)) active.apply(bytes, view, at);
    this.#applied = length;
  }
  #refusal(sizeBytes: number): StatusError | undefined {
    if (this.#failure !== undefined) return this.#failure;
    if (this.#closed) return new StatusError('shutting_down', 'Cannot write: the store is closed');
    const { view, length } = this.writer.sink;
    for (let at = this.#applied; at < length; at += view.getUint32(at))
      if (!this.#layouts.has(view.getUint32(at + 4)))
        return new StatusError('no_such_entry', `Cannot write to table ${view.getUint32(at + 4)}: it is not there`);
    return this.#hasRoom(sizeBytes)
      ? undefined
      : new StatusError('overloaded', 'Cannot write: memory is full, the disk is behind');
  }
  #hasRoom(sizeBytes: number): boolean {
    const { active } = this.#layers;
    return active.isEmpty || active.sizeBytes + sizeBytes + mergeSpareBytes <= this.#parts.memtableBytes;
  }
  room(): Promise<void> | undefined {
    // A store that failed makes nobody wait: the next `apply` says so.
    if (this.#failure !== undefined || this.#hasRoom(mergeSpareBytes)) return undefined;
    return new Promise((resolve) => {
      this.#waiters.push(resolve);
      this.#sealWhenFull();
    });
  }

  endTurn(): Promise<void> | undefined {
    // The node's own statements may have ended the turn before others that wrote in it: they wait for the same sync.
    if (this.#applied === groupHeadSizeBytes) return this.#unsynced();
    const { sink } = this.writer;
    const size = this.#applied;
    const wrote = this.#log?.append(sink.bytes, sink.view, size) ?? true;
    // What was begun but not applied goes: nobody can know of it.
    sink.length = groupHeadSizeBytes;
    this.#applied = groupHeadSizeBytes;
    if (!wrote) return new Promise(() => undefined);
    this.#sealWhenFull();
    return this.#unsynced();
  }
  #unsynced(): Promise<void> | undefined {
    return this.#parts.mode === 'batch' ? this.#log?.unsynced() : undefined;
  }
  #sealWhenFull(): void {
    if (this.#applied > groupHeadSizeBytes) return;
    const { active, sealed } = this.#layers;
    if (sealed !== undefined || active.sizeBytes < sealedAt * this.#parts.memtableBytes) return;
    // Its failure is told to `onFatal`, and to whoever writes next.
    this.#startFlush().catch(() => undefined);
  }

  reader(): TableReader {
    return new PartitionReader(this.#layers, this.#codec, () => this.#parts.blocks.place());
  }
  setTable(table: TableLayout): void {
    this.#layouts.set(table.schema.number, table);
  }

  /** One group of the log, at start. @returns when there is room for the next. */
  replay(bytes: Uint8Array, from: number, to: number, place: LogPlace): Promise<void> | undefined {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let at = from; at < to; at += view.getUint32(at)) {
      const table = view.getUint32(at + 4);
      if (!this.#layouts.has(table)) continue;
      if (this.#removals.some((removal) => removal.table === table && comparePlaces(place, removal.place) <= 0))
        continue;
      assert(view.getUint32(at) >= mutationHeadSizeBytes, 'a mutation has a head');
      this.#layers.active.apply(bytes, view, at);
    }
    // What the log holds is flushed without cutting it: it is cut when all of it was replayed.
    if (this.#layers.active.sizeBytes < sealedAt * this.#parts.memtableBytes) return undefined;
    return this.#seal(undefined);
  }

  flush(): Promise<void> {
    this.#endNow();
    if (this.#layers.active.isEmpty) return this.#flushing ?? this.#work;
    const before = this.#flushing;
    if (before === undefined) return this.#startFlush();
    return before.then(() => this.flush());
  }
  /** Applied so far, also in this turn: in the log before it is sealed. */
  #endNow(): void {
    const { sink } = this.writer;
    if (this.#applied === groupHeadSizeBytes) return;
    assert(sink.length === this.#applied, 'a mutation that was begun is applied before a flush');
    void this.endTurn();
  }
  #startFlush(): Promise<void> {
    this.#flushing ??= this.#seal(this.#place).finally(() => {
      this.#flushing = undefined;
      this.#sealWhenFull();
    });
    return this.#flushing;
  }
  /** @param place up to where the log may be cut then. */
  #seal(place: LogPlace | undefined): Promise<void> {
    const { active } = this.#layers;
    noteSealed(this.#layers, active);
    this.#layers.sealed = active;
    this.#layers.active = this.#spare ?? this.#newMemtable();
    this.#spare = undefined;
    this.#tellRoom();
    return this.#inOrder(() => this.#flushSealed(active, place));
  }
  #tellRoom(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const resolve of waiters) resolve();
  }
  #inOrder(body: () => Promise<void>): Promise<void> {
    const done = this.#work.then(body);
    this.#work = done.catch(() => undefined);
    return done.catch((thrown: unknown) => this.#fail(thrown));
  }
  /** What memory holds is in the log: a start anew brings it back. */
  #fail(thrown: unknown): never {
    const error =
      thrown instanceof StatusError
        ? thrown
        : new StatusError('disk_failed', `Cannot flush tables: ${String(thrown)}`, { cause: thrown });
    if (this.#failure === undefined) {
      this.#failure = error;
      this.#tellRoom();
      this.#parts.onFatal(error);
    }
    throw error;
  }
  async #flushSealed(sealed: Memtable, place: LogPlace | undefined): Promise<void> {
    this.#breather.begin();
    this.#merger.changes.push(newestNote(this.#layers.storedHi, this.#layers.storedLo));
    for (const table of sealed.tables()) {
      for (let bucket = 0; bucket < bucketCount; bucket++) {
        const layout = this.#layouts.get(table);
        // Dropped meanwhile.
        if (layout === undefined) break;
        for (const partition of sealed.bucket(table, bucket)) await this.#flushPartition(sealed, partition, layout);
      }
    }
    for (const write of this.#inFlight.splice(0)) await write;
    const changes = [...this.#merger.takeChanges()];
    if (place !== undefined) {
      changes.push(replayNote(place), ...forgottenNotes(this.#removals, place));
      this.#removals = this.#removals.filter((removal) => !removal.done || comparePlaces(removal.place, place) > 0);
    }
    await this.#parts.blocks.write(changes);
    this.#layers.sealed = undefined;
    this.#flushes += 1;
    this.#flushedPartitions += sealed.partitionCount;
    if (sealed.bytes.length <= this.#parts.memtableBytes) {
      sealed.clear();
      this.#spare = sealed;
    }
    if (place !== undefined) await this.#log?.cut(place);
  }
  async #flushPartition(sealed: Memtable, partition: number, layout: TableLayout): Promise<void> {
    const merger = this.#merger;
    for (const _ of merger.merge(sealed, partition, layout, this.#time(sealed, partition, layout)))
      await this.#settle();
    await this.#settle();
  }
  /** Hands over what is much, and lets others have their turn. */
  async #settle(): Promise<void> {
    const merger = this.#merger;
    if (merger.changedBytes >= flushBatchBytes || merger.changes.length >= flushBatchChanges) {
      const write = this.#parts.blocks.write(merger.takeChanges());
      this.#inFlight.push(write);
      // It is awaited later; until then its failure is nobody's.
      write.catch(() => undefined);
      this.#breather.end();
      if (this.#inFlight.length >= flushBatchesInFlightMax) await this.#inFlight.shift();
      await new Promise((resolve) => setImmediate(resolve));
      this.#breather.begin();
    } else if (this.#breather.isDue) await this.#breather.pause();
  }
  #time(sealed: Memtable, partition: number, { schema }: TableLayout): { nowSeconds: number; graceStart: number } {
    const nowSeconds = Math.floor(this.#parts.world.clock.wallMs() / 1000);
    const from = sealed.keyFrom(partition);
    const isWritten =
      this.#layers.active.find(
        schema.number,
        sealed.tokenHi(partition),
        sealed.tokenLo(partition),
        sealed.bytes,
        from,
        sealed.keySize(partition),
      ) >= 0;
    // What is in the newer memory may be older than a tombstone that covers it: then that stays.
    return { nowSeconds, graceStart: isWritten ? 0 : Math.max(0, nowSeconds - schema.gcGraceSeconds) };
  }

  /** Walks over all that the store has of the table, in pieces; what is in memory only is not counted. */
  async stored(tableNumber: number): Promise<StoredFigures> {
    const place = this.#parts.blocks.place();
    const breather = new Breather(this.#parts.world.clock);
    const start = new Uint8Array(4);
    new DataView(start.buffer).setUint32(0, tableNumber);
    let [blocks, bytes] = [0, 0];
    breather.begin();
    for (
      let more = place.seek(start, start.length, false);
      more && !this.#closed && place.keyView.getUint32(0) === tableNumber;
      more = place.seek(place.key, place.keySize, true)
    ) {
      blocks += 1;
      bytes += place.keySize + place.size;
      if (breather.isDue) await breather.pause();
    }
    return { blocks, bytes };
  }
  dropTable(tableNumber: number): Promise<void> {
    this.#layouts.delete(tableNumber);
    return this.truncate(tableNumber);
  }
  truncate(tableNumber: number): Promise<void> {
    this.#endNow();
    return this.#inOrder(async () => {
      this.#endNow();
      const place = this.#place;
      this.#layers.active.dropTable(tableNumber);
      this.#layers.sealed?.dropTable(tableNumber);
      await this.#log?.sync();
      await this.#note({ table: tableNumber, place, done: false });
      await this.#removeBlocks(tableNumber);
      await this.#note({ table: tableNumber, place, done: true });
    });
  }
  async #note(removal: Removal): Promise<void> {
    this.#removals = [...this.#removals.filter(({ table }) => table !== removal.table), removal];
    await this.#parts.blocks.write([removalNote(removal)]);
  }
  /** What a crash interrupted. */
  async finishRemovals(): Promise<void> {
    for (const removal of this.#removals) {
      if (removal.done) continue;
      await this.#removeBlocks(removal.table);
      await this.#note({ ...removal, done: true });
    }
  }
  async #removeBlocks(table: number): Promise<void> {
    const place = this.#parts.blocks.place();
    const start = new Uint8Array(4);
    new DataView(start.buffer).setUint32(0, table);
    for (;;) {
      const changes: SortedChange[] = [];
      for (
        let more = place.seek(start, start.length, false);
        more && place.keyView.getUint32(0) === table && changes.length < removedKeysMax;
        more = place.seek(place.key, place.keySize, true)
      )
        changes.push({ key: place.key.slice(0, place.keySize), value: undefined });
      if (changes.length === 0) return;
      await this.#parts.blocks.write(changes);
    }
  }

  async snapshot(path: string): Promise<void> {
    await this.flush();
    await this.#inOrder(() => this.#parts.blocks.backup(path));
  }
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#endNow();
    this.#closed = true;
    try {
      if (this.#failure === undefined) await this.flush();
      await this.#work;
    } finally {
      await this.#log?.close();
      await this.#parts.blocks.close();
    }
  }
}
