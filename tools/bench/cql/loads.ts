/** What the load generator sends: the tables, what is in them, and each kind of request. */
import type { Prng } from '@skerry/kernel';
import { utf8 } from '@skerry/kernel';
import { batchTypes, type PreparedBody, type RequestParameters, type RequestWriter } from '@skerry/protocol-cql';

export const keyCount = 100_000;
export const partitionCount = 1_000;
export const rowsOfPartition = 100;
const columnCount = 5;
const columnSizeBytes = 34;
const batchSize = 10;
const scanRows = 100;
/** Local one. */
const consistency = 10;
const keyspace = 'skerry_bench';

export const tables: readonly string[] = [
  `CREATE KEYSPACE IF NOT EXISTS ${keyspace} WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}`,
  `CREATE TABLE IF NOT EXISTS ${keyspace}.rows (k text PRIMARY KEY, a text, b text, c text, d text, e text)`,
  `CREATE TABLE IF NOT EXISTS ${keyspace}.slices (p text, i int, v text, PRIMARY KEY (p, i))`,
  `CREATE TABLE IF NOT EXISTS ${keyspace}.counters (k text PRIMARY KEY, n counter)`,
  `CREATE TABLE IF NOT EXISTS ${keyspace}.lwt (k text PRIMARY KEY, v text)`,
];
const texts = {
  write: `INSERT INTO ${keyspace}.rows (k, a, b, c, d, e) VALUES (?, ?, ?, ?, ?, ?)`,
  read: `SELECT * FROM ${keyspace}.rows WHERE k = ?`,
  fill: `INSERT INTO ${keyspace}.slices (p, i, v) VALUES (?, ?, ?)`,
  slice: `SELECT * FROM ${keyspace}.slices WHERE p = ?`,
  lwt: `INSERT INTO ${keyspace}.lwt (k, v) VALUES (?, ?) IF NOT EXISTS`,
  counter: `UPDATE ${keyspace}.counters SET n = n + 1 WHERE k = ?`,
  scan: `SELECT * FROM ${keyspace}.rows WHERE token(k) > ? LIMIT ${scanRows}`,
} as const;
type Prepared = Readonly<Record<keyof typeof texts, PreparedBody>>;

export async function prepareAll(prepare: (text: string) => Promise<PreparedBody>): Promise<Prepared> {
  const all: Partial<Record<keyof typeof texts, PreparedBody>> = {};
  for (const name of Object.keys(texts) as (keyof typeof texts)[]) all[name] = await prepare(texts[name]);
  return all as Prepared;
}

/** Writes one request. */
export type Send = (to: RequestWriter, stream: number) => void;
export type LoadName =
  | 'write'
  | 'read'
  | 'mixed'
  | 'slice'
  | 'batch'
  | 'lwt'
  | 'counter'
  | 'scan'
  | 'grow'
  | 'one write'
  | 'one read';
export type BenchLoad = {
  readonly name: LoadName;
  readonly what: string;
  /** One request at a time. */
  readonly alone: boolean;
  /** Run only when it is named: it leaves the tables larger than the others expect them. */
  readonly onlyNamed: boolean;
  readonly send: Send;
};

/** Ranks in [0, count), the lowest most often. Source: J. Gray et al., "Quickly Generating Billion-Record Synthetic Databases", 1994. */
function zipfian(count: number, prng: Prng): () => number {
  const theta = 0.99;
  let zeta = 0;
  for (let i = 1; i <= count; i++) zeta += 1 / i ** theta;
  const alpha = 1 / (1 - theta);
  const eta = (1 - (2 / count) ** (1 - theta)) / (1 - (1 + 0.5 ** theta) / zeta);
  return () => {
    const u = prng.next();
    const at = u * zeta;
    if (at < 1) return 0;
    if (at < 1 + 0.5 ** theta) return 1;
    // Neighbours in rank are to be no neighbours in the table.
    return Math.imul(Math.floor(count * (eta * u - eta + 1) ** alpha), 0x9e3779b1) >>> 0;
  };
}

export type Loads = {
  /** So many requests fill the tables; each is told its number. */
  readonly fillCount: number;
  readonly fill: (to: RequestWriter, stream: number, index: number) => void;
  readonly all: readonly BenchLoad[];
};

export function makeLoads(prepared: Prepared, prng: Prng): Loads {
  const keys = Array.from({ length: keyCount }, (_, i) => utf8(`key${String(i).padStart(9, '0')}`));
  const columns = Array.from({ length: 64 }, () => prng.bytes(columnSizeBytes).map((byte) => 0x61 + (byte % 26)));
  const anyKey = (): Uint8Array => keys[prng.below(keyCount)] as Uint8Array;
  const anyColumn = (): Uint8Array => prng.pick(columns);
  const rank = zipfian(keyCount, prng);
  const execute = (
    to: RequestWriter,
    stream: number,
    { id, resultId }: PreparedBody,
    values: RequestParameters['values'] = [],
  ): void => {
    to.execute(stream, id, resultId, { consistency, values, skipMetadata: true });
  };
  const row = (key: Uint8Array): Uint8Array[] => {
    const values = [key];
    for (let i = 0; i < columnCount; i++) values.push(anyColumn());
    return values;
  };
  let grown = 0;
  const index = new Uint8Array(4);
  const send = {
    write: (to: RequestWriter, stream: number): void => execute(to, stream, prepared.write, row(anyKey())),
    read: (to: RequestWriter, stream: number): void => execute(to, stream, prepared.read, [anyKey()]),
  };
  const load = (name: LoadName, what: string, sent: Send, alone = false): BenchLoad => ({
    name,
    what,
    send: sent,
    alone,
    onlyNamed: name === 'grow',
  });
  return {
    fillCount: keyCount + partitionCount * rowsOfPartition,
    fill: (to, stream, at) => {
      if (at < keyCount) return execute(to, stream, prepared.write, row(keys[at] as Uint8Array));
      const i = (at - keyCount) % rowsOfPartition;
      index[3] = i;
      const partition = keys[Math.floor((at - keyCount) / rowsOfPartition)] as Uint8Array;
      return execute(to, stream, prepared.fill, [partition, index, anyColumn()]);
    },
    all: [
      load('write', '5 text columns', send.write),
      load('read', '5 text columns', send.read),
      load('mixed', 'half and half, zipfian', (to, stream) => {
        const key = keys[rank() % keyCount] as Uint8Array;
        if (prng.chance(0.5)) execute(to, stream, prepared.write, row(key));
        else execute(to, stream, prepared.read, [key]);
      }),
      load('slice', '100 rows of a partition', (to, stream) =>
        execute(to, stream, prepared.slice, [keys[prng.below(partitionCount)] as Uint8Array]),
      ),
      load('batch', '10 rows, unlogged', (to, stream) => {
        const statements = Array.from({ length: batchSize }, () => ({ id: prepared.write.id, values: row(anyKey()) }));
        to.batch(stream, batchTypes.unlogged, statements, { consistency });
      }),
      load('lwt', 'INSERT IF NOT EXISTS', (to, stream) => execute(to, stream, prepared.lwt, [anyKey(), anyColumn()])),
      load('counter', 'n = n + 1', (to, stream) => execute(to, stream, prepared.counter, [anyKey()])),
      load('scan', '100 rows behind a token', (to, stream) => execute(to, stream, prepared.scan, [prng.bytes(8)])),
      load('grow', 'rows of ever new keys', (to, stream) =>
        execute(to, stream, prepared.write, row(utf8(`new${String(grown++).padStart(12, '0')}`))),
      ),
      load('one write', 'one request at a time', send.write, true),
      load('one read', 'one request at a time', send.read, true),
    ],
  };
}
