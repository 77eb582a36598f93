/** What one Store stream is sent: the bytes of a data connection, no more of them than there is room for, and the verdict. */
import { concatBytes, emptyBytes } from '@skerry/kernel';
import { processing, type data } from '@skerry/proto';
import { AsciiDecoder } from '@skerry/protocol-ftp';
import { chunkOf, chunkSizeMaxBytes, giveUp, type PartialRequestOf } from '@skerry/runtime-rpc';
import type { StreamSocket } from '@skerry/runtime-sockets';
import { Mailbox } from './mailbox.ts';
import type { TransferRun } from './transfer.ts';

type Request = PartialRequestOf<typeof data.DataServiceDefinition.methods.store>;
const requestOf = (part: data.StoreRequest['part']): Request => {
  const request: data.StoreRequest = { header: undefined, part };
  return giveUp(request);
};

/** Content up to so many bytes is held back until its end, to go in one message with its commit: what a log record takes. */
const heldMaxBytes = 64 * 1024;
/** In so many pieces at most: each has its own price in memory. */
const heldPiecesMax = 32;

export class UploadRequests {
  readonly messages = new Mailbox<Request>();
  /** The data connection did not end as RFC 959 wants it. */
  cut = false;
  /** The client did not mean the end. */
  refused = false;
  readonly #run: TransferRun;
  /** Undefined: more came than is held. */
  #held: Uint8Array[] | undefined = [];
  #heldBytes = 0;

  constructor(run: TransferRun) {
    this.#run = run;
    void this.messages.put(requestOf({ $case: 'start', value: { ticket: run.job.transfer.ticket } }));
  }
  /** No commit will come. */
  giveUp(): void {
    this.messages.end();
  }
  commit(): void {
    void this.messages.put(requestOf({ $case: 'commit', value: {} }));
  }
  /**
   * All bytes to their end. `meant`: whether the client stands behind it; little content is published then. What fails
   * here is told by the stream.
   */
  async send(socket: StreamSocket, meant: () => Promise<boolean>): Promise<void> {
    try {
      await this.#send(socket, meant);
    } catch (thrown) {
      this.messages.fail(thrown);
    }
  }
  async #send(socket: StreamSocket, meant: () => Promise<boolean>): Promise<void> {
    const { transfer, pace } = this.#run.job;
    const decoder = transfer.type === processing.TransferType.ASCII ? new AsciiDecoder() : undefined;
    while (!this.messages.ended) {
      const bytes = await this.#read(socket);
      if (bytes === undefined) break;
      this.#run.bytes += bytes.length;
      if (decoder === undefined && pace === undefined) await this.#take(bytes);
      else
        for (const piece of decoder === undefined ? [bytes] : decoder.push(bytes))
          if (pace === undefined) await this.#take(piece);
          else for await (const part of pace.pieces(piece)) await this.#take(part);
    }
    // A CR that was held back for a LF is content only when the end was meant: a resumed upload sends it again.
    if (!this.cut) for (const piece of decoder?.end() ?? []) await this.#take(piece);
    if (this.#held !== undefined && (await meant())) return this.#publish(this.#held);
    this.refused = this.#held !== undefined;
    await this.#release();
    if (!this.messages.ended) await this.messages.put(requestOf({ $case: 'finish', value: {} }));
  }
  #publish(held: readonly Uint8Array[]): void {
    if (this.messages.ended) return;
    this.#run.beginCommit();
    const bytes = held.length === 1 ? (held[0] ?? emptyBytes) : concatBytes(held);
    const chunk = chunkOf(bytes, this.#run.job.checksums.crc32);
    void this.messages.put(requestOf({ $case: 'content', value: { chunk } }));
  }

  async #take(bytes: Uint8Array): Promise<void> {
    if (this.#held === undefined) return this.#put(bytes);
    if (this.#heldBytes + bytes.length <= heldMaxBytes && this.#held.length < heldPiecesMax) {
      this.#held.push(bytes);
      this.#heldBytes += bytes.length;
      return;
    }
    await this.#release();
    await this.#put(bytes);
  }
  async #release(): Promise<void> {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const bytes of held) await this.#put(bytes);
  }
  async #put(bytes: Uint8Array): Promise<void> {
    const { crc32 } = this.#run.job.checksums;
    // A held CR can make a decoded piece one byte longer than what was read.
    for (let at = 0; at < bytes.length; at += chunkSizeMaxBytes) {
      if (this.messages.ended) return;
      const piece = bytes.length <= chunkSizeMaxBytes ? bytes : bytes.subarray(at, at + chunkSizeMaxBytes);
      const taken = this.messages.put(requestOf({ $case: 'chunk', value: chunkOf(piece, crc32) }));
      if (taken !== undefined) await taken;
    }
  }
  /** Undefined at the end, also at a cut: then what came before is still to be stored. */
  async #read(socket: StreamSocket): Promise<Uint8Array | undefined> {
    try {
      return await this.#run.forClient(socket.read());
    } catch {
      this.cut = true;
      return undefined;
    }
  }
}
