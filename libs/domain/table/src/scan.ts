/** The partitions of a token range in memory, in their order. */
import type { Memtable } from './memtable.ts';
import { bucketCount } from './memtable.ts';
import { compareHalves, compareRanges } from './sink.ts';
import type { TokenRange } from './store.ts';

/** Partitions looked at together before they are read: see {@link Memtable.touch}. */
const touchedAtOnce = 16;

const bucketOf = (hi: number): number => (hi >>> 24) ^ 0x80;

export class MemoryScan {
  /** Its number; -1 at the end. */
  partition = -1;
  #memtable: Memtable | undefined;
  #table = 0;
  #range: TokenRange | undefined;
  #bucket = 0;
  #partitions: Int32Array = new Int32Array(0);
  #at = 0;
  /** Up to where they were looked at. */
  #touchedTo = 0;
  /** Of no meaning; it is kept so that the looks are not left out. */
  touched = 0;

  close(): void {
    this.partition = -1;
    this.#memtable = undefined;
  }
  open(memtable: Memtable, table: number, range: TokenRange): void {
    this.#memtable = memtable;
    this.#table = table;
    this.#range = range;
    this.#bucket = bucketOf(range.fromHi);
    this.#partitions = memtable.bucket(table, this.#bucket);
    let low = 0;
    let high = this.#partitions.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#isBefore(memtable, this.#partitions[middle] as number, range)) low = middle + 1;
      else high = middle;
    }
    this.#at = low;
    this.#touchedTo = low;
    this.#settle();
  }
  #isBefore(memtable: Memtable, partition: number, range: TokenRange): boolean {
    const order = compareHalves(memtable.tokenHi(partition), memtable.tokenLo(partition), range.fromHi, range.fromLo);
    if (order !== 0) return order < 0;
    const { afterKey, fromInclusive } = range;
    if (afterKey === undefined) return !fromInclusive;
    const from = memtable.keyFrom(partition);
    return compareRanges(memtable.bytes, from, from + memtable.keySize(partition), afterKey, 0, afterKey.length) <= 0;
  }
  #settle(): void {
    const memtable = this.#memtable;
    const range = this.#range;
    this.partition = -1;
    if (memtable === undefined || range === undefined) return;
    const last = bucketOf(range.toHi);
    while (this.#at >= this.#partitions.length) {
      if (this.#bucket >= last || this.#bucket >= bucketCount - 1) return;
      this.#bucket += 1;
      this.#partitions = memtable.bucket(this.#table, this.#bucket);
      this.#at = this.#touchedTo = 0;
    }
    if (this.#at >= this.#touchedTo) this.#touch(memtable);
    const partition = this.#partitions[this.#at] as number;
    if (compareHalves(memtable.tokenHi(partition), memtable.tokenLo(partition), range.toHi, range.toLo) <= 0)
      this.partition = partition;
  }
  #touch(memtable: Memtable): void {
    const to = Math.min(this.#at + touchedAtOnce, this.#partitions.length);
    this.touched = memtable.touch(this.#partitions, this.#at, to) | 0;
    this.#touchedTo = to;
  }
  advance(): void {
    this.#at += 1;
    this.#settle();
  }
}
