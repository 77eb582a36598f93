import { assert } from './assert.ts';
import { utf8 } from './bytes.ts';

/** Writes big-endian fields into one growing buffer. */
export class ByteWriter {
  #bytes: Uint8Array;
  #view: DataView;
  #at = 0;

  /** @param sizeHintBytes first capacity; grows by doubling. */
  constructor(sizeHintBytes = 256) {
    this.#bytes = new Uint8Array(sizeHintBytes);
    this.#view = new DataView(this.#bytes.buffer);
  }
  get length(): number {
    return this.#at;
  }
  #reserve(count: number): number {
    const at = this.#at;
    if (at + count > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(2 * this.#bytes.length, at + count));
      grown.set(this.#bytes.subarray(0, at));
      this.#bytes = grown;
      this.#view = new DataView(grown.buffer);
    }
    this.#at = at + count;
    return at;
  }
  u8(value: number): this {
    const at = this.#reserve(1);
    this.#view.setUint8(at, value);
    return this;
  }
  u16(value: number): this {
    const at = this.#reserve(2);
    this.#view.setUint16(at, value);
    return this;
  }
  u32(value: number): this {
    const at = this.#reserve(4);
    this.#view.setUint32(at, value);
    return this;
  }
  /** A safe integer ≥ 0 in 8 bytes. */
  u64(value: number): this {
    assert(Number.isSafeInteger(value) && value >= 0, `u64: not a safe integer >= 0: ${value}`);
    const at = this.#reserve(8);
    this.#view.setUint32(at, Math.floor(value / 2 ** 32));
    this.#view.setUint32(at + 4, value >>> 0);
    return this;
  }
  /** Bytes as they are, without a length. */
  raw(bytes: Uint8Array): this {
    const at = this.#reserve(bytes.length);
    this.#bytes.set(bytes, at);
    return this;
  }
  /** 32-bit length, then the bytes. */
  bytes(bytes: Uint8Array): this {
    return this.u32(bytes.length).raw(bytes);
  }
  text(text: string): this {
    return this.bytes(utf8(text));
  }
  /** A view of what was written; the writer must not be used afterwards. */
  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.#at);
  }
}
