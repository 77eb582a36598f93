/** Bytes at a growing end, and the small loops over bytes that the rest of this package is made of. */

/** Below this many bytes a loop is faster than a call into native code and the view that it needs. */
const loopSizeMaxBytes = 48;
const firstSizeBytes = 4096;
/** Above this many bytes native code copies faster than a loop over four at a time, although it needs a view of its own. */
const wordsSizeMaxBytes = 320;
/** Of larger arrays no view is kept to copy from: it would keep the array. */
const viewedSizeMaxBytes = 256 * 1024;

const noBytes = new Uint8Array(0);
const noView: DataView = new DataView(noBytes.buffer);

/** A buffer that grows. `bytes` and `view` change when it does: read them anew after every write. */
export class Sink {
  bytes: Uint8Array;
  view: DataView;
  length = 0;
  // What is appended comes from the same bytes most often: a request's.
  #source: Uint8Array = noBytes;
  #sourceView: DataView = noView;

  constructor(sizeBytes = firstSizeBytes) {
    this.bytes = new Uint8Array(sizeBytes);
    this.view = new DataView(this.bytes.buffer);
  }
  /** Room for so many bytes behind `length`. */
  reserve(sizeBytes: number): void {
    const wanted = this.length + sizeBytes;
    if (wanted > this.bytes.length) this.#grow(wanted);
  }
  #grow(wanted: number): void {
    const bytes = new Uint8Array(Math.max(wanted, 2 * this.bytes.length));
    bytes.set(this.bytes.subarray(0, this.length));
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer);
  }
  /** Appends source[from, from + size). */
  append(source: Uint8Array, from: number, size: number): void {
    this.reserve(size);
    if (size <= loopSizeMaxBytes || size > wordsSizeMaxBytes || source.length > viewedSizeMaxBytes)
      copyBytes(source, from, this.bytes, this.length, size);
    else {
      if (source !== this.#source) {
        this.#source = source;
        this.#sourceView = new DataView(source.buffer, source.byteOffset, source.length);
      }
      copyWords(this.#sourceView, from, this.view, this.length, size);
    }
    this.length += size;
  }
}

/** The two must not overlap. A source and a target whose views are there are copied with less ado. */
export function copyViewed(
  source: Uint8Array,
  sourceView: DataView,
  from: number,
  target: Uint8Array,
  targetView: DataView,
  to: number,
  size: number,
): void {
  if (size > wordsSizeMaxBytes) target.set(source.subarray(from, from + size), to);
  else copyWords(sourceView, from, targetView, to, size);
}
function copyWords(source: DataView, from: number, target: DataView, to: number, size: number): void {
  let i = 0;
  for (const end = size - 7; i < end; i += 8) {
    const first = source.getInt32(from + i, true);
    const second = source.getInt32(from + i + 4, true);
    target.setInt32(to + i, first, true);
    target.setInt32(to + i + 4, second, true);
  }
  for (; i < size; i++) target.setUint8(to + i, source.getUint8(from + i));
}

/** The two must not overlap. */
export function copyBytes(source: Uint8Array, from: number, target: Uint8Array, to: number, size: number): void {
  if (size > loopSizeMaxBytes) {
    target.set(source.subarray(from, from + size), to);
    return;
  }
  for (let i = 0; i < size; i++) target[to + i] = source[from + i] as number;
}

/** Order of unsigned bytes, a prefix first, of a[aFrom, aTo) and b[bFrom, bTo). */
export function compareRanges(
  a: Uint8Array,
  aFrom: number,
  aTo: number,
  b: Uint8Array,
  bFrom: number,
  bTo: number,
): number {
  const aSize = aTo - aFrom;
  const bSize = bTo - bFrom;
  const shared = aSize < bSize ? aSize : bSize;
  for (let i = 0; i < shared; i++) {
    const difference = (a[aFrom + i] as number) - (b[bFrom + i] as number);
    if (difference !== 0) return difference;
  }
  return aSize - bSize;
}

/** Of two signed 64-bit numbers, each as its two halves. */
export const compareHalves = (aHi: number, aLo: number, bHi: number, bLo: number): number =>
  aHi === bHi ? (aLo >>> 0) - (bLo >>> 0) : aHi - bHi;
