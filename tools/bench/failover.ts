/**
 * Kills the data leader of a cluster of 15 processes again and again, and measures how long no upload succeeds: `npm run
 * bench -- failover [--json]`. BENCH_KILLS: how often (default: 20). BENCH_ROLE: whose leader, `data` or `auth` (then
 * logins are what is measured). Goal: median ≤ 0.6 s, at most 1.5 s.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { Client } from 'basic-ftp';
import { root } from './ftp/servers.ts';

const kills = Number(process.env['BENCH_KILLS'] ?? 20);
const role = process.env['BENCH_ROLE'] ?? 'data';
const password = 'benchmark password';
/** Each writes one small file after another. */
const clientCount = 4;
const contentBytes = 256;
const clientTimeoutMs = 10_000;
/** How long the group may need to be whole again before the next kill, and what comes after a kill is watched. */
const wholeMaxMs = 30_000;
const watchedMs = 2_000;

type Node = { name: string; role: string; pid: number; state: string; endpoints: Record<string, string> };
type ClusterFile = { nodes: Node[]; control: { port: number; token: string } };

const data = await mkdtemp(join(process.env['BENCH_DIR'] ?? tmpdir(), 'skerry-bench-failover-'));
const cluster = (): ClusterFile => JSON.parse(readFileSync(join(data, 'cluster.json'), 'utf8')) as ClusterFile;
const log = (text: string): boolean => !process.argv.includes('--json') && process.stderr.write(`${text}\n`);

async function startCluster(): Promise<ChildProcess> {
  const program = join(root, 'apps/skerry/bin/skerry.mjs');
  const child = spawn(process.execPath, [program, 'cluster', 'up', 'ftp', '--data', data, '--json'], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, SKERRY_ADMIN_PASSWORD: password, SKERRY_FTP_PORT: '0', SKERRY_PASSIVE_PORTS: '0-0' },
  });
  const [line] = (await once(createInterface({ input: child.stdout as NodeJS.ReadableStream }), 'line')) as [string];
  const { ms } = JSON.parse(line) as { ms: number };
  log(`15 processes ready in ${ms} ms`);
  return child;
}

type Status = { service: { leader?: boolean; committed?: number; applied?: number; leaderId?: string; term?: number } };
async function statusOf(node: Node): Promise<Status['service'] | undefined> {
  try {
    const response = await fetch(`${node.endpoints['metrics']}/status`, { signal: AbortSignal.timeout(1_000) });
    return ((await response.json()) as Status).service;
  } catch {
    // It was killed.
    return undefined;
  }
}
/** Of the group, when all members answer and follow it. */
async function wholeWithLeader(): Promise<Node> {
  const endMs = performance.now() + wholeMaxMs;
  for (;;) {
    const members = cluster().nodes.filter((node) => node.role === role);
    const statuses = await Promise.all(members.map(statusOf));
    const leader = members[statuses.findIndex((status) => status?.leader === true)];
    if (
      leader !== undefined &&
      statuses.every((status) => status?.leaderId === leader.name && status.applied === status.committed)
    )
      return leader;
    if (performance.now() > endMs) throw new Error(`the ${role} nodes are not whole after ${wholeMaxMs} ms`);
    await pause(50);
  }
}
async function startAgain(name: string): Promise<void> {
  const { port, token } = cluster().control;
  const headers = { authorization: `Bearer ${token}` };
  const response = await fetch(`http://127.0.0.1:${port}/start/${name}`, { method: 'POST', headers });
  if (!response.ok) throw new Error(await response.text());
}

/** When an upload, or a login, had succeeded; and what clients were told otherwise. */
const successes: number[] = [];
const refusals = new Map<string, number>();
let running = true;

async function connected(port: number): Promise<Client> {
  const client = new Client(clientTimeoutMs);
  await client.access({ host: '127.0.0.1', port, user: 'admin', password });
  return client;
}
async function work(index: number): Promise<void> {
  const routers = cluster().nodes.filter((node) => node.role === 'routing');
  const url = new URL(routers[index % routers.length]?.endpoints['ftp'] ?? '');
  const content = Buffer.alloc(contentBytes, index);
  let client: Client | undefined;
  for (let i = 0; running; i++)
    try {
      if (client === undefined || client.closed) client = await connected(Number(url.port));
      if (role === 'data') await client.uploadFrom(Readable.from([content]), `/client-${index}-${i % 100}`);
      successes.push(performance.now());
      if (role !== 'data') client.close();
    } catch (thrown) {
      const { code, message } = thrown as { code?: number; message: string };
      const told = code === undefined ? message : String(code);
      refusals.set(told, (refusals.get(told) ?? 0) + 1);
      if (code === undefined || code === 421) client?.close();
      await pause(10);
    }
  client?.close();
}

/** The longest time without a success after `killedMs`, from then on at the earliest. */
function gapAfter(killedMs: number): number {
  const times = [killedMs, ...successes.filter((time) => time > killedMs), performance.now()];
  return Math.max(...times.slice(1).map((time, i) => time - (times[i] ?? 0)));
}
const round = (ms: number): number => Math.round(ms);

const child = await startCluster();
try {
  const workers = Array.from({ length: clientCount }, (_, i) => work(i));
  // Logins of a cluster that has just started take their time.
  while (successes.length < 10 * clientCount) await pause(50);
  const gaps: number[] = [];
  for (let i = 0; i < kills; i++) {
    const leader = await wholeWithLeader();
    await pause(200 + Math.random() * 100);
    const killedMs = performance.now();
    process.kill(leader.pid, 'SIGKILL');
    await pause(watchedMs);
    const gapMs = gapAfter(killedMs);
    gaps.push(gapMs);
    log(`kill ${i + 1}: ${leader.name}, ${round(gapMs)} ms`);
    await startAgain(leader.name);
  }
  running = false;
  await Promise.all(workers);
  const sorted = gaps.toSorted((a, b) => a - b);
  const results = {
    role,
    kills,
    'median, ms': round(sorted[Math.floor(sorted.length / 2)] ?? 0),
    'longest, ms': round(sorted.at(-1) ?? 0),
    succeeded: successes.length,
    refused: Object.fromEntries(refusals),
  };
  if (process.argv.includes('--json')) console.log(JSON.stringify(results));
  else for (const [what, value] of Object.entries(results)) console.log(`${what}: ${JSON.stringify(value)}`);
} finally {
  running = false;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  await exited;
  await rm(data, { recursive: true });
}
