/** Columns of the matrix: ftplib of Python and basic-ftp of Node, with what their users write. */
import { utimesSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { Client } from 'basic-ftp';
import { ftpClients } from '../ftp-clients.ts';
import { run } from '../system.ts';
import type { Actions, Column } from './features.ts';
import type { Entrance } from './stage.ts';

async function python(action: string, door: Entrance, ...words: readonly string[]): Promise<string> {
  const { host, port, user, password, security, active } = door;
  const script = join(import.meta.dirname, 'ftplib_cell.py');
  const head = [script, action, host, String(port), user, security, String(active)];
  const { code, stdout, stderr } = await run('python3', [...head, ...words], {
    env: { FTP_PASSWORD: password, TZ: 'UTC', PYTHONIOENCODING: 'utf-8' },
  });
  if (code !== 0) throw new Error(`exit ${code}\n${stdout}\n${stderr}`);
  return stdout;
}
const pythonDo =
  (action: string) =>
  async (door: Entrance, ...words: readonly string[]): Promise<void> =>
    void (await python(action, door, ...words));
/** The trees of `clients.test.ts`. */
function trees(name: string): Pick<Actions, 'putTree' | 'getTree'> {
  const client = ftpClients.find((each) => each.name === name);
  if (client?.upload === undefined) throw new Error(`no client ${name}`);
  const { upload, download } = client;
  return {
    putTree: (door, from, to) => upload({ ...door, tls: door.security !== 'none' }, from, to),
    getTree: (door, from, to) => download({ ...door, tls: door.security !== 'none' }, from, to),
  };
}
const ftplib: Column = {
  name: 'ftplib',
  driven: 'the module of Python',
  actions: {
    login: pythonDo('login'),
    list: (door, directory) => python('list', door, directory),
    put: pythonDo('put'),
    get: pythonDo('get'),
    resumePut: pythonDo('resume_put'),
    resumeGet: pythonDo('resume_get'),
    rename: pythonDo('rename'),
    remove: pythonDo('remove'),
    makeDirectory: pythonDo('mkd'),
    removeDirectory: pythonDo('rmd'),
    putKeepingTime: pythonDo('put_time'),
    getKeepingTime: pythonDo('get_time'),
    chmod: pythonDo('chmod'),
    getMatching: pythonDo('get_matching'),
    breakOff: pythonDo('break_off'),
    keepAlive: pythonDo('keep_alive'),
    ...trees('ftplib'),
  },
  cannot: { 'implicit-tls': 'it knows AUTH TLS alone' },
};

async function basic<T>(door: Entrance, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client(20_000);
  try {
    await access(client, door);
    return await work(client);
  } finally {
    client.close();
  }
}
async function access(client: Client, { host, port, user, password, security }: Entrance): Promise<void> {
  const secure = security === 'implicit' ? 'implicit' : security === 'explicit';
  await client.access({ host, port, user, password, secure, secureOptions: { rejectUnauthorized: false } });
}
const basicDo = async (door: Entrance, work: (client: Client) => Promise<unknown>): Promise<void> =>
  void (await basic(door, work));
const stampOf = (path: string): string => statSync(path).mtime.toISOString().replace(/\D/g, '').slice(0, 14);
const basicFtp: Column = {
  name: 'basic-ftp',
  driven: 'the package of Node',
  actions: {
    login: (door) => basicDo(door, (client) => client.pwd()),
    list: (door, directory) =>
      basic(door, async (client) =>
        (await client.list(directory)).map(({ name, size }) => `${size} ${name}`).join('\n'),
      ),
    put: (door, local, remote) => basicDo(door, (client) => client.uploadFrom(local, remote)),
    get: (door, remote, local) => basicDo(door, (client) => client.downloadTo(local, remote)),
    resumePut: (door, local, remote) =>
      basicDo(door, async (client) => client.appendFrom(local, remote, { localStart: await client.size(remote) })),
    resumeGet: (door, remote, local) =>
      basicDo(door, (client) => client.downloadTo(local, remote, statSync(local).size)),
    rename: (door, from, to) => basicDo(door, (client) => client.rename(from, to)),
    remove: (door, path) => basicDo(door, (client) => client.remove(path)),
    makeDirectory: (door, path) => basicDo(door, (client) => client.ensureDir(path)),
    removeDirectory: (door, path) => basicDo(door, (client) => client.removeDir(path)),
    putKeepingTime: (door, local, remote) =>
      basicDo(door, async (client) => {
        await client.uploadFrom(local, remote);
        await client.send(`MFMT ${stampOf(local)} ${remote}`);
      }),
    getKeepingTime: (door, remote, local) =>
      basicDo(door, async (client) => {
        await client.downloadTo(local, remote);
        const time = await client.lastMod(remote);
        utimesSync(local, time, time);
      }),
    chmod: (door, path, mode) => basicDo(door, (client) => client.send(`SITE CHMOD ${mode} ${path}`)),
    // A target that fails closes the client, as it documents; the same one comes in again.
    breakOff: (door, large, small, local) =>
      basicDo(door, async (client) => {
        const full = new Writable({ write: (_chunk, _encoding, done) => done(new Error('full')) });
        const failed = await client.downloadTo(full, large).then(
          () => false,
          () => true,
        );
        if (!failed || !client.closed) throw new Error('the download was not broken off');
        await access(client, door);
        await client.downloadTo(local, small);
      }),
    ...trees('basic-ftp'),
  },
  cannot: {
    glob: 'it lists directories, no patterns',
    active: 'it is passive always',
    'keep-alive': 'it takes the first good reply for the end of the transfer',
  },
};

export const libraryColumns: readonly Column[] = [ftplib, basicFtp];
