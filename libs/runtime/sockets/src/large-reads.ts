/**
 * Reads into blocks of our own, one behind the other, so that a chunk is a view of fresh memory and never a copy.
 *
 * Measured here: 2.9 GB/s against 1.2–2.4 GB/s with `data` events of 64 KiB, which must be joined besides (0.95 GB/s).
 * node:net offers this (`onread`) when a socket is made, but makes accepted sockets without it; so an accepted
 * socket's handle is moved to a new one. That handle is no public property: without it the socket stays as it is.
 */
import { Socket, type OnReadOpts } from 'node:net';

/** First block: a small file needs no more. */
const firstBlockSizeBytes = 64 * 1024;
/** Later blocks: what a chunk between nodes may have at most. */
const blockSizeBytes = 1024 * 1024;
/** With less room than this the next read begins a new block: small reads cost more than the waste. */
const roomMinBytes = 64 * 1024;

type HandleOwner = { _handle?: unknown };

/** The same connection, read in large blocks; undefined when this Node has no such thing. `raw` is dead after success. */
export function withLargeReads(raw: Socket, onChunk: (chunk: Uint8Array) => boolean): Socket | undefined {
  const owner = raw as unknown as HandleOwner;
  const handle = owner._handle;
  if (typeof handle !== 'object' || handle === null || !('useUserBuffer' in handle)) return undefined;
  let block = Buffer.allocUnsafeSlow(firstBlockSizeBytes);
  let used = 0;
  const onread: OnReadOpts = {
    // Called after each read for the memory of the next one; the first time before any read.
    buffer: () => {
      if (block.length - used < roomMinBytes) {
        if (used > 0) block = Buffer.allocUnsafeSlow(blockSizeBytes);
        used = 0;
      }
      return block.subarray(used);
    },
    callback: (size) => {
      const chunk = block.subarray(used, used + size);
      used += size;
      return onChunk(chunk);
    },
  };
  owner._handle = null;
  raw.destroy();
  return new Socket({ handle, allowHalfOpen: true, onread } as ConstructorParameters<typeof Socket>[0]);
}
