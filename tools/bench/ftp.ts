/**
 * FTP beside other servers: `npm run bench -- ftp [--json] [--rounds N] [--only ROW,…] [--servers NAME,…] [--plain|--tls]`.
 *
 * Every figure is a median over rounds in which the servers take turns, so that a busy machine slows all of them; beside
 * it stands the server's processor time. Peers run as root starts them; what they store is synced by the client after
 * 226, since they sync nothing. `floor` is the least that Node can do (ftp/floor.ts).
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, closeSync, mkdirSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import {
  cpuSeconds,
  floor,
  howToInstall,
  isInstalled,
  makeCertificate,
  memoryMegabytes,
  peers,
  skerry,
  type Server,
} from './ftp/servers.ts';

const flags = process.argv.slice(2);
const option = (name: string): string | undefined => {
  const at = flags.indexOf(name);
  return at < 0 ? undefined : flags[at + 1];
};
const rounds = Number(option('--rounds') ?? 5);
const only = option('--only')?.split(',');
const json = flags.includes('--json');
const modes = [...(flags.includes('--tls') ? [] : [false]), ...(flags.includes('--plain') ? [] : [true])];
const mebibyte = 2 ** 20;
const bulkBytes = Number(process.env['BENCH_MIB'] ?? 1_024) * mebibyte;
const smallCount = 2_000;
const smallBytes = 4_096;
const listedCount = 10_000;
const say = (line: string): void => void process.stderr.write(`${line}\n`);

/** See ftp/load.py. */
class Load {
  readonly #child: ChildProcess;
  readonly #lines: Interface;
  constructor() {
    this.#child = spawn('python3', [join(import.meta.dirname, 'ftp/load.py')], { stdio: ['pipe', 'pipe', 'inherit'] });
    if (this.#child.stdout === null) throw new Error('the load client has no standard output');
    this.#lines = createInterface({ input: this.#child.stdout });
  }
  async ask(op: string, { port, user, password, dir }: Server, rest: Record<string, unknown>): Promise<number> {
    const line = once(this.#lines, 'line') as Promise<[string]>;
    this.#child.stdin?.write(`${JSON.stringify({ op, host: '127.0.0.1', port, user, password, dir, ...rest })}\n`);
    const answer = JSON.parse((await line)[0]) as { value?: number; error?: string };
    if (answer.error !== undefined) throw new Error(answer.error);
    return answer.value ?? NaN;
  }
  stop(): void {
    this.#child.stdin?.end();
  }
}

type Measured = { readonly value: number; readonly cpu: number; readonly delayMs: number | undefined };
type Row = {
  readonly key: string;
  readonly what: string;
  readonly unit: string;
  readonly goal: string;
  /** Whom the goal names, and how ours over theirs must be. */
  readonly against?: { readonly peer: string; readonly factor: number; readonly most?: boolean };
  readonly servers: readonly string[];
  readonly plainOnly?: boolean;
  measure(server: Server, tls: boolean): Promise<number>;
};
type Figure = {
  readonly key: string;
  readonly what: string;
  readonly unit: string;
  readonly goal: string;
  readonly tls: boolean;
  readonly median: Readonly<Record<string, number>>;
  readonly cpuSeconds: Readonly<Record<string, number>>;
  readonly all: Readonly<Record<string, readonly number[]>>;
  readonly loopDelayMaxMs: number | undefined;
  readonly ratio: number | undefined;
  readonly met: boolean | undefined;
};

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? NaN;
const everyone = ['skerry', 'floor', 'vsftpd', 'proftpd', 'pure-ftpd'];

function rowsOf(load: Load): readonly Row[] {
  const durable = ({ folder }: Server): { folder?: string } => (folder === undefined ? {} : { folder });
  const many = { count: smallCount, size: smallBytes };
  const bulk = { name: 'bulk.bin', size: bulkBytes };
  const rate = (seconds: number): number => bulkBytes / 1e6 / seconds;
  const storeSmall = async (server: Server, connections: number, tls: boolean): Promise<number> => {
    // The floor and we sync before 226.
    const sync = server.name === 'floor' ? {} : durable(server);
    return smallCount / (await load.ask('storeSmall', server, { ...many, ...sync, connections, tls }));
  };
  const list =
    (command: string, changed = false) =>
    async (server: Server, tls: boolean) => {
      const listed = { command, path: `${server.dir}listed`, entries: listedCount, times: 5, changed };
      return 1_000 * (await load.ask('list', server, { ...listed, tls }));
    };
  return [
    {
      key: 'stor',
      what: 'STOR 1 GiB, on disk',
      unit: 'MB/s',
      goal: '>= 1 x vsftpd + fsync',
      against: { peer: 'vsftpd', factor: 1 },
      servers: everyone,
      measure: async (server, tls) => {
        const sync = server.name === 'floor' ? {} : durable(server);
        return rate(await load.ask('store', server, { ...bulk, ...sync, tls }));
      },
    },
    {
      key: 'retr',
      what: 'RETR 1 GiB',
      unit: 'MB/s',
      goal: '>= 1 x vsftpd',
      against: { peer: 'vsftpd', factor: 1 },
      servers: everyone,
      measure: async (server, tls) => rate(await load.ask('fetch', server, { ...bulk, tls })),
    },
    {
      key: 'stor-small-1',
      what: '2,000 x 4 KiB STOR, each on disk, 1 connection',
      unit: 'files/s',
      goal: '>= 1 x proftpd + fsync',
      against: { peer: 'proftpd', factor: 1 },
      servers: everyone,
      measure: (server, tls) => storeSmall(server, 1, tls),
    },
    {
      key: 'stor-small-8',
      what: '2,000 x 4 KiB STOR, each on disk, 8 connections',
      unit: 'files/s',
      goal: '>= 2 x proftpd + fsync',
      against: { peer: 'proftpd', factor: 2 },
      servers: everyone,
      measure: (server, tls) => storeSmall(server, 8, tls),
    },
    {
      key: 'retr-small',
      what: '2,000 x 4 KiB RETR, 1 connection',
      unit: 'files/s',
      goal: '>= 1 x vsftpd',
      against: { peer: 'vsftpd', factor: 1 },
      servers: everyone,
      measure: async (server, tls) =>
        smallCount / (await load.ask('fetchSmall', server, { ...many, connections: 1, tls })),
    },
    {
      key: 'login',
      what: 'logins and QUITs, 4 clients, password known',
      unit: 'logins/s',
      goal: '>= 500',
      servers: everyone,
      measure: async (server, tls) => 800 / (await load.ask('logins', server, { count: 800, connections: 4, tls })),
    },
    {
      key: 'mlsd',
      what: 'MLSD of 10,000 entries',
      unit: 'ms',
      goal: '<= 50 ms, <= 1.5 x pure-ftpd',
      against: { peer: 'pure-ftpd', factor: 1.5, most: true },
      servers: ['skerry', 'proftpd', 'pure-ftpd'],
      measure: list('MLSD'),
    },
    {
      key: 'mlsd-changed',
      what: 'MLSD of 10,000 entries, just changed',
      unit: 'ms',
      goal: '<= 50 ms, <= 1.5 x pure-ftpd',
      against: { peer: 'pure-ftpd', factor: 1.5, most: true },
      servers: ['skerry', 'proftpd', 'pure-ftpd'],
      measure: list('MLSD', true),
    },
    {
      key: 'list',
      what: 'LIST of 10,000 entries',
      unit: 'ms',
      goal: '<= 50 ms, <= 1.5 x pure-ftpd',
      against: { peer: 'pure-ftpd', factor: 1.5, most: true },
      servers: ['skerry', 'vsftpd', 'proftpd', 'pure-ftpd'],
      measure: list('LIST'),
    },
    {
      key: 'list-changed',
      what: 'LIST of 10,000 entries, just changed',
      unit: 'ms',
      goal: '<= 50 ms, <= 1.5 x pure-ftpd',
      against: { peer: 'pure-ftpd', factor: 1.5, most: true },
      servers: ['skerry', 'vsftpd', 'proftpd', 'pure-ftpd'],
      measure: list('LIST', true),
    },
  ];
}

async function measured(row: Row, server: Server, tls: boolean): Promise<Measured> {
  await server.delay?.();
  const before = cpuSeconds(server.pid);
  const value = await row.measure(server, tls);
  // A child that served a connection may still be about to end.
  const cpu = cpuSeconds(server.pid) - before;
  return { value, cpu, delayMs: (await server.delay?.())?.maxMs };
}

async function figure(row: Row, servers: readonly Server[], tls: boolean): Promise<Figure> {
  const taking = servers.filter(({ name }) => row.servers.includes(name));
  const all = new Map<string, Measured[]>(taking.map(({ name }) => [name, []]));
  // The first round warms caches, pools and the compiler, and does not count.
  for (let round = 0; round <= rounds; round++)
    for (let turn = 0; turn < taking.length; turn++) {
      const server = taking[(turn + round) % taking.length];
      if (server === undefined) continue;
      const result = await measured(row, server, tls);
      if (round > 0) all.get(server.name)?.push(result);
    }
  const each = <T>(of: (results: readonly Measured[]) => T): Record<string, T> =>
    Object.fromEntries([...all].map(([name, results]) => [name, of(results)]));
  const medians = each((results) => median(results.map(({ value }) => value)));
  const [ours, theirs] = [medians['skerry'] ?? NaN, medians[row.against?.peer ?? ''] ?? NaN];
  const { key, what, unit, goal, against } = row;
  const ratio = Number.isNaN(theirs) ? undefined : ours / theirs;
  const fast = against === undefined ? ours >= 500 : (ratio ?? NaN) >= against.factor;
  const short = ours <= 50 && (ratio ?? NaN) <= (against?.factor ?? NaN);
  const delays = (all.get('skerry') ?? []).flatMap(({ delayMs }) => delayMs ?? []);
  return {
    key,
    what,
    unit,
    goal,
    tls,
    median: medians,
    cpuSeconds: each((results) => median(results.map(({ cpu }) => cpu))),
    all: each((results) => results.map(({ value }) => Math.round(value * 10) / 10)),
    loopDelayMaxMs: delays.length === 0 ? undefined : Math.max(...delays),
    ratio,
    met: against !== undefined && ratio === undefined ? undefined : against?.most === true ? short : fast,
  };
}

function show({ what, unit, goal, tls, median: medians, cpuSeconds: cpu, ratio, met, loopDelayMaxMs }: Figure): void {
  const rounded = (value: number): string => (value < 100 ? value.toFixed(1) : value.toFixed(0));
  const values = Object.entries(medians).map(
    ([name, value]) => `${name} ${rounded(value)} (cpu ${(cpu[name] ?? 0).toFixed(2)} s)`,
  );
  const verdict = met === undefined ? 'no peer' : met ? 'met' : 'MISSED';
  say(
    `${what}${tls ? ', TLS' : ''} [${unit}]: ${values.join(' · ')} · goal ${goal}` +
      `${ratio === undefined ? '' : `: ratio ${ratio.toFixed(2)}`}: ${verdict}` +
      `${loopDelayMaxMs === undefined ? '' : `; event loop delay at most ${loopDelayMaxMs.toFixed(0)} ms`}`,
  );
}

/** A folder of 10,000 empty files, through the door where files are no plain files. */
async function fillListed(load: Load, server: Server): Promise<void> {
  if (server.folder === undefined) {
    await load.ask('fill', server, { path: 'listed', count: listedCount, connections: 8 });
    return;
  }
  const folder = join(server.folder, 'listed');
  mkdirSync(folder);
  for (let i = 0; i < listedCount; i++) closeSync(openSync(join(folder, `small-${i}`), 'w'));
  chmodSync(folder, 0o777);
}

type Memory = { readonly sessions: number; readonly name: string; readonly tls: boolean; readonly megabytes: number };
async function memory(load: Load, server: Server, count: number, tls: boolean): Promise<Memory> {
  const before = memoryMegabytes(server.pid);
  await load.ask('hold', server, { count, tls });
  const megabytes = memoryMegabytes(server.pid) - before;
  await load.ask('release', server, {});
  return { sessions: count, name: server.name, tls, megabytes };
}

async function run(): Promise<void> {
  const folder = mkdtempSync(join(process.env['BENCH_DIR'] ?? tmpdir(), 'skerry-bench-ftp-'));
  chmodSync(folder, 0o755);
  const load = new Load();
  const servers: Server[] = [];
  const figures: Figure[] = [];
  const memories: Memory[] = [];
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => {
      load.stop();
      for (const { pid } of servers) process.kill(pid, 'SIGTERM');
      rmSync(folder, { recursive: true, force: true });
      process.exit(1);
    });
  try {
    const certificate = makeCertificate(folder);
    const place = (name: string): string => {
      const path = join(folder, name);
      mkdirSync(path);
      return path;
    };
    const wanted = (name: string): boolean => option('--servers')?.split(',').includes(name) ?? true;
    servers.push(await skerry(place('skerry'), certificate));
    if (wanted('floor')) servers.push(await floor(place('floor'), certificate));
    for (const peer of peers)
      if (!wanted(peer.name)) continue;
      else if (isInstalled(peer)) servers.push(await peer.start(place(peer.name), certificate));
      else say(`${peer.name} is not installed: ${howToInstall(peer)}`);
    const rows = rowsOf(load).filter(({ key }) => only?.includes(key) ?? true);
    if (rows.some(({ key }) => key.startsWith('mlsd') || key.startsWith('list')))
      for (const server of servers) if (server.name !== 'floor') await fillListed(load, server);
    if (rows.some(({ key }) => key === 'retr') && !rows.some(({ key }) => key === 'stor'))
      for (const server of servers) await load.ask('store', server, { name: 'bulk.bin', size: bulkBytes });
    if (rows.some(({ key }) => key === 'retr-small') && !rows.some(({ key }) => key === 'stor-small-1'))
      for (const server of servers)
        await load.ask('storeSmall', server, { count: smallCount, size: smallBytes, connections: 1 });
    for (const tls of modes)
      for (const row of rows) {
        const result = await figure(row, servers, tls);
        figures.push(result);
        show(result);
      }
    if (only?.includes('memory') ?? true)
      for (const tls of modes)
        for (const count of [200, 1_000]) {
          const goal = { 200: 25, 1_000: 120 }[count] ?? NaN;
          for (const server of servers.filter(({ name }) => name !== 'floor')) {
            const result = await memory(load, server, count, tls);
            memories.push(result);
            const verdict = server.name !== 'skerry' ? '' : `: goal <= ${goal} MB${tls ? ' (plain)' : ''}`;
            say(
              `memory of ${count} idle sessions${tls ? ', TLS' : ''}, above none: ` +
                `${server.name} ${result.megabytes.toFixed(1)} MB${verdict}`,
            );
          }
        }
  } finally {
    load.stop();
    for (const server of servers) await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
  if (json) process.stdout.write(`${JSON.stringify({ rounds, figures, memories }, undefined, 2)}\n`);
}
await run();
