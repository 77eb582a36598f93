import { fromUtf8 } from './bytes.ts';
import { StatusError } from './errors.ts';

/** Reads what {@link ByteWriter} wrote. @throws StatusError `malformed` when the bytes end early or are no UTF-8. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
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
  u8(): number {
    return this.#view.getUint8(this.#take(1));
  }
  u16(): number {
    return this.#view.getUint16(this.#take(2));
  }
  u32(): number {
    return this.#view.getUint32(this.#take(4));
  }
  /** @throws StatusError `malformed` beyond 2^53 − 1. */
  u64(): number {
    const at = this.#take(8);
    const value = this.#view.getUint32(at) * 2 ** 32 + this.#view.getUint32(at + 4);
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
  text(): string {
    const text = fromUtf8(this.bytes());
    if (text === undefined) throw new StatusError('malformed', `Cannot read text before ${this.#at}: no UTF-8`);
    return text;
  }
  /** @throws StatusError `malformed` when bytes are left over. */
  end(): void {
    if (this.remaining !== 0)
      throw new StatusError('malformed', `Cannot read record: ${this.remaining} bytes too many`);
  }
}
