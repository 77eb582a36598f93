/** Pieces of content with their checksum, for every bulk stream. */
import { StatusError, type Checksum } from '@skerry/kernel';
import type { common } from '@skerry/proto';
import { narrowTo, type World } from '@skerry/runtime-world';

/** The world's: what is sent has a CRC-32, what strangers send may have a CRC-32C. */
export type ChunkChecksums = Pick<World, 'checksum' | 'crc32'>;

/** In bytes; larger ones are no faster (toolchain.md). */
export const chunkSizeMaxBytes = 1024 * 1024;

/** Set while a message is handed over inside the process. */
let handingOver = false;
/** What was handed over so: the very memory of whoever made the chunk. */
const handedOver = new WeakSet<Uint8Array>();

/** Checksums of what came over a wire and goes on over another: whoever gets it next checks it against the first sender's. */
const known = new WeakMap<Uint8Array, number>();

/** The chunk holds the same memory. Its checksum is made when it is asked for: inside one process nobody does. */
export const chunkOf = (bytes: Uint8Array, crc32: Checksum): common.Chunk => new LazyChunk(bytes, crc32);

class LazyChunk implements common.Chunk {
  readonly data: Uint8Array;
  readonly crc32c = 0;
  readonly #checksum: Checksum;

  constructor(data: Uint8Array, crc32: Checksum) {
    this.data = data;
    this.#checksum = crc32;
  }
  get crc32(): number {
    if (!handingOver) return known.get(this.data) ?? this.#checksum(this.data);
    handedOver.add(this.data);
    return 0;
  }
}

/** Messages that have all their fields, and whose makers keep nothing of them. */
const givenUp = new WeakSet<object>();

/**
 * Says that the message is the receiver's from now on, and that nobody changes what hangs on it: within the process it
 * is handed over as it is, where any other is copied. A listing is ten thousand objects, and a small upload little more
 * than its messages.
 */
export function giveUp<M extends object>(message: M): M {
  givenUp.add(message);
  return message;
}

/** Then it has all its fields, and may be changed. */
export const isGivenUp = (message: object): boolean => givenUp.has(message);

/**
 * Copies a message for a neighbour in the process, unless it was given up. The checksum of a chunk guards its way over a
 * wire; here there is none, so that none is made, and {@link verifiedBytes} takes the bytes as they are.
 */
export function handOver<M extends object>(copy: (message: M) => M, message: M): M {
  if (givenUp.has(message)) return message;
  handingOver = true;
  try {
    return copy(message);
  } finally {
    handingOver = false;
  }
}

/**
 * The bytes may be given back (`giveBack` of runtime/world); of a message that came over a wire nothing else is to be used
 * afterwards. @throws StatusError `corrupt` when the checksum does not fit, `too_large` beyond {@link chunkSizeMaxBytes}.
 */
export function verifiedBytes(chunk: common.Chunk, checksums: ChunkChecksums): Uint8Array {
  const { data } = chunk;
  if (data.length > chunkSizeMaxBytes)
    throw new StatusError('too_large', `Cannot take chunk: ${data.length} bytes, limit ${chunkSizeMaxBytes}`);
  // In a message that was given up: no wire has seen it.
  if (chunk instanceof LazyChunk) return data;
  const { crc32, crc32c } = chunk;
  if (handedOver.has(data)) return data;
  const [name, checksum, told] =
    crc32 === undefined ? ['CRC-32C', checksums.checksum, crc32c] : ['CRC-32', checksums.crc32, crc32];
  const found = checksum(data);
  if (found !== told)
    throw new StatusError(
      'corrupt',
      `Cannot take chunk of ${data.length} bytes: its ${name} is ${found}, ${told} was sent`,
    );
  if (crc32 !== undefined) known.set(data, crc32);
  narrowTo(data);
  return data;
}
