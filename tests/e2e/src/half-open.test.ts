/** Clients that connect and then are not there: the router gets its session back, and publishes nothing of theirs. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { namespacesMissing, TestNetwork } from './network-namespaces.ts';
import { metric } from './metrics-fixture.ts';
import { adminPassword, removeFolder, System, temporaryFolder, until } from './system.ts';
import { dial, WireClient } from './wire-client.ts';

const missing = namespacesMissing();
if (missing !== undefined) process.stderr.write(`clients that vanish not tried: ${missing}\n`);

/** Short, so that a test sees them pass; those that ship are minutes. */
const timeouts = {
  SKERRY_FTP_LOGIN_TIMEOUT_MS: '5000',
  SKERRY_FTP_IDLE_TIMEOUT_MS: '5000',
  SKERRY_FTP_DATA_ACCEPT_MS: '1000',
  SKERRY_FTP_DATA_STALL_MS: '1500',
};
/** All of the above one after the other, on a machine that does other things too. */
const reclaimMaxMs = 40_000;
const arguments_ = ['up', '--ftp-port', '0', '--passive-ports', '0-0'];
const folder = temporaryFolder('half-open');
afterAll(() => removeFolder(folder));

describe('a client that stays and says nothing', () => {
  let system: System;
  beforeAll(async () => {
    system = await System.start(arguments_, join(folder, 'quiet'), timeouts);
  }, 90_000);
  afterAll(() => system.kill(), 30_000);
  const sessions = (): Promise<number> => metric(system, 'skerry_ftp_sessions');

  const silences: readonly [rule: string, act: () => Promise<unknown>][] = [
    ['connects', () => dial(system.ftp)],
    [
      'stops in the middle of a line',
      async () => {
        const client = await WireClient.connect(system.ftp);
        await client.expect(220);
        await client.write('USER adm');
      },
    ],
    [
      'stops before its password',
      async () => {
        const client = await WireClient.connect(system.ftp);
        await client.expect(220);
        await client.ask('USER admin', 331);
      },
    ],
    [
      'asks for TLS and begins no handshake',
      async () => {
        const client = await WireClient.connect(system.ftp);
        await client.expect(220);
        await client.ask('AUTH TLS', 234);
      },
    ],
    [
      'stops in the middle of a command after its login',
      async () => {
        const client = await WireClient.login(system.ftp);
        await client.write('STOR /never');
      },
    ],
    [
      'opens no data connection',
      async () => {
        const client = await WireClient.login(system.ftp);
        await client.ask('EPSV', 229);
        await client.write('STOR /never\r\n');
      },
    ],
    [
      'stops in the middle of an upload',
      async () => {
        const client = await WireClient.login(system.ftp);
        const socket = await client.data();
        await client.ask('STOR /never', 150);
        socket.write(Buffer.alloc(300_000, 1));
      },
    ],
    [
      'stops reading in the middle of a download',
      async () => {
        const client = await WireClient.login(system.ftp);
        const socket = await client.data();
        socket.pause();
        await client.write('RETR /big\r\n');
      },
    ],
    [
      'reads no replies',
      async () => {
        const client = await WireClient.login(system.ftp);
        client.socket.pause();
        void client.write('STAT /\r\n'.repeat(900));
      },
    ],
  ];
  it('loses its session in time, wherever it stopped; others are served all the while', async () => {
    const other = await WireClient.login(system.ftp);
    const big = Buffer.alloc(30_000_000, 7);
    expect(await other.store('/big', big)).toEqual([150, 226]);
    let begun = false;
    const beginning = Promise.all(silences.map(([, act]) => act())).finally(() => (begun = true));
    await until('all have fallen silent', async () => {
      await other.ask('NOOP', 200);
      return begun;
    });
    await beginning;
    // In all: on a slow machine the first may be over by now.
    expect(await metric(system, 'skerry_ftp_sessions_total')).toBe(silences.length + 1);
    await until(
      'only one session is left',
      async () => {
        await other.ask('NOOP', 200);
        return (await sessions()) === 1;
      },
      reclaimMaxMs,
    );
    expect(await metric(system, 'skerry_ftp_transfers_running')).toBe(0);
    expect(await other.names('/')).toEqual(['big']);
    other.destroy();
    await until('no session is left', async () => (await sessions()) === 0);
  }, 90_000);
});

/**
 * A client for a host of its own: does what it is told until nothing more is answered. It says `there` when the work
 * is under way.
 */
const vanishing = `
const [host, port, password, phase] = process.argv.slice(1);
const { connect } = await import('node:net');
const control = connect({ host, port: Number(port) });
const lines = (await import('node:readline')).createInterface({ input: control });
control.on('error', () => undefined);
const replies = lines[Symbol.asyncIterator]();
const ask = async (line) => { control.write(line + '\\r\\n'); return (await replies.next()).value; };
const there = () => process.stdout.write('there\\n');
await replies.next();
if (phase === 'login') { await ask('USER admin'); there(); }
else {
  await ask('USER admin'); await ask('PASS ' + password); await ask('TYPE I');
  const dataPort = Number(/\\|(\\d+)\\|/.exec(await ask('EPSV'))[1]);
  const data = connect({ host, port: dataPort });
  data.on('error', () => undefined);
  await new Promise((resolve) => data.once('connect', resolve));
  if (phase === 'upload') {
    await ask('STOR /vanished');
    data.write(Buffer.alloc(5_000_000, 1), there);
    setInterval(() => data.write(Buffer.alloc(1000)), 50);
  } else {
    await ask('RETR /big');
    data.once('data', there);
    data.on('data', () => { data.pause(); setTimeout(() => data.resume(), 20); });
  }
}
setInterval(() => undefined, 1000);
`;

(missing === undefined ? describe : describe.skip)('a client that vanishes without a word', () => {
  const phases = ['login', 'upload', 'download'] as const;
  let network: TestNetwork;
  let system: System;
  const clients: ChildProcess[] = [];
  beforeAll(async () => {
    network = await TestNetwork.create(['server', 'other', ...phases], '10.203.18');
    const server = network.host('server');
    const bound = [...arguments_, '--bind', server.address];
    system = await System.start(bound, join(folder, 'vanished'), timeouts, server.through);
  }, 90_000);
  afterAll(async () => {
    for (const client of clients) client.kill('SIGKILL');
    await system.kill();
    await network.dispose();
  }, 30_000);
  const curl = async (...args: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await network.host('other').run('curl', ['-sS', '--max-time', '20', ...args]);
    if (code !== 0) throw new Error(`curl ${args.join(' ')}: ${stderr}`);
    return stdout;
  };
  const ftp = (...args: readonly string[]): Promise<string> => curl('--user', `admin:${adminPassword}`, ...args);
  const url = (path: string): string => `ftp://${system.ftp.host}:${system.ftp.port}${path}`;
  const figure = async (name: string): Promise<number> => {
    const text = await curl(`${system.ready.endpoints['metrics']}/metrics`);
    const line = text.split('\n').find((each) => each.startsWith(`${name}{`)) ?? '';
    return Number(line.slice(line.lastIndexOf(' ')));
  };
  async function begin(phase: (typeof phases)[number]): Promise<void> {
    const { host, port } = system.ftp;
    const node = [process.execPath, '--input-type=module', '-e', vanishing];
    const words = [...network.host(phase).through, ...node, host, String(port), adminPassword, phase];
    const client = spawn(words[0] ?? '', words.slice(1), { stdio: ['ignore', 'pipe', 'inherit'] });
    clients.push(client);
    await once(client.stdout, 'data');
  }

  it('during login, upload or download: its session ends, nothing is published, others are served', async () => {
    await ftp('--upload-file', process.execPath, url('/big'));
    await Promise.all(phases.map(begin));
    expect(await figure('skerry_ftp_transfers_running')).toBe(2);
    for (const phase of phases) await network.cut(phase);
    // While they hang.
    await ftp('--upload-file', join(import.meta.dirname, 'system.ts'), url('/meanwhile'));
    await until('all sessions are over', async () => (await figure('skerry_ftp_sessions')) === 0, reclaimMaxMs);
    expect(await figure('skerry_ftp_transfers_running')).toBe(0);
    const names = (await ftp('--list-only', url('/'))).trim().split(/\r?\n/);
    expect(names.toSorted()).toEqual(['big', 'meanwhile']);
    // What comes back too late finds no session to go on with.
    for (const phase of phases) await network.heal(phase);
    expect((await ftp('--list-only', url('/'))).trim().split(/\r?\n/)).toHaveLength(2);
  }, 90_000);
});
