import { emptyBytes } from '@skerry/kernel';

/** Bytes that a reader keeps for the next unit that comes in parts; a larger buffer is let go when it was read. */
export const heldSizeMaxBytes = 65_536;
/** Up to so many bytes there is room for the whole unit at once: a segment, or a short frame. */
const wholeSizeMaxBytes = 131_328;

/**
 * Makes bytes that come in chunks lie together: in their chunk when they are whole there, else in a buffer of its own,
 * which grows as bytes come and not as a length announces them.
 */
export class Assembler {
  /** Where the unit lies after {@link want}; until the next `want` or `push`. */
  buffer: Uint8Array = emptyBytes;
  start = 0;
  #chunk: Uint8Array = emptyBytes;
  #at = 0;
  #end = 0;
  #held: Uint8Array = emptyBytes;
  #heldLength = 0;
  #skipping = 0;

  /** Bytes [start, end) of a chunk, which nobody changes while it is read, or until {@link keep}. */
  push(chunk: Uint8Array, start: number, end: number): void {
    const rest = this.#end - this.#at;
    if (rest === 0) {
      this.#chunk = chunk;
      this.#at = start;
      this.#end = end;
      return;
    }
    const joined = new Uint8Array(rest + end - start);
    joined.set(this.#chunk.subarray(this.#at, this.#end));
    joined.set(chunk.subarray(start, end), rest);
    this.#chunk = joined;
    this.#at = 0;
    this.#end = joined.length;
  }

  /** Whether something was begun that is not whole. */
  get isPartial(): boolean {
    return this.#skipping > 0 || this.#heldLength > 0 || this.#at < this.#end;
  }

  /** Whether `size` bytes lie at `start` of `buffer`; nothing is taken. Sizes asked of one unit only grow. */
  want(size: number): boolean {
    if (this.#skipping > 0 && !this.#skip()) return false;
    const available = this.#end - this.#at;
    if (this.#heldLength === 0 && available >= size) {
      this.buffer = this.#chunk;
      this.start = this.#at;
      return true;
    }
    if (this.#heldLength < size) {
      const count = Math.min(size - this.#heldLength, available);
      if (count > 0) this.#hold(count, size);
      if (this.#heldLength < size) return false;
    }
    this.buffer = this.#held;
    this.start = 0;
    return true;
  }

  /** Takes what was wanted last. */
  consume(size: number): void {
    if (this.#heldLength > 0) this.#heldLength = 0;
    else this.#at += size;
  }

  /** Throws `size` further bytes away, now and as they come. */
  discard(size: number): void {
    this.#skipping = size;
    this.#skip();
  }

  /** Of the chunk, what was not read is kept: it may change now. */
  keep(): void {
    if (this.#at === this.#end) return;
    this.#chunk = this.#chunk.slice(this.#at, this.#end);
    this.#end -= this.#at;
    this.#at = 0;
  }
  /** Lets go of what a long unit needed. */
  trim(): void {
    if (this.#at === this.#end) this.#chunk = emptyBytes;
    if (this.#heldLength === 0 && this.#held.length > heldSizeMaxBytes) this.#held = emptyBytes;
    this.buffer = emptyBytes;
  }

  #skip(): boolean {
    const count = Math.min(this.#skipping, this.#end - this.#at);
    this.#skipping -= count;
    this.#at += count;
    return this.#skipping === 0;
  }

  #hold(count: number, size: number): void {
    const length = this.#heldLength + count;
    if (length > this.#held.length) {
      const capacity = size <= wholeSizeMaxBytes ? size : Math.min(size, 2 * length);
      const grown = new Uint8Array(capacity);
      grown.set(this.#held.subarray(0, this.#heldLength));
      this.#held = grown;
    }
    this.#held.set(this.#chunk.subarray(this.#at, this.#at + count), this.#heldLength);
    this.#heldLength = length;
    this.#at += count;
  }
}
