/**
 * What a replicated group gives through the client library, beside Debian's etcd-server, in the same run, in turns:
 *   npm run bench -- raft [seconds for each row, default 6] [--only=TEXT] [--json] [--keys=1000000] [--profile=FOLDER for the members' CPU profiles]
 * Three processes each, fsync on in both, values of 256 bytes. Both clients live in this process. Rows `catch-up`,
 * `million keys` and `failover` are ours alone. How the two are compared: paired.ts. Where etcd is looked for: raft-etcd.ts.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { ByteWriter, GroupId, NodeId, utf8 } from '@skerry/kernel';
import { nodeWorld } from '@skerry/runtime-node';
import { GroupClient } from '@skerry/runtime-group-calls';
import { createRpcNode } from '@skerry/runtime-rpc';
import { createRevocationList, createSealer } from '@skerry/runtime-security';
import { createTelemetry } from '@skerry/runtime-telemetry';
import { compare, median, round, type Load } from './paired.ts';
import { Etcd, etcdBinary } from './raft-etcd.ts';

const flags = process.argv.slice(2);
const seconds = Number(flags.find((flag) => /^[\d.]+$/.test(flag)) ?? 6);
const only = flags.find((flag) => flag.startsWith('--only='))?.slice('--only='.length) ?? '';
const json = flags.includes('--json');
const profile = flags.find((flag) => flag.startsWith('--profile='))?.slice('--profile='.length);
const profiling = profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`];
const roundMs = 300;
const warmUpMs = 3_000;
const rounds = 2 * Math.max(1, Math.ceil((seconds * 1_000) / roundMs / 4));
const killCount = 20;
const catchUpCount = 100_000;
const keyCount = Number(flags.find((flag) => flag.startsWith('--keys='))?.slice('--keys='.length) ?? 1_000_000);
/** Put with one command, only to have so many sooner. */
const keysAtOnce = 64;

const folder = mkdtempSync(join(tmpdir(), 'skerry-bench-raft-'));
const value = new Uint8Array(256).fill(0x61);
const keyOf = (n: number): Uint8Array => utf8(`key ${n % 10_000}`);

async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer().listen(0, '127.0.0.1');
      await once(server, 'listening');
      return server;
    }),
  );
  return Promise.all(
    servers.map(async (server) => {
      const address = server.address();
      await new Promise((resolve) => server.close(resolve));
      return typeof address === 'object' && address !== null ? address.port : 0;
    }),
  );
}

type Told = {
  readonly leader: boolean;
  readonly applied: number;
  readonly lastIndex: number;
  readonly anonymousMiB: number;
  readonly loopMaxMs: number;
};
class Member {
  readonly name: string;
  readonly #members: string;
  child: ChildProcess | undefined;
  #lines: Interface | undefined;
  constructor(name: string, members: string) {
    this.name = name;
    this.#members = members;
  }
  async start(): Promise<void> {
    const home = join(folder, this.name);
    mkdirSync(home, { recursive: true });
    // As run.mjs bundles it, beside this file.
    const program = join(import.meta.dirname, 'raft-member.mjs');
    const words = [...profiling, program, this.name, home, this.#members];
    const child = spawn(process.execPath, words, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.child = child;
    this.#lines = createInterface({ input: child.stdout });
    await once(this.#lines, 'line');
  }
  /** The longest stop of its loop since {@link forget}. */
  loopMaxMs = 0;
  forget(): void {
    this.loopMaxMs = 0;
  }
  async ask(): Promise<Told> {
    const { child } = this;
    if (child === undefined || this.#lines === undefined) throw new Error(`${this.name} is down`);
    const answer = once(this.#lines, 'line') as Promise<[string]>;
    child.stdin?.write('\n');
    const told = JSON.parse((await answer)[0]) as Told;
    this.loopMaxMs = Math.max(this.loopMaxMs, told.loopMaxMs);
    return told;
  }
  /** In order: a profile is written. */
  async stop(): Promise<void> {
    const { child } = this;
    this.child = undefined;
    if (child === undefined) return;
    const exited = once(child, 'exit');
    child.stdin?.end();
    await exited;
  }
  async kill(): Promise<void> {
    const { child } = this;
    this.child = undefined;
    if (child === undefined) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  }
}

class Ours {
  readonly members: readonly Member[];
  readonly client: GroupClient;
  readonly #close: () => Promise<void>;
  private constructor(members: readonly Member[], client: GroupClient, close: () => Promise<void>) {
    this.members = members;
    this.client = client;
    this.#close = close;
  }
  static async start(): Promise<Ours> {
    const names = ['m1', 'm2', 'm3'];
    const ports = await freePorts(3);
    const places = Object.fromEntries(names.map((name, i) => [name, ports[i] ?? 0]));
    const members = names.map((name) => new Member(name, JSON.stringify(places)));
    await Promise.all(members.map((member) => member.start()));
    const world = nodeWorld(folder);
    const sealingKey = new Uint8Array(32).fill(1);
    const nodeId = NodeId('client_1');
    const rpc = createRpcNode({
      world,
      identity: { cluster: 'bench', nodeId, role: 'client', tls: undefined, sealingKey },
      sealer: createSealer(sealingKey),
      revocations: createRevocationList(),
      telemetry: createTelemetry({ nodeId, role: 'client', output: 'silent', processMetrics: false }),
    });
    const client = new GroupClient({
      rpc,
      world,
      group: GroupId('bench'),
      members: () => names.map((name) => ({ nodeId: NodeId(name), address: `127.0.0.1:${places[name]}` })),
    });
    const ours = new Ours(members, client, async () => {
      await client.close();
      await rpc.close(0);
      await Promise.all(members.map((member) => member.stop()));
    });
    await ours.put(0);
    return ours;
  }
  async put(n: number): Promise<void> {
    const key = keyOf(n);
    const command = new ByteWriter(8 + key.length + value.length).bytes(key).bytes(value).finish();
    await this.client.propose(command);
  }
  async get(n: number): Promise<void> {
    await this.client.query(keyOf(n));
  }
  get pids(): readonly number[] {
    return this.members.map(({ child }) => child?.pid ?? 0);
  }
  async leader(): Promise<Member> {
    for (const member of this.members) if (member.child !== undefined && (await member.ask()).leader) return member;
    throw new Error('no leader');
  }
  stop(): Promise<void> {
    return this.#close();
  }
}

/** So many callers, each asking again when answered. Times of single answers go into `ms`. */
const load = (callers: number, act: (n: number) => Promise<void>, ms: number[]): Load => {
  let n = 0;
  return {
    async work(endMs) {
      let done = 0;
      const call = async (): Promise<void> => {
        while (performance.now() < endMs) {
          const beginMs = performance.now();
          n += 1;
          await act(n);
          ms.push(performance.now() - beginMs);
          done += 1;
        }
      };
      await Promise.all(Array.from({ length: callers }, call));
      return done;
    },
  };
};
/** Of all its threads, in milliseconds, to a hundredth of a second. */
function cpuMsOf(pids: readonly number[]): number {
  const ticksOf = (pid: number): number => {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return Number(fields[11]) + Number(fields[12]);
  };
  return pids.reduce((sum, pid) => sum + ticksOf(pid), 0) * 10;
}
const quantile = (values: readonly number[], at: number): number =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * at))] ?? NaN;

const say = (row: Readonly<Record<string, string | number>>): void => {
  if (json) console.log(JSON.stringify(row));
  else
    console.log(
      Object.entries(row)
        .map(([name, text]) => (name === 'row' ? String(text).padEnd(24) : `${name} ${text}`))
        .join('  '),
    );
};
const rounded = (number: number, digits = 2): number => Number(number.toFixed(digits));

type Subject = { act(n: number): Promise<void>; pids(): readonly number[] };
/** `cpuMicros`: of its three servers together, for each operation. */
async function beside(row: string, callers: number, ours: Subject, theirs: Subject | undefined): Promise<void> {
  if (!row.includes(only)) return;
  const [ourMs, theirMs]: [number[], number[]] = [[], []];
  const own = load(callers, ours.act, ourMs);
  await round(own, roundMs);
  ourMs.length = 0;
  const ourCpu = cpuMsOf(ours.pids());
  if (theirs === undefined) {
    const { rate } = await round(own, seconds * 1_000);
    const cpuMicros = Math.round(((cpuMsOf(ours.pids()) - ourCpu) * 1_000) / ourMs.length);
    const [p50, p99] = [0.5, 0.99].map((at) => rounded(quantile(ourMs, at))) as [number, number];
    say({ row, perSecond: Math.round(rate), p50, p99, cpuMicros });
    return;
  }
  const other = load(callers, theirs.act, theirMs);
  await round(other, roundMs);
  theirMs.length = 0;
  const theirCpu = cpuMsOf(theirs.pids());
  const result = await compare(own, other, rounds, roundMs);
  const cpuMicros = ((cpuMsOf(ours.pids()) - ourCpu) * 1_000) / ourMs.length;
  const etcdCpuMicros = ((cpuMsOf(theirs.pids()) - theirCpu) * 1_000) / theirMs.length;
  say({
    row,
    perSecond: Math.round(result.ours.rate),
    etcd: Math.round(result.theirs.rate),
    ratio: rounded(result.rateRatio),
    p50: rounded(quantile(ourMs, 0.5)),
    etcdP50: rounded(quantile(theirMs, 0.5)),
    p99: rounded(quantile(ourMs, 0.99)),
    etcdP99: rounded(quantile(theirMs, 0.99)),
    cpuMicros: Math.round(cpuMicros),
    etcdCpuMicros: Math.round(etcdCpuMicros),
  });
}

/** Time without a successful write, from the kill of the leader. */
async function failover(ours: Ours): Promise<void> {
  if (!'failover'.includes(only)) return;
  const gapsMs: number[] = [];
  for (let kill = 0; kill < killCount; kill++) {
    const leader = await ours.leader();
    let over = false;
    let n = 0;
    let lastMs = performance.now();
    let gapMs = 0;
    const write = async (): Promise<void> => {
      while (!over) {
        n += 1;
        await ours.put(n);
        const nowMs = performance.now();
        gapMs = Math.max(gapMs, nowMs - lastMs);
        lastMs = nowMs;
      }
    };
    const writing = write();
    await leader.kill();
    const killedMs = performance.now();
    while (lastMs < killedMs) await new Promise((resolve) => setTimeout(resolve, 5));
    over = true;
    await writing;
    gapsMs.push(gapMs);
    await leader.start();
    await caughtUp(ours);
  }
  say({
    row: `failover, ${killCount} kills`,
    medianMs: Math.round(median(gapsMs)),
    maxMs: Math.round(Math.max(...gapsMs)),
  });
}
async function caughtUp(ours: Ours): Promise<void> {
  for (;;) {
    const told = await Promise.all(ours.members.map((member) => member.ask()));
    const last = Math.max(...told.map(({ lastIndex }) => lastIndex));
    if (told.every(({ applied }) => applied === last)) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
/** A member that missed many entries, against the time in which they were written. */
async function catchUp(ours: Ours): Promise<void> {
  if (!'catch-up'.includes(only)) return;
  const leader = await ours.leader();
  const away = ours.members.find((member) => member !== leader) as Member;
  await away.kill();
  const beginMs = performance.now();
  let left = catchUpCount;
  const write = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await ours.put(left);
    }
  };
  await Promise.all(Array.from({ length: 256 }, write));
  const writtenMs = performance.now() - beginMs;
  await away.start();
  const startedMs = performance.now();
  await caughtUp(ours);
  const caughtMs = performance.now() - startedMs;
  say({
    row: `catch-up, ${catchUpCount} entries`,
    writtenPerSecond: Math.round((catchUpCount / writtenMs) * 1_000),
    caughtUpPerSecond: Math.round((catchUpCount / caughtMs) * 1_000),
    ratio: rounded(writtenMs / caughtMs),
  });
}

/** Memory, and how long a member takes that begins again, and one that needs the whole state as a snapshot. */
async function manyKeys(ours: Ours): Promise<void> {
  if (!'million keys'.includes(only)) return;
  const leader = await ours.leader();
  const [away, other] = ours.members.filter((member) => member !== leader) as [Member, Member];
  await away.kill();
  for (const member of [leader, other]) {
    await member.ask();
    member.forget();
  }
  let next = 0;
  const beginMs = performance.now();
  const fill = async (): Promise<void> => {
    while (next < keyCount) {
      const command = new ByteWriter(keysAtOnce * 300);
      for (const end = next + keysAtOnce; next < end; next++) command.bytes(utf8(`million ${next}`)).bytes(value);
      await ours.client.propose(command.finish());
    }
  };
  await Promise.all(Array.from({ length: 16 }, fill));
  const fillSeconds = (performance.now() - beginMs) / 1_000;
  const sinceMs = async (member: Member): Promise<number> => {
    const startMs = performance.now();
    await member.start();
    await caughtUp(ours);
    return performance.now() - startMs;
  };
  const snapshotMs = await sinceMs(away);
  await other.kill();
  const restartMs = await sinceMs(other);
  const told = await Promise.all([leader, away].map((member) => member.ask()));
  say({
    row: `${keyCount} keys`,
    fillSeconds: rounded(fillSeconds, 1),
    snapshotSeconds: rounded(snapshotMs / 1_000, 1),
    restartSeconds: rounded(restartMs / 1_000, 1),
    leaderMiB: told[0]?.anonymousMiB ?? NaN,
    followerMiB: told[1]?.anonymousMiB ?? NaN,
    leaderLoopMaxMs: leader.loopMaxMs,
    snapshotLoopMaxMs: away.loopMaxMs,
  });
}

if (etcdBinary === undefined)
  console.error(
    'etcd is not here: apt-get install etcd-server, or apt-get download it, dpkg -x, and RAFT_PEERS=folder',
  );
const ours = await Ours.start();
const etcd = etcdBinary === undefined ? undefined : await Etcd.start(folder, await freePorts(6));
try {
  const own = (act: Subject['act']): Subject => ({ act, pids: () => ours.pids });
  const other = (act: (peer: Etcd, n: number) => Promise<void>): Subject | undefined =>
    etcd && { act: (n) => act(etcd, n), pids: () => etcd.pids };
  const put = own((n) => ours.put(n));
  const get = own((n) => ours.get(n));
  const theirPut = other((peer, n) => peer.put(keyOf(n), value));
  const theirGet = other((peer, n) => peer.get(keyOf(n)));
  // A server that has just begun runs code that is not compiled yet, for some thousands of operations.
  for (const subject of [put, theirPut]) if (subject !== undefined) await round(load(64, subject.act, []), warmUpMs);
  for (const callers of [1, 64, 256]) await beside(`put, ${callers} in flight`, callers, put, theirPut);
  for (const callers of [1, 64]) await beside(`read, ${callers} in flight`, callers, get, theirGet);
  await etcd?.stop();
  await catchUp(ours);
  await manyKeys(ours);
  await failover(ours);
  for (const member of ours.members) {
    const { anonymousMiB, loopMaxMs, leader } = await member.ask();
    say({ row: `${member.name}${leader ? ', leader' : ''}`, anonymousMiB, loopMaxMs });
  }
} finally {
  await ours.stop();
  await etcd?.stop();
  rmSync(folder, { recursive: true, force: true });
}
