/**
 * One large upload to a cluster of 15 processes, whose three data nodes write to the same disk: `npm run bench -- stor3
 * [--json] [--rounds N] [--insecure]`. BENCH_MIB: size of the file (default: 1,024). Beside each round stands what the
 * disk does alone (sequential write and fdatasync of as much), and the processor time of all nodes.
 * Goal: at least 0.6 of a third of the disk's rate.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, fdatasyncSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { cpuSeconds, root } from './ftp/servers.ts';

const flags = process.argv.slice(2);
const at = flags.indexOf('--rounds');
const rounds = at < 0 ? 3 : Number(flags[at + 1]);
const json = flags.includes('--json');
const insecure = flags.includes('--insecure');
const sizeBytes = Number(process.env['BENCH_MIB'] ?? 1_024) * 2 ** 20;
const password = 'benchmark password';
const goalShare = 0.6;
const copies = 3;
/** Who used less in a round is one of the others. */
const idleSecondsMax = 1;

type Node = { name: string; role: string; pid: number; endpoints: Record<string, string> };
type Round = {
  readonly upload: number;
  readonly disk: number;
  /** Processor seconds by node, of those that did something. */
  readonly cpu: Readonly<Record<string, number>>;
};
const data = await mkdtemp(join(process.env['BENCH_DIR'] ?? tmpdir(), 'skerry-bench-stor3-'));
const say = (text: string): void => void (json || process.stderr.write(`${text}\n`));

async function startCluster(): Promise<ChildProcess> {
  const program = join(root, 'apps/skerry/bin/skerry.mjs');
  const mode = insecure ? ['--insecure'] : [];
  const child = spawn(process.execPath, [program, 'cluster', 'up', 'ftp', '--data', data, '--json', ...mode], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, SKERRY_ADMIN_PASSWORD: password, SKERRY_FTP_PORT: '0', SKERRY_PASSIVE_PORTS: '0-0' },
  });
  await once(createInterface({ input: child.stdout as NodeJS.ReadableStream }), 'line');
  return child;
}
const nodes = (): readonly Node[] =>
  (JSON.parse(readFileSync(join(data, 'cluster.json'), 'utf8')) as { nodes: Node[] }).nodes;

/** MB/s of one file written in pieces of a mebibyte and synced. */
function diskRate(): number {
  const block = new Uint8Array(2 ** 20).fill(7);
  const path = join(data, 'plain');
  const file = openSync(path, 'w');
  const begin = performance.now();
  for (let written = 0; written < sizeBytes; written += block.length) writeSync(file, block);
  fdatasyncSync(file);
  const seconds = (performance.now() - begin) / 1_000;
  closeSync(file);
  rmSync(path);
  return sizeBytes / 1e6 / seconds;
}

const used = (): ReadonlyMap<string, number> => new Map(nodes().map(({ name, pid }) => [name, cpuSeconds(pid)]));

async function upload(load: ChildProcess, lines: AsyncIterator<string>, port: number, name: string): Promise<number> {
  const request = { op: 'store', host: '127.0.0.1', port, user: 'admin', password, dir: '/', name, size: sizeBytes };
  load.stdin?.write(`${JSON.stringify(request)}\n`);
  const answer = JSON.parse((await lines.next()).value as string) as { value?: number; error?: string };
  if (answer.value === undefined) throw new Error(answer.error);
  return sizeBytes / 1e6 / answer.value;
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? NaN;
const cluster = await startCluster();
const load = spawn('python3', [join(import.meta.dirname, 'ftp/load.py')], { stdio: ['pipe', 'pipe', 'inherit'] });
try {
  const lines = createInterface({ input: load.stdout })[Symbol.asyncIterator]();
  const [router] = nodes().filter(({ role }) => role === 'routing');
  const port = Number(new URL(router?.endpoints['ftp'] ?? '').port);
  const results: Round[] = [];
  // The first round warms up, and does not count.
  for (let round = 0; round <= rounds; round++) {
    const disk = diskRate();
    const before = used();
    const rate = await upload(load, lines, port, `bulk-${round % 2}.bin`);
    const spent = [...used()].map(([name, after]) => [name, after - (before.get(name) ?? 0)] as const);
    const cpu = Object.fromEntries(spent.filter(([, seconds]) => seconds >= idleSecondsMax));
    const others = spent.reduce((sum, [, seconds]) => sum + (seconds < idleSecondsMax ? seconds : 0), 0);
    const shown = Object.entries({ ...cpu, others }).map(([name, seconds]) => `${name} ${seconds.toFixed(2)}`);
    say(`round ${round}: ${rate.toFixed(0)} MB/s, disk ${disk.toFixed(0)} MB/s; processor s: ${shown.join(', ')}`);
    if (round > 0) results.push({ upload: rate, disk, cpu });
  }
  const [ours, disk] = [median(results.map((result) => result.upload)), median(results.map((result) => result.disk))];
  const share = ours / (disk / copies);
  const mode = insecure ? 'plaintext between nodes' : 'mutual TLS between nodes';
  say(
    `STOR of ${sizeBytes / 2 ** 20} MiB to 3 data nodes, ${mode}: ${ours.toFixed(0)} MB/s, disk ${disk.toFixed(0)} MB/s; ` +
      `${share.toFixed(2)} of a third of it: ${share >= goalShare ? 'met' : 'MISSED'}`,
  );
  if (json) process.stdout.write(`${JSON.stringify({ insecure, rounds: results, ours, disk, share }, undefined, 2)}\n`);
} finally {
  load.stdin.end();
  const ended = once(cluster, 'exit');
  cluster.kill('SIGINT');
  await ended;
  await rm(data, { recursive: true, force: true });
}
