/** The servers of `npm run bench -- ftp`: each on a free port of loopback, with a made-up configuration and user. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { freePort } from '@skerry/testing/free-port';

export const root = join(import.meta.dirname, '../../..');
const user = 'bench';
const password = 'benchmark password';
/** The unprivileged user that peers serve as; they begin as root, as they do in the field. */
const nobody = { uid: 65_534, gid: 65_534 };

export type Server = {
  readonly name: string;
  readonly pid: number;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  /** Before each name, with its slash. */
  readonly dir: string;
  /** Where its files are on this disk; undefined where they are no plain files. */
  readonly folder: string | undefined;
  /** The longest delay of its event loop since the last question, in ms. */
  readonly delay: (() => Promise<{ readonly maxMs: number; readonly p99Ms: number }>) | undefined;
  stop(): Promise<void>;
};
type Start = (folder: string, certificate: string) => Promise<Server>;
export type Peer = { readonly name: string; readonly binary: string; readonly packages: string; readonly start: Start };

/** Debian lets only one of them be installed: the others may be unpacked in BENCH_PEERS. */
const prefixes = ['', process.env['BENCH_PEERS'] ?? ''].filter((prefix, i) => i === 0 || prefix !== '');
function find(path: string): string | undefined {
  return prefixes.map((prefix) => prefix + path).find((each) => existsSync(each));
}
const found = (path: string): string => find(path) ?? path;
export const howToInstall = ({ packages }: Peer): string =>
  `apt-get install ${packages}, or, beside another FTP server: apt-get download ${packages}; ` +
  'dpkg -x each into a folder, and BENCH_PEERS=folder';
export const isInstalled = ({ binary }: Peer): boolean => find(binary) !== undefined;

async function answering(port: number, child: ChildProcess): Promise<void> {
  for (let left = 200; ; left--) {
    const socket = connect({ host: '127.0.0.1', port });
    const up = await new Promise<boolean>((resolve) => {
      socket.once('error', () => resolve(false));
      socket.once('data', () => resolve(true));
    });
    socket.destroy();
    if (up) return;
    if (left === 0 || child.exitCode !== null) throw new Error(`no FTP server answers at port ${port}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}
async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill('SIGTERM');
  await exit;
}
function shared(folder: string): string {
  const pub = join(folder, 'root/pub');
  mkdirSync(pub, { recursive: true });
  chmodSync(folder, 0o755);
  chownSync(pub, nobody.uid, nobody.gid);
  chmodSync(pub, 0o777);
  return pub;
}
async function peer(
  place: string,
  name: string,
  port: number,
  command: readonly string[],
  rest: Pick<Server, 'user' | 'password' | 'dir'> & { readonly folder: string },
): Promise<Server> {
  const [binary = '', ...args] = command;
  // Beside its configuration, for whoever looks for a reason.
  const log = openSync(join(place, 'server.log'), 'w');
  const child = spawn(binary, args, { stdio: ['ignore', log, log] });
  closeSync(log);
  await answering(port, child);
  return { name, port, pid: child.pid ?? 0, delay: undefined, stop: () => ended(child), ...rest };
}
const configuration = (folder: string, lines: readonly string[]): string => {
  const path = join(folder, 'server.conf');
  writeFileSync(path, `${lines.join('\n')}\n`, { mode: 0o600 });
  return path;
};

const vsftpd: Start = async (folder, certificate) => {
  const pub = shared(folder);
  const port = await freePort();
  mkdirSync(join(folder, 'empty'));
  const lines = [
    'listen=YES',
    'background=NO',
    'listen_address=127.0.0.1',
    `listen_port=${port}`,
    'local_enable=NO',
    'anonymous_enable=YES',
    // Its home must be there, though nobody is led into it.
    'ftp_username=daemon',
    'nopriv_user=nobody',
    `anon_root=${join(folder, 'root')}`,
    `secure_chroot_dir=${join(folder, 'empty')}`,
    'write_enable=YES',
    'anon_upload_enable=YES',
    'anon_mkdir_write_enable=YES',
    'anon_other_write_enable=YES',
    'anon_world_readable_only=NO',
    'anon_umask=022',
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
  const command = [found('/usr/sbin/vsftpd'), configuration(folder, lines)];
  return peer(folder, 'vsftpd', port, command, { user: 'anonymous', password: 'bench', dir: '/pub/', folder: pub });
};

const proftpd: Start = async (folder, certificate) => {
  const pub = shared(folder);
  const port = await freePort();
  const hash = execFileSync('openssl', ['passwd', '-5', password], { encoding: 'utf8' }).trim();
  const users = join(folder, 'passwd');
  writeFileSync(users, `${user}:${hash}:${nobody.uid}:${nobody.gid}::${pub}:/bin/false\n`, { mode: 0o600 });
  const lines = [
    'ServerName bench',
    'ServerType standalone',
    'DefaultAddress 127.0.0.1',
    'SocketBindTight on',
    `Port ${port}`,
    'UseIPv6 off',
    'User nobody',
    'Group nogroup',
    `ModulePath ${found('/usr/lib/proftpd')}`,
    'LoadModule mod_tls.c',
    `AuthUserFile ${users}`,
    'AuthOrder mod_auth_file.c',
    'RequireValidShell off',
    'DefaultRoot ~',
    'AllowOverwrite on',
    'UseReverseDNS off',
    'DelayEngine off',
    'WtmpLog off',
    'TransferLog none',
    'SystemLog none',
    `PidFile ${join(folder, 'pid')}`,
    `ScoreboardFile ${join(folder, 'scoreboard')}`,
    'ControlsEngine off',
    'TLSEngine on',
    `TLSLog none`,
    `TLSRSACertificateFile ${certificate}`,
    `TLSRSACertificateKeyFile ${certificate}`,
    'TLSRequired off',
    'TLSOptions NoSessionReuseRequired',
  ];
  const command = [found('/usr/sbin/proftpd'), '-n', '-c', configuration(folder, lines)];
  return peer(folder, 'proftpd', port, command, { user, password, dir: '/', folder: pub });
};

const pureFtpd: Start = async (folder, certificate) => {
  const pub = shared(folder);
  const port = await freePort();
  const [users, database] = [join(folder, 'passwd'), join(folder, 'users.pdb')];
  mkdirSync('/var/run/pure-ftpd', { recursive: true });
  const make = ['useradd', user, '-f', users, '-u', 'nobody', '-g', 'nogroup', '-d', pub];
  const input = `${password}\n${password}\n`;
  execFileSync(found('/usr/bin/pure-pw'), make, { input, stdio: ['pipe', 'ignore', 'ignore'] });
  execFileSync(found('/usr/bin/pure-pw'), ['mkdb', database, '-f', users], { stdio: 'ignore' });
  const flags = ['-E', '-H', '-A', '-u', '1', '-c', '4000', '-C', '4000', '-L', '40000:20', '-Y', '1'];
  const own = ['-S', `127.0.0.1,${port}`, '-l', `puredb:${database}`, '-2', certificate, '-g', join(folder, 'pid')];
  const command = [found('/usr/sbin/pure-ftpd'), ...flags, ...own];
  return peer(folder, 'pure-ftpd', port, command, { user, password, dir: '/', folder: pub });
};

/** Of a server in Node that prints one line when it is ready. */
async function nodeServer(
  name: string,
  args: readonly string[],
  of: (line: string) => { readonly port: number; readonly pid: number | undefined },
  rest: Pick<Server, 'dir' | 'folder'>,
): Promise<Server> {
  const watch = ['--import', join(import.meta.dirname, 'loop-delay.mjs')];
  const extra = (process.env['BENCH_NODE_FLAGS'] ?? '').split(' ').filter((flag) => flag !== '');
  const limits = { SKERRY_FTP_SESSIONS_MAX: '4000', SKERRY_FTP_SESSIONS_PER_ADDRESS_MAX: '4000' };
  const env = { ...process.env, ...limits, SKERRY_ADMIN_PASSWORD: password, SKERRY_LOG_LEVEL: 'warn' };
  const child = spawn(process.execPath, [...watch, ...(name === 'skerry' ? extra : []), ...args], {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    env,
  });
  if (child.stdout === null) throw new Error(`${name} has no standard output`);
  const [line] = (await Promise.race([
    once(createInterface({ input: child.stdout }), 'line'),
    once(child, 'exit').then(([code]) => Promise.reject(new Error(`${name} ended with ${String(code)}`))),
  ])) as [string];
  const { port, pid = child.pid ?? 0 } = of(line);
  const delay = async (): Promise<{ maxMs: number; p99Ms: number }> => {
    child.send('delay');
    const [answer] = (await once(child, 'message')) as [{ maxMs: number; p99Ms: number }];
    return answer;
  };
  return { name, pid, port, user: 'admin', password, delay, stop: () => ended(child), ...rest };
}

export const skerry: Start = async (folder) => {
  const program = join(root, 'apps/skerry/bin/skerry.mjs');
  const doors = ['--ftp-port', '0', '--passive-ports', '0-0', '--grpc-port', '0', '--metrics-port', '0'];
  const args = [program, 'up', '--data', folder, ...doors, '--json'];
  const of = (line: string): { port: number; pid: number } => {
    const ready = JSON.parse(line) as { pid: number; endpoints: { ftp: string } };
    return { port: Number(new URL(ready.endpoints.ftp).port), pid: ready.pid };
  };
  return nodeServer('skerry', args, of, { dir: '/', folder: undefined });
};
/** See floor.ts. */
export const floor: Start = async (folder, certificate) => {
  const pub = shared(folder);
  const args = ['--import', 'tsx', join(import.meta.dirname, 'floor.ts'), pub, certificate];
  return nodeServer('floor', args, (line) => ({ port: Number(line), pid: undefined }), { dir: '/', folder: pub });
};
export const peers: readonly Peer[] = [
  { name: 'vsftpd', binary: '/usr/sbin/vsftpd', packages: 'vsftpd', start: vsftpd },
  { name: 'proftpd', binary: '/usr/sbin/proftpd', packages: 'proftpd-core proftpd-mod-crypto', start: proftpd },
  { name: 'pure-ftpd', binary: '/usr/sbin/pure-ftpd', packages: 'pure-ftpd pure-ftpd-common', start: pureFtpd },
];

/** A certificate and its key in one file. */
export function makeCertificate(folder: string): string {
  const [key, certificate, both] = ['key.pem', 'certificate.pem', 'both.pem'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  const subject = ['-subj', '/CN=localhost', '-days', '2', '-nodes'];
  const algorithm = ['-newkey', 'rsa:2048', '-keyout', key, '-out', certificate];
  execFileSync('openssl', ['req', '-x509', ...algorithm, ...subject], { stdio: 'ignore' });
  writeFileSync(both, readFileSync(key, 'utf8') + readFileSync(certificate, 'utf8'), { mode: 0o600 });
  return both;
}

/** The process and all below it. */
function tree(pid: number): readonly number[] {
  const parents = new Map<number, number[]>();
  for (const name of readdirSync('/proc')) {
    const each = Number(name);
    if (!Number.isInteger(each)) continue;
    const parent = Number(statOf(each)[1]);
    parents.set(parent, [...(parents.get(parent) ?? []), each]);
  }
  const all: number[] = [];
  for (let next = [pid]; next.length > 0; next = next.flatMap((each) => parents.get(each) ?? [])) all.push(...next);
  return all;
}
/** Fields of /proc/PID/stat from the state on (proc(5)); empty when it has ended. */
function statOf(pid: number): readonly string[] {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return [];
  }
}
/** Processor time of a server so far, ended children included, in seconds. */
export function cpuSeconds(pid: number): number {
  const ticksPerSecond = 100;
  let ticks = 0;
  // utime, stime, and of the first process those of its ended children.
  for (const each of tree(pid)) {
    const fields = statOf(each);
    for (const at of each === pid ? [11, 12, 13, 14] : [11, 12]) ticks += Number(fields[at] ?? 0);
  }
  return ticks / ticksPerSecond;
}
/** Own memory of a server in MB: RssAnon + RssShmem of all its processes, shared pages counted for each. */
export function memoryMegabytes(pid: number): number {
  let kibibytes = 0;
  for (const each of tree(pid)) {
    const status = existsSync(`/proc/${each}/status`) ? readFileSync(`/proc/${each}/status`, 'utf8') : '';
    for (const field of ['RssAnon', 'RssShmem'])
      kibibytes += Number(new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0);
  }
  return (kibibytes * 1024) / 1e6;
}
