import { emptyBytes, fromUtf8Part } from '@skerry/kernel';
import { consistencies } from './codes.ts';

/**
 * Reads the notations of the protocol's §3 in a body. What is not there reads as 0 or nothing and leaves a `problem`;
 * after the first one nothing more is read, so a caller looks once, at the end, and loops end by themselves.
 */
export class BodyReader {
  buffer: Uint8Array = emptyBytes;
  at = 0;
  end = 0;
  problem: string | undefined;

  reset(buffer: Uint8Array, start: number, end: number): void {
    this.buffer = buffer;
    this.at = start;
    this.end = end;
    this.problem = undefined;
  }
  get remaining(): number {
    return this.end - this.at;
  }
  fail(problem: string): void {
    this.problem ??= problem;
    this.at = this.end;
  }
  /** Where `size` bytes begin, which are passed over; -1 when they are not there. */
  skip(size: number): number {
    const { at } = this;
    if (size > this.end - at) {
      this.fail(`Cannot read ${size} bytes: the message has ${this.end - at} left`);
      return -1;
    }
    this.at = at + size;
    return at;
  }
  u8(): number {
    const at = this.skip(1);
    return at < 0 ? 0 : (this.buffer[at] as number);
  }
  u16(): number {
    const at = this.skip(2);
    return at < 0 ? 0 : ((this.buffer[at] as number) << 8) | (this.buffer[at + 1] as number);
  }
  i32(): number {
    const at = this.skip(4);
    if (at < 0) return 0;
    const { buffer } = this;
    return (
      ((buffer[at] as number) << 24) |
      ((buffer[at + 1] as number) << 16) |
      ((buffer[at + 2] as number) << 8) |
      (buffer[at + 3] as number)
    );
  }
  /** A count of things of at least `sizeMin` bytes each: never more than could be there. */
  count16(what: string, sizeMin: number): number {
    return this.#checked(this.u16(), what, sizeMin);
  }
  count32(what: string, sizeMin: number): number {
    return this.#checked(this.i32(), what, sizeMin);
  }
  #checked(count: number, what: string, sizeMin: number): number {
    if (count >= 0 && count * sizeMin <= this.end - this.at) return count;
    this.fail(`Cannot read ${count} ${what}: the message has ${this.end - this.at} bytes left`);
    return 0;
  }
  consistency(): number {
    const code = this.u16();
    if (code >= consistencies.length) this.fail(`Unknown code ${code} for a consistency level`);
    return code;
  }
  /** [start, start + size) as text. */
  text(start: number, size: number): string {
    if (start < 0 || size <= 0) return '';
    const text = fromUtf8Part(this.buffer, start, start + size);
    if (text !== undefined) return text;
    this.fail(`Cannot decode ${size} bytes as UTF-8`);
    return '';
  }
  /** [string]. */
  string(): string {
    const size = this.u16();
    return this.text(this.skip(size), size);
  }
  /** [long string]. */
  longString(): string {
    const size = this.count32('characters', 1);
    return this.text(this.skip(size), size);
  }
  /** The length of [bytes], whose content comes next; -1 null. */
  bytesLength(): number {
    const length = this.i32();
    if (length < 0) return -1;
    if (length > this.end - this.at) {
      this.fail(`Cannot read ${length} bytes: the message has ${this.end - this.at} left`);
      return -1;
    }
    return length;
  }
  /** [bytes], a view. */
  bytes(): Uint8Array | null {
    const length = this.bytesLength();
    return length < 0 ? null : this.view(length);
  }
  /** [short bytes], a view. */
  shortBytes(): Uint8Array {
    return this.view(this.u16());
  }
  view(length: number): Uint8Array {
    const at = this.skip(length);
    return at < 0 ? emptyBytes : this.buffer.subarray(at, at + length);
  }
  stringList(): string[] {
    const count = this.count16('strings', 2);
    const list: string[] = [];
    for (let i = 0; i < count && this.problem === undefined; i++) list.push(this.string());
    return list;
  }
  stringMap(): Map<string, string> {
    const count = this.count16('pairs', 4);
    const map = new Map<string, string>();
    for (let i = 0; i < count && this.problem === undefined; i++) {
      const key = this.string();
      map.set(key, this.string());
    }
    return map;
  }
  stringMultimap(): Map<string, readonly string[]> {
    const count = this.count16('pairs', 4);
    const map = new Map<string, readonly string[]>();
    for (let i = 0; i < count && this.problem === undefined; i++) {
      const key = this.string();
      map.set(key, this.stringList());
    }
    return map;
  }
  bytesMap(): Map<string, Uint8Array | null> {
    const count = this.count16('pairs', 6);
    const map = new Map<string, Uint8Array | null>();
    for (let i = 0; i < count && this.problem === undefined; i++) {
      const key = this.string();
      map.set(key, this.bytes());
    }
    return map;
  }
}
