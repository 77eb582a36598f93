import { afterAll, describe, expect, it } from '@jest/globals';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { Client } from 'basic-ftp';
import { adminPassword, removeFolder, run, skerry, System, temporaryFolder } from './system.ts';

const folders: string[] = [];
const folder = (name: string): string => {
  const path = temporaryFolder(name);
  folders.push(path);
  return path;
};
afterAll(() => folders.forEach(removeFolder));

async function login(system: System): Promise<Client> {
  const client = new Client(15_000);
  await client.access({ ...system.ftp, user: 'admin', password: adminPassword });
  return client;
}
async function download(client: Client, path: string): Promise<Buffer> {
  const parts: Buffer[] = [];
  await client.downloadTo(new Writable({ write: (chunk: Buffer, _, done) => (parts.push(chunk), done()) }), path);
  return Buffer.concat(parts);
}
const hash = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const filesBelow = (directory: string): string[] =>
  readdirSync(directory, { recursive: true })
    .map((name) => join(directory, String(name)))
    .filter((path) => statSync(path).isFile());

describe('the command line', () => {
  it('an unknown flag exits 2 with one line and the nearest name', async () => {
    const { code, stdout, stderr } = await skerry(['up', '--ftp-prt', '1']);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toBe("skerry: unknown option '--ftp-prt' (Did you mean --ftp-port?)\n");
  });
  it('a port in use exits 1 with one clear line', async () => {
    const blocker = createServer().listen(0, '127.0.0.1');
    await once(blocker, 'listening');
    const { port } = blocker.address() as { port: number };
    const { code, stderr } = await skerry(
      ['up', '--ftp-port', String(port), '--grpc-port', '0', '--data', folder('port'), '--log-level', 'error'],
      {
        env: { SKERRY_ADMIN_PASSWORD: adminPassword },
      },
    );
    blocker.close();
    expect(code).toBe(1);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    expect(stderr).toContain(String(port));
    expect(stderr).toContain('in use');
  }, 30_000);
});

describe('data on disk', () => {
  it('a data directory of a newer version is refused and left untouched', async () => {
    const data = folder('newer');
    const first = await System.embedded(data);
    await first.stop();
    const format = filesBelow(join(data, 'data_1')).find((path) => path.endsWith('format.json')) ?? '';
    writeFileSync(format, readFileSync(format, 'utf8').replace(/"format":\s*\d+/, '"format": 999'));
    const before = filesBelow(join(data, 'data_1')).map((path) => [path, statSync(path).mtimeMs, statSync(path).size]);
    const { code, stderr } = await skerry(['up', '--ftp-port', '0', '--data', data, '--log-level', 'error'], {
      env: { SKERRY_ADMIN_PASSWORD: adminPassword },
    });
    expect(code).toBe(1);
    expect(stderr).toContain('999');
    expect(filesBelow(join(data, 'data_1')).map((path) => [path, statSync(path).mtimeMs, statSync(path).size])).toEqual(
      before,
    );
  }, 60_000);

  it('a corrupted blob answers 551, is logged, and never served; other files are', async () => {
    const data = folder('corrupt');
    let system = await System.embedded(data);
    let client = await login(system);
    const content = randomBytes(1_000_000);
    await client.uploadFrom(Readable.from([content]), '/bad.bin');
    await client.uploadFrom(Readable.from([content]), '/good.bin');
    client.close();
    await system.stop();
    const [blob = ''] = filesBelow(join(data, 'data_1')).filter(
      (path) => path.includes('/blobs/') && statSync(path).size > 900_000,
    );
    const bytes = readFileSync(blob);
    bytes[500_000] = (bytes[500_000] ?? 0) ^ 0x01;
    writeFileSync(blob, bytes);
    system = await System.embedded(data);
    client = await login(system);
    const outcomes = [];
    for (const path of ['/bad.bin', '/good.bin']) {
      const outcome = await download(client, path).then(
        hash,
        (error: { code?: number }) => error.code ?? String(error),
      );
      outcomes.push(outcome);
    }
    client.close();
    expect(outcomes.toSorted()).toEqual(
      [551, hash(content)]
        .map(String)
        .toSorted()
        .map((text) => (text === '551' ? 551 : text)),
    );
    await system.said(/corrupt/);
    expect(await system.stop()).toBe(0);
  }, 60_000);

  it('everything is whole after kill -9 of the embedded system', async () => {
    const data = folder('killed');
    let system = await System.embedded(data);
    let client = await login(system);
    const contents = [10, 70_000, 5_000_000].map((size) => randomBytes(size));
    for (const [i, content] of contents.entries()) await client.uploadFrom(Readable.from([content]), `/file-${i}`);
    await system.kill();
    client.close();
    system = await System.embedded(data);
    client = await login(system);
    for (const [i, content] of contents.entries())
      expect(hash(await download(client, `/file-${i}`))).toBe(hash(content));
    client.close();
    expect(await system.stop()).toBe(0);
  }, 60_000);

  const isRoot = process.getuid?.() === 0 && process.platform === 'linux';
  (isRoot ? it : it.skip)(
    'a full disk answers 452 and loses nothing',
    async () => {
      const data = folder('full');
      const mounted = await run('mount', ['-t', 'tmpfs', '-o', 'size=400m', 'tmpfs', data]);
      if (mounted.code !== 0) {
        process.stderr.write(`no tmpfs here, full disk not tried: ${mounted.stderr}`);
        return;
      }
      try {
        const system = await System.embedded(data);
        const client = await login(system);
        const content = randomBytes(3_000_000);
        await client.uploadFrom(Readable.from([content]), '/before.bin');
        const big = Readable.from(
          (function* () {
            for (let i = 0; i < 500; i++) yield Buffer.alloc(1_000_000, i);
          })(),
        );
        const code = await client.uploadFrom(big, '/big.bin').then(
          () => 226,
          (error: { code?: number }) => error.code,
        );
        expect(code).toBe(452);
        client.close();
        const again = await login(system);
        expect(hash(await download(again, '/before.bin'))).toBe(hash(content));
        expect((await again.list('/')).map(({ name }) => name)).toEqual(['before.bin']);
        await again.uploadFrom(Readable.from([content]), '/after.bin');
        again.close();
        expect(await system.stop()).toBe(0);
      } finally {
        await run('umount', ['-l', data]);
      }
    },
    90_000,
  );
});

describe('processes', () => {
  it('a session goes on when its processor is killed', async () => {
    const data = folder('processors');
    const system = await System.start(['cluster', 'up', 'ftp', '--replicas', 'processing=2'], data, {
      SKERRY_FTP_PORT: '0',
      SKERRY_PASSIVE_PORTS: '0-0',
    });
    const client = await login(system);
    const content = randomBytes(200_000);
    await client.send('MKD /before');
    for (const name of ['processing_1', 'processing_2']) {
      const killed = await skerry(['cluster', 'kill', name, '--data', data]);
      expect(killed.code).toBe(0);
      await client.send(`MKD /after-${name}`);
      await client.uploadFrom(Readable.from([content]), `/after-${name}/file`);
      const started = await skerry(['cluster', 'start', name, '--data', data]);
      expect(started.code).toBe(0);
    }
    expect(hash(await download(client, '/after-processing_1/file'))).toBe(hash(content));
    client.close();
    const status = await skerry(['cluster', 'status', '--data', data, '--json']);
    const rows = JSON.parse(status.stdout) as { name: string; state: string }[];
    expect(rows.map(({ state }) => state)).toEqual(rows.map(() => 'running'));
    expect(await system.stop()).toBe(0);
  }, 120_000);

  it('users are added, disabled, exported and imported from the command line', async () => {
    const data = folder('users');
    const system = await System.embedded(data);
    const add = await skerry(['user', 'add', 'ada', '--password-stdin', '--home', '/home/ada', '--data', data], {
      input: 'a long secret\n',
    });
    expect(add).toMatchObject({ code: 0, stdout: 'added ada\n' });
    const ada = new Client(15_000);
    await ada.access({ ...system.ftp, user: 'ada', password: 'a long secret' });
    await ada.uploadFrom(Readable.from([Buffer.from('hello')]), '/note.txt');
    const admin = await login(system);
    expect((await download(admin, '/home/ada/note.txt')).toString()).toBe('hello');
    admin.close();
    const exported = await skerry(['user', 'export', '--data', data]);
    expect(exported.stdout).toContain('"ada"');
    expect(exported.stdout).not.toContain('a long secret');
    expect((await skerry(['user', 'disable', 'ada', '--data', data])).code).toBe(0);
    ada.close();
    const again = new Client(15_000);
    await expect(again.access({ ...system.ftp, user: 'ada', password: 'a long secret' })).rejects.toMatchObject({
      code: 530,
    });
    again.close();
    const file = join(data, 'users.json');
    writeFileSync(file, exported.stdout);
    expect((await skerry(['user', 'import', file, '--data', data])).code).toBe(0);
    const back = new Client(15_000);
    await back.access({ ...system.ftp, user: 'ada', password: 'a long secret' });
    back.close();
    const twice = await skerry(['user', 'add', 'ada', '--password', 'another secret', '--data', data]);
    expect(twice.code).toBe(1);
    expect(twice.stderr).toContain('ada');
    expect(await system.stop()).toBe(0);
  }, 90_000);
});
