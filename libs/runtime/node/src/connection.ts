import type { Socket } from 'node:net';
import { StatusError } from '@skerry/kernel';
import { Channel } from '@skerry/runtime-driver';
import { formatAddress, type Address, type Connection } from '@skerry/runtime-world';
import { networkError } from './errors.ts';

/** Bytes received and not yet read, before the socket is paused: a few reads of 64 KiB, so that a fast reader never waits. */
export const receiveBufferMaxBytes = 256 * 1024;
/** Bytes written and not yet taken by the system, before `send` waits. */
export const sendBufferMaxBytes = 256 * 1024;

const resolved: Promise<void> = Promise.resolve();
type Waiter = { readonly resolve: () => void; readonly reject: (error: unknown) => void };

/** A connected TCP socket that was made with `allowHalfOpen`. */
export class NodeConnection implements Connection {
  readonly remote: Address;
  readonly incoming: AsyncIterable<Uint8Array>;
  readonly #socket: Socket;
  readonly #received: Channel<Uint8Array>;
  #waiting: Waiter[] = [];
  #failure: StatusError | undefined;
  #readingStopped = false;

  constructor(socket: Socket, remote: Address) {
    this.remote = remote;
    this.#socket = socket;
    const received = new Channel<Uint8Array>({
      capacity: receiveBufferMaxBytes,
      weigh: (chunk) => chunk.length,
      onWritable: () => socket.resume(),
      onCancel: () => {
        this.#readingStopped = true;
        socket.pause();
      },
    });
    this.#received = received;
    this.incoming = received;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Uint8Array) => {
      if (received.closed) return;
      received.offer(chunk);
      if (!received.writable) socket.pause();
    });
    socket.on('end', () => received.end());
    socket.on('drain', () => {
      for (const waiter of this.#waiting.splice(0)) waiter.resolve();
    });
    socket.on('error', (error) => this.#lost(error));
    socket.on('close', () => this.#lost(new Error('the connection was cut')));
  }
  #lost(cause: Error): void {
    this.#failure ??= new StatusError(
      'connection_lost',
      `Cannot go on with the connection to ${formatAddress(this.remote)}: ${cause.message}`,
      { cause },
    );
    this.#received.fail(this.#failure);
    for (const waiter of this.#waiting.splice(0)) waiter.reject(this.#failure);
  }
  send(bytes: Uint8Array): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (!this.#socket.writable)
      return Promise.reject(new StatusError('connection_lost', 'Cannot send: our side of the connection was ended'));
    if (this.#socket.write(bytes)) return resolved;
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }
  async end(): Promise<void> {
    if (this.#socket.writableFinished) return;
    if (this.#failure !== undefined) throw this.#failure;
    // Nobody reads any more: what still comes is dropped, so that the peer's end of stream is seen and the socket closes.
    if (this.#readingStopped) this.#socket.resume();
    await new Promise<void>((resolve, reject) => {
      this.#socket.end((error?: Error | null) =>
        error === undefined || error === null ? resolve() : reject(networkError('end the connection', error)),
      );
    });
  }
  destroy(): void {
    this.#socket.destroy();
  }
}
