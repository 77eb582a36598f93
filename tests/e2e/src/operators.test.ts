/** What an operator does with a running system: accounts, quotas, logs, webhooks, sessions, certificates, drain. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createHmac, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { connect as netConnect, type AddressInfo, type Socket } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as after } from 'node:timers/promises';
import { connect as tlsConnect, type TLSSocket } from 'node:tls';
import { Client } from 'basic-ftp';
import { selfSignedCertificate } from '@skerry/runtime-security';
import { adminPassword, removeFolder, run, skerry, System, temporaryFolder, until, type Run } from './system.ts';

const folder = temporaryFolder('operators');
const secret = 'a secret of many letters';
const [tlsCert, tlsKey] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
const pem = (): ReturnType<typeof selfSignedCertificate> => selfSignedCertificate({ names: ['localhost'] });
function putCertificate({ certificate, privateKey }: Awaited<ReturnType<typeof pem>>): void {
  writeFileSync(tlsKey, privateKey);
  writeFileSync(`${tlsCert}.new`, certificate);
  renameSync(`${tlsCert}.new`, tlsCert);
}

type Delivery = { readonly event: string; readonly user?: string; readonly path?: string; readonly signed: boolean };
const deliveries: Delivery[] = [];
const receiver = createServer((request, response) => {
  let text = '';
  request.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  request.on('end', () => {
    const signed = createHmac('sha256', secret).update(`${String(request.headers['skerry-timestamp'])}.${text}`);
    const body = JSON.parse(text) as Delivery;
    deliveries.push({ ...body, signed: request.headers['skerry-signature'] === `sha256=${signed.digest('hex')}` });
    response.writeHead(204).end();
  });
});

let system: System;
beforeAll(async () => {
  receiver.listen(0, '127.0.0.1');
  await once(receiver, 'listening');
  writeFileSync(join(folder, 'secret'), secret);
  putCertificate(await pem());
  system = await System.start(['up', '--ftp-port', '0', '--passive-ports', '0-0'], join(folder, 'data'), {
    SKERRY_TRANSFER_LOG: join(folder, 'xferlog'),
    SKERRY_WEBHOOK: `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/events`,
    SKERRY_WEBHOOK_SECRET_FILE: join(folder, 'secret'),
    SKERRY_TLS_CERT: tlsCert,
    SKERRY_TLS_KEY: tlsKey,
    // Only SIGHUP shall make it look.
    SKERRY_TLS_RELOAD_MS: '3600000',
    SKERRY_PASSIVE_HOST_FOR: '127.0.0.6/32=203.0.113.6',
  });
}, 40_000);
afterAll(async () => {
  await system.stop();
  receiver.close();
  removeFolder(folder);
}, 40_000);

async function operate(...args: readonly string[]): Promise<Run> {
  return skerry([...args, '--data', system.data]);
}
async function succeed(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await operate(...args);
  if (code !== 0) throw new Error(`skerry ${args.join(' ')} ended with ${code}: ${stderr}`);
  return stdout;
}
const url = (path: string): string => `ftp://${system.ftp.host}:${system.ftp.port}/${path}`;
const curl = (user: string, ...args: readonly string[]): Promise<Run> =>
  run('curl', ['-sS', '-v', '--max-time', '20', '-u', `${user}:pw`, ...args]);
const put = (user: string, text: string, path: string, ...more: readonly string[]): Promise<Run> =>
  run('curl', ['-sS', '-v', '--max-time', '20', '-u', `${user}:pw`, '-T', '-', url(path), ...more], { input: text });
const add = (name: string, ...more: readonly string[]): Promise<string> =>
  succeed('user', 'add', name, '--password', 'pw', ...more);
const records = (path: string): Record<string, unknown>[] =>
  readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
const auditLog = (): string => join(system.data, 'routing_1', 'audit.jsonl');

/** A control connection by hand. */
class Line {
  readonly socket: Socket;
  readonly #lines: AsyncIterator<string>;
  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('error', () => undefined);
    this.#lines = createInterface({ input: socket })[Symbol.asyncIterator]();
  }
  static async connect(localAddress = '127.0.0.1'): Promise<Line> {
    const socket = netConnect({ ...system.ftp, localAddress });
    await once(socket, 'connect');
    const line = new Line(socket);
    await line.reply();
    return line;
  }
  static async login(user: string, localAddress?: string): Promise<Line> {
    const line = await Line.connect(localAddress);
    await line.ask(`USER ${user}`);
    expect(await line.ask('PASS pw')).toMatch(/^230/);
    return line;
  }
  async reply(): Promise<string> {
    const { value } = (await this.#lines.next()) as { value: string | undefined };
    return value ?? '';
  }
  ask(text: string): Promise<string> {
    this.socket.write(`${text}\r\n`);
    return this.reply();
  }
  /** A passive data connection. */
  async data(): Promise<Socket> {
    const [, port = '0'] = /\|\|\|(\d+)\|/.exec(await this.ask('EPSV')) ?? [];
    const socket = netConnect({ host: system.ftp.host, port: Number(port) });
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    return socket;
  }
}

describe('accounts', () => {
  it('a group gives home, rules and quota; a user goes round through export and import', async () => {
    await succeed(
      'group',
      'add',
      'staff',
      '--home',
      '/home/%u',
      '--quota-files',
      '3',
      '--rules',
      '/home/%u/out=-write',
    );
    await add('ann', '--group', 'staff', '--sessions-max', '9');
    expect(JSON.parse(await succeed('user', 'show', 'ann', '--json'))).toMatchObject({
      home: '',
      sessionsMax: 9,
      effective: {
        home: '/home/ann',
        quotaFiles: 3,
        sessionsMax: 9,
        rules: [{ path: '/home/ann/out', deny: ['write'] }],
      },
    });
    expect(await put('ann', 'mine', 'mine.txt')).toMatchObject({ code: 0 });
    expect((await put('admin', 'x', 'x', '-u', `admin:${adminPassword}`)).code).toBe(0);
    expect((await curl('admin', '-u', `admin:${adminPassword}`, url('home/ann/mine.txt'))).stdout).toBe('mine');
    expect((await operate('group', 'remove', 'staff')).stderr).toMatch(/user "ann" is in it/);

    const file = join(folder, 'users.json');
    const exported = await succeed('user', 'export');
    writeFileSync(file, exported);
    await succeed('user', 'remove', 'ann');
    await succeed('group', 'remove', 'staff');
    const bad = JSON.parse(exported) as { users: object[] };
    bad.users.push({ name: 'not good' }, { name: 'other', passwordHash: '$2y$10$x' });
    writeFileSync(join(folder, 'bad.json'), JSON.stringify(bad));
    const refused = await operate('user', 'import', join(folder, 'bad.json'));
    expect(refused).toMatchObject({ code: 2 });
    expect(refused.stderr).toMatch(/users\[2\] \("not good"\)/);
    expect(await succeed('user', 'list')).not.toMatch(/ann/);
    expect(await succeed('user', 'import', file)).toMatch(/added 1, replaced 1; groups: added 1, replaced 0/);
    expect((await curl('ann', url('mine.txt'))).stdout).toBe('mine');
  }, 30_000);

  it('a quota is checked before and during an upload, and warned of before it is full', async () => {
    await add('quentin', '--home', '/home/quentin', '--quota-bytes', '1000', '--quota-files', '2');
    expect((await put('quentin', 'x'.repeat(500), 'a')).stderr).toMatch(/< 226 Transfer complete\.\r?\n/);
    expect((await put('quentin', 'x'.repeat(450), 'b')).stderr).toMatch(
      /< 226 Transfer complete\. Quota: 100 % used \(2 of 2 files\)\./,
    );
    expect((await put('quentin', 'x', 'c')).stderr).toMatch(/< 552 Quota exceeded/);
    expect((await put('quentin', 'x'.repeat(600), 'b')).stderr).toMatch(/< 552 Quota exceeded/);
    expect((await curl('quentin', url('b'))).stdout).toBe('x'.repeat(450));
    await until('the warning', () =>
      deliveries.some(({ event, user }) => event === 'quota_warning' && user === 'quentin'),
    );
  }, 30_000);

  it('an expired account is out, and one from another network never in', async () => {
    await Promise.all([add('eve', '--home', '/home/eve'), add('net', '--networks', '127.0.0.5')]);
    const session = await Line.login('eve');
    await succeed('user', 'modify', 'eve', '--expires', '2001-01-01');
    // The processor says the one, when the command comes first; the router the other, when it hears of it first.
    let answer = await session.ask('CWD /');
    for (let tries = 0; tries < 100 && !answer.startsWith('421'); tries++) {
      await after(100);
      answer = await session.ask('CWD /');
    }
    expect(answer).toMatch(/^421 (This account was disabled|This session is over)/);
    expect((await curl('eve', url(''))).stderr).toMatch(/< 530/);
    await succeed('user', 'modify', 'eve', '--expires', 'never');
    expect((await curl('eve', url(''))).code).toBe(0);
    expect((await curl('net', url(''))).stderr).toMatch(/< 530 Login incorrect/);
    expect((await curl('net', '--interface', '127.0.0.5', url(''))).code).toBe(0);
  }, 30_000);
});

describe('records', () => {
  it('transfer log, audit log and webhooks tell what happened, in order', async () => {
    await add('rita', '--home', '/home/rita', '--rules', '/home/rita/locked=-delete-write');
    deliveries.length = 0;
    const client = new Client(10_000);
    try {
      await client.access({ ...system.ftp, user: 'rita', password: 'pw' });
      await client.uploadFrom(tlsCert, 'cert file.pem');
      await client.rename('cert file.pem', 'b.pem');
      await client.downloadTo(join(folder, 'down'), 'b.pem');
      await client.send('MKD locked');
      await client.send('DELE locked/x', true);
      await client.remove('b.pem');
    } finally {
      client.close();
    }
    await run('curl', ['-s', '--max-time', '10', '-u', 'rita:wrong', url('')]);
    await until('all webhooks', () => deliveries.length >= 8);
    expect(deliveries).toMatchObject(
      [
        { event: 'login', user: 'rita' },
        { event: 'upload', path: '/cert file.pem' },
        { event: 'rename', path: '/cert file.pem', targetPath: '/b.pem' },
        { event: 'download', path: '/b.pem' },
        { event: 'mkdir', path: '/locked' },
        { event: 'permission_denied', path: '/locked/x' },
        { event: 'delete', path: '/b.pem' },
        { event: 'login_failed', user: 'rita' },
      ].map((each) => ({ ...each, signed: true, address: '127.0.0.1' })),
    );
    const size = readFileSync(tlsCert).length;
    const when = String.raw`^\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4} \d+ 127\.0\.0\.1 `;
    const transfers = (): readonly string[] => readFileSync(join(folder, 'xferlog'), 'utf8').trimEnd().split('\n');
    await until('both transfers', () => transfers().filter((line) => line.includes(' rita ')).length >= 2);
    const [up, down] = transfers().slice(-2);
    expect(up).toMatch(new RegExp(`${when}${size} /cert_file\\.pem b _ i r rita ftp 0 \\* c$`));
    expect(down).toMatch(new RegExp(`${when}${size} /b\\.pem b _ o r rita ftp 0 \\* c$`));
    const ofRita = (): ReturnType<typeof records> => records(auditLog()).filter(({ user }) => user === 'rita');
    await until('the last record', () => ofRita().length >= 6);
    const audit = ofRita();
    expect(audit.map(({ event }) => event)).toEqual([
      'login',
      'rename',
      'mkdir',
      'permission_denied',
      'delete',
      'login_failed',
    ]);
    // As docs/ftp-operations.md gives it to fail2ban, <HOST> written out.
    const failed = readFileSync(auditLog(), 'utf8').trimEnd().split('\n').at(-1) ?? '';
    expect(failed).toMatch(/^\{"time":"[^"]+","event":"login_failed","address":"127\.0\.0\.1"/);
    const accounts = join(system.data, 'auth_1', 'accounts.jsonl');
    const added = (): ReturnType<typeof records> =>
      records(accounts).filter(({ event, user }) => event === 'user_added' && user === 'rita');
    await until('the record of the account', () => added().length > 0);
    expect(added()).toMatchObject([{ by: expect.any(String) }]);
  }, 30_000);
});

describe('sessions', () => {
  it('are listed with their transfer, and end by user and by address', async () => {
    await add('sam', '--home', '/home/sam');
    const [one, far] = [await Line.login('sam'), await Line.login('sam', '127.0.0.6')];
    expect(await far.ask('PASV')).toMatch(/\(203,0,113,6,\d+,\d+\)/);
    expect(await one.ask('PASV')).toMatch(/\(127,0,0,1,\d+,\d+\)/);
    const data = await one.data();
    // As the user sees it, without the home.
    expect(await one.ask('STOR big')).toMatch(/^150 .* \/big\./);
    data.write('x'.repeat(100_000));
    type Shown = { clientAddress: string; command: string; path: string; transferredBytes: number; tls: boolean };
    let sessions: Shown[] = [];
    for (let tries = 0; tries < 10 && sessions.every(({ transferredBytes }) => transferredBytes < 100_000); tries++)
      sessions = JSON.parse(await succeed('sessions', 'list', '--json')) as Shown[];
    expect(sessions).toContainEqual(
      expect.objectContaining({
        user: 'sam',
        command: 'STOR big',
        path: '/big',
        transferredBytes: 100_000,
        tls: false,
      }),
    );
    expect(await succeed('sessions', 'kick', '--address', '127.0.0.6')).toBe('ended 1\n');
    expect(await far.reply()).toMatch(/^421 This session was ended/);
    expect(await succeed('sessions', 'kick', '--user', 'sam')).toBe('ended 1\n');
    expect(await one.reply()).toMatch(/^421/);
    expect(await operate('sessions', 'kick', '--user', 'sam')).toMatchObject({ code: 1 });
    expect(await operate('sessions', 'kick')).toMatchObject({ code: 2 });
  }, 30_000);
});

describe('a cluster', () => {
  it('sessions of all its routers are listed, and end together', async () => {
    const one = ['processing', 'discovery', 'data', 'auth'].map((role) => `${role}=1`);
    const replicas = ['routing=2', ...one].join(',');
    const data = join(folder, 'cluster');
    const environment = { SKERRY_FTP_PORT: '0', SKERRY_PASSIVE_PORTS: '0-0' };
    const cluster = await System.start(['cluster', 'up', 'ftp', '--replicas', replicas], data, environment);
    const clients: Client[] = [];
    try {
      type Node = { readonly role: string; readonly endpoints: Readonly<Record<string, string>> };
      const { nodes } = JSON.parse(readFileSync(join(data, 'cluster.json'), 'utf8')) as { nodes: readonly Node[] };
      for (const { endpoints } of nodes.filter(({ role }) => role === 'routing')) {
        const { hostname, port } = new URL(endpoints['ftp'] ?? '');
        const client = new Client(10_000);
        clients.push(client);
        await client.access({ host: hostname, port: Number(port), user: 'admin', password: adminPassword });
      }
      const list = await skerry(['sessions', 'list', '--json', '--data', data]);
      const sessions = JSON.parse(list.stdout) as { router: string; user: string }[];
      expect(sessions.map(({ router, user }) => `${router} ${user}`).toSorted()).toEqual([
        'routing_1 admin',
        'routing_2 admin',
      ]);
      const kick = await skerry(['sessions', 'kick', '--user', 'admin', '--json', '--data', data]);
      expect(JSON.parse(kick.stdout)).toEqual({ ended: 2 });
      for (const client of clients) await expect(client.send('NOOP')).rejects.toThrow(/421|closed/i);
    } finally {
      for (const client of clients) client.close();
      await cluster.stop();
    }
  }, 40_000);
});

describe('without a restart', () => {
  const seen = async (): Promise<string> => {
    const line = await Line.connect();
    expect(await line.ask('AUTH TLS')).toMatch(/^234/);
    const secure: TLSSocket = tlsConnect({ socket: line.socket, rejectUnauthorized: false });
    await once(secure, 'secureConnect');
    const { fingerprint256 } = secure.getPeerX509Certificate() ?? { fingerprint256: '' };
    secure.destroy();
    return fingerprint256;
  };
  it('SIGHUP takes the new certificate and opens the logs anew', async () => {
    const before = await seen();
    const next = await pem();
    putCertificate(next);
    renameSync(auditLog(), `${auditLog()}.moved`);
    expect(await seen()).toBe(before);
    system.child.kill('SIGHUP');
    await until('the new certificate', () => system.stderr.includes('tls_certificate_reloaded'));
    expect(await seen()).toBe(new X509Certificate(next.certificate).fingerprint256);
    await run('curl', ['-s', '--max-time', '10', '-u', 'admin:wrong', url('')]);
    await until('a new audit log', () => existsSync(auditLog()));
  }, 30_000);
});

describe('drain', () => {
  it('SIGTERM: idle sessions hear 421, nobody new comes in, a transfer ends, exit 0', async () => {
    await add('dora', '--home', '/home/dora');
    const [idle, busy] = [await Line.login('dora'), await Line.login('dora')];
    const data = await busy.data();
    expect(await busy.ask('STOR late')).toMatch(/^150/);
    const stopped = system.stop();
    expect(await idle.reply()).toMatch(/^421 The server shuts down/);
    const refused = netConnect(system.ftp);
    const [error] = (await once(refused, 'error')) as [NodeJS.ErrnoException];
    expect(error.code).toBe('ECONNREFUSED');
    data.end('the end');
    expect(await busy.reply()).toMatch(/^226/);
    expect(await busy.reply()).toMatch(/^421/);
    expect(await stopped).toBe(0);
  }, 30_000);

  it('a second signal ends it at once, with exit 1', async () => {
    system = await System.embedded(join(folder, 'data'));
    const line = await Line.login('dora');
    await line.data();
    await line.ask('STOR never');
    const exited = once(system.child, 'exit');
    system.child.kill('SIGTERM');
    // It has heard the first when it takes nobody any more.
    for (let open = true; open;) {
      const probe = netConnect(system.ftp);
      open = await new Promise<boolean>((resolve) =>
        probe.once('connect', () => resolve(true)).once('error', () => resolve(false)),
      );
      probe.destroy();
    }
    const secondMs = performance.now();
    system.child.kill('SIGTERM');
    expect((await exited)[0]).toBe(1);
    expect(performance.now() - secondMs).toBeLessThan(2_000);
  }, 30_000);
});
