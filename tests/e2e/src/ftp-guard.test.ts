import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { connect as tlsConnect } from 'node:tls';
import { freePort } from '@skerry/testing/node';
import { until } from './abuse.ts';
import { adminPassword, removeFolder, run, skerry, System, temporaryFolder } from './system.ts';

/** Asks line by line. */
class Talk {
  #socket: Socket;
  #text = '';
  constructor(socket: Socket) {
    this.#socket = socket;
    this.#listen();
  }
  static async open(port: number, localAddress = '127.0.0.1'): Promise<Talk> {
    const socket = connect({ port, host: '127.0.0.1', localAddress });
    const talk = new Talk(socket);
    await talk.reply();
    return talk;
  }
  #listen(): void {
    this.#socket.on('data', (chunk: Buffer) => (this.#text += chunk.toString()));
    this.#socket.on('error', () => undefined);
  }
  async reply(): Promise<string> {
    let found: string | undefined;
    await until(
      () => {
        const match = /^(\d{3})( .*|-[\s\S]*?^\1 .*)\r\n/m.exec(this.#text);
        if (match === null) return this.#socket.closed;
        found = match[0].trimEnd();
        this.#text = this.#text.slice(match.index + match[0].length);
        return true;
      },
      20_000,
      'a reply',
    );
    return found ?? 'closed';
  }
  ask(line: string): Promise<string> {
    this.#socket.write(`${line}\r\n`);
    return this.reply();
  }
  async codes(...lines: readonly string[]): Promise<readonly string[]> {
    const codes: string[] = [];
    for (const line of lines) codes.push((await this.ask(line)).slice(0, 3));
    return codes;
  }
  async startTls(): Promise<void> {
    await this.ask('AUTH TLS');
    this.#socket.removeAllListeners('data');
    const secure = tlsConnect({ socket: this.#socket, rejectUnauthorized: false });
    await once(secure, 'secureConnect');
    this.#socket = secure;
    this.#listen();
  }
  close(): void {
    this.#socket.destroy();
  }
}

const folder = temporaryFolder('guard');
const embedded = (name: string, env: NodeJS.ProcessEnv): Promise<System> =>
  System.start(['up', '--ftp-port', '0', '--passive-ports', '0-0'], join(folder, name), env);
const login = ['USER admin', `PASS ${adminPassword}`];
afterAll(() => removeFolder(folder));

describe('TLS required for login and data, and an implicit door', () => {
  let system: System;
  let ftpsPort: number;
  beforeAll(async () => {
    ftpsPort = await freePort();
    system = await embedded('tls', { SKERRY_FTP_TLS: 'required', SKERRY_FTPS_PORT: String(ftpsPort) });
  }, 60_000);
  afterAll(() => system.stop());
  const curl = (...args: string[]): ReturnType<typeof run> =>
    run('curl', ['-sS', '-k', '--max-time', '20', '--user', `admin:${adminPassword}`, ...args]);

  it('in clear there is no USER, and no password is asked for', async () => {
    const talk = await Talk.open(system.ftp.port);
    expect(await talk.codes('USER admin', 'PASS x', 'PWD', 'FEAT', 'NOOP')).toEqual([
      '530',
      '503',
      '530',
      '211',
      '200',
    ]);
    talk.close();
  });
  it('data in clear is refused: PROT C 534, a transfer without PROT P 521; CCC 534', async () => {
    const talk = await Talk.open(system.ftp.port);
    await talk.startTls();
    const codes = await talk.codes(...login, 'EPSV', 'LIST', 'PBSZ 0', 'PROT C', 'PROT S', 'CCC');
    expect(codes).toEqual(['331', '230', '229', '521', '200', '534', '536', '534']);
    talk.close();
  });
  it('curl with AUTH TLS works, without TLS it does not', async () => {
    const url = `ftp://127.0.0.1:${system.ftp.port}/`;
    expect((await curl('--ssl-reqd', url)).code).toBe(0);
    expect((await curl(url)).code).toBe(67);
  });
  it('curl at the implicit door works, and the ready object names it', async () => {
    const put = await run(
      'curl',
      ['-sS', '-k', '--max-time', '20', '-u', `admin:${adminPassword}`, '-T', '-', `ftps://127.0.0.1:${ftpsPort}/a`],
      { input: 'implicit' },
    );
    expect(put).toMatchObject({ code: 0, stderr: '' });
    expect((await curl(`ftps://127.0.0.1:${ftpsPort}/a`)).stdout).toBe('implicit');
    expect(system.ready.endpoints['ftps']).toBe(`ftps://127.0.0.1:${ftpsPort}`);
  });
  it.each(['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'] as const)('%s', async (version) => {
    const options = { minVersion: version, maxVersion: version, ciphers: 'ALL:@SECLEVEL=0', rejectUnauthorized: false };
    const socket = tlsConnect({ port: ftpsPort, host: '127.0.0.1', ...options });
    const outcome = await new Promise<string>((resolve) => {
      socket.once('secureConnect', () => resolve('through'));
      socket.once('error', () => resolve('refused'));
    });
    socket.destroy();
    expect(outcome).toBe(version === 'TLSv1.2' || version === 'TLSv1.3' ? 'through' : 'refused');
  });
});

describe('guessing at the door', () => {
  let system: System;
  const data = (): string => join(folder, 'guess');
  beforeAll(async () => {
    system = await embedded('guess', { SKERRY_FTP_TLS: 'off' });
  }, 60_000);
  afterAll(() => system.stop());
  async function guess(times: number, localAddress: string): Promise<void> {
    for (let i = 0; i < times;) {
      const talk = await Talk.open(system.ftp.port, localAddress);
      // Five in each connection, then it ends.
      for (let each = 0; each < 5 && i < times; each++, i++) await talk.codes('USER admin', `PASS guess ${i}`);
      talk.close();
    }
  }
  async function mayLogIn(localAddress: string): Promise<boolean> {
    const talk = await Talk.open(system.ftp.port, localAddress);
    const codes = await talk.codes(...login);
    talk.close();
    return codes[1] === '230';
  }
  it('is slowed down, locks out the guesser and nobody else; an operator forgives', async () => {
    const beganMs = performance.now();
    await guess(10, '127.0.0.66');
    // 125 + 250 + 500 + 1000 + 2000 + 2000 + 2000 ms, less what the hashes take.
    expect(performance.now() - beganMs).toBeGreaterThan(4_000);
    expect(await mayLogIn('127.0.0.66')).toBe(false);
    expect(await mayLogIn('127.0.0.1')).toBe(true);
    const unlocked = await skerry(['user', 'unlock', 'admin', '--address', '127.0.0.66', '--data', data()]);
    expect(unlocked).toMatchObject({ code: 0, stdout: 'unlocked admin at 127.0.0.66\n' });
    expect(await mayLogIn('127.0.0.66')).toBe(true);
    expect(await skerry(['user', 'unlock', '--data', data()])).toMatchObject({ code: 2 });
  }, 60_000);
  it('leaves lines that the filter of docs/ftp-security.md finds', async () => {
    const audit = join(data(), 'routing_1', 'audit.jsonl');
    const text = readFileSync(join(import.meta.dirname, '../../../docs/ftp-security.md'), 'utf8');
    const filter = /^failregex = (.*)$/m.exec(text)?.[1] ?? '';
    const pattern = new RegExp(filter.replace('<HOST>', '(?<host>[0-9a-fA-F.:]+)'), 'm');
    await until(() => existsSync(audit) && pattern.test(readFileSync(audit, 'utf8')), 10_000, 'a line');
    const line = readFileSync(audit, 'utf8')
      .split('\n')
      .find((each) => pattern.test(each));
    expect(pattern.exec(line ?? '')?.groups?.['host']).toBe('127.0.0.66');
  });
  it('TLS is not offered where it is off', async () => {
    const talk = await Talk.open(system.ftp.port);
    expect(await talk.codes('AUTH TLS')).toEqual(['502']);
    expect(await talk.ask('FEAT')).not.toContain('AUTH');
    talk.close();
  });
  it('a user has as many sessions as were said, and the next login gets 421', async () => {
    const added = await skerry(['user', 'add', 'ann', '--password', 'pw', '--sessions-max', '2', '--data', data()]);
    expect(added.code).toBe(0);
    const asAnn = ['USER ann', 'PASS pw'];
    const [first, second, third] = [
      await Talk.open(system.ftp.port),
      await Talk.open(system.ftp.port),
      await Talk.open(system.ftp.port),
    ];
    expect(await first.codes(...asAnn)).toEqual(['331', '230']);
    expect(await second.codes(...asAnn)).toEqual(['331', '230']);
    expect(await third.codes(...asAnn)).toEqual(['331', '421']);
    first.close();
    const fourth = await Talk.open(system.ftp.port);
    expect(await fourth.codes(...asAnn)).toEqual(['331', '230']);
    for (const talk of [second, fourth]) talk.close();
  }, 30_000);
});

describe('three routers', () => {
  const data = join(folder, 'cluster');
  let system: System;
  let ports: readonly number[];
  beforeAll(async () => {
    const replicas = 'routing=3,processing=1,data=1,auth=1,discovery=1';
    system = await System.start(['cluster', 'up', 'ftp', '--replicas', replicas], data, {
      SKERRY_FTP_PORT: '0',
      SKERRY_PASSIVE_PORTS: '0-0',
    });
    type Nodes = { nodes: readonly { role: string; endpoints: Readonly<Record<string, string>> }[] };
    const { nodes } = JSON.parse(readFileSync(join(data, 'cluster.json'), 'utf8')) as Nodes;
    const doors = nodes.filter(({ role }) => role === 'routing').map(({ endpoints }) => endpoints['ftp'] ?? '');
    ports = doors.map((url) => Number(new URL(url).port));
    const added = await skerry(['user', 'add', 'ann', '--password', 'pw', '--sessions-max', '2', '--data', data]);
    expect(added).toMatchObject({ code: 0 });
  }, 90_000);
  afterAll(() => system.stop());
  const talkAt = (router: number, localAddress?: string): Promise<Talk> => Talk.open(ports[router] ?? 0, localAddress);

  it('count the sessions of a user together', async () => {
    const [first, second, third] = [await talkAt(0), await talkAt(1), await talkAt(2)];
    const asAnn = ['USER ann', 'PASS pw'];
    expect(await first.codes(...asAnn)).toEqual(['331', '230']);
    expect(await second.codes(...asAnn)).toEqual(['331', '230']);
    expect(await third.codes(...asAnn)).toEqual(['331', '421']);
    expect(await second.codes('QUIT')).toEqual(['221']);
    const fourth = await talkAt(2);
    expect(await fourth.codes(...asAnn)).toEqual(['331', '230']);
    for (const talk of [first, fourth]) talk.close();
  }, 30_000);
  it('share failed logins: guesses at two of them lock the guesser out at the third', async () => {
    for (let i = 0; i < 10; i++) {
      const talk = await talkAt(i % 2, '127.0.0.66');
      await talk.codes('USER admin', `PASS guess ${i}`);
      talk.close();
    }
    const [there, elsewhere] = [await talkAt(2, '127.0.0.66'), await talkAt(2)];
    expect(await there.codes(...login)).toEqual(['331', '530']);
    expect(await elsewhere.codes(...login)).toEqual(['331', '230']);
    for (const talk of [there, elsewhere]) talk.close();
  }, 60_000);
});
