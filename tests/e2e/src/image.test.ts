/** The very set of files of an image, in a folder that has nothing else, run by plain `node`. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { createInterface } from 'node:readline';
import { credentialsOf, operatorCertificate, Tool } from './grpc-fixture.ts';
import { adminPassword, removeFolder, root, run, temporaryFolder } from './system.ts';

const folder = temporaryFolder('image');
const image = join(folder, 'image');
const running: ChildProcess[] = [];
let packages: readonly string[] = [];

beforeAll(async () => {
  const made = await run(process.execPath, [join(root, 'tools/image.mjs'), 'skerry', image]);
  expect(made).toMatchObject({ code: 0, stderr: '' });
  packages = made.stdout.trim().split('\n');
}, 60_000);
afterAll(async () => {
  for (const child of running.filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null)) {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  removeFolder(folder);
});

type Ready = { readonly endpoints: Readonly<Record<string, string>> };
/** Runs the image's program, with nothing of the checkout in reach, until it is ready. */
async function start(...args: readonly string[]): Promise<{ child: ChildProcess; ready: Ready }> {
  const { PATH, HOME } = process.env;
  const child = spawn(process.execPath, ['main.mjs', ...args, '--json', '--log-level', 'warn'], {
    cwd: image,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH, HOME, SKERRY_ADMIN_PASSWORD: adminPassword },
  });
  running.push(child);
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const exited = once(child, 'exit').then(([code]) => {
    throw new Error(`${args.join(' ')} ended with ${String(code)}: ${stderr}`);
  });
  const [line] = (await Promise.race([once(createInterface({ input: child.stdout }), 'line'), exited])) as [string];
  exited.catch(() => undefined);
  return { child, ready: JSON.parse(line) as Ready };
}
async function drain(child: ChildProcess): Promise<unknown> {
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  return (await exited)[0];
}

describe('the folder', () => {
  it('lies outside of the checkout, and holds the bundle and the packages that cannot be bundled', () => {
    expect(relative(root, image)).toMatch(/^\.\./);
    const names = readdirSync(image).filter((name) => !/^chunk-[A-Z0-9]{8}\.mjs$/.test(name));
    expect(names.toSorted()).toEqual(['main.mjs', 'node_modules', 'table-keeper.mjs']);
    expect(packages).toEqual(expect.arrayContaining(['node_modules/lmdb', 'node_modules/@node-rs/crc32']));
    expect(packages.filter((name) => /typescript|jest|esbuild|@skerry/.test(name))).toEqual([]);
  });
  it('holds the native code of each of them', async () => {
    const load = `for (const name of ['lmdb', '@node-rs/crc32']) require(name); console.log('loaded')`;
    expect(await run(process.execPath, ['-e', load], { cwd: image })).toMatchObject({ code: 0, stdout: 'loaded\n' });
  });
  it('is made only where nothing is', async () => {
    const again = await run(process.execPath, [join(root, 'tools/image.mjs'), 'skerry', image]);
    expect(again.code).toBe(1);
    expect(again.stderr).toContain('must be a new or empty folder');
  });
});

describe('the program in it', () => {
  it('serves FTP, plain and under TLS, and reflection', async () => {
    const data = join(folder, 'up');
    const { child, ready } = await start('up', '--ftp-port', '0', '--passive-ports', '0-0', '--data', data);
    const [sent, got] = [join(folder, 'sent'), join(folder, 'got')];
    writeFileSync(sent, randomBytes(1_000_000));
    const curl = (...args: readonly string[]) =>
      run('curl', ['--silent', '--show-error', '--max-time', '30', '--user', `admin:${adminPassword}`, ...args]);
    const url = `${ready.endpoints['ftp']}/file.bin`;
    expect(await curl('--upload-file', sent, url)).toMatchObject({ code: 0, stderr: '' });
    expect(await curl('--ssl-reqd', '--insecure', '--output', got, url)).toMatchObject({ code: 0, stderr: '' });
    expect(readFileSync(got).equals(readFileSync(sent))).toBe(true);
    const tool = new Tool(ready.endpoints['grpc'] ?? '', { credentials: credentialsOf(operatorCertificate(data)) });
    expect(await tool.list('v1')).toContain('skerry.data.v1.DataService');
    expect(await tool.methodsOf('v1', 'skerry.admin.v1.AdminService')).toContain('GetStatus');
    tool.close();
    expect(await drain(child)).toBe(0);
  }, 60_000);
  it('runs one node of one role', async () => {
    const { child, ready } = await start('node', 'data', '--id', 'data_1', '--data', join(folder, 'node'));
    const response = await fetch(`${ready.endpoints['metrics']}/status`);
    expect(await response.json()).toMatchObject({ node: 'data_1', ready: true, service: { leader: true } });
    expect(await drain(child)).toBe(0);
  }, 60_000);
});
