/** For tests: FTP spoken byte by byte over sockets, with nothing of a client's own ideas. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { System } from './system.ts';

export type RawReply = { readonly code: number; readonly lines: readonly string[] };
const replyMaxMs = 20_000;

/** Reads a socket to its end. */
export async function bytesOf(socket: Socket): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of socket) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

export class RawFtp {
  readonly socket: Socket;
  #text = '';
  #wake = (): void => undefined;

  constructor(socket: Socket) {
    this.socket = socket;
    // Each octet one character: names that are no UTF-8 stay what they are.
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => {
      this.#text += text;
      this.#wake();
    });
    socket.on('close', () => this.#wake());
    socket.on('error', () => this.#wake());
  }
  static async connect({ ftp }: Pick<System, 'ftp'>): Promise<RawFtp> {
    const socket = connect({ ...ftp, noDelay: true });
    await once(socket, 'connect');
    const raw = new RawFtp(socket);
    await raw.reply();
    return raw;
  }
  static async login(system: Pick<System, 'ftp'>, user: string, password: string): Promise<RawFtp> {
    const raw = await RawFtp.connect(system);
    await raw.ask(`USER ${user}`);
    const { code } = await raw.ask(`PASS ${password}`);
    if (code !== 230) throw new Error(`login of ${user}: ${code}`);
    await raw.ask('TYPE I');
    return raw;
  }

  send(bytes: string | Uint8Array): void {
    this.socket.write(bytes);
  }
  /** The next whole reply, of one line or of several. */
  async reply(): Promise<RawReply> {
    const endMs = performance.now() + replyMaxMs;
    for (;;) {
      const found = /^(\d{3})(?: [^\r]*|-[^]*?\r\n\1 [^\r]*)\r\n/.exec(this.#text);
      if (found !== null) {
        this.#text = this.#text.slice(found[0].length);
        const lines = Buffer.from(found[0], 'latin1').toString().trimEnd().split('\r\n');
        return { code: Number(found[1]), lines };
      }
      const leftMs = endMs - performance.now();
      if (leftMs <= 0 || this.socket.closed) throw new Error(`no reply; read so far: ${JSON.stringify(this.#text)}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, leftMs);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }
  ask(line: string): Promise<RawReply> {
    this.send(`${line}\r\n`);
    return this.reply();
  }
  async code(line: string): Promise<number> {
    return (await this.ask(line)).code;
  }
  /** The codes of several lines. */
  async codes(...lines: readonly string[]): Promise<number[]> {
    const codes: number[] = [];
    for (const line of lines) codes.push(await this.code(line));
    return codes;
  }

  /** A data connection by EPSV. */
  async data(): Promise<Socket> {
    const { lines } = await this.ask('EPSV');
    const port = Number(/\|\|\|(\d+)\|/.exec(lines[0] ?? '')?.[1]);
    const socket = connect({ host: this.socket.remoteAddress ?? '', port });
    await once(socket, 'connect');
    return socket;
  }
  /** 150, all bytes, and the last reply. */
  async download(
    line: string,
  ): Promise<{ readonly bytes: Buffer; readonly begun: RawReply; readonly ended: RawReply }> {
    const data = await this.data();
    const begun = await this.ask(line);
    if (begun.code !== 150) {
      data.destroy();
      return { bytes: Buffer.alloc(0), begun, ended: begun };
    }
    const bytes = await bytesOf(data);
    return { bytes, begun, ended: await this.reply() };
  }
  async lines(line: string): Promise<string[]> {
    const { bytes } = await this.download(line);
    return bytes.toString().split('\r\n').slice(0, -1);
  }
  /** The last reply, after the data connection was ended as a client ends it. */
  async upload(line: string, bytes: Uint8Array | string): Promise<RawReply> {
    const data = await this.data();
    const begun = await this.ask(line);
    if (begun.code !== 150) {
      data.destroy();
      return begun;
    }
    data.end(bytes);
    return this.reply();
  }
  /** Sends, then breaks both connections off: what a client does that is killed. */
  async killDuring(line: string, bytes: Uint8Array): Promise<void> {
    const data = await this.data();
    const { code } = await this.ask(line);
    if (code !== 150) throw new Error(`${line}: ${code}`);
    await new Promise<void>((resolve) => data.write(bytes, () => resolve()));
    data.resume();
    // The kernel ends a killed process's sockets in any order: the worst one first.
    data.end();
    this.socket.destroy();
    await once(data, 'close');
  }
  async quit(): Promise<void> {
    await this.ask('QUIT');
    this.socket.destroy();
  }
}
