/**
 * Doors for protocols with many small messages: bytes are handed over as they come, with no promise for each read.
 *
 * A door may take plain connections, TLS, or both at one port, told apart by the first byte (a TLS record of a handshake
 * begins with 22, which begins no request of a protocol whose first byte is a version).
 */
import { StatusError } from '@skerry/kernel';
import { formatAddress, type Address } from '@skerry/runtime-world';
import { createServer, type Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { plainAddress } from './address.ts';
import { readIntoOwn } from './own-memory.ts';
import type { ListenOptions } from './listen.ts';
import type { TlsContext } from './tls-context.ts';
import type { StreamListener } from './types.ts';

/** First byte of a TLS handshake's record (RFC 8446 §5.1). */
const tlsHandshake = 22;
const backlogDefault = 511;
/** How long a peer may take to end its side after we ended ours, in milliseconds. */
const lingerMs = 10_000;
/** Bytes that are read at once. All connections without TLS share this memory, so that it stays near the processor. */
const readSizeBytes = 256 * 1024;

export interface Channel {
  readonly remote: Address;
  readonly secure: boolean;
  /** Bytes that the operating system has not taken yet. */
  readonly queuedBytes: number;
  /**
   * The bytes must not change until the operating system has taken them: at once, when `queuedBytes` is 0 behind the call.
   * Without effect once it is closed.
   */
  write(bytes: Uint8Array): void;
  /** No more `data` until {@link resume}. */
  pause(): void;
  resume(): void;
  /** Sends what is queued, then ends; what still comes is thrown away. */
  end(): void;
  destroy(): void;
}
export type ChannelEvents = {
  /** The bytes hold until it returns: others are read into the same memory. */
  data(bytes: Uint8Array): void;
  /** All that was queued has been taken. */
  drained(): void;
  /** The peer ended its side: what was asked is still to be answered. */
  ended(): void;
  /** Once, when both directions are over. */
  closed(): void;
};
export type ChannelDoor = ListenOptions & {
  /** Asked for each connection, so that certificates may be renewed. Undefined: no TLS. */
  readonly tls?: (() => TlsContext) | undefined;
  /** Whether connections without TLS are taken. */
  readonly plain: boolean;
  /** For the first byte and the TLS handshake, in milliseconds. */
  readonly handshakeMs: number;
};

/** @throws StatusError `port_in_use`. */
export async function listenChannels(
  door: ChannelDoor,
  accept: (channel: Channel) => ChannelEvents,
): Promise<StreamListener> {
  const { host, port, backlog = backlogDefault, keepAliveMs } = door;
  const memory = new Uint8Array(readSizeBytes);
  const server = createServer(
    {
      allowHalfOpen: true,
      noDelay: true,
      keepAlive: keepAliveMs !== undefined,
      keepAliveInitialDelay: keepAliveMs ?? 0,
    },
    (socket) => enter(door, memory, socket, accept),
  );
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const why = cause.code === 'EADDRINUSE' ? 'the port is in use' : cause.message;
      reject(new StatusError('port_in_use', `Cannot listen on ${formatAddress({ host, port })}: ${why}`, { cause }));
    });
    server.listen({ host, port, backlog }, resolve);
  });
  // Out of file descriptors in accept: the connection waits in the backlog, the listener lives on.
  server.on('error', () => undefined);
  const bound = server.address();
  return {
    address: typeof bound === 'object' && bound !== null ? plainAddress(bound.address, bound.port) : { host, port: 0 },
    close: () => {
      server.close();
      return Promise.resolve();
    },
  };
}

function enter(
  door: ChannelDoor,
  memory: Uint8Array,
  socket: Socket,
  accept: (channel: Channel) => ChannelEvents,
): void {
  const { tls, plain, handshakeMs } = door;
  if (tls === undefined) return new NodeChannel(socket, false).serve(accept, memory);
  const timer = setTimeout(() => socket.destroy(), handshakeMs);
  const fail = (): void => {
    clearTimeout(timer);
    socket.destroy();
  };
  socket.once('error', fail);
  socket.once('close', () => clearTimeout(timer));
  socket.once('data', (first: Buffer) => {
    socket.pause();
    socket.unshift(first);
    socket.removeListener('error', fail);
    if (first[0] !== tlsHandshake) {
      clearTimeout(timer);
      if (plain) new NodeChannel(socket, false).serve(accept);
      else socket.destroy();
      return;
    }
    const secure = new TLSSocket(socket, { isServer: true, secureContext: tls().secureContext });
    secure.once('error', fail);
    secure.once('secure', () => {
      clearTimeout(timer);
      secure.removeListener('error', fail);
      new NodeChannel(secure, true).serve(accept);
    });
  });
}

class NodeChannel implements Channel {
  readonly remote: Address;
  readonly secure: boolean;
  readonly #socket: Socket;
  #over = false;

  constructor(socket: Socket, secure: boolean) {
    this.#socket = socket;
    this.secure = secure;
    this.remote = plainAddress(socket.remoteAddress, socket.remotePort);
  }
  /** @param memory to read into; what else a socket has is heard too. */
  serve(accept: (channel: Channel) => ChannelEvents, memory?: Uint8Array): void {
    const socket = this.#socket;
    const events = accept(this);
    const heard = (bytes: Uint8Array): void => {
      if (!this.#over) events.data(bytes);
    };
    socket.on('data', heard);
    if (memory !== undefined) {
      const callback = (size: number): boolean => {
        heard(memory.subarray(0, size));
        return true;
      };
      readIntoOwn(socket, { buffer: () => memory, callback });
    }
    socket.on('drain', () => events.drained());
    socket.on('end', () => events.ended());
    // What broke it is of no use to anybody: a client went away.
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      this.#over = true;
      events.closed();
    });
    socket.resume();
  }
  get queuedBytes(): number {
    return this.#socket.writableLength;
  }
  write(bytes: Uint8Array): void {
    if (!this.#socket.destroyed && !this.#socket.writableEnded) this.#socket.write(bytes);
  }
  pause(): void {
    this.#socket.pause();
  }
  resume(): void {
    this.#socket.resume();
  }
  end(): void {
    if (this.#socket.destroyed || this.#socket.writableEnded) return;
    this.#over = true;
    this.#socket.end();
    this.#socket.resume();
    const linger = setTimeout(() => this.#socket.destroy(), lingerMs);
    this.#socket.once('close', () => clearTimeout(linger));
  }
  destroy(): void {
    this.#over = true;
    this.#socket.destroy();
  }
}
