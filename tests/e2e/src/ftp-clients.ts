/** The seven clients, each driven as its users drive it: a tree goes up, a tree comes down. */
import { mkdirSync, readdirSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { Client } from 'basic-ftp';
import { run, type Run } from './system.ts';

export type Door = {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly tls: boolean;
};
export type FtpClient = {
  readonly name: string;
  readonly tls: boolean;
  /** Absent: it only downloads. */
  readonly upload?: (door: Door, local: string, remote: string) => Promise<void>;
  readonly download: (door: Door, remote: string, local: string) => Promise<void>;
};

const succeed = async (running: Promise<Run>): Promise<void> => {
  const { code, stdout, stderr } = await running;
  if (code !== 0) throw new Error(`exit ${code}\n${stdout.slice(-2_000)}\n${stderr.slice(-2_000)}`);
};
const filesBelow = (directory: string): string[] =>
  readdirSync(directory, { recursive: true })
    .map(String)
    .filter((path) => statSync(join(directory, path)).isFile())
    .toSorted();
const directoriesBelow = (directory: string): string[] =>
  readdirSync(directory, { recursive: true })
    .map(String)
    .filter((path) => statSync(join(directory, path)).isDirectory())
    .toSorted();
const urlPath = (path: string): string => path.split('/').map(encodeURIComponent).join('/');

const lftpScript = ({ host, port, user, password, tls }: Door, command: string): Promise<void> =>
  succeed(
    run('lftp', [
      '-c',
      [
        'set net:max-retries 2; set net:timeout 20; set cmd:fail-exit yes; set ssl:verify-certificate no; set ftp:use-mlsd yes',
        `set ftp:ssl-force ${tls}; set ftp:ssl-allow ${tls}; set ftp:ssl-protect-data ${tls}`,
        `open -u '${user}','${password}' ftp://${host}:${port}`,
        command,
      ].join('; '),
    ]),
  );

const curl = ({ host, port, user, password, tls }: Door, path: string, ...more: string[]): Promise<void> =>
  succeed(
    run('curl', [
      '-sS',
      '--fail',
      '-u',
      `${user}:${password}`,
      ...(tls ? ['--ssl-reqd', '--insecure'] : []),
      ...more,
      `ftp://${host}:${port}/${urlPath(path)}`,
    ]),
  );

async function basic<T>({ host, port, user, password, tls }: Door, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client(20_000);
  try {
    await client.access({ host, port, user, password, secure: tls, secureOptions: { rejectUnauthorized: false } });
    return await work(client);
  } finally {
    client.close();
  }
}

/** ncftp and tnftp take no tree with names of all kinds on their command line: batch files of single commands. */
const ncftpLogin = ({ host, port, user, password }: Door): string[] => [
  '-u',
  user,
  '-p',
  password,
  '-P',
  String(port),
  host,
];

const tnftp = (door: Door, cwd: string, commands: readonly string[]): Promise<void> => {
  const script = [
    `open ${door.host} ${door.port}`,
    `user "${door.user}" "${door.password}"`,
    'binary',
    ...commands,
    'bye',
  ].join('\n');
  return tnftpRun(script, cwd);
};
async function tnftpRun(script: string, cwd: string): Promise<void> {
  const { code, stdout, stderr } = await run('tnftp', ['-n', '-i'], {
    input: `${script}\n`,
    cwd,
    env: { LC_ALL: 'C.UTF-8' },
  });
  if (code !== 0 || /^[45]\d\d[ -](?!.*File exists)/m.test(stdout))
    throw new Error(`exit ${code}\n${stdout}\n${stderr}`);
}

const python = (door: Door, action: string, remote: string, local: string): Promise<void> =>
  succeed(
    run(
      'python3',
      [
        join(import.meta.dirname, 'ftplib_tree.py'),
        action,
        door.host,
        String(door.port),
        door.user,
        String(door.tls),
        remote,
        local,
      ],
      {
        env: { FTP_PASSWORD: door.password },
      },
    ),
  );

export const ftpClients: readonly FtpClient[] = [
  {
    name: 'lftp',
    tls: true,
    upload: (door, local, remote) =>
      lftpScript(door, `mkdir -p '${remote}'; mirror -R --no-perms '${local}' '${remote}'`),
    download: (door, remote, local) => lftpScript(door, `mirror '${remote}' '${local}'`),
  },
  {
    name: 'curl',
    tls: true,
    upload: async (door, local, remote) => {
      for (const path of filesBelow(local))
        await curl(door, `${remote.slice(1)}/${path}`, '--ftp-create-dirs', '-T', join(local, path));
    },
    download: async (door, remote, local) => {
      const listed = await listRecursively(door, remote);
      for (const path of listed)
        await curl(door, path.slice(1), '--create-dirs', '-o', join(local, relative(remote, path)));
    },
  },
  {
    name: 'ncftp',
    tls: false,
    upload: (door, local, remote) =>
      succeed(
        run(
          'ncftpput',
          ['-R', '-m', ...ncftpLogin(door), remote, ...readdirSync(local).map((name) => join(local, name))],
          { env: { LC_ALL: 'C.UTF-8' } },
        ),
      ),
    download: (door, remote, local) =>
      succeed(
        run('ncftpget', ['-R', '-T', ...ncftpLogin(door), local, ...[`${remote}/*`]], { env: { LC_ALL: 'C.UTF-8' } }),
      ),
  },
  {
    name: 'tnftp',
    tls: false,
    upload: (door, local, remote) =>
      tnftp(door, local, [
        `mkdir "${remote}"`,
        ...directoriesBelow(local).map((path) => `mkdir "${remote}/${path}"`),
        ...filesBelow(local).map((path) => `put "${path}" "${remote}/${path}"`),
      ]),
    download: async (door, remote, local) => {
      const paths = await listRecursively(door, remote);
      for (const path of paths) mkdirSync(dirname(join(local, relative(remote, path))), { recursive: true });
      await tnftp(
        door,
        local,
        paths.map((path) => `get "${path}" "${relative(remote, path)}"`),
      );
    },
  },
  {
    name: 'wget',
    tls: true,
    download: ({ host, port, user, password, tls }, remote, local) =>
      succeed(
        run(
          'wget',
          [
            '-q',
            '-r',
            '-l',
            '0',
            '-nH',
            '--no-parent',
            `--cut-dirs=${remote.split('/').length - 1}`,
            '-P',
            local,
            '--user',
            user,
            '--password',
            password,
            '--restrict-file-names=nocontrol',
            '--no-check-certificate',
            `${tls ? 'ftps' : 'ftp'}://${host}:${port}/${urlPath(remote.slice(1))}/`,
          ],
          { env: { LC_ALL: 'C.UTF-8' } },
        ),
      ),
  },
  {
    name: 'ftplib',
    tls: true,
    upload: (door, local, remote) => python(door, 'upload', remote, local),
    download: (door, remote, local) => python(door, 'download', remote, local),
  },
  {
    name: 'basic-ftp',
    tls: true,
    upload: (door, local, remote) => basic(door, (client) => client.uploadFromDir(local, remote)),
    download: (door, remote, local) => basic(door, (client) => client.downloadToDir(local, remote)),
  },
];

/** Absolute paths of all files below, by MLSD. */
export function listRecursively(door: Door, remote: string): Promise<string[]> {
  return basic(door, async (client) => {
    const walk = async (path: string): Promise<string[]> => {
      const entries = await client.list(path);
      const nested = [];
      for (const entry of entries)
        nested.push(entry.isDirectory ? await walk(`${path}/${entry.name}`) : [`${path}/${entry.name}`]);
      return nested.flat();
    };
    return walk(remote);
  });
}
