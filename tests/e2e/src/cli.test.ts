/** The `skerry` command, as an operator and a script use it: one cluster and one embedded system for all. */
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Readable, Writable } from 'node:stream';
import { Client } from 'basic-ftp';
import { authorityOf, credentialsOf, doorsOf, sealToken, Tool } from './grpc-fixture.ts';
import {
  adminPassword,
  program,
  removeFolder,
  run,
  skerry,
  System,
  temporaryFolder,
  until,
  type Run,
} from './system.ts';

// Each test runs several commands, each a process.
jest.setTimeout(30_000);
const folder = temporaryFolder('cli');
let cluster: System;
let embedded: System;
beforeAll(async () => {
  [cluster, embedded] = await Promise.all([
    System.cluster(join(folder, 'cluster')),
    System.embedded(join(folder, 'embedded'), '--log-level', 'warn'),
  ]);
}, 60_000);
afterAll(async () => {
  await Promise.all([cluster.stop(), embedded.stop()]);
  removeFolder(folder);
}, 60_000);

async function login(system: System, user = 'admin', password = adminPassword): Promise<Client> {
  const client = new Client(15_000);
  await client.access({ ...system.ftp, user, password });
  return client;
}
/** 230 when let in, else the code of the refusal. */
async function loginCode(user: string, password: string): Promise<number> {
  try {
    (await login(embedded, user, password)).close();
    return 230;
  } catch (error) {
    return (error as { code: number }).code;
  }
}
async function download(client: Client, path: string): Promise<string> {
  let text = '';
  await client.downloadTo(new Writable({ write: (chunk, _, done) => ((text += String(chunk)), done()) }), path);
  return text;
}
const upload = (client: Client, path: string, text: string): Promise<unknown> =>
  client.uploadFrom(Readable.from([Buffer.from(text)]), path);
const lines = (text: string): string[] => text.trimEnd().split('\n');

describe('skerry cluster', () => {
  type Row = {
    name: string;
    role: string;
    state: string;
    pid: number;
    leader?: boolean;
    term?: number;
    commit?: number;
  };
  const on = (...args: readonly string[]): Promise<Run> => skerry(['cluster', ...args, '--data', cluster.data]);
  const status = async (): Promise<Record<string, Row>> => {
    const { code, stdout, stderr } = await on('status', '--json');
    expect({ code, stderr, lines: lines(stdout).length }).toEqual({ code: 0, stderr: '', lines: 1 });
    return Object.fromEntries((JSON.parse(stdout) as Row[]).map((row) => [row.name, row]));
  };

  it('status: each process, and leader, term and commit of data and auth', async () => {
    const rows = await status();
    expect(Object.keys(rows).toSorted()).toEqual(['auth_1', 'data_1', 'discovery_1', 'processing_1', 'routing_1']);
    for (const [name, row] of Object.entries(rows))
      expect(row).toMatchObject({ role: name.slice(0, -2), state: 'running', pid: expect.any(Number) });
    const replica = { leader: true, term: 1, commit: expect.any(Number), lag: 0, failureTolerance: 0 };
    expect(rows).toMatchObject({ data_1: replica, auth_1: { ...replica, commit: 2 } });
    for (const name of ['discovery_1', 'processing_1', 'routing_1']) expect(rows[name]).not.toHaveProperty('term');
    const { stdout } = await on('status');
    expect(lines(stdout)[0]).toMatch(/^node +role +state +pid +term +commit +lag +may fail/);
    expect(stdout).toMatch(/^auth_1 +auth +running +\d+ +leader +1 +2 +0 +0/m);
  });
  it('pause and resume: FTP goes on where it stood', async () => {
    const client = await login(cluster);
    expect(await on('pause', 'data_1')).toEqual({ code: 0, stdout: '', stderr: '' });
    const rows = await status();
    expect(rows['data_1']).toMatchObject({ state: 'paused' });
    expect(rows['data_1']).not.toHaveProperty('term');
    expect(rows['auth_1']).toMatchObject({ state: 'running' });
    const stored = upload(client, '/paused.txt', 'went on');
    expect((await on('resume', 'data_1')).code).toBe(0);
    await stored;
    expect(await download(client, '/paused.txt')).toBe('went on');
    expect((await status())['data_1']).toMatchObject({ state: 'running', leader: true });
    client.close();
  });
  it('kill and start: dead, then back where it was with all it had', async () => {
    const before = (await status())['data_1'];
    expect((await on('kill', 'data_1', 'processing_1')).code).toBe(0);
    const rows = await status();
    expect([rows['data_1']?.state, rows['processing_1']?.state, rows['auth_1']?.state]).toEqual([
      'dead',
      'dead',
      'running',
    ]);
    expect((await on('start', 'data_1', 'processing_1')).code).toBe(0);
    const after = (await status())['data_1'];
    // Each beginning of a leader is a record of its own.
    expect(after).toMatchObject({ state: 'running', commit: (before?.commit ?? 0) + 1 });
    expect(after?.pid).not.toBe(before?.pid);
    const client = await login(cluster);
    expect(await download(client, '/paused.txt')).toBe('went on');
    client.close();
  });
  it.each([
    ['a node that is none', ['pause', 'data_9'], 2, /^skerry: Cannot pause "data_9": nodes are discovery_1, .*\n$/],
    ['no node', ['kill'], 2, /^skerry: missing required argument 'names'\n$/],
  ])('%s is refused', async (_, args, code, stderr) => {
    expect(await on(...args)).toEqual({ code, stdout: '', stderr: expect.stringMatching(stderr) });
  });
  it('a folder without a cluster', async () => {
    const { code, stderr } = await skerry(['cluster', 'status', '--data', join(folder, 'nothing')]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^skerry: Cannot find a cluster in ".*": start one with skerry cluster up ftp .*\n$/);
  });
});

describe('skerry certs', () => {
  const data = join(folder, 'certs');
  const contents = (): string[] =>
    readdirSync(join(data, 'ca')).map((name) => readFileSync(join(data, 'ca', name), 'utf8'));

  it('init makes an authority once; a second one does not overwrite it', async () => {
    expect(await skerry(['certs', 'init', '--data', data])).toMatchObject({ code: 0, stderr: '' });
    const before = contents();
    const again = await skerry(['certs', 'init', '--data', data]);
    expect(again.code).toBe(1);
    expect(again.stderr).toMatch(/^skerry: Cannot make ".*ca": there is one, and it is kept\n$/);
    expect(contents()).toEqual(before);
  });
  it('issue makes a certificate that openssl follows to the authority', async () => {
    const issued = await skerry(['certs', 'issue', 'data_2', '--role', 'data', '--hosts', '10.0.0.12', '--data', data]);
    expect(issued).toMatchObject({ code: 0, stderr: '' });
    const certificate = join(data, 'data_2/identity/node.crt');
    const verified = await run('openssl', ['verify', '-CAfile', join(data, 'ca/ca.crt'), certificate]);
    expect(verified).toMatchObject({ code: 0, stdout: `${certificate}: OK\n` });
    const { stdout } = await run('openssl', [
      'x509',
      '-in',
      certificate,
      '-noout',
      '-subject',
      '-ext',
      'subjectAltName',
    ]);
    expect(stdout).toMatch(/CN ?= ?data_2/);
    expect(stdout).toContain('IP Address:10.0.0.12');
    const foreign = await run('openssl', ['verify', '-CAfile', join(cluster.data, 'ca/ca.crt'), certificate]);
    expect(foreign.code).not.toBe(0);
  });
  it('a node of the cluster takes the certificate that its authority issued, and none of another authority', async () => {
    const grpc = doorsOf(cluster).find(({ name }) => name === 'data_1')?.grpc ?? '';
    const { sealingKey } = await authorityOf(cluster.data);
    const token = sealToken(sealingKey, { nodeId: 'processing_9', role: 'processing' });
    const issue = async (from: string): Promise<Tool> => {
      const out = join(folder, `issued-${from === data ? 'foreign' : 'own'}`);
      const words = ['certs', 'issue', 'processing_9', '--role', 'processing', '--out', out, '--data', from];
      expect((await skerry(words)).code).toBe(0);
      const file = (name: string): string => readFileSync(join(out, name), 'utf8');
      // The foreign one trusts the cluster's authority: it is the node that must refuse.
      const caCertificate = readFileSync(join(cluster.data, 'ca/ca.crt'), 'utf8');
      const material = { caCertificate, certificate: file('node.crt'), privateKey: file('node.key') };
      return new Tool(grpc, { credentials: credentialsOf(material), token });
    };
    const [own, foreign] = [await issue(cluster.data), await issue(data)];
    expect(await own.call('skerry.data.v1.DataService', 'GetUsage', { user: 'nobody' })).toMatchObject({ code: 0 });
    await expect(foreign.list('v1')).rejects.toThrow(/UNAVAILABLE/);
    own.close();
    foreign.close();
  });
});

describe('skerry user', () => {
  const user = (args: readonly string[], input = ''): Promise<Run> =>
    skerry(['user', ...args, '--data', embedded.data], { input });

  it('add --password-stdin --json: the user, who can log in', async () => {
    const { code, stdout } = await user(
      ['add', 'ada', '--password-stdin', '--home', '/home/ada', '--json'],
      'first one\n',
    );
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ name: 'ada', home: '/home/ada', disabled: false, quotaBytes: null });
    expect([await loginCode('ada', 'first one'), await loginCode('ada', 'wrong')]).toEqual([230, 530]);
  });
  it('passwd: the new password counts, the old one no more', async () => {
    expect(await user(['passwd', 'ada', '--password-stdin'], 'second one\n')).toMatchObject({
      code: 0,
      stdout: 'new password for ada\n',
    });
    expect([await loginCode('ada', 'first one'), await loginCode('ada', 'second one')]).toEqual([530, 230]);
  });
  it('list, for people and as JSON', async () => {
    expect((await user(['list'])).stdout).toMatch(/^ada +\/home\/ada/m);
    const names = (JSON.parse((await user(['list', '--json'])).stdout) as { name: string }[]).map(({ name }) => name);
    expect(names).toEqual(['ada', 'admin']);
  });
  it('export, remove, import: the user is back with the same password', async () => {
    const { stdout } = await user(['export']);
    expect(stdout).not.toContain('second one');
    const file = join(folder, 'users.json');
    writeFileSync(file, stdout);
    expect((await user(['remove', 'ada'])).code).toBe(0);
    expect(await loginCode('ada', 'second one')).toBe(530);
    const imported = await user(['import', file, '--json']);
    expect(imported.code).toBe(0);
    expect(JSON.parse(imported.stdout)).toMatchObject({ added: 1 });
    expect(await loginCode('ada', 'second one')).toBe(230);
  });
  it('disable refuses the login, enable lets in again', async () => {
    expect((await user(['disable', 'ada'])).code).toBe(0);
    expect(await loginCode('ada', 'second one')).toBe(530);
    expect((await user(['enable', 'ada'])).code).toBe(0);
    expect(await loginCode('ada', 'second one')).toBe(230);
  });
  it.each([
    ['who is there already', ['add', 'ada', '--password', 'x'], 1, /"ada"/],
    ['who is not there', ['disable', 'nobody'], 1, /"nobody"/],
    ['without a way to a password', ['add', 'bob'], 2, /--password-stdin/],
    ['from a file that is not there', ['import', join(folder, 'no.json')], 1, /no\.json/],
  ])('%s: one clear line', async (_, args, code, stderr) => {
    const answer = await user(args);
    expect(answer).toEqual({ code, stdout: '', stderr: expect.stringMatching(stderr) });
    expect(lines(answer.stderr)).toHaveLength(1);
  });
});

describe('skerry sessions', () => {
  const sessions = (...args: readonly string[]): Promise<Run> => skerry(['sessions', ...args, '--data', embedded.data]);

  it('list tells who is there, from where, and what runs; kick ends one with 421', async () => {
    const socket = connect(embedded.ftp).setEncoding('utf8');
    let heard = '';
    const replies = createInterface({ input: socket.on('data', (text: string) => (heard += text)) })[
      Symbol.asyncIterator
    ]();
    for (const line of ['', 'USER admin', `PASS ${adminPassword}`, 'PASV', 'STOR /held.bin']) {
      if (line !== '') socket.write(`${line}\r\n`);
      // The transfer waits for its data connection: its reply 150 comes, its end does not.
      await replies.next();
    }
    type Row = Record<'sessionId' | 'user' | 'clientAddress' | 'command', string>;
    const rows = JSON.parse((await sessions('list', '--json')).stdout) as Row[];
    const own = rows.find(({ clientAddress }) => clientAddress === `127.0.0.1:${socket.localPort}`);
    expect(own).toMatchObject({ user: 'admin', command: expect.stringMatching(/^STOR/) });
    expect((await sessions('list')).stdout).toMatch(new RegExp(`^${own?.sessionId} +admin +127\\.0\\.0\\.1`, 'm'));
    const closed = once(socket, 'close');
    expect(await sessions('kick', own?.sessionId ?? '')).toMatchObject({
      code: 0,
      stdout: `ended ${own?.sessionId}\n`,
    });
    await closed;
    expect(lines(heard).at(-1)).toMatch(/^421 .*operator/i);
    const again = await sessions('kick', own?.sessionId ?? '');
    expect(again.code).toBe(1);
    expect(again.stderr).toContain(`"${own?.sessionId}": see skerry sessions list`);
  });
});

describe('the administrator', () => {
  const ignored =
    'the admin password given is ignored: there are users already, and it changes none of them ' +
    '(skerry user passwd admin does)';

  it.each([
    [
      'skerry up',
      () => embedded,
      (system: System) =>
        System.start(['up', '--ftp-port', '0', '--passive-ports', '0-0', '--log-level', 'warn'], system.data, {
          SKERRY_ADMIN_PASSWORD: 'another one',
        }),
      (system: System) => (embedded = system),
    ],
    [
      'skerry cluster up',
      () => cluster,
      (system: System) =>
        System.start(['cluster', 'up', 'ftp', '--replicas', '1'], system.data, {
          SKERRY_ADMIN_PASSWORD: 'another one',
          SKERRY_FTP_PORT: '0',
          SKERRY_PASSIVE_PORTS: '0-0',
        }),
      (system: System) => (cluster = system),
    ],
  ])(
    '%s with another password later: one line says that it is ignored',
    async (_, get, restart, set) => {
      expect(await get().stop()).toBe(0);
      const again = await restart(get());
      set(again);
      (await login(again)).close();
      await expect(login(again, 'admin', 'another one')).rejects.toMatchObject({ code: 530 });
      await until('the line', () => again.stderr.includes(ignored));
      expect(lines(again.stderr).filter((line) => line === ignored)).toHaveLength(1);
    },
    30_000,
  );
  it('skerry node auth without a password and a terminal: nothing secret is told, and what to do is', async () => {
    const data = join(folder, 'node');
    const env: NodeJS.ProcessEnv = { ...process.env };
    delete env['SKERRY_ADMIN_PASSWORD'];
    const start = async (role: string, ...more: readonly string[]) => {
      const words = ['node', role, '--id', `${role}_1`, '--data', data, '--json', ...more];
      const child = spawn(process.execPath, [program, ...words], { stdio: ['ignore', 'pipe', 'pipe'], env });
      let stderr = '';
      child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
      const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
      const { endpoints } = JSON.parse(line) as { endpoints: { grpc: string } };
      const stop = async (): Promise<string> => {
        const closed = once(child, 'close');
        child.kill('SIGTERM');
        expect((await closed)[0]).toBe(0);
        return stderr;
      };
      return { grpc: endpoints.grpc, stop };
    };
    const discovery = await start('discovery');
    const auth = await start('auth', '--join', discovery.grpc);
    // What it says to do works.
    const words = ['user', 'passwd', 'admin', '--password-stdin', '--join', discovery.grpc, '--data', data];
    expect(await skerry(words, { input: 'chosen later\n' })).toMatchObject({ code: 0, stderr: '' });
    const told = lines(await auth.stop()).filter((line) => !line.startsWith('{'));
    await discovery.stop();
    expect(told).toEqual([
      'user admin has a made-up password that nobody was shown, since standard error is no terminal: ' +
        'set one with skerry user passwd admin',
    ]);
  });
});

describe('words', () => {
  it('--help of every command exits 0 and has examples', async () => {
    const commandsOf = async (path: readonly string[]): Promise<(readonly string[])[]> => {
      const { code, stdout, stderr } = await skerry([...path, '--help']);
      expect([path, code, stderr]).toEqual([path, 0, '']);
      const names = (/^Commands:\n((?: .*\n|$)+)/m.exec(stdout)?.[1] ?? '').matchAll(/^ {2}(\S+)/gm);
      // One group of commands after the other: all at once they would be more processes than a small machine likes.
      const below: (readonly string[])[] = [];
      const width = path.length === 0 ? 1 : 4;
      for (let left = [...names]; left.length > 0; left = left.slice(width)) {
        const some = left.slice(0, width).map(([, name = '']) => commandsOf([...path, name]));
        below.push(...(await Promise.all(some)).flat());
      }
      if (below.length > 0) return below;
      expect([path, stdout]).toEqual([
        path,
        expect.stringMatching(new RegExp(`^Examples:\n(.*skerry ${path.join(' ')}.*\n)+`, 'm')),
      ]);
      return [path];
    };
    const all = (await commandsOf([])).map((path) => path.join(' '));
    expect(all).toEqual(
      expect.arrayContaining(['up', 'node data', 'user add', 'sessions kick', 'certs issue', 'cluster up']),
    );
    expect(all.length).toBeGreaterThanOrEqual(24);
  }, 180_000);
  it('a reader that has read enough ends it quietly', async () => {
    const piped = `exec 2>&1; ${process.execPath} ${program} user add --help | true; echo "\${PIPESTATUS[0]}"`;
    expect((await run('bash', ['-c', piped])).stdout).toBe('0\n');
  });
  it.each([
    ['upp', "unknown command 'upp' (Did you mean up?)"],
    ['cluster stats', "unknown command 'stats' (Did you mean status?)"],
    ['cluster status --jso', "unknown option '--jso' (Did you mean --json?)"],
    ['user add ada --passwrd x', "unknown option '--passwrd' (Did you mean --password?)"],
    ['sessions list --dta x', "unknown option '--dta' (Did you mean --data?)"],
    ['up --ftp-port 99999', 'Cannot read --ftp-port: must be an integer in [0, 65535]: got "99999"'],
    ['cluster up cassandra', 'Cannot start topology "cassandra": wanted one of ftp'],
  ])('skerry %s: exit 2, one line', async (words, line) => {
    const data = words.startsWith('cluster up') ? ['--data', join(folder, 'none')] : [];
    expect(await skerry([...words.split(' '), ...data])).toEqual({ code: 2, stdout: '', stderr: `skerry: ${line}\n` });
  });
  it('a port in use: exit 1, one line', async () => {
    const blocker = createServer().listen(0, '127.0.0.1');
    await once(blocker, 'listening');
    const { port } = blocker.address() as AddressInfo;
    const data = ['--data', join(folder, 'port'), '--log-level', 'fatal'];
    const answer = await skerry(['up', '--ftp-port', '0', '--grpc-port', String(port), ...data], {
      env: { SKERRY_ADMIN_PASSWORD: adminPassword },
    });
    blocker.close();
    expect(answer).toMatchObject({ code: 1, stdout: '' });
    expect(lines(answer.stderr)).toEqual([expect.stringContaining(`127.0.0.1:${port}`)]);
  });
});
