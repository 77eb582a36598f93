/**
 * Listings of large directories, kept until one of their names changes.
 *
 * Why: reading, verifying and decoding 10,000 rows takes twice as long as writing their lines, and clients that mirror or
 * show a folder list it again and again. Whatever changes a name writes its row in apply, which is where it is seen.
 */
import { directoryInKey, type EntryId, type FileTreeEffect } from '@skerry/domain-file-tree';
import type { Applied, Entry, OrderedWriter, StateMachine } from '@skerry/kernel';
import type { data } from '@skerry/proto';
import { listedDirectoryCountMax, listedEntryCountMax, listedFromCount } from './limits.ts';

type Batch = readonly data.DirectoryEntry[];

/** One listing as it is read. */
export class Listing {
  readonly batches: Batch[] = [];
  count = 0;
  whole = false;

  add(batch: Batch): void {
    this.count += batch.length;
    // Too long to be kept: its reader has it, and nobody else will.
    if (this.count <= listedEntryCountMax) this.batches.push(batch);
    else this.batches.length = 0;
  }
}

export class Listings {
  /** The one used last is last. */
  readonly #listings = new Map<EntryId, Listing>();
  #count = 0;

  /** Batches in order of names; nobody may change them. Undefined: to be read. */
  get(directory: EntryId): readonly Batch[] | undefined {
    const listing = this.#listings.get(directory);
    if (listing?.whole !== true) return undefined;
    this.#listings.delete(directory);
    this.#listings.set(directory, listing);
    return listing.batches;
  }
  /** Before the first row is read: a change from now on voids it. */
  begin(directory: EntryId): Listing {
    this.#drop(directory);
    const listing = new Listing();
    this.#listings.set(directory, listing);
    this.#makeRoom();
    return listing;
  }
  /** All rows were read. Kept only if nothing has changed meanwhile, and it is worth it. */
  end(directory: EntryId, listing: Listing): void {
    if (this.#listings.get(directory) !== listing) return;
    if (listing.count < listedFromCount || listing.count > listedEntryCountMax) return this.#drop(directory);
    listing.whole = true;
    this.#count += listing.count;
    this.#makeRoom();
  }
  /** A row was written or removed. */
  changed(key: Uint8Array): void {
    if (this.#listings.size === 0) return;
    const directory = directoryInKey(key);
    if (directory !== undefined) this.#drop(directory);
  }

  #drop(directory: EntryId): void {
    const listing = this.#listings.get(directory);
    if (listing === undefined) return;
    this.#listings.delete(directory);
    if (listing.whole) this.#count -= listing.count;
  }
  #makeRoom(): void {
    for (const directory of this.#listings.keys()) {
      if (this.#count <= listedEntryCountMax && this.#listings.size <= listedDirectoryCountMax) return;
      this.#drop(directory);
    }
  }
}

/** The same machine, whose writes are told to the listings, also those of a transaction that fails later. */
export class ListedTree implements StateMachine<FileTreeEffect> {
  readonly #machine: StateMachine<FileTreeEffect>;
  readonly #listings: Listings;

  constructor(machine: StateMachine<FileTreeEffect>, listings: Listings) {
    this.#machine = machine;
    this.#listings = listings;
  }
  initialise(state: OrderedWriter): void {
    this.#machine.initialise(state);
  }
  apply(entry: Entry, state: OrderedWriter): Applied<FileTreeEffect> {
    return this.#machine.apply(entry, {
      get: (key) => state.get(key),
      range: (range) => state.range(range),
      put: (key, value) => {
        this.#listings.changed(key);
        state.put(key, value);
      },
      delete: (key) => {
        this.#listings.changed(key);
        state.delete(key);
      },
    });
  }
}
