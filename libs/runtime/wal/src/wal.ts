/**
 * A write-ahead log: records in order, each acknowledged when it is on disk; many callers share one sync.
 *
 * Source: the idea of group commit, D. DeWitt et al., "Implementation Techniques for Main Memory Database Systems",
 * 1984.
 * Assumes: {@link DiskFile.sync} keeps its word; a disk may lose any subset of what was not synced.
 */
import { assert, type Checksum, present, type Reason, StatusError, toStatusError } from '@skerry/kernel';
import type { Disk, DiskFile } from '@skerry/runtime-world';
import { encodeRecord, recordSpaceBytes } from './format.ts';
import { Mutex } from './mutex.ts';
import { createSegment, type Opened, openSegments } from './open.ts';
import { type Pending, PendingQueue } from './pending.ts';
import { copyRecords, mark, readSegment, type Segment, type WalRecord } from './segment.ts';
import type { WalOptions, WalReport } from './types.ts';

/** The disk takes nothing now: what was asked for is refused, and may be asked for again. All else is for good. */
const passing: ReadonlySet<Reason> = new Set<Reason>(['disk_full', 'read_only_disk']);
/** Bytes of the first group buffer; it grows to the largest group. */
const groupBufferFirstBytes = 64 * 1024;

export class Wal {
  readonly #disk: Disk;
  readonly #checksum: Checksum;
  readonly #options: Opened['options'];
  readonly #mutex = new Mutex();
  readonly #segments: Segment[];
  #file: DiskFile;
  /** Bytes of the newest segment that hold records or zeros: records are written only there. */
  #allocated: number;
  #allocating: Promise<void> | undefined;
  readonly #queue = new PendingQueue();
  #draining: Promise<void> | undefined;
  #group = new Uint8Array(groupBufferFirstBytes);
  #failure: StatusError | undefined;
  #closed = false;
  /** Behind the last record, so many bytes of refused ones may still be there: the disk was read-only by then. */
  #refusedBytes = 0;

  private constructor(opened: Opened) {
    this.#options = opened.options;
    this.#disk = opened.options.world.disk;
    this.#checksum = opened.options.world.checksum;
    this.#segments = [...opened.segments];
    this.#file = opened.file;
    this.#allocated = opened.allocated;
  }

  /**
   * Opens the log in a folder, or begins one there with position 1. A torn tail is cut.
   * @throws StatusError `corrupt` (file and offset named) or `format_newer`, with nothing changed on disk.
   */
  static async open(options: WalOptions): Promise<{ readonly wal: Wal; readonly report: WalReport }> {
    const opened = await openSegments(options);
    return { wal: new Wal(opened), report: opened.report };
  }

  /** Of the first record kept; `lastPosition + 1` when there is none. */
  get firstPosition(): number {
    return present(this.#segments[0], 'first segment').firstPosition;
  }
  /** Of the last durable record; 0 when there never was one. */
  get lastPosition(): number {
    return this.#active.lastPosition;
  }
  /** Of all records kept, with their headers. */
  get sizeBytes(): number {
    return this.#segments.reduce((sum, segment) => sum + segment.end, 0);
  }
  get #active(): Segment {
    return present(this.#segments.at(-1), 'newest segment');
  }

  /**
   * Resolves with the record's position when it is durable. Positions follow the order of calls.
   * @throws StatusError `overloaded`; `disk_full`, `read_only_disk`, with nothing kept, and later appends may succeed;
   * `disk_failed`, for good; `too_large` over the limit of a record; `shutting_down`.
   */
  append(record: Uint8Array): Promise<number> {
    return this.appendEncoded(record.length, () => record);
  }
  /**
   * The same, for a record that holds its own position. `encode` is called once, when the position is known; it must
   * give `sizeBytes` bytes.
   */
  appendEncoded(sizeBytes: number, encode: (position: number) => Uint8Array): Promise<number> {
    return this.#append(1, recordSpaceBytes(sizeBytes), sizeBytes, encode);
  }
  /**
   * Several records, at least one, one behind the other: written and synced together, and refused together, with nothing
   * kept. A crash before they are durable may leave the first of them without the last. Resolves with the first one's
   * position. @throws StatusError as {@link append} does.
   */
  appendAll(records: readonly Uint8Array[]): Promise<number> {
    assert(records.length > 0, 'no records to append');
    let spaceBytes = 0;
    let largestBytes = 0;
    for (const { length } of records) {
      spaceBytes += recordSpaceBytes(length);
      if (length > largestBytes) largestBytes = length;
    }
    return this.#append(records.length, spaceBytes, largestBytes, (_, at) => present(records[at], 'record to append'));
  }
  #append(count: number, spaceBytes: number, largestBytes: number, encode: Pending['encode']): Promise<number> {
    const refusal = this.#refusal() ?? this.#queue.refusal(count, spaceBytes, largestBytes);
    if (refusal !== undefined) return Promise.reject(refusal);
    return new Promise((resolve, reject) => {
      this.#queue.push({ count, spaceBytes, encode, resolve, reject });
      this.#draining ??= this.#drain();
    });
  }
  #refusal(): StatusError | undefined {
    if (this.#failure !== undefined) return this.#failure;
    return this.#closed ? new StatusError('shutting_down', 'Cannot append to log: it is closed') : undefined;
  }

  async #drain(): Promise<void> {
    // Callers of the same turn join the first group.
    await Promise.resolve();
    while (!this.#queue.isEmpty) {
      await this.#mutex.run(() => this.#writeGroup());
      // Those just answered may append again at once: a few turns of microtasks let them join the next group.
      for (let turn = 0; turn < 4; turn++) await Promise.resolve();
    }
    this.#draining = undefined;
  }

  async #writeGroup(): Promise<void> {
    const group = this.#queue.takeGroup();
    try {
      if (this.#failure !== undefined) throw this.#failure;
      const sizeBytes = group.reduce((sum, { spaceBytes }) => sum + spaceBytes, 0);
      if (this.#refusedBytes > 0) await this.#erase(this.#active.end, this.#refusedBytes);
      await this.#makeRoom(sizeBytes);
      let first = this.#active.lastPosition + 1;
      await this.#writeAndSync(this.#encodeGroup(group, sizeBytes, first), sizeBytes);
      for (const { resolve, count } of group) {
        resolve(first);
        first += count;
      }
    } catch (thrown) {
      const error = toStatusError(thrown);
      if (!passing.has(error.reason)) this.#fail(error);
      for (const { reject } of group) reject(this.#failure ?? error);
    }
  }

  #encodeGroup(group: readonly Pending[], sizeBytes: number, first: number): Uint8Array {
    if (this.#group.length < sizeBytes) this.#group = new Uint8Array(Math.max(sizeBytes, 2 * this.#group.length));
    const { lastPosition: synced, seed } = this.#active;
    let position = first;
    let at = 0;
    for (const { encode, count, spaceBytes } of group) {
      const end = at + spaceBytes;
      for (let i = 0; i < count; i++, position++) {
        const payload = encode(position, i);
        at = encodeRecord(this.#group, at, { position, synced, payload }, seed, this.#checksum);
      }
      assert(at === end, `record ${position - 1} has not the size that was announced`);
    }
    return this.#group.subarray(0, at);
  }

  /** Writes whole records behind the last one; they count only when the sync succeeded. */
  async #writeAndSync(bytes: Uint8Array, sizeBytes: number): Promise<void> {
    const segment = this.#active;
    const { end } = segment;
    try {
      this.#file.writeNow([bytes], end);
    } catch (thrown) {
      await this.#erase(end, sizeBytes);
      throw thrown;
    }
    await this.#sync();
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let at = 0; at < sizeBytes; at += recordSpaceBytes(view.getUint32(at + 4))) {
      segment.lastPosition += 1;
      mark(segment, segment.lastPosition, end + at);
    }
    segment.end = end + sizeBytes;
  }
  /**
   * Refused records must not come back after a crash, nor behind others written in their place: zeros, synced (raft.md
   * 53). A disk that has become read-only takes no zeros, nor what it has not taken yet: they come before the next.
   */
  async #erase(offset: number, sizeBytes: number): Promise<void> {
    this.#refusedBytes = sizeBytes;
    try {
      this.#file.writeNow([new Uint8Array(sizeBytes)], offset);
    } catch (thrown) {
      throw toStatusError(thrown).reason === 'read_only_disk' ? thrown : this.#final(thrown);
    }
    await this.#sync();
    this.#refusedBytes = 0;
  }
  async #sync(): Promise<void> {
    try {
      await this.#file.sync();
    } catch (thrown) {
      throw this.#final(thrown);
    }
  }
  #final(thrown: unknown): StatusError {
    const { message } = toStatusError(thrown);
    return new StatusError('disk_failed', `Cannot write log "${this.#active.path}": ${message}`, { cause: thrown });
  }
  #fail(error: StatusError): void {
    if (this.#failure !== undefined) return;
    this.#failure = error.reason === 'disk_failed' ? error : this.#final(error);
    this.#options.telemetry?.emit({ event: 'log_failed', level: 'fatal', error: this.#failure });
    this.#options.onFatal?.(this.#failure);
  }

  /** Zeros on disk for so many bytes behind the last record, in this segment or a new one. */
  async #makeRoom(sizeBytes: number): Promise<void> {
    const { segmentSizeBytes, allocationStepBytes } = this.#options;
    const { end, lastPosition, firstPosition } = this.#active;
    if (lastPosition >= firstPosition && end + sizeBytes > segmentSizeBytes) await this.#rotate();
    while (this.#allocated < this.#active.end + sizeBytes) await this.#allocate(this.#active.end + sizeBytes);
    const ahead = this.#allocated - this.#active.end - sizeBytes;
    // Ahead of need, while records are written and synced; a failure shows when the room is really needed.
    if (ahead < allocationStepBytes / 2 && this.#allocated < segmentSizeBytes)
      this.#allocate(this.#allocated).catch(() => undefined);
  }
  #allocate(leastBytes: number): Promise<void> {
    const target = leastBytes + this.#options.allocationStepBytes;
    this.#allocating ??= this.#file
      .allocate(target)
      .then(() => {
        this.#allocated = target;
      })
      .finally(() => {
        this.#allocating = undefined;
      });
    return this.#allocating;
  }
  async #settleAllocation(): Promise<void> {
    await this.#allocating?.catch(() => undefined);
  }
  async #rotate(): Promise<void> {
    await this.#settleAllocation();
    const created = await createSegment(this.#options, this.#active.lastPosition + 1);
    const before = this.#file;
    this.#file = created.file;
    this.#allocated = created.allocated;
    this.#segments.push(created.segment);
    await before.close();
  }

  /**
   * Durable records from a position on, up to the last one as of now.
   * @throws StatusError `no_such_entry` when the position was cut, `corrupt` with file and offset.
   */
  async *read(from: number): AsyncGenerator<WalRecord> {
    if (from < this.firstPosition)
      throw new StatusError(
        'no_such_entry',
        `Cannot read log from ${from}: it was cut, its first position is ${this.firstPosition}`,
      );
    const { lastPosition } = this;
    for (let position = from; position <= lastPosition;) {
      const segment = this.#segments.findLast(({ firstPosition }) => firstPosition <= position);
      if (segment === undefined) throw new StatusError('no_such_entry', `Cannot read log from ${position}: it was cut`);
      const file = await this.#disk.open(segment.path, 'read');
      try {
        for await (const record of readSegment(file, segment, position, this.#checksum)) {
          if (record.position > lastPosition) return;
          yield record;
        }
      } finally {
        await file.close();
      }
      position = segment.lastPosition + 1;
    }
  }

  /** Drops whole segments that hold only records below `before`. */
  cut(before: number): Promise<void> {
    return this.#mutex.run(async () => {
      for (;;) {
        const [oldest, next] = this.#segments;
        if (oldest === undefined || next === undefined || next.firstPosition > before) return;
        await this.#remove(oldest);
        this.#segments.shift();
      }
    });
  }
  // One by one, each durably: after a crash the files that are left are still one unbroken log.
  async #remove(segment: Segment): Promise<void> {
    await this.#disk.remove(segment.path).catch((thrown: unknown) => {
      // Removed by an earlier attempt that failed behind it.
      if (toStatusError(thrown).reason !== 'no_such_entry') throw thrown;
    });
    await this.#disk.syncDirectory(this.#options.directory);
  }

  /**
   * Drops all records behind `position`, durably. Appends still waiting come behind it.
   * @throws StatusError `disk_full`, `read_only_disk`: some or none of them are dropped, from the end; it may be tried
   * again. `disk_failed`.
   */
  truncateAfter(position: number): Promise<void> {
    return this.#mutex.run(async () => {
      if (this.#failure !== undefined) throw this.#failure;
      assert(position >= this.firstPosition - 1, `cannot truncate after ${position}: it was cut`);
      if (position >= this.lastPosition) return;
      await this.#settleAllocation();
      try {
        await this.#truncate(position);
      } catch (thrown) {
        const error = toStatusError(thrown);
        if (passing.has(error.reason)) throw error;
        this.#fail(error);
        throw this.#failure;
      }
    });
  }
  async #truncate(position: number): Promise<void> {
    while (this.#segments.length > 1 && this.#active.firstPosition > position + 1) {
      await this.#file.close();
      await this.#remove(this.#active);
      this.#segments.pop();
      this.#refusedBytes = 0;
      this.#file = await this.#disk.open(this.#active.path, 'write');
      this.#allocated = await this.#file.sizeBytes();
    }
    // What stays is copied, and takes the old file's place. Cutting the old file would not do: a crash may leave
    // zeros where
    // it was cut and whole records behind, which is what damage looks like.
    const before = this.#active;
    const old = this.#file;
    const copy = await createSegment(this.#options, before.firstPosition, (file, segment) =>
      copyRecords({ from: old, segment: before }, { to: file, segment }, position, this.#checksum),
    );
    this.#segments[this.#segments.length - 1] = copy.segment;
    this.#file = copy.file;
    this.#allocated = copy.allocated;
    this.#refusedBytes = 0;
    await old.close();
  }

  /** Writes what waits, then the mark of a clean close. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#draining;
    await this.#mutex.run(async () => {
      await this.#settleAllocation();
      if (this.#failure === undefined) await this.#writeClosed();
      await this.#file.close();
    });
  }
  /** Only helps the next start: nothing is lost when there is no room for it. */
  async #writeClosed(): Promise<void> {
    const { lastPosition, seed, end } = this.#active;
    const bytes = new Uint8Array(recordSpaceBytes(0));
    encodeRecord(
      bytes,
      0,
      { position: lastPosition + 1, synced: lastPosition, payload: 'closed' },
      seed,
      this.#checksum,
    );
    if (end + bytes.length > this.#allocated || this.#refusedBytes > 0) return;
    try {
      this.#file.writeNow([bytes], end);
      await this.#file.sync();
    } catch (thrown) {
      const error = toStatusError(thrown);
      if (!passing.has(error.reason)) this.#fail(error);
    }
  }
}
