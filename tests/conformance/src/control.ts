/** A control connection without any politeness: bytes out, replies in. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { Mismatch } from './outcome.ts';
import { ReplyReader, type Reply } from './reply.ts';

/** Longest wait for one reply, in ms. Servers that slow a guesser down take seconds. */
const replyTimeoutMs = 12_000;
/** Characters of a line that the transcript keeps. */
const shownMax = 160;

export type ControlOptions = {
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
  /** Address of ours to come from. */
  readonly localAddress?: string | undefined;
  readonly transcript: string[];
  readonly label: string;
};

const shown = (text: string): string => {
  const quoted = JSON.stringify(text).slice(1, -1);
  return quoted.length > shownMax ? `${quoted.slice(0, shownMax)}…` : quoted;
};

export class Control {
  readonly #options: ControlOptions;
  #socket: Socket;
  #reader: ReplyReader;
  #replies: Reply[] = [];
  #wake: () => void = () => undefined;
  #failure: Error | undefined;
  #ended = false;
  /** TLS session of this connection, for data connections to resume. */
  session: Buffer | undefined;

  private constructor(socket: Socket, options: ControlOptions) {
    this.#options = options;
    this.#socket = socket;
    this.#reader = new ReplyReader((line) => this.note('<', line));
    this.#listen(socket);
  }

  static async connect(options: ControlOptions): Promise<Control> {
    const { host, port, localAddress } = options;
    const socket = connect({ host, port, ...(localAddress === undefined ? {} : { localAddress }) });
    socket.setNoDelay(true);
    await once(socket, 'connect');
    const control = new Control(socket, options);
    if (options.tls) await control.secure();
    return control;
  }

  get host(): string {
    return this.#options.host;
  }
  get localAddress(): string {
    return this.#socket.localAddress ?? '';
  }
  get remoteAddress(): string {
    return this.#socket.remoteAddress ?? '';
  }
  get secured(): boolean {
    return 'encrypted' in this.#socket;
  }
  get tlsVersion(): string {
    return this.secured ? ((this.#socket as TLSSocket).getProtocol() ?? '') : '';
  }
  /** The server has ended the connection. */
  get ended(): boolean {
    return this.#ended;
  }
  get usable(): boolean {
    return !this.#ended && !this.#socket.destroyed && this.#failure === undefined;
  }

  note(mark: string, text: string): void {
    this.#options.transcript.push(`${this.#options.label}${mark} ${shown(text)}`);
  }
  #listen(socket: Socket): void {
    socket.on('data', (chunk: Buffer) => {
      try {
        this.#replies.push(...this.#reader.push(chunk));
      } catch (thrown) {
        this.#failure ??= thrown as Error;
      }
      this.#wake();
    });
    const end = (): void => {
      if (!this.#ended) this.note('<', '[end]');
      this.#ended = true;
      this.#wake();
    };
    socket.on('end', end).on('close', end);
    socket.on('error', (error) => {
      this.note('!', error.message);
      end();
    });
  }

  /** From now on replies may hold the bytes that were sent. */
  takeAnyText(): void {
    this.#reader.lenient = true;
  }
  /** From now on Telnet's answers about options may come; gives where they are put, each verb and option. */
  takeTelnet(): readonly (readonly [verb: number, option: number])[] {
    this.#reader.telnet ??= [];
    return this.#reader.telnet;
  }
  /** Bytes as they are. */
  sendRaw(bytes: Uint8Array | string): void {
    this.note('>', Buffer.from(bytes).toString('latin1'));
    this.#socket.write(bytes);
  }
  /** One command line. */
  send(line: string | Uint8Array): void {
    this.note('>', typeof line === 'string' ? line : Buffer.from(line).toString('latin1'));
    this.#socket.write(Buffer.concat([Buffer.from(line), Buffer.from('\r\n')]));
  }
  /** The next reply; throws when there is none in time, or when it breaks the grammar. */
  async reply(timeoutMs = replyTimeoutMs): Promise<Reply> {
    const found = await this.replyOrEnd(timeoutMs);
    if (found === undefined) throw new Mismatch('a reply', 'the end of the control connection');
    return found;
  }
  /** The next reply; undefined when the server ends the connection instead. */
  async replyOrEnd(timeoutMs = replyTimeoutMs): Promise<Reply | undefined> {
    await this.#until(() => this.#replies.length > 0 || this.#ended, timeoutMs, 'a reply');
    return this.#replies.shift();
  }
  /** Resolves when the server has ended the connection. */
  async end(timeoutMs = replyTimeoutMs): Promise<void> {
    await this.#until(() => this.#ended, timeoutMs, 'the end of the control connection');
  }
  /** No reply within the time. */
  async silence(timeoutMs: number): Promise<void> {
    await this.#wait(() => this.#replies.length > 0 || this.#failure !== undefined, timeoutMs);
    const [extra] = this.#replies;
    if (extra !== undefined) throw new Mismatch('no reply yet', `${extra.code} ${extra.text}`);
  }
  async #until(done: () => boolean, timeoutMs: number, what: string): Promise<void> {
    await this.#wait(() => done() || this.#failure !== undefined, timeoutMs);
    if (this.#failure !== undefined) throw this.#failure;
    if (!done()) throw new Mismatch(what, `nothing within ${timeoutMs} ms`);
  }
  async #wait(done: () => boolean, timeoutMs: number): Promise<void> {
    const limit = Date.now() + timeoutMs;
    while (!done()) {
      const leftMs = limit - Date.now();
      if (leftMs <= 0) return;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, leftMs);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** The TLS handshake, from our side. */
  async secure(more: { readonly maxVersion?: 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3' } = {}): Promise<void> {
    const raw = this.#socket;
    for (const event of ['data', 'end', 'close', 'error']) raw.removeAllListeners(event);
    const old = more.maxVersion === 'TLSv1.1' ? { minVersion: 'TLSv1' as const, ciphers: 'DEFAULT@SECLEVEL=0' } : {};
    const socket = connectTls({ socket: raw, rejectUnauthorized: false, ...old, ...more });
    socket.on('session', (session: Buffer) => (this.session = session));
    raw.on('error', () => undefined);
    await once(socket, 'secureConnect');
    this.note('!', `[${socket.getProtocol()}]`);
    this.#socket = socket;
    this.#reader = new ReplyReader((line) => this.note('<', line));
    this.#listen(socket);
  }
  /** Ends our side only. */
  finish(): void {
    this.#socket.end();
  }
  pause(): void {
    this.#socket.pause();
  }
  resume(): void {
    this.#socket.resume();
  }
  /** Lets the connection go at once. */
  destroy(): void {
    this.#socket.destroy();
  }
}
