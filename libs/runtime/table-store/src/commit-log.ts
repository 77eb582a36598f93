/**
 * The commit log: one write for each turn of the event loop, before anything of the turn is acknowledged.
 *
 * `periodic` acknowledges what the operating system has, and syncs every ten seconds: a killed process loses nothing, a
 * power cut up to so much. `batch` syncs first; turns that end while a sync runs share the next.
 */
import { assert, type Checksum, StatusError, toStatusError } from '@skerry/kernel';
import { type DiskFile, makeDurableDirectory, type Timer, type World } from '@skerry/runtime-world';
import {
  comparePlaces,
  type Found,
  groupHeadSizeBytes,
  type LogPlace,
  readSegment,
  segmentHead,
  segmentHeadSizeBytes,
  segmentName,
  segmentNumber,
} from './segment.ts';

export type LogMode = 'periodic' | 'batch';
export type LogOptions = {
  readonly world: Pick<World, 'disk' | 'clock' | 'random' | 'checksum'>;
  /** On the world's disk; of this log alone. */
  readonly directory: string;
  readonly mode: LogMode;
  readonly segmentSizeBytes?: number;
  /** Called once when the log can take no more: what the disk holds is not known. */
  readonly onFatal: (error: StatusError) => void;
};

/** 32 MiB, as Cassandra's: the grain in which the log is cut. The next file is begun beyond. */
export const logSegmentDefaultBytes = 32 * 1024 * 1024;
/** Ten seconds, as Cassandra's: what a power cut may take in the mode `periodic`. */
export const logSyncPeriodMs = 10_000;

/** Milliseconds until what a full disk did not take is tried again. */
const appendAgainMs = 250;
export type Appended = 'written' | 'later' | 'failed';
type Stuck = {
  readonly group: Uint8Array;
  readonly error: StatusError;
  readonly written: Promise<void>;
  readonly resolve: () => void;
};

type Segment = { readonly number: number; readonly path: string; readonly file: DiskFile; readonly seed: number };

export class CommitLog {
  readonly #options: LogOptions;
  readonly #checksum: Checksum;
  #active: Segment;
  #offset = segmentHeadSizeBytes;
  #spare: Segment | undefined;
  #preparing: Promise<void> | undefined;
  /** Full, but not all on disk. */
  #full: Segment[] = [];
  /** Numbers of all files before the active one. */
  #older: number[];
  #nextNumber: number;
  #synced: LogPlace;
  #syncing: Promise<void> | undefined;
  #timer: Timer | undefined;
  #failure: StatusError | undefined;
  #stuck: Stuck | undefined;
  #closed = false;

  private constructor(options: LogOptions, active: Segment, older: number[]) {
    this.#options = options;
    this.#checksum = options.world.checksum;
    this.#active = active;
    this.#older = older;
    this.#nextNumber = active.number + 1;
    this.#synced = { segment: active.number, offset: segmentHeadSizeBytes };
    this.#prepare();
    if (options.mode === 'periodic') this.#schedule();
  }

  /**
   * Opens the log in a folder and begins a new file in it. `replay` is given each group from `from` on, in order.
   * @throws StatusError `corrupt` when damage is found in what was on disk, `format_newer`.
   */
  static async open(
    options: LogOptions,
    from: LogPlace,
    replay: (bytes: Uint8Array, from: number, to: number, place: LogPlace) => Promise<void> | undefined,
  ): Promise<CommitLog> {
    const { world, directory } = options;
    await makeDurableDirectory(world.disk, directory);
    const numbers: number[] = [];
    for (const name of await world.disk.list(directory)) {
      const number = segmentNumber(name);
      if (number !== undefined) numbers.push(number);
    }
    for (const number of numbers)
      if (number < from.segment) await world.disk.remove(`${directory}/${segmentName(number)}`);
    const kept = numbers.filter((number) => number >= from.segment);
    // All are looked through before anything changes; then one by one, since together they are large.
    await check(options, kept);
    const older: number[] = [];
    for (const number of kept) {
      const path = `${directory}/${segmentName(number)}`;
      const found = await readSegment(world.disk, path, number, world.checksum);
      if (found === undefined) {
        // A crash came when it was made. It was never used: later, among files that were, it would look like damage.
        await world.disk.remove(path);
        await world.disk.syncDirectory(directory);
        continue;
      }
      older.push(number);
      for (const [begin, end] of found.groups) {
        const place = { segment: number, offset: end };
        if (comparePlaces(place, from) > 0) await replay(found.bytes, begin, end, place);
      }
      await settle(options, found);
    }
    const active = await create(options, Math.max(from.segment, numbers.at(-1) ?? 0) + 1);
    return new CommitLog(options, active, older);
  }

  /** Behind the last group. */
  get place(): LogPlace {
    return { segment: this.#active.number, offset: this.#offset };
  }
  /** Files, with the one that is written. */
  get segmentCount(): number {
    return this.#older.length + 1;
  }

  /**
   * Writes a group: bytes[0, size), of which the first {@link groupHeadSizeBytes} are for the log to fill.
   * @returns `failed`: the log has, and `onFatal` was told; `later`: the disk is full, see {@link CommitLog.unstuck}.
   */
  append(bytes: Uint8Array, view: DataView, size: number): Appended {
    if (this.#failure !== undefined) return 'failed';
    assert(!this.#closed, 'the log is closed');
    assert(this.#stuck === undefined, 'nothing is applied while the disk is full');
    const limit = this.#options.segmentSizeBytes ?? logSegmentDefaultBytes;
    if (this.#offset >= limit) this.#rotate();
    view.setUint32(0, size - groupHeadSizeBytes);
    view.setUint32(8, this.#synced.segment);
    view.setUint32(12, this.#synced.offset);
    view.setUint32(4, this.#checksum(bytes.subarray(8, size), this.#active.seed));
    try {
      this.#active.file.writeNow([bytes.subarray(0, size)], this.#offset);
    } catch (thrown) {
      if (toStatusError(thrown).reason === 'disk_full') {
        this.#wait(bytes.slice(0, size), toStatusError(thrown));
        return 'later';
      }
      this.#fail(thrown);
      return 'failed';
    }
    this.#offset += size;
    return 'written';
  }
  /** Why nothing can be appended now; undefined: it can. */
  get stuck(): StatusError | undefined {
    return this.#stuck?.error;
  }
  /** Resolves when what the full disk did not take is written. */
  unstuck(): Promise<void> {
    return this.#stuck?.written ?? Promise.resolve();
  }
  /** What was applied stays so: it is written when there is room again, and acknowledged no sooner. */
  #wait(group: Uint8Array, cause: StatusError): void {
    let resolve = (): void => undefined;
    const written = new Promise<void>((done) => (resolve = done));
    const error = new StatusError('disk_full', 'Cannot write: the disk is full', { cause });
    this.#stuck = { group, error, written, resolve };
    this.#tryLater();
  }
  #tryLater(): void {
    this.#options.world.clock.setTimer(appendAgainMs, () => {
      if (!this.#closed && !this.#tryAgain()) this.#tryLater();
    });
  }
  /** False: there is still no room. */
  #tryAgain(): boolean {
    const stuck = this.#stuck;
    if (stuck === undefined || this.#failure !== undefined) return true;
    try {
      this.#active.file.writeNow([stuck.group], this.#offset);
    } catch (thrown) {
      if (toStatusError(thrown).reason === 'disk_full') return false;
      this.#fail(thrown);
      return true;
    }
    this.#offset += stuck.group.length;
    this.#stuck = undefined;
    if (this.#options.mode === 'periodic') stuck.resolve();
    else void this.sync().then(stuck.resolve);
    return true;
  }
  /** To the next file, when it is there; until then this one grows. */
  #rotate(): void {
    if (this.#spare === undefined) return this.#prepare();
    this.#full.push(this.#active);
    this.#older.push(this.#active.number);
    this.#active = this.#spare;
    this.#spare = undefined;
    this.#offset = segmentHeadSizeBytes;
    void this.sync();
    this.#prepare();
  }
  #prepare(): void {
    if (this.#preparing !== undefined || this.#spare !== undefined || this.#closed) return;
    this.#preparing = create(this.#options, this.#nextNumber).then(
      (segment) => {
        this.#nextNumber += 1;
        this.#spare = segment;
        this.#preparing = undefined;
      },
      (thrown: unknown) => {
        this.#preparing = undefined;
        // Its file may be there, half made: that is nobody's. The next append that wants it asks anew.
        this.#nextNumber += 1;
        if (toStatusError(thrown).reason !== 'disk_full') this.#fail(thrown);
      },
    );
  }
  #schedule(): void {
    this.#timer = this.#options.world.clock.setTimer(logSyncPeriodMs, () => {
      void this.sync();
      this.#schedule();
    });
  }
  /** Resolves when all groups so far are on disk; stays open when the log fails. */
  async sync(): Promise<void> {
    if (this.#failure !== undefined) return new Promise(() => undefined);
    const wanted = this.place;
    while (comparePlaces(this.#synced, wanted) < 0) {
      if (this.#failure !== undefined) return new Promise(() => undefined);
      this.#syncing ??= this.#syncNow().finally(() => (this.#syncing = undefined));
      await this.#syncing;
    }
  }
  /** What is in the log and not yet on disk: undefined, or what {@link sync} gives. */
  unsynced(): Promise<void> | undefined {
    return this.#failure === undefined && comparePlaces(this.#synced, this.place) >= 0 ? undefined : this.sync();
  }
  async #syncNow(): Promise<void> {
    const upTo = this.place;
    const { file } = this.#active;
    const full = [...this.#full];
    try {
      for (const segment of full) await segment.file.sync();
      await file.sync();
      this.#synced = upTo;
      this.#full = this.#full.filter((segment) => !full.includes(segment));
      for (const segment of full) await segment.file.close();
    } catch (thrown) {
      this.#fail(thrown);
    }
  }
  #fail(thrown: unknown): void {
    if (this.#failure !== undefined) return;
    const { message } = toStatusError(thrown);
    this.#failure = new StatusError('disk_failed', `Cannot write commit log "${this.#active.path}": ${message}`, {
      cause: thrown,
    });
    this.#options.onFatal(this.#failure);
  }

  /** Files that end before a place go: all that they hold is in the store. */
  async cut({ segment }: LogPlace): Promise<void> {
    const gone = this.#older.filter((number) => number < segment);
    if (gone.length === 0) return;
    await this.sync();
    const { world, directory } = this.#options;
    for (const number of gone) await world.disk.remove(`${directory}/${segmentName(number)}`);
    this.#older = this.#older.filter((number) => number >= segment);
  }
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#timer?.cancel();
    this.#tryAgain();
    if (this.#failure === undefined) await this.sync();
    this.#closed = true;
    await this.#preparing;
    await this.#syncing;
    for (const { file } of this.#full) await file.close();
    await this.#active.file.close();
    await this.#spare?.file.close();
  }
}

/** Damage at or before what its later groups say was on disk is no torn tail. */
async function check({ world, directory }: LogOptions, numbers: readonly number[]): Promise<void> {
  const ends: { readonly path: string; readonly place: LogPlace; readonly isTorn: boolean }[] = [];
  let synced: LogPlace = { segment: 0, offset: 0 };
  for (const number of numbers) {
    const path = `${directory}/${segmentName(number)}`;
    const found = await readSegment(world.disk, path, number, world.checksum);
    const offset = found?.end ?? 0;
    ends.push({ path, place: { segment: number, offset }, isTorn: offset < (found?.bytes.length ?? 1) });
    if (found !== undefined && comparePlaces(found.synced, synced) > 0) ({ synced } = found);
  }
  for (const { path, place, isTorn } of ends)
    if (comparePlaces(place, synced) < 0 && (isTorn || place.segment === synced.segment))
      throw new StatusError('corrupt', `Cannot read commit log: "${path}" at ${place.offset} is damaged`);
}

async function create({ world, directory }: LogOptions, number: number): Promise<Segment> {
  const path = `${directory}/${segmentName(number)}`;
  const seed = new DataView(world.random(4).slice().buffer).getUint32(0);
  const file = await world.disk.open(path, 'create');
  await file.write([segmentHead(number, seed, world.checksum)], 0);
  await file.sync();
  await world.disk.syncDirectory(directory);
  return { number, path, file, seed };
}

/** What a killed process left is made durable, and what a power cut left half is cut away: later files count on both. */
async function settle({ world }: LogOptions, { path, end, bytes }: Found): Promise<void> {
  const file = await world.disk.open(path, 'write');
  try {
    if (end < bytes.length) await file.truncate(end);
    await file.sync();
  } finally {
    await file.close();
  }
}
