/** A control connection with what every case needs: questions with wanted codes, and transfers. */
import { Control, type ControlOptions } from './control.ts';
import { DataConnection, DataListener } from './data.ts';
import { Mismatch, Skip } from './outcome.ts';
import type { Reply } from './reply.ts';

/** A code, several, or a class: `'5xx'`. */
export type Wanted = number | readonly number[] | '1xx' | '2xx' | '3xx' | '4xx' | '5xx' | 'any' | 'error';
export type Way = 'PASV' | 'EPSV' | 'PORT' | 'EPRT';
export type Line = string | Uint8Array;

/** The codes by which a server says that it does not do something. */
const absentCodes = new Set([500, 502, 504, 202]);

function fits(code: number, wanted: Wanted): boolean {
  if (typeof wanted === 'number') return code === wanted;
  if (typeof wanted !== 'string') return wanted.includes(code);
  if (wanted === 'any') return true;
  if (wanted === 'error') return code >= 400 && code < 600;
  return String(code)[0] === wanted[0];
}
const shown = ({ code, text }: Reply): string => `${code} ${text.slice(0, 300)}`;
const textOf = (line: Line): string =>
  (typeof line === 'string' ? line : Buffer.from(line).toString('latin1')).slice(0, 200);

export function expectCode(reply: Reply, wanted: Wanted, what: string, pattern?: RegExp): Reply {
  const codes = Array.isArray(wanted) ? wanted.join(' or ') : String(wanted);
  if (!fits(reply.code, wanted)) throw new Mismatch(`${codes} to ${what}`, shown(reply));
  if (pattern !== undefined && !pattern.test(reply.text))
    throw new Mismatch(`${codes} with ${String(pattern)} to ${what}`, shown(reply));
  return reply;
}

/** A transfer that has begun. */
export type Transfer = { readonly data: DataConnection; readonly opening: Reply };

export class Session {
  readonly control: Control;
  readonly #closers: (() => void)[];
  /** A verb, perhaps with its first word, whose absence skips the case. */
  readonly #optional: readonly string[];
  /** Data connections are under TLS. */
  privateData = false;

  private constructor(control: Control, optional: readonly string[], closers: (() => void)[]) {
    this.control = control;
    this.#optional = optional;
    this.#closers = closers;
    closers.push(() => control.destroy());
  }
  /** @param closers gets what ends the connections of this session. */
  static async connect(
    options: ControlOptions,
    optional: readonly string[],
    closers: (() => void)[],
  ): Promise<Session> {
    return new Session(await Control.connect(options), optional, closers);
  }

  /** Sends a line, and wants one reply to it. */
  async ask(line: Line, wanted: Wanted = 'any', pattern?: RegExp): Promise<Reply> {
    this.control.send(line);
    return this.answer(textOf(line), wanted, pattern);
  }
  /** Wants the next reply. */
  async answer(what: string, wanted: Wanted = 'any', pattern?: RegExp): Promise<Reply> {
    const reply = await this.control.reply();
    if (!fits(reply.code, wanted)) this.#skipIfAbsent(what, reply);
    return expectCode(reply, wanted, what, pattern);
  }
  #skipIfAbsent(what: string, reply: Reply): void {
    const line = what.toUpperCase();
    const absent = this.#optional.some((verb) => line === verb || line.startsWith(`${verb} `));
    // Who may not use SITE at all, as vsftpd's anonymous users, is told so whatever the word.
    const barred = line.startsWith('SITE ') && reply.code === 550 && /permission denied/i.test(reply.text);
    if (absent && (absentCodes.has(reply.code) || barred)) throw new Skip(`"${what}" is answered ${shown(reply)}`);
  }

  /** The port of EPSV's or PASV's reply. */
  async passivePort(way: 'PASV' | 'EPSV' = 'EPSV'): Promise<number> {
    return (await this.passiveAddress(way)).port;
  }
  async passiveAddress(way: 'PASV' | 'EPSV'): Promise<{ readonly host: string; readonly port: number }> {
    if (way === 'EPSV') {
      const { text } = await this.ask('EPSV', 229);
      const port = /\(([!-~])\1\1(\d{1,5})\1\)/.exec(text)?.[2];
      if (port === undefined) throw new Mismatch('(|||port|) in the reply to EPSV', text);
      return { host: this.control.host, port: Number(port) };
    }
    const { text } = await this.ask('PASV', 227);
    const numbers = /(\d{1,3}),(\d{1,3}),(\d{1,3}),(\d{1,3}),(\d{1,3}),(\d{1,3})/.exec(text)?.slice(1).map(Number);
    if (numbers === undefined) throw new Mismatch('h1,h2,h3,h4,p1,p2 in the reply to PASV', text);
    const [high = 0, low = 0] = numbers.slice(4);
    return { host: numbers.slice(0, 4).join('.'), port: high * 256 + low };
  }
  async passive(way: 'PASV' | 'EPSV' = 'EPSV'): Promise<DataConnection> {
    const { host, port } = await this.passiveAddress(way);
    return this.own(await DataConnection.connect(host, port, this.control.localAddress));
  }
  own<T extends { destroy(): void }>(connection: T): T {
    this.#closers.push(() => connection.destroy());
    return connection;
  }
  async listen(): Promise<DataListener> {
    const listener = await DataListener.open(this.control.localAddress);
    this.#closers.push(() => listener.close());
    return listener;
  }
  portLine(way: 'PORT' | 'EPRT', port: number, host = this.control.localAddress): string {
    if (way === 'PORT') return `PORT ${[...host.split('.'), port >> 8, port & 0xff].join(',')}`;
    return `EPRT |${host.includes(':') ? 2 : 1}|${host}|${port}|`;
  }

  /** Begins a transfer: the data connection stands, 150 or 125 was read. */
  async begin(line: Line, way: Way = 'EPSV'): Promise<Transfer> {
    const listener = way === 'PORT' || way === 'EPRT' ? await this.listen() : undefined;
    if (listener !== undefined) await this.ask(this.portLine(way === 'PORT' ? way : 'EPRT', listener.port), 200);
    const passive = listener === undefined ? await this.passive(way === 'PASV' ? way : 'EPSV') : undefined;
    this.control.send(line);
    const opened = (async () => passive ?? this.own(await (listener as DataListener).accept()))();
    // TLS may be asked for before the 150 or after it.
    const secured = opened.then(async (data) => {
      if (this.privateData) await data.secure(this.control.session);
      return data;
    });
    secured.catch(() => undefined);
    try {
      const opening = await this.answer(textOf(line), [125, 150]);
      return { data: await secured, opening };
    } finally {
      listener?.close();
    }
  }
  /** A whole download. */
  async retrieve(line: Line, way: Way = 'EPSV'): Promise<Buffer> {
    const { data } = await this.begin(line, way);
    const bytes = await data.readAll();
    await this.answer(textOf(line), [226, 250]);
    return bytes;
  }
  /** A whole upload; gives the last reply. */
  async store(line: Line, bytes: Uint8Array | string, way: Way = 'EPSV'): Promise<Reply> {
    const { data } = await this.begin(line, way);
    if (bytes.length > 0) await data.write(bytes);
    data.end();
    return this.answer(textOf(line), [226, 250]);
  }
  /** A transfer that is refused: before it begins, or after 150 with no harm done; gives the refusing reply. */
  async refused(line: Line, wanted: Wanted = 'error', way: Way = 'EPSV'): Promise<Reply> {
    const listener = way === 'PORT' || way === 'EPRT' ? await this.listen() : undefined;
    if (listener !== undefined) await this.ask(this.portLine(way === 'PORT' ? way : 'EPRT', listener.port), 200);
    const data = listener === undefined ? await this.passive(way === 'PASV' ? way : 'EPSV') : undefined;
    const first = await this.ask(line);
    data?.destroy();
    listener?.close();
    const last = first.code >= 200 ? first : await this.answer(textOf(line));
    this.#skipIfAbsent(textOf(line), last);
    return expectCode(last, wanted, textOf(line));
  }

  async put(name: Line, bytes: Uint8Array | string): Promise<void> {
    await this.store(Buffer.concat([Buffer.from('STOR '), Buffer.from(name)]), bytes);
  }
  async get(name: Line): Promise<Buffer> {
    return this.retrieve(Buffer.concat([Buffer.from('RETR '), Buffer.from(name)]));
  }
  /** Wants these bytes at the name. */
  async holds(name: Line, bytes: Uint8Array | string): Promise<void> {
    const got = await this.get(name);
    if (got.equals(Buffer.from(bytes))) return;
    const brief = (value: Buffer): string => `${value.length} bytes ${JSON.stringify(value.toString('latin1', 0, 80))}`;
    throw new Mismatch(`${textOf(name)} to hold ${brief(Buffer.from(bytes))}`, brief(got));
  }
  async absent(name: string): Promise<void> {
    await this.refused(`RETR ${name}`, 550);
  }
  /** Lines of a listing, strictly with CR LF. */
  async lines(line: Line, way: Way = 'EPSV'): Promise<readonly string[]> {
    const text = (await this.retrieve(line, way)).toString('utf8');
    if (text === '') return [];
    if (!text.endsWith('\r\n') || /(^|[^\r])\n|\r[^\n]/.test(text))
      throw new Mismatch('lines that end with CR LF', JSON.stringify(text.slice(0, 300)));
    return text.slice(0, -2).split('\r\n');
  }
  /** Sorted, without `.` and `..`, which some servers give. */
  async names(argument = ''): Promise<readonly string[]> {
    const names = await this.lines(argument === '' ? 'NLST' : `NLST ${argument}`);
    return names.filter((name) => !/(^|\/)\.\.?$/.test(name)).toSorted();
  }
}
