/** A client that sends exactly the bytes it is told to, in clear or under TLS, and reads replies (RFC 959 §4.2). */
import { connect, type Socket } from 'node:net';
import { connect as tlsConnect } from 'node:tls';
import { adminPassword } from './system.ts';

/** Longest wait for a reply: all time-outs that these tests set are shorter. */
const replyWaitMs = 30_000;
const wholeReply = /^(\d{3})( .*|-[\s\S]*?^\1 .*)\r\n/m;

export type Peer = { readonly host: string; readonly port: number };

/** Resolves when it is connected. */
export async function dial(peer: Peer): Promise<Socket> {
  const socket = connect(peer);
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', reject);
  });
  socket.on('error', () => undefined);
  return socket;
}

/** IAC WONT or DONT and an option: the answer to an offer among random bytes. No UTF-8 text holds the byte 255. */
const telnetRefusal = /\xff[\xfc\xfe][^]/g;

export class WireClient {
  readonly #peer: Peer;
  #socket: Socket;
  #text = '';
  #closed = false;
  #wake: () => void = () => undefined;

  private constructor(peer: Peer, socket: Socket) {
    this.#peer = peer;
    this.#socket = socket;
    this.#listen(socket);
  }
  static async connect(peer: Peer): Promise<WireClient> {
    return new WireClient(peer, await dial(peer));
  }
  /** As the administrator. */
  static async login(peer: Peer): Promise<WireClient> {
    const client = await WireClient.connect(peer);
    await client.expect(220);
    await client.logIn();
    return client;
  }
  async logIn(): Promise<void> {
    await this.ask('USER admin', 331);
    await this.ask(`PASS ${adminPassword}`, 230);
    await this.ask('TYPE I', 200);
  }
  #listen(socket: Socket): void {
    socket.on('data', (chunk: Buffer) => {
      this.#text = (this.#text + chunk.toString('latin1')).replaceAll(telnetRefusal, '');
      this.#wake();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#closed = true;
      this.#wake();
    });
  }

  /** Whether the server has closed the connection. */
  get closed(): boolean {
    return this.#closed;
  }
  get socket(): Socket {
    return this.#socket;
  }
  /** Waits until the bytes are with the kernel: the server may read slowly, or have closed. */
  async write(bytes: Uint8Array | string): Promise<void> {
    if (this.#socket.destroyed || this.#socket.write(bytes)) return;
    await new Promise<void>((resolve) => {
      this.#socket.once('drain', resolve);
      this.#socket.once('close', () => resolve());
    });
  }
  /** The next reply, whole; undefined when the connection ended before one. @throws Error when none came in time. */
  async reply(): Promise<string | undefined> {
    const endMs = performance.now() + replyWaitMs;
    for (;;) {
      const match = wholeReply.exec(this.#text);
      if (match?.index === 0) {
        this.#text = this.#text.slice(match[0].length);
        return match[0].trimEnd();
      }
      if (this.#closed) return undefined;
      const leftMs = endMs - performance.now();
      if (leftMs <= 0) throw new Error(`no reply within ${replyWaitMs} ms; left: ${JSON.stringify(this.#text)}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, leftMs);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }
  /** Codes of all replies until the server closes. */
  async codesToTheEnd(): Promise<readonly number[]> {
    const codes: number[] = [];
    for (let reply = await this.reply(); reply !== undefined; reply = await this.reply())
      codes.push(Number(reply.slice(0, 3)));
    return codes;
  }
  async expect(code: number): Promise<string> {
    const reply = await this.reply();
    if (reply?.startsWith(String(code)) !== true) throw new Error(`wanted ${code}, got ${JSON.stringify(reply)}`);
    return reply;
  }
  async ask(line: string, code: number): Promise<string> {
    await this.write(`${line}\r\n`);
    return this.expect(code).catch((error: Error) => {
      throw new Error(`${line}: ${error.message}`, { cause: error });
    });
  }
  async startTls(): Promise<void> {
    await this.ask('AUTH TLS', 234);
    const plain = this.#socket;
    plain.removeAllListeners('data');
    plain.removeAllListeners('close');
    const secure = tlsConnect({ socket: plain, rejectUnauthorized: false });
    this.#socket = secure;
    this.#listen(secure);
    await new Promise<void>((resolve, reject) => {
      secure.once('secureConnect', resolve);
      secure.once('close', () => reject(new Error('no TLS handshake')));
    });
  }
  /** A passive data connection. */
  async data(): Promise<Socket> {
    const reply = await this.ask('EPSV', 229);
    return dial({ host: this.#peer.host, port: Number(/\|(\d+)\|/.exec(reply)?.[1]) });
  }
  /** Codes of the first and the last reply. */
  async store(path: string, content: Uint8Array): Promise<readonly [number, number]> {
    const socket = await this.data();
    await this.write(`STOR ${path}\r\n`);
    const opened = codeOf(await this.reply());
    socket.end(content);
    return opened >= 400 ? [opened, opened] : [opened, codeOf(await this.reply())];
  }
  async retrieve(path: string): Promise<Buffer> {
    const socket = await this.data();
    const parts: Buffer[] = [];
    socket.on('data', (part: Buffer) => parts.push(part));
    const ended = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    await this.ask(`RETR ${path}`, 150);
    await ended;
    await this.expect(226);
    return Buffer.concat(parts);
  }
  /** Of the entries of a directory, in order. */
  async names(path: string): Promise<readonly string[]> {
    const socket = await this.data();
    const parts: Buffer[] = [];
    socket.on('data', (part: Buffer) => parts.push(part));
    const ended = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    await this.ask(`NLST ${path}`, 150);
    await ended;
    await this.expect(226);
    return Buffer.concat(parts).toString().split('\r\n').filter(Boolean).toSorted();
  }
  destroy(): void {
    this.#socket.destroy();
  }
}

export const codeOf = (reply: string | undefined): number => Number(reply?.slice(0, 3));
