/** A growing buffer that its owner uses again and again: open to be written in place, for what must not allocate. */
export class ByteSink {
  /** What was written stands in the first `length` bytes. Another array after it has grown. */
  bytes: Uint8Array;
  length = 0;

  constructor(sizeHintBytes = 256) {
    this.bytes = new Uint8Array(sizeHintBytes);
  }
  /** Takes `count` bytes: the offset of the first. */
  take(count: number): number {
    const at = this.length;
    const end = at + count;
    if (end > this.bytes.length) this.#grow(end);
    this.length = end;
    return at;
  }
  #grow(end: number): void {
    const grown = new Uint8Array(Math.max(2 * this.bytes.length, end));
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
  }
  byte(value: number): void {
    const at = this.take(1);
    this.bytes[at] = value;
  }
  int32(value: number): void {
    this.setInt32(this.take(4), value);
  }
  setInt32(at: number, value: number): void {
    const { bytes } = this;
    bytes[at] = value >>> 24;
    bytes[at + 1] = value >>> 16;
    bytes[at + 2] = value >>> 8;
    bytes[at + 3] = value;
  }
  raw(source: Uint8Array): void {
    const at = this.take(source.length);
    this.bytes.set(source, at);
  }
  clear(): void {
    this.length = 0;
  }
  /** A copy of what was written. */
  copy(): Uint8Array {
    return this.bytes.slice(0, this.length);
  }
}
