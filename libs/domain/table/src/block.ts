/** Stored blocks: made with their checksum, and checked. */
import { type Checksum, crc32c, StatusError } from '@skerry/kernel';
import type { BlockReader } from './block-store.ts';
import { atEntryTokenHi, atEntryTokenLo, blockFormat, blockHeadSizeBytes, entryHeadSizeBytes } from './run-format.ts';
import { tokenValue } from './token.ts';

/** Below this many bytes a call into native code costs more than the checksum itself. */
const nativeFromBytes = 160;
const checksumSizeBytes = 4;

export class BlockCodec {
  readonly #checksum: Checksum;
  readonly #place = new Uint8Array(8);
  readonly #placeView = new DataView(this.#place.buffer);
  constructor(checksum: Checksum) {
    this.#checksum = checksum;
  }
  /** Fills the head of a block: bytes[0, size), of which the first {@link blockHeadSizeBytes} are free. */
  seal(run: number, block: number, bytes: Uint8Array, view: DataView, size: number): void {
    bytes[checksumSizeBytes] = blockFormat;
    bytes[checksumSizeBytes + 1] = 0;
    view.setUint32(0, this.#sum(run, block, bytes, size));
  }
  /** @throws StatusError `corrupt` with table and token named, `format_newer`. */
  check(table: number, run: number, block: number, { bytes, view, size }: BlockReader): void {
    if (size < blockHeadSizeBytes || view.getUint32(0) !== this.#sum(run, block, bytes, size))
      throw damaged(table, run, block, view, size);
    const format = view.getUint8(checksumSizeBytes);
    if (format > blockFormat)
      throw new StatusError(
        'format_newer',
        `Cannot read table: a block's format is ${format}, known is ${blockFormat}`,
      );
  }
  #sum(run: number, block: number, bytes: Uint8Array, size: number): number {
    this.#placeView.setUint32(0, run);
    this.#placeView.setUint32(4, block);
    const seed = crc32c(this.#place);
    const content = bytes.subarray(checksumSizeBytes, size);
    return size < nativeFromBytes ? crc32c(content, seed) : this.#checksum(content, seed);
  }
}

/** The token is where the block says that it begins: it may be what is damaged. */
function damaged(table: number, run: number, block: number, view: DataView, size: number): StatusError {
  const at = blockHeadSizeBytes;
  const token =
    size >= at + entryHeadSizeBytes
      ? `${tokenValue(view.getInt32(at + atEntryTokenHi), view.getInt32(at + atEntryTokenLo))}`
      : 'unknown';
  return new StatusError(
    'corrupt',
    `Cannot read table ${table}: the block at token ${token}, run ${run}, block ${block}, is damaged`,
  );
}
