/** Start, memory and bulk speed of the embedded system, with curl as the client. Goals stand beside the figures. */
import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const root = join(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'skerry-bench-'));
const password = 'benchmark password';
const rounds = 5;
const gibibyte = 2 ** 30;
const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? NaN;
const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** Own memory of a process in MiB: RssAnon + RssShmem; mapped file pages are the kernel's to take back. */
function memoryOf(pid: number): { own: number; mapped: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const field = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0) / 1024;
  return { own: field('RssAnon') + field('RssShmem'), mapped: field('RssFile') };
}

async function up(
  data: string,
): Promise<{ child: ChildProcess; ready: { ms: number; pid: number; endpoints: { ftp: string } }; wallMs: number }> {
  const from = performance.now();
  const child = spawn(
    'npm',
    ['start', '--silent', '--', '--data', data, '--ftp-port', '0', '--passive-ports', '0-0', '--json'],
    {
      cwd: root,
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, SKERRY_ADMIN_PASSWORD: password, SKERRY_LOG_LEVEL: 'warn' },
    },
  );
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  return { child, ready: JSON.parse(line), wallMs: performance.now() - from };
}
async function down({ child, ready }: Awaited<ReturnType<typeof up>>): Promise<void> {
  const exited = once(child, 'exit');
  process.kill(ready.pid, 'SIGTERM');
  await exited;
}

function timed(command: string, args: readonly string[]): number {
  const from = performance.now();
  const { status, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command}: exit ${status}: ${stderr}`);
  return performance.now() - from;
}

execFileSync('node', [join(root, 'tools/bundle.mjs'), 'skerry'], { cwd: root });
const starts: number[] = [];
const firstStarts: number[] = [];
for (let i = 0; i < rounds; i++) {
  const data = join(folder, `start-${i}`);
  const first = await up(data);
  firstStarts.push(first.wallMs);
  await down(first);
  const again = await up(data);
  starts.push(again.wallMs);
  await down(again);
}
say(
  `start to ready, npm start, median of ${rounds}: first ${median(firstStarts).toFixed(0)} ms, again ${median(starts).toFixed(0)} ms (goal <= 1500 ms)`,
);

const system = await up(join(folder, 'bulk'));
const idle = memoryOf(system.ready.pid);
say(`memory idle: ${idle.own.toFixed(0)} MiB own, ${idle.mapped.toFixed(0)} MiB mapped files apart (goal <= 150 MB)`);
const file = join(folder, 'gibibyte.bin');
execFileSync('dd', ['if=/dev/urandom', `of=${file}`, 'bs=1M', 'count=1024', 'status=none']);
const url = system.ready.endpoints.ftp;
const login = ['-sS', '-u', `admin:${password}`];
let peak = 0;
const watch = setInterval(() => (peak = Math.max(peak, memoryOf(system.ready.pid).own)), 20);
const rates = async (args: (i: number) => string[]): Promise<number[]> => {
  const values: number[] = [];
  for (let i = 0; i < rounds; i++) {
    const from = performance.now();
    const child = spawn('curl', [...login, ...args(i)], { stdio: ['ignore', 'ignore', 'inherit'] });
    const [code] = (await once(child, 'exit')) as [number];
    if (code !== 0) throw new Error(`curl: exit ${code}`);
    values.push(gibibyte / 1e6 / ((performance.now() - from) / 1000));
  }
  return values;
};
const stor = await rates(() => ['-T', file, `${url}/bench.bin`]);
say(
  `STOR 1 GiB, durable before 226: median ${median(stor).toFixed(0)} MB/s of ${stor.map((value) => value.toFixed(0)).join(' ')} (goal >= 250 MB/s)`,
);
const retr = await rates(() => ['-o', '/dev/null', `${url}/bench.bin`]);
say(
  `RETR 1 GiB: median ${median(retr).toFixed(0)} MB/s of ${retr.map((value) => value.toFixed(0)).join(' ')} (goal >= 400 MB/s)`,
);
clearInterval(watch);
say(`memory during bulk: peak ${peak.toFixed(0)} MiB own (goal <= 250 MB)`);
const copy = join(folder, 'copy.bin');
const disk = Array.from(
  { length: 3 },
  () => gibibyte / 1e6 / (timed('dd', [`if=${file}`, `of=${copy}`, 'bs=1M', 'conv=fdatasync', 'status=none']) / 1000),
);
say(`this disk beside it: dd of the same file with fdatasync ${median(disk).toFixed(0)} MB/s`);
await down(system);
rmSync(folder, { recursive: true });
