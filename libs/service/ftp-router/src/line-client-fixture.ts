/** For the tests: a client that speaks lines, and what its data connections need. */
import { connect, type Socket } from 'node:net';
import { connect as tlsConnect } from 'node:tls';

const dialled: Socket[] = [];
/** A connection of a client, cut at the end of the test if it lives so long. */
export function dial(options: { port: number; localAddress?: string }): Socket {
  const socket = connect({ host: '127.0.0.1', ...options });
  socket.on('error', () => undefined);
  dialled.push(socket);
  return socket;
}

/** At the end of a test. */
export function hangUp(): void {
  for (const socket of dialled.splice(0)) socket.destroy();
}

/** A client that speaks lines. */
export class LineClient {
  socket: Socket;
  #text = '';
  #ended = false;
  #wake: () => void = () => undefined;

  private constructor(socket: Socket) {
    this.socket = socket;
    this.#watch(socket);
  }
  static async connect(port: number, options: { localAddress?: string } = {}): Promise<LineClient> {
    const socket = dial({ port, ...options });
    const client = new LineClient(socket);
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    return client;
  }
  #watch(socket: Socket): void {
    socket.on('data', (chunk) => {
      this.#text += chunk.toString();
      this.#wake();
    });
    socket.on('close', () => {
      this.#ended = true;
      this.#wake();
    });
    socket.on('error', () => undefined);
  }
  send(...lines: string[]): void {
    this.socket.write(lines.map((line) => `${line}\r\n`).join(''));
  }
  /** The next reply, whole. */
  async reply(): Promise<string> {
    for (;;) {
      const match = /^(\d{3})( .*|-[\s\S]*?^\1 .*)\r\n/m.exec(this.#text);
      if (match !== null && match.index === 0) {
        this.#text = this.#text.slice(match[0].length);
        return match[0].trimEnd();
      }
      if (this.#ended) throw new Error(`no reply: the connection is closed; left: "${this.#text}"`);
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
  async expect(code: number): Promise<string> {
    const got = await this.reply();
    if (!got.startsWith(String(code))) throw new Error(`wanted ${code}, got "${got}"`);
    return got;
  }
  async ask(line: string, code: number): Promise<string> {
    this.send(line);
    return this.expect(code);
  }
  /** Replies until the server closes. */
  async ending(): Promise<string[]> {
    const replies: string[] = [];
    try {
      for (;;) replies.push(await this.reply());
    } catch {
      return replies;
    }
  }
  async passivePort(): Promise<number> {
    const got = await this.ask('EPSV', 229);
    return Number(/\|(\d+)\|/.exec(got)?.[1]);
  }
  /** A passive data connection. */
  async data(options: { localAddress?: string } = {}): Promise<Socket> {
    const port = await this.passivePort();
    const socket = dial({ port, ...options });
    await new Promise<void>((resolve) => socket.once('connect', resolve));
    return socket;
  }
  async startTls(session?: Buffer): Promise<void> {
    const plain = this.socket;
    plain.removeAllListeners('data');
    plain.removeAllListeners('close');
    const secure = tlsConnect({ socket: plain, rejectUnauthorized: false, ...(session && { session }) });
    this.socket = secure;
    this.#watch(secure);
    await new Promise<void>((resolve, reject) => {
      secure.once('secureConnect', resolve);
      secure.once('close', () => reject(new Error('no handshake')));
    });
  }
  destroy(): void {
    this.socket.destroy();
  }
}

/** All that arrives until the end; the rest when it breaks. */
export async function received(socket: Socket): Promise<Buffer> {
  const parts: Buffer[] = [];
  socket.on('data', (part) => parts.push(part));
  await new Promise<void>((resolve) => {
    socket.once('end', resolve);
    socket.once('close', () => resolve());
  });
  return Buffer.concat(parts);
}

/** RST, as a broken connection gives it. `resetAndDestroy` sends a FIN before it. */
export function reset(socket: Socket): void {
  const owner = socket as unknown as { _handle: { reset(done: () => void): void } | null };
  owner._handle?.reset(() => {
    owner._handle = null;
    socket.destroy();
  });
}

/** Resolves when the server has closed it. */
export const dropped = (socket: Socket): Promise<void> =>
  new Promise((resolve) => {
    socket.on('error', () => undefined);
    socket.once('close', () => resolve());
    socket.resume();
  });
