/** `kill -9` of a CQL node under writes: after each restart every acknowledged row is there, as it was written last. */
import type cassandra from 'cassandra-driver';
import { Prng } from '@skerry/kernel';
import { until } from '../system.ts';
import { newClient, simpleKeyspace, startNode } from './cql-node.ts';

export type CqlCrashReport = {
  readonly kills: number;
  readonly acknowledged: number;
  readonly verified: number;
  readonly faults: readonly string[];
};

const workerCount = 16;
const keysPerWorker = 200;
const faultsShown = 20;
const killsMin = 2;

/** Of one key: the version acknowledged last, and the one asked for last, which may be there or not. 0: none; below 0: deleted. */
type Fate = { acknowledged: number; asked: number };

class Writer {
  readonly #index: number;
  readonly #prng: Prng;
  readonly fates = new Map<string, Fate>();
  #version = 0;
  /** Acknowledged of the counter, and the one that may have been counted as well. */
  counted = { sure: 0, maybe: 0 };
  acknowledged = 0;
  constructor(index: number, prng: Prng) {
    this.#index = index;
    this.#prng = prng;
  }
  get counter(): string {
    return `counter ${this.#index}`;
  }
  async work(client: cassandra.Client, stop: AbortSignal): Promise<void> {
    while (!stop.aborted) {
      try {
        await this.#step(client);
        this.acknowledged += 1;
      } catch {
        // Its fate is unknown: what was asked may be there. The node is gone, and the next round begins with a new one.
        return;
      }
    }
  }
  async #step(client: cassandra.Client): Promise<void> {
    const dice = this.#prng.below(20);
    if (dice === 0) {
      this.counted.maybe += 1;
      await client.execute('UPDATE crash.counts SET n = n + 1 WHERE k = ?', [this.counter], { prepare: true });
      this.counted.sure += 1;
      return;
    }
    const keys = Array.from({ length: dice === 1 ? 10 : 1 }, () => `${this.#index}.${this.#prng.below(keysPerWorker)}`);
    const unique = [...new Set(keys)];
    this.#version += 1;
    const deletes = dice === 2;
    for (const key of unique) {
      const fate = this.fates.get(key) ?? { acknowledged: 0, asked: 0 };
      fate.asked = deletes ? -this.#version : this.#version;
      this.fates.set(key, fate);
    }
    const queries = unique.map((key) =>
      deletes
        ? { query: 'DELETE FROM crash.rows WHERE k = ?', params: [key] }
        : {
            query: 'INSERT INTO crash.rows (k, version, filler) VALUES (?, ?, ?)',
            params: [key, this.#version, 'x'.repeat(this.#prng.below(2_000))],
          },
    );
    const [only] = queries;
    if (queries.length > 1) await client.batch(queries, { prepare: true, logged: true });
    else if (only !== undefined) await client.execute(only.query, only.params, { prepare: true });
    for (const key of unique) {
      const fate = this.fates.get(key);
      if (fate !== undefined) fate.acknowledged = fate.asked;
    }
  }
  async verify(client: cassandra.Client, faults: string[]): Promise<number> {
    for (const [key, fate] of this.fates) {
      const { rows } = await client.execute('SELECT version FROM crash.rows WHERE k = ?', [key], { prepare: true });
      const found = (rows[0]?.get('version') as number | undefined) ?? 0;
      const allowed = [fate.acknowledged, fate.asked].map((version) => Math.max(0, version));
      if (!allowed.includes(found)) faults.push(`${key}: found ${found}, may be ${allowed.join(' or ')}`);
      // What was seen stays: it must not change any more without a write.
      fate.acknowledged = found;
      fate.asked = found;
    }
    const { rows } = await client.execute('SELECT n FROM crash.counts WHERE k = ?', [this.counter], { prepare: true });
    const counted = Number(rows[0]?.get('n') ?? 0);
    if (counted < this.counted.sure || counted > this.counted.maybe)
      faults.push(`${this.counter}: found ${counted}, may be ${this.counted.sure} to ${this.counted.maybe}`);
    this.counted = { sure: counted, maybe: counted };
    return this.fates.size + 1;
  }
}

export async function cqlCrashTest(options: {
  readonly seconds: number;
  readonly seed: number;
  readonly data: string;
  readonly report?: (line: string) => void;
}): Promise<CqlCrashReport> {
  const prng = new Prng(options.seed);
  const writers = Array.from({ length: workerCount }, (_, i) => new Writer(i, prng.fork()));
  const faults: string[] = [];
  const deadline = performance.now() + options.seconds * 1_000;
  const total = (): number => writers.reduce((sum, { acknowledged }) => sum + acknowledged, 0);
  let [kills, verified] = [0, 0];
  // A small memtable: kills come while it is written out, too.
  const start = () => startNode(options.data, 0, '--memtable-max-bytes', '1048576');
  let node = await start();
  let client = newClient(node.port);
  await client.connect();
  await client.execute(simpleKeyspace('crash'));
  await client.execute('CREATE TABLE crash.rows (k text PRIMARY KEY, version int, filler text)');
  await client.execute('CREATE TABLE crash.counts (k text PRIMARY KEY, n counter)');
  // A slow machine may need all the time for one: two are the least that tells anything.
  while ((performance.now() < deadline || kills < killsMin) && faults.length === 0) {
    const before = total();
    const least = prng.between(200, 5_000);
    const stop = new AbortController();
    const working = writers.map((writer) => writer.work(client, stop.signal));
    await until(`${least} writes are acknowledged`, () => total() - before >= least);
    await node.system.kill();
    kills += 1;
    stop.abort();
    await client.shutdown();
    await Promise.all(working);
    node = await start();
    client = newClient(node.port);
    await client.connect();
    for (const count of await Promise.all(writers.map((writer) => writer.verify(client, faults)))) verified += count;
    options.report?.(
      `${kills} kills, ${total()} writes acknowledged, ${verified} rows looked at, ${faults.length} faults`,
    );
  }
  await client.shutdown();
  await node.system.stop();
  return { kills, acknowledged: total(), verified, faults: faults.slice(0, faultsShown) };
}
