/** What a socket has received and nobody has read yet: given out in pieces that are large, but are copied only while small. */
import { concatBytes } from '@skerry/kernel';
import { isLent } from '@skerry/runtime-world';

/** Most bytes that one read gives: the largest chunk between nodes. */
const readSizeMaxBytes = 1024 * 1024;
/** Arrived and not yet read, in bytes, at which the peer is slowed: two reads, one being worked on and one ready. */
const readAheadMaxBytes = 2 * readSizeMaxBytes;
/** A read as large as this is not made larger by copying. */
const copiedBytesMax = 256 * 1024;

export class Arrivals {
  readonly #onRoom: () => void;
  #chunks: Uint8Array[] = [];
  #bytes = 0;
  #full = false;

  /** @param onRoom after {@link hasRoom} said no: there is room again. */
  constructor(onRoom: () => void) {
    this.#onRoom = onRoom;
  }
  get bytes(): number {
    return this.#bytes;
  }
  add(chunk: Uint8Array): void {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
  }
  /** False: no more should come until there is room again. */
  hasRoom(): boolean {
    this.#full = this.#bytes >= readAheadMaxBytes;
    return !this.#full;
  }
  /** The next piece; undefined when there is none. */
  take(): Uint8Array | undefined {
    const first = this.#chunks[0];
    if (first === undefined) return undefined;
    let count = 1;
    let size = first.length;
    let last = first;
    while (count < this.#chunks.length) {
      const next = this.#chunks[count];
      if (next === undefined || size + next.length > readSizeMaxBytes) break;
      // Joining what does not stand together is a copy: worth it for small chunks only, and a lent block would be lost.
      if (!follows(next, last) && (size >= copiedBytesMax || isLent(last) || isLent(next))) break;
      size += next.length;
      last = next;
      count += 1;
    }
    const taken = this.#chunks.splice(0, count);
    this.#bytes -= size;
    if (this.#full && this.#bytes < readSizeMaxBytes) {
      this.#full = false;
      this.#onRoom();
    }
    return count === 1 ? first : joined(taken);
  }
  /** All chunks, in order; none are left. */
  takeAll(): readonly Uint8Array[] {
    const chunks = this.#chunks;
    this.#chunks = [];
    this.#bytes = 0;
    this.#full = false;
    return chunks;
  }
}

/** Whether one stands directly behind the other in one block. */
const follows = (chunk: Uint8Array, before: Uint8Array): boolean =>
  chunk.buffer === before.buffer && chunk.byteOffset === before.byteOffset + before.length;

/** Chunks that follow one another in one block are one view already. */
function joined(chunks: readonly Uint8Array[]): Uint8Array {
  const first = chunks[0] ?? new Uint8Array(0);
  let end = first.byteOffset;
  let size = 0;
  for (const chunk of chunks) {
    if (chunk.buffer !== first.buffer || chunk.byteOffset !== end) return concatBytes(chunks);
    end += chunk.length;
    size += chunk.length;
  }
  return new Uint8Array(first.buffer, first.byteOffset, size);
}
