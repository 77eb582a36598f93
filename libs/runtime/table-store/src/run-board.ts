/**
 * The runs of a store: which there are, how memory becomes runs, and how runs become fewer. Who may read them is in the
 * layers; what is done to their bytes, in the keeper.
 */
import {
  endSealed,
  imageOf,
  type Layers,
  type Memtable,
  type MemtableImage,
  nothingStored,
  replaceRuns,
  type Run,
  type RunTimes,
  type TableLayout,
} from '@skerry/domain-table';
import { StatusError, toStatusError } from '@skerry/kernel';
import type { SortedChange, SortedStore } from '@skerry/runtime-kv';
import type { Timer, World } from '@skerry/runtime-world';
import { Breather } from './breather.ts';
import { Keeper, type MergeJob, type NewRun, type RunKeeper } from './keeper.ts';
import { KeeperThread } from './keeper-thread.ts';
import { runGoneNote, runNote, type StoredRun } from './meta.ts';
import { chooseRuns, PurgePolicy, runCountMax } from './merge-policy.ts';
import { readRun, runNumbersIn } from './run-keys.ts';

/** Up to so many bytes are worked on here, in short pieces: a thread takes longer to start. */
const inlineBytesMax = 4 * 1024 * 1024;
/** Milliseconds until a merge that failed for want of room is tried again. */
const mergeAgainMs = 10_000;
/** Milliseconds between two looks for what may be purged. */
const purgeLookMs = 60_000;

/** What is done to a table now. */
export type Compaction = {
  readonly kind: 'flush' | 'merge' | 'purge';
  /** 0: of a flush, all of them. */
  readonly table: number;
  readonly runs: number;
  readonly sizeBytes: number;
  /** Monotonic milliseconds. */
  readonly startedMs: number;
};
export type CompactionFigures = {
  readonly running: readonly Compaction[];
  /** Merges that are worth it now, with the one that runs. */
  readonly pending: number;
  readonly completed: number;
  readonly mergedBytes: number;
  /** Why the last one failed; undefined: it did not. */
  readonly failure: string | undefined;
};
type Choice = { readonly kind: 'merge' | 'purge'; readonly layout: TableLayout; readonly runs: readonly Run[] };

export type BoardParts = {
  readonly world: Pick<World, 'clock' | 'checksum'>;
  readonly blocks: SortedStore;
  /** Of LMDB, for the thread. */
  readonly path: string;
  readonly mapSizeBytes: number;
  readonly layers: Layers;
  readonly layouts: ReadonlyMap<number, TableLayout>;
  /** No write that is only in memory has an older timestamp. */
  readonly floor: () => { readonly hi: number; readonly lo: number };
};

export class RunBoard {
  readonly #parts: BoardParts;
  readonly #breather: Breather;
  readonly #inline: RunKeeper;
  readonly #thread: KeeperThread;
  readonly #purges = new PurgePolicy();
  #lastRun = 0;
  /** Numbers of runs that nobody may read any more. */
  #garbage: number[] = [];
  #cleaning: Promise<void> | undefined;
  readonly #running = new Set<Compaction>();
  #merging: Promise<void> | undefined;
  #mergeAfterMs = 0;
  #completed = 0;
  #mergedBytes = 0;
  #mergeFailure: StatusError | undefined;
  #timer: Timer | undefined;
  #waiters: (() => void)[] = [];
  #alone: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(parts: BoardParts) {
    this.#parts = parts;
    const { world, blocks, path, mapSizeBytes } = parts;
    this.#breather = new Breather(world.clock);
    this.#inline = new Keeper(blocks, world.checksum, () =>
      this.#breather.isDue ? this.#breather.pause() : undefined,
    );
    this.#thread = new KeeperThread({ path, mapSizeBytes });
  }
  get longestHoldMs(): number {
    return this.#breather.longestMs;
  }
  figures(): CompactionFigures {
    const pending = this.#pending();
    return {
      running: [...this.#running],
      pending: pending.length,
      completed: this.#completed,
      mergedBytes: this.#mergedBytes,
      failure: this.#mergeFailure?.message,
    };
  }

  /** At start. @throws StatusError `corrupt`. */
  load(stored: readonly StoredRun[]): void {
    const { blocks, world, layers } = this.#parts;
    const place = blocks.place();
    for (const { figures, sizes } of stored) {
      const run = readRun(place, figures, sizes, world.checksum);
      replaceRuns(layers, run.table, [], run);
    }
    const known = new Set(stored.map(({ figures }) => figures.number));
    for (const number of runNumbersIn(place)) {
      this.#lastRun = Math.max(this.#lastRun, number);
      // Left by a flush or a merge that a crash cut short.
      if (!known.has(number)) this.#garbage.push(number);
    }
    for (const number of known) this.#lastRun = Math.max(this.#lastRun, number);
  }
  /** The work in the background begins. */
  start(): void {
    this.#clean();
    this.mergeSoon();
    this.#schedule();
  }
  #schedule(): void {
    this.#timer = this.#parts.world.clock.setTimer(purgeLookMs, () => {
      this.mergeSoon();
      this.#schedule();
    });
  }

  /**
   * What was sealed becomes runs. `notes` come to the store together with them. @throws StatusError `disk_full`: nothing
   * has changed.
   */
  async flush(sealed: Memtable, times: RunTimes, notes: () => readonly SortedChange[]): Promise<void> {
    const { layouts, blocks, layers, world } = this.#parts;
    await this.#hasRoom();
    const isSmall = sealed.arenaUsedBytes <= inlineBytesMax;
    const keeper = isSmall ? this.#inline : this.#thread;
    const image = await this.#imageOf(sealed, (sizeBytes) =>
      isSmall ? new Uint8Array(sizeBytes) : this.#thread.arena(sizeBytes),
    );
    const tables = sealed.tables().flatMap((table) => {
      const layout = layouts.get(table);
      return layout === undefined ? [] : [{ schema: layout.schema, run: ++this.#lastRun }];
    });
    const size = sealed.arenaUsedBytes;
    await this.#during({ kind: 'flush', table: 0, runs: 0, sizeBytes: size }, async () => {
      const numbers = tables.map(({ run }) => run);
      try {
        const nowSeconds = Math.floor(world.clock.wallMs() / 1000);
        this.#breather.begin();
        const made = await keeper.flush({ image, tables, times, nowSeconds });
        const changes = made.map(({ run, sizes }) => runNote(run, sizes));
        await blocks.write([...changes, ...notes()]);
        for (const { run } of made) replaceRuns(layers, run.table, [], run);
        endSealed(layers);
      } catch (thrown) {
        this.#garbage.push(...numbers);
        throw thrown;
      }
    });
    this.#clean();
    this.mergeSoon();
  }
  async #imageOf(sealed: Memtable, arena: (sizeBytes: number) => Uint8Array): Promise<MemtableImage> {
    const making = imageOf(sealed, arena);
    for (this.#breather.begin(); ;) {
      const made = making.next();
      if (made.done === true) return made.value;
      await this.#breather.pause();
    }
  }
  async #during<T>(work: Omit<Compaction, 'startedMs'>, body: () => Promise<T>): Promise<T> {
    const one = { ...work, startedMs: this.#parts.world.clock.monotonicMs() };
    this.#running.add(one);
    try {
      return await body();
    } finally {
      this.#running.delete(one);
    }
  }
  /** Resolves when no table has so many runs that reads would become slow. */
  async #hasRoom(): Promise<void> {
    while (!this.#closed && this.#mergeFailure === undefined && this.#isBehind()) {
      this.mergeSoon();
      if (this.#merging === undefined) return;
      await new Promise<void>((resolve) => this.#waiters.push(resolve));
    }
  }
  #isBehind(): boolean {
    for (const { runs } of this.#parts.layers.tables.values()) if (runs.length >= runCountMax) return true;
    return false;
  }

  /** Merges what is worth it, one after the other. */
  mergeSoon(): void {
    if (this.#merging !== undefined || this.#closed) return;
    if (this.#parts.world.clock.monotonicMs() < this.#mergeAfterMs) return;
    const [choice] = this.#pending();
    if (choice === undefined) return;
    this.#merging = this.#merge(choice).finally(() => {
      this.#merging = undefined;
      const waiters = this.#waiters;
      this.#waiters = [];
      for (const resolve of waiters) resolve();
      this.mergeSoon();
    });
  }
  #pending(): readonly Choice[] {
    const { layers, layouts, world } = this.#parts;
    const nowSeconds = Math.floor(world.clock.wallMs() / 1000);
    const pending: Choice[] = [];
    for (const [table, { runs }] of layers.tables) {
      const layout = layouts.get(table);
      if (layout === undefined || runs.length === 0) continue;
      const chosen = chooseRuns(runs);
      if (chosen.length > 0) pending.push({ kind: 'merge', layout, runs: chosen });
      else {
        const run = this.#purges.choose(runs, layout.schema.gcGraceSeconds, nowSeconds);
        if (run !== undefined) pending.push({ kind: 'purge', layout, runs: [run] });
      }
    }
    // Those of many small runs are done in a moment.
    const sizeOf = ({ runs }: Choice): number => runs.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    return pending.toSorted((a, b) => sizeOf(a) - sizeOf(b));
  }
  async #merge({ kind, layout: { schema }, runs }: Choice): Promise<void> {
    const { world, floor } = this.#parts;
    const table = schema.number;
    const sizeBytes = runs.reduce((sum, run) => sum + run.sizeBytes, 0);
    const gone = runs.map(({ number }) => number);
    const nowSeconds = Math.floor(world.clock.wallMs() / 1000);
    const { hi, lo } = floor();
    const job: MergeJob = {
      schema,
      runs,
      others: this.#runsOf(table).flatMap((run) => (gone.includes(run.number) ? [] : [run.filter])),
      number: ++this.#lastRun,
      time: { nowSeconds, graceStart: Math.max(0, nowSeconds - schema.gcGraceSeconds), floorHi: hi, floorLo: lo },
    };
    try {
      await this.#during({ kind, table, runs: runs.length, sizeBytes }, async () => {
        this.#breather.begin();
        const made = await (sizeBytes <= inlineBytesMax ? this.#inline : this.#thread).merge(job);
        await this.#replace(table, gone, made);
        if (kind === 'purge') this.#purges.note(gone[0] ?? 0, made?.run.number, nowSeconds);
        this.#garbage.push(...gone);
      });
      this.#completed += 1;
      this.#mergedBytes += sizeBytes;
      this.#mergeFailure = undefined;
    } catch (thrown) {
      this.#garbage.push(job.number);
      this.#mergeFailed(toStatusError(thrown));
    }
    this.#clean();
  }
  #mergeFailed(error: StatusError): void {
    if (error.reason === 'shutting_down') return;
    // Reads and writes go on with the runs that there are: it is tried again, and told by `compactionstats`.
    this.#mergeFailure = error;
    this.#mergeAfterMs = this.#parts.world.clock.monotonicMs() + mergeAgainMs;
  }
  #runsOf(table: number): readonly Run[] {
    return (this.#parts.layers.tables.get(table) ?? nothingStored).runs;
  }
  #replace(table: number, gone: readonly number[], made: NewRun | undefined): Promise<void> {
    const { blocks, layers } = this.#parts;
    return this.alone(async () => {
      const there = new Set(this.#runsOf(table).map(({ number }) => number));
      // The table was truncated or dropped meanwhile.
      if (!gone.every((number) => there.has(number)))
        throw new StatusError('shutting_down', 'Cannot merge runs: they are no more');
      const notes = gone.map(runGoneNote);
      if (made !== undefined) notes.push(runNote(made.run, made.sizes));
      await blocks.write(notes);
      replaceRuns(layers, table, gone, made?.run);
    });
  }
  /** A merge never brings back what goes meanwhile: which runs there are is changed by one at a time. */
  alone<T>(body: () => Promise<T>): Promise<T> {
    const done = this.#alone.then(body);
    this.#alone = done.then(
      () => undefined,
      () => undefined,
    );
    return done;
  }
  /** At once no run of the tables is read any more. @returns their numbers, for {@link remove}. */
  forgetTables(tables: readonly number[]): readonly number[] {
    return tables.flatMap((table) => {
      const gone = this.#runsOf(table).map(({ number }) => number);
      replaceRuns(this.#parts.layers, table, gone, undefined);
      return gone;
    });
  }
  /** Runs go; `notes` come to the store together with that. */
  async remove(runs: readonly number[], notes: readonly SortedChange[]): Promise<void> {
    await this.#parts.blocks.write([...notes, ...runs.map(runGoneNote)]);
    this.#garbage.push(...runs);
    this.#clean();
  }
  /** Takes what nobody may read any more out of the store; what fails is tried again with the next. */
  #clean(): void {
    if (this.#cleaning !== undefined || this.#closed || this.#garbage.length === 0) return;
    const garbage = this.#garbage;
    this.#garbage = [];
    this.#breather.begin();
    const keeper = this.#thread.isRunning ? this.#thread : this.#inline;
    this.#cleaning = keeper
      .remove(garbage)
      .catch(() => void this.#garbage.push(...garbage))
      .finally(() => (this.#cleaning = undefined));
  }
  async close(): Promise<void> {
    this.#closed = true;
    this.#timer?.cancel();
    for (const resolve of this.#waiters.splice(0)) resolve();
    await this.#inline.close();
    await this.#thread.close();
    await this.#merging;
    await this.#cleaning;
  }
}
