import { utf8 } from '@skerry/kernel';

/** Up to so many bytes a loop costs less than a view for `set`. */
const loopSizeMaxBytes = 16;
/** Up to so many bytes a loop of four at a time costs less than a view for `set`. */
const wordsSizeMaxBytes = 160;
const noView = new DataView(new ArrayBuffer(0));
/** A writer's first buffer. Each one that was used up is followed by one twice as large. */
const blockSizeMinBytes = 1024;
/**
 * Bytes of a buffer that answers are written into; a larger one is made only for what needs it, and let go when that
 * was taken. Who takes when half of it is full never needs one, unless for a long answer.
 */
export const blockSizeMaxBytes = 131_072;

/**
 * Bytes in the making. What was taken is not written again until {@link Output.reuse} allows it: writing goes on behind it, in
 * the same buffer or in another. Beyond `sizeMaxBytes` nothing is written and `overflown` is set, until it is cut back.
 */
export class Output {
  buffer: Uint8Array<ArrayBuffer>;
  /** Where the bytes that were not taken begin. */
  start = 0;
  at = 0;
  overflown = false;
  readonly #sizeMaxBytes: number;
  /** Of `buffer`. */
  view: DataView = noView;
  /** Of the bytes that a part was last copied from, which are seldom others. */
  #source: DataView = noView;
  /** The next buffer's size. */
  #blockSize = blockSizeMinBytes;

  constructor(sizeMaxBytes: number) {
    this.#sizeMaxBytes = sizeMaxBytes;
    this.buffer = new Uint8Array(0);
  }
  /** Bytes that were not taken. */
  get length(): number {
    return this.at - this.start;
  }
  /** Whether `size` bytes can be written at `at`. Offsets from `start` stay, others may change. */
  room(size: number): boolean {
    return this.at + size <= this.buffer.length || this.#grow(size);
  }
  #grow(size: number): boolean {
    const length = this.at - this.start;
    const needed = length + size;
    if (needed > this.#sizeMaxBytes) this.overflown = true;
    if (this.overflown) return false;
    const block = new Uint8Array(
      needed <= this.#blockSize ? this.#blockSize : Math.min(this.#sizeMaxBytes, 2 * needed),
    );
    this.#blockSize = Math.min(blockSizeMaxBytes, 2 * this.#blockSize);
    block.set(this.buffer.subarray(this.start, this.at));
    this.buffer = block;
    this.view = new DataView(block.buffer);
    this.start = 0;
    this.at = length;
    return true;
  }
  /** A view of all that was written since the last time. */
  take(): Uint8Array {
    const view = this.buffer.subarray(this.start, this.at);
    this.start = this.at;
    this.#source = noView;
    // A large one is not kept for a few bytes.
    if (this.buffer.length > blockSizeMaxBytes) {
      this.buffer = new Uint8Array(0);
      this.view = noView;
      this.start = 0;
      this.at = 0;
    }
    return view;
  }
  /** Nobody reads any more what was taken: writing goes on in its place. Bytes that a processor has at hand are written fastest. */
  reuse(): void {
    if (this.start < this.at) return;
    this.start = 0;
    this.at = 0;
  }
  u8(value: number): void {
    if (this.room(1)) this.buffer[this.at++] = value;
  }
  u16(value: number): void {
    if (!this.room(2)) return;
    this.buffer[this.at] = value >>> 8;
    this.buffer[this.at + 1] = value;
    this.at += 2;
  }
  i32(value: number): void {
    if (!this.room(4)) return;
    this.#i32At(this.at, value);
    this.at += 4;
  }
  /** @param offset from `start`. */
  patchI32(offset: number, value: number): void {
    this.#i32At(this.start + offset, value);
  }
  #i32At(at: number, value: number): void {
    const { buffer } = this;
    buffer[at] = value >>> 24;
    buffer[at + 1] = value >>> 16;
    buffer[at + 2] = value >>> 8;
    buffer[at + 3] = value;
  }
  raw(bytes: Uint8Array): void {
    if (!this.room(bytes.length)) return;
    this.buffer.set(bytes, this.at);
    this.at += bytes.length;
  }
  /** The bytes [start, start + length) of `bytes`. For a few of them a loop is faster than a view. */
  part(bytes: Uint8Array, start: number, length: number): void {
    if (!this.room(length)) return;
    const { buffer, at } = this;
    if (length > wordsSizeMaxBytes) buffer.set(bytes.subarray(start, start + length), at);
    else if (length > loopSizeMaxBytes) this.#words(bytes, start, length);
    else for (let i = 0; i < length; i++) buffer[at + i] = bytes[start + i] as number;
    this.at = at + length;
  }
  #words(bytes: Uint8Array, start: number, length: number): void {
    let source = this.#source;
    if (
      source.buffer !== bytes.buffer ||
      source.byteOffset !== bytes.byteOffset ||
      source.byteLength !== bytes.length
    ) {
      source = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
      this.#source = source;
    }
    const { buffer, at } = this;
    const target = this.view;
    let i = 0;
    // Two in a round: a quarter less time.
    for (const end = length - 7; i < end; i += 8) {
      const first = source.getInt32(start + i, true);
      const second = source.getInt32(start + i + 4, true);
      target.setInt32(at + i, first, true);
      target.setInt32(at + i + 4, second, true);
    }
    for (; i < length; i++) buffer[at + i] = bytes[start + i] as number;
  }
  /** [bytes] or [value]: a negative length alone stands for null or unset. */
  prefixedPart(bytes: Uint8Array, start: number, length: number): void {
    if (!this.room(4 + Math.max(length, 0))) return;
    this.#i32At(this.at, length);
    this.at += 4;
    if (length > 0) this.part(bytes, start, length);
  }
  /** Moves what stands from `offset` (from `start`) on, to make room for `size` bytes. False: there is none. */
  insert(offset: number, size: number): boolean {
    if (!this.room(size)) return false;
    const at = this.start + offset;
    this.buffer.copyWithin(at + size, at, this.at);
    this.at += size;
    return true;
  }
  /** Overwrites from `offset` on; the bytes are there already. */
  patch(offset: number, bytes: Uint8Array): void {
    this.buffer.set(bytes, this.start + offset);
  }
  /** [bytes]. */
  bytes(value: Uint8Array | null): void {
    this.i32(value === null ? -1 : value.length);
    if (value !== null) this.raw(value);
  }
  /** [short bytes]. */
  shortBytes(value: Uint8Array): void {
    this.u16(value.length);
    this.raw(value);
  }
  /** [string]; one of more than 65,535 bytes is cut, since its length could not be told. */
  string(text: string): void {
    const bytes = utf8(text);
    if (bytes.length <= 0xffff) this.shortBytes(bytes);
    else this.shortBytes(bytes.subarray(0, cutAt(bytes, 0xffff)));
  }
  /** [long string]. */
  longString(text: string): void {
    this.bytes(utf8(text));
  }
  stringList(list: readonly string[]): void {
    this.u16(list.length);
    for (const text of list) this.string(text);
  }
  bytesMap(map: ReadonlyMap<string, Uint8Array | null>): void {
    this.u16(map.size);
    for (const [key, value] of map) {
      this.string(key);
      this.bytes(value);
    }
  }
}

/** The last end of a character at or before `size`. */
function cutAt(bytes: Uint8Array, size: number): number {
  let end = size;
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return end;
}
