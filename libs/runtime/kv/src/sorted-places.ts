/**
 * A second entrance to LMDB, without the layer of {@link openKv}: for whoever gathers writes in memory anyway, and brings
 * them sorted, in large batches. Values carry checksums of their own.
 */
import { mkdir, open as openFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { AssertionError, keySizeMaxBytes } from '@skerry/kernel';
import { type Database, openDatabase } from './database.ts';
import { commitCause, toDiskError, writeError } from './disk-error.ts';

export type SortedChange = {
  readonly key: Uint8Array;
  /** Undefined: it goes. */
  readonly value: Uint8Array | undefined;
};

export type SortedStore = {
  place(): SortedPlace;
  /** All of it in one commit, durable when it resolves; of two changes of one key the later counts. */
  write(changes: readonly SortedChange[]): Promise<void>;
  /** A copy of what is there now, in a folder that is made. */
  backup(path: string): Promise<void>;
  close(): Promise<void>;
};

/** Neighbours fetched at once by one who walks: the first step fetches one, each further page more. */
const pageGrowth = 8;
const pageRowsMax = 64;
/** Values up to so many bytes are copied by a loop: a view of them costs more. */
const loopSizeMaxBytes = 1024;
const firstValueBytes = 16 * 1024;

const noBytes = new Uint8Array(0);

/** Larger values are not fetched with a page of their keys: each would be memory of its own. */
const pageValueMaxBytes = 1024;
/** Without its value: that is fetched when it is shown. */
type Row = { readonly key: Buffer; readonly value: Buffer | undefined };

/** One place among the keys: what it shows is valid until its next call. */
export class SortedPlace {
  readonly #database: Database;
  key: Uint8Array = new Uint8Array(keySizeMaxBytes + 1);
  keyView: DataView = new DataView(this.key.buffer);
  keySize = 0;
  bytes: Uint8Array;
  view: DataView;
  size = 0;
  #own: Uint8Array = noBytes;
  #ownView: DataView = new DataView(noBytes.buffer);
  #ownWords: Int32Array = new Int32Array(0);
  #shared: Uint8Array = noBytes;
  #sharedWords: Int32Array = new Int32Array(0);
  /** What follows `key`, in the direction of the last walk. */
  #page: readonly Row[] = [];
  #pageAt = 0;
  #pageRows = 1;
  #pageBack = false;

  constructor(database: Database) {
    this.#database = database;
    this.#use(new Uint8Array(firstValueBytes));
    this.bytes = this.#own;
    this.view = this.#ownView;
  }

  /** The value of just this key; `key` is not set. */
  get(key: Uint8Array, keySize: number): boolean {
    const database = this.#database;
    // The store copies the key; what it says of it is Buffer, any bytes will do.
    const value = database.getBinaryFast((key.length === keySize ? key : key.subarray(0, keySize)) as Buffer);
    if (value === undefined) return false;
    this.#copy(value);
    return true;
  }
  /** Out of the buffer that the next read of anybody overwrites. */
  #copy(value: Buffer): void {
    const { length } = value;
    if (length > this.#own.length) this.#use(new Uint8Array(2 * length));
    this.size = length;
    this.bytes = this.#own;
    this.view = this.#ownView;
    // Views of that buffer are kept: it is nearly always the same, and a view costs as much as the copy.
    if (value.buffer !== this.#shared.buffer) {
      this.#shared = new Uint8Array(value.buffer);
      this.#sharedWords = new Int32Array(value.buffer, 0, value.buffer.byteLength >>> 2);
    }
    const from = value.byteOffset;
    if (length > loopSizeMaxBytes || from % 4 !== 0) {
      this.#own.set(this.#shared.subarray(from, from + length));
      return;
    }
    const source = this.#sharedWords;
    const target = this.#ownWords;
    const first = from >>> 2;
    const words = length >>> 2;
    for (let i = 0; i < words; i++) target[i] = source[first + i] as number;
    for (let i = words << 2; i < length; i++) this.#own[i] = this.#shared[from + i] as number;
  }
  #use(own: Uint8Array): void {
    this.#own = own;
    this.#ownView = new DataView(own.buffer);
    this.#ownWords = new Int32Array(own.buffer);
  }
  /** The first key at (or with `after` behind) `key`. */
  seek(key: Uint8Array, keySize: number, after: boolean): boolean {
    return this.#step(key, keySize, after, false);
  }
  /** The last key before (or with `at` also at) `key`. */
  seekBack(key: Uint8Array, keySize: number, at: boolean): boolean {
    return this.#step(key, keySize, !at, true);
  }
  #step(key: Uint8Array, keySize: number, exclusive: boolean, back: boolean): boolean {
    if (exclusive && back === this.#pageBack && this.#isHere(key, keySize)) {
      const row = this.#page[this.#pageAt];
      if (row !== undefined) {
        this.#pageAt += 1;
        return this.#show(row, back);
      }
      this.#pageRows = Math.min(this.#pageRows * pageGrowth, pageRowsMax);
    } else this.#pageRows = 1;
    const page: Row[] = [];
    const start = Buffer.from(key.subarray(0, keySize));
    const options = { start, reverse: back, exclusiveStart: exclusive, limit: this.#pageRows };
    if (this.#pageRows > 1 && this.size <= pageValueMaxBytes)
      for (const row of this.#database.getRange(options)) page.push(row);
    else for (const one of this.#database.getKeys(options)) page.push({ key: one, value: undefined });
    this.#page = page;
    this.#pageAt = 1;
    this.#pageBack = back;
    const first = page[0];
    return first !== undefined && this.#show(first, back);
  }
  #isHere(key: Uint8Array, keySize: number): boolean {
    if (keySize !== this.keySize || this.#page.length === 0) return false;
    const own = this.key;
    for (let i = 0; i < keySize; i++) if (key[i] !== own[i]) return false;
    return true;
  }
  #show({ key, value }: Row, back: boolean): boolean {
    this.keySize = key.length;
    for (let i = 0; i < key.length; i++) this.key[i] = key[i] as number;
    if (value === undefined) {
      // Removed since the page was fetched: there is no such key any more, but perhaps others behind it.
      if (!this.get(key, key.length)) return this.#step(this.key, this.keySize, true, back);
      return true;
    }
    // No Buffer: a part of one costs several times as much.
    this.bytes = new Uint8Array(value.buffer, value.byteOffset, value.length);
    this.view = new DataView(value.buffer, value.byteOffset, value.length);
    this.size = value.length;
    return true;
  }
}

/** @throws StatusError `disk_full`, `read_only_disk`, `disk_failed`. */
export async function openSorted(path: string, mapSizeBytes: number): Promise<SortedStore> {
  let database: Database;
  try {
    await mkdir(path, { recursive: true });
    database = openDatabase(path, mapSizeBytes);
    for (const folder of [path, dirname(path)]) {
      const handle = await openFile(folder, 'r');
      try {
        await handle.sync();
      } finally {
        await handle.close();
      }
    }
  } catch (thrown) {
    throw toDiskError(thrown, `Cannot open store "${path}"`);
  }
  return {
    place: () => new SortedPlace(database),
    write: (changes) => write(database, path, changes),
    async backup(target) {
      try {
        await mkdir(target, { recursive: true });
        await database.backup(target, false);
      } catch (thrown) {
        throw toDiskError(thrown, `Cannot copy store "${path}"`);
      }
    },
    close: () => database.close(),
  };
}

async function write(database: Database, path: string, changes: readonly SortedChange[]): Promise<void> {
  let sizeBytes = 0;
  for (const { key, value } of changes) {
    if (key.length === 0 || key.length > keySizeMaxBytes)
      throw new AssertionError(`key must have 1 to ${keySizeMaxBytes} bytes: got ${key.length}`);
    sizeBytes += key.length + (value?.length ?? 0);
  }
  try {
    await database.batch(() => {
      for (const { key, value } of changes)
        if (value === undefined) void database.remove(asBuffer(key));
        else void database.put(asBuffer(key), asBuffer(value));
    });
  } catch (thrown) {
    throw await writeError(await commitCause(thrown), path, sizeBytes);
  } finally {
    // Whoever reads on in this turn must see it: memory forgets it now.
    database.resetReadTxn();
  }
}
const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
