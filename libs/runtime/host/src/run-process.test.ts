import { describe, expect, test } from '@jest/globals';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';
import { temporaryDirectory } from '@skerry/testing/node';

// Bundled once, as in production: loading TypeScript anew in each child would be most of the test's time.
const bundle = join(temporaryDirectory(), 'run-process.mjs');
buildSync({
  stdin: {
    contents: `export { runProcess } from './run-process.ts'; export { StatusError } from '@skerry/kernel';`,
    resolveDir: fileURLToPath(new URL('.', import.meta.url)),
  },
  bundle: true,
  platform: 'node',
  format: 'esm',
  conditions: ['@skerry/source'],
  outfile: bundle,
});

type Ended = { readonly status: number | null; readonly stdout: string; readonly stderr: string };

/** Runs `main` (JavaScript); `onReady` is called when it prints `ready`. */
async function run(main: string, onReady: (child: ChildProcess) => void = () => undefined): Promise<Ended> {
  const script = `import { runProcess, StatusError } from ${JSON.stringify(bundle)};
    const forever = new Promise(() => undefined);
    const alive = setInterval(() => undefined, 1000);
    await runProcess(${main}, 50);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script]);
  let [stdout, stderr] = ['', ''];
  child.stderr.on('data', (chunk) => (stderr += String(chunk)));
  child.stdout.on('data', (chunk) => {
    stdout += String(chunk);
    if (String(chunk).includes('ready')) onReady(child);
  });
  const [status] = (await once(child, 'close')) as [number | null];
  return { status, stdout, stderr };
}
const until = (stop: string): string => `async () => {
  console.log('ready');
  return { ended: forever, stop: ${stop} };
}`;

describe('a process', () => {
  test.each(['SIGINT', 'SIGTERM'] as const)('%s drains it, and it ends with 0', async (signal) => {
    // Text, not a number: Node colours numbers where FORCE_COLOR says so.
    const stop = `async (grace) => console.log('stopped ' + grace)`;
    const { status, stdout, stderr } = await run(until(stop), (child) => child.kill(signal));
    expect(status).toBe(0);
    expect(stdout).toBe('ready\nstopped 50\n');
    expect(stderr).toBe('');
  });
  test('a second signal ends it at once with 1', async () => {
    const stop = `async () => { console.log('again ready'); await forever; }`;
    const { status } = await run(until(stop), (child) => child.kill('SIGTERM'));
    expect(status).toBe(1);
  });
  test('one that does not stop within its grace ends with 1', async () => {
    const { status, stderr } = await run(until('() => forever'), (child) => child.kill('SIGTERM'));
    expect(status).toBe(1);
    expect(stderr).toContain('Cannot stop within 50 ms');
  });
  test('a drain from elsewhere ends it with 0, after its stop', async () => {
    const main = `async () => ({ ended: Promise.resolve(), stop: async () => console.log('stopped') })`;
    expect(await run(main)).toMatchObject({ status: 0, stdout: 'stopped\n' });
  });
  test('a signal while it starts ends it with 0', async () => {
    const main = `() => { console.log('ready'); return forever; }`;
    const { status } = await run(main, (child) => child.kill('SIGTERM'));
    expect(status).toBe(0);
  });
  test.each([
    ['a wrong setting', `new StatusError('malformed', 'Cannot read --port: no')`, 2, /^Cannot read --port: no\n$/],
    ['the world', `new StatusError('port_in_use', 'Cannot listen')`, 1, /^Cannot listen\n$/],
    ['a bug', `new TypeError('boom')`, 1, /^TypeError: boom\n {4}at /],
  ])('start fails for %s', async (_, error, wanted, message) => {
    const { status, stderr } = await run(`async () => { throw ${error}; }`);
    expect(status).toBe(wanted);
    expect(stderr).toMatch(message);
  });
  test('that cannot go on ends with 1, and tells its log', async () => {
    const main = `async () => ({
      ended: Promise.reject(new StatusError('disk_failed', 'disk gone')),
      telemetry: { emit: ({ event, level }) => console.log(event, level) },
      stop: async () => console.log('stopped'),
    })`;
    const { status, stdout, stderr } = await run(main);
    expect(status).toBe(1);
    expect(stdout).toBe('process_failed fatal\n');
    expect(stderr).toBe('disk gone\n');
  });
  test.each([
    ['an exception', `setTimeout(() => { throw new Error('late'); })`],
    ['a rejection', `void Promise.reject(new Error('late'))`],
  ])('%s that nobody catches ends it with 1', async (_, fault) => {
    const { status, stderr } = await run(
      `async () => { ${fault}; return { ended: forever, stop: async () => undefined }; }`,
    );
    expect(status).toBe(1);
    expect(stderr).toMatch(/Error: late/);
  });
});
