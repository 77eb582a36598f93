/** Where in a run a partition is: the first token of each block, kept in memory. */
import { compareHalves, compareRanges, Sink } from './sink.ts';

const headSizeBytes = 8;
/**
 * Shared among threads without a copy: an index does not change. Nor is anything handed over instead: with the first buffer
 * that is taken away from a thread, V8 throws away all of its optimized code that touches bytes.
 */
export const sharedNumbers = (count: number): Int32Array => new Int32Array(new SharedArrayBuffer(4 * count));
export const sharedBytes = (bytes: Uint8Array): Uint8Array => {
  const shared = new Uint8Array(new SharedArrayBuffer(bytes.length));
  shared.set(bytes);
  return shared;
};
/** An index as another thread can be given it. */
export type IndexParts = {
  readonly hi: Int32Array;
  readonly lo: Int32Array;
  readonly origin: Int32Array;
  readonly ends: Int32Array;
  readonly clusterings: Uint8Array;
};
const numbersOfBlock = 4;

export class BlockIndex {
  readonly count: number;
  /** Token that a block begins with. */
  readonly hi: Int32Array;
  readonly lo: Int32Array;
  /** The block in which the partition that a block begins with has begun: itself, or one before. */
  readonly origin: Int32Array;
  /**
   * Where in {@link clusterings} those of a block end. Of a block that begins inside a partition they are no greater than
   * its first row, and greater than all rows before it.
   */
  readonly #ends: Int32Array;
  readonly #clusterings: Uint8Array;

  constructor({ hi, lo, origin, ends, clusterings }: IndexParts) {
    this.count = hi.length;
    this.hi = hi;
    this.lo = lo;
    this.origin = origin;
    this.#ends = ends;
    this.#clusterings = clusterings;
  }
  get parts(): IndexParts {
    return { hi: this.hi, lo: this.lo, origin: this.origin, ends: this.#ends, clusterings: this.#clusterings };
  }
  get sizeBytes(): number {
    return 4 * numbersOfBlock * this.count + this.#clusterings.length;
  }
  /** The last block that begins before a token: the token's first partition is in it or begins the next. */
  before(hi: number, lo: number): number {
    const his = this.hi;
    const los = this.lo;
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareHalves(his[middle] as number, los[middle] as number, hi, lo) < 0) low = middle + 1;
      else high = middle;
    }
    return low === 0 ? 0 : low - 1;
  }
  /** The last block of a partition that begins in `block` and goes on. */
  lastOf(block: number): number {
    let low = block + 1;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.origin[middle] as number) <= block) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }
  /** Of the blocks (first, last] of a partition the last that begins at or before a clustering, or `first`. */
  blockOf(first: number, last: number, bytes: Uint8Array, from: number, to: number): number {
    let low = first;
    let high = last;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      const start = this.#ends[middle - 1] ?? 0;
      if (compareRanges(this.#clusterings, start, this.#ends[middle] as number, bytes, from, to) <= 0) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  encode(): Uint8Array {
    const { count } = this;
    const bytes = new Uint8Array(headSizeBytes + this.sizeBytes);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, count);
    view.setUint32(4, this.#clusterings.length);
    let at = headSizeBytes;
    for (const numbers of [this.hi, this.lo, this.origin, this.#ends])
      for (let i = 0; i < count; i++, at += 4) view.setInt32(at, numbers[i] as number);
    bytes.set(this.#clusterings, at);
    return bytes;
  }
  /** Undefined: it is cut. */
  static decode(bytes: Uint8Array): BlockIndex | undefined {
    if (bytes.length < headSizeBytes) return undefined;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const count = view.getUint32(0);
    if (bytes.length !== headSizeBytes + 4 * numbersOfBlock * count + view.getUint32(4)) return undefined;
    let at = headSizeBytes;
    const numbers = (): Int32Array => {
      const read = sharedNumbers(count);
      for (let i = 0; i < count; i++, at += 4) read[i] = view.getInt32(at);
      return read;
    };
    const [hi, lo, origin, ends] = [numbers(), numbers(), numbers(), numbers()];
    return new BlockIndex({ hi, lo, origin, ends, clusterings: sharedBytes(bytes.subarray(at)) });
  }
}

const firstBlocks = 64;

/** Gathers it while a run is written. */
export class BlockIndexBuilder {
  #numbers = new Int32Array(firstBlocks * numbersOfBlock);
  count = 0;
  readonly #clusterings = new Sink(256);

  /** A block that begins with a partition. */
  addFirst(hi: number, lo: number): void {
    this.#add(hi, lo, this.count);
  }
  /** A block that begins inside the partition begun in `origin`; `last` is the clustering before it, `first` its first. */
  addContinued(
    hi: number,
    lo: number,
    origin: number,
    last: Uint8Array,
    first: Uint8Array,
    firstFrom: number,
    firstSize: number,
  ): void {
    // As many bytes as tell the two apart.
    let shared = 0;
    while (shared < last.length && shared < firstSize && last[shared] === first[firstFrom + shared]) shared += 1;
    this.#clusterings.append(first, firstFrom, Math.min(shared + 1, firstSize));
    this.#add(hi, lo, origin);
  }
  /** Takes out a block that was begun with a partition of which nothing was left. */
  undo(): void {
    this.count -= 1;
  }
  #add(hi: number, lo: number, origin: number): void {
    const base = this.count * numbersOfBlock;
    if (base === this.#numbers.length) {
      const numbers = new Int32Array(2 * base);
      numbers.set(this.#numbers);
      this.#numbers = numbers;
    }
    this.#numbers[base] = hi;
    this.#numbers[base + 1] = lo;
    this.#numbers[base + 2] = origin;
    this.#numbers[base + 3] = this.#clusterings.length;
    this.count += 1;
  }
  build(): BlockIndex {
    const { count } = this;
    const column = (at: number): Int32Array => {
      const numbers = sharedNumbers(count);
      for (let i = 0; i < count; i++) numbers[i] = this.#numbers[i * numbersOfBlock + at] as number;
      return numbers;
    };
    const clusterings = sharedBytes(this.#clusterings.bytes.subarray(0, this.#clusterings.length));
    return new BlockIndex({ hi: column(0), lo: column(1), origin: column(2), ends: column(3), clusterings });
  }
}
