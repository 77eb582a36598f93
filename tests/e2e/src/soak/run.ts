/**
 * Clients at work on a cluster of fifteen processes while its nodes are hurt; again and again all is healed, and what is
 * there is held against what was acknowledged, on every replica.
 */
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Prng } from '@skerry/kernel';
import { Cluster, type DigestRow } from '../cluster-fixture.ts';
import { metricAt } from '../metrics-fixture.ts';
import { until } from '../system.ts';
import { Accounts } from './accounts.ts';
import { Figures, type FiguresReport } from './figures.ts';
import { Memory, type MemoryReport } from './memory.ts';
import { Model } from './model.ts';
import { Nemesis, type Wounds } from './nemesis.ts';
import { type Door, Session } from './session.ts';
import { Worker } from './worker.ts';

export type SoakOptions = {
  readonly data: string;
  readonly seed: number;
  /** How long nodes are hurt in all; the looks between come on top. */
  readonly seconds: number;
  /** Of one stretch between two looks. */
  readonly roundSeconds: number;
  readonly clients: number;
  /** All nodes are killed at once in every n-th round. */
  readonly killAllEvery: number;
  readonly tell: (line: string) => void;
};
export type SoakReport = FiguresReport & {
  readonly seed: number;
  readonly seconds: number;
  readonly rounds: number;
  readonly wounds: Wounds;
  /** Files and directories looked at after healing, in all. */
  readonly verified: number;
  readonly users: number;
  readonly settleMsMax: number;
  readonly memory: MemoryReport;
  readonly faults: readonly string[];
};

/** Longest until a healed cluster is quiet and equal, in milliseconds: elections, catching up, copies, on a busy machine. */
const settleMaxMs = 90_000;
const memoryEveryMs = 5_000;

export async function soak(options: SoakOptions): Promise<SoakReport> {
  mkdirSync(options.data, { recursive: true });
  const run = new Run(options, await Cluster.start(options.data, '3'));
  try {
    return await run.run();
  } finally {
    await run.stop();
  }
}

class Run {
  readonly #options: SoakOptions;
  readonly #prng: Prng;
  readonly #faults: string[] = [];
  readonly #model = new Model(this.#faults);
  readonly #figures = new Figures();
  readonly #memory = new Memory();
  readonly #workers: readonly Worker[];
  readonly #accounts: Accounts;
  readonly #nemesis: Nemesis;
  #cluster: Cluster;
  #verified = 0;
  #settleMsMax = 0;

  constructor(options: SoakOptions, cluster: Cluster) {
    this.#options = options;
    this.#cluster = cluster;
    const prng = (this.#prng = new Prng(options.seed));
    this.#nemesis = new Nemesis(() => this.#cluster, prng.fork(), options.tell);
    this.#accounts = new Accounts(() => this.#cluster, this.#faults, this.#figures);
    const parts = { model: this.#model, figures: this.#figures, doors: () => this.#doors };
    this.#workers = Array.from({ length: options.clients }, (_, i) => new Worker(i, { ...parts, prng: prng.fork() }));
  }
  get #doors(): readonly Door[] {
    // One that is being started has none yet.
    return this.#cluster.nodes.flatMap(({ endpoints }) => {
      const url = endpoints['ftp'] === undefined ? undefined : new URL(endpoints['ftp']);
      return url === undefined ? [] : [{ host: url.hostname, port: Number(url.port) }];
    });
  }
  stop(): Promise<unknown> {
    return this.#cluster.stop();
  }

  async run(): Promise<SoakReport> {
    const { seconds, roundSeconds, killAllEvery, seed, tell } = this.#options;
    let [rounds, workedMs] = [0, 0];
    while (workedMs < seconds * 1_000 && this.#faults.length === 0) {
      const lastsMs = Math.min(roundSeconds, seconds - workedMs / 1_000) * 1_000;
      const killsAll = (rounds + 1) % killAllEvery === 0;
      await this.#round(lastsMs, killsAll);
      workedMs += lastsMs;
      rounds += 1;
      await this.#settle();
      this.#memory.look(this.#cluster.nodes);
      const { acknowledged, unknown } = this.#figures.report();
      tell(
        `round ${rounds}: ${acknowledged} acknowledged, ${unknown} unknown, ${this.#verified} verified, ` +
          `${this.#faults.length} faults; memory ${this.#memory.line()}`,
      );
    }
    return {
      ...this.#figures.report(),
      ...{ seed, seconds, rounds, wounds: this.#nemesis.counts, verified: this.#verified },
      ...{ users: this.#accounts.count, settleMsMax: this.#settleMsMax },
      ...{ memory: this.#memory.report(), faults: this.#faults },
    };
  }

  async #round(lastsMs: number, killsAll: boolean): Promise<void> {
    const stop = new AbortController();
    const over = new AbortController();
    const guard = async (what: string, work: Promise<unknown>): Promise<void> => {
      try {
        await work;
      } catch (thrown) {
        this.#faults.push(`${what}: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
        stop.abort();
      }
    };
    const working = [
      ...this.#workers.map((worker) => guard(worker.home, worker.work(stop.signal))),
      guard('users', this.#accounts.work(stop.signal)),
      guard('memory', this.#watchMemory(over.signal)),
    ];
    const raging = guard('nemesis', this.#nemesis.rage(stop.signal));
    await pause(lastsMs, undefined, { signal: stop.signal }).catch(() => undefined);
    // While clients still work.
    if (killsAll && !stop.signal.aborted) {
      stop.abort();
      await raging;
      await this.#killAll();
    }
    stop.abort();
    await raging;
    await guard('heal', this.#nemesis.heal());
    over.abort();
    await Promise.all(working);
  }
  async #watchMemory(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.#memory.look(this.#cluster.nodes);
      await pause(memoryEveryMs, undefined, { signal }).catch(() => undefined);
    }
  }
  /** Every process, also who watches over them; then all are started on what they left. */
  async #killAll(): Promise<void> {
    this.#options.tell('kill -9 of all nodes at once');
    this.#nemesis.counts.allKilled += 1;
    const pids = this.#cluster.nodes.filter(({ state }) => state !== 'dead').map(({ pid }) => pid);
    for (const pid of pids) process.kill(pid, 'SIGKILL');
    await this.#cluster.system.kill();
    this.#nemesis.forget();
    this.#cluster = await Cluster.start(this.#options.data, '3');
  }

  /** All is quiet and whole: what is there is held against the model, and every replica against the others. */
  async #settle(): Promise<void> {
    const beganMs = performance.now();
    try {
      await this.#quiet();
      const rows = await this.#equal();
      this.#settleMsMax = Math.max(this.#settleMsMax, Math.round(performance.now() - beganMs));
      for (const { node, missing = 0, damaged = 0 } of rows)
        if (missing + damaged > 0) this.#faults.push(`${node}: ${missing} pieces missing, ${damaged} damaged`);
      await this.#lookAtFiles();
      await this.#accounts.verify();
    } catch (thrown) {
      this.#faults.push(`settling: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
    }
    for (const worker of this.#workers) worker.settled();
  }
  /** No session, no upload under way, each group of one mind, every copy where it should be. */
  async #quiet(): Promise<void> {
    const cluster = this.#cluster;
    const dead = cluster.nodes.filter(({ state }) => state !== 'running').map(({ name }) => name);
    if (dead.length > 0) throw new Error(`died, and nobody killed them: ${logTails(this.#options.data, dead, 5)}`);
    await until(
      'all nodes run, and no session is left',
      async () => {
        const routers = cluster.nodes.filter(({ role }) => role === 'routing');
        const sessions = await Promise.all(
          routers.map(({ endpoints }) => metricAt(endpoints['metrics'] ?? '', 'skerry_ftp_sessions').catch(() => 1)),
        );
        return sessions.every((count) => count === 0);
      },
      settleMaxMs,
    );
    await until(
      'both groups are of one mind, and the copies complete',
      async () => {
        const members = await cluster.members('data');
        const isWhole = members.every(
          ({ uploads, copies }) =>
            uploads === 0 && copies?.compared === true && copies.missing === 0 && copies.pushing === 0,
        );
        return isWhole && (await cluster.agree('data')) && (await cluster.agree('auth'));
      },
      settleMaxMs,
    ).catch(async (thrown: unknown) => {
      const members = await cluster.members('data');
      throw new Error(`${String(thrown)}: ${JSON.stringify(members)}`);
    });
  }
  async #equal(): Promise<readonly DigestRow[]> {
    let rows: readonly DigestRow[] = [];
    await until(
      'skerry raft digest finds all members equal',
      async () => {
        const { code, stdout } = await this.#cluster.command('raft', 'digest', '--content', '--json');
        rows = stdout === '' ? [] : (JSON.parse(stdout) as readonly DigestRow[]);
        const same = (group: string, field: 'state' | 'content'): boolean =>
          new Set(rows.filter((row) => row.group === group).map((row) => row[field])).size === 1;
        const isOneMoment = (group: string): boolean =>
          new Set(rows.filter((row) => row.group === group).map(({ applied }) => applied)).size === 1;
        if (rows.length !== 6 || rows.some(({ answers }) => !answers)) return false;
        if (!isOneMoment('data') || !isOneMoment('auth')) return false;
        if (!same('data', 'state') || !same('auth', 'state')) throw new Error(`states differ: ${stdout}`);
        return code === 0;
      },
      settleMaxMs,
    ).catch((thrown: unknown) => {
      throw new Error(`${String(thrown)}: ${JSON.stringify(rows)}`);
    });
    return rows;
  }

  async #lookAtFiles(): Promise<void> {
    const session = await this.#sessionNow();
    const found = new Map<string, string>();
    for (const path of this.#model.paths) {
      const key = this.#workers.some(({ home }) => home === path) ? 'directory' : await session.read(path);
      if (key === undefined) throw new Error(`${path} cannot be read though all is healed`);
      found.set(path, key);
    }
    this.#verified += found.size;
    this.#model.settle(found);
    // Nothing else is there: no half file, nothing that was deleted.
    for (const { home } of this.#workers) {
      const names = await session.names(home);
      for (const name of names ?? []) {
        const path = `${home}/${name.slice(name.lastIndexOf('/') + 1)}`;
        if ((this.#model.stateOf(path)?.kind ?? 'nothing') === 'nothing')
          this.#faults.push(`${path} is listed, and was never acknowledged, or was deleted`);
      }
    }
    session.close();
  }
  async #sessionNow(): Promise<Session> {
    let session: Session | undefined;
    await until(
      'a login after healing',
      async () => (session = await Session.open(this.#prng.pick(this.#doors))) !== undefined,
      settleMaxMs,
    );
    if (session === undefined) throw new Error('no session');
    return session;
  }
}

/** For the report of a fault: the last lines of each node's log. */
function logTails(data: string, nodes: readonly string[], lines: number): string {
  return nodes
    .map(
      (name) =>
        `${name}:\n${readFileSync(join(data, name, 'node.log'), 'utf8')
          .trimEnd()
          .split('\n')
          .slice(-lines)
          .join('\n')}`,
    )
    .join('\n');
}
