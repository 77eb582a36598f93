import { assert, AssertionError } from './assert.ts';
import { hexInto, shortAsciiInto, utf8 } from './bytes.ts';

type Memory = { readonly bytes: Uint8Array; readonly view: DataView };
const memoryOf = (sizeBytes: number): Memory => {
  const bytes = new Uint8Array(sizeBytes);
  return { bytes, view: new DataView(bytes.buffer) };
};

/**
 * Memory for short records, used again and again: fresh memory with its view costs more than the writing, and a copy of
 * what was written a tenth of that.
 */
const sharedSizeBytes = 512;
/** Writers that are at work inside one another, and find such memory again. */
const sharedCountMax = 4;
const shared: Memory[] = [];

/** Writes big-endian fields into one growing buffer. */
export class ByteWriter {
  #memory: Memory;
  /** Given back when all is written. */
  #borrowed: Memory | undefined;
  #at = 0;
  #finished: Uint8Array | undefined;

  /** @param sizeHintBytes first capacity; grows by doubling. */
  constructor(sizeHintBytes = 256) {
    const short = sizeHintBytes <= sharedSizeBytes;
    this.#memory = short ? (shared.pop() ?? memoryOf(sharedSizeBytes)) : memoryOf(sizeHintBytes);
    this.#borrowed = short ? this.#memory : undefined;
  }
  get length(): number {
    return this.#at;
  }
  #reserve(count: number): number {
    // Its memory may be another writer's by now.
    assert(this.#finished === undefined, 'a writer was used after its end');
    const at = this.#at;
    const { bytes } = this.#memory;
    if (at + count > bytes.length) {
      const grown = memoryOf(Math.max(2 * bytes.length, at + count));
      grown.bytes.set(bytes.subarray(0, at));
      this.#giveBack();
      this.#memory = grown;
    }
    this.#at = at + count;
    return at;
  }
  u8(value: number): this {
    const at = this.#reserve(1);
    this.#memory.view.setUint8(at, value);
    return this;
  }
  u16(value: number): this {
    const at = this.#reserve(2);
    this.#memory.view.setUint16(at, value);
    return this;
  }
  u32(value: number): this {
    const at = this.#reserve(4);
    this.#memory.view.setUint32(at, value);
    return this;
  }
  /** A safe integer ≥ 0 in 8 bytes. */
  u64(value: number): this {
    // Not `assert`: its message would be made each time.
    if (!Number.isSafeInteger(value) || value < 0) throw new AssertionError(`u64: not a safe integer >= 0: ${value}`);
    const at = this.#reserve(8);
    this.#memory.view.setUint32(at, Math.floor(value / 2 ** 32));
    this.#memory.view.setUint32(at + 4, value >>> 0);
    return this;
  }
  /** Bytes as they are, without a length. */
  raw(bytes: Uint8Array): this {
    const at = this.#reserve(bytes.length);
    this.#memory.bytes.set(bytes, at);
    return this;
  }
  /** 32-bit length, then the bytes. */
  bytes(bytes: Uint8Array): this {
    return this.u32(bytes.length).raw(bytes);
  }
  text(text: string): this {
    const start = this.#at;
    if (this.u32(text.length).#ascii(text)) return this;
    this.#at = start;
    return this.bytes(utf8(text));
  }
  /** The bytes of a text, without a length. */
  rawText(text: string): this {
    return this.#ascii(text) ? this : this.raw(utf8(text));
  }
  /** What hexadecimal digits say, without a length. */
  hex(digits: string): this {
    const at = this.#reserve(digits.length / 2);
    if (!hexInto(this.#memory.bytes, at, digits)) throw new AssertionError(`not hexadecimal: "${digits}"`);
    return this;
  }
  /** False, and nothing written, when it must be encoded another way. */
  #ascii(text: string): boolean {
    const at = this.#reserve(text.length);
    if (shortAsciiInto(this.#memory.bytes, at, text)) return true;
    this.#at = at;
    return false;
  }
  /** What was written; the writer must not be used for more afterwards. */
  finish(): Uint8Array {
    if (this.#finished !== undefined) return this.#finished;
    const { bytes } = this.#memory;
    this.#finished = this.#borrowed === undefined ? bytes.subarray(0, this.#at) : bytes.slice(0, this.#at);
    this.#giveBack();
    return this.#finished;
  }
  #giveBack(): void {
    if (this.#borrowed !== undefined && shared.length < sharedCountMax) shared.push(this.#borrowed);
    this.#borrowed = undefined;
  }
}
