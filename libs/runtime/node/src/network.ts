import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { createServer, Socket, type Server } from 'node:net';
import { networkInterfaces } from 'node:os';
import { StatusError } from '@skerry/kernel';
import type { Address, Connection, DatagramSocket, Listener, Network, NetworkInterface } from '@skerry/runtime-world';
import { formatAddress } from '@skerry/runtime-world';
import { NodeConnection, sendBufferMaxBytes } from './connection.ts';
import { networkError } from './errors.ts';

/** Connections that the system has accepted and we have not, for each listener. */
const backlogMax = 511;

/** TCP and UDP of this machine. */
export class NodeNetwork implements Network {
  async listen(address: Address, accept: (connection: Connection) => void): Promise<Listener> {
    const server = createServer({ allowHalfOpen: true, highWaterMark: sendBufferMaxBytes }, (socket) => {
      const remote = { host: socket.remoteAddress ?? '', port: socket.remotePort ?? 0 };
      accept(new NodeConnection(socket, remote));
    });
    await opened(server, `listen on ${formatAddress(address)}`, 'listening', () =>
      server.listen({ host: address.host, port: address.port, backlog: backlogMax }),
    );
    const bound = server.address();
    if (bound === null || typeof bound === 'string')
      throw new StatusError('unexpected', `Cannot listen on ${formatAddress(address)}: it has no address`);
    return {
      address: { host: bound.address, port: bound.port },
      // The port is free when this returns; connections that were accepted go on, so its callback is not awaited.
      close: async () => void server.close(),
    };
  }

  connect(address: Address, signal?: AbortSignal): Promise<Connection> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) return reject(abortError(address, signal));
      const socket = new Socket({
        allowHalfOpen: true,
        writableHighWaterMark: sendBufferMaxBytes,
      } as ConstructorParameters<typeof Socket>[0]);
      const settle = (): void => {
        signal?.removeEventListener('abort', onAbort);
        socket.off('error', onError);
        socket.off('connect', onConnect);
      };
      const onAbort = (): void => {
        settle();
        // What the socket still says while it is taken down interests nobody.
        socket.on('error', () => undefined);
        socket.destroy();
        if (signal !== undefined) reject(abortError(address, signal));
      };
      const onError = (error: Error): void => {
        settle();
        reject(networkError(`connect to ${formatAddress(address)}`, error));
      };
      const onConnect = (): void => {
        settle();
        resolve(new NodeConnection(socket, address));
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      socket.once('error', onError);
      socket.once('connect', onConnect);
      socket.connect({ host: address.host, port: address.port });
    });
  }

  async bindDatagrams(address: Address, receive: (bytes: Uint8Array, from: Address) => void): Promise<DatagramSocket> {
    const socket = createSocket({ type: address.host.includes(':') ? 'udp6' : 'udp4' });
    socket.on('message', (bytes, from) => receive(bytes, { host: from.address, port: from.port }));
    await opened(socket, `bind datagrams to ${formatAddress(address)}`, 'listening', () =>
      socket.bind({ address: address.host, port: address.port, exclusive: true }),
    );
    socket.setBroadcast(true);
    // A datagram socket has no connection that could break: an error is about one datagram, and those may be lost anyway.
    socket.on('error', () => undefined);
    return new NodeDatagramSocket(socket);
  }

  interfaces(): readonly NetworkInterface[] {
    return Object.values(networkInterfaces())
      .flatMap((all) => all ?? [])
      .filter(({ family, internal }) => family === 'IPv4' && !internal)
      .map(({ address, netmask }) => ({ address, netmask }));
  }

  async resolve(name: string): Promise<readonly string[]> {
    try {
      return (await lookup(name, { all: true })).map(({ address }) => address);
    } catch {
      // Unknown, or no name server answers: to the caller both mean that there is nobody to talk to under this name now.
      return [];
    }
  }
}

class NodeDatagramSocket implements DatagramSocket {
  readonly address: Address;
  readonly #socket: UdpSocket;
  #closed = false;

  constructor(socket: UdpSocket) {
    const { address, port } = socket.address();
    this.address = { host: address, port };
    this.#socket = socket;
  }
  send(bytes: Uint8Array, to: Address): void {
    // The callback takes the error of this datagram: it is lost, as datagrams may be.
    if (!this.#closed) this.#socket.send(bytes, to.port, to.host, () => undefined);
  }
  close(): Promise<void> {
    if (this.#closed) return Promise.resolve();
    this.#closed = true;
    return new Promise((resolve) => this.#socket.close(() => resolve()));
  }
}

function abortError(address: Address, signal: AbortSignal): StatusError {
  const { reason } = signal as { readonly reason: unknown };
  if (reason instanceof StatusError) return reason;
  return new StatusError('cancelled', `Cannot connect to ${formatAddress(address)}: cancelled`, { cause: reason });
}

/** Starts a server or socket; resolves at its event `ready`, rejects at its first error. */
function opened(emitter: Server | UdpSocket, action: string, ready: string, start: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const onError = (error: Error): void => reject(networkError(action, error));
    emitter.once('error', onError);
    emitter.once(ready, () => {
      emitter.off('error', onError);
      resolve();
    });
    try {
      start();
    } catch (thrown) {
      reject(networkError(action, thrown));
    }
  });
}
