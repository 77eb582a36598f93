/** Doors and outgoing connections. */
import { StatusError } from '@skerry/kernel';
import { formatAddress, type Address } from '@skerry/runtime-world';
import { createServer, Socket, type Server } from 'node:net';
import { plainAddress } from './address.ts';
import { NodeStreamSocket, sendAheadBytes } from './stream-socket.ts';
import type { StreamListener, StreamSocket } from './types.ts';

/** Connections that the operating system accepts before us; Linux caps it at net.core.somaxconn. */
const backlogDefault = 511;

export type ListenOptions = Address & {
  readonly backlog?: number;
  /** Asks a silent peer for a sign of life after this many milliseconds. Default: never. */
  readonly keepAliveMs?: number;
};

/** Port 0: a free one. @throws StatusError `port_in_use` when it is taken or may not be bound. */
export async function listenStream(
  { host, port, backlog = backlogDefault, keepAliveMs }: ListenOptions,
  accept: (socket: StreamSocket) => void,
): Promise<StreamListener> {
  const server = createServer(
    {
      allowHalfOpen: true,
      noDelay: true,
      pauseOnConnect: true,
      highWaterMark: sendAheadBytes,
      keepAlive: keepAliveMs !== undefined,
      keepAliveInitialDelay: keepAliveMs ?? 0,
    },
    (socket) => accept(new NodeStreamSocket(socket)),
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
  return new NodeListener(server);
}

class NodeListener implements StreamListener {
  readonly address: Address;
  readonly #server: Server;
  constructor(server: Server) {
    this.#server = server;
    const bound = server.address();
    this.address =
      typeof bound === 'object' && bound !== null
        ? plainAddress(bound.address, bound.port)
        : { host: String(bound), port: 0 };
  }
  close(): Promise<void> {
    // Not when its connections have ended: the port is free when this returns.
    this.#server.close();
    return Promise.resolve();
  }
}

export type ConnectOptions = Address & {
  /** Address of ours to connect from. Default: the operating system's choice. */
  readonly localHost?: string;
  readonly localPort?: number;
};

/** @throws StatusError `connection_lost` when there is none; `cancelled` when `signal` aborts first. */
export function connectStream(options: ConnectOptions, signal?: AbortSignal): Promise<StreamSocket> {
  const { host, port, localHost, localPort } = options;
  return new Promise((resolve, reject) => {
    const target = formatAddress({ host, port });
    if (signal?.aborted === true) return reject(new StatusError('cancelled', `Cannot connect to ${target}: cancelled`));
    // The types know highWaterMark for servers only; a socket takes it as any stream does.
    const streamOptions = { allowHalfOpen: true, highWaterMark: sendAheadBytes };
    const socket = new Socket(streamOptions);
    const abandon = (): void => {
      reject(new StatusError('cancelled', `Cannot connect to ${target}: cancelled`));
      socket.destroy();
    };
    const fail = (cause: Error): void => {
      signal?.removeEventListener('abort', abandon);
      reject(new StatusError('connection_lost', `Cannot connect to ${target}: ${cause.message}`, { cause }));
    };
    signal?.addEventListener('abort', abandon, { once: true });
    socket.once('error', fail);
    socket.once('connect', () => {
      signal?.removeEventListener('abort', abandon);
      socket.setNoDelay(true);
      const stream = new NodeStreamSocket(socket);
      socket.removeListener('error', fail);
      resolve(stream);
    });
    socket.connect({ host, port, localAddress: localHost, localPort });
  });
}
