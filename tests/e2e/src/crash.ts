/**
 * The crash test: `kill -9` of the server during uploads, renames and deletes, and of clients in mid-upload; after each
 * restart every acknowledged operation is there, whole, and no half file is visible.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { setTimeout as after } from 'node:timers/promises';
import { writeFileSync } from 'node:fs';
import { Client } from 'basic-ftp';
import { Prng } from '@skerry/kernel';
import { sha256 } from './tree.ts';
import { adminPassword, System } from './system.ts';

export type CrashReport = {
  readonly kills: number;
  readonly clientKills: number;
  readonly acknowledged: number;
  readonly verified: number;
  readonly faults: readonly string[];
};

/** What may stand at a path: contents by hash, or nothing. More than one while an operation's fate is unknown. */
type Allowed = Map<string, Set<string>>;
const nothing = '(nothing)';
const workerCount = 4;
const namesPerWorker = 8;
/** Around inline's end and a frame's end, and one that takes many socket reads. */
const sizes = [0, 100, 65_536, 65_537, 262_144, 2_000_000, 8_000_000];

class Worker {
  readonly directory: string;
  readonly #prng: Prng;
  readonly allowed: Allowed = new Map();
  acknowledged = 0;
  #client: Client | undefined;
  constructor(index: number, prng: Prng) {
    this.directory = `/worker-${index}`;
    this.#prng = prng;
  }
  #name(): string {
    return `${this.directory}/file-${this.#prng.below(namesPerWorker)}`;
  }
  states(path: string): Set<string> {
    return this.allowed.get(path) ?? new Set([nothing]);
  }
  /** Whatever happens, one of the two; once acknowledged, the new one. */
  async #change(
    outcomes: readonly (readonly [path: string, after: string])[],
    act: () => Promise<unknown>,
  ): Promise<void> {
    for (const [path, state] of outcomes) this.allowed.set(path, new Set([...this.states(path), state]));
    await act();
    for (const [path, state] of outcomes) this.allowed.set(path, new Set([state]));
    this.acknowledged += 1;
  }
  #present(): string[] {
    return [...this.allowed].filter(([, states]) => !states.has(nothing)).map(([path]) => path);
  }
  async work(system: System, stop: AbortSignal): Promise<void> {
    const client = new Client(10_000);
    this.#client = client;
    try {
      await client.access({ host: system.ftp.host, port: system.ftp.port, user: 'admin', password: adminPassword });
      await client.send(`MKD ${this.directory}`, true);
      while (!stop.aborted) await this.#step(client);
    } catch (error) {
      if (!stop.aborted) throw error;
    } finally {
      client.close();
    }
  }
  /** The server is gone: what the client still waits for will not come. */
  hangUp(): void {
    this.#client?.close();
  }
  async #step(client: Client): Promise<void> {
    const present = this.#present();
    const dice = this.#prng.below(10);
    if (dice < 6 || present.length === 0) {
      const path = this.#name();
      const content = randomBytes(this.#prng.pick(sizes));
      return this.#change([[path, sha256(content)]], () => client.uploadFrom(Readable.from([content]), path));
    }
    const from = this.#prng.pick(present);
    if (dice < 8) return this.#change([[from, nothing]], () => client.remove(from));
    const to = this.#name();
    const [content, ...others] = this.states(from);
    if (to === from || content === undefined || others.length > 0) return undefined;
    return this.#change(
      [
        [from, nothing],
        [to, content],
      ],
      () => client.rename(from, to),
    );
  }
}

/** A second's worth for the client that is killed. */
const victimSizeBytes = 8_000_000;
/** A client that is killed while it uploads: the path keeps what it had. */
async function killClient(system: System, file: string, prng: Prng): Promise<void> {
  const url = `ftp://${system.ftp.host}:${system.ftp.port}/victim/file`;
  const child = spawn(
    'curl',
    ['-sS', '-u', `admin:${adminPassword}`, '--ftp-create-dirs', '--limit-rate', '8M', '-T', file, url],
    { stdio: 'ignore' },
  );
  const exited = once(child, 'exit');
  await Promise.race([after(prng.between(20, 400)), exited]);
  child.kill('SIGKILL');
  await exited;
}

/** @throws Error naming what was done when it failed. */
async function told<T>(what: string, doing: Promise<T>): Promise<T> {
  try {
    return await doing;
  } catch (cause) {
    throw new Error(`${what}: ${String(cause)}`, { cause });
  }
}

async function download(client: Client, path: string): Promise<string> {
  const parts: Buffer[] = [];
  const sink = new Writable({
    write(chunk: Buffer, _, done) {
      parts.push(chunk);
      done();
    },
  });
  try {
    await client.downloadTo(sink, path);
  } catch (error) {
    if ((error as { code?: number }).code === 550) return nothing;
    throw error;
  }
  return sha256(Buffer.concat(parts));
}

/** Compares what is there with what may be; narrows what was uncertain to what was seen. */
async function verify(system: System, workers: readonly Worker[], faults: string[]): Promise<number> {
  const client = new Client(10_000);
  let verified = 0;
  const login = { host: system.ftp.host, port: system.ftp.port, user: 'admin', password: adminPassword };
  await told('login after a restart', client.access(login));
  for (const worker of workers) {
    for (const [path, states] of worker.allowed) {
      const found = await told(`download of ${path}, file ${verified + 1} after a restart`, download(client, path));
      if (!states.has(found))
        faults.push(
          `${path}: found ${found.slice(0, 12)}, may be ${[...states].map((state) => state.slice(0, 12)).join(' or ')}`,
        );
      worker.allowed.set(path, new Set([found]));
      verified += 1;
    }
    const names = await client.list(worker.directory).catch(() => []);
    for (const { name } of names)
      if (worker.states(`${worker.directory}/${name}`).has(nothing))
        faults.push(`${worker.directory}/${name}: listed, but never acknowledged`);
  }
  // A whole file is no fault: on a busy machine the client is killed late, when all its bytes are there.
  for (const { name, size } of await client.list('/victim').catch(() => []))
    if (size === victimSizeBytes) await client.remove(`/victim/${name}`);
    else faults.push(`/victim/${name}: ${size} bytes of a killed client's file are visible`);
  client.close();
  return verified;
}

export async function crashTest(options: {
  readonly seconds: number;
  readonly seed: number;
  readonly data: string;
  readonly report?: (line: string) => void;
}): Promise<CrashReport> {
  const prng = new Prng(options.seed);
  const workers = Array.from({ length: workerCount }, (_, i) => new Worker(i, prng.fork()));
  const faults: string[] = [];
  const victim = join(options.data, '..', `victim-${options.seed}.bin`);
  writeFileSync(victim, randomBytes(victimSizeBytes));
  const deadline = performance.now() + options.seconds * 1_000;
  let [kills, clientKills, verified] = [0, 0, 0];
  let system = await System.embedded(options.data);
  while (performance.now() < deadline && faults.length === 0) {
    const stop = new AbortController();
    const working = workers.map((worker) => worker.work(system, stop.signal));
    const failed = Promise.all(working).catch((error: unknown) => faults.push(`while working: ${String(error)}`));
    const until = performance.now() + prng.between(200, 2_500);
    while (performance.now() < until && faults.length === 0) {
      await killClient(system, victim, prng);
      clientKills += 1;
    }
    stop.abort();
    await system.kill();
    kills += 1;
    for (const worker of workers) worker.hangUp();
    await failed;
    await Promise.allSettled(working);
    system = await System.embedded(options.data);
    try {
      verified += await verify(system, workers, faults);
    } catch (error) {
      // A client that fails where nothing was killed is a fault; the server's own words go with it.
      faults.push(`while looking: ${String(error)}; the server: exit ${system.child.exitCode}, ${system.stderr}`);
    }
    options.report?.(
      `${kills} kills, ${workers.reduce((sum, { acknowledged }) => sum + acknowledged, 0)} operations acknowledged, ${faults.length} faults`,
    );
  }
  await system.stop();
  return {
    kills,
    clientKills,
    acknowledged: workers.reduce((sum, { acknowledged }) => sum + acknowledged, 0),
    verified,
    faults,
  };
}
