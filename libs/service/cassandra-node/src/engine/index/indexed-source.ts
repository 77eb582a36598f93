/**
 * Rows that an index knows of, in the order of a scan: each is read from its table and looked at, since an entry may be of
 * what the row was. Those that are too many are remembered, to be taken away.
 */
import { Slices, type TableLayout, type TableReader } from '@skerry/domain-table';
import type { ByteRange } from '../select/byte-ranges.ts';
import { compareBytes } from '../select/byte-ranges.ts';
import type { Filter } from '../select/filters.ts';
import type { Position } from '../select/row.ts';
import { StoredSource } from '../select/stored-source.ts';
import { isWithin, takenTogetherMax, type Entry, type EntryWalk } from './entries.ts';

/** Entries of one partition that are looked up together at first, then more. */
const firstTogether = 4;
/** Entries that are passed in one go, before the turn may end. */
export const entriesInOneGoMax = 128;
/** Entries of rows that the WHERE leaves out, which are not looked up. */
export const unwantedInOneGoMax = 1_000;
/** Entries that one SELECT takes away in one turn. */
export const staleEntriesMax = 1_000;

export type IndexedRows = {
  readonly walk: EntryWalk;
  /** What is behind. */
  readonly from: Position | undefined;
  /** What the index says: true of a row that its entry is right about. */
  readonly says: readonly Filter[];
  readonly perPartition: boolean;
  readonly ofKey: boolean;
  /** Of clusterings; undefined: all. */
  readonly rows: readonly ByteRange[] | undefined;
  /** A page ended in this partition: of it these rows are left. For entries of partitions. */
  readonly first: { readonly key: Uint8Array; readonly rows: readonly ByteRange[] } | undefined;
};

export class IndexedSource extends StoredSource {
  readonly #layout: TableLayout;
  readonly #slices = new Slices();
  #rows: IndexedRows | undefined;
  #nowSeconds = 0;
  #key: Uint8Array | undefined;
  /** Looked up together, in order; those before `#at` are done with. */
  #together: Entry[] = [];
  #at = 0;
  #size = firstTogether;
  /** Of an entry of a partition: all of it is read, and something was found. */
  #all = false;
  #any = false;
  /** The last entry that was passed. */
  #last: Entry | undefined;
  /** Entries passed without a row to show. */
  #passed = 0;
  #isPaused = false;
  /** What is behind then. */
  #behind: Position | undefined;
  readonly stale: Entry[] = [];

  constructor(reader: TableReader, layout: TableLayout) {
    super(reader, layout);
    this.#layout = layout;
  }
  override get isFound(): boolean {
    return true;
  }
  look(rows: IndexedRows, nowSeconds: number): void {
    this.begin(() => false, nowSeconds);
    this.#rows = rows;
    this.#nowSeconds = nowSeconds;
    this.#key = undefined;
    this.#together = [];
    this.#at = 0;
    this.stale.length = 0;
    this.#passed = 0;
    this.#isPaused = false;
    this.#behind = rows.from;
    this.#last = undefined;
  }
  override takePause(): boolean {
    if (!this.#isPaused) return super.takePause();
    this.#isPaused = false;
    this.#passed = 0;
    return true;
  }
  override pausedAt(): Position | undefined {
    return this.#behind;
  }
  /** So much was passed that the turn may be over. @param behind all that was. */
  #pause(behind: Position | undefined): false {
    this.#behind = behind;
    this.#isPaused = true;
    return false;
  }
  override get tombstones(): number {
    return super.tombstones + (this.#rows?.walk.tombstones ?? 0);
  }
  override nextPartition(): boolean {
    const rows = this.#rows;
    if (rows === undefined) return false;
    const { walk } = rows;
    if (walk.isPaused) walk.goOn();
    for (;;) {
      // What is left of the last one is not wanted.
      if (this.#key !== undefined && walk.entry !== undefined && compareBytes(walk.entry.key, this.#key) === 0)
        walk.skipPartition();
      if (this.#key !== undefined) this.#behind = { key: this.#key, clustering: undefined };
      if (walk.isPaused || this.#passed >= entriesInOneGoMax) return this.#pause(this.#behind);
      if (walk.entry === undefined) return false;
      this.#key = walk.entry.key;
      this.#size = firstTogether;
      if (!this.#gather(rows)) {
        // Of this partition there may be more.
        if (this.#isPaused) this.#key = undefined;
        if (this.#isPaused) return false;
        continue;
      }
      if (this.#open(rows) && (!rows.perPartition || rows.ofKey || this.#isRight(rows))) return this.#found();
      this.#passRest();
    }
  }
  #found(): true {
    this.#passed = 0;
    return true;
  }
  /** Takes the next entries of the partition together. False: none of them is wanted, or it is paused. */
  #gather({ walk, rows, perPartition }: IndexedRows): boolean {
    this.#together = [];
    this.#at = 0;
    const key = this.#key;
    while (key !== undefined && walk.entry !== undefined && this.#together.length < this.#size) {
      const { entry } = walk;
      if (compareBytes(entry.key, key) !== 0) break;
      const last = this.#together.at(-1);
      const isNew = last === undefined || compareBytes(last.clustering, entry.clustering) !== 0;
      if (perPartition) {
        if (isNew) this.#together.push(entry);
      } else if (isNew && (rows === undefined || isWithin(entry.clustering, rows))) this.#together.push(entry);
      this.#last = entry;
      this.#passed += 1;
      walk.advance();
      if (this.#together.length === 0 && this.#passed >= unwantedInOneGoMax) return this.#pause(this.#lastPlace());
    }
    this.#size = Math.min(takenTogetherMax, 4 * this.#size);
    return this.#together.length > 0;
  }
  /** Behind the last entry that was passed. */
  #lastPlace(): Position | undefined {
    const last = this.#last;
    return last === undefined ? this.#behind : { key: last.key, clustering: last.clustering };
  }
  #open({ perPartition, rows: wanted, first }: IndexedRows): boolean {
    const key = this.#key ?? none;
    const rows = first !== undefined && compareBytes(first.key, key) === 0 ? first.rows : wanted;
    const slices = this.#slices;
    slices.clear();
    if (!perPartition) for (const { clustering } of this.#together) slices.addKey(clustering, 0, clustering.length);
    else for (const { from, to } of rows ?? []) slices.add(from, 0, from.length, to ?? none, 0, to?.length ?? 0);
    this.#all = perPartition && rows === undefined;
    this.#any = false;
    this.reopening();
    this.reader.openPartition(
      this.#layout,
      key,
      0,
      key.length,
      this.#all ? undefined : slices,
      false,
      this.#nowSeconds,
    );
    if (!this.reader.nextPartition()) return false;
    this.#any = this.reader.statics.exists;
    return true;
  }
  override nextRow(): boolean {
    const rows = this.#rows;
    if (rows === undefined) return false;
    const { walk } = rows;
    for (;;) {
      if (super.nextRow()) {
        this.#any = true;
        if (rows.perPartition || this.#passTo(rows)) return this.#found();
        continue;
      }
      if (this.reader.isPaused) {
        this.#behind = this.position();
        return false;
      }
      // An entry of a partition is too many when nothing is there at all.
      if (!rows.perPartition || (this.#all && !this.#any)) this.#passRest();
      if (rows.perPartition) return false;
      if (walk.isPaused) walk.goOn();
      let opened = false;
      while (!opened) {
        if (walk.isPaused || this.#passed >= entriesInOneGoMax) return this.#pause(this.#lastPlace());
        const { entry } = walk;
        if (entry === undefined || this.#key === undefined || compareBytes(entry.key, this.#key) !== 0) return false;
        if (!this.#gather(rows)) {
          if (this.#isPaused) return false;
          continue;
        }
        opened = this.#open(rows);
        if (!opened) this.#passRest();
      }
    }
  }
  #isRight({ says }: IndexedRows): boolean {
    return says.every((filter) => filter.accepts(this));
  }
  /** Entries up to the current row are done with. True: the row is as its entry says. */
  #passTo(rows: IndexedRows): boolean {
    const { bytes, clusteringFrom, clusteringTo } = this.reader.row;
    const own = bytes.subarray(clusteringFrom, clusteringTo);
    for (; this.#at < this.#together.length; this.#at++) {
      const entry = this.#together[this.#at] as Entry;
      if (compareBytes(entry.clustering, own) === 0) {
        this.#at += 1;
        if (this.#isRight(rows)) return true;
        this.#tooMany(entry);
        return false;
      }
      this.#tooMany(entry);
    }
    return false;
  }
  #passRest(): void {
    for (; this.#at < this.#together.length; this.#at++) this.#tooMany(this.#together[this.#at] as Entry);
  }
  #tooMany(entry: Entry): void {
    // One that has an end of its own alone goes by itself.
    if (entry.live && this.stale.length < staleEntriesMax) this.stale.push(entry);
  }
}
const none = new Uint8Array(0);
