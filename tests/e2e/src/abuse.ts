/** Abuse by volume: what strangers do to an FTP door, while somebody works there; and what is left of it afterwards. */
import { randomBytes, randomInt } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { connect as tlsConnect } from 'node:tls';
import { freePort } from '@skerry/testing/free-port';
import { Client } from 'basic-ftp';
import { adminPassword, System } from './system.ts';

export type Scale = {
  readonly connects: number;
  readonly lines: number;
  readonly slow: number;
  readonly ports: number;
  readonly logins: number;
  /** TLS handshakes that come to nothing. */
  readonly handshakes: number;
};
/** `tls`: sessions begin with it (implicit FTPS), and data connections have it. */
export type Door = { readonly port: number; readonly tls: boolean };
export const reduced: Scale = { connects: 1_000, lines: 6_000, slow: 60, ports: 150, logins: 300, handshakes: 200 };
/** Under TLS each connection costs some milliseconds of both sides. */
export const reducedTls: Scale = { connects: 200, lines: 1_000, slow: 30, ports: 60, logins: 40, handshakes: 200 };
export const full: Scale = {
  connects: 10_000,
  lines: 100_000,
  slow: 500,
  ports: 2_000,
  logins: 5_000,
  handshakes: 5_000,
};

export type Left = {
  readonly rss: number;
  /** Of {@link rss}, what is no file: the store's own pages are one, and stay as long as the system likes. */
  readonly anonymous: number;
  readonly heapUsed: number;
  readonly external: number;
  readonly resources: number;
  readonly files: number;
  readonly blocked: { readonly maxMs: number; readonly p999Ms: number; readonly p99Ms: number };
};

const loginTimeoutMs = 4_000;
/** Connections at once, in most of what follows. */
const width = 40;

/** The embedded system, with time-outs that a test can wait for, and a watch inside. */
export class Victim {
  readonly system: System;
  readonly #watch: string;
  readonly #tlsPort: number;
  private constructor(system: System, watch: string, tlsPort: number) {
    this.system = system;
    this.#watch = watch;
    this.#tlsPort = tlsPort;
  }
  static async start(folder: string): Promise<Victim> {
    const watch = join(folder, 'watch.json');
    const tlsPort = await freePort();
    const env = {
      SKERRY_FTPS_PORT: String(tlsPort),
      SKERRY_FTP_SESSIONS_PER_ADDRESS_MAX: '2000',
      SKERRY_FTP_LOGIN_TIMEOUT_MS: String(loginTimeoutMs),
      SKERRY_FTP_DATA_ACCEPT_MS: '2000',
      ABUSE_WATCH_FILE: watch,
      NODE_OPTIONS: `${process.env.NODE_OPTIONS ?? ''} --import ${join(import.meta.dirname, 'abuse-watch.mjs')}`,
    };
    const args = ['up', '--ftp-port', '0', '--passive-ports', '0-0'];
    return new Victim(await System.start(args, join(folder, 'data'), env), watch, tlsPort);
  }
  door(tls: boolean): Door {
    return { tls, port: tls ? this.#tlsPort : this.system.ftp.port };
  }
  /** After a collection of garbage. */
  async left(): Promise<Left> {
    rmSync(this.#watch, { force: true });
    process.kill(this.system.ready.pid, 'SIGUSR2');
    await until(() => existsSync(this.#watch), 20_000, 'the watch answers');
    const files = readdirSync(`/proc/${this.system.ready.pid}/fd`).length;
    const watched = JSON.parse(readFileSync(this.#watch, 'utf8')) as Omit<Left, 'files' | 'anonymous'>;
    return { ...watched, files, anonymous: this.anonymous };
  }
  /** Memory of its own, in bytes, with nothing collected for the question. */
  get anonymous(): number {
    const status = readFileSync(`/proc/${this.system.ready.pid}/status`, 'utf8');
    return Number(/^RssAnon:\s+(\d+) kB/m.exec(status)?.[1]) * 1_024;
  }
  /** Until descriptors and resources are down to those of `before`. */
  async settled(before: Left): Promise<Left> {
    let last = await this.left();
    await until(
      async () => {
        last = await this.left();
        return last.files <= before.files && last.resources <= before.resources;
      },
      30_000,
      () =>
        `back to ${before.files} descriptors and ${before.resources} resources: now ${last.files}, ${last.resources}`,
    );
    return last;
  }
}

export async function until(
  test: () => boolean | Promise<boolean>,
  limitMs: number,
  what: string | (() => string),
): Promise<void> {
  const endMs = performance.now() + limitMs;
  while (!(await test())) {
    if (performance.now() > endMs)
      throw new Error(`not within ${limitMs} ms: ${typeof what === 'string' ? what : what()}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Runs `work` for 0 to count - 1, some at once. */
async function many(count: number, work: (index: number) => Promise<void>, atOnce = width): Promise<void> {
  let next = 0;
  const runner = async (): Promise<void> => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, count) }, runner));
}

function dial({ port, tls }: Door, localAddress?: string): Socket {
  const to = { port, host: '127.0.0.1', ...(localAddress === undefined ? {} : { localAddress }) };
  const socket = tls ? tlsConnect({ ...to, rejectUnauthorized: false }) : connect(to);
  socket.on('error', () => undefined);
  return socket;
}
const raw = ({ port }: Door): Socket => dial({ port, tls: false });
const closed = (socket: Socket): Promise<void> =>
  new Promise((resolve) => {
    if (socket.closed) return resolve();
    socket.once('close', () => resolve());
    socket.resume();
  });

/** Comes and goes: at once, by a reset, after the greeting, and as the standard has it. */
export const connects = (door: Door, count: number): Promise<void> =>
  many(count, async (index) => {
    const way = index % 4;
    const socket = way === 1 ? raw(door) : dial(door);
    if (way === 0) socket.end();
    if (way === 1) socket.once('connect', () => socket.resetAndDestroy());
    if (way === 2) socket.once('data', () => socket.destroy());
    if (way === 3) socket.once('data', () => socket.end('QUIT\r\n'));
    await closed(socket);
  });

/** What a TLS record of a handshake begins with; its length promises more than ever comes. */
const recordBegun = Uint8Array.of(22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3);
/** Handshakes that come to nothing: never begun, begun, of no meaning, and commands in clear. @returns milliseconds. */
export async function handshakes(door: Door, count: number): Promise<number> {
  const beganMs = performance.now();
  const says = [new Uint8Array(0), recordBegun, randomBytes(600), Buffer.from('USER admin\r\nPASS x\r\n')];
  const all = Array.from({ length: count }, async (_, index) => {
    const socket = raw(door);
    socket.write(says[index % says.length] ?? recordBegun);
    await closed(socket);
  });
  await Promise.all(all);
  return performance.now() - beganMs;
}

const verbs = (
  'USER PASS ACCT NOOP SYST FEAT OPTS TYPE MODE STRU PWD CWD CDUP PASV EPSV PORT EPRT LIST NLST MLSD MLST SIZE MDTM MFMT ' +
  'RETR STOR STOU APPE REST ABOR ALLO DELE MKD RMD RNFR RNTO PBSZ PROT CCC HELP STAT SITE CLNT HOST LANG HASH REIN XYZZY'
).split(' ');
const withoutLineEnds = (bytes: Buffer): Buffer => Buffer.from(bytes.filter((byte) => byte !== 10 && byte !== 13));
/** Not where somebody is logged in: guesses would lock out whoever works from that address. */
const loginVerbs: ReadonlySet<string> = new Set(['USER', 'PASS', 'REIN']);
/** A verb with some argument, or bytes of no meaning. */
function randomLine(loggedIn: boolean): Buffer {
  const noise = withoutLineEnds(randomBytes(randomInt(0, 60)));
  if (randomInt(4) === 0) return Buffer.concat([noise, Buffer.from('\r\n')]);
  const drawn = verbs[randomInt(verbs.length)] ?? 'NOOP';
  const verb = loggedIn && loginVerbs.has(drawn) ? 'NOOP' : drawn;
  const words = [
    '',
    '/',
    '..',
    'a b',
    '0',
    '1',
    'I',
    'A',
    '%s%n',
    '*',
    '-la',
    '127,0,0,1,200,1',
    noise.toString('latin1'),
  ];
  return Buffer.from(`${verb} ${words[randomInt(words.length)]}\r\n`, 'latin1');
}

/** Lines of chance in sessions of 100, every other one logged in. @returns replies that came. */
export async function randomLines(door: Door, count: number): Promise<number> {
  let replies = 0;
  await many(
    Math.ceil(count / 100),
    async (index) => {
      const loggedIn = index % 2 === 0;
      const socket = dial(door, loggedIn ? '127.0.0.1' : '127.0.0.3');
      socket.on('data', (chunk: Buffer) => (replies += chunk.toString('latin1').split(/^\d{3} /m).length - 1));
      if (loggedIn) socket.write(`USER admin\r\nPASS ${adminPassword}\r\n`);
      for (let i = 0; i < 100; i++) socket.write(randomLine(loggedIn));
      socket.write('QUIT\r\n');
      await closed(socket);
    },
    20,
  );
  return replies;
}

/** A byte now and then, never a line: each is sent away when its time to log in is over. @returns last words. */
export async function slowLoris(door: Door, count: number): Promise<readonly string[]> {
  return Promise.all(
    Array.from({ length: count }, async () => {
      const socket = dial(door);
      let text = '';
      socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
      const timer = setInterval(() => socket.write('N'), 200);
      await closed(socket);
      clearInterval(timer);
      return text.trimEnd().split('\r\n').at(-1) ?? '';
    }),
  );
}

/** Strangers at one passive port, before its own client comes. */
const strangersEach = 9;
/**
 * Asks for passive ports and leaves them for others, while strangers knock at each. @returns strangers that got a byte,
 * and clients that got their listing all the same.
 */
export async function portFlood(door: Door, count: number): Promise<{ served: number; listed: number }> {
  let [served, listed] = [0, 0];
  await many(
    Math.ceil(count / 10),
    async () => {
      const socket = dial(door);
      let text = '';
      socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
      socket.write(`USER admin\r\nPASS ${adminPassword}\r\n${'EPSV\r\n'.repeat(10)}`);
      const answers = (): number => text.match(/^229 /gm)?.length ?? 0;
      await until(() => answers() >= 10 || socket.closed, 20_000, 'ten answers to EPSV');
      const passive = Number([...text.matchAll(/\|(\d+)\|/g)].at(-1)?.[1]);
      const strangers = Array.from({ length: strangersEach }, async () => {
        const stranger = dial({ port: passive, tls: false }, '127.0.0.2');
        stranger.once('data', () => (served += 1));
        await closed(stranger);
      });
      await Promise.all(strangers);
      const own = dial({ port: passive, tls: door.tls });
      socket.write('LIST\r\n');
      await closed(own);
      await until(() => /^(226|425|426) /m.test(text) || socket.closed, 20_000, 'an answer to LIST');
      if (/^226 /m.test(text)) listed += 1;
      socket.destroy();
    },
    20,
  );
  return { served, listed };
}

/** Logs in and leaves. @returns logins for each second. */
export async function logins(door: Door, count: number): Promise<number> {
  const beganMs = performance.now();
  let right = 0;
  await many(
    count,
    async () => {
      const socket = dial(door);
      let text = '';
      socket.on('data', (chunk: Buffer) => {
        text += chunk.toString();
        if (!/^(230|421|530) /m.test(text)) return;
        if (/^230 /m.test(text)) right += 1;
        socket.end();
      });
      socket.write(`USER admin\r\nPASS ${adminPassword}\r\n`);
      await closed(socket);
    },
    8,
  );
  if (right !== count) throw new Error(`${count - right} of ${count} logins failed`);
  return (count * 1_000) / (performance.now() - beganMs);
}

/** Somebody who works meanwhile: logs in, writes and reads again. */
export class Worker {
  rounds = 0;
  slowestMs = 0;
  #working = true;
  readonly #done: Promise<void>;
  readonly #file: string;
  constructor(door: Door) {
    this.#file = door.tls ? 'work-tls' : 'work';
    this.#done = this.#work(door);
    // Told by {@link stop}, not as a rejection that nobody awaits yet.
    this.#done.catch(() => undefined);
  }
  /** @throws what went wrong meanwhile. */
  async stop(): Promise<void> {
    this.#working = false;
    await this.#done;
  }
  async #work({ port, tls }: Door): Promise<void> {
    while (this.#working) {
      const beganMs = performance.now();
      const client = new Client(20_000);
      await client.access({
        host: '127.0.0.1',
        port,
        user: 'admin',
        password: adminPassword,
        ...(tls ? { secure: 'implicit', secureOptions: { rejectUnauthorized: false } } : {}),
      });
      const content = randomBytes(4_096);
      await client.uploadFrom(Readable.from([content]), this.#file);
      const parts: Buffer[] = [];
      await client.downloadTo(
        new Writable({ write: (part: Buffer, _, done) => (parts.push(part), done()) }),
        this.#file,
      );
      if (!Buffer.concat(parts).equals(content)) throw new Error('another content was read than was written');
      client.close();
      this.rounds += 1;
      this.slowestMs = Math.max(this.slowestMs, performance.now() - beganMs);
    }
  }
}
