/**
 * A raw stream under TLS whose end is held back, so that an end of the decrypted stream can only mean close_notify.
 *
 * node:tls reports a bare FIN as an ordinary end. Source: RFC 8446 §6.1 (truncation attack).
 */
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { type Block, takeBlock } from '@skerry/runtime-world';
import { readIntoOwn } from './own-memory.ts';
import { RecordEdge } from './record-edge.ts';

/** Ciphertext read ahead of TLS, in bytes. */
const readAheadBytes = 1024 * 1024;
/** First memory for reads of ciphertext, in bytes: a small file needs no more. */
const firstSizeBytes = 16 * 1024;
/** Read at once, in bytes: all of it stays in the processor's cache while TLS opens it. */
const readSizeBytes = 256 * 1024;
/** With less room than this behind what TLS has not taken yet, the next read gets other memory. */
const roomMinBytes = 64 * 1024;

export class EndWatch extends Duplex {
  readonly #raw: Socket;
  readonly #onEnd: (betweenRecords: boolean) => void;
  readonly #edge = new RecordEdge();
  /** The peer's whole stream is here. If it has closed already, our session tickets reset the connection: nothing to it. */
  #ended = false;
  constructor(raw: Socket, onEnd: (betweenRecords: boolean) => void) {
    super({ allowHalfOpen: true, readableHighWaterMark: readAheadBytes, writableHighWaterMark: readAheadBytes });
    this.#raw = raw;
    this.#onEnd = onEnd;
    this.#readRaw();
    raw.on('end', () => {
      this.#ended = true;
      this.#onEnd(this.#edge.whole);
    });
    raw.on('error', (error) => {
      if (!this.#ended) this.destroy(error);
    });
    raw.on('close', () => {
      if (!this.#ended) this.destroy();
    });
  }
  #came(chunk: Uint8Array): boolean {
    this.#edge.push(chunk);
    return this.push(chunk);
  }
  /**
   * TLS copies ciphertext as it takes it, so that one piece of memory serves all reads; behind what it did not take
   * at once the next read has the rest of it, or other memory.
   */
  #readRaw(): void {
    const raw = this.#raw;
    for (let chunk: unknown = raw.read(); chunk instanceof Uint8Array; chunk = raw.read()) this.#came(chunk);
    let memory: Uint8Array = Buffer.allocUnsafeSlow(firstSizeBytes);
    let used = 0;
    // The last is read into; TLS has yet to take something from those before it.
    let blocks: Block[] = [];
    const inPlace = readIntoOwn(raw, {
      buffer: () => {
        const taken = this.readableLength === 0;
        if (taken) for (const block of blocks.splice(0, blocks.length - 1)) block.end();
        const grows = blocks.length === 0 && used === memory.length;
        if (taken && !grows) used = 0;
        if (memory.length - used < Math.min(roomMinBytes, memory.length / 2)) {
          const block = takeBlock();
          blocks.push(block);
          memory = block.bytes;
          used = 0;
        }
        return memory.subarray(used, used + readSizeBytes);
      },
      callback: (size) => {
        const chunk = memory.subarray(used, used + size);
        used += size;
        return this.#came(chunk);
      },
    });
    if (!inPlace)
      raw.on('data', (chunk) => {
        if (!this.#came(chunk)) raw.pause();
      });
    raw.once('close', () => {
      // What is still to be taken keeps its memory.
      if (this.readableLength === 0) for (const block of blocks) block.end();
      blocks = [];
    });
    raw.resume();
  }
  override _read(): void {
    this.#raw.resume();
  }
  override _write(chunk: Uint8Array, _encoding: string, done: (error?: Error | null) => void): void {
    this.#raw.write(chunk, (error) => done(this.#ended ? null : error));
  }
  override _final(done: (error?: Error | null) => void): void {
    this.#raw.end((error?: Error | null) => done(this.#ended ? null : error));
  }
  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#raw.destroy();
    done(error);
  }
}
