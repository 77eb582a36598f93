import type { DiskFile } from '@skerry/runtime-world';

/** Bytes read at once, for sequential reading. */
const windowSizeBytes = 1024 * 1024;

/**
 * A file read front to back: gives any stretch of it, reading ahead. Each stretch stays valid: buffers are not reused.
 */
export class Window {
  readonly #file: DiskFile;
  #bytes: Uint8Array = new Uint8Array(0);
  #view = new DataView(this.#bytes.buffer);
  #start = 0;

  constructor(file: DiskFile) {
    this.#file = file;
  }
  /** Of {@link bytes}, in the file. */
  get start(): number {
    return this.#start;
  }
  get bytes(): Uint8Array {
    return this.#bytes;
  }
  get view(): DataView {
    return this.#view;
  }
  /** Makes [offset, offset + count) readable; false when the file ends before. */
  async hold(offset: number, count: number): Promise<boolean> {
    if (this.holds(offset, count)) return true;
    const buffer = new Uint8Array(Math.max(windowSizeBytes, count));
    const read = await this.#file.read(buffer, offset);
    this.#bytes = buffer.subarray(0, read);
    this.#view = new DataView(this.#bytes.buffer, 0, read);
    this.#start = offset;
    return this.holds(offset, count);
  }
  /** Whether [offset, offset + count) is readable without asking the disk. */
  holds(offset: number, count: number): boolean {
    return offset >= this.#start && offset + count <= this.#start + this.#bytes.length;
  }
}
