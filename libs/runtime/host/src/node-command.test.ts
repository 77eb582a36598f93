import { beforeAll, describe, expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { temporaryDirectory } from '@skerry/testing/node';

const program = join(temporaryDirectory(), 'toy.mjs');
beforeAll(async () => {
  // A whole program, as an app's main.ts is one.
  const contents = `
    import { oneOf } from '@skerry/runtime-config';
    import { runNodeProgram } from './node-command.ts';
    if (process.env.TERMINAL === 'yes') Object.defineProperty(process.stderr, 'isTTY', { value: true });
    const service = { endpoints: { toy: 'toy://here' }, load: () => 0, status: () => ({}), stop: async () => undefined };
    await runNodeProgram({
      name: 'toy', role: 'toy', summary: 'a toy', version: '1', examples: [],
      settings: { color: oneOf({ default: 'red', choices: ['red', 'blue'], help: 'its color' }) },
      start: async () => ({ ...service, notice: { onTerminal: 'password: hunter2', withoutTerminal: 'set a password' } }),
    });`;
  const resolveDir = fileURLToPath(new URL('.', import.meta.url));
  const banner = `import{createRequire as toyRequire}from'node:module';const require=toyRequire(${JSON.stringify(resolveDir)});`;
  await build({
    stdin: { contents, resolveDir },
    bundle: true,
    platform: 'node',
    format: 'esm',
    conditions: ['@skerry/source'],
    external: ['lmdb', '@node-rs/*'],
    banner: { js: banner },
    outfile: program,
  });
});

type Ended = { readonly status: number | null; readonly stdout: string; readonly stderr: string };

/** Runs it until its first line on stdout, then drains it; or until it ends by itself. */
async function run(flags: readonly string[], terminal = false): Promise<Ended> {
  const own = ['--data', temporaryDirectory(), '--metrics-port', '0', '--insecure'];
  const child = spawn(process.execPath, [program, ...own, ...flags], {
    env: { ...process.env, TERMINAL: terminal ? 'yes' : 'no' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stderr.on('data', (chunk) => (stderr += String(chunk)));
  createInterface({ input: child.stdout }).on('line', (line) => {
    stdout += `${line}\n`;
    child.kill('SIGTERM');
  });
  const [status] = (await once(child, 'close')) as [number | null];
  return { status, stdout, stderr };
}

describe('a node that is a program', () => {
  // At the same time, since a node that knows no other waits a while for one.
  let json: Ended;
  let people: Ended;
  beforeAll(async () => {
    [json, people] = await Promise.all([run(['--id', 'toy_1', '--json']), run(['--id', 'toy_1'], true)]);
  }, 60_000);
  test('--json: one line says that it is ready, and where', () => {
    expect(json.status).toBe(0);
    expect(JSON.parse(json.stdout)).toEqual({
      ready: true,
      pid: expect.any(Number),
      node: 'toy_1',
      endpoints: {
        toy: 'toy://here',
        grpc: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
        metrics: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
      },
      notice: 'set a password',
    });
  });
  test('else a line for people', () => {
    expect(people.stdout).toMatch(/^toy_1 ready: toy toy:\/\/here, grpc 127\.0\.0\.1:\d+, metrics http:\S+\n$/);
  });
  test('a secret is shown on a terminal, once', () => {
    expect(people.stderr.split('password: hunter2')).toHaveLength(2);
    expect(people.stderr).not.toContain('set a password');
  });
  test('a secret is not told to what keeps it, but what to do instead', () => {
    expect(json.stderr.split('set a password')).toHaveLength(2);
    expect(json.stderr).not.toContain('hunter2');
  });
  test.each([
    ['without a name', [], /^Cannot start a node of role "toy" without a name: give --id, such as --id toy_1\n$/],
    [
      'with a name that is none',
      ['--id', 'Toy 1'],
      /^toy: Cannot read --id: must be 1 to 63 of a-z 0-9 _ -: got "Toy 1"\n$/,
    ],
    ['with a flag that is none', ['--colour', 'red'], /^toy: unknown option '--colour'.*\n$/],
    [
      'with a wrong value',
      ['--id', 'toy_1', '--color', 'green'],
      /^toy: Cannot read --color: must be one of red, blue: got "green"\n$/,
    ],
  ])('%s: exit code 2 and one line', async (_, flags, line) => {
    expect(await run(flags)).toEqual({ status: 2, stdout: '', stderr: expect.stringMatching(line) });
  });

  test('names itself once in its help', async () => {
    const { stdout } = await run(['--help']);
    expect(stdout).toMatch(/^Usage: toy \[options\]\n/);
  });
});
