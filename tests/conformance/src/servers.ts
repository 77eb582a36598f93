/**
 * Servers to look at, each on a free port of loopback with a made-up configuration and user: ours, and three of Debian's.
 *
 * Nothing is installed here. Debian lets one FTP server be installed at a time; the others may be unpacked into a folder
 * (`apt-get download`, `dpkg -x`), which SKERRY_PEERS names.
 */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { freePort } from '@skerry/testing/free-port';
import type { Target } from './target.ts';

const root = join(import.meta.dirname, '../../..');
const user = 'conformance';
const password = 'conformance-password';
/** Whom peers serve as; they begin as root, as they do in the field. */
const nobody = { uid: 65_534, gid: 65_534 };
const startTimeoutMs = 60_000;

export type Loopback = '127.0.0.1' | '::1';
export type Server = {
  readonly target: Target;
  /** Where sessions begin with TLS; absent: nowhere. */
  readonly implicitPort?: number;
  stop(): Promise<void>;
};
export type ServerKind = {
  readonly name: string;
  /** Absent: ours. */
  readonly peer?: { readonly binary: string; readonly packages: string };
  readonly start: (address: Loopback) => Promise<Server>;
};

const find = (path: string): string | undefined =>
  ['', process.env['SKERRY_PEERS'] ?? ''].map((prefix) => prefix + path).find((each) => existsSync(each));
const found = (path: string): string => find(path) ?? path;
export const isPresent = ({ peer }: ServerKind): boolean => peer === undefined || find(peer.binary) !== undefined;

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill('SIGTERM');
  await exit;
}
/** Ends a peer and the processes of its sessions, which would outlive it. */
async function groupEnded(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  process.kill(-child.pid, 'SIGTERM');
  await exit;
}
async function answering(host: string, port: number, child: ChildProcess, log: string): Promise<void> {
  for (let left = 200; ; left--) {
    const socket = connect({ host, port });
    const up = await new Promise<boolean>((resolve) => {
      socket.once('error', () => resolve(false)).once('data', () => resolve(true));
    });
    socket.destroy();
    if (up) return;
    if (left === 0 || child.exitCode !== null)
      throw new Error(`no FTP server answers at ${host} port ${port}: ${readFileSync(log, 'utf8').slice(-2_000)}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

type Place = {
  readonly folder: string;
  readonly pub: string;
  readonly certificate: string;
  readonly address: Loopback;
  readonly port: number;
};
type Plan = { readonly command: readonly string[] } & Partial<Pick<Target, 'user' | 'password' | 'directory'>>;

function makeCertificate(folder: string): string {
  const [key, certificate, both] = ['key.pem', 'certificate.pem', 'both.pem'].map((name) => join(folder, name));
  const subject = ['-subj', '/CN=localhost', '-days', '2', '-nodes'];
  const files = ['-newkey', 'rsa:2048', '-keyout', key ?? '', '-out', certificate ?? ''];
  execFileSync('openssl', ['req', '-x509', ...files, ...subject], { stdio: 'ignore' });
  writeFileSync(both ?? '', readFileSync(key ?? '', 'utf8') + readFileSync(certificate ?? '', 'utf8'), { mode: 0o600 });
  return both ?? '';
}
const startPeer =
  (name: string, plan: (place: Place) => Plan) =>
  async (address: Loopback): Promise<Server> => {
    const folder = mkdtempSync(join(tmpdir(), `conformance-${name}-`));
    try {
      return await serve(folder, address, plan);
    } catch (thrown) {
      rmSync(folder, { recursive: true, force: true });
      throw thrown;
    }
  };
async function serve(folder: string, address: Loopback, plan: (place: Place) => Plan): Promise<Server> {
  const pub = join(folder, 'root/pub');
  mkdirSync(pub, { recursive: true });
  chmodSync(folder, 0o755);
  chownSync(pub, nobody.uid, nobody.gid);
  chmodSync(pub, 0o777);
  const port = await freePort(address);
  const { command, ...rest } = plan({ folder, pub, certificate: makeCertificate(folder), address, port });
  const [binary = '', ...args] = command;
  const logFile = join(folder, 'server.log');
  const log = openSync(logFile, 'w');
  const child = spawn(binary, args, { stdio: ['ignore', log, log], detached: true });
  closeSync(log);
  await answering(address, port, child, logFile);
  const target: Target = { host: address, port, user, password, tls: 'none', directory: '', ...rest };
  const stop = async (): Promise<void> => {
    await groupEnded(child);
    rmSync(folder, { recursive: true, force: true });
  };
  return { target, stop };
}
function configuration(folder: string, lines: readonly string[]): string {
  const path = join(folder, 'server.conf');
  writeFileSync(path, `${lines.join('\n')}\n`, { mode: 0o600 });
  return path;
}

/** Its virtual users need PAM's files; anonymous ones with a list of passwords need nothing of the machine. */
const vsftpd = startPeer('vsftpd', ({ folder, certificate, address, port }) => {
  mkdirSync(join(folder, 'empty'));
  writeFileSync(join(folder, 'passwords'), `${password}\n`);
  const lines = [
    ...(address === '::1'
      ? ['listen=NO', 'listen_ipv6=YES', 'listen_address6=::1']
      : ['listen=YES', 'listen_address=127.0.0.1']),
    'background=NO',
    `listen_port=${port}`,
    'local_enable=NO',
    'anonymous_enable=YES',
    'ftp_username=daemon',
    'nopriv_user=nobody',
    `anon_root=${join(folder, 'root')}`,
    `secure_chroot_dir=${join(folder, 'empty')}`,
    'secure_email_list_enable=YES',
    `email_password_file=${join(folder, 'passwords')}`,
    'delay_failed_login=0',
    'write_enable=YES',
    'anon_upload_enable=YES',
    'anon_mkdir_write_enable=YES',
    'anon_other_write_enable=YES',
    'anon_world_readable_only=NO',
    'anon_umask=022',
    'mdtm_write=YES',
    'ascii_upload_enable=YES',
    'ascii_download_enable=YES',
    'async_abor_enable=YES',
    'xferlog_enable=NO',
    'connect_from_port_20=NO',
    'max_per_ip=0',
    'max_clients=0',
    'ssl_enable=YES',
    'allow_anon_ssl=YES',
    'require_ssl_reuse=NO',
    'ssl_ciphers=HIGH',
    `rsa_cert_file=${certificate}`,
    `rsa_private_key_file=${certificate}`,
  ];
  return { command: [found('/usr/sbin/vsftpd'), configuration(folder, lines)], user: 'anonymous', directory: '/pub' };
});

const proftpd = startPeer('proftpd', ({ folder, pub, certificate, address, port }) => {
  const hash = execFileSync('openssl', ['passwd', '-5', password], { encoding: 'utf8' }).trim();
  const users = join(folder, 'passwd');
  writeFileSync(users, `${user}:${hash}:${nobody.uid}:${nobody.gid}::${pub}:/bin/false\n`, { mode: 0o600 });
  const modules = ['tls', 'digest', 'site_misc'].filter(
    (name) => find(`/usr/lib/proftpd/mod_${name}.so`) !== undefined,
  );
  const lines = [
    'ServerName conformance',
    'ServerType standalone',
    `UseIPv6 ${address === '::1' ? 'on' : 'off'}`,
    `DefaultAddress ${address}`,
    'SocketBindTight on',
    `Port ${port}`,
    'User nobody',
    'Group nogroup',
    `ModulePath ${found('/usr/lib/proftpd')}`,
    ...modules.map((name) => `LoadModule mod_${name}.c`),
    `AuthUserFile ${users}`,
    'AuthOrder mod_auth_file.c',
    'RequireValidShell off',
    'DefaultRoot ~',
    'AllowOverwrite on',
    'AllowStoreRestart on',
    'AllowRetrieveRestart on',
    'UseReverseDNS off',
    'DelayEngine off',
    'TimesGMT on',
    'MaxLoginAttempts 3',
    'WtmpLog off',
    'TransferLog none',
    'SystemLog none',
    `PidFile ${join(folder, 'pid')}`,
    `ScoreboardFile ${join(folder, 'scoreboard')}`,
    'ControlsEngine off',
    'TLSEngine on',
    'TLSLog none',
    `TLSRSACertificateFile ${certificate}`,
    `TLSRSACertificateKeyFile ${certificate}`,
    'TLSRequired off',
    'TLSOptions NoSessionReuseRequired',
    ...(modules.includes('digest') ? ['DigestEngine on'] : []),
  ];
  return { command: [found('/usr/sbin/proftpd'), '-n', '-c', configuration(folder, lines)] };
});

const pureFtpd = startPeer('pure-ftpd', ({ folder, pub, certificate, address, port }) => {
  const [users, database] = [join(folder, 'passwd'), join(folder, 'users.pdb')];
  mkdirSync('/var/run/pure-ftpd', { recursive: true });
  const make = ['useradd', user, '-f', users, '-u', 'nobody', '-g', 'nogroup', '-d', pub];
  const input = `${password}\n${password}\n`;
  execFileSync(found('/usr/bin/pure-pw'), make, { input, stdio: ['pipe', 'ignore', 'ignore'] });
  // Its own hash is made to take a second of a whole processor for each login, which is not what is looked at here.
  const hash = execFileSync('openssl', ['passwd', '-5', password], { encoding: 'utf8' }).trim();
  writeFileSync(
    users,
    readFileSync(users, 'utf8').replace(/^([^:]*):[^:]*:/, (_, name: string) => `${name}:${hash}:`),
  );
  execFileSync(found('/usr/bin/pure-pw'), ['mkdb', database, '-f', users], { stdio: 'ignore' });
  const flags = ['-E', '-H', '-A', '-u', '1', '-c', '60', '-C', '60', '-L', '40000:20', '-Y', '1'];
  const own = ['-S', `${address},${port}`, '-l', `puredb:${database}`, '-2', certificate, '-g', join(folder, 'pid')];
  return { command: [found('/usr/sbin/pure-ftpd'), ...flags, ...own] };
});

/** The embedded system, as `skerry up` starts it. */
async function skerry(address: Loopback): Promise<Server> {
  const folder = mkdtempSync(join(tmpdir(), 'conformance-skerry-'));
  const program = join(root, 'apps/skerry/bin/skerry.mjs');
  const implicitPort = await freePort(address);
  const doors = [
    '--bind',
    address,
    '--ftp-port',
    '0',
    '--passive-ports',
    '0-0',
    '--grpc-port',
    '0',
    '--metrics-port',
    '0',
  ];
  const child = spawn(process.execPath, [program, 'up', '--data', folder, ...doors, '--json'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      SKERRY_ADMIN_PASSWORD: password,
      SKERRY_LOG_LEVEL: 'warn',
      SKERRY_FTPS_PORT: String(implicitPort),
    },
  });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr = (stderr + text).slice(-20_000)));
  const line = await new Promise<string>((resolve, reject) => {
    const late = setTimeout(() => child.kill('SIGKILL'), startTimeoutMs);
    createInterface({ input: child.stdout }).once('line', (text) => {
      clearTimeout(late);
      resolve(text);
    });
    child.once('exit', (code) => reject(new Error(`skerry up ended with ${code}: ${stderr}`)));
  });
  const { endpoints } = JSON.parse(line) as { endpoints: { ftp: string } };
  const port = Number(new URL(endpoints.ftp).port);
  const target: Target = { host: address, port, user: 'admin', password, tls: 'none', directory: '' };
  const stop = async (): Promise<void> => {
    await ended(child);
    rmSync(folder, { recursive: true, force: true });
  };
  return { target, implicitPort, stop };
}

export const ours: ServerKind = { name: 'skerry', start: skerry };
export const peers: readonly ServerKind[] = [
  { name: 'vsftpd', peer: { binary: '/usr/sbin/vsftpd', packages: 'vsftpd' }, start: vsftpd },
  {
    name: 'proftpd',
    peer: { binary: '/usr/sbin/proftpd', packages: 'proftpd-core proftpd-mod-crypto' },
    start: proftpd,
  },
  {
    name: 'pure-ftpd',
    peer: { binary: '/usr/sbin/pure-ftpd', packages: 'pure-ftpd pure-ftpd-common' },
    start: pureFtpd,
  },
];
