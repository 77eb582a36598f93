/**
 * A raw stream under TLS whose end is held back, so that an end of the decrypted stream can only mean close_notify.
 *
 * node:tls reports a bare FIN as an ordinary end. Source: RFC 8446 §6.1 (truncation attack).
 */
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { RecordEdge } from './record-edge.ts';

/** Ciphertext read ahead of TLS, in bytes. */
const readAheadBytes = 1024 * 1024;

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
    raw.on('data', (chunk) => {
      this.#edge.push(chunk);
      if (!this.push(chunk)) raw.pause();
    });
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
