/**
 * Listeners for passive data connections, shared by clients from different addresses.
 *
 * A reservation is a pair (port, client address): whoever connects to the port from another address is cut, and the
 * right one is still awaited. A listener whose reservation got its connection rests, and serves a later reservation:
 * opening one costs as much as the rest of a small transfer's sockets. One that nobody came to is closed, so that whoever
 * comes late finds no listener, and not another's transfer.
 */
import { StatusError, toStatusError, type RandomBytes } from '@skerry/kernel';
import type { Address, Clock, Timer } from '@skerry/runtime-world';
import { listenStream, type StreamListener, type StreamSocket } from '@skerry/runtime-sockets';
import type { DataChannel } from './data-channel.ts';
import type { PortRange } from './settings.ts';

export type PassivePortsOptions = {
  readonly range: PortRange;
  /** Longest wait for the connection once a transfer wants it. */
  readonly acceptMs: number;
  readonly clock: Clock;
  readonly random: RandomBytes;
  /** Calls `enter` when it is known who connected: see {@link ProxyEntry.pass}. */
  readonly pass: (socket: StreamSocket, enter: (socket: StreamSocket) => void) => void;
  /** Somebody connected for whom nobody waits. */
  readonly refused: (from: Address, port: number) => void;
};

type Entry = {
  readonly key: string;
  readonly bindHost: string;
  readonly listening: Promise<StreamListener>;
  /** By client address. */
  readonly waiting: Map<string, Reservation>;
};
/** Since when an entry rests, and where it stands among those of its address. */
type Rest = { readonly sinceMs: number; at: number };

/** Open listeners for which nobody waits, at most. */
export const restingListenersMax = 256;
/** How long a listener rests before it is closed, in ms. At most twice as long. */
export const listenerRestMs = 15_000;
/** Where any port will do, one of so many resting listeners is drawn: the next port must not be guessed. */
const drawnFromCount = 32;

/** A port at which one client is awaited. */
class Reservation implements DataChannel {
  readonly #acceptMs: number;
  readonly #clock: Clock;
  readonly #release: (used: boolean) => void;
  #port = 0;
  #socket: StreamSocket | undefined;
  #arrived: ((socket: StreamSocket) => void) | undefined;
  #closed = false;

  constructor(options: PassivePortsOptions, release: (used: boolean) => void) {
    this.#acceptMs = options.acceptMs;
    this.#clock = options.clock;
    this.#release = release;
  }
  get port(): number {
    return this.#port;
  }
  boundTo(port: number): void {
    this.#port = port;
  }
  arrived(socket: StreamSocket): void {
    this.#release(true);
    if (this.#closed) return socket.destroy();
    if (this.#arrived === undefined) this.#socket = socket;
    else this.#arrived(socket);
  }
  get connected(): boolean {
    return this.#socket !== undefined;
  }
  open(signal: AbortSignal): Promise<StreamSocket> {
    const socket = this.#socket;
    this.#socket = undefined;
    if (socket !== undefined) return Promise.resolve(socket);
    return new Promise((resolve, reject) => {
      const done = (): void => {
        timer.cancel();
        signal.removeEventListener('abort', cancel);
        this.#arrived = undefined;
      };
      const fail = (error: StatusError): void => {
        done();
        this.close();
        reject(error);
      };
      const late = (): StatusError =>
        new StatusError('deadline', `No connection to port ${this.#port} within ${this.#acceptMs} ms`);
      const cancel = (): void => fail(new StatusError('cancelled', `Waiting at port ${this.#port} was cancelled`));
      const timer = this.#clock.setTimer(this.#acceptMs, () => fail(late()));
      this.#arrived = (arrived) => {
        done();
        resolve(arrived);
      };
      if (signal.aborted) cancel();
      else signal.addEventListener('abort', cancel, { once: true });
    });
  }
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#release(false);
    this.#socket?.destroy();
    this.#socket = undefined;
  }
}
export type PassiveChannel = DataChannel & { readonly port: number };

export class PassivePorts {
  readonly #options: PassivePortsOptions;
  readonly #entries = new Map<string, Entry>();
  readonly #resting = new Map<Entry, Rest>();
  /** The same by the address that they are bound to, in no order: one of them is drawn for each reservation. */
  readonly #restingAt = new Map<string, Entry[]>();
  #unbound = 0;
  #sweeping: Timer | undefined;
  #closed = false;

  constructor(options: PassivePortsOptions) {
    this.#options = options;
  }
  /** Listeners that are open or being opened, but for those that rest. */
  get listeners(): number {
    return this.#entries.size - this.#resting.size;
  }
  /** No listener rests from now on. */
  close(): void {
    this.#closed = true;
    this.#sweeping?.cancel();
    for (const entry of [...this.#resting.keys()]) this.#shut(entry);
  }
  /** A port that waits for `clientHost`. @throws StatusError `port_in_use` when every port of the range is taken. */
  async reserve(bindHost: string, clientHost: string): Promise<PassiveChannel> {
    let lastError: StatusError | undefined;
    for (const port of this.#candidates()) {
      const entry = this.#entry(bindHost, port);
      if (entry.waiting.has(clientHost)) continue;
      const reservation: Reservation = new Reservation(this.#options, (used) =>
        this.#release(entry, clientHost, reservation, used),
      );
      entry.waiting.set(clientHost, reservation);
      this.#wake(entry);
      try {
        reservation.boundTo((await entry.listening).address.port);
        return reservation;
      } catch (thrown) {
        lastError = toStatusError(thrown);
        reservation.close();
      }
    }
    const { first, last } = this.#options.range;
    throw new StatusError('port_in_use', `Cannot open a passive port: none of ${first}-${last} is free`, {
      cause: lastError,
    });
  }
  /** Every port once, from one drawn by chance: the next port must not be guessed. */
  *#candidates(): Iterable<number> {
    const { first, last } = this.#options.range;
    const count = last - first + 1;
    const start = this.#draw(count);
    for (let i = 0; i < count; i++) yield first + ((start + i) % count);
  }
  /** In [0, count). */
  #draw(count: number): number {
    const draw = this.#options.random(4);
    return (((draw[0] ?? 0) << 16) | ((draw[1] ?? 0) << 8) | (draw[2] ?? 0)) % count;
  }
  #entry(bindHost: string, port: number): Entry {
    // Any port: each reservation has a listener of its own.
    const known = port === 0 ? this.#drawResting(bindHost) : this.#entries.get(`${bindHost} ${port}`);
    const key = port === 0 ? `any ${(this.#unbound += 1)}` : `${bindHost} ${port}`;
    if (known !== undefined) return known;
    const waiting = new Map<string, Reservation>();
    const enter = (socket: StreamSocket): void => {
      const reservation = waiting.get(socket.remote.host);
      if (reservation !== undefined) return reservation.arrived(socket);
      const { port: at } = socket.local;
      socket.destroy();
      this.#options.refused(socket.remote, at);
    };
    const listening = listenStream({ host: bindHost, port }, (socket) => this.#options.pass(socket, enter));
    const entry = { key, bindHost, listening, waiting };
    this.#entries.set(key, entry);
    return entry;
  }
  #drawResting(bindHost: string): Entry | undefined {
    const fit = this.#restingAt.get(bindHost) ?? [];
    return fit.length < drawnFromCount ? undefined : fit[this.#draw(fit.length)];
  }
  #release(entry: Entry, clientHost: string, reservation: Reservation, used: boolean): void {
    if (entry.waiting.get(clientHost) !== reservation) return;
    entry.waiting.delete(clientHost);
    if (entry.waiting.size > 0) return;
    if (used && !this.#closed && this.#resting.size < restingListenersMax) this.#rest(entry);
    else this.#shut(entry);
  }
  #rest(entry: Entry): void {
    const { clock } = this.#options;
    const fit = this.#restingAt.get(entry.bindHost) ?? [];
    this.#restingAt.set(entry.bindHost, fit);
    this.#resting.set(entry, { sinceMs: clock.monotonicMs(), at: fit.length });
    fit.push(entry);
    this.#sweeping ??= clock.setTimer(listenerRestMs, () => this.#sweep());
  }
  /** It rests no more; no effect when it does not. */
  #wake(entry: Entry): void {
    const rest = this.#resting.get(entry);
    const fit = this.#restingAt.get(entry.bindHost);
    if (rest === undefined || fit === undefined) return;
    this.#resting.delete(entry);
    // The last one takes its place.
    const last = fit.pop();
    if (last !== undefined && last !== entry) {
      fit[rest.at] = last;
      const moved = this.#resting.get(last);
      if (moved !== undefined) moved.at = rest.at;
    }
    if (fit.length === 0) this.#restingAt.delete(entry.bindHost);
  }
  #sweep(): void {
    const { clock } = this.#options;
    const nowMs = clock.monotonicMs();
    for (const [entry, { sinceMs }] of [...this.#resting]) if (nowMs - sinceMs >= listenerRestMs) this.#shut(entry);
    this.#sweeping = this.#resting.size === 0 ? undefined : clock.setTimer(listenerRestMs, () => this.#sweep());
  }
  #shut(entry: Entry): void {
    this.#wake(entry);
    this.#entries.delete(entry.key);
    // A listener that never opened has told whoever reserved it.
    entry.listening.then(
      (listener) => listener.close(),
      () => undefined,
    );
  }
}
