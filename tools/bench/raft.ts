/**
 * What a replicated group gives through the client library, beside Debian's etcd-server, in the same run, in turns:
 *   npm run bench -- raft [seconds for each row, default 6] [--only=TEXT] [--json] [--profile=FOLDER for the members' CPU profiles]
 * Three processes each, fsync on in both, values of 256 bytes. Both clients live in this process. Rows `failover` and
 * `catch-up` are ours alone. How the two are compared: paired.ts. Where etcd is looked for: raft-etcd.ts.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
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
const rounds = 2 * Math.max(1, Math.ceil((seconds * 1_000) / roundMs / 4));
const killCount = 20;
const catchUpCount = 100_000;

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
    const program = join(import.meta.dirname, 'raft-member.ts');
    const words = [
      ...profiling,
      '--import',
      'tsx',
      '--conditions=@skerry/source',
      program,
      this.name,
      home,
      this.#members,
    ];
    const child = spawn(process.execPath, words, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.child = child;
    this.#lines = createInterface({ input: child.stdout });
    await once(this.#lines, 'line');
  }
  async ask(): Promise<Told> {
    const { child } = this;
    if (child === undefined || this.#lines === undefined) throw new Error(`${this.name} is down`);
    const answer = once(this.#lines, 'line') as Promise<[string]>;
    child.stdin?.write('\n');
    return JSON.parse((await answer)[0]) as Told;
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

async function beside(
  row: string,
  callers: number,
  ours: (n: number) => Promise<void>,
  theirs: ((n: number) => Promise<void>) | undefined,
): Promise<void> {
  if (!row.includes(only)) return;
  const [ourMs, theirMs]: [number[], number[]] = [[], []];
  const own = load(callers, ours, ourMs);
  await round(own, roundMs);
  ourMs.length = 0;
  if (theirs === undefined) {
    const { rate } = await round(own, seconds * 1_000);
    say({ row, perSecond: Math.round(rate), p50: rounded(quantile(ourMs, 0.5)), p99: rounded(quantile(ourMs, 0.99)) });
    return;
  }
  const other = load(callers, theirs, theirMs);
  await round(other, roundMs);
  theirMs.length = 0;
  const result = await compare(own, other, rounds, roundMs);
  say({
    row,
    perSecond: Math.round(result.ours.rate),
    etcd: Math.round(result.theirs.rate),
    ratio: rounded(result.rateRatio),
    p50: rounded(quantile(ourMs, 0.5)),
    etcdP50: rounded(quantile(theirMs, 0.5)),
    p99: rounded(quantile(ourMs, 0.99)),
    etcdP99: rounded(quantile(theirMs, 0.99)),
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

if (etcdBinary === undefined)
  console.error(
    'etcd is not here: apt-get install etcd-server, or apt-get download it, dpkg -x, and RAFT_PEERS=folder',
  );
const ours = await Ours.start();
const etcd = etcdBinary === undefined ? undefined : await Etcd.start(folder, await freePorts(6));
try {
  const theirPut = etcd && ((n: number) => etcd.put(keyOf(n), value));
  const theirGet = etcd && ((n: number) => etcd.get(keyOf(n)));
  for (const callers of [1, 64, 256]) await beside(`put, ${callers} in flight`, callers, (n) => ours.put(n), theirPut);
  for (const callers of [1, 64]) await beside(`read, ${callers} in flight`, callers, (n) => ours.get(n), theirGet);
  await etcd?.stop();
  await catchUp(ours);
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
