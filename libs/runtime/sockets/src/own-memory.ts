/**
 * Lets a socket that is there already read into memory of ours, without a fresh buffer for each read.
 *
 * Why: fresh buffers count as memory outside V8's heap, which then collects the whole heap again and again: half of the
 * processor time of an upload under TLS. node:net takes such memory (`onread`) only for sockets that it makes itself, and
 * node:tls not at all; so what it does with `onread` is done here. These are no public properties: without them the
 * socket stays as it is.
 */
import type { Socket } from 'node:net';

export type OwnMemory = {
  /** Memory for the next read: called once before the first read, then after each. */
  readonly buffer: () => Uint8Array;
  /** So many bytes are in the memory that was given last. False: read no more until the socket is resumed. */
  readonly callback: (size: number) => boolean;
};
type Handle = { readonly useUserBuffer: (memory: Uint8Array) => void };
type Inside = Record<symbol, unknown> & { readonly _handle?: Partial<Handle> | null };

const has = (handle: Inside['_handle']): handle is Handle => typeof handle?.useUserBuffer === 'function';

/** False: the socket reads as before. What it has buffered already is still its own. */
export function readIntoOwn(socket: Socket, { buffer, callback }: OwnMemory): boolean {
  const inside = socket as unknown as Inside;
  const handle = inside._handle;
  const names = Object.getOwnPropertySymbols(socket);
  const [current, taken, next] = ['kBuffer', 'kBufferCb', 'kBufferGen'].map((name) =>
    names.find(({ description }) => description === name),
  );
  if (!has(handle) || current === undefined || taken === undefined || next === undefined) return false;
  const memory = buffer();
  inside[current] = memory;
  inside[taken] = callback;
  inside[next] = buffer;
  handle.useUserBuffer(memory);
  return true;
}
