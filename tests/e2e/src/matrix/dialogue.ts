/**
 * For the clients that cannot run here: their commands, in their order, over sockets. Under TLS each data connection
 * must resume the control connection's session and end with close_notify, as FileZilla demands.
 */
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { connect as tlsConnect } from 'node:tls';
import { RawFtp, type RawReply } from '../raw-ftp-fixture.ts';
import type { Entrance } from './stage.ts';

/** How an alert's record of TLS 1.3 begins: it holds 2 bytes, their type and a tag of 16 (RFC 8446 §5.2). */
const lastAlert = Buffer.from([0x17, 0x03, 0x03, 0x00, 0x13]);
const lastAlertBytes = lastAlert.length + 19;

/** Carries a socket's bytes, and remembers the last that came: TLS itself does not tell how it ended. */
class Tap extends Duplex {
  readonly #socket: Socket;
  #tail = Buffer.alloc(0);

  constructor(socket: Socket) {
    super();
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.#tail = Buffer.from(Buffer.concat([this.#tail, chunk]).subarray(-lastAlertBytes));
      if (!this.push(chunk)) socket.pause();
    });
    socket.on('end', () => this.push(null));
    socket.on('error', (error) => this.destroy(error));
  }
  get endedWell(): boolean {
    return this.#tail.subarray(0, lastAlert.length).equals(lastAlert);
  }
  override _read(): void {
    this.#socket.resume();
  }
  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#socket.write(chunk, done);
  }
  override _final(done: () => void): void {
    this.#socket.end(done);
  }
  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#socket.destroy();
    done(error);
  }
}

type Data = { readonly socket: Socket; readonly endedWell: () => boolean };
type Open = () => Promise<Data>;

export class Dialogue {
  readonly door: Entrance;
  #ftp: RawFtp;
  #session: Buffer | undefined;
  #protected = false;

  private constructor(door: Entrance, ftp: RawFtp) {
    this.door = door;
    this.#ftp = ftp;
  }
  /** Connected and greeted. */
  static async connect(door: Entrance): Promise<Dialogue> {
    const plain = connect({ host: door.host, port: door.port, noDelay: true });
    await once(plain, 'connect');
    const dialogue = new Dialogue(door, new RawFtp(plain));
    if (door.security === 'implicit') {
      await dialogue.#secure();
      dialogue.#protected = true;
    }
    await dialogue.#ftp.reply();
    return dialogue;
  }
  async #secure(): Promise<void> {
    const plain = this.#ftp.socket;
    for (const event of ['data', 'close', 'error']) plain.removeAllListeners(event);
    const secure = tlsConnect({ socket: plain, rejectUnauthorized: false });
    secure.on('session', (session: Buffer) => (this.#session = session));
    await once(secure, 'secureConnect');
    this.#ftp = new RawFtp(secure);
  }

  send(line: string): void {
    this.#ftp.send(Buffer.from(`${line}\r\n`));
  }
  reply(): Promise<RawReply> {
    return this.#ftp.reply();
  }
  /** @throws Error when the reply has another code. */
  async ask(line: string, code: number): Promise<string> {
    this.send(line);
    return this.expect(line, code);
  }
  async expect(what: string, code: number): Promise<string> {
    const { code: got, lines } = await this.#ftp.reply();
    if (got !== code) throw new Error(`${what}: wanted ${code}, got ${lines.join(' / ')}`);
    return lines.join('\n');
  }
  async authTls(): Promise<void> {
    await this.ask('AUTH TLS', 234);
    await this.#secure();
  }
  async protect(): Promise<void> {
    await this.ask('PBSZ 0', 200);
    await this.ask('PROT P', 200);
    this.#protected = true;
  }

  /** PASV or EPSV, PORT or EPRT, as the door says. */
  async #prepare(): Promise<Open> {
    const { host, active } = this.door;
    const six = host.includes(':');
    if (active) {
      const server = createServer().listen(0, host);
      await once(server, 'listening');
      const { port } = server.address() as { port: number };
      const numbers = [...host.split('.'), port >> 8, port & 255].join(',');
      await this.ask(six ? `EPRT |2|${host}|${port}|` : `PORT ${numbers}`, 200);
      return () => this.#accept(server);
    }
    const told = six ? await this.ask('EPSV', 229) : await this.ask('PASV', 227);
    const numbers = [...(/\((.*)\)/.exec(told)?.[1] ?? '').matchAll(/\d+/g)].map(([digits]) => Number(digits));
    const [high = 0, low = 0] = numbers.slice(-2);
    if (!six && numbers.slice(0, 4).join('.') !== host) throw new Error(`another address: ${told}`);
    const socket = connect({ host, port: six ? low || high : high * 256 + low, noDelay: true });
    await once(socket, 'connect');
    return () => this.#wrap(socket);
  }
  async #accept(server: Server): Promise<Data> {
    const [socket] = (await once(server, 'connection')) as [Socket];
    server.close();
    return this.#wrap(socket);
  }
  async #wrap(socket: Socket): Promise<Data> {
    if (!this.#protected) return { socket, endedWell: () => true };
    if (this.#session === undefined) await once(this.#ftp.socket, 'session');
    const tap = new Tap(socket);
    const session = this.#session;
    const secure = tlsConnect({ socket: tap, ...(session && { session }), rejectUnauthorized: false });
    await once(secure, 'secureConnect');
    if (!secure.isSessionReused()) throw new Error('the data connection did not resume the TLS session');
    return { socket: secure, endedWell: () => tap.endedWell };
  }

  /** Text or bytes of a listing or a file, by passive or active data. @param onBegun while the data flows. */
  async download(line: string, rest = 0, onBegun?: () => Promise<void>): Promise<Buffer> {
    const open = await this.#prepare();
    if (rest > 0) await this.ask(`REST ${rest}`, 350);
    await this.ask(line, 150);
    const { socket, endedWell } = await open();
    if (onBegun !== undefined) await onBegun();
    const parts: Buffer[] = [];
    for await (const part of socket) parts.push(part as Buffer);
    await this.expect(line, 226);
    if (!endedWell()) throw new Error(`${line}: data ended without close_notify`);
    return Buffer.concat(parts);
  }
  async upload(line: string, bytes: Uint8Array, rest = 0): Promise<void> {
    const open = await this.#prepare();
    if (rest > 0) await this.ask(`REST ${rest}`, 350);
    await this.ask(line, 150);
    const { socket } = await open();
    socket.on('error', () => undefined);
    socket.end(bytes);
    socket.resume();
    await this.expect(line, 226);
  }
  /** Closes the data connection in the midst; the codes that come for it. */
  async breakOff(line: string): Promise<readonly number[]> {
    const open = await this.#prepare();
    await this.ask(line, 150);
    const { socket } = await open();
    await once(socket, 'data');
    this.send('ABOR');
    socket.destroy();
    const codes = [(await this.reply()).code];
    if (codes[0] !== 226) codes.push((await this.reply()).code);
    return codes;
  }
  async quit(): Promise<void> {
    await this.ask('QUIT', 221);
    this.#ftp.socket.destroy();
  }
  destroy(): void {
    this.#ftp.socket.destroy();
  }
}
