/**
 * The HTTP/2 stream beneath a call that is a stream of messages: written to and read from without what grpc-js does for
 * each message, which is two copies and some ten promises and closures, and bulk is read into memory that is used again.
 * All of it is private to @grpc/grpc-js 1.14: what is not found where that has it goes by its public way.
 */
import { StatusError } from '@skerry/kernel';
import type { Encoded } from './encoded.ts';
import { bulkFromBytes, MessageMemory, prefixSizeBytes } from './message-memory.ts';
import { field } from './peer.ts';

export type Writable = {
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
  if (message.length >= bulkFromBytes) return writePieces(stream, message, written);
  stream.write(message.toBuffer(true), (error) => {
    if (error === undefined || error === null) written();
  });
}
function writePieces(stream: Writable, message: Encoded, written: () => void): void {
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

/** What is read directly: held back by pausing it. */
export type Reading = { pause(): void; resume(): void };
/**
 * Messages that come from now on go to `take`, past grpc-js, which goes on telling of the end. One read must be under way
 * there then, and stay so. Undefined: not now; to be tried again between two messages.
 */
export function readBeneathClient(call: unknown, take: (message: Buffer) => void): Reading | undefined {
  const transport = transportOf(call);
  const kept = field(transport, 'unpushedReadMessages');
  // What it still has would be overtaken.
  if (!Array.isArray(kept) || kept.length > 0) return undefined;
  return readBeneath(field(transport, 'decoder'), field(transport, 'http2Stream'), take);
}
/** To be tried before anything was read. */
export function readBeneathServer(call: unknown, take: (message: Buffer) => void): Reading | undefined {
  const inner = field(call, 'call');
  return readBeneath(field(inner, 'decoder'), field(inner, 'stream'), take);
}
function readBeneath(decoder: unknown, stream: unknown, take: (message: Buffer) => void): Reading | undefined {
  const able = ['pause', 'resume'].every((name) => typeof field(stream, name) === 'function');
  if (!able || !isBetweenMessages(decoder)) return undefined;
  const memory = new MessageMemory();
  decoder.write = (data) => {
    for (const message of memory.write(data)) take(contentOf(message));
    return nothing;
  };
  return stream as Reading;
}
const nothing: Buffer[] = [];
/** @throws StatusError `malformed` when it is compressed: only strangers do that, and theirs are read by grpc-js. */
function contentOf(message: Buffer): Buffer {
  if (message[0] !== 0) throw new StatusError('malformed', 'Cannot take message: it is compressed');
  return message.subarray(prefixSizeBytes);
}

/** Messages that come from now on are put together in lent memory: of strangers, who may compress them. */
export function lendMemoryToServer(call: unknown): void {
  const decoder = field(field(call, 'call'), 'decoder');
  if (!isBetweenMessages(decoder)) return;
  const memory = new MessageMemory();
  decoder.write = (data) => memory.write(data);
}
const isBetweenMessages = (decoder: unknown): decoder is Decoder =>
  typeof field(decoder, 'write') === 'function' && field(decoder, 'readState') === 0;
