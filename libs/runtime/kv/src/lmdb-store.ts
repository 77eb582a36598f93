/**
 * An ordered store on LMDB: transactions end in memory, and reach the disk together.
 *
 * Assumes: a log keeps what was written since the last {@link LmdbStore.flush}; a crash loses it here, whole
 * transactions
 * from the end, never a part of one. Why: docs/adr/0003-lmdb-under-the-log.md.
 */
import {
  AssertionError,
  assert,
  type Checksum,
  type KeyRange,
  keySizeMaxBytes,
  type KeyValue,
  type OrderedStore,
  type OrderedView,
  type OrderedWriter,
  StatusError,
  toHex,
} from '@skerry/kernel';
import type { Database, PageStatistics } from './database.ts';
import { commitCause, writeError } from './disk-error.ts';
import { absent, Layer, type Pending } from './layer.ts';
import { checksumSizeBytes, keyBytes, keyText, merged, type TextRange, touches } from './merge.ts';
import { rowsIn } from './pages.ts';
import { LmdbView } from './view.ts';

export type KvStatistics = {
  /** Not yet in LMDB: bytes in memory, and keys. */
  readonly pendingBytes: number;
  readonly pendingKeys: number;
  /** LMDB commits, each with its two syncs, since the store was opened. */
  readonly commits: number;
};

/** Large enough that hot keys are written once for many transactions, small enough to encode in a few milliseconds. */
export const pendingBytesToFlush = 1024 * 1024;
/** Pending bytes at which transactions are refused: the disk is slower than the callers, who must await `flush`. */
export const pendingBytesMax = 64 * 1024 * 1024;
/**
 * What comes while a commit is under way waits in layers of so many times {@link pendingBytesToFlush}, each with a commit
 * of its own: LMDB takes a commit's rows in one turn of the event loop, and what gathers behind a slow disk is much.
 */
export const layerFlushesMax = 2;
/** Rows prepared for a commit before others have their turn: a millisecond's worth. */
const rowsInOneTurn = 1_000;

type Waiter = { readonly upTo: number; resolve(): void; reject(error: StatusError): void };
/** Changes no more. */
type Sealed = {
  readonly layer: Layer;
  /** Transactions ended by then. */
  readonly upTo: number;
};
type Undo = { readonly key: string; readonly before: Pending | typeof absent };

export class LmdbStore implements OrderedStore {
  readonly #database: Database;
  readonly #path: string;
  readonly #checksum: Checksum;
  readonly #flushBytes: number;
  #active = new Layer();
  /** Waiting for LMDB, the oldest one, which may be on its way, first. */
  #sealed: Sealed[] = [];
  /** Transactions ended, and of those how many are on disk. */
  #ended = 0;
  #durable = 0;
  #commits = 0;
  #waiters: Waiter[] = [];
  #writing: Promise<void> | undefined;
  #failure: StatusError | undefined;
  #beforeCommit: () => Promise<void> = () => Promise.resolve();
  #inTransaction = false;
  readonly #views = new Set<LmdbView>();
  #closed = false;

  constructor(options: {
    readonly database: Database;
    readonly path: string;
    readonly checksum: Checksum;
    readonly flushBytes?: number;
  }) {
    this.#database = options.database;
    this.#path = options.path;
    this.#checksum = options.checksum;
    this.#flushBytes = options.flushBytes ?? pendingBytesToFlush;
  }

  statistics(): KvStatistics {
    let [pendingBytes, pendingKeys] = [this.#active.sizeBytes, this.#active.length];
    for (const { layer } of this.#sealed) {
      pendingBytes += layer.sizeBytes;
      pendingKeys += layer.length;
    }
    return { pendingBytes, pendingKeys, commits: this.#commits };
  }

  /** Of the pages in use. */
  sizeBytes(): number {
    const { pageSize, treeLeafPageCount, overflowPages } = this.#database.getStats() as PageStatistics;
    return pageSize * (treeLeafPageCount + overflowPages);
  }

  /** A view that stays as it is. */
  get(key: Uint8Array): Uint8Array | undefined {
    this.#assertOpen();
    const text = keyText(key);
    let pending = this.#active.get(text);
    for (let at = this.#sealed.length; pending === absent && at > 0; at--) {
      const sealed = this.#sealed[at - 1];
      if (sealed !== undefined) pending = sealed.layer.get(text);
    }
    if (pending !== absent) return pending?.subarray(checksumSizeBytes);
    if (key.length === 0 || key.length > keySizeMaxBytes) return undefined;
    // The store copies the key; what it says of it is Buffer, any bytes will do.
    const value = this.#database.getBinary(key as Buffer);
    return value === undefined ? undefined : this.#verified({ key, value });
  }

  *range({ from, to, reverse = false, limit = Infinity }: KeyRange): Generator<KeyValue> {
    this.#assertOpen();
    const range: TextRange = { from: keyText(from), to: to === undefined ? undefined : keyText(to), reverse };
    if (limit <= 0 || (range.to !== undefined && range.from >= range.to)) return;
    // Held for the whole walk: what is flushed meanwhile is gone from the store's layers, but not from these.
    const layers = this.#layers().filter((layer) => touches(layer, range));
    if (layers.length === 0) {
      for (const row of rowsIn(this.#database, range, limit)) yield [row.key, this.#verified(row)];
      return;
    }
    let left = limit;
    for (const row of merged(layers, rowsIn(this.#database, range, Infinity), range, (raw) => this.#verified(raw))) {
      yield row;
      if (--left <= 0) return;
    }
  }

  /** What is in LMDB then, read through one of its own read transactions. */
  async openView(): Promise<OrderedView> {
    this.#assertOpen();
    await this.flush();
    this.#assertOpen();
    const view = new LmdbView(this.#database, (row) => this.#verified(row));
    this.#views.add(view);
    return view;
  }

  transaction<T>(body: (writer: OrderedWriter) => T): T {
    this.#assertOpen();
    assert(!this.#inTransaction, 'a transaction must not be inside another');
    if (this.#failure !== undefined) throw this.#failure;
    if (this.statistics().pendingBytes > pendingBytesMax)
      throw new StatusError(
        'overloaded',
        `Cannot write to store "${this.#path}": over ${pendingBytesMax} bytes are waiting for the disk`,
      );
    const undo: Undo[] = [];
    const layer = this.#active;
    const write = (key: Uint8Array, value: Pending): void => {
      if (key.length === 0 || key.length > keySizeMaxBytes)
        throw new AssertionError(`key must have 1 to ${keySizeMaxBytes} bytes: got ${key.length}`);
      const text = keyText(key);
      undo.push({ key: text, before: layer.set(text, value) });
    };
    this.#inTransaction = true;
    try {
      const result = body({
        get: (key) => this.get(key),
        range: (range) => this.range(range),
        put: (key, value) => write(key, withRoomForChecksum(value)),
        delete: (key) => write(key, undefined),
      });
      if (undo.length > 0) this.#ended += 1;
      return result;
    } catch (thrown) {
      for (const { key, before } of undo.toReversed())
        if (before === absent) layer.unset(key);
        else layer.set(key, before);
      throw thrown;
    } finally {
      this.#inTransaction = false;
      if (layer.sizeBytes >= this.#flushBytes) this.#startWriting();
      // Written one behind the other; each begins and ends with a transaction.
      if (layer.sizeBytes >= layerFlushesMax * this.#flushBytes) this.#seal();
    }
  }

  /**
   * @throws StatusError `disk_full`, `read_only_disk` (kept in memory; a later flush tries again), `disk_failed`
   *   (final).
   */
  flush(): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (this.#durable === this.#ended) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#waiters.push({ upTo: this.#ended, resolve, reject });
      this.#startWriting();
    });
  }

  beforeCommit(body: () => Promise<void>): void {
    this.#beforeCommit = body;
  }

  /** Flushes first; when that fails, closes all the same and throws. */
  async close(): Promise<void> {
    if (this.#closed) return;
    try {
      await this.flush();
    } finally {
      this.#closed = true;
      for (const view of this.#views) view.close();
      await this.#writing;
      await this.#database.close();
    }
  }

  /** Newest first. */
  #layers(): readonly Layer[] {
    return [this.#active, ...this.#sealed.map(({ layer }) => layer).toReversed()];
  }
  #seal(): Sealed {
    const sealed = { layer: this.#active, upTo: this.#ended };
    this.#sealed.push(sealed);
    this.#active = new Layer();
    return sealed;
  }
  #assertOpen(): void {
    if (this.#closed) throw new AssertionError(`store "${this.#path}" is closed`);
  }
  #startWriting(): void {
    if (this.#writing !== undefined || this.#failure !== undefined) return;
    this.#writing = this.#write().then((written) => {
      this.#writing = undefined;
      // After a failure the next transaction or flush tries again: a full disk is not asked in a loop.
      const isMuch = this.#sealed.length > 0 || this.#active.sizeBytes >= this.#flushBytes;
      if (written && (this.#waiters.length > 0 || isMuch)) this.#startWriting();
    });
  }
  /** Writes the oldest layer in one commit of LMDB, on its own thread; false when that failed. */
  async #write(): Promise<boolean> {
    // Not inside the transaction that asked for it.
    await Promise.resolve();
    const { layer, upTo } = this.#sealed[0] ?? this.#seal();
    try {
      await this.#beforeCommit();
      await this.#commit(layer);
    } catch (thrown) {
      this.#fail(await writeError(thrown, this.#path, layer.sizeBytes));
      return false;
    }
    this.#sealed.shift();
    this.#commits += 1;
    this.#durable = upTo;
    const done = this.#waiters.filter((waiter) => waiter.upTo <= this.#durable);
    this.#waiters = this.#waiters.filter((waiter) => waiter.upTo > this.#durable);
    for (const waiter of done) waiter.resolve();
    return true;
  }
  async #commit(layer: Layer): Promise<void> {
    const rows: (readonly [Buffer, Pending])[] = [];
    for (const [text, pending] of layer.entries()) {
      const key = keyBytes(text);
      if (pending !== undefined) pending.writeUInt32BE(this.#sum(key, pending.subarray(checksumSizeBytes)), 0);
      rows.push([key, pending]);
      // Much may have gathered while the disk was slow.
      if (rows.length % rowsInOneTurn === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    // One batch of lmdb-js is one commit, all or nothing; what is put in it has no promise of its own.
    const committed = this.#database.batch(() => {
      for (const [key, pending] of rows)
        if (pending === undefined) void this.#database.remove(key);
        else void this.#database.put(key, pending);
    });
    try {
      await committed;
    } catch (thrown) {
      throw await commitCause(thrown);
    }
  }
  #fail(error: StatusError): void {
    if (error.reason === 'disk_full' || error.reason === 'read_only_disk') this.#unseal();
    else this.#failure = error;
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiters) waiter.reject(error);
  }

  /** The next attempt takes what was written since along: deletions may make it fit. */
  #unseal(): void {
    const [oldest, ...newer] = this.#sealed.map(({ layer }) => layer);
    if (oldest === undefined) return;
    for (const layer of [...newer, this.#active])
      for (const [key, pending] of layer.entries()) oldest.set(key, pending);
    this.#active = oldest;
    this.#sealed = [];
  }

  #sum(key: Uint8Array, value: Uint8Array): number {
    // The checksum itself knows from which length on native code is worth its call.
    return this.#checksum(value, this.#checksum(key));
  }
  #verified({ key, value }: { readonly key: Uint8Array; readonly value: Buffer }): Uint8Array {
    const damaged = value.length < checksumSizeBytes;
    // A plain view, since a listing makes thousands: a Buffer's `subarray` costs several times as much.
    const content = damaged
      ? value
      : new Uint8Array(value.buffer, value.byteOffset + checksumSizeBytes, value.length - checksumSizeBytes);
    if (damaged || value.readUInt32BE(0) !== this.#sum(key, content))
      throw new StatusError('corrupt', `Cannot read store "${this.#path}": value of key ${toHex(key)} is damaged`);
    return content;
  }
}

function withRoomForChecksum(value: Uint8Array): Buffer {
  const pending = Buffer.allocUnsafe(checksumSizeBytes + value.length);
  pending.set(value, checksumSizeBytes);
  return pending;
}
