/**
 * The HTTP/2 stream beneath a call, for bulk: written to without the two copies that grpc-js makes of a message, and
 * read into memory that is used again. All of it is private to @grpc/grpc-js 1.14: what is not found where that has it
 * goes by its public way.
 */
import type { Encoded } from './encoded.ts';
import { MessageMemory, prefixSizeBytes } from './message-memory.ts';
import { field } from './peer.ts';

type Writable = {
  cork(): void;
  uncork(): void;
  write(bytes: Uint8Array, done?: (error?: Error | null) => void): boolean;
  readonly writable: boolean;
};
/** What joins the frames of a call's messages: in state 0 between two of them. */
type Decoder = { write: (data: Buffer) => Buffer[]; readonly readState: number };

/** Of a client's call, when all that was given to it before has been written; else what is written would overtake it. */
export function writableOfClient(call: unknown): Writable | undefined {
  const attempts = field(call, 'child');
  const index = field(attempts, 'committedCallIndex');
  const kept = field(attempts, 'writeBuffer');
  const keptFrom = field(attempts, 'writeBufferOffset');
  if (index !== 0 || !Array.isArray(kept) || typeof keptFrom !== 'number') return undefined;
  if (field(attemptOf(call), 'nextMessageToSend') !== keptFrom + kept.length) return undefined;
  return asWritable(field(transportOf(call), 'http2Stream'));
}
/** Of a server's call, once its headers were sent. */
export function writableOfServer(call: unknown): Writable | undefined {
  const inner = field(call, 'call');
  return field(inner, 'metadataSent') === true ? asWritable(field(inner, 'stream')) : undefined;
}
function asWritable(stream: unknown): Writable | undefined {
  const able = ['cork', 'uncork', 'write'].every((name) => typeof field(stream, name) === 'function');
  return able && field(stream, 'writable') === true ? (stream as Writable) : undefined;
}
/** Retries are ours, so that there is one attempt. */
function attemptOf(call: unknown): unknown {
  const attempts = field(field(call, 'child'), 'underlyingCalls');
  return Array.isArray(attempts) ? attempts[0] : undefined;
}
const transportOf = (call: unknown): unknown => field(field(attemptOf(call), 'call'), 'child');

/** `written` is not called when the stream fails: then its call does. */
export function writeBeneath(stream: Writable, message: Encoded, written: () => void): void {
  const prefix = Buffer.alloc(prefixSizeBytes);
  prefix.writeUInt32BE(message.length, 1);
  stream.cork();
  stream.write(prefix);
  const last = message.pieces.length - 1;
  message.pieces.forEach((piece, i) => {
    if (i < last) stream.write(piece);
    else
      stream.write(piece, (error) => {
        // After a failure some of it may still be on its way: its memory is left to the garbage collector.
        if (error !== undefined && error !== null) return;
        message.sent();
        written();
      });
  });
  stream.uncork();
}

/** True: messages that come from now on are put together in lent memory. To be tried again between two messages. */
export const lendMemoryToClient = (call: unknown): boolean => lendMemory(field(transportOf(call), 'decoder'));
export const lendMemoryToServer = (call: unknown): boolean => lendMemory(field(field(call, 'call'), 'decoder'));
function lendMemory(decoder: unknown): boolean {
  if (typeof field(decoder, 'write') !== 'function' || field(decoder, 'readState') !== 0) return false;
  const memory = new MessageMemory();
  (decoder as Decoder).write = (data) => memory.write(data);
  return true;
}
