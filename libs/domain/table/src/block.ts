/** Stored values: made with their checksum, and checked. */
import { type Checksum, crc32c, StatusError, toHex } from '@skerry/kernel';
import { tokenHiOf, tokenLoOf } from './block-key.ts';
import { blockFormat, blockHasKey, blockHeadSizeBytes } from './block-store.ts';
import { tokenValue } from './token.ts';

/** Below this many bytes a call into native code costs more than the checksum itself. */
const nativeFromBytes = 160;
const checksumSizeBytes = 4;

export class BlockCodec {
  readonly #checksum: Checksum;
  constructor(checksum: Checksum) {
    this.#checksum = checksum;
  }
  /** A value of the units of bytes[from, to). @param partitionKey of a head whose key is hashed. */
  seal(
    key: Uint8Array,
    flags: number,
    bytes: Uint8Array,
    from: number,
    to: number,
    partitionKey?: Uint8Array,
  ): Uint8Array {
    const head = blockHeadSizeBytes + (partitionKey === undefined ? 0 : 4 + partitionKey.length);
    const value = new Uint8Array(head + to - from);
    const view = new DataView(value.buffer);
    value[checksumSizeBytes] = blockFormat;
    value[checksumSizeBytes + 1] = flags | (partitionKey === undefined ? 0 : blockHasKey);
    if (partitionKey !== undefined) {
      view.setUint32(blockHeadSizeBytes, partitionKey.length);
      value.set(partitionKey, blockHeadSizeBytes + 4);
    }
    value.set(bytes.subarray(from, to), head);
    view.setUint32(0, this.#sum(key, key.length, value, value.length));
    return value;
  }
  /** @returns where the units begin. @throws StatusError `corrupt` with table and token named, `format_newer`. */
  check(key: Uint8Array, keySize: number, bytes: Uint8Array, view: DataView, size: number): number {
    if (size < blockHeadSizeBytes || view.getUint32(0) !== this.#sum(key, keySize, bytes, size))
      throw damaged(key, keySize);
    const format = view.getUint8(checksumSizeBytes);
    if (format > blockFormat)
      throw new StatusError(
        'format_newer',
        `Cannot read table: a block's format is ${format}, known is ${blockFormat}`,
      );
    const hasKey = (view.getUint8(checksumSizeBytes + 1) & blockHasKey) !== 0;
    return blockHeadSizeBytes + (hasKey ? 4 + view.getUint32(blockHeadSizeBytes) : 0);
  }
  #sum(key: Uint8Array, keySize: number, bytes: Uint8Array, size: number): number {
    const seed = crc32c(key.length === keySize ? key : key.subarray(0, keySize));
    const content = bytes.subarray(checksumSizeBytes, size);
    return size < nativeFromBytes ? crc32c(content, seed) : this.#checksum(content, seed);
  }
}

function damaged(key: Uint8Array, keySize: number): StatusError {
  const view = new DataView(key.buffer, key.byteOffset);
  const token = tokenValue(tokenHiOf(view), tokenLoOf(view));
  return new StatusError(
    'corrupt',
    `Cannot read table ${view.getUint32(0)}: the block at token ${token}, key ${toHex(key.subarray(0, keySize))}, is damaged`,
  );
}
