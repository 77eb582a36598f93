/**
 * Listings of large directories, kept and brought up to date name by name.
 *
 * Why: reading, verifying and decoding 10,000 rows takes twice as long as writing their lines, and clients that mirror or
 * show a folder list it again and again, also one in which names come and go. Whatever changes a name writes its row in
 * apply, which is where it is seen; the row itself is read when the listing is wanted next, so that a transaction that
 * fails leaves nothing behind.
 */
import { directoryInKey, type EntryId, type FileTreeEffect, headAt, nameInKey } from '@skerry/domain-file-tree';
import type { Applied, Entry, OrderedReader, OrderedWriter, StateMachine } from '@skerry/kernel';
import type { data } from '@skerry/proto';
import { type Batches, withName } from './listing-batches.ts';
import { listedChangeCountMax, listedDirectoryCountMax, listedEntryCountMax, listedFromCount } from './limits.ts';
import { toDirectoryEntry } from './parts.ts';

/** One listing, from when it is read for the first time. */
export class Listing {
  batches: Batches = [];
  count = 0;
  whole = false;
  /** Names whose rows were written since they were read. */
  readonly changed = new Set<string>();

  add(batch: readonly data.DirectoryEntry[]): void {
    this.count += batch.length;
    // Too long to be kept: its reader has it, and nobody else will.
    this.batches = this.count <= listedEntryCountMax ? [...this.batches, batch] : [];
  }
  refresh(directory: EntryId, state: OrderedReader): void {
    for (const name of this.changed) {
      const head = headAt(state, { directory, name });
      const { batches, grown } = withName(this.batches, name, head === undefined ? undefined : toDirectoryEntry(head));
      this.batches = batches;
      this.count += grown;
    }
    this.changed.clear();
  }
}

export class Listings {
  /** The one used last is last. */
  readonly #listings = new Map<EntryId, Listing>();
  #count = 0;

  /** Batches in order of names, as `state` has them now; nobody may change them. Undefined: to be read. */
  get(directory: EntryId, state: OrderedReader): Batches | undefined {
    const listing = this.#listings.get(directory);
    if (listing?.whole !== true) return undefined;
    this.#listings.delete(directory);
    this.#listings.set(directory, listing);
    this.#count -= listing.count;
    listing.refresh(directory, state);
    this.#count += listing.count;
    const { batches } = listing;
    if (!isWorthKeeping(listing)) this.#drop(directory);
    this.#makeRoom();
    return batches;
  }
  /** Before the first row is read: what changes from now on is noted. */
  begin(directory: EntryId): Listing {
    this.#drop(directory);
    const listing = new Listing();
    this.#listings.set(directory, listing);
    this.#makeRoom();
    return listing;
  }
  /** All rows were read. Kept when it is worth it, and not forgotten meanwhile. */
  end(directory: EntryId, listing: Listing): void {
    if (this.#listings.get(directory) !== listing) return;
    if (!isWorthKeeping(listing)) return this.#drop(directory);
    listing.whole = true;
    this.#count += listing.count;
    this.#makeRoom();
  }
  /** A row was written or removed, or would have been. */
  changed(key: Uint8Array): void {
    if (this.#listings.size === 0) return;
    const directory = directoryInKey(key);
    const listing = directory === undefined ? undefined : this.#listings.get(directory);
    if (directory === undefined || listing === undefined) return;
    listing.changed.add(nameInKey(key));
    if (listing.changed.size > listedChangeCountMax) this.#drop(directory);
  }
  /** The state was replaced as a whole. */
  clear(): void {
    this.#listings.clear();
    this.#count = 0;
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
const isWorthKeeping = ({ count }: Listing): boolean => count >= listedFromCount && count <= listedEntryCountMax;

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
    return this.#machine.apply(entry, new ListedWriter(state, this.#listings));
  }
}

class ListedWriter implements OrderedWriter {
  readonly #state: OrderedWriter;
  readonly #listings: Listings;
  constructor(state: OrderedWriter, listings: Listings) {
    this.#state = state;
    this.#listings = listings;
  }
  get(key: Uint8Array): Uint8Array | undefined {
    return this.#state.get(key);
  }
  range(range: Parameters<OrderedWriter['range']>[0]): ReturnType<OrderedWriter['range']> {
    return this.#state.range(range);
  }
  put(key: Uint8Array, value: Uint8Array): void {
    this.#listings.changed(key);
    this.#state.put(key, value);
  }
  delete(key: Uint8Array): void {
    this.#listings.changed(key);
    this.#state.delete(key);
  }
}
