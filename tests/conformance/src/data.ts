/** Data connections, from the client's side. */
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { Mismatch } from './outcome.ts';

/** Longest wait for the bytes of one transfer, and for a connection, in ms. */
const dataTimeoutMs = 12_000;

async function within<T>(promise: Promise<T>, what: string, timeoutMs = dataTimeoutMs): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Mismatch(what, `nothing within ${timeoutMs} ms`)), timeoutMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** An open data connection. */
export class DataConnection {
  #socket: Socket;
  /** Below TLS. */
  readonly #raw: Socket;
  #parts: Buffer[] = [];
  #size = 0;
  #wake: () => void = () => undefined;
  #over = false;
  /** Broken, not ended. */
  error: Error | undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
    this.#raw = socket;
    this.#listen(socket);
  }
  static async connect(host: string, port: number, localAddress?: string): Promise<DataConnection> {
    const socket = connect({ host, port, ...(localAddress === undefined ? {} : { localAddress }) });
    await within(once(socket, 'connect'), `a data connection to ${host} port ${port}`);
    return new DataConnection(socket);
  }

  get remoteAddress(): string {
    return this.#socket.remoteAddress ?? '';
  }
  get size(): number {
    return this.#size;
  }
  #listen(socket: Socket): void {
    // No reading before somebody asks: TLS may come first, and a slow reader must be able to be slow.
    socket.on('error', (error) => {
      this.error ??= error;
      this.#over = true;
      this.#wake();
    });
    socket.on('close', () => {
      this.#over = true;
      this.#wake();
    });
  }
  #start(): void {
    const socket = this.#socket;
    if (socket.listenerCount('data') > 0) return void socket.resume();
    socket.on('end', () => {
      this.#over = true;
      this.#wake();
    });
    socket.on('data', (chunk: Buffer) => {
      this.#parts.push(chunk);
      this.#size += chunk.length;
      this.#wake();
    });
    // One that was accepted is paused.
    socket.resume();
  }
  async secure(session: Buffer | undefined): Promise<void> {
    const raw = this.#socket;
    raw
      .removeAllListeners('error')
      .removeAllListeners('close')
      .on('error', () => undefined);
    const socket = connectTls({
      socket: raw,
      rejectUnauthorized: false,
      ...(session === undefined ? {} : { session }),
    });
    await within(once(socket, 'secureConnect'), 'a TLS handshake on the data connection');
    this.#socket = socket;
    this.#listen(socket);
  }
  /** All bytes to the end. */
  async readAll(timeoutMs = dataTimeoutMs): Promise<Buffer> {
    this.#start();
    await this.#until(() => this.#over, 'the end of the data connection', timeoutMs);
    if (this.error !== undefined) throw new Mismatch('the end of the data connection', this.error.message);
    return Buffer.concat(this.#parts);
  }
  /** At least so many bytes; then it reads no more until asked again. */
  async readSome(size: number): Promise<Buffer> {
    this.#start();
    await this.#until(() => this.#over || this.#size >= size, `${size} bytes of data`, dataTimeoutMs);
    this.#socket.pause();
    return Buffer.concat(this.#parts);
  }
  /** Resolves when the server has closed the connection, in whatever way. */
  async closed(timeoutMs = dataTimeoutMs): Promise<void> {
    this.#start();
    await this.#until(() => this.#over, 'the end of the data connection', timeoutMs);
  }
  async #until(done: () => boolean, what: string, timeoutMs: number): Promise<void> {
    const limit = Date.now() + timeoutMs;
    while (!done()) {
      const leftMs = limit - Date.now();
      if (leftMs <= 0) throw new Mismatch(what, `nothing within ${timeoutMs} ms, ${this.#size} bytes so far`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, leftMs);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }
  /** Resolves when the bytes were taken by the system. */
  async write(bytes: Uint8Array | string): Promise<void> {
    await within(new Promise<void>((resolve) => this.#socket.write(bytes, () => resolve())), 'the server to read data');
  }
  /** The ordinary end of an upload. */
  end(): void {
    this.#socket.end();
    this.#start();
  }
  /** A reset, as of a machine that vanished. */
  reset(): void {
    this.#raw.resetAndDestroy();
    this.#socket.destroy();
  }
  destroy(): void {
    this.#socket.destroy();
  }
}

/** What PORT and EPRT name. */
export class DataListener {
  readonly #server: Server;
  readonly #waiting: Socket[] = [];
  #wake: () => void = () => undefined;

  private constructor(server: Server) {
    this.#server = server;
    server.on('connection', (socket) => {
      socket.on('error', () => undefined);
      this.#waiting.push(socket);
      this.#wake();
    });
  }
  static async open(host: string): Promise<DataListener> {
    const server = createServer({ allowHalfOpen: false, pauseOnConnect: true }).listen(0, host);
    await once(server, 'listening');
    return new DataListener(server);
  }
  get port(): number {
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }
  get connections(): number {
    return this.#waiting.length;
  }
  async accept(): Promise<DataConnection> {
    if (this.#waiting.length === 0)
      await within(new Promise<void>((resolve) => (this.#wake = resolve)), 'a data connection from the server');
    return new DataConnection(this.#waiting.shift() as Socket);
  }
  close(): void {
    this.#server.close();
    for (const socket of this.#waiting) socket.destroy();
  }
}
