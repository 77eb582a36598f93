/**
 * Reads into blocks of our own, one behind the other, so that a chunk is a view of fresh memory and never a copy.
 *
 * Measured here: 2.9 GB/s against 1.2–2.4 GB/s with `data` events of 64 KiB, which must be joined besides (0.95 GB/s).
 * node:net offers this (`onread`) when a socket is made, but makes accepted sockets without it; so an accepted
 * socket's handle is moved to a new one. That handle is no public property: without it the socket stays as it is.
 */
import { Socket } from 'node:net';
import { lentReads } from './lent-reads.ts';

type HandleOwner = { _handle?: unknown };

/** The same connection, read in large blocks; undefined when this Node has no such thing. `raw` is dead after success. */
export function withLargeReads(raw: Socket, onChunk: (chunk: Uint8Array) => boolean): Socket | undefined {
  const owner = raw as unknown as HandleOwner;
  const handle = owner._handle;
  if (typeof handle !== 'object' || handle === null || !('useUserBuffer' in handle)) return undefined;
  const { end, ...onread } = lentReads(onChunk);
  owner._handle = null;
  raw.destroy();
  const socket = new Socket({ handle, allowHalfOpen: true, onread } as ConstructorParameters<typeof Socket>[0]);
  socket.once('close', end);
  return socket;
}
