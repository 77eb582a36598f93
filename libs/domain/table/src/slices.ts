/** Which rows of a partition are wanted: ranges of ordered clustering bytes, sorted and apart. Used again and again. */
import { compareRanges, Sink } from './sink.ts';

export class Slices {
  readonly #sink = new Sink(256);
  /** Where the slice's lower bound, its upper bound and its end are in {@link bytes}; an empty upper bound is none. */
  readonly #offsets: number[] = [];

  get bytes(): Uint8Array {
    return this.#sink.bytes;
  }
  get count(): number {
    return this.#offsets.length / 3;
  }
  clear(): void {
    this.#sink.length = 0;
    this.#offsets.length = 0;
  }
  /** Rows in [from, to); an empty `to` is no bound. They must come in order and not touch each other. */
  add(from: Uint8Array, fromAt: number, fromSize: number, to: Uint8Array, toAt: number, toSize: number): void {
    const start = this.#sink.length;
    this.#sink.append(from, fromAt, fromSize);
    this.#sink.append(to, toAt, toSize);
    this.#offsets.push(start, start + fromSize, this.#sink.length);
  }
  /** The one row of a whole clustering. */
  addKey(ordered: Uint8Array, from: number, size: number): void {
    const start = this.#sink.length;
    this.#sink.append(ordered, from, size);
    this.#sink.append(ordered, from, size);
    this.#sink.append(zero, 0, 1);
    this.#offsets.push(start, start + size, this.#sink.length);
  }
  /**
   * Rows whose clustering begins with `prefix`, or, with `fromExclusive`, all behind those; see {@link addBetween} for
   * both ends.
   */
  addPrefix(prefix: Uint8Array, from: number, size: number): void {
    this.addBetween(prefix, from, size, true, prefix, from, size, true);
  }
  /**
   * Rows between two prefixes, each with or without the rows that begin with it; an empty prefix is no bound. What is
   * empty is left out.
   */
  addBetween(
    from: Uint8Array,
    fromAt: number,
    fromSize: number,
    fromInclusive: boolean,
    to: Uint8Array,
    toAt: number,
    toSize: number,
    toInclusive: boolean,
  ): void {
    const sink = this.#sink;
    const start = sink.length;
    sink.append(from, fromAt, fromSize);
    if (!fromInclusive && !this.#follow(start)) return;
    const middle = sink.length;
    sink.append(to, toAt, toSize);
    // Behind the last prefix of all there is nothing: no bound.
    if (toInclusive && toSize > 0) this.#follow(middle);
    const { bytes } = sink;
    if (sink.length > middle && compareRanges(bytes, start, middle, bytes, middle, sink.length) >= 0)
      sink.length = start;
    else this.#offsets.push(start, middle, sink.length);
  }
  /** Makes of the prefix at the end the first bytes behind all that begin with it. False: there are none. */
  #follow(start: number): boolean {
    const sink = this.#sink;
    while (sink.length > start && sink.bytes[sink.length - 1] === 0xff) sink.length -= 1;
    if (sink.length === start) return false;
    sink.bytes[sink.length - 1] = (sink.bytes[sink.length - 1] as number) + 1;
    return true;
  }
  fromOf(slice: number): number {
    return this.#offsets[3 * slice] as number;
  }
  /** Where the lower bound ends and the upper one begins. */
  middleOf(slice: number): number {
    return this.#offsets[3 * slice + 1] as number;
  }
  toOf(slice: number): number {
    return this.#offsets[3 * slice + 2] as number;
  }
}
const zero = new Uint8Array(1);
