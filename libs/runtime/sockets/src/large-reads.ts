/**
 * Reads into blocks of our own, one behind the other, so that a chunk is a view of fresh memory and never a copy.
 *
 * Measured here: 2.9 GB/s against 1.2–2.4 GB/s with `data` events of 64 KiB, which must be joined besides (0.95 GB/s).
 * node:net offers this (`onread`) when a socket is made, but makes accepted sockets without it; so an accepted
 * socket's handle is moved to a new one. That handle is no public property: without it the socket stays as it is.
 */
import { Socket, type OnReadOpts } from 'node:net';
import { type Block, takeBlock } from '@skerry/runtime-world';

/** First memory, in bytes: a small file needs no more, and what ends here takes no block. */
const firstSizeBytes = 16 * 1024;
/** Of a block: what a chunk between nodes may have at most. */
const usedBytesMax = 1024 * 1024;
/** With less room than this the next read begins a new block: small reads cost more than the waste. */
const roomMinBytes = 64 * 1024;

type HandleOwner = { _handle?: unknown };

/** The same connection, read in large blocks; undefined when this Node has no such thing. `raw` is dead after success. */
export function withLargeReads(raw: Socket, onChunk: (chunk: Uint8Array) => boolean): Socket | undefined {
  const owner = raw as unknown as HandleOwner;
  const handle = owner._handle;
  if (typeof handle !== 'object' || handle === null || !('useUserBuffer' in handle)) return undefined;
  let memory: Uint8Array = Buffer.allocUnsafeSlow(firstSizeBytes);
  let block: Block | undefined;
  let used = 0;
  const onread: OnReadOpts = {
    // Called after each read for the memory of the next one; the first time before any read.
    buffer: () => {
      if (memory.length - used < Math.min(roomMinBytes, memory.length / 2)) {
        block?.end();
        block = takeBlock();
        memory = block.bytes.subarray(0, usedBytesMax);
        used = 0;
      }
      return memory.subarray(used);
    },
    callback: (size) => {
      const chunk = block?.lend(used, used + size) ?? memory.subarray(used, used + size);
      used += size;
      return onChunk(chunk);
    },
  };
  owner._handle = null;
  raw.destroy();
  const socket = new Socket({ handle, allowHalfOpen: true, onread } as ConstructorParameters<typeof Socket>[0]);
  // The block that no more is read into: kept by nobody but us.
  socket.once('close', () => block?.end());
  return socket;
}
