/** {@link StreamSocket} over node:net and node:tls. */
import { assert, concatBytes, StatusError } from '@skerry/kernel';
import { formatAddress, type Address } from '@skerry/runtime-world';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { plainAddress } from './address.ts';
import { Arrivals } from './arrivals.ts';
import { EndWatch } from './end-watch.ts';
import { withLargeReads } from './large-reads.ts';
import { lentReads } from './lent-reads.ts';
import { readIntoOwn } from './own-memory.ts';
import { nextTurn } from './turn.ts';
import type { TlsContext } from './tls-context.ts';
import { handshake, tlsServerSocket } from './tls-server.ts';
import type { StreamSocket, UpgradeOptions } from './types.ts';

/** What node:net reads at once into memory of its own: a chunk of this size tells that more is waiting. */
const ordinaryReadBytes = 64 * 1024;
/** Queued for sending, in bytes, at which a writer is told to wait: the disk reads on while the network sends. */
export const sendAheadBytes = 2 * 1024 * 1024;
/** How long a peer may take to end its side after we ended ours, in milliseconds. */
const lingerMs = 10_000;

type Waiter = { readonly resolve: (bytes: Uint8Array | undefined) => void; readonly reject: (error: Error) => void };

type IdleWatch = { readonly ms: number; readonly idle: () => void };

export class NodeStreamSocket implements StreamSocket {
  readonly whenClosed: Promise<void>;
  #remote: Address;
  // Asked of the system when somebody wants to know: of most data connections nobody does.
  #local: Address | undefined;
  #socket: Socket;
  #closed = false;
  #markClosed: () => void = () => undefined;
  #attached = false;
  // Under TLS with a strict end: an upload, read in large pieces.
  #bulk = false;
  readonly #arrivals = new Arrivals(() => this.#socket.resume());
  /** Large reads begin with the first chunk that fills an ordinary one. */
  #large = false;
  #idleWatch: IdleWatch | undefined;
  #ended = false;
  // The connection under TLS has ended; without close_notify that is a cut.
  #bareEnd = false;
  #bareEndCounts = false;
  #truncated = false;
  #handshaking = false;
  #discarding = false;
  #failure: StatusError | undefined;
  #waiter: Waiter | undefined;
  #drainWaiters: (() => void)[] = [];

  constructor(socket: Socket) {
    this.#socket = socket;
    this.#remote = plainAddress(socket.remoteAddress, socket.remotePort);
    this.whenClosed = new Promise((resolve) => (this.#markClosed = resolve));
    this.#watch(socket);
  }
  get remote(): Address {
    return this.#remote;
  }
  get local(): Address {
    this.#local ??= plainAddress(this.#socket.localAddress, this.#socket.localPort);
    return this.#local;
  }
  get secure(): boolean {
    return this.#socket instanceof TLSSocket;
  }
  get sessionReused(): boolean {
    return this.#socket instanceof TLSSocket && this.#socket.isSessionReused();
  }
  get truncated(): boolean {
    return this.#truncated;
  }
  get closed(): boolean {
    return this.#closed;
  }
  get queuedBytes(): number {
    return this.#socket.writableLength;
  }

  read(): Promise<Uint8Array | undefined> {
    assert(this.#waiter === undefined, 'one read at a time');
    this.#attach();
    const ready = this.#arrivals.take();
    if (ready !== undefined) return Promise.resolve(ready);
    // What arrived before the peer's end is the caller's, even if the connection broke after that end.
    if (this.#ended) return Promise.resolve(undefined);
    if (this.#closed || this.#failure !== undefined) return Promise.reject(this.#lost());
    return new Promise((resolve, reject) => {
      this.#waiter = { resolve, reject };
      if (this.#bareEnd) this.#judgeBareEnd();
    });
  }
  async hasArrivals(): Promise<boolean> {
    if (this.#closed) return false;
    if (!this.#attached) this.#socket.read(0);
    await nextTurn();
    await nextTurn();
    return this.#arrivals.bytes > 0 || this.#socket.readableLength > 0;
  }
  introduce(remote: Address, rest: Uint8Array): void {
    assert(!this.secure && this.#waiter === undefined, 'a proxy speaks before anybody else');
    this.#remote = remote;
    const unread = [rest, ...this.#arrivals.takeAll()];
    if (this.#closed) return;
    if (this.#ended) {
      // Nothing can be given back behind an end; TLS cannot begin any more either.
      for (const chunk of unread) if (chunk.length > 0) this.#arrivals.add(chunk);
      return;
    }
    this.#socket.pause();
    this.#socket.removeAllListeners('data');
    this.#attached = false;
    this.#socket.unshift(concatBytes(unread));
  }
  useLargeReads(): void {
    assert(!this.#attached && !this.secure, 'large reads are chosen before the first read of a plain connection');
    // Not at once: most uploads are small, and end before another socket would be worth its price.
    this.#large = true;
  }
  /** From within a read; the old socket is dead after it. */
  #enlargeReads(): void {
    this.#large = false;
    const before = this.#socket;
    for (const event of ['close', 'end', 'data', 'drain', 'timeout']) before.removeAllListeners(event);
    const socket = withLargeReads(before, (chunk) => this.#arrived(chunk));
    this.#watch(socket ?? before);
    if (socket === undefined) return this.#listen(before);
    this.#socket = socket;
    if (this.#idleWatch !== undefined) this.#armIdle(this.#idleWatch);
    socket.resume();
    // Unlike an ordinary one, a socket with its own buffers starts to read only when asked for the first time.
    socket.read(0);
  }
  write(bytes: Uint8Array, sent?: () => void): boolean {
    if (this.#closed || this.#socket.writableEnded) return false;
    if (sent === undefined) return this.#socket.write(bytes);
    return this.#socket.write(bytes, (error) => {
      if (error === undefined || error === null) sent();
    });
  }
  drained(): Promise<void> {
    if (this.#closed) return Promise.reject(this.#lost());
    if (!this.#socket.writableNeedDrain) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#drainWaiters.push(() => (this.#closed ? reject(this.#lost()) : resolve()));
    });
  }
  flushed(): Promise<void> {
    if (this.#closed) return Promise.reject(this.#lost());
    if (this.#socket.writableLength === 0) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#socket.write(new Uint8Array(0), (error) =>
        error === undefined || error === null ? resolve() : reject(this.#lost(error)),
      );
    });
  }
  watchIdle(idleMs: number, idle: () => void): void {
    this.#idleWatch = { ms: idleMs, idle };
    this.#armIdle(this.#idleWatch);
  }
  #armIdle({ ms, idle }: IdleWatch): void {
    const socket = this.#socket;
    // node:net looks at the kernel's share of a write that is under way, so a slow reader is no idle one.
    socket.on('timeout', () => {
      idle();
      if (!this.#closed) socket.setTimeout(ms);
    });
    socket.setTimeout(ms);
    void this.whenClosed.then(() => socket.setTimeout(0));
  }
  async end(): Promise<void> {
    if (this.#closed) throw this.#lost();
    if (this.#handshaking) {
      // Nothing can be said before the handshake is through, and a peer that never goes on with it would be waited for.
      this.destroy();
      throw this.#lost();
    }
    const socket = this.#socket;
    // The peer has ended, and all is with the operating system: closing says the rest, without a turn of its own.
    if (this.#ended && !this.secure && socket.writableLength === 0) return this.destroy();
    this.#discard();
    const linger = setTimeout(() => socket.destroy(), lingerMs);
    linger.unref();
    void this.whenClosed.then(() => clearTimeout(linger));
    await new Promise<void>((resolve, reject) => {
      void this.whenClosed.then(() => (socket.writableFinished ? resolve() : reject(this.#lost())));
      // The types do not say it: what was queued and could not be sent comes as an error.
      socket.end((error?: Error | null) =>
        error === undefined || error === null ? resolve() : reject(this.#lost(error)),
      );
    });
  }
  destroy(): void {
    this.#socket.destroy();
    this.#onClose();
  }

  async upgradeToTls(
    context: TlsContext,
    { deadlineMs, strictEnd = false, bareEndCounts = false, discardBuffered }: UpgradeOptions,
  ): Promise<void> {
    assert(!this.secure, 'TLS begins once');
    if (this.#closed) throw this.#lost();
    const raw = this.#socket;
    this.#handshaking = true;
    if (this.#ended) {
      this.#endedInHandshake();
      throw this.#lost();
    }
    raw.pause();
    for (const event of ['data', 'end', 'close', 'drain', 'error']) raw.removeAllListeners(event);
    raw.on('error', (error) => this.#onError(error));
    // An end that was read before TLS took over, behind what is buffered; node:tls is not told of it.
    if (!strictEnd) raw.once('end', () => this.#handshaking && this.#endedInHandshake());
    this.#arrivals.takeAll();
    while (discardBuffered && raw.readableLength > 0 && raw.read() !== null);
    this.#bulk = strictEnd;
    const under = strictEnd ? new EndWatch(raw, (whole) => this.#onBareEnd(bareEndCounts && whole)) : raw;
    const secure = tlsServerSocket(under, context, sendAheadBytes);
    this.#socket = secure;
    this.#watch(secure);
    this.#attached = false;
    await handshake(secure, {
      deadlineMs,
      whenClosed: this.whenClosed,
      lost: () => this.#lost(),
      late: () => this.#lateInHandshake(deadlineMs),
      through: () => (this.#handshaking = false),
    });
    if (this.#waiter !== undefined) this.#attach();
  }
  #lateInHandshake(deadlineMs: number): StatusError {
    this.destroy();
    const why = `no handshake within ${deadlineMs} ms`;
    return new StatusError('deadline', `Cannot begin TLS with ${formatAddress(this.remote)}: ${why}`);
  }

  #watch(socket: Socket): void {
    socket.on('error', (error) => this.#onError(error));
    socket.on('close', () => this.#onClose());
    // From the beginning: an end without bytes before it is told once, whether anybody reads yet or not.
    socket.on('end', () => this.#onEnd());
    socket.on('drain', () => this.#wakeDrainWaiters());
  }
  #attach(): void {
    if (this.#attached || this.#closed) return;
    this.#attached = true;
    const socket = this.#socket;
    if (!this.#bulk || !this.#readLent(socket)) this.#listen(socket);
    socket.resume();
  }
  #listen(socket: Socket): void {
    socket.on('data', (chunk: Uint8Array) => {
      const room = this.#arrived(chunk);
      // What a socket holds back, an end above all, would not come along to the next one.
      if (!room || socket.readableLength > 0) this.#large = false;
      if (!room) socket.pause();
      else if (this.#large && chunk.length >= ordinaryReadBytes) this.#enlargeReads();
    });
  }
  /** An upload under TLS: its records of 16 KiB one behind the other in blocks. */
  #readLent(socket: Socket): boolean {
    // What was opened before anybody read.
    for (let chunk: unknown = socket.read(); chunk instanceof Uint8Array; chunk = socket.read()) this.#arrived(chunk);
    const { end, ...memory } = lentReads((chunk) => this.#arrived(chunk));
    void this.whenClosed.then(end);
    return readIntoOwn(socket, memory);
  }
  /** False: read no more for now. */
  #arrived(chunk: Uint8Array): boolean {
    if (this.#discarding) return true;
    this.#arrivals.add(chunk);
    const waiter = this.#waiter;
    if (waiter !== undefined) {
      this.#waiter = undefined;
      waiter.resolve(this.#arrivals.take());
    }
    return this.#arrivals.hasRoom();
  }
  #discard(): void {
    this.#discarding = true;
    this.#arrivals.takeAll();
    this.#attach();
    this.#socket.resume();
  }
  #onEnd(): void {
    if (this.#handshaking) return this.#endedInHandshake();
    this.#ended = true;
    this.#waiter?.resolve(undefined);
    this.#waiter = undefined;
  }
  /** The peer's Finished can never come: no reason to wait for the deadline. */
  #endedInHandshake(): void {
    const why = 'the peer ended the connection before the handshake was through';
    this.#failure ??= new StatusError('connection_lost', `Cannot begin TLS with ${formatAddress(this.remote)}: ${why}`);
    this.destroy();
  }
  #onBareEnd(counts: boolean): void {
    this.#bareEnd = true;
    this.#bareEndCounts = counts;
    this.#judgeBareEnd();
  }
  /** All ciphertext was given to TLS a turn ago, all of its plaintext was read, and no close_notify came: a cut. */
  #judgeBareEnd(): void {
    setImmediate(() =>
      setImmediate(() => {
        // Before anybody reads, close_notify may still wait unread behind the handshake: `read` judges then.
        if (this.#ended || this.#closed) return;
        if (this.#handshaking) return this.#endedInHandshake();
        if (!this.#attached) return;
        if (this.#arrivals.bytes > 0 || this.#socket.readableLength > 0) return;
        if (this.#bareEndCounts) return this.#onEnd();
        this.#truncated = true;
        this.#failure ??= new StatusError(
          'connection_lost',
          `Connection with ${formatAddress(this.remote)} ended without TLS close_notify`,
        );
        this.destroy();
      }),
    );
  }
  #onError(error: Error): void {
    this.#failure ??= this.#lost(error);
  }
  #onClose(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (!this.#ended) this.#waiter?.reject(this.#lost());
    this.#waiter = undefined;
    this.#markClosed();
    this.#wakeDrainWaiters();
  }
  #wakeDrainWaiters(): void {
    for (const wake of this.#drainWaiters.splice(0)) wake();
  }
  #lost(cause?: Error): StatusError {
    if (this.#failure !== undefined) return this.#failure;
    const why = cause === undefined ? 'it is closed' : cause.message;
    return new StatusError('connection_lost', `Connection with ${formatAddress(this.remote)} is lost: ${why}`, {
      cause,
    });
  }
}
