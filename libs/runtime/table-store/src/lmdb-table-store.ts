/** Tables in memory, in a commit log and in runs. See README. */
import {
  BlockCache,
  BlockCodec,
  compareHalves,
  type Layers,
  layersOver,
  Memtable,
  MutationWriter,
  mutationHeadSizeBytes,
  nothingStored,
  PartitionReader,
  seal,
  Sink,
  type TableLayout,
  type TableReader,
  type TableStore,
} from '@skerry/domain-table';
import { assert, StatusError } from '@skerry/kernel';
import type { SortedStore } from '@skerry/runtime-kv';
import type { World } from '@skerry/runtime-world';
import type { CommitLog } from './commit-log.ts';
import { forgottenNotes, type Removal, removalNote, replayNote, type StoredRun } from './meta.ts';
import { Pacer } from './pacer.ts';
import { type CompactionFigures, RunBoard } from './run-board.ts';
import { PlaceReader } from './run-keys.ts';
import { comparePlaces, groupHeadSizeBytes, type LogPlace } from './segment.ts';
import { readTruncation, writeTruncation } from './truncation.ts';

/** Memory that a memtable's rows may take: at three quarters it is sealed and flushed while another takes the writes. */
export const memtableDefaultBytes = 64 * 1024 * 1024;
/** Of an arena, before its memtable is sealed. */
const sealedAt = 0.75;
/** Room in an arena for what merging a mutation may take beside the mutation itself. */
const mergeSpareBytes = 64 * 1024;
/** Milliseconds until a flush that a full disk stopped is tried again. */
const flushAgainMs = 1_000;

export type StoreParts = {
  readonly world: Pick<World, 'clock' | 'checksum'>;
  readonly blocks: SortedStore;
  readonly path: string;
  readonly mapSizeBytes: number;
  readonly mode: 'periodic' | 'batch';
  readonly memtableBytes: number;
  readonly onFatal: (error: StatusError) => void;
  readonly removals: readonly Removal[];
  readonly runs: readonly StoredRun[];
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
  /** Why writes are refused, when they are for want of room on the disk. */
  readonly diskFull: string | undefined;
  readonly compactions: CompactionFigures;
};

/** What the store has of one table. */
export type StoredFigures = { readonly blocks: number; readonly bytes: number; readonly runs: number };

type Timestamp = { readonly hi: number; readonly lo: number };
const least: Timestamp = { hi: 0x80000000 | 0, lo: 0 };
const isOlder = (a: Timestamp, b: Timestamp): boolean => compareHalves(a.hi, a.lo, b.hi, b.lo) < 0;

export class LmdbTableStore implements TableStore {
  readonly writer = new MutationWriter(new Sink(256 * 1024));
  readonly #parts: StoreParts;
  readonly #layouts = new Map<number, TableLayout>();
  readonly #layers: Layers;
  readonly #codec: BlockCodec;
  readonly #cache = new BlockCache();
  readonly #board: RunBoard;
  readonly #pacer: Pacer;
  #log: CommitLog | undefined;
  #spare: Memtable | undefined;
  /** Of the writer's bytes, what was applied. */
  #applied = groupHeadSizeBytes;
  /** What is done to LMDB, one after the other. */
  #work: Promise<void> = Promise.resolve();
  #flushing: Promise<void> | undefined;
  #waiters: (() => void)[] = [];
  #removals: readonly Removal[];
  #failure: StatusError | undefined;
  /** The last flush found no room. */
  #diskFull: StatusError | undefined;
  #flushes = 0;
  #flushedPartitions = 0;
  /** No write in the sealed memory is older. */
  #sealedOldest = least;
  /** The memory that is written has what the log gave: how old that is is not known. */
  #isReplayed = false;
  #closed = false;

  constructor(parts: StoreParts) {
    this.#parts = parts;
    this.#removals = parts.removals;
    this.#layers = layersOver(this.#newMemtable());
    this.#codec = new BlockCodec(parts.world.checksum);
    const { world, blocks, path, mapSizeBytes } = parts;
    this.#pacer = new Pacer(world.clock);
    this.#board = new RunBoard({
      world,
      blocks,
      path,
      mapSizeBytes,
      layers: this.#layers,
      layouts: this.#layouts,
      floor: () => this.#floor(),
    });
    this.#board.load(parts.runs);
    this.writer.sink.length = groupHeadSizeBytes;
  }
  get #sealedAtBytes(): number {
    return sealedAt * this.#parts.memtableBytes;
  }
  #newMemtable(): Memtable {
    return new Memtable(this.#parts.memtableBytes, this.#layouts);
  }
  /** The log takes what is applied from now on. */
  useLog(log: CommitLog): void {
    this.#log = log;
    this.#board.start();
  }
  get #place(): LogPlace {
    return this.#log?.place ?? { segment: 0, offset: 0 };
  }
  /** Of what memory alone has no write is older. */
  #floor(): Timestamp {
    const active = this.#floorOfActive();
    return this.#layers.sealed === undefined || isOlder(active, this.#sealedOldest) ? active : this.#sealedOldest;
  }
  #floorOfActive(): Timestamp {
    const { oldestHi: hi, oldestLo: lo } = this.writer;
    return this.#isReplayed ? least : { hi, lo };
  }
  statistics(): TableStoreStatistics {
    return {
      memoryBytes: this.#layers.active.sizeBytes + (this.#layers.sealed?.sizeBytes ?? 0),
      isFlushing: this.#layers.sealed !== undefined,
      flushes: this.#flushes,
      flushedPartitions: this.#flushedPartitions,
      longestHoldMs: this.#board.longestHoldMs,
      logSegments: this.#log?.segmentCount ?? 0,
      diskFull: this.#full()?.message,
      compactions: this.#board.figures(),
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
    if (length > from) this.#layers.active.applyAll(bytes, view, from, length);
    this.#applied = length;
  }
  #refusal(sizeBytes: number): StatusError | undefined {
    if (this.#failure !== undefined) return this.#failure;
    if (this.#closed) return new StatusError('shutting_down', 'Cannot write: the store is closed');
    const { view, length } = this.writer.sink;
    let known = -1;
    for (let at = this.#applied; at < length; at += view.getUint32(at)) {
      const table = view.getUint32(at + 4);
      if (table !== known && !this.#layouts.has(table))
        return new StatusError('no_such_entry', `Cannot write to table ${table}: it is not there`);
      known = table;
    }
    const stuck = this.#log?.stuck;
    if (stuck !== undefined) return stuck;
    if (this.#hasRoom(sizeBytes)) return undefined;
    return this.#diskFull ?? new StatusError('overloaded', 'Cannot write: memory is full, the disk is behind');
  }
  /** Why writes are refused, now or soon. */
  #full(): StatusError | undefined {
    return this.#log?.stuck ?? this.#diskFull;
  }
  #hasRoom(sizeBytes: number): boolean {
    const { active } = this.#layers;
    return active.isEmpty || active.sizeBytes + sizeBytes + mergeSpareBytes <= this.#parts.memtableBytes;
  }
  room(): Promise<void> | undefined {
    // A store that failed or whose disk is full makes nobody wait: the next `apply` says so.
    if (this.#failure !== undefined || this.#full() !== undefined) return undefined;
    const { active, sealed } = this.#layers;
    if (this.#hasRoom(mergeSpareBytes))
      return sealed === undefined ? undefined : this.#pacer.room(active.sizeBytes, this.#parts.memtableBytes);
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
    const wrote = this.#log?.append(sink.bytes, sink.view, size) ?? 'written';
    // What was begun but not applied goes: nobody can know of it.
    sink.length = groupHeadSizeBytes;
    this.#applied = groupHeadSizeBytes;
    if (wrote === 'failed') return new Promise(() => undefined);
    if (wrote === 'later') return this.#log?.unstuck();
    this.#sealWhenFull();
    return this.#unsynced();
  }
  #unsynced(): Promise<void> | undefined {
    if (this.#log?.stuck !== undefined) return this.#log.unstuck();
    return this.#parts.mode === 'batch' ? this.#log?.unsynced() : undefined;
  }
  #sealWhenFull(): void {
    if (this.#applied > groupHeadSizeBytes) return;
    const { active, sealed } = this.#layers;
    if (sealed !== undefined || (active.sizeBytes < this.#sealedAtBytes && this.#hasRoom(mergeSpareBytes))) return;
    // Its failure is told to `onFatal`, and to whoever writes next.
    this.#startFlush().catch(() => undefined);
  }

  reader(): TableReader {
    return new PartitionReader(
      this.#layers,
      this.#codec,
      () => new PlaceReader(this.#parts.blocks.place()),
      this.#cache,
    );
  }
  setTable(table: TableLayout): void {
    this.#layouts.set(table.schema.number, table);
  }

  /** One group of the log, at start. @returns when there is room for the next. */
  replay(bytes: Uint8Array, from: number, to: number, place: LogPlace): Promise<void> | undefined {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const isGone = (table: number): boolean =>
      this.#removals.some((removal) => removal.table === table && comparePlaces(place, removal.place) <= 0);
    const truncated = readTruncation(view, from);
    if (truncated !== undefined) {
      // A crash came before its tables were noted.
      const again = truncated.filter((table) => !isGone(table));
      return again.length === 0
        ? undefined
        : this.#inOrder(() =>
            this.#remove(
              () => again,
              () => place,
            ),
          );
    }
    for (let at = from; at < to; at += view.getUint32(at)) {
      const table = view.getUint32(at + 4);
      if (!this.#layouts.has(table) || isGone(table)) continue;
      assert(view.getUint32(at) >= mutationHeadSizeBytes, 'a mutation has a head');
      this.#isReplayed = true;
      this.#layers.active.apply(bytes, view, at);
    }
    // What the log holds is flushed without cutting it: it is cut when all of it was replayed.
    if (this.#layers.active.sizeBytes < this.#sealedAtBytes) return undefined;
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
    this.#sealedOldest = this.#floorOfActive();
    this.#isReplayed = false;
    this.writer.forgetOldest();
    const sealed = seal(this.#layers, this.#spare ?? this.#newMemtable());
    this.#spare = undefined;
    this.#tellRoom();
    this.#pacer.begin();
    return this.#inOrder(() => this.#flushSealed(sealed, place));
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
      if (!this.#closed) this.#parts.onFatal(error);
    }
    throw error;
  }
  async #flushSealed(sealed: Memtable, place: LogPlace | undefined): Promise<void> {
    const times = {
      newestHi: sealed.newestHi,
      newestLo: sealed.newestLo,
      oldestHi: this.#sealedOldest.hi,
      oldestLo: this.#sealedOldest.lo,
    };
    const isForgotten = (removal: Removal): boolean => place !== undefined && comparePlaces(removal.place, place) <= 0;
    await this.#whenRoom(() =>
      this.#board.flush(sealed, times, () =>
        place === undefined ? [] : [replayNote(place), ...forgottenNotes(this.#removals, place)],
      ),
    );
    this.#pacer.end();
    this.#removals = this.#removals.filter((removal) => !isForgotten(removal));
    this.#flushes += 1;
    this.#flushedPartitions += sealed.partitionCount;
    if (sealed.bytes.length <= this.#parts.memtableBytes) {
      sealed.clear();
      this.#spare = sealed;
    }
    if (place !== undefined) await this.#log?.cut(place);
  }

  /** Does what the disk may be too full for until it is done. */
  async #whenRoom(body: () => Promise<void>): Promise<void> {
    for (;;)
      try {
        await body();
        this.#diskFull = undefined;
        return;
      } catch (thrown) {
        if (!(thrown instanceof StatusError) || thrown.reason !== 'disk_full' || this.#closed) throw thrown;
        // What memory holds is in the log. Writes are refused when there is no more room for them, reads go on.
        this.#diskFull = new StatusError('disk_full', 'Cannot write: the disk is full', { cause: thrown });
        this.#tellRoom();
        await new Promise<void>((resolve) => this.#parts.world.clock.setTimer(flushAgainMs, resolve));
      }
  }

  /** What is in memory only is not counted. */
  stored(tableNumber: number): StoredFigures {
    const { runs } = this.#layers.tables.get(tableNumber) ?? nothingStored;
    let [blocks, bytes] = [0, 0];
    for (const run of runs) {
      blocks += run.blockCount;
      bytes += run.sizeBytes;
    }
    return { blocks, bytes, runs: runs.length };
  }
  dropTable(tableNumber: number): Promise<void> {
    this.#layouts.delete(tableNumber);
    return this.truncate(() => [tableNumber]);
  }
  /** Runs of tables that are not there any more: a crash came before they went with their table. */
  async removeUnknown(): Promise<void> {
    const unknown = [...this.#layers.tables].flatMap(([table, { runs }]) =>
      runs.length > 0 && !this.#layouts.has(table) ? table : [],
    );
    if (unknown.length > 0) await this.truncate(() => unknown);
  }
  /** @throws StatusError `disk_full`: the log takes nothing now, and nothing is gone. */
  async truncate(tables: () => readonly number[]): Promise<void> {
    this.#endNow();
    let refusal: StatusError | undefined;
    await this.#inOrder(async () => {
      refusal = this.#log?.stuck;
      if (refusal === undefined) await this.#remove(tables, (numbers) => this.#noteTruncation(numbers));
    });
    if (refusal !== undefined) throw refusal;
  }
  /** @returns where the log tells of it. */
  #noteTruncation(tables: readonly number[]): LogPlace {
    this.#endNow();
    writeTruncation(this.writer, tables);
    this.#applied = this.writer.sink.length;
    this.#endNow();
    return this.#place;
  }
  /** In one turn tables go from memory and runs, and the log is told: nobody sees one of them without the others. */
  #remove(tables: () => readonly number[], noteIn: (tables: readonly number[]) => LogPlace): Promise<void> {
    return this.#board.alone(async () => {
      const numbers = tables();
      if (numbers.length === 0) return;
      const place = noteIn(numbers);
      for (const table of numbers) {
        this.#layers.active.dropTable(table);
        this.#layers.sealed?.dropTable(table);
      }
      const runs = this.#board.forgetTables(numbers);
      const removals = numbers.map((table) => ({ table, place }));
      this.#removals = [...this.#removals.filter(({ table }) => !numbers.includes(table)), ...removals];
      await this.#log?.sync();
      await this.#whenRoom(() => this.#board.remove(runs, removals.map(removalNote)));
    });
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
      await this.#board.close();
      await this.#log?.close();
      await this.#parts.blocks.close();
    }
  }
}
