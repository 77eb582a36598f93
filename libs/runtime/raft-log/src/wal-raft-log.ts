/** {@link RaftLog} on a wal, whose positions are not the entries' indexes: records of other kinds lie between. */
import type { Entry, HardState, Position, SnapshotMark } from '@skerry/cluster-raft';
import {
  assert,
  AssertionError,
  emptyBytes,
  type LogIndex,
  type RecordCodec,
  type RecordEntry,
  type RecordIdentity,
  type StatusError,
  type Term,
  toStatusError,
} from '@skerry/kernel';
import type { Wal } from '@skerry/runtime-wal';
import { type Control, encodeControl } from './control-record.ts';
import { DiskReader } from './disk-reader.ts';
import type { EntryTable } from './entry-table.ts';
import { RecentRecords } from './recent-records.ts';
import { cacheSizeMaxBytes, type LogWrite, type RaftLog, type RaftLogOptions } from './types.ts';
import { WalQueue } from './wal-queue.ts';

/** New records are encoded into buffers of this size: the oldest of one keeps the others in memory for so long. */
const sharedBufferSizeBytes = 64 * 1024;

type Parts = {
  readonly wal: Wal;
  readonly codec: RecordCodec;
  readonly identity: RecordIdentity;
  readonly table: EntryTable;
  readonly hardState: HardState;
  readonly snapshot: SnapshotMark;
  /** See `Replayed`. */
  readonly keepFrom: number;
};

export class WalRaftLog implements RaftLog {
  readonly #options: RaftLogOptions;
  readonly #wal: Wal;
  readonly #queue: WalQueue;
  readonly #codec: RecordCodec;
  readonly #identity: RecordIdentity;
  readonly #table: EntryTable;
  readonly #recent = new RecentRecords();
  #shared = emptyBytes;
  #sharedUsed = 0;
  readonly #reader: DiskReader;
  #hardState: HardState;
  #snapshot: SnapshotMark;
  /** Counts what takes entries out of the log from behind. */
  #cuts = 0;
  /** The newest mark that is durable lies here or behind, and so do all entries behind it: what is before may go. */
  #keepFrom: number;
  /** When the newest mark is durable. */
  #marked: Promise<void> = Promise.resolve();
  #working: Promise<void> = Promise.resolve();
  #closed: Promise<void> | undefined;

  constructor(options: RaftLogOptions, { wal, codec, identity, table, hardState, snapshot, keepFrom }: Parts) {
    this.#options = options;
    this.#wal = wal;
    this.#queue = new WalQueue(wal, () => this.#evict());
    this.#codec = codec;
    this.#identity = identity;
    this.#table = table;
    this.#reader = new DiskReader(wal, codec, options.directory);
    this.#hardState = hardState;
    this.#snapshot = snapshot;
    // A crash may have come between the mark and the cut (raft.md 31).
    this.#keepFrom = keepFrom;
    this.#cutSoon();
  }
  get snapshot(): SnapshotMark {
    return this.#snapshot;
  }
  get hardState(): HardState {
    return this.#hardState;
  }
  get firstIndex(): LogIndex {
    return (this.#snapshot.last.index + 1) as LogIndex;
  }
  get lastIndex(): LogIndex {
    return this.#table.lastIndex;
  }
  get sizeBytes(): number {
    return this.#wal.sizeBytes;
  }
  get pendingBytes(): number {
    return this.#queue.pendingBytes;
  }
  get failure(): StatusError | undefined {
    return this.#queue.failure;
  }
  termAt(index: LogIndex): Term | undefined {
    return this.#table.term(index);
  }

  write(write: LogWrite): Promise<void> {
    try {
      return this.#write(write);
    } catch (thrown) {
      return Promise.reject(thrown as Error);
    }
  }
  /** @throws when the log has ended, or of what no machine asks for: then nothing has changed here either. */
  #write(write: LogWrite): Promise<void> {
    const { hardState, snapshot, truncateFrom, entries } = write;
    this.#check(write);
    const control = this.#controlOf(write);
    const records: Uint8Array[] = control === undefined ? [] : [encodeControl(this.#identity, control)];
    const encoded = this.#encode(entries, records);
    const { position, durable } = this.#queue.add(records);
    if (hardState !== undefined) this.#hardState = hardState;
    if (snapshot !== undefined) this.#install(snapshot);
    if (truncateFrom !== undefined) this.#truncate(truncateFrom);
    this.#append(encoded, position + records.length - encoded.length);
    return snapshot === undefined ? durable : this.#installed(durable, position);
  }
  async #installed(durable: Promise<void>, position: number): Promise<void> {
    this.#keepFromWhen(durable, position);
    await durable;
    this.#cutSoon();
  }
  /** What the machine never asks for. */
  #check({ snapshot, truncateFrom, entries }: LogWrite): void {
    const base = (snapshot ?? this.#snapshot).last.index;
    assert(
      base >= this.#snapshot.last.index,
      `a snapshot at ${base} is older than that at ${this.#snapshot.last.index}`,
    );
    assert(truncateFrom === undefined || truncateFrom > base, `cannot truncate from ${truncateFrom}: the state has it`);
    const last = snapshot === undefined ? this.lastIndex : base;
    const next = Math.min(entries[0]?.index ?? base + 1, truncateFrom ?? Infinity, last + 1);
    assert(next > base, `cannot write entry ${next}: the state has all up to ${base}`);
    for (let i = 0; i < entries.length; i++) {
      const index = entries[i]?.index;
      if (index !== next + i) throw new AssertionError(`cannot write entry ${index}: wanted entry ${next + i}`);
    }
  }
  /** What must be said besides the entries: the first one by itself cuts off what is at its index and behind. */
  #controlOf({ hardState, snapshot, truncateFrom, entries }: LogWrite): Control | undefined {
    const cuts = truncateFrom !== undefined && truncateFrom <= this.lastIndex && truncateFrom !== entries[0]?.index;
    if (snapshot !== undefined)
      return { hardState: hardState ?? this.#hardState, mark: { kind: 'installed', snapshot } };
    if (hardState === undefined && !cuts) return undefined;
    return { hardState, truncateFrom: cuts ? truncateFrom : undefined };
  }
  /** Appends their records to `records`. New ones share buffers: one for each would cost more than its bytes. */
  #encode(entries: LogWrite['entries'], records: Uint8Array[]): readonly RecordEntry[] {
    const encoded: RecordEntry[] = [];
    for (const entry of entries) {
      const each = 'record' in entry ? entry : this.#encodeOne(entry);
      encoded.push(each);
      records.push(each.record);
    }
    return encoded;
  }
  #encodeOne(entry: Entry): RecordEntry {
    const sizeBytes = this.#codec.sizeBytes(entry.kind, entry.body.length);
    if (sizeBytes > sharedBufferSizeBytes / 8) return this.#codec.encode(entry);
    if (this.#sharedUsed + sizeBytes > this.#shared.length) {
      this.#shared = new Uint8Array(sharedBufferSizeBytes);
      this.#sharedUsed = 0;
    }
    const at = this.#sharedUsed;
    this.#sharedUsed += sizeBytes;
    return this.#codec.encodeInto(this.#shared, at, entry);
  }
  #append(entries: readonly RecordEntry[], firstPosition: number): void {
    const [first] = entries;
    if (first === undefined) return;
    this.#truncate(first.index);
    let position = firstPosition;
    for (const entry of entries) {
      this.#table.append(entry.term, position++);
      this.#recent.push(entry);
    }
  }
  #truncate(from: LogIndex): void {
    if (from > this.lastIndex) return;
    this.#table.truncateFrom(from);
    this.#recent.truncateFrom(from);
    this.#lostEntries();
  }
  #install(snapshot: SnapshotMark): void {
    this.#snapshot = snapshot;
    this.#table.reset(snapshot.last);
    this.#recent.clear();
    this.#lostEntries();
  }
  #lostEntries(): void {
    this.#cuts += 1;
    this.#reader.forget();
  }
  /** Only what can be read from disk leaves memory. */
  #evict(): void {
    const limit = this.#options.cacheSizeBytes ?? cacheSizeMaxBytes;
    const { lastPosition } = this.#wal;
    while (this.#recent.sizeBytes > limit) {
      const position = this.#table.position(this.#recent.firstIndex ?? 0);
      if (position === undefined || position > lastPosition) return;
      this.#recent.dropFirst();
    }
  }

  readCached(previous: Position, last: LogIndex, sizeMaxBytes: number): readonly RecordEntry[] | undefined {
    if (!this.#has(previous, last)) return undefined;
    return last === previous.index ? [] : this.#recent.take(previous.index + 1, last, sizeMaxBytes);
  }
  #has(previous: Position, last: LogIndex): boolean {
    if (this.#queue.failure !== undefined || last < previous.index || last > this.lastIndex) return false;
    return this.#table.term(previous.index) === previous.term;
  }
  async read(previous: Position, last: LogIndex, sizeMaxBytes: number): Promise<readonly RecordEntry[] | undefined> {
    if (!this.#has(previous, last)) return undefined;
    const cuts = this.#cuts;
    const found: RecordEntry[] = [];
    let restBytes = sizeMaxBytes;
    while (previous.index + found.length < last) {
      const next = previous.index + found.length + 1;
      const part = this.#recent.take(next, last, restBytes) ?? (await this.#readOlder(next, last, restBytes));
      if (part === undefined || cuts !== this.#cuts || !this.#has(previous, last)) return undefined;
      for (const entry of part) {
        if (found.length > 0 && entry.record.length > restBytes) return found;
        found.push(entry);
        restBytes -= entry.record.length;
      }
    }
    return found;
  }
  /** Undefined when they have gone meanwhile. */
  async #readOlder(first: number, last: number, sizeMaxBytes: number): Promise<readonly RecordEntry[] | undefined> {
    const cuts = this.#cuts;
    const end = Math.min(last, (this.#recent.firstIndex ?? Infinity) - 1);
    try {
      const position = (index: number): number | undefined => this.#table.position(index);
      return await this.#reader.read({ first, last: end, position }, sizeMaxBytes);
    } catch (thrown) {
      if (first < this.firstIndex || cuts !== this.#cuts) return undefined;
      throw thrown;
    }
  }

  compact(snapshot: SnapshotMark): Promise<void> {
    return this.#untilClosed(this.#compact(snapshot));
  }
  async #compact(snapshot: SnapshotMark): Promise<void> {
    if (snapshot.last.index > this.#snapshot.last.index) this.#mark(snapshot);
    await this.#marked;
    await this.#wal.cut(this.#keepFrom);
  }
  #mark(snapshot: SnapshotMark): void {
    const { last } = snapshot;
    const mark = { kind: 'compacted' as const, snapshot };
    assert(this.#table.term(last.index) === last.term, `cannot compact to ${last.index}/${last.term}: not in the log`);
    const { position, durable } = this.#queue.add([
      encodeControl(this.#identity, { hardState: this.#hardState, mark }),
    ]);
    // Entries behind the mark can only come to lie further behind.
    this.#keepFromWhen(durable, Math.min(position, this.#table.position(last.index + 1) ?? position));
    this.#snapshot = snapshot;
    this.#table.compact(last);
    while ((this.#recent.firstIndex ?? Infinity) <= last.index) this.#recent.dropFirst();
  }
  /** Before the mark is durable nothing may be cut. */
  #keepFromWhen(durable: Promise<void>, position: number): void {
    this.#marked = durable.then(() => {
      this.#keepFrom = Math.max(this.#keepFrom, position);
    });
    // Whoever asked for the mark is told.
    this.#marked.catch(() => undefined);
  }
  /** Nobody waits for it, and it is tried again with the next mark. */
  #cutSoon(): void {
    const cut = this.#wal.cut(this.#keepFrom).catch((thrown: unknown) => {
      const { group, telemetry } = this.#options;
      telemetry?.emit({ event: 'log_cut_failed', level: 'warn', group, error: toStatusError(thrown) });
    });
    void this.#untilClosed(cut);
  }
  /** Nothing goes on in the folder once it is closed. */
  #untilClosed(work: Promise<void>): Promise<void> {
    this.#working = Promise.allSettled([this.#working, work]).then(() => undefined);
    return work;
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }
  async #close(): Promise<void> {
    await this.#queue.close();
    await this.#working;
    await this.#wal.close();
  }
}
