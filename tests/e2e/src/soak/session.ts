/** One FTP session that never waits longer than a client would, and says of each command what became of it. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { RawFtp } from '../raw-ftp-fixture.ts';
import { adminPassword } from '../system.ts';
import { sha256 } from '../tree.ts';

export type Door = { readonly host: string; readonly port: number };
/**
 * `done`: acknowledged. `refused`: before it began, so that it has no effect. `unknown`: it may have had its effect, or
 * not, or have it yet. A code of 0: the connection went away, or nothing came in time.
 */
export type Outcome = { readonly kind: 'done' | 'refused' | 'unknown'; readonly code: number };
/** How long a client waits for one command, in milliseconds: longer than an election, shorter than a patient human. */
const patienceMs = 15_000;

/** A refusal that a retry does not mend, where nothing was wrong. */
export class Wrong extends Error {}
class Gone extends Error {}

export class Session {
  readonly #ftp: RawFtp;
  readonly #door: Door;
  #data: Socket | undefined;
  #closed = false;
  private constructor(ftp: RawFtp, door: Door) {
    this.#ftp = ftp;
    this.#door = door;
  }
  /** Undefined: not now. @throws Wrong when the password is refused. */
  static async open(door: Door): Promise<Session | undefined> {
    const socket = connect({ ...door, noDelay: true });
    socket.on('error', () => undefined);
    const timer = setTimeout(() => socket.destroy(), patienceMs);
    try {
      const session = new Session(new RawFtp(socket), door);
      for (const [line, wanted] of [
        ['', 220],
        ['USER admin', 331],
        [`PASS ${adminPassword}`, 230],
        ['TYPE I', 200],
      ] as const) {
        if (line !== '') session.#ftp.send(`${line}\r\n`);
        const { code } = await session.#ftp.reply();
        if (code >= 500) throw new Wrong(`${line.slice(0, 4)}: ${code}`);
        if (code === wanted) continue;
        socket.destroy();
        return undefined;
      }
      return session;
    } catch (thrown) {
      socket.destroy();
      if (thrown instanceof Wrong) throw thrown;
      return undefined;
    } finally {
      clearTimeout(timer);
    }
  }
  get closed(): boolean {
    return this.#closed || this.#ftp.socket.destroyed;
  }
  close(): void {
    this.#closed = true;
    this.#ftp.socket.destroy();
    this.#data?.destroy();
  }

  /** @throws Gone when the deed is not done within a client's patience; the session is over then. */
  async #patiently<T>(deed: () => Promise<T>): Promise<T> {
    const timer = setTimeout(() => this.close(), patienceMs);
    try {
      return await deed();
    } catch (thrown) {
      this.close();
      if (thrown instanceof Wrong) throw thrown;
      throw new Gone('the connection is gone', { cause: thrown });
    } finally {
      clearTimeout(timer);
    }
  }
  async #outcome(deed: () => Promise<Outcome>): Promise<Outcome> {
    try {
      return await this.#patiently(deed);
    } catch (thrown) {
      if (thrown instanceof Gone) return { kind: 'unknown', code: 0 };
      throw thrown;
    }
  }

  /** Undefined: refused for now. */
  async #open(): Promise<Socket | undefined> {
    const { code, lines } = await this.#ftp.ask('EPSV');
    if (code !== 229) return undefined;
    const socket = connect({ host: this.#door.host, port: Number(/\|\|\|(\d+)\|/.exec(lines[0] ?? '')?.[1]) });
    this.#data = socket;
    const connected = once(socket, 'connect');
    socket.on('error', () => undefined);
    await connected;
    return socket;
  }

  /** One line; 5xx that `also` names are as good as done. */
  change(line: string, also: readonly number[] = []): Promise<Outcome> {
    return this.#outcome(async () => {
      const { code, lines } = await this.#ftp.ask(line);
      if (code < 400 || also.includes(code)) return { kind: 'done', code };
      if (code >= 500) throw new Wrong(`${line}: ${lines.join(' ')}`);
      if (code === 421) this.close();
      return { kind: 'unknown', code };
    });
  }
  /** `missing`: there is nothing to rename. */
  async rename(from: string, to: string): Promise<Outcome | 'missing'> {
    const begun = await this.#outcome(async () => {
      const { code, lines } = await this.#ftp.ask(`RNFR ${from}`);
      if (code >= 500 && code !== 550) throw new Wrong(`RNFR ${from}: ${lines.join(' ')}`);
      if (code === 421) this.close();
      return { kind: code === 350 ? 'done' : 'refused', code };
    });
    if (begun.code === 550) return 'missing';
    return begun.kind === 'done' ? this.change(`RNTO ${to}`) : { kind: 'refused', code: begun.code };
  }
  /** @param slowMs between its parts, some bytes each. */
  store(line: string, bytes: Uint8Array, rest = 0, slowMs = 0): Promise<Outcome> {
    return this.#outcome(async () => {
      let begun = false;
      try {
        const socket = await this.#open();
        if (socket === undefined) return { kind: 'refused', code: 425 };
        const marked = rest === 0 ? 350 : await this.#ftp.code(`REST ${rest}`);
        if (marked >= 500) throw new Wrong(`REST ${rest}: ${marked}`);
        if (marked !== 350) {
          this.close();
          return { kind: 'refused', code: marked };
        }
        // From here on the server may have it.
        begun = true;
        const { code, lines } = await this.#ftp.ask(line);
        if (code >= 500) throw new Wrong(`${line}: ${lines.join(' ')}`);
        if (code >= 400) {
          socket.destroy();
          return { kind: 'refused', code };
        }
        await send(socket, bytes, slowMs);
        const { code: last, lines: words } = await this.#ftp.reply();
        if (last >= 500) throw new Wrong(`${line}: ${words.join(' ')}`);
        if (last === 421) this.close();
        return { kind: last < 300 ? 'done' : 'unknown', code: last };
      } catch (thrown) {
        if (thrown instanceof Wrong || begun) throw thrown;
        this.close();
        return { kind: 'refused', code: 0 };
      }
    });
  }
  /** Sends a part, and breaks both connections off. @returns whether the upload began. */
  async breakOff(line: string, bytes: Uint8Array): Promise<boolean> {
    try {
      return await this.#patiently(async () => {
        const socket = await this.#open();
        if (socket === undefined || (await this.#ftp.code(line)) !== 150) return false;
        await new Promise<void>((resolve) => {
          socket.once('close', resolve);
          socket.write(bytes, () => resolve());
        });
        return true;
      });
    } catch (thrown) {
      if (thrown instanceof Gone) return true;
      throw thrown;
    } finally {
      this.close();
    }
  }
  /** What stands there: a hash, `nothing`, `directory`; undefined: not told. */
  async read(path: string): Promise<string | undefined> {
    try {
      return await this.#patiently(async () => {
        const socket = await this.#open();
        if (socket === undefined) return undefined;
        const parts: Buffer[] = [];
        socket.on('data', (part: Buffer) => parts.push(part));
        const ended = closing(socket);
        const { code, lines } = await this.#ftp.ask(`RETR ${path}`);
        if (code !== 150) {
          socket.destroy();
          if (code === 421) this.close();
          if (code !== 550) {
            if (code >= 500) throw new Wrong(`RETR ${path}: ${lines.join(' ')}`);
            return undefined;
          }
          return /is a directory/i.test(lines.join()) ? 'directory' : 'nothing';
        }
        await ended;
        const { code: last } = await this.#ftp.reply();
        if (last === 421) this.close();
        return last < 300 ? sha256(Buffer.concat(parts)) : undefined;
      });
    } catch (thrown) {
      if (thrown instanceof Gone) return undefined;
      throw thrown;
    }
  }
  /** Undefined: not told; -1: there is nothing. */
  async size(path: string): Promise<number | undefined> {
    try {
      const { code, lines } = await this.#patiently(() => this.#ftp.ask(`SIZE ${path}`));
      if (code === 550) return -1;
      return code === 213 ? Number(lines[0]?.slice(4)) : undefined;
    } catch (thrown) {
      if (thrown instanceof Gone) return undefined;
      throw thrown;
    }
  }
  /** Names below a directory; undefined: not told. */
  async names(path: string): Promise<readonly string[] | undefined> {
    try {
      return await this.#patiently(async () => {
        const socket = await this.#open();
        if (socket === undefined) return undefined;
        const parts: Buffer[] = [];
        socket.on('data', (part: Buffer) => parts.push(part));
        const ended = closing(socket);
        if ((await this.#ftp.code(`NLST ${path}`)) !== 150) return undefined;
        await ended;
        if ((await this.#ftp.reply()).code >= 300) return undefined;
        return Buffer.concat(parts).toString().split('\r\n').filter(Boolean);
      });
    } catch (thrown) {
      if (thrown instanceof Gone) return undefined;
      throw thrown;
    }
  }
}

const closing = (socket: Socket): Promise<void> => new Promise((resolve) => socket.once('close', () => resolve()));

/** Bytes of one part of a slow upload. */
const partBytes = 128 * 1024;
async function send(socket: Socket, bytes: Uint8Array, slowMs: number): Promise<void> {
  if (slowMs > 0)
    for (let at = 0; at < bytes.length && !socket.destroyed; at += partBytes) {
      socket.write(bytes.subarray(at, at + partBytes));
      await pause(slowMs);
    }
  if (socket.destroyed) return;
  if (slowMs > 0) socket.end();
  else socket.end(bytes);
}
