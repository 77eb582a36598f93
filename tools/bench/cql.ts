/**
 * A CQL server under load: `npm run bench -- cql [--target HOST:PORT] [options]`: a node of our own, started for this, or
 * any server that speaks the native protocol. Prepared statements, many in flight; closed loop for the rate, then an open one at half of
 * it for the latency, in which a request that is late counts from the moment that it was due.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Prng } from '@skerry/kernel';
import { isProtocolVersion } from '@skerry/protocol-cql';
import { commandLine, refuse, whole } from '../arguments.mjs';
import { Link, type Target } from './cql/link.ts';
import { makeLoads, prepareAll, tables, type BenchLoad, type Loads } from './cql/loads.ts';
import { startOwnNode, waitedMs, type OwnNode } from './cql/own-node.ts';
import { errorName, type Part, runLoad, type Outcome } from './cql/run-load.ts';

const help = `usage: npm run bench -- cql [--target HOST:PORT | --floor] [--only NAME,…] [--seconds N] [--in-flight N]
  [--connections N] [--protocol 3|4|5] [--rate N] [--user NAME --password TEXT] [--no-fill] [--closed] [--json]
  [--node-flags "…"] [--program FILE] [--data DIR]
  --target       another server; default: a node of our own, from its bundle, empty
  --floor        a server that stores nothing, started for this: the least that Node can do
  --only         write read mixed slice batch lwt counter scan grow "one write" "one read"; start: none of them
  --rate         requests each second, open loop, instead of the closed one and half of what it gave
  --closed       no open loop after the closed one
  --no-fill      the tables are there and full
  --node-flags   of Node, for our own: --node-flags=--cpu-prof
  --program      another bundle of the node, to compare the two
  --data         folder of our own node's data, which is kept: what is in it is there when it starts again
  A long run of ever new keys, told every ten seconds: --only grow --seconds 300 --closed --no-fill
  Start with what is stored: the same with --data DIR, then --only start --no-fill --data DIR`;

const { values: given } = commandLine(help, {
  options: {
    target: { type: 'string' },
    floor: { type: 'boolean', default: false },
    only: { type: 'string' },
    seconds: { type: 'string', default: '5' },
    'in-flight': { type: 'string', default: '256' },
    connections: { type: 'string', default: '2' },
    protocol: { type: 'string', default: '5' },
    rate: { type: 'string' },
    user: { type: 'string' },
    password: { type: 'string' },
    closed: { type: 'boolean', default: false },
    'node-flags': { type: 'string', default: '' },
    program: { type: 'string' },
    data: { type: 'string' },
    'no-fill': { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
});
const seconds = whole(help, 'seconds', given.seconds, 1);
const inFlight = whole(help, 'in-flight', given['in-flight'], 1);
const connectionCount = whole(help, 'connections', given.connections, 1);
const wantedRate = given.rate === undefined ? undefined : whole(help, 'rate', given.rate, 1);
const version = whole(help, 'protocol', given.protocol);
const only = given.only?.split(',');
const seed = 5;
/** Not counted: each row has code that is optimized while it begins to run. */
const warmUpSeconds = 2;
/** Streams of one connection, less the one for setting up. */
const streamCountMax = 32_000;
if (inFlight > streamCountMax * connectionCount)
  refuse(help, `--in-flight ${inFlight}: more than the streams there are`);

const figures = ({ rate, latency, lateness, errors, errorCode }: Outcome) => ({
  rate: Math.round(rate),
  p50Ms: latency.quantile(0.5),
  p99Ms: latency.quantile(0.99),
  p999Ms: latency.quantile(0.999),
  lateP99Ms: lateness.quantile(0.99),
  errors,
  ...(errorCode === undefined ? {} : { firstError: errorName(errorCode) }),
});
type Figures = ReturnType<typeof figures>;
/** Requests each second, as issue 5 wants them. */
const goals: Readonly<Record<BenchLoad['name'], number>> = {
  write: 180_000,
  read: 180_000,
  mixed: 150_000,
  slice: 23_000,
  batch: 29_000,
  lwt: 20_000,
  counter: 40_000,
  scan: 9_500,
  grow: 180_000,
  'one write': 12_700,
  'one read': 11_400,
};
/** Of the open loop, in milliseconds. */
const p99GoalMs = 5;
const readyGoalMs = 1_000;
/** With ten million rows stored. */
const readyFullGoalMs = 3_000;
const emptyGoalBytes = 120 * 1024 * 1024;
const loadedGoalBytes = 500 * 1024 * 1024;
/** How near, and whether that is there. */
const ratio = (share: number): string => `${share.toFixed(2)}× goal${share >= 1 ? '' : ', MISSED'}`;

type Row = {
  readonly name: string;
  readonly goal: number;
  readonly what: string;
  readonly closed?: Figures;
  readonly open?: Figures;
  readonly cpuMicros?: number | undefined;
  /** Of this process, for each request of the closed loop. */
  readonly generatorMicros?: number;
  /** Milliseconds of each second of the open loop for which the node, and this process, waited for a processor. */
  readonly waited?: { readonly node: number; readonly generator: number } | undefined;
};

function print({ name, what, goal, closed, open, cpuMicros, generatorMicros, waited }: Row): void {
  const line = (label: string, one: Figures): string =>
    `${label.padEnd(36)}${String(one.rate).padStart(9)} /s  p50 ${one.p50Ms.toFixed(2)}  p99 ${one.p99Ms.toFixed(2)}  ` +
    `p99.9 ${one.p999Ms.toFixed(2)} ms${one.errors > 0 ? `  ERRORS ${one.errors} (${one.firstError ?? ''})` : ''}`;
  if (closed !== undefined)
    console.log(
      `${line(`${name} (${what})`, closed)}  ${ratio(closed.rate / goal)}${cpuMicros === undefined ? '' : `  ${cpuMicros.toFixed(1)} µs of CPU each`}  (generator ${generatorMicros?.toFixed(1) ?? '?'})`,
    );
  if (open !== undefined)
    console.log(
      `${line(closed === undefined ? `${name}, open loop` : '  half of it, open loop', open)}  ${ratio(p99GoalMs / open.p99Ms)}  (sent late: p99 ${open.lateP99Ms.toFixed(2)} ms${waited === undefined ? '' : `; waited for a processor: node ${waited.node.toFixed(0)}, generator ${waited.generator.toFixed(0)} ms/s`})`,
    );
}

/** Of a long run: "--only grow --seconds 300". */
function printPart({ fromSeconds, rate, errors, latency, silenceMs }: Part, node: OwnNode | undefined): void {
  const memory = node?.memoryBytes();
  console.log(
    `  from ${String(fromSeconds).padStart(3)} s ${String(Math.round(rate)).padStart(9)} /s  p99 ${latency.quantile(0.99).toFixed(1)} ms  ` +
      `longest silence ${silenceMs.toFixed(0)} ms  ${memory === undefined ? '' : `${Math.round(memory / 1024 / 1024)} MiB`}` +
      (errors > 0 ? `  ERRORS ${errors}` : ''),
  );
}

async function measure(links: readonly Link[], load: BenchLoad, node: OwnNode | undefined): Promise<Row> {
  const write = (link: Link, stream: number): void => load.send(link.writer, stream);
  const some = load.alone ? links.slice(0, 1) : links;
  const report = load.name === 'grow' && !given.json ? { report: (part: Part) => printPart(part, node) } : {};
  const options = { inFlight: load.alone ? 1 : inFlight, seconds, warmUpSeconds, ...report };
  const { name, what } = load;
  const goal = goals[name];
  if (wantedRate !== undefined)
    return { name, what, goal, open: figures(await runLoad(some, write, { ...options, rate: wantedRate })) };
  let cpuBefore = node?.cpuMicros();
  let generatorBefore = process.cpuUsage();
  const begun = (): void => {
    cpuBefore = node?.cpuMicros();
    generatorBefore = process.cpuUsage();
  };
  const outcome = await runLoad(some, write, { ...options, begun });
  const cpuAfter = node?.cpuMicros();
  const generator = process.cpuUsage(generatorBefore);
  const generatorMicros = (generator.user + generator.system) / outcome.answered;
  const cpuMicros =
    cpuBefore === undefined || cpuAfter === undefined ? undefined : (cpuAfter - cpuBefore) / outcome.answered;
  const closed = figures(outcome);
  if (load.alone || given.closed || closed.rate < 2) return { name, what, goal, closed, cpuMicros, generatorMicros };
  const half = { ...options, inFlight: streamCountMax, rate: Math.floor(closed.rate / 2) };
  const waited = waiting(node);
  const open = figures(await runLoad(some, write, half));
  return { name, what, goal, closed, cpuMicros, generatorMicros, open, waited: waited() };
}
/** @returns what it was from now until it is called. */
function waiting(node: OwnNode | undefined): () => Row['waited'] {
  const startMs = performance.now();
  const before = { node: node?.waitedMs(), generator: waitedMs(process.pid) };
  return () => {
    const after = { node: node?.waitedMs(), generator: waitedMs(process.pid) };
    const elapsedSeconds = (performance.now() - startMs) / 1000;
    const each = (from: number | undefined, to: number | undefined): number | undefined =>
      from === undefined || to === undefined ? undefined : (to - from) / elapsedSeconds;
    const [own, generator] = [each(before.node, after.node), each(before.generator, after.generator)];
    return own === undefined || generator === undefined ? undefined : { node: own, generator };
  };
}

async function fill(links: readonly Link[], loads: Loads): Promise<void> {
  let index = 0;
  const write = (link: Link, stream: number): void => loads.fill(link.writer, stream, index++);
  const count = loads.fillCount;
  const { errors, errorCode } = await runLoad(links, write, { inFlight, seconds: 0, warmUpSeconds: 0, count });
  if (errors > 0) throw new Error(`${errors} of ${count} rows were refused: ${errorName(errorCode ?? 0)}`);
}

function printMemory(when: string, node: OwnNode | undefined, goalBytes: number): void {
  const bytes = node?.memoryBytes();
  if (bytes === undefined || given.json) return;
  console.log(`memory, ${when}: ${Math.round(bytes / 1024 / 1024)} MiB  ${ratio(goalBytes / bytes)}`);
}

async function run(target: Target, node: OwnNode | undefined): Promise<void> {
  const links: Link[] = [];
  try {
    for (let i = 0; i < connectionCount; i++) links.push(await Link.open(target));
    const first = links[0] as Link;
    for (const text of tables) await first.query(text);
    const loads = makeLoads(await prepareAll((text) => first.prepare(text)), new Prng(seed));
    if (!given['no-fill']) await fill(links, loads);
    const rows: Row[] = [];
    for (const load of loads.all) {
      if (only === undefined ? load.onlyNamed : !only.includes(load.name)) continue;
      const row = await measure(links, load, node);
      rows.push(row);
      if (!given.json) print(row);
    }
    printMemory('under load', node, loadedGoalBytes);
    if (given.json) console.log(JSON.stringify(rows));
  } finally {
    for (const link of links) link.close();
  }
}

/** From the bundle that this is run from, when it is: straight from the sources a server is slower. */
async function startFloor(): Promise<{ port: number; stop(): void }> {
  const bundled = join(import.meta.dirname, 'cql/floor.mjs');
  const command = existsSync(bundled)
    ? [bundled]
    : ['--import', 'tsx', '--conditions=@skerry/source', join(import.meta.dirname, 'cql/floor.ts')];
  const child = spawn(process.execPath, command, { stdio: ['pipe', 'pipe', 'inherit'] });
  const [line] = (await once(child.stdout, 'data')) as [Uint8Array];
  return { port: Number(new TextDecoder().decode(line)), stop: () => void child.kill() };
}

if (!isProtocolVersion(version)) refuse(help, `--protocol ${version}: 3, 4 or 5 is wanted`);
const named = given.target ?? '127.0.0.1:0';
const colon = named.lastIndexOf(':');
const port = whole(help, 'target', named.slice(colon + 1), given.target === undefined ? 0 : 1);
const floor = given.floor ? await startFloor() : undefined;
const own =
  given.target === undefined && floor === undefined
    ? await startOwnNode(given['node-flags'].split(' ').filter(Boolean), given.program, given.data)
    : undefined;
const target: Target = {
  host: floor === undefined ? named.slice(0, Math.max(colon, 0)) : '127.0.0.1',
  port: floor?.port ?? own?.port ?? port,
  version: isProtocolVersion(version) ? version : 5,
  user: given.user,
  password: given.password,
};
try {
  const isEmpty = given.data === undefined;
  const goalMs = isEmpty ? readyGoalMs : readyFullGoalMs;
  if (own !== undefined && !given.json)
    console.log(
      `start to ready, ${isEmpty ? 'empty' : `with ${given.data}`}: ${Math.round(own.readyMs)} ms  ${ratio(goalMs / own.readyMs)}`,
    );
  printMemory(isEmpty ? 'empty' : 'at start', own, isEmpty ? emptyGoalBytes : loadedGoalBytes);
  await run(target, own);
} catch (error) {
  console.error(
    `Cannot measure ${target.host}:${target.port}: ${error instanceof Error ? error.message : String(error)}`,
  );
  process.exitCode = 1;
} finally {
  floor?.stop();
  await own?.stop();
}
