import { nullLength, unsetLength, type ProtocolVersion } from './codes.ts';
import type { BodyReader } from './body-reader.ts';

const slotCountInitial = 32;
/** Values that there is room for from one message to the next, for each connection. */
const slotCountKeptMax = 16_384;

/** Values in a body, by index: where each begins and how long it is; reused, and it grows with what a body can hold. */
export class ValueSlots {
  count = 0;
  starts = new Int32Array(slotCountInitial);
  /** In bytes; {@link nullLength} or {@link unsetLength} when there are none. */
  lengths = new Int32Array(slotCountInitial);
  /** Of the names, when there are any. */
  nameStarts = new Int32Array(0);
  nameLengths = new Int32Array(0);

  /** Lets go of what one long message needed. */
  clear(): void {
    this.count = 0;
    if (this.starts.length <= slotCountKeptMax) return;
    this.starts = new Int32Array(slotCountInitial);
    this.lengths = new Int32Array(slotCountInitial);
    this.nameStarts = new Int32Array(0);
    this.nameLengths = new Int32Array(0);
  }

  /** Room for `more` values behind those there are. */
  reserve(more: number, named: boolean): void {
    const size = this.count + more;
    if (size > this.starts.length) {
      const capacity = Math.max(size, 2 * this.starts.length);
      this.starts = grown(this.starts, capacity);
      this.lengths = grown(this.lengths, capacity);
    }
    if (!named || this.nameStarts.length >= this.starts.length) return;
    this.nameStarts = grown(this.nameStarts, this.starts.length);
    this.nameLengths = grown(this.nameLengths, this.starts.length);
  }

  /** Appends a [short] n and n values, named or not. v3 knows no unset value. */
  read(reader: BodyReader, named: boolean, version: ProtocolVersion): number {
    const count = reader.count16('values', named ? 6 : 4);
    this.reserve(count, named);
    const lengthMin = version < 4 ? nullLength : unsetLength;
    for (let i = 0; i < count && reader.problem === undefined; i++) {
      const slot = this.count;
      if (named) {
        const size = reader.u16();
        this.nameStarts[slot] = reader.skip(size);
        this.nameLengths[slot] = size;
      }
      const length = reader.i32();
      if (length < lengthMin) reader.fail(`Invalid ByteBuf length ${length}`);
      this.starts[slot] = length > 0 ? reader.skip(length) : reader.at;
      this.lengths[slot] = length;
      this.count = slot + 1;
    }
    return count;
  }
}

export function grown(array: Int32Array, capacity: number): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(capacity);
  larger.set(array);
  return larger;
}
