/**
 * Puts gRPC messages together in memory that is used again.
 *
 * Why: grpc-js joins the frames of a message in fresh memory, a gibibyte for each that passes, for which V8 collects its
 * whole heap again and again. A large message comes into a lent block here, without anything else of it being kept
 * meanwhile; whoever takes its content gives that back ({@link verifiedBytes}). Small ones are joined as before.
 * Source: gRPC over HTTP/2, "Length-Prefixed-Message".
 */
import { StatusError } from '@skerry/kernel';
import { type Block, blockSizeBytes, takeBlock } from '@skerry/runtime-world';
import { messageSizeMaxBytes } from './limits.ts';

/** Of a message: a flag and its length. */
export const prefixSizeBytes = 5;
/** A message from this size on is bulk, in bytes: for a smaller one a block of a mebibyte would be a waste. */
export const bulkFromBytes = 192 * 1024;

export class MessageMemory {
  readonly #prefix: Buffer = Buffer.alloc(prefixSizeBytes);
  #into: Buffer = this.#prefix;
  #block: Block | undefined;
  #fill = 0;

  /** Gives the messages that are whole now, each with its prefix. @throws StatusError `too_large`. */
  write(data: Buffer): Buffer[] {
    const messages: Buffer[] = [];
    let at = 0;
    while (at < data.length || this.#fill === this.#into.length) {
      if (this.#fill < this.#into.length) {
        const count = data.copy(this.#into, this.#fill, at);
        this.#fill += count;
        at += count;
      } else if (this.#into !== this.#prefix || this.#size() === 0) messages.push(this.#take());
      else if (at < data.length) this.#begin();
      else break;
    }
    return messages;
  }
  #size(): number {
    return this.#prefix.readUInt32BE(1);
  }
  #begin(): void {
    const size = this.#size();
    if (size > messageSizeMaxBytes)
      throw new StatusError('too_large', `Cannot take message: ${size} bytes, limit ${messageSizeMaxBytes}`);
    const whole = size + prefixSizeBytes;
    if (size >= bulkFromBytes && whole <= blockSizeBytes) {
      this.#block = takeBlock();
      const { buffer, byteOffset } = this.#block.bytes;
      this.#into = Buffer.from(buffer, byteOffset, whole);
    } else this.#into = Buffer.allocUnsafe(whole);
    this.#prefix.copy(this.#into);
  }
  #take(): Buffer {
    const block = this.#block;
    // A message without content is its prefix, which is written over by the next.
    const message = this.#into === this.#prefix ? Buffer.from(this.#prefix) : this.#into;
    block?.lendMessage(message.length);
    this.#block = undefined;
    this.#into = this.#prefix;
    this.#fill = 0;
    return message;
  }
}
