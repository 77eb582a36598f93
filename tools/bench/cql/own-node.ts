/** A cassandra-node of our own, from its bundle and with an empty folder, or a given one: started, looked at, stopped. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve as absolute } from 'node:path';

const startMaxMs = 60_000;
const stopMaxMs = 30_000;
/** Where the benchmark is bundled to, and where the sources are: both below the root. */
const programs = [
  join(import.meta.dirname, '../../../apps/cassandra-node/dist/main.mjs'),
  join(process.cwd(), 'apps/cassandra-node/dist/main.mjs'),
];

export type OwnNode = {
  readonly port: number;
  /** From the process's start until it takes connections. */
  readonly readyMs: number;
  /** RssAnon + RssShmem: what is its own, without files that are mapped. Undefined where there is no /proc. */
  memoryBytes(): number | undefined;
  /** Time of all its threads on a processor so far, in microseconds, in steps of 10 ms. Undefined where there is no /proc. */
  cpuMicros(): number | undefined;
  /** See {@link waitedMs}. */
  waitedMs(): number | undefined;
  stop(): Promise<void>;
};

/**
 * @param flags of Node, as for a profile.
 * @param other bundle; default: that of these sources.
 * @param kept folder of its data, made when it is not there, and left when it stops; default: one that goes with it.
 */
export async function startOwnNode(flags: readonly string[], other?: string, kept?: string): Promise<OwnNode> {
  const program = (other === undefined ? programs : [other]).find((each) => existsSync(each));
  if (program === undefined) throw new Error('there is no bundle: node tools/bundle.mjs cassandra-node');
  const data = kept === undefined ? await mkdtemp(join(tmpdir(), 'skerry-bench-cql-')) : absolute(kept);
  await mkdir(data, { recursive: true });
  const startMs = performance.now();
  const child = spawn(
    process.execPath,
    [...flags, program, '--id', 'cassandra_1', '--host', '127.0.0.1', '--cql-port', '0', '--data', data, '--insecure'],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) {
      const over = once(child, 'exit');
      child.kill();
      const kill = setTimeout(() => child.kill('SIGKILL'), stopMaxMs);
      await over;
      clearTimeout(kill);
    }
    if (kept === undefined) await rm(data, { recursive: true, force: true });
  };
  try {
    const port = await new Promise<number>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('the node is not ready after a minute')), startMaxMs);
      let text = '';
      child.stderr.setEncoding('utf8').on('data', (part: string) => {
        text = (text + part).slice(-65_536);
        const found = /"event":"node_started".*"cql":"[^"]*:(\d+)"/.exec(text);
        if (found === null) return;
        clearTimeout(timer);
        resolve(Number(found[1]));
      });
      child.once('exit', () => {
        clearTimeout(timer);
        reject(new Error('the node ended before it was ready'));
      });
    });
    return {
      port,
      readyMs: performance.now() - startMs,
      memoryBytes: () => memoryOf(child.pid ?? 0),
      cpuMicros: () => cpuOf(child.pid ?? 0),
      waitedMs: () => waitedMs(child.pid ?? 0),
      stop,
    };
  } catch (thrown) {
    await stop();
    throw thrown;
  }
}

function memoryOf(pid: number): number | undefined {
  const file = `/proc/${pid}/status`;
  if (!existsSync(file)) return undefined;
  const kilobytes = readFileSync(file, 'utf8').matchAll(/^Rss(?:Anon|Shmem):\s+(\d+) kB/gm);
  return [...kilobytes].reduce((sum, [, each]) => sum + Number(each) * 1024, 0);
}

/** Linux counts in hundredths of a second, whatever the kernel's own tick is. */
const microsPerTick = 10_000;
function cpuOf(pid: number): number | undefined {
  const file = `/proc/${pid}/stat`;
  if (!existsSync(file)) return undefined;
  // Behind the name, which may hold anything: state is field 3, utime 14, stime 15.
  const fields = readFileSync(file, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * microsPerTick;
}

/**
 * Milliseconds that a process's first thread could have run and did not, since others were on the processors. What the machine
 * below takes is in it only in part. Undefined where Linux does not count it. Source: Documentation/scheduler/sched-stats.rst.
 */
export function waitedMs(pid: number): number | undefined {
  const file = `/proc/${pid}/schedstat`;
  if (!existsSync(file)) return undefined;
  return Number(readFileSync(file, 'utf8').split(' ')[1]) / 1e6;
}
