/** Columns of the matrix: the clients that are commands, each driven as its users drive it. */
import { mkdirSync, readdirSync, renameSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { run, type Run } from '../system.ts';
import type { Actions, Column } from './features.ts';
import type { Entrance } from './stage.ts';

const env = { LC_ALL: 'C.UTF-8', TZ: 'UTC' };
const noKeepAlive = 'it sends nothing on the control connection during a transfer';

async function succeed(running: Promise<Run>): Promise<string> {
  const { code, stdout, stderr } = await running;
  if (code !== 0) throw new Error(`exit ${code}\n${stdout.slice(-2_000)}\n${stderr.slice(-2_000)}`);
  return stdout;
}
const inUrl = (host: string): string => (host.includes(':') ? `[${host}]` : host);
const urlPath = (path: string): string => path.split('/').map(encodeURIComponent).join('/');

/** In single quotes, for lftp. */
const quoted = (text: string): string => `'${text}'`;
function lftp(door: Entrance, command: string): Promise<string> {
  const tls = door.security !== 'none';
  const script = [
    'set net:max-retries 2; set net:timeout 20; set cmd:fail-exit yes; set ssl:verify-certificate no',
    `set ftp:ssl-force ${tls}; set ftp:ssl-allow ${tls}; set ftp:ssl-protect-data ${tls}`,
    `set ftp:passive-mode ${!door.active}; set xfer:clobber yes`,
    `open -u '${door.user}','${door.password}' ` +
      `${door.security === 'implicit' ? 'ftps' : 'ftp'}://${inUrl(door.host)}:${door.port}`,
    command,
  ];
  return succeed(run('lftp', ['-c', script.join('; ')], { env }));
}
/** Any command of lftp's, with its words in quotes. */
const lftpDo = async (door: Entrance, command: string, ...words: readonly string[]): Promise<void> =>
  void (await lftp(door, [command, ...words.map(quoted)].join(' ')));
const lftpActions: Actions = {
  login: (door) => lftpDo(door, 'cd /'),
  list: (door, directory) => lftp(door, `ls ${quoted(directory)}`),
  put: (door, local, remote) => lftpDo(door, 'put', local, '-o', remote),
  get: (door, remote, local) => lftpDo(door, 'get', remote, '-o', local),
  resumePut: (door, local, remote) => lftpDo(door, 'put -c', local, '-o', remote),
  resumeGet: (door, remote, local) => lftpDo(door, 'get -c', remote, '-o', local),
  rename: (door, from, to) => lftpDo(door, 'mv', from, to),
  remove: (door, path) => lftpDo(door, 'rm', path),
  makeDirectory: (door, path) => lftpDo(door, 'mkdir', path),
  removeDirectory: (door, path) => lftpDo(door, 'rmdir', path),
  putKeepingTime: (door, local, remote) => lftpDo(door, 'put', local, '-o', remote),
  getKeepingTime: (door, remote, local) => lftpDo(door, 'get', remote, '-o', local),
  chmod: (door, path, mode) => lftpDo(door, `chmod ${mode}`, path),
  putTree: (door, local, remote) => lftpDo(door, 'mirror -R', local, remote),
  getTree: (door, remote, local) => lftpDo(door, 'mirror', remote, local),
  getMatching: (door, directory, pattern, folder) =>
    lftpDo(door, `lcd ${quoted(folder)}; cd ${quoted(directory)}; mget ${pattern}`),
  // The reader of a pipe ends: lftp closes the data connection and sends ABOR.
  breakOff: (door, large, small, local) =>
    lftpDo(door, `cat ${quoted(large)} | head -c 1000 > /dev/null; get ${quoted(small)} -o ${quoted(local)}`),
};

const curlArguments = ({ host, port, user, password, security, active }: Entrance, path: string): string[] => [
  ...(security === 'none' ? [] : ['--insecure', '--ssl-reqd']),
  ...(active ? ['--ftp-port', '-'] : []),
  '-u',
  `${user}:${password}`,
  `${security === 'implicit' ? 'ftps' : 'ftp'}://${inUrl(host)}:${port}/${urlPath(path.slice(1))}`,
];
const curl = (door: Entrance, path: string, ...more: readonly string[]): Promise<string> =>
  succeed(run('curl', ['-sS', '--fail', '--max-time', '30', ...more, ...curlArguments(door, path)], { env }));
const curlDo = async (door: Entrance, path: string, ...more: readonly string[]): Promise<void> =>
  void (await curl(door, path, ...more));
/** Commands before a listing that nobody reads. */
const curlQuote = (door: Entrance, ...commands: readonly string[]): Promise<void> =>
  curlDo(door, '/', '-o', '/dev/null', '--list-only', ...commands.flatMap((command) => ['-Q', command]));
const curlActions: Actions = {
  login: (door) => curlQuote(door),
  list: (door, directory) => curl(door, `${directory}/`),
  put: (door, local, remote) => curlDo(door, remote, '-T', local),
  get: (door, remote, local) => curlDo(door, remote, '-o', local),
  resumePut: (door, local, remote) => curlDo(door, remote, '-C', '-', '-T', local),
  resumeGet: (door, remote, local) => curlDo(door, remote, '-C', '-', '-o', local),
  rename: (door, from, to) => curlQuote(door, `RNFR ${from}`, `RNTO ${to}`),
  remove: (door, path) => curlQuote(door, `DELE ${path}`),
  makeDirectory: (door, path) => curlQuote(door, `MKD ${path}`),
  removeDirectory: (door, path) => curlQuote(door, `RMD ${path}`),
  getKeepingTime: (door, remote, local) => curlDo(door, remote, '-R', '-o', local),
  chmod: (door, path, mode) => curlQuote(door, `SITE CHMOD ${mode} ${path}`),
  // The range ends in the midst: curl closes the data connection early, and wants a reply soon.
  breakOff: async (door, large, small, local) => {
    const first = ['-r', '0-999', '-o', '/dev/null', ...curlArguments(door, large)];
    const second = ['-sS', '--fail', '-o', local, ...curlArguments(door, small)];
    await succeed(run('curl', ['-sS', '--fail', '--max-time', '30', ...first, '--next', ...second], { env }));
  },
};

const ncftpLogin = ({ user, password, port, active }: Entrance): string[] => [
  '-u',
  user,
  '-p',
  password,
  '-P',
  String(port),
  active ? '-E' : '-F',
];
const ncftp = async (command: string, door: Entrance, ...words: readonly string[]): Promise<void> =>
  void (await succeed(run(command, [...ncftpLogin(door), ...words], { env })));
/** The shell, which reads commands where there is no terminal too; it does not tell failures by its exit. */
const ncftpShell = (door: Entrance, commands: readonly string[], more: NodeJS.ProcessEnv = {}): Promise<string> =>
  succeed(
    run('ncftp', [...ncftpLogin(door).slice(0, -1), door.host], {
      env: { ...env, ...more },
      input: [...commands, 'quit', ''].join('\n'),
    }),
  );
const ncftpDo = async (door: Entrance, command: string): Promise<void> => void (await ncftpShell(door, [command]));
const ncftpGet: Actions['get'] = (door, remote, local) => ncftp('ncftpget', door, '-C', door.host, remote, local);
const ncftpPut: Actions['get'] = (door, local, remote) => ncftp('ncftpput', door, '-C', door.host, local, remote);
const ncftpActions: Actions = {
  login: (door) => ncftpDo(door, 'pwd'),
  list: (door, directory) =>
    succeed(
      run(
        'ncftpls',
        [...ncftpLogin(door), '-l', `ftp://${door.host}${directory.split('/').map(encodeURIComponent).join('/')}/`],
        { env },
      ),
    ),
  put: ncftpPut,
  get: ncftpGet,
  // It goes on only with a file of the same name that is there.
  resumeGet: (door, remote, local) => ncftp('ncftpget', door, '-z', door.host, dirname(local), remote),
  rename: (door, from, to) => ncftpDo(door, `rename "${from}" "${to}"`),
  remove: (door, path) => ncftpDo(door, `rm "${path}"`),
  makeDirectory: (door, path) => ncftpDo(door, `mkdir "${path}"`),
  removeDirectory: (door, path) => ncftpDo(door, `rmdir "${path}"`),
  putKeepingTime: ncftpPut,
  getKeepingTime: ncftpGet,
  chmod: (door, path, mode) => ncftpDo(door, `chmod ${mode} "${path}"`),
  putTree: (door, local, remote) =>
    ncftp('ncftpput', door, '-R', '-m', door.host, remote, ...readdirSync(local).map((name) => join(local, name))),
  getTree: (door, remote, local) => ncftp('ncftpget', door, '-R', '-T', door.host, local, `${remote}/*`),
  getMatching: (door, directory, pattern, folder) =>
    ncftp('ncftpget', door, door.host, folder, `${directory}/${pattern}`),
  // The pager ends: the shell stays.
  breakOff: async (door, large, small, local) => {
    const pager = { PAGER: 'head -c 1000 >/dev/null' };
    const commands = [`page "${large}"`, `lcd "${dirname(local)}"`, `get "${small}"`];
    await ncftpShell(door, commands, pager);
    if (basename(small) !== basename(local)) renameSync(join(dirname(local), basename(small)), local);
  },
};

async function tnftp(door: Entrance, ...commands: readonly string[]): Promise<string> {
  const script = [
    ...(door.active ? ['passive off'] : []),
    `open ${door.host} ${door.port}`,
    `user "${door.user}" "${door.password}"`,
    'binary',
    ...commands,
    'bye',
    '',
  ].join('\n');
  const { code, stdout, stderr } = await run('tnftp', ['-n', '-i', '-v'], { env, input: script });
  if (code !== 0 || /^5\d\d[ -]/m.test(stdout)) throw new Error(`exit ${code}\n${stdout}\n${stderr}`);
  return stdout;
}
const tnftpDo = async (door: Entrance, ...commands: readonly string[]): Promise<void> =>
  void (await tnftp(door, ...commands));
const tnftpActions: Actions = {
  login: (door) => tnftpDo(door, 'pwd'),
  list: (door, directory) => tnftp(door, `dir "${directory}"`),
  put: (door, local, remote) => tnftpDo(door, `put "${local}" "${remote}"`),
  get: (door, remote, local) => tnftpDo(door, `get "${remote}" "${local}"`),
  resumeGet: (door, remote, local) => tnftpDo(door, `reget "${remote}" "${local}"`),
  rename: (door, from, to) => tnftpDo(door, `rename "${from}" "${to}"`),
  remove: (door, path) => tnftpDo(door, `delete "${path}"`),
  makeDirectory: (door, path) => tnftpDo(door, `mkdir "${path}"`),
  removeDirectory: (door, path) => tnftpDo(door, `rmdir "${path}"`),
  getKeepingTime: (door, remote, local) => tnftpDo(door, `get "${remote}" "${local}"`),
  chmod: (door, path, mode) => tnftpDo(door, `chmod ${mode} "${path}"`),
  getMatching: (door, directory, pattern, folder) =>
    tnftpDo(door, `cd "${directory}"`, `lcd "${folder}"`, `mget ${pattern}`),
  breakOff: (door, large, small, local) =>
    tnftpDo(door, `get "${large}" "|head -c 1000 >/dev/null"`, `get "${small}" "${local}"`),
};

function wget(door: Entrance, path: string, ...more: readonly string[]): Promise<string> {
  const url = `${door.security === 'none' ? 'ftp' : 'ftps'}://${inUrl(door.host)}:${door.port}${urlPath(path)}`;
  return succeed(
    run(
      'wget',
      [
        '-q',
        '--tries=2',
        '--timeout=20',
        '--user',
        door.user,
        '--password',
        door.password,
        '--restrict-file-names=nocontrol',
        '--no-check-certificate',
        ...(door.security === 'implicit' ? ['--ftps-implicit'] : []),
        ...(door.active ? ['--no-passive-ftp'] : []),
        ...more,
        url,
      ],
      { env },
    ),
  );
}
const wgetDo = async (door: Entrance, path: string, ...more: readonly string[]): Promise<void> =>
  void (await wget(door, path, ...more));
const wgetActions: Actions = {
  login: (door) => wgetDo(door, '/', '-O', '/dev/null'),
  list: (door, directory) => wget(door, `${directory}/`, '-O', '-'),
  get: (door, remote, local) => wgetDo(door, remote, '-O', local),
  resumeGet: (door, remote, local) => wgetDo(door, remote, '-c', '-P', dirname(local)),
  getKeepingTime: (door, remote, local) => wgetDo(door, remote, '-N', '-P', dirname(local)),
  getTree: (door, remote, local) => {
    const cut = `--cut-dirs=${remote.split('/').length - 1}`;
    return wgetDo(door, `${remote}/`, '-r', '-l', '0', '-nH', '--no-parent', cut, '-P', local);
  },
  getMatching: async (door, directory, pattern, folder) => {
    mkdirSync(folder, { recursive: true });
    const url = `ftp://${inUrl(door.host)}:${door.port}${urlPath(directory)}/${pattern}`;
    const login = ['--user', door.user, '--password', door.password];
    await succeed(run('wget', ['-q', '--tries=2', '--timeout=20', ...login, '-P', folder, url], { env }));
  },
};
const onlyDown = 'it only downloads';

export const commandLineColumns: readonly Column[] = [
  {
    name: 'lftp',
    driven: 'the command',
    actions: lftpActions,
    cannot: { 'keep-alive': 'it sends NOOP (`ftp:nop-interval`) only at the tail of a download that stands still' },
  },
  {
    name: 'curl',
    driven: 'the command',
    actions: curlActions,
    cannot: {
      tree: 'it walks no directories; with a path for each file: `clients.test.ts`',
      glob: 'patterns are libcurl’s (`CURLOPT_WILDCARDMATCH`), not the command’s',
      'keep-alive': noKeepAlive,
    },
  },
  {
    name: 'ncftp',
    driven: 'the shell and `ncftpget`, `ncftpput`, `ncftpls`',
    actions: ncftpActions,
    cannot: {
      'resume-upload': 'a fault of its own: after REST it sends the file from its beginning',
      ipv6: 'it knows no IPv6',
      'explicit-tls': 'it knows no TLS',
      'implicit-tls': 'it knows no TLS',
      'keep-alive': noKeepAlive,
    },
  },
  {
    name: 'tnftp',
    driven: 'the command, fed with commands',
    actions: tnftpActions,
    cannot: {
      'resume-upload': 'it has `reget` and no such thing for `put`',
      tree: 'it walks no directories; with a command for each file: `clients.test.ts`',
      'explicit-tls': 'it knows no TLS for FTP',
      'implicit-tls': 'it knows no TLS for FTP',
      'keep-alive': noKeepAlive,
    },
  },
  {
    name: 'wget',
    driven: 'the command',
    actions: wgetActions,
    timeToTheDay: true,
    cannot: {
      upload: onlyDown,
      'resume-upload': onlyDown,
      rename: onlyDown,
      delete: onlyDown,
      directories: onlyDown,
      permissions: onlyDown,
      'break-off': 'it breaks nothing off but by its own end; then see *resume a download*',
      'keep-alive': noKeepAlive,
    },
  },
];
