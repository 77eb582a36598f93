import { fromUtf8Part, toHexPart } from './bytes.ts';
import { StatusError } from './errors.ts';

/** Reads what {@link ByteWriter} wrote. @throws StatusError `malformed` when the bytes end early or are no UTF-8. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }
  get remaining(): number {
    return this.#bytes.length - this.#at;
  }
  #take(count: number): number {
    const at = this.#at;
    if (count > this.#bytes.length - at)
      throw new StatusError('malformed', `Cannot read ${count} bytes at ${at}: only ${this.remaining} are left`);
    this.#at = at + count;
    return at;
  }
  // No DataView: for the few fields of a record it would cost more than the reading.
  #byte(at: number): number {
    return this.#bytes[at] ?? 0;
  }
  #u32At(at: number): number {
    const low = (this.#byte(at + 1) << 16) | (this.#byte(at + 2) << 8) | this.#byte(at + 3);
    return this.#byte(at) * 2 ** 24 + low;
  }
  u8(): number {
    return this.#byte(this.#take(1));
  }
  u16(): number {
    const at = this.#take(2);
    return (this.#byte(at) << 8) | this.#byte(at + 1);
  }
  u32(): number {
    return this.#u32At(this.#take(4));
  }
  /** @throws StatusError `malformed` beyond 2^53 − 1. */
  u64(): number {
    const at = this.#take(8);
    const value = this.#u32At(at) * 2 ** 32 + this.#u32At(at + 4);
    if (!Number.isSafeInteger(value)) throw new StatusError('malformed', `Cannot read integer at ${at}: over 2^53 - 1`);
    return value;
  }
  /** A view, not a copy. */
  raw(count: number): Uint8Array {
    const at = this.#take(count);
    return this.#bytes.subarray(at, at + count);
  }
  bytes(): Uint8Array {
    return this.raw(this.u32());
  }
  /** So many bytes as hexadecimal digits. */
  hex(count: number): string {
    const at = this.#take(count);
    return toHexPart(this.#bytes, at, at + count);
  }
  text(): string {
    const count = this.u32();
    const at = this.#take(count);
    const text = fromUtf8Part(this.#bytes, at, at + count);
    if (text === undefined) throw new StatusError('malformed', `Cannot read text before ${this.#at}: no UTF-8`);
    return text;
  }
  /** @throws StatusError `malformed` when bytes are left over. */
  end(): void {
    if (this.remaining !== 0)
      throw new StatusError('malformed', `Cannot read record: ${this.remaining} bytes too many`);
  }
}
