/**
 * A state in chunks: pairs in the order of keys, each a key and a piece of its value; a value that does not fit goes on
 * in the next chunk. The same state gives the same chunks. The first begins with the version and the time of the last
 * command applied.
 */
import { ByteReader, ByteWriter, type HybridTime, type KeyValue, StatusError } from '@skerry/kernel';

/**
 * How operations are remembered differs: 1: in two rows each; 2: in one; 3: dozens in a row. `Once` reads all; a program of
 * before would not see the rows of now.
 */
const formatVersion = 3;
const headSizeBytes = 14;
/** Key's length, flag, value's length. */
const pairOverheadBytes = 9;

export type Piece = {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
  /** Comes behind what the chunk before had of this key. */
  readonly continues: boolean;
};

export const encodeHead = (time: HybridTime): Uint8Array =>
  new ByteWriter(headSizeBytes).u32(formatVersion).u64(time.wallMs).u16(time.counter).finish();

/** Fills one chunk after another from rows. */
export class ChunkWriter {
  readonly #sizeMaxBytes: number;
  #parts: Uint8Array[];
  #sizeBytes: number;
  constructor(sizeMaxBytes: number, head: Uint8Array | undefined) {
    this.#sizeMaxBytes = sizeMaxBytes;
    this.#parts = head === undefined ? [] : [head];
    this.#sizeBytes = head?.length ?? 0;
  }
  get isEmpty(): boolean {
    return this.#sizeBytes === 0;
  }
  /** Takes as much of the value as fits, from `at` on. @returns how far it came; the value's length when all of it went in. */
  add([key, value]: KeyValue, at: number): { readonly at: number; readonly full: boolean } {
    const room = this.#sizeMaxBytes - this.#sizeBytes - pairOverheadBytes - key.length;
    if (room < Math.min(value.length - at, 1)) return { at, full: true };
    const end = Math.min(value.length, at + room);
    const piece = new ByteWriter(pairOverheadBytes + key.length + end - at)
      .bytes(key)
      .u8(at > 0 ? 1 : 0)
      .bytes(value.subarray(at, end))
      .finish();
    this.#parts.push(piece);
    this.#sizeBytes += piece.length;
    return { at: end, full: end < value.length };
  }
  take(): Uint8Array {
    const chunk = new Uint8Array(this.#sizeBytes);
    let at = 0;
    for (const part of this.#parts) {
      chunk.set(part, at);
      at += part.length;
    }
    this.#parts = [];
    this.#sizeBytes = 0;
    return chunk;
  }
}

/** @throws StatusError `malformed`, `format_newer`. */
export function decodeChunk(
  bytes: Uint8Array,
  first: boolean,
): { readonly time: HybridTime | undefined; readonly pieces: readonly Piece[] } {
  const reader = new ByteReader(bytes);
  let time: HybridTime | undefined;
  if (first) {
    const version = reader.u32();
    if (version > formatVersion)
      throw new StatusError(
        'format_newer',
        `Cannot take in snapshot: its format is ${version}, this program knows up to ${formatVersion}`,
      );
    time = { wallMs: reader.u64(), counter: reader.u16() };
  }
  const pieces: Piece[] = [];
  while (reader.remaining > 0) {
    const key = reader.bytes();
    const continues = reader.u8() === 1;
    pieces.push({ key, continues, value: reader.bytes() });
  }
  return { time, pieces };
}
