/** Entries of an index, in the order of the rows that they are of. */
import { hashToken, Slices, tokenHalves, type TableReader } from '@skerry/domain-table';
import { ByteSink } from '@skerry/domain-values';
import {
  behind,
  compareBytes,
  everything,
  following,
  intersection,
  joined,
  type ByteRange,
} from '../select/byte-ranges.ts';
import { appendPartition, type IndexTable, type Term } from './index-table.ts';

/** A copy of one. */
export type Entry = {
  /** Of the base row. */
  readonly key: Uint8Array;
  /** Its ordered clustering; empty for an entry of a partition. */
  readonly clustering: Uint8Array;
  // To take it away: its own place, and when it was written.
  readonly term: Uint8Array;
  readonly ordered: Uint8Array;
  readonly wire: Uint8Array;
  /** It was written without an end of its own, or goes with a cell. */
  readonly live: boolean;
  readonly hi: number;
  readonly lo: number;
};

/** Entries one by one, in order of their places. */
export interface EntryWalk {
  /** Undefined: at the end. */
  readonly entry: Entry | undefined;
  advance(): void;
  /** Goes behind all entries of the current one's partition. */
  skipPartition(): void;
  /** There is no entry yet: so much was passed that the turn may be over. {@link goOn} looks further. */
  readonly isPaused: boolean;
  goOn(): void;
  readonly tombstones: number;
}

const scratch = new ByteSink(64);
/** The place of a row, or of what begins a partition's places. */
export function placeOf(key: Uint8Array, clustering: Uint8Array): Uint8Array {
  hashToken(key, 0, key.length);
  scratch.clear();
  appendPartition(scratch, tokenHalves.hi, tokenHalves.lo, key, 0, key.length);
  scratch.raw(clustering);
  return scratch.copy();
}
/** The place of the row that the current entry is of; valid until the next one. */
function placeAt({ row: { bytes, view, wireFrom } }: TableReader): Uint8Array {
  const keySize = view.getInt32(wireFrom);
  const key = wireFrom + 4;
  const clustering = key + keySize + 4;
  hashToken(bytes, key, keySize);
  scratch.clear();
  appendPartition(scratch, tokenHalves.hi, tokenHalves.lo, bytes, key, keySize);
  scratch.raw(bytes.subarray(clustering, clustering + view.getInt32(key + keySize)));
  return scratch.bytes.subarray(0, scratch.length);
}
const none = new Uint8Array(0);
/** Everything behind the places that begin with it. */
export const behindPlace = (place: Uint8Array): readonly ByteRange[] => {
  const from = behind(place);
  return from === undefined ? [] : [{ from, to: undefined }];
};

/** Fills slices with ranges of places under a prefix. */
function fill(slices: Slices, prefix: Uint8Array, ranges: readonly ByteRange[]): void {
  slices.clear();
  for (const { from, to } of ranges) {
    const low = joined(prefix, from);
    const high = (to === undefined ? behind(prefix) : joined(prefix, to)) ?? none;
    slices.add(low, 0, low.length, high, 0, high.length);
  }
}

function copyEntry({ row }: TableReader, term: Uint8Array): Entry {
  const { bytes, view, wireFrom, clusteringFrom, clusteringTo } = row;
  const keySize = view.getInt32(wireFrom);
  const key = wireFrom + 4;
  const size = view.getInt32(key + keySize);
  const clustering = key + keySize + 4;
  return {
    key: bytes.slice(key, key + keySize),
    clustering: bytes.slice(clustering, clustering + size),
    term,
    ordered: bytes.slice(clusteringFrom, clusteringTo),
    wire: bytes.slice(wireFrom, clustering + size),
    live: row.live,
    hi: row.liveHi,
    lo: row.liveLo,
  };
}

/** Entries passed one after another before the walk begins anew behind a partition. */
const passedMax = 64;

/** Those of one value. */
export class ValueWalk implements EntryWalk {
  readonly #reader: TableReader;
  readonly #table: IndexTable;
  readonly #term: Term;
  readonly #ranges: readonly ByteRange[];
  readonly #nowSeconds: number;
  readonly #slices = new Slices();
  #open = false;
  #behind = 0;
  readonly isPaused = false;
  entry: Entry | undefined;

  /** @param ranges of places. */
  constructor(reader: TableReader, table: IndexTable, term: Term, ranges: readonly ByteRange[], nowSeconds: number) {
    this.#reader = reader;
    this.#table = table;
    this.#term = term;
    this.#ranges = ranges;
    this.#nowSeconds = nowSeconds;
    this.#begin(ranges);
  }
  get tombstones(): number {
    return this.#behind + (this.#open ? this.#reader.tombstones : 0);
  }
  #begin(ranges: readonly ByteRange[]): void {
    if (this.#open) this.#behind += this.#reader.tombstones;
    this.#open = false;
    this.entry = undefined;
    if (ranges.length === 0) return;
    fill(this.#slices, this.#term.prefix, ranges);
    const { key } = this.#term;
    this.#reader.openPartition(this.#table.layout, key, 0, key.length, this.#slices, false, this.#nowSeconds);
    this.#open = true;
    if (this.#reader.nextPartition()) this.advance();
  }
  advance(): void {
    this.entry = this.#reader.nextRow() ? copyEntry(this.#reader, this.#term.key) : undefined;
  }
  skipPartition(): void {
    const { entry } = this;
    if (entry === undefined) return;
    for (let passed = 0; passed < passedMax; passed++) {
      this.advance();
      if (this.entry === undefined || compareBytes(this.entry.key, entry.key) !== 0) return;
    }
    this.#begin(intersection(this.#ranges, behindPlace(placeOf(entry.key, none))));
  }
  goOn(): void {}
}

/** Entries of a range of values that are kept in memory at once. */
export const rangeEntriesMax = 4096;

/** Entries of one partition that are taken together, before the first of them is shown. */
export const takenTogetherMax = 256;
/** Entries of a range of values, alive or not wanted, that are read in one go, before the turn may end. */
export const rangeEntriesInOneGoMax = 1_000;

type Found = { readonly place: Uint8Array; readonly entry: Entry };

/**
 * Those of a range of values: as many as memory is given to, the least places first, then looked for again. What was found
 * is kept over the turns of a SELECT.
 */
export class RangeWalk implements EntryWalk {
  readonly #reader: TableReader;
  readonly #table: IndexTable;
  readonly #term: Uint8Array;
  readonly #values: readonly ByteRange[];
  #places: readonly ByteRange[];
  readonly #nowSeconds: number;
  readonly #slices = new Slices();
  #found: Found[] = [];
  #at = 0;
  /** What was found before that may be taken and not yet shown: a turn that begins goes back to it. */
  #before: Found[] = [];
  #wanted: readonly ByteRange[];
  /** Not all were found that there are. */
  #more = false;
  /** While entries are looked for: the last one that was read; of those that are wanted the greatest place that stays. */
  #after: Uint8Array | undefined;
  #greatest: Uint8Array | undefined;
  /** The reader stands among them: it does for one turn. */
  #isOpen = false;
  isPaused = false;
  tombstones = 0;

  /** @param values of ordered values. @param places that are wanted. */
  constructor(
    reader: TableReader,
    table: IndexTable,
    term: Uint8Array,
    values: readonly ByteRange[],
    places: readonly ByteRange[],
    nowSeconds: number,
  ) {
    this.#reader = reader;
    this.#table = table;
    this.#term = term;
    this.#values = values;
    this.#places = places;
    this.#nowSeconds = nowSeconds;
    this.#wanted = places;
    this.#gather(places);
  }
  get entry(): Entry | undefined {
    return this.isPaused ? undefined : this.#found[this.#at]?.entry;
  }
  /** Another turn of the same SELECT begins, behind a row that it has come to. @param places that are wanted still. */
  again(places: readonly ByteRange[]): void {
    this.tombstones = 0;
    this.#isOpen = false;
    this.#wanted = places;
    this.#found = [...this.#before, ...this.#found];
    this.#before = [];
    this.#at = 0;
    if (this.isPaused) return this.goOn();
    this.#toWanted();
    if (this.#at === this.#found.length && this.#more) this.#gather(intersection(this.#places, places));
  }
  #toWanted(): void {
    while (this.#at < this.#found.length && !isWithin((this.#found[this.#at] as Found).place, this.#wanted))
      this.#at += 1;
  }
  advance(): void {
    const last = this.#found[this.#at]?.place;
    do this.#at += 1;
    // Of a row that had other values of the range before.
    while (last !== undefined && this.#at < this.#found.length && this.#isAt(last));
    if (this.#at < this.#found.length || !this.#more || last === undefined) return;
    this.#gather(intersection(this.#places, behindPlace(last)));
  }
  #isAt(place: Uint8Array): boolean {
    const other = this.#found[this.#at]?.place;
    return other !== undefined && compareBytes(other, place) === 0;
  }
  skipPartition(): void {
    const { entry } = this;
    while (entry !== undefined && this.entry !== undefined && compareBytes(this.entry.key, entry.key) === 0)
      this.advance();
  }
  #gather(places: readonly ByteRange[]): void {
    this.#places = places;
    this.#before = this.#found.slice(-takenTogetherMax);
    this.#found = [];
    this.#at = 0;
    this.#more = false;
    this.#after = undefined;
    this.#greatest = undefined;
    this.#isOpen = false;
    if (this.#places.length > 0 && this.#values.length > 0) this.goOn();
  }
  goOn(): void {
    this.isPaused = false;
    if (!this.#isOpen && !this.#open()) return this.#end();
    const reader = this.#reader;
    for (let read = 0; reader.nextRow();) {
      this.#take();
      read += 1;
      if (read < rangeEntriesInOneGoMax) continue;
      const { bytes, clusteringFrom, clusteringTo } = reader.row;
      this.#after = bytes.slice(clusteringFrom, clusteringTo);
      this.isPaused = true;
      return undefined;
    }
    return this.#end();
  }
  /** False: there is none. */
  #open(): boolean {
    const slices = this.#slices;
    slices.clear();
    const left = this.#after === undefined ? this.#values : intersection(this.#values, [followingRange(this.#after)]);
    for (const { from, to } of left) slices.add(from, 0, from.length, to ?? none, 0, to?.length ?? 0);
    if (left.length === 0) return false;
    const reader = this.#reader;
    reader.openPartition(this.#table.layout, this.#term, 0, this.#term.length, slices, false, this.#nowSeconds);
    this.#isOpen = reader.nextPartition();
    return this.#isOpen;
  }
  /** The reader's entry is wanted, or not. */
  #take(): void {
    const reader = this.#reader;
    const place = placeAt(reader);
    if (!isWithin(place, this.#places)) return;
    if (this.#greatest !== undefined && compareBytes(place, this.#greatest) > 0) {
      this.#more = true;
      return;
    }
    this.#found.push({ place: place.slice(), entry: copyEntry(reader, this.#term) });
    if (this.#found.length >= 2 * rangeEntriesMax) this.#cut();
  }
  #cut(): void {
    this.#found.sort((a, b) => compareBytes(a.place, b.place));
    this.#found.length = rangeEntriesMax;
    this.#more = true;
    this.#greatest = this.#found.at(-1)?.place;
  }
  #end(): void {
    this.#found.sort((a, b) => compareBytes(a.place, b.place));
    this.#toWanted();
    if (this.#isOpen) this.tombstones += this.#reader.tombstones;
    this.#isOpen = false;
  }
}
/** What comes behind exactly these bytes. */
const followingRange = (bytes: Uint8Array): ByteRange => ({ from: following(bytes), to: undefined });

export const isWithin = (bytes: Uint8Array, ranges: readonly ByteRange[]): boolean =>
  ranges.some(({ from, to }) => compareBytes(bytes, from) >= 0 && (to === undefined || compareBytes(bytes, to) < 0));

/** Entries of a value, counted up to a number. */
export function countEntries(
  reader: TableReader,
  table: IndexTable,
  term: Term,
  most: number,
  nowSeconds: number,
): number {
  const slices = new Slices();
  fill(slices, term.prefix, [everything]);
  reader.openPartition(table.layout, term.key, 0, term.key.length, slices, false, nowSeconds);
  let count = 0;
  if (reader.nextPartition()) while (count < most && reader.nextRow()) count += 1;
  return count;
}
